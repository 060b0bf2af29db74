package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"evry.nl/tfa/cmd/internal/config"
	"evry.nl/tfa/cmd/internal/stores"
	"evry.nl/tfa/core"
)

// shelf is a store that does nothing but open, answer and close.
type shelf struct {
	core.Store
	version func(context.Context) error
	closed  atomic.Bool
}

func (s *shelf) Version(ctx context.Context) (core.Version, error) {
	if s.closed.Load() {
		return "", errors.New("it is closed")
	}
	if s.version == nil {
		return "1", nil
	}
	return "1", s.version(ctx)
}

func (s *shelf) Close() error {
	s.closed.Store(true)
	return nil
}

// opener counts what is opened, and opens as it is told.
type opener struct {
	mu     sync.Mutex
	opened map[string]int
	open   func(practice string) (core.Store, error)
}

func newOpener(now func() time.Time, open func(string) (core.Store, error)) (*opener, *practices) {
	o := &opener{opened: map[string]int{}, open: open}
	p := newPractices(config.Default(), now)
	p.openStore = func(_ context.Context, _ config.Config, practice string) (core.Store, error) {
		o.mu.Lock()
		o.opened[practice]++
		o.mu.Unlock()
		return o.open(practice)
	}
	return o, p
}

func asks(p *practices, ctx context.Context, account string) error {
	return p.use(ctx, account, func(d core.Direct) error { _, err := d.Store.Version(ctx); return err })
}

func TestAStoreThatIsSlowToOpenKeepsNoOtherWaiting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		opens := make(chan struct{})
		o, p := newOpener(time.Now, func(practice string) (core.Store, error) {
			if practice == "EV-0001" {
				<-opens
			}
			return &shelf{}, nil
		})
		var waiting sync.WaitGroup
		for range 5 {
			waiting.Go(func() {
				if err := asks(p, t.Context(), "EV-0001-1"); err != nil {
					t.Error(err)
				}
			})
		}
		synctest.Wait()
		if err := asks(p, t.Context(), "EV-0002-1"); err != nil {
			t.Error(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := asks(p, ctx, "EV-0001-1"); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("who waits for a second only: %v", err)
		}
		close(opens)
		waiting.Wait()
		if o.opened["EV-0001"] != 1 {
			t.Errorf("it was opened %d times", o.opened["EV-0001"])
		}
	})
}

func TestAStoreThatCouldNotBeOpenedIsTriedAnew(t *testing.T) {
	broken := errors.New("broken")
	failing := true
	o, p := newOpener(time.Now, func(string) (core.Store, error) {
		if failing {
			return nil, broken
		}
		return &shelf{}, nil
	})
	if err := asks(p, t.Context(), "EV-0001-1"); !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
	failing = false
	for range 2 {
		if err := asks(p, t.Context(), "EV-0001-1"); err != nil {
			t.Error(err)
		}
	}
	if o.opened["EV-0001"] != 2 {
		t.Errorf("it was opened %d times", o.opened["EV-0001"])
	}
	if err := asks(p, t.Context(), "root"); core.CodeOf(err) != core.Invalid {
		t.Errorf("an account of no practice: %v", err)
	}
}

func TestStoresThatNobodyAsksAreClosed(t *testing.T) {
	now := time.Date(2019, time.May, 15, 18, 0, 0, 0, time.UTC)
	idle, used := &shelf{}, &shelf{}
	o, p := newOpener(func() time.Time { return now }, func(practice string) (core.Store, error) {
		return map[string]core.Store{"EV-0001": idle, "EV-0002": used}[practice], nil
	})
	err := p.use(t.Context(), "EV-0002-1", func(core.Direct) error {
		if err := asks(p, t.Context(), "EV-0001-1"); err != nil {
			t.Error(err)
		}
		now = now.Add(idleAfter - time.Second)
		p.closeIdle()
		if idle.closed.Load() || p.count() != 2 {
			t.Error("it is closed too soon")
		}
		now = now.Add(time.Second)
		p.closeIdle()
		return nil
	})
	if err != nil || !idle.closed.Load() || used.closed.Load() || p.count() != 1 {
		t.Errorf("%v: not the one that nobody asks is closed: %d are open", err, p.count())
	}
	if err := asks(p, t.Context(), "EV-0001-1"); err == nil || o.opened["EV-0001"] != 2 {
		t.Errorf("it is not opened anew: %v", o.opened)
	}
	p.close()
	if !used.closed.Load() || p.count() != 0 {
		t.Error("at the end it is still open")
	}
}

func TestPathsDoNotChangeWhileItRuns(t *testing.T) {
	for name, change := range map[string]func(*config.Config){
		"store":    func(c *config.Config) { c.Store = "sqlite:///srv/{practice}/tfa.db" },
		"key_file": func(c *config.Config) { c.KeyFile = "/srv/{practice}/tfa.key" },
		"service":  func(c *config.Config) { c.Service = "/srv/tfa.sock" },
	} {
		t.Run(name, func(t *testing.T) {
			p := newPractices(config.Default(), time.Now)
			cfg := config.Default()
			cfg.Mandatory = true
			change(&cfg)
			if err := p.setConfig(cfg); err == nil || p.config().Mandatory {
				t.Errorf("it counts: %v", err)
			}
		})
	}
	p := newPractices(config.Default(), time.Now)
	cfg := config.Default()
	cfg.Mandatory = true
	if err := p.setConfig(cfg); err != nil || !p.config().Mandatory {
		t.Errorf("another rule does not count: %v", err)
	}
}

// One store that is broken or hangs is a matter of its practice; the service is
// well while another answers.
func TestCheckAsksUntilAStoreAnswers(t *testing.T) {
	folder := t.TempDir()
	cfg := config.Default()
	cfg.Store = "sqlite://" + filepath.Join(folder, "{practice}", "tfa.db")
	cfg.KeyFile = filepath.Join(folder, "{practice}", "tfa.key")
	cfg.Identity.Account = "EV-0001-1" // keeps events out of the host's log
	for _, practice := range []string{"EV-0001", "EV-0002"} {
		store, err := stores.Create(t.Context(), cfg, practice, "")
		if err != nil {
			t.Fatal(err)
		}
		store.Close()
	}
	broken := errors.New("broken")
	breaks := func(context.Context) error { return broken }
	hangs := func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }
	for name, tc := range map[string]struct {
		first, second func(context.Context) error
		noKey         bool
		store         error
		keyErr        bool
	}{
		"both answer":            {},
		"one is broken":          {first: breaks},
		"one hangs":              {first: hangs},
		"both are broken":        {first: breaks, second: breaks, store: broken},
		"both hang":              {first: hangs, second: hangs, store: context.DeadlineExceeded},
		"one answers, no key is": {noKey: true, keyErr: true},
	} {
		t.Run(name, synctested(func(t *testing.T) {
			_, p := newOpener(time.Now, func(practice string) (core.Store, error) {
				return &shelf{version: map[string]func(context.Context) error{"EV-0001": tc.first, "EV-0002": tc.second}[practice]}, nil
			})
			p.cfg = cfg
			if tc.noKey {
				p.cfg.KeyFile = filepath.Join(folder, "{practice}", "none.key")
			}
			for _, account := range []string{"EV-0002-1", "EV-0001-1"} {
				p.use(t.Context(), account, func(core.Direct) error { return nil })
			}
			store, key := p.check(t.Context())
			if !errors.Is(store, tc.store) || (key != nil) != tc.keyErr {
				t.Errorf("got %v, %v", store, key)
			}
		}))
	}
}

func TestCheckOfAHostWithoutStores(t *testing.T) {
	folder := t.TempDir()
	t.Run("a host without practices", func(t *testing.T) {
		_, p := newOpener(time.Now, nil)
		p.cfg.Store = "sqlite://" + filepath.Join(folder, "none", "{practice}", "tfa.db")
		if store, key := p.check(t.Context()); store != nil || key != nil {
			t.Errorf("got %v, %v", store, key)
		}
	})
	t.Run("the folder of the stores can't be read", func(t *testing.T) {
		_, p := newOpener(time.Now, nil)
		file := filepath.Join(folder, "file")
		if err := os.WriteFile(file, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		p.cfg.Store = "sqlite://" + filepath.Join(file, "{practice}", "tfa.db")
		if store, _ := p.check(t.Context()); store == nil {
			t.Error("nothing is wrong")
		}
	})
}

// synctested runs a test whose time passes only while it waits.
func synctested(test func(*testing.T)) func(*testing.T) {
	return func(t *testing.T) { synctest.Test(t, test) }
}
