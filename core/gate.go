package core

import (
	"context"
	"slices"
	"strconv"
	"time"

	"evry.nl/tfa/core/otp"
)

// Verifier is what the gate may ask, on behalf of the account that is logging
// on. Every error denies.
type Verifier interface {
	// Prompt returns what the logon screen must show. It makes the secret of an
	// account that has none, when two-factor is on.
	Prompt(ctx context.Context, actor Actor) (Prompt, error)
	// SwitchOn switches two-factor on for the practice and lets this logon go on.
	SwitchOn(ctx context.Context, actor Actor) (Verdict, error)
	// Skip asks to log on without a code.
	Skip(ctx context.Context, actor Actor) (Verdict, error)
	// Verify asks to log on with a typed code or helper code.
	Verify(ctx context.Context, actor Actor, typed string) (Verdict, error)
	// Leave records that the gate ended without a logon: Closed or TimedOut.
	Leave(ctx context.Context, actor Actor, reason Reason) error
}

// Stage is the row of the logon table that an account is in.
type Stage string

// The stages.
const (
	StageExempt Stage = "exempt" // goes on at once
	StageOff    Stage = "off"    // advice to switch on
	StageEnrol  Stage = "enrol"  // QR code and code field
	StageCode   Stage = "code"   // code field
	StagePassed Stage = "passed" // goes on at once: tfa-service knows that this session has logged on
)

// Prompt is what a logon screen shows.
type Prompt struct {
	Account string
	Stage   Stage
	// MaySkip says whether "log on without" is offered.
	MaySkip bool
	// MaySwitchOn says whether this account may switch on (StageOff).
	MaySwitchOn bool
	// LastDay is the last day of the transition, DaysLeft how many days after
	// today that is; negative when it is over.
	LastDay  Date
	DaysLeft int
	// LockedUntil lies in the future when the account takes no codes.
	LockedUntil time.Time
	// Secret and URI are there in StageEnrol only.
	Secret otp.Secret
	URI    string
}

// Gate answers the gate in this process.
type Gate struct{ Direct }

var _ Verifier = Gate{}

// Prompt implements Verifier.
func (g Gate) Prompt(ctx context.Context, actor Actor) (Prompt, error) {
	now := g.now()
	var prompt Prompt
	err := g.changeAccount(ctx, actor, actor.Account, now, func(p *Practice, a *Account) ([]Event, error) {
		prompt = g.prompt(*p, *a, now)
		prompt.MaySwitchOn = g.mayManage(actor)
		if prompt.Stage != StageEnrol {
			return nil, nil
		}
		made := a.Enrol(otp.NewSecret)
		uri, err := otp.URI(g.Rules.Issuer, a.Name, a.Secret)
		if err != nil {
			return nil, err
		}
		prompt.Secret, prompt.URI = a.Secret, uri
		return []Event{actor.event(now, ShownAtLogon, a.Name, Detail{"new": strconv.FormatBool(made)})}, nil
	})
	if err != nil {
		return Prompt{}, err
	}
	return prompt, nil
}

func (g Gate) prompt(p Practice, a Account, now time.Time) Prompt {
	prompt := Prompt{Account: a.Name, LastDay: p.LastDay, LockedUntil: a.LockedUntil}
	switch {
	case slices.Contains(g.Rules.Exempt, a.Name):
		prompt.Stage = StageExempt
		return prompt
	case !p.Enabled:
		prompt.Stage, prompt.MaySkip = StageOff, !p.Mandatory && !g.Rules.Mandatory
		return prompt
	case a.State == SecretActive:
		prompt.Stage = StageCode
	default:
		prompt.Stage = StageEnrol
	}
	prompt.MaySkip = p.MaySkip(now, g.Rules.Zone)
	prompt.DaysLeft = p.DaysLeft(now, g.Rules.Zone)
	return prompt
}

// SwitchOn implements Verifier.
func (g Gate) SwitchOn(ctx context.Context, actor Actor) (Verdict, error) {
	return g.decide(ctx, actor, func(p *Practice, a *Account, now time.Time) (Verdict, []Event, error) {
		if !g.mayManage(actor) {
			return denied(NotOwner), nil, nil
		}
		events, err := g.switchOn(p, actor, now)
		if err != nil {
			return Verdict{}, nil, err
		}
		a.LastLogon = now
		return granted(LogonOff), events, nil
	})
}

// Skip implements Verifier.
func (g Gate) Skip(ctx context.Context, actor Actor) (Verdict, error) {
	return g.decide(ctx, actor, func(p *Practice, a *Account, now time.Time) (Verdict, []Event, error) {
		if slices.Contains(g.Rules.Exempt, actor.Account) {
			return granted(LogonExempt), nil, nil
		}
		return a.Skip(*p, now, g.Rules), nil, nil
	})
}

// Verify implements Verifier.
func (g Gate) Verify(ctx context.Context, actor Actor, typed string) (Verdict, error) {
	return g.decide(ctx, actor, func(p *Practice, a *Account, now time.Time) (Verdict, []Event, error) {
		if !p.Enabled {
			return denied(NoSecret), nil, nil
		}
		lockedBefore := a.LockedUntil
		verdict, err := a.Try(typed, now, g.Rules)
		if err != nil || !a.LockedUntil.After(lockedBefore) {
			return verdict, nil, err
		}
		return verdict, []Event{actor.event(now, AccountLock, a.Name, Detail{
			"until": a.LockedUntil.Format(time.RFC3339), "failures": strconv.Itoa(a.Failures),
		})}, nil
	})
}

// Leave implements Verifier. Error: Invalid for any other reason.
func (g Gate) Leave(ctx context.Context, actor Actor, reason Reason) error {
	if reason != Closed && reason != TimedOut {
		return NewError(Invalid, "invalid.request", nil, nil)
	}
	_, err := g.decide(ctx, actor, func(*Practice, *Account, time.Time) (Verdict, []Event, error) {
		return denied(reason), nil, nil
	})
	return err
}

// Resume asks to log on without a code soon after the same session was cut off,
// which passed the gate at passed. It says no to an account whose secret has
// changed since, and to one that is locked. Only a yes is logged: after no, the
// gate asks for a code as ever.
func (g Gate) Resume(ctx context.Context, actor Actor, passed time.Time) (Verdict, error) {
	for _, kind := range []Kind{WasReset, Imported} {
		page, err := g.Store.Events(ctx, Query{Account: actor.Account, Kind: kind, From: passed, Limit: 1})
		if err != nil {
			return Verdict{}, err
		}
		if len(page.Events) > 0 {
			return denied(NoSecret), nil
		}
	}
	now := g.now()
	verdict := denied(NoSecret)
	err := g.changeAccount(ctx, actor, actor.Account, now, func(p *Practice, a *Account) ([]Event, error) {
		if !p.Enabled || a.State != SecretActive || a.IsLocked(now) {
			return nil, nil
		}
		verdict = granted(LogonResumed)
		return []Event{verdict.event(actor, now)}, nil
	})
	if err != nil {
		return Verdict{}, err
	}
	return verdict, nil
}

// EndedSession records that the service ended a session; reason is one word.
func (g Gate) EndedSession(ctx context.Context, actor Actor, reason string) error {
	now := g.now()
	return g.changeAccount(ctx, actor, actor.Account, now, func(*Practice, *Account) ([]Event, error) {
		return []Event{actor.event(now, SessionEnded, actor.Account, Detail{"reason": reason})}, nil
	})
}

// decide runs one logon decision in a transaction: what it yields is stored and
// logged, yes or no; a fault stores nothing and denies. A yes comes with what
// its account must hear of; before it, whoever knows the password would hear too.
func (g Gate) decide(ctx context.Context, actor Actor, act func(*Practice, *Account, time.Time) (Verdict, []Event, error)) (Verdict, error) {
	now := g.now()
	var verdict Verdict
	var lastLogon time.Time
	var events []Event
	err := g.changeAccount(ctx, actor, actor.Account, now, func(p *Practice, a *Account) ([]Event, error) {
		lastLogon = a.LastLogon
		var err error
		if verdict, events, err = act(p, a, now); err != nil {
			return nil, err
		}
		events = append(events, verdict.event(actor, now))
		return events, nil
	})
	if err == nil && verdict.Granted && verdict.By != LogonExempt {
		verdict.Notices, err = g.notices(ctx, actor.Account, lastLogon, events[0].Seq)
	}
	if err != nil {
		return Verdict{}, err
	}
	return verdict, nil
}

// event returns the line that the log gets of a verdict.
func (v Verdict) event(actor Actor, now time.Time) Event {
	if v.Granted {
		return actor.event(now, v.By, actor.Account, nil)
	}
	detail := Detail{"reason": string(v.Reason)}
	if v.Reason == TooMany {
		detail["until"] = v.Until.Format(time.RFC3339)
	}
	if v.Drift != 0 {
		detail["drift"] = v.Drift.String()
	}
	return actor.event(now, LogonRefused, actor.Account, detail)
}
