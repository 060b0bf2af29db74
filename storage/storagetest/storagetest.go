// Package storagetest judges stores: whatever keeps a practice must pass Run.
// What answers the gate and the tool, with a store behind it that it does not
// show, must pass RunRules.
package storagetest

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"evry.nl/tfa/core"
)

// Practice is the practice that every store is opened for. Its accounts are
// EV-0000-1, EV-0000-2 and so on.
const Practice = "EV-0000"

// Open returns an empty store of Practice, and has t close it at its end. Two
// stores that it returns share nothing.
type Open func(t *testing.T) core.Store

// Run judges the stores that open returns.
func Run(t *testing.T, open Open) {
	for name, judge := range map[string]func(*testing.T, Open){
		"an_empty_store_has_the_practice_and_nothing_else": emptyStore,
		"every_field_of_practice_and_account_comes_back":   roundTrip,
		"an_account_is_known_once_it_is_stored":            known,
		"no_event_no_change":                               noEvent,
		"an_act_that_errs_changes_nothing":                 actErrs,
		"an_act_that_panics_changes_nothing":               actPanics,
		"an_act_that_renames_a_practice_is_refused":        actRenames,
		"a_renamed_account_keeps_all_that_it_has":          rename,
		"a_name_that_is_taken_is_refused":                  renameToTaken,
		"an_account_whose_name_is_taken_away_is_forgotten": remove,
		"a_cancelled_context_changes_nothing":              cancelled,
		"accounts_come_in_the_order_of_people":             naturalOrder,
		"view_hands_out_no_secret":                         viewHidesSecrets,
		"events_are_filtered_and_paged_as_by_hand":         eventsLikeModel,
		"the_log_verifies_and_counts_its_events":           logVerifies,
		"a_pruned_log_keeps_its_chain_and_its_numbers":     pruned,
		"pruning_spares_what_act_does_not_vouch_for":       notPruned,
		"a_log_is_read_and_verified_while_it_is_pruned":    prunedMeanwhile,
		"the_version_changes_with_every_change":            versionChanges,
		"parallel_writers_lose_nothing":                    parallelWriters,
		"a_closed_store_may_be_closed_again":               closedTwice,
	} {
		t.Run(name, func(t *testing.T) { judge(t, open) })
	}
	RunRules(t, func(t *testing.T, rules core.Rules, now func() time.Time) (core.Verifier, core.Manager) {
		direct := core.Direct{Store: open(t), Rules: rules, Now: now}
		return core.Gate{Direct: direct}, core.Tool{Direct: direct}
	})
}

var errAct = errors.New("the act errs")

// noon is a time that every store can keep.
var noon = time.Date(2019, time.May, 15, 12, 0, 0, 0, time.UTC)

// name returns the nth account.
func name(n int) string { return fmt.Sprintf("%s-%d", Practice, n) }

// about returns an event about an account.
func about(account string) []core.Event {
	return []core.Event{{At: noon, Kind: core.AccountAdded, Actor: "helpdesk kees", Account: account}}
}

// tb is what *testing.T and *rapid.T share.
type tb interface {
	Helper()
	Fatal(args ...any)
	Fatalf(format string, args ...any)
	Errorf(format string, args ...any)
}

// load returns what the store holds of an account, secret included.
func load(t tb, s core.Store, account string) (p core.Practice, a core.Account) {
	t.Helper()
	err := s.ChangeAccount(context.Background(), account, func(practice *core.Practice, stored *core.Account) ([]core.Event, error) {
		p, a = *practice, *stored
		return nil, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return p, a
}

// store adds an account to the store.
func store(t tb, s core.Store, account string) {
	t.Helper()
	err := s.ChangeAccount(context.Background(), account, func(*core.Practice, *core.Account) ([]core.Event, error) {
		return about(account), nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// state is everything that a store shows.
type state struct {
	practice core.Practice
	accounts []core.Account
	page     core.Page
	version  core.Version
}

func stateOf(t tb, s core.Store) state {
	t.Helper()
	var now state
	var errs [3]error
	now.practice, now.accounts, errs[0] = s.View(context.Background())
	now.page, errs[1] = s.Events(context.Background(), core.Query{})
	now.version, errs[2] = s.Version(context.Background())
	if err := errors.Join(errs[:]...); err != nil {
		t.Fatal(err)
	}
	return now
}

// unchanged holds that the store is in the state it was.
func unchanged(t tb, s core.Store, before state) {
	t.Helper()
	if after := stateOf(t, s); !reflect.DeepEqual(before, after) {
		t.Errorf("the store changed:\n%+v\n%+v", before, after)
	}
}

// spoil is an act that changes all it can reach.
func spoil(p *core.Practice, a *core.Account) []core.Event {
	p.Enabled, p.EnabledBy, p.Seen = !p.Enabled, "nobody", noon
	a.Failures, a.Generation = a.Failures+1, a.Generation+1
	return about(a.Name)
}

func emptyStore(t *testing.T, open Open) {
	s := open(t)
	now := stateOf(t, s)
	if now.practice != (core.Practice{Name: Practice}) || len(now.accounts) != 0 || now.page.Total != 0 || len(now.page.Events) != 0 {
		t.Errorf("an empty store holds %+v", now)
	}
	if n, err := s.VerifyLog(t.Context()); n != 0 || err != nil {
		t.Errorf("its log verifies as %d, %v", n, err)
	}
}

func known(t *testing.T, open Open) {
	s := open(t)
	if _, a := load(t, s, name(1)); !reflect.DeepEqual(a, core.NewAccount(name(1))) {
		t.Errorf("a new account is handed over as %+v", a)
	}
	store(t, s, name(1))
	if _, a := load(t, s, name(1)); !a.Known {
		t.Errorf("a stored account is handed over as %+v", a)
	}
}

func noEvent(t *testing.T, open Open) {
	s := open(t)
	store(t, s, name(1))
	before := stateOf(t, s)
	for _, account := range []string{name(1), name(2)} {
		err := s.ChangeAccount(t.Context(), account, func(p *core.Practice, a *core.Account) ([]core.Event, error) {
			spoil(p, a)
			return nil, nil
		})
		if err != nil {
			t.Error(err)
		}
	}
	err := s.ChangePractice(t.Context(), func(p *core.Practice) ([]core.Event, error) {
		spoil(p, &core.Account{})
		return []core.Event{}, nil
	})
	if err != nil {
		t.Error(err)
	}
	unchanged(t, s, before)
}

func actErrs(t *testing.T, open Open) {
	s := open(t)
	store(t, s, name(1))
	before := stateOf(t, s)
	err := s.ChangeAccount(t.Context(), name(1), func(p *core.Practice, a *core.Account) ([]core.Event, error) {
		return spoil(p, a), errAct
	})
	if !errors.Is(err, errAct) {
		t.Errorf("ChangeAccount returns %v", err)
	}
	told := core.NewError(core.Conflict, "conflict.off", nil, nil)
	err = s.ChangePractice(t.Context(), func(p *core.Practice) ([]core.Event, error) {
		return spoil(p, &core.Account{}), told
	})
	if !errors.Is(err, told) {
		t.Errorf("ChangePractice returns %v", err)
	}
	unchanged(t, s, before)
}

func actPanics(t *testing.T, open Open) {
	s := open(t)
	store(t, s, name(1))
	before := stateOf(t, s)
	func() {
		defer func() {
			if recover() == nil {
				t.Error("the panic was swallowed")
			}
		}()
		s.ChangeAccount(t.Context(), name(1), func(p *core.Practice, a *core.Account) ([]core.Event, error) {
			spoil(p, a)
			panic("in the act")
		})
	}()
	unchanged(t, s, before)
	store(t, s, name(2)) // the store still works
}

func actRenames(t *testing.T, open Open) {
	s := open(t)
	store(t, s, name(1))
	before := stateOf(t, s)
	errs := []error{
		s.ChangeAccount(t.Context(), name(1), func(p *core.Practice, a *core.Account) ([]core.Event, error) {
			p.Name = "EV-0001"
			return spoil(p, a), nil
		}),
		s.ChangeAccount(t.Context(), name(2), func(p *core.Practice, a *core.Account) ([]core.Event, error) {
			a.Name = name(3) // of an account that nobody stored
			return spoil(p, a), nil
		}),
		s.ChangePractice(t.Context(), func(p *core.Practice) ([]core.Event, error) {
			p.Name = "EV-0001"
			return spoil(p, &core.Account{}), nil
		}),
	}
	for i, err := range errs {
		if core.CodeOf(err) != core.Internal {
			t.Errorf("renaming %d returns %v", i, err)
		}
	}
	unchanged(t, s, before)
}

func cancelled(t *testing.T, open Open) {
	s := open(t)
	store(t, s, name(1))
	before := stateOf(t, s)
	ctx, cancel := context.WithCancel(t.Context())
	err := s.ChangeAccount(ctx, name(1), func(p *core.Practice, a *core.Account) ([]core.Event, error) {
		cancel()
		return spoil(p, a), nil
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("a change that is cancelled on its way returns %v", err)
	}
	if _, _, err := s.View(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("View returns %v", err)
	}
	unchanged(t, s, before)
}

func naturalOrder(t *testing.T, open Open) {
	s := open(t)
	for _, n := range []int{10, 2, 1, 100, 9} {
		store(t, s, name(n))
	}
	_, accounts, err := s.View(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, a := range accounts {
		got = append(got, a.Name)
	}
	if want := []string{name(1), name(2), name(9), name(10), name(100)}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func versionChanges(t *testing.T, open Open) {
	s := open(t)
	seen := map[core.Version]bool{}
	rapid.Check(t, func(rt *rapid.T) {
		before, err := s.Version(t.Context())
		if again, err2 := s.Version(t.Context()); err != nil || err2 != nil || again != before {
			rt.Fatalf("without a change the version goes from %s to %s: %v, %v", before, again, err, err2)
		}
		seen[before] = true
		store(rt, s, name(rapid.IntRange(1, 3).Draw(rt, "account")))
		if after, err := s.Version(t.Context()); err != nil || seen[after] {
			rt.Fatalf("after a change the version is one that was: %s, %v", after, err)
		}
	})
}

func parallelWriters(t *testing.T, open Open) {
	const writers, each = 8, 25
	s := open(t)
	var all sync.WaitGroup
	for range writers {
		all.Go(func() {
			for range each {
				err := s.ChangeAccount(t.Context(), name(1), func(_ *core.Practice, a *core.Account) ([]core.Event, error) {
					a.Failures++
					return about(a.Name), nil
				})
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	_, a := load(t, s, name(1))
	n, err := s.VerifyLog(t.Context())
	if a.Failures != writers*each || n != writers*each || err != nil {
		t.Errorf("of %d changes %d are left, with %d events in order: %v", writers*each, a.Failures, n, err)
	}
}

func closedTwice(t *testing.T, open Open) {
	s := open(t)
	for range 2 {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
	if _, _, err := s.View(t.Context()); err == nil {
		t.Error("a closed store can be viewed")
	}
}
