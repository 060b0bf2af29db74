package core

import (
	"context"
	"strconv"
	"time"
)

// Helpdesk is what the provider's people may do in this process, on one
// practice. It trusts its caller: who may run it is for the command to decide.
type Helpdesk struct{ Direct }

// Overview returns the practice and all its accounts, no secrets.
func (h Helpdesk) Overview(ctx context.Context, actor Actor) (Overview, error) {
	return Tool(h).Overview(ctx, actor)
}

// SwitchOn switches two-factor on. Error: Conflict if it is on.
func (h Helpdesk) SwitchOn(ctx context.Context, actor Actor) error {
	return Tool(h).SwitchOn(ctx, actor)
}

// SwitchOff switches two-factor off; secrets stay. Error: Conflict if it is off.
func (h Helpdesk) SwitchOff(ctx context.Context, actor Actor) error {
	now := h.now()
	return h.changePractice(ctx, actor, now, func(p *Practice) ([]Event, error) {
		if !p.Enabled {
			return nil, NewError(Conflict, "conflict.off", Args{"Practice": p.Name}, nil)
		}
		p.Enabled = false
		return []Event{actor.event(now, SwitchedOff, "", nil)}, nil
	})
}

// Extend moves the last day of the transition to a later day. Errors: Conflict
// if two-factor is off, Invalid if the day is not later than today's last day.
func (h Helpdesk) Extend(ctx context.Context, actor Actor, lastDay Date) error {
	now := h.now()
	return h.changePractice(ctx, actor, now, func(p *Practice) ([]Event, error) {
		switch {
		case !p.Enabled:
			return nil, NewError(Conflict, "conflict.off", Args{"Practice": p.Name}, nil)
		case !lastDay.After(p.LastDay):
			return nil, NewError(Invalid, "invalid.not_later", Args{"Date": lastDay.ISO(), "LastDay": p.LastDay.ISO()}, nil)
		}
		before := p.LastDay
		p.LastDay = lastDay
		return []Event{actor.event(now, Extended, "", Detail{"last_day": lastDay.ISO(), "before": before.ISO()})}, nil
	})
}

// SetMandatory says whether a practice that is off may still log on without
// switching on. Error: Conflict if nothing changes.
func (h Helpdesk) SetMandatory(ctx context.Context, actor Actor, mandatory bool) error {
	now := h.now()
	return h.changePractice(ctx, actor, now, func(p *Practice) ([]Event, error) {
		if p.Mandatory == mandatory {
			return nil, NewError(Conflict, "conflict.mandatory", Args{"Practice": p.Name, "Mandatory": mandatory}, nil)
		}
		p.Mandatory = mandatory
		return []Event{actor.event(now, MandatorySet, "", Detail{"mandatory": strconv.FormatBool(mandatory)})}, nil
	})
}

// AcceptClock takes the present clock for right after one that ran ahead had
// been seen. Error: Conflict if the clock is not behind.
func (h Helpdesk) AcceptClock(ctx context.Context, actor Actor) error {
	now := h.now()
	return h.Store.ChangePractice(ctx, func(p *Practice) ([]Event, error) {
		if !p.ClockBehind(now) {
			return nil, NewError(Conflict, "conflict.clock_right", Args{"Practice": p.Name}, nil)
		}
		seen := p.Seen
		p.Seen = now
		return []Event{actor.event(now, ClockSet, "", Detail{"seen": seen.Format(time.RFC3339)})}, nil
	})
}

// AddAccount makes an account known before its first logon. It reports false if
// it was.
func (h Helpdesk) AddAccount(ctx context.Context, actor Actor, account string) (added bool, err error) {
	now := h.now()
	err = h.changeAccount(ctx, actor, account, now, func(_ *Practice, a *Account) ([]Event, error) {
		if added = !a.Known; !added {
			return nil, nil
		}
		return []Event{actor.event(now, AccountAdded, account, nil)}, nil
	})
	return added && err == nil, err
}

// Reset clears the secret of an account. Error: Missing.
func (h Helpdesk) Reset(ctx context.Context, actor Actor, account string) error {
	return Tool(h).Reset(ctx, actor, account)
}

// Unlock ends the lock of an account. Errors: Missing, Conflict if it is not
// locked and has no failures.
func (h Helpdesk) Unlock(ctx context.Context, actor Actor, account string) error {
	now := h.now()
	return h.changeAccount(ctx, actor, account, now, func(_ *Practice, a *Account) ([]Event, error) {
		if err := known(a); err != nil {
			return nil, err
		}
		if a.Failures == 0 && !a.IsLocked(now) {
			return nil, NewError(Conflict, "conflict.not_locked", Args{"Account": account}, nil)
		}
		a.Unlock()
		return []Event{actor.event(now, Unlocked, account, nil)}, nil
	})
}

// Rename gives an account of the practice another name; its secret, spent steps
// and lock go along. Errors: Missing, Invalid for a name that is of no practice,
// Refused for one of another practice, Conflict if there is such an account.
func (h Helpdesk) Rename(ctx context.Context, actor Actor, account, name string) error {
	now := h.now()
	return h.changeAccount(ctx, actor, account, now, func(p *Practice, a *Account) ([]Event, error) {
		if err := known(a); err != nil {
			return nil, err
		}
		if err := h.isOf(name, *p); err != nil {
			return nil, err
		}
		if name == account {
			return nil, NewError(Conflict, "conflict.account", Args{"Account": name}, nil)
		}
		a.Name = name
		return []Event{actor.event(now, Renamed, name, Detail{"before": account})}, nil
	})
}

// Remove forgets an account with its secret, spent steps and lock; its events
// stay. Error: Missing.
func (h Helpdesk) Remove(ctx context.Context, actor Actor, account string) error {
	now := h.now()
	return h.changeAccount(ctx, actor, account, now, func(_ *Practice, a *Account) ([]Event, error) {
		if err := known(a); err != nil {
			return nil, err
		}
		a.Name = ""
		return []Event{actor.event(now, Removed, account, nil)}, nil
	})
}

// The bounds of how long a helper code may be used: less is over before it is
// read out, and one for days is a password.
const (
	ShortestHelper = time.Minute
	LongestHelper  = 24 * time.Hour
)

// HelperCode makes a helper code that opens one logon of the account within
// valid. An earlier one is void. Errors: Missing, Conflict if two-factor is off,
// Invalid if valid is not from ShortestHelper to LongestHelper.
func (h Helpdesk) HelperCode(ctx context.Context, actor Actor, account string, valid time.Duration) (string, error) {
	if valid < ShortestHelper || valid > LongestHelper {
		return "", NewError(Invalid, "invalid.helper_time", nil, nil)
	}
	now := h.now()
	code, kept, err := NewHelperCode(now.Add(valid)) // slow, so outside the transaction
	if err != nil {
		return "", err
	}
	err = h.changeAccount(ctx, actor, account, now, func(p *Practice, a *Account) ([]Event, error) {
		if err := known(a); err != nil {
			return nil, err
		}
		if !p.Enabled { // nobody would ask for it
			return nil, NewError(Conflict, "conflict.off", Args{"Practice": p.Name}, nil)
		}
		a.Helper = kept
		return []Event{actor.event(now, HelperMade, account, Detail{"expires": a.Helper.Expires.Format(time.RFC3339)})}, nil
	})
	if err != nil {
		return "", err
	}
	return code, nil
}
