package core

import "time"

// Verdict is the answer to an attempt to log on. The zero Verdict denies. A
// denial is no error: it is stored like a yes.
type Verdict struct {
	Granted bool
	// By says how a granted logon came about: one of the Logon kinds.
	By Kind
	// Reason says why a logon was denied.
	Reason Reason
	// Until is when the account takes codes again (Reason TooMany), or when the
	// next code begins that is not spent yet (Reason Spent).
	Until time.Time
	// TriesLeft is the number of wrong codes until the account is locked.
	TriesLeft int
	// Drift is how far the clock of the phone lies before (negative) or after
	// that of the server (Reason ClockWrong).
	Drift time.Duration
	// Notices are what the account must hear of, with a yes; nil if nothing. It is
	// a pointer so that verdicts can be compared.
	Notices *Notices
}

// Reason says why a logon was denied. The zero Reason is a fault.
type Reason string

// The reasons. They stand in the log as they are.
const (
	WrongCode  Reason = "wrong_code"
	Malformed  Reason = "malformed"   // neither 6 nor 8 digits: no attempt, not counted
	Spent      Reason = "spent"       // right, but it has opened a logon: wait for the next
	ClockWrong Reason = "clock_wrong" // right at another time within 10 minutes
	TooMany    Reason = "locked"      // too many wrong codes
	NoSecret   Reason = "no_secret"   // nothing to compare with
	NoSkip     Reason = "no_skip"     // the transition is over
	NotOwner   Reason = "not_owner"   // only owners may switch on
	Closed     Reason = "closed"      // the person closed the gate
	TimedOut   Reason = "timed_out"   // nobody answered
)

func denied(reason Reason) Verdict { return Verdict{Reason: reason} }

func granted(by Kind) Verdict { return Verdict{Granted: true, By: by} }
