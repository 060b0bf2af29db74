package core

import (
	"context"
	"time"
)

// Store keeps one practice: its switch, its accounts and its log. Errors are
// of type *Error where a person can do something about them.
//
// storage/storagetest.Run judges every implementation.
type Store interface {
	// ChangePractice runs act on the practice in a transaction of its own and
	// stores what it made of it, together with the events it returns. If act
	// returns an error or no event, nothing is stored: there is no change
	// without an event. It gives the events their numbers in the slice that act
	// returned.
	ChangePractice(ctx context.Context, act func(*Practice) ([]Event, error)) error

	// ChangeAccount does the same for an account, secret included, together
	// with its practice. An account that the store does not know is handed over
	// as NewAccount makes it, with Known false, and stored like any other.
	//
	// If act gives a known account another name, it goes on under that one with
	// all that it has, secret included, unless an account of that name is there
	// (Conflict). If act takes its name away, the store forgets the account.
	// Its events stay either way.
	ChangeAccount(ctx context.Context, account string, act func(*Practice, *Account) ([]Event, error)) error

	// View returns the practice and its accounts, without secrets, in the order
	// of CompareNames.
	View(ctx context.Context) (Practice, []Account, error)

	// Events returns the events that query selects, newest first.
	Events(ctx context.Context, query Query) (Page, error)

	// VerifyLog walks the chain of the log from its first event to its last and
	// returns how many are in order, with an error that names the first that is
	// not. A log that was pruned begins with the first event that was kept.
	VerifyLog(ctx context.Context) (events int64, err error)

	// PruneLog deletes the oldest events: all that stand before the first one which
	// did not happen before that time. The newest stays whatever its time. It works
	// in pieces, so that no logon waits long: each is a transaction of its own, with
	// the events that act returns about it, told how many it deletes. If act returns an error or no event,
	// that piece and what follows stay. A log that does not verify is not pruned.
	PruneLog(ctx context.Context, before time.Time, act func(p *Practice, deleted int64) ([]Event, error)) error

	// Version returns a value that differs from an earlier one if anything was
	// stored in between, by whichever process. It is cheap enough to ask once a
	// second, and errs when the store has gone.
	Version(ctx context.Context) (Version, error)

	// Close lets go of the store.
	Close() error
}

// Version stands for a state of a store. Only equality means anything.
type Version string

// CompareNames orders names as people do: EV-0000-2 before EV-0000-10.
func CompareNames(a, b string) int {
	for a != "" && b != "" {
		digitsA, digitsB := leadingDigits(a), leadingDigits(b)
		if digitsA > 0 && digitsB > 0 {
			if c := compareNumbers(a[:digitsA], b[:digitsB]); c != 0 {
				return c
			}
			a, b = a[digitsA:], b[digitsB:]
			continue
		}
		if a[0] != b[0] {
			return int(a[0]) - int(b[0])
		}
		a, b = a[1:], b[1:]
	}
	return len(a) - len(b)
}

func leadingDigits(s string) int {
	n := 0
	for n < len(s) && '0' <= s[n] && s[n] <= '9' {
		n++
	}
	return n
}

// compareNumbers orders digit strings by value, then by leading zeros.
func compareNumbers(a, b string) int {
	trim := func(s string) string {
		for len(s) > 1 && s[0] == '0' {
			s = s[1:]
		}
		return s
	}
	x, y := trim(a), trim(b)
	switch {
	case len(x) != len(y):
		return len(x) - len(y)
	case x < y:
		return -1
	case x > y:
		return 1
	}
	return len(a) - len(b)
}
