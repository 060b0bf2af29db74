package core

import (
	"context"
	"time"

	"evry.nl/tfa/core/otp"
)

// Discloser hands out secrets, each with an event that says so.
type Discloser interface {
	// Show hands out the secret of an account, for its QR code and its codes.
	Show(ctx context.Context, actor Actor, account string) (Disclosure, error)
	// ShowAll hands out the active secrets of all accounts, for migration codes.
	ShowAll(ctx context.Context, actor Actor) ([]Disclosure, error)
	// Copy hands out a secret or otpauth URI for the clipboard.
	Copy(ctx context.Context, actor Actor, account string, what Copied) (string, error)
}

// Manager is what the tool may ask, for an account of the practice.
type Manager interface {
	Discloser
	// Overview returns the practice and all its accounts, no secrets.
	Overview(ctx context.Context, actor Actor) (Overview, error)
	// Version returns a value that changes when anything does; see Store.
	Version(ctx context.Context, actor Actor) (Version, error)
	// SwitchOn switches two-factor on for the practice.
	SwitchOn(ctx context.Context, actor Actor) error
	// Reset clears the secret of an account.
	Reset(ctx context.Context, actor Actor, account string) error
	// Log returns events of the practice, newest first.
	Log(ctx context.Context, actor Actor, query Query) (Page, error)
}

// Overview is what the tool's window shows before anything is disclosed.
type Overview struct {
	Practice Practice
	Accounts []Account
	// DaysLeft is how many days after today the transition ends; negative when
	// it is over.
	DaysLeft int
	// ClockBehind says that this server's clock lies before the last event: no
	// code can be trusted.
	ClockBehind bool
	// MayManage says whether the actor may switch on and reset.
	MayManage bool
}

// Disclosure is a secret on its way to a screen.
type Disclosure struct {
	Account    string
	Generation int
	Secret     otp.Secret
	URI        string
}

// Copied says what goes to the clipboard.
type Copied Kind

// What can be copied.
const (
	CopySecret = Copied(CopiedSecret)
	CopyURI    = Copied(CopiedURI)
)

// Tool answers the tool in this process.
type Tool struct{ Direct }

var _ Manager = Tool{}

// Overview implements Manager.
func (t Tool) Overview(ctx context.Context, actor Actor) (Overview, error) {
	now := t.now()
	practice, accounts, err := t.view(ctx, actor)
	if err != nil {
		return Overview{}, err
	}
	return Overview{
		Practice: practice, Accounts: accounts,
		DaysLeft:    practice.DaysLeft(now, t.Rules.Zone),
		ClockBehind: practice.ClockBehind(now),
		MayManage:   t.mayManage(actor),
	}, nil
}

// Version implements Manager.
func (t Tool) Version(ctx context.Context, _ Actor) (Version, error) { return t.Store.Version(ctx) }

// SwitchOn implements Manager. Errors: Conflict if it is on already, Refused to
// who is no owner.
func (t Tool) SwitchOn(ctx context.Context, actor Actor) error {
	now := t.now()
	return t.changePractice(ctx, actor, now, func(p *Practice) ([]Event, error) {
		if !t.mayManage(actor) {
			return nil, NewError(Refused, "denied.not_owner", nil, nil)
		}
		return t.switchOn(p, actor, now)
	})
}

// Show implements Manager. Errors: Missing without an active secret, Conflict
// when the clock lies before the last event.
func (t Tool) Show(ctx context.Context, actor Actor, account string) (Disclosure, error) {
	return t.disclose(ctx, actor, account, ShownInTool)
}

// Copy implements Manager. Errors: as Show, and Invalid for what can't be copied.
func (t Tool) Copy(ctx context.Context, actor Actor, account string, what Copied) (string, error) {
	if what != CopySecret && what != CopyURI { // it would become the kind of an event
		return "", NewError(Invalid, "invalid.request", nil, nil)
	}
	shown, err := t.disclose(ctx, actor, account, Kind(what))
	if err != nil {
		return "", err
	}
	if what == CopySecret {
		return shown.Secret.Base32(), nil
	}
	return shown.URI, nil
}

// ShowAll implements Discloser, in one transaction an account. Errors: Missing
// if no account has an active secret, Conflict as Show.
func (t Tool) ShowAll(ctx context.Context, actor Actor) ([]Disclosure, error) {
	return t.eachActive(ctx, actor, func(account string) (Disclosure, error) {
		return t.disclose(ctx, actor, account, ShownAll)
	})
}

// eachActive calls hand for every account that has an active secret. Nothing is
// handed out if one of them fails, though the log says of some that it was.
func (d Direct) eachActive(ctx context.Context, actor Actor, hand func(account string) (Disclosure, error)) ([]Disclosure, error) {
	practice, accounts, err := d.view(ctx, actor)
	if err != nil {
		return nil, err
	}
	var all []Disclosure
	for _, account := range accounts {
		if account.State != SecretActive {
			continue
		}
		one, err := hand(account.Name)
		switch {
		case err == nil:
			all = append(all, one)
		case CodeOf(err) != Missing: // it was reset this very moment
			return nil, err
		}
	}
	if len(all) == 0 {
		return nil, NewError(Missing, "missing.secrets", Args{"Practice": practice.Name}, nil)
	}
	return all, nil
}

// disclose hands out a secret with the event that says so.
func (t Tool) disclose(ctx context.Context, actor Actor, account string, kind Kind) (Disclosure, error) {
	now := t.now()
	var shown Disclosure
	err := t.changeAccount(ctx, actor, account, now, func(p *Practice, a *Account) ([]Event, error) {
		switch {
		case p.ClockBehind(now):
			return nil, NewError(Conflict, "conflict.clock_behind", nil, nil)
		case !p.Enabled:
			return nil, NewError(Missing, "missing.secret", Args{"Account": account}, nil)
		}
		var err error
		shown, err = t.disclosure(*a)
		return []Event{actor.event(now, kind, account, nil)}, err
	})
	if err != nil {
		return Disclosure{}, err
	}
	return shown, nil
}

// disclosure returns the secret of an account. Error: Missing if none is active.
func (d Direct) disclosure(a Account) (Disclosure, error) {
	if a.State != SecretActive {
		return Disclosure{}, NewError(Missing, "missing.secret", Args{"Account": a.Name}, nil)
	}
	uri, err := otp.URI(d.Rules.Issuer, a.Name, a.Secret)
	if err != nil {
		return Disclosure{}, err
	}
	return Disclosure{Account: a.Name, Generation: a.Generation, Secret: a.Secret, URI: uri}, nil
}

// Reset implements Manager. Errors: Missing if there is nothing to reset,
// Refused to who is no owner.
func (t Tool) Reset(ctx context.Context, actor Actor, account string) error {
	now := t.now()
	return t.changeAccount(ctx, actor, account, now, func(_ *Practice, a *Account) ([]Event, error) {
		if !t.mayManage(actor) {
			return nil, NewError(Refused, "denied.not_owner", nil, nil)
		}
		return reset(a, actor, now)
	})
}

// reset clears a secret, with its event.
func reset(a *Account, actor Actor, now time.Time) ([]Event, error) {
	if err := known(a); err != nil {
		return nil, err
	}
	if a.State == SecretNone {
		return nil, NewError(Missing, "missing.secret", Args{"Account": a.Name}, nil)
	}
	a.Reset()
	return []Event{actor.event(now, WasReset, a.Name, nil)}, nil
}

// Log implements Manager.
func (t Tool) Log(ctx context.Context, actor Actor, query Query) (Page, error) {
	if _, _, err := t.view(ctx, actor); err != nil {
		return Page{}, err
	}
	return t.Store.Events(ctx, query)
}
