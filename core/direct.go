package core

import (
	"context"
	"slices"
	"time"
)

// Direct runs the use cases in this process, over a store that it opened
// itself. Gate, Tool and Helpdesk are its three faces.
type Direct struct {
	Store Store
	Rules Rules
	// Now is the clock; each act reads it once.
	Now func() time.Time
}

// now reads the clock, at the precision that stores keep.
func (d Direct) now() time.Time { return d.Now().UTC().Truncate(time.Microsecond) }

// changePractice runs act on the actor's practice.
func (d Direct) changePractice(ctx context.Context, actor Actor, now time.Time, act func(*Practice) ([]Event, error)) error {
	return d.Store.ChangePractice(ctx, func(p *Practice) ([]Event, error) {
		if err := d.belongs(actor, *p); err != nil {
			return nil, err
		}
		events, err := act(p)
		p.Seen = p.latest(now)
		return events, err
	})
}

// changeAccount runs act on an account of the actor's practice.
func (d Direct) changeAccount(ctx context.Context, actor Actor, account string, now time.Time, act func(*Practice, *Account) ([]Event, error)) error {
	return d.Store.ChangeAccount(ctx, account, func(p *Practice, a *Account) ([]Event, error) {
		if err := d.belongs(actor, *p); err != nil {
			return nil, err
		}
		if err := d.isOf(account, *p); err != nil {
			return nil, err
		}
		events, err := act(p, a)
		p.Seen = p.latest(now)
		return events, err
	})
}

// view returns what the store holds, to an actor of the practice.
func (d Direct) view(ctx context.Context, actor Actor) (Practice, []Account, error) {
	practice, accounts, err := d.Store.View(ctx)
	if err == nil {
		err = d.belongs(actor, practice)
	}
	if err != nil {
		return Practice{}, nil, err
	}
	return practice, accounts, nil
}

// belongs holds that nobody sees or touches another practice.
func (d Direct) belongs(actor Actor, p Practice) error {
	if actor.Helpdesk {
		return nil
	}
	return d.isOf(actor.Account, p)
}

func (d Direct) isOf(account string, p Practice) error {
	practice, err := d.Rules.PracticeOf(account)
	if err != nil {
		return err
	}
	if practice != p.Name {
		return NewError(Refused, "denied.other_practice", Args{"Account": account, "Practice": p.Name}, nil)
	}
	return nil
}

// mayManage reports whether the actor may switch on and reset.
func (d Direct) mayManage(actor Actor) bool {
	return actor.Helpdesk || len(d.Rules.Owners) == 0 || slices.Contains(d.Rules.Owners, actor.Account)
}

// switchOn turns two-factor on for the practice, with its event.
func (d Direct) switchOn(p *Practice, actor Actor, now time.Time) ([]Event, error) {
	if p.ClockBehind(now) { // the last day would be a wrong one
		return nil, NewError(Conflict, "conflict.clock_behind", nil, nil)
	}
	if !p.SwitchOn(actor.name(), now, d.Rules) {
		return nil, NewError(Conflict, "conflict.already_on", Args{"Who": p.EnabledBy}, nil)
	}
	return []Event{actor.event(now, SwitchedOn, "", Detail{"last_day": p.LastDay.ISO()})}, nil
}

// known refuses acts on an account that nobody ever logged on with.
func known(a *Account) error {
	if a.Known {
		return nil
	}
	return NewError(Missing, "missing.account", Args{"Account": a.Name}, nil)
}
