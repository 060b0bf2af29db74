package core

import (
	"slices"
	"time"

	"evry.nl/tfa/core/otp"
)

// SecretState says how far an account's secret has come.
type SecretState string

// The states of a secret.
const (
	SecretNone   SecretState = "none"   // there is none
	SecretShown  SecretState = "shown"  // its QR code stood on a logon screen, no logon completed yet
	SecretActive SecretState = "active" // a logon was completed since, or it was imported
)

const (
	// window is how many steps before and after the current one are accepted:
	// RFC 6238 section 5.2 advises one, for slow networks and people.
	window = 1
	// driftWindow is how far the diagnosis of a wrong clock looks: 10 minutes.
	driftWindow = 20
)

// Account is an account of the operating system with its second factor.
type Account struct {
	Name  string
	State SecretState
	// Secret is empty in state none, and wherever nobody asked for it (Store.View).
	Secret otp.Secret
	// Generation counts the secrets that the account has had.
	Generation int
	Confirmed  bool
	LastLogon  time.Time
	// Failures counts wrong codes in a row.
	Failures    int
	LockedUntil time.Time
	// Spent holds the steps that can't be used again, rising. Floor is the first
	// step that is not spent for being old: all before it are.
	Spent []otp.Step
	Floor otp.Step
	// Helper is the helper code that waits to be used; its zero value is none.
	Helper HelperCode
	// Known is set by the store: the account stood in it before.
	Known bool
}

// NewAccount returns an account that has no second factor yet.
func NewAccount(name string) Account { return Account{Name: name, State: SecretNone} }

// IsLocked reports whether the account takes no codes at now.
func (a Account) IsLocked(now time.Time) bool { return now.Before(a.LockedUntil) }

// Enrol gives the account a secret, made by the caller's source of chance, if
// it has none. It reports whether it did: two people at their first logon see
// the same QR code.
func (a *Account) Enrol(secret func() otp.Secret) bool {
	if a.State != SecretNone {
		return false
	}
	a.Secret, a.State, a.Confirmed = secret(), SecretShown, false
	a.Generation++
	a.Floor = 0 // the steps before it were spent by codes of another secret
	return true
}

// Import gives the account a secret that is on a phone already, instead of the
// one that it may have. No code has proved yet that it is.
func (a *Account) Import(secret otp.Secret, seen time.Time) {
	a.Secret, a.State, a.Confirmed = secret, SecretActive, false
	a.Generation++
	// The account may have had this secret before, so no step becomes fresh.
	a.Floor = max(a.Floor, otp.StepAt(seen)-window)
}

// Reset clears the secret at once. Spent steps and a lock stay: neither may be
// got rid of by enrolling anew.
func (a *Account) Reset() {
	a.Secret, a.State, a.Confirmed, a.Helper = otp.Secret{}, SecretNone, false, HelperCode{}
}

// Restore makes an account that came back from a backup refuse every code that
// can have been used until now, by this clock or any that the store has seen:
// which ones were used since the backup is lost. A helper code is void.
func (a *Account) Restore(latest time.Time) {
	a.Floor = max(a.Floor, otp.StepAt(latest)+window+1)
	a.Helper = HelperCode{}
}

// Unlock ends a lock.
func (a *Account) Unlock() { a.Failures, a.LockedUntil = 0, time.Time{} }

// Skip decides on a logon without a code.
func (a *Account) Skip(p Practice, now time.Time, r Rules) Verdict {
	switch {
	case !p.Enabled && (p.Mandatory || r.Mandatory):
		return denied(NoSkip)
	case !p.Enabled:
		a.LastLogon = now // the secret does not matter yet
		return granted(LogonOff)
	case a.IsLocked(now):
		return Verdict{Reason: TooMany, Until: a.LockedUntil}
	case !p.MaySkip(now, r.Zone):
		return denied(NoSkip)
	}
	a.complete(now)
	return granted(LogonSkipped)
}

// Try decides on a typed code and spends what it accepts. Wrong ones are
// counted in a, so a must be stored whatever the verdict. Error: a fault of the
// cryptography; the verdict then denies.
func (a *Account) Try(typed string, now time.Time, r Rules) (Verdict, error) {
	code := otp.Typed(typed)
	switch {
	case otp.IsDigits(code, HelperDigits) && a.Helper.open(now):
		return a.tryHelper(code, now, r)
	case a.IsLocked(now):
		return Verdict{Reason: TooMany, Until: a.LockedUntil}, nil
	case otp.IsDigits(code, HelperDigits):
		return a.fail(WrongCode, now, r), nil
	case !otp.IsDigits(code, otp.Digits):
		return denied(Malformed), nil
	case a.Secret.IsZero():
		return denied(NoSecret), nil
	}
	return a.tryCode(code, now, r)
}

func (a *Account) tryHelper(code string, now time.Time, r Rules) (Verdict, error) {
	right, err := a.Helper.try(code)
	switch {
	case err != nil:
		return Verdict{}, err
	case right:
		a.Helper = HelperCode{}
		a.Unlock()
		a.complete(now)
		return granted(LogonHelper), nil
	case a.IsLocked(now):
		return Verdict{Reason: TooMany, Until: a.LockedUntil}, nil
	}
	return a.fail(WrongCode, now, r), nil
}

func (a *Account) tryCode(code string, now time.Time, r Rules) (Verdict, error) {
	current := otp.StepAt(now)
	hits, err := otp.Match(a.Secret, code, current-driftWindow, current+driftWindow)
	if err != nil {
		return Verdict{}, err
	}
	inWindow := slices.DeleteFunc(slices.Clone(hits), func(s otp.Step) bool {
		return s < current-window || s > current+window
	})
	fresh := slices.DeleteFunc(slices.Clone(inWindow), a.isSpent)
	switch {
	case len(fresh) > 0:
		a.spend(hits, current) // all of them: the code is used up, whichever step it was meant for
		a.Confirmed = true
		a.Unlock()
		a.complete(now)
		return granted(LogonOTP), nil
	case len(inWindow) > 0 && a.Floor > current+2*window:
		// A clock that ran ahead spent steps of years to come. Waiting would not
		// help; a new secret does. After a restore waiting a minute does.
		return denied(ClockWrong), nil
	case len(inWindow) > 0:
		return Verdict{Reason: Spent, Until: a.nextFresh(inWindow[len(inWindow)-1], now)}, nil
	case len(hits) > 0:
		// A guesser would learn a code that is right later, so it is spent.
		a.spend(hits, current)
		verdict := a.fail(ClockWrong, now, r)
		verdict.Drift = time.Duration(nearest(hits, current)-current) * otp.Period
		return verdict, nil
	}
	return a.fail(WrongCode, now, r), nil
}

// complete records a logon that went on to the desktop.
func (a *Account) complete(now time.Time) {
	a.LastLogon = now
	if a.State == SecretShown {
		a.State = SecretActive
	}
}

// fail counts a wrong code and locks the account when it is time.
func (a *Account) fail(reason Reason, now time.Time, r Rules) Verdict {
	a.Failures++
	if lock := r.Lockout.duration(a.Failures); lock > 0 {
		a.LockedUntil = now.Add(lock)
		return Verdict{Reason: TooMany, Until: a.LockedUntil}
	}
	if r.Lockout.Attempts <= 0 {
		return denied(reason)
	}
	return Verdict{Reason: reason, TriesLeft: r.Lockout.Attempts - a.Failures%r.Lockout.Attempts}
}

func (a Account) isSpent(s otp.Step) bool { return s < a.Floor || slices.Contains(a.Spent, s) }

// spend marks steps as used. Steps too old for any window leave the list and
// raise the floor, so that the list stays short and they stay spent, even when
// the clock is turned back.
func (a *Account) spend(steps []otp.Step, current otp.Step) {
	spent := append(slices.Clone(a.Spent), steps...)
	slices.Sort(spent)
	spent = slices.Compact(spent)
	old, _ := slices.BinarySearch(spent, current-2*driftWindow)
	if old > 0 {
		a.Floor = max(a.Floor, spent[old-1]+1)
	}
	a.Spent = slices.Clone(spent[old:])
}

// nextFresh returns when the first step after a spent one begins that can still
// open a logon; now, if it has begun.
func (a Account) nextFresh(spent otp.Step, now time.Time) time.Time {
	step := spent + 1
	for a.isSpent(step) {
		step++
	}
	if start := step.Start(); start.After(now) {
		return start
	}
	return now
}

func nearest(steps []otp.Step, to otp.Step) otp.Step {
	return slices.MinFunc(steps, func(a, b otp.Step) int {
		return max(int(a-to), int(to-a)) - max(int(b-to), int(to-b))
	})
}
