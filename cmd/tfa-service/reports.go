package main

import (
	"context"
	"log/slog"
	"os"
	"sync"
	"time"

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

// ended is a session, or a process outside of all, that was ended.
type ended struct {
	account, session, client string
	// program is what ran, or was refused to start; from is who wanted to.
	from, program string
	why           string
	// isHosts keeps it out of the practice's log: nobody there has to do with it.
	isHosts bool
}

// reports are written down aside: whoever ends a session does not wait for a
// store.
type reports struct {
	log       *slog.Logger
	practices *practices
	metrics   *metrics
	waiting   chan ended
	done      sync.WaitGroup

	mu     sync.Mutex
	closed bool
}

func newReports(p parts) *reports {
	r := &reports{log: p.log, practices: p.practices, metrics: p.metrics, waiting: make(chan ended, reportsWaiting)}
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
func (r *reports) add(e ended) {
	r.log.Warn("ended", "account", e.account, "program", e.program, "from", e.from, "why", e.why)
	r.metrics.hasEnded(e.why)
	if e.isHosts {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return
	}
	select {
	case r.waiting <- e:
	default:
		r.log.Error("writing down what was ended", "account", e.account, "error", "too many wait")
	}
}

func (r *reports) write(e ended) {
	actor := core.Actor{Account: e.account, Session: e.session, Client: e.client}
	actor.Server, _ = os.Hostname()
	ctx, cancel := context.WithTimeout(context.Background(), reportWithin)
	defer cancel()
	err := r.practices.use(ctx, e.account, func(d core.Direct) error {
		return core.Gate{Direct: d}.EndedSession(ctx, actor, e.why)
	})
	if err != nil {
		r.log.Error("writing down what was ended", "account", e.account, "error", err)
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
