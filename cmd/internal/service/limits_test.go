package service

import (
	"context"
	"errors"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/time/rate"

	"evry.nl/tfa/core"
)

// tight are limits that a test can reach.
func tight() Bounds {
	return Bounds{
		Account: Bound{Together: 2, PerSecond: 1, Burst: 5}, Client: Bound{Together: 3, PerSecond: rate.Inf, Burst: 1},
		Practice: 2, Work: 3, Queue: 2, Patience: time.Second,
	}
}

// overloaded returns whose limit was reached.
func overloaded(err error) string {
	var over overload
	if !errors.As(err, &over) || core.CodeOf(err) != core.Locked {
		return ""
	}
	return string(over)
}

func done() error { return nil }

func TestAnAccountMayAskSoOften(t *testing.T) {
	now := time.Date(2019, time.May, 15, 8, 28, 0, 0, time.UTC)
	l := NewLimits(tight(), func() time.Time { return now })
	actor := core.Actor{Account: "EV-0000-1"}
	for n := range 5 {
		if err := l.Ask(actor, done); err != nil {
			t.Fatalf("request %d: %v", n+1, err)
		}
	}
	if err := l.Ask(actor, done); overloaded(err) != "account" {
		t.Errorf("more than the burst: %v", err)
	}
	if err := l.Ask(core.Actor{Account: "EV-0000-2"}, done); err != nil {
		t.Errorf("another account: %v", err)
	}
	now = now.Add(time.Second)
	if err := l.Ask(actor, done); err != nil {
		t.Errorf("a second later: %v", err)
	}
	if err := l.Ask(actor, done); overloaded(err) != "account" {
		t.Errorf("twice in that second: %v", err)
	}
}

// keep begins n acts that last until release.
func keep(n int, do func(act func() error) error) (release func()) {
	var inside, ended sync.WaitGroup
	let := make(chan struct{})
	for range n {
		inside.Add(1)
		ended.Go(func() {
			do(func() error { inside.Done(); <-let; return nil })
		})
	}
	inside.Wait()
	return func() { close(let); ended.Wait() }
}

func TestSoMuchIsAskedAtOnce(t *testing.T) {
	l := NewLimits(tight(), time.Now)
	one, other := core.Actor{Account: "EV-0000-1", Client: "192.0.2.7"}, core.Actor{Account: "EV-0000-2", Client: "192.0.2.7"}
	release := keep(2, func(act func() error) error { return l.Ask(one, act) })
	if err := l.Ask(one, done); overloaded(err) != "account" {
		t.Errorf("one account: %v", err)
	}
	third := keep(1, func(act func() error) error { return l.Ask(other, act) })
	if err := l.Ask(other, done); overloaded(err) != "client" {
		t.Errorf("one address: %v", err)
	}
	if err := l.Ask(core.Actor{Account: "EV-0000-2", Client: "192.0.2.8"}, done); err != nil {
		t.Errorf("from elsewhere: %v", err)
	}
	release()
	third()
	if err := l.Ask(one, done); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}

// A practice whose store hangs is refused after a while; others are not kept.
func TestAStoreThatHangsKeepsNoOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := NewLimits(tight(), time.Now)
		work := func(practice string) func(func() error) error {
			return func(act func() error) error { return l.Work(t.Context(), practice, act) }
		}
		release := keep(2, work("EV-0000"))
		begun := time.Now()
		if err := work("EV-0000")(done); overloaded(err) != "practice" || time.Since(begun) != time.Second {
			t.Errorf("after %v: %v", time.Since(begun), err)
		}
		if err := work("EV-0001")(done); err != nil || time.Since(begun) != time.Second {
			t.Errorf("another practice: %v", err)
		}
		release()
		if err := work("EV-0000")(done); err != nil {
			t.Errorf("afterwards: %v", err)
		}
	})
}

func TestTheQueueIsShort(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := NewLimits(tight(), time.Now)
		release := keep(2, func(act func() error) error { return l.Work(t.Context(), "EV-0000", act) })
		third := keep(1, func(act func() error) error { return l.Work(t.Context(), "EV-0001", act) })
		var waiting sync.WaitGroup
		for range 2 {
			waiting.Go(func() {
				if err := l.Work(t.Context(), "EV-0002", done); err != nil {
					t.Errorf("who waited: %v", err)
				}
			})
		}
		synctest.Wait()
		begun := time.Now()
		if err := l.Work(t.Context(), "EV-0003", done); overloaded(err) != "service" || time.Since(begun) != 0 {
			t.Errorf("who came last waited %v: %v", time.Since(begun), err)
		}
		release()
		third()
		waiting.Wait()
	})
}

// Who has hung up waits no longer, and takes nobody's turn.
func TestWhoHasHungUpTakesNoTurn(t *testing.T) {
	l := NewLimits(tight(), time.Now)
	release := keep(2, func(act func() error) error { return l.Work(t.Context(), "EV-0000", act) })
	defer release()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := l.Work(ctx, "EV-0000", func() error { t.Error("it is done"); return nil }); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestPartiesThatAskNothingAreForgotten(t *testing.T) {
	now := time.Date(2019, time.May, 15, 8, 28, 0, 0, time.UTC)
	l := NewLimits(tight(), func() time.Time { return now })
	for n := range remembers {
		l.Ask(core.Actor{Account: "EV-" + strconv.Itoa(n) + "-1"}, done)
	}
	now = now.Add(time.Hour)
	release := keep(1, func(act func() error) error { return l.Ask(core.Actor{Account: "EV-7-1"}, act) })
	defer release()
	if err := l.Ask(core.Actor{Account: "EV-99999-1"}, done); err != nil {
		t.Fatal(err)
	}
	if n := len(l.accounts); n != 2 || l.accounts["EV-7-1"] == nil {
		t.Errorf("%d are remembered, and not the one that asks now", n)
	}
}
