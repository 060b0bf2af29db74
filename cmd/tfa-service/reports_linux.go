package main

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"sync"
	"time"

	"evry.nl/tfa/cmd/internal/sessions"
	"evry.nl/tfa/core"
)

const (
	// reporters is how many reports are written at once: one store that hangs
	// keeps no other's waiting.
	reporters = 8
	// reportsWaiting is how many may wait. More are in the host's log alone.
	reportsWaiting = 4096
	// reportWithin is how long one may take.
	reportWithin = 20 * time.Second
)

// reports are written down aside: whoever ends a session does not wait for a
// store.
type reports struct {
	log       *slog.Logger
	practices *practices
	metrics   *metrics
	waiting   chan sessions.Ended
	done      sync.WaitGroup

	mu     sync.Mutex
	closed bool
}

func newReports(p parts) *reports {
	r := &reports{log: p.log, practices: p.practices, metrics: p.metrics, waiting: make(chan sessions.Ended, reportsWaiting)}
	for range reporters {
		r.done.Go(func() {
			for e := range r.waiting {
				r.write(e)
			}
		})
	}
	return r
}

// add notes what was ended: at once in the host's log, soon in the practice's.
func (r *reports) add(e sessions.Ended) {
	r.log.Warn("ended", "account", e.Account, "program", e.Program, "from", e.From, "why", string(e.Why))
	r.metrics.hasEnded(string(e.Why))
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return
	}
	select {
	case r.waiting <- e:
	default:
		r.log.Error("writing down what was ended", "account", e.Account, "error", "too many wait")
	}
}

func (r *reports) write(e sessions.Ended) {
	actor := core.Actor{Account: e.Account}
	if actor.Server, _ = os.Hostname(); e.Session != nil {
		actor.Session, actor.Client = e.Session.Terminal, e.Session.From()
	}
	ctx, cancel := context.WithTimeout(context.Background(), reportWithin)
	defer cancel()
	err := r.practices.use(ctx, e.Account, func(d core.Direct) error {
		return core.Gate{Direct: d}.EndedSession(ctx, actor, string(e.Why))
	})
	if err != nil {
		r.log.Error("writing down what was ended", "account", e.Account, "error", err)
	}
}

// close waits until all is written.
func (r *reports) close() {
	r.mu.Lock()
	r.closed = true
	close(r.waiting)
	r.mu.Unlock()
	r.done.Wait()
}

// undecidedFor is how long a program may wait for the guard. While one does, so
// may all others.
const undecidedFor = 5 * time.Second

// pending are the decisions that the guard has not made yet.
type pending struct {
	now     func() time.Time
	decided func(allowed bool, took time.Duration)

	mu    sync.Mutex
	next  int
	begun map[int]time.Time
}

// begin notes that a decision has begun, and returns what notes its end.
func (p *pending) begin() func(allowed bool) {
	begun := p.now()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.next++
	number := p.next
	p.begun[number] = begun
	return func(allowed bool) {
		p.decided(allowed, p.now().Sub(begun))
		p.mu.Lock()
		defer p.mu.Unlock()
		delete(p.begun, number)
	}
}

// err is that a decision takes too long.
func (p *pending) err() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, begun := range p.begun {
		if p.now().Sub(begun) > undecidedFor {
			return errors.New("the guard does not decide")
		}
	}
	return nil
}
