package core

import (
	"context"
	"strconv"
	"time"

	"evry.nl/tfa/core/otp"
)

// Outcome is what became of a secret that was to be imported.
type Outcome string

// The outcomes.
const (
	WasImported  Outcome = "imported"  // the account had no secret
	WasReplaced  Outcome = "replaced"  // the one that it had is gone
	WasUnchanged Outcome = "unchanged" // it has this very secret
)

// ImportOptions say how to import.
type ImportOptions struct {
	// Replace lets an account lose another secret that it has.
	Replace bool
	// Try stores nothing, and returns what would become of it.
	Try bool
}

// Import gives an account a secret that is on a phone already, from another
// product. It is active at once, so that no logon shows its QR code, and not
// confirmed until a code of it was accepted. Errors: Missing for an account that
// nobody knows; Conflict if it has another secret, if the clock lies before the
// last event, or ran ahead when codes were used.
func (h Helpdesk) Import(ctx context.Context, actor Actor, account string, secret otp.Secret, how ImportOptions) (Outcome, error) {
	now := h.now()
	var outcome Outcome
	err := h.changeAccount(ctx, actor, account, now, func(p *Practice, a *Account) ([]Event, error) {
		if err := known(a); err != nil {
			return nil, err
		}
		var err error
		if outcome, err = importable(*p, *a, secret, how, now); err != nil || outcome == WasUnchanged || how.Try {
			return nil, err
		}
		a.Import(secret, p.latest(now))
		return []Event{actor.event(now, Imported, account, Detail{"replaced": strconv.FormatBool(outcome == WasReplaced)})}, nil
	})
	if err != nil {
		return "", err
	}
	return outcome, nil
}

// importable says what an import would do.
func importable(p Practice, a Account, secret otp.Secret, how ImportOptions, now time.Time) (Outcome, error) {
	args := Args{"Account": a.Name}
	switch {
	case secret.IsZero():
		return "", otp.ErrEmptySecret
	case a.State == SecretActive && a.Secret.Equal(secret):
		return WasUnchanged, nil
	case p.ClockBehind(now):
		return "", NewError(Conflict, "conflict.clock_behind", nil, nil)
	case a.Floor > otp.StepAt(p.latest(now))+window: // see tryCode: no code would be accepted
		return "", NewError(Conflict, "conflict.spent_ahead", args, nil)
	case a.State == SecretNone:
		return WasImported, nil
	case !how.Replace:
		return "", NewError(Conflict, "conflict.has_secret", args, nil)
	}
	return WasReplaced, nil
}

// Export hands out the active secrets of all accounts, whether two-factor is on
// or off, in one transaction an account. Error: Missing if there are none.
func (h Helpdesk) Export(ctx context.Context, actor Actor) ([]Disclosure, error) {
	now := h.now()
	return h.eachActive(ctx, actor, func(account string) (Disclosure, error) {
		var out Disclosure
		err := h.changeAccount(ctx, actor, account, now, func(_ *Practice, a *Account) ([]Event, error) {
			var err error
			out, err = h.disclosure(*a)
			return []Event{actor.event(now, Exported, account, nil)}, err
		})
		return out, err
	})
}
