package main

import (
	"context"
	"sync"

	"evry.nl/tfa/cmd/internal/clock"
	"evry.nl/tfa/cmd/internal/config"
	"evry.nl/tfa/cmd/internal/stores"
	"evry.nl/tfa/core"
)

// practices keeps the stores open that were asked for.
type practices struct {
	mu     sync.Mutex
	cfg    config.Config
	stores map[string]core.Store
}

func newPractices(cfg config.Config) *practices {
	return &practices{cfg: cfg, stores: map[string]core.Store{}}
}

// direct returns the use cases on the practice of an account.
func (p *practices) direct(ctx context.Context, account string) (core.Direct, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	rules := p.cfg.Rules()
	practice, err := rules.PracticeOf(account)
	if err != nil {
		return core.Direct{}, err
	}
	store, open := p.stores[practice]
	if !open {
		if store, err = stores.Open(ctx, p.cfg, practice); err != nil {
			return core.Direct{}, err
		}
		p.stores[practice] = store
	}
	return core.Direct{Store: store, Rules: rules, Now: clock.Now}, nil
}

func (p *practices) setConfig(cfg config.Config) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.cfg = cfg
}

func (p *practices) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, store := range p.stores {
		store.Close()
	}
}
