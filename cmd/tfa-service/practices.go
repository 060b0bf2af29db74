//go:build linux

package main

import (
	"context"
	"log/slog"
	"os"
	"sync"

	"evry.nl/tfa/cmd/internal/clock"
	"evry.nl/tfa/cmd/internal/config"
	"evry.nl/tfa/cmd/internal/sessions"
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

// report writes down what was ended: in the host's log, and in the practice's.
func report(log *slog.Logger, p *practices, e sessions.Ended) {
	log.Warn("ended", "account", e.Account, "program", e.Program, "from", e.From, "why", string(e.Why))
	actor := core.Actor{Account: e.Account}
	if actor.Server, _ = os.Hostname(); e.Session != nil {
		actor.Session, actor.Client = e.Session.Terminal, e.Session.From()
	}
	ctx := context.Background()
	direct, err := p.direct(ctx, e.Account)
	if err == nil {
		err = core.Gate{Direct: direct}.EndedSession(ctx, actor, string(e.Why))
	}
	if err != nil {
		log.Error("writing down what was ended", "account", e.Account, "error", err)
	}
}
