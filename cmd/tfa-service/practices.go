package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"

	"evry.nl/tfa/cmd/internal/config"
	"evry.nl/tfa/cmd/internal/stores"
	"evry.nl/tfa/core"
	"evry.nl/tfa/storage/seal"
)

const (
	// openWithin is how long a store may take to open.
	openWithin = 10 * time.Second
	// idleAfter is how long a store stays open that nobody asks: a host has
	// hundreds of practices, most of them at home in the evening.
	idleAfter = 10 * time.Minute
)

// practices keeps the stores open that were asked for. It is safe for use by
// several goroutines, and a store that is slow to open keeps no other waiting.
type practices struct {
	openStore func(context.Context, config.Config, string) (core.Store, error)
	// timed returns a store whose time is measured.
	timed   func(core.Store, func() time.Time) core.Store
	now     func() time.Time
	opening singleflight.Group

	mu   sync.Mutex
	cfg  config.Config
	open map[string]*opened
}

// opened is a store that is open. What is in it changes under the lock of the
// practices.
type opened struct {
	store core.Store
	users int
	last  time.Time // when it was asked last
}

func newPractices(cfg config.Config, now func() time.Time) *practices {
	return &practices{
		openStore: stores.Open, timed: func(s core.Store, _ func() time.Time) core.Store { return s },
		now: now, cfg: cfg, open: map[string]*opened{},
	}
}

// of returns the practice of an account.
func (p *practices) of(account string) (string, error) {
	cfg := p.config()
	return cfg.Rules().PracticeOf(account)
}

// use runs act with the use cases on the practice of an account. The store
// stays open meanwhile.
func (p *practices) use(ctx context.Context, account string, act func(core.Direct) error) error {
	cfg := p.config()
	rules := cfg.Rules()
	practice, err := rules.PracticeOf(account)
	if err != nil {
		return err
	}
	o, err := p.take(ctx, cfg, practice)
	if err != nil {
		return err
	}
	defer p.release(o)
	return act(core.Direct{Store: o.store, Rules: rules, Now: p.now})
}

// take returns a store and counts a user of it. Those who want the same one at
// once open it once; who comes after it could not be opened tries anew.
func (p *practices) take(ctx context.Context, cfg config.Config, practice string) (*opened, error) {
	for {
		p.mu.Lock()
		o, found := p.open[practice]
		if found {
			o.users++
		}
		p.mu.Unlock()
		if found {
			return o, nil
		}
		select {
		case done := <-p.opening.DoChan(practice, func() (any, error) { return nil, p.add(cfg, practice) }):
			if done.Err != nil {
				return nil, done.Err
			}
		case <-ctx.Done():
			return nil, fmt.Errorf("opening store: %w", ctx.Err())
		}
	}
}

// add opens a store. It is for all who wait for it, so none of them ends it.
func (p *practices) add(cfg config.Config, practice string) error {
	p.mu.Lock()
	_, found := p.open[practice]
	p.mu.Unlock()
	if found {
		return nil // another has, after the caller had looked
	}
	ctx, cancel := context.WithTimeout(context.Background(), openWithin)
	defer cancel()
	store, err := p.openStore(ctx, cfg, practice)
	if err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.open[practice] = &opened{store: p.timed(store, p.now), last: p.now()}
	return nil
}

func (p *practices) release(o *opened) {
	p.mu.Lock()
	defer p.mu.Unlock()
	o.users--
	o.last = p.now()
}

// closeIdle closes the stores that nobody has asked for a while.
func (p *practices) closeIdle() {
	var idle []core.Store
	p.mu.Lock()
	for practice, o := range p.open {
		if o.users == 0 && p.now().Sub(o.last) >= idleAfter {
			idle = append(idle, o.store)
			delete(p.open, practice)
		}
	}
	p.mu.Unlock()
	for _, store := range idle {
		store.Close()
	}
}

const (
	// tried is how many stores are asked until one answers.
	tried = 3
	// answersWithin is how long one may take.
	answersWithin = 2 * time.Second
)

// check asks the stores that were used last, or the first of the host, whether
// they can be read, and one of their keys. All is well if one answers: what is
// wrong with a single practice is its own. Without practices there is nothing
// that could be wrong.
func (p *practices) check(ctx context.Context) (store, key error) {
	cfg := p.config()
	names := p.lastUsed()
	if len(names) == 0 {
		all, err := stores.Practices(cfg)
		if err != nil {
			return err, nil
		}
		names = all
	}
	for _, practice := range names[:min(tried, len(names))] {
		if _, key = seal.KeyFile(cfg.KeyPath(practice)).Keys(); key == nil {
			store = p.answers(ctx, cfg, practice)
		}
		if key == nil && store == nil {
			return nil, nil
		}
	}
	return store, key
}

func (p *practices) answers(ctx context.Context, cfg config.Config, practice string) error {
	ctx, cancel := context.WithTimeout(ctx, answersWithin)
	defer cancel()
	o, err := p.take(ctx, cfg, practice)
	if err != nil {
		return err
	}
	defer p.release(o)
	_, err = o.store.Version(ctx)
	return err
}

// lastUsed returns the practices whose stores are open, the last used first.
func (p *practices) lastUsed() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.SortedFunc(maps.Keys(p.open), func(a, b string) int { return p.open[b].last.Compare(p.open[a].last) })
}

func (p *practices) count() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.open)
}

func (p *practices) config() config.Config {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.cfg
}

// errPaths is about what people who are connected now depend on.
var errPaths = errors.New("store, key_file and service can't change while the service runs: stop it, move the files, and start it")

// setConfig has another configuration count from now on, unless it says that
// things are elsewhere.
func (p *practices) setConfig(cfg config.Config) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if cfg.Store != p.cfg.Store || cfg.KeyFile != p.cfg.KeyFile || cfg.Service != p.cfg.Service {
		return errPaths
	}
	p.cfg = cfg
	return nil
}

func (p *practices) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, o := range p.open {
		o.store.Close()
	}
	clear(p.open)
}
