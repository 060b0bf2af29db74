package main

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"evry.nl/tfa/cmd/internal/clock"
	"evry.nl/tfa/cmd/internal/config"
	"evry.nl/tfa/cmd/internal/service"
	"evry.nl/tfa/core"
)

const (
	// between two looks at what runs; the guard has seen to most of it.
	between = 250 * time.Millisecond
	// checkEvery is how often a store and its key are looked at.
	checkEvery = 5 * time.Second
	// stopWithin is how long answers that have begun may take when it ends.
	stopWithin = 5 * time.Second
	// connections of one account, of all sessions that it has, and of all.
	connectionsEach, connectionsAll = 64, 8192
)

// host is what the operating system does for the service. openHost makes it.
type host struct {
	listener net.Listener
	// owner tells whose a connection is; see service.Connections.
	owner func(net.Conn) (owner string, counted bool, err error)
	// connected returns a context that says who is at the other end.
	connected func(context.Context, net.Conn) context.Context
	// caller tells who asks, and standing what it may learn of the service, from
	// such a context.
	caller   func(ctx context.Context, claim service.Claim) (service.Caller, error)
	standing func(context.Context) service.Standing
	// add adds what only this system asks.
	add func(*http.ServeMux, service.Handler)
	// look looks once at what runs, and ends what goes round the gate.
	look func() error
	// guard decides about what starts, until close; guardErr is what is wrong with
	// it.
	guard    func() error
	guardErr func() error
	// count returns how many sessions stand at the gate, and how many have passed.
	count func() (atGate, passed int)
	// setRules has other rules count from now on.
	setRules func(config.Config)
	close    func()
}

// state is what the service tells whoever has started it.
type state int

const (
	ready     state = iota
	reloading       // until it is ready again
	alive           // it does its work; said again and again
	stopping
)

// parts are what a service is made of.
type parts struct {
	host
	practices *practices
	metrics   *metrics
	health    *service.Health
	server    *http.Server
	log       *slog.Logger
	file      string // of the configuration
	tell      func(state)
}

// run serves until ctx ends. It reads its configuration anew for every value
// that comes from reload, and tells how it does.
func run(ctx context.Context, o options, log *slog.Logger, reload <-chan struct{}, tell func(state)) error {
	cfg, err := config.Load(o.config)
	switch {
	case err != nil:
		return err
	case cfg.Service == "":
		return errors.New("the configuration names no service: set service to the path of its socket")
	}
	p := parts{
		practices: newPractices(cfg, clock.Now), metrics: newMetrics(),
		health: service.NewHealth(clock.Now, partSessions, partGuard, partStore, partKey),
		log:    log, file: o.config, tell: tell,
	}
	p.practices.timed = p.metrics.timed
	defer p.practices.close()
	if p.host, err = openHost(o, cfg, p); err != nil {
		return err
	}
	defer p.close()
	p.serveOn()
	return p.serve(ctx, reload)
}

// serveOn makes the server.
func (p *parts) serveOn() {
	limits := service.NewLimits(service.DefaultBounds(), clock.Now)
	connections := &service.Connections{
		Listener: p.listener, Owner: p.owner, Each: connectionsEach, All: connectionsAll,
		Refused: func() { p.metrics.Overloaded("connections") },
	}
	p.listener = connections
	handler := service.Handler{
		Caller: p.caller, Limits: limits, Observer: p.metrics, Now: clock.Now, Log: p.log,
		Use: func(ctx context.Context, account string, act func(core.Direct) error) error {
			practice, err := p.practices.of(account)
			if err != nil {
				return err
			}
			return limits.Work(ctx, practice, func() error { return p.practices.use(ctx, account, act) })
		},
	}
	mux := handler.ServeMux()
	p.add(mux, handler)
	service.ServeObservers(mux, p.standing, p.health, p.metrics)
	p.metrics.gauge("tfa_connections", "Connections that are open, but the administrator's.", nil, func() float64 { return float64(connections.Open()) })
	p.metrics.gauge("tfa_stores_open", "Stores that are open.", nil, func() float64 { return float64(p.practices.count()) })
	const sessions, help = "tfa_sessions", "Sessions that run."
	p.metrics.gauge(sessions, help, prometheus.Labels{"state": "at_gate"}, func() float64 { n, _ := p.count(); return float64(n) })
	p.metrics.gauge(sessions, help, prometheus.Labels{"state": "passed"}, func() float64 { _, n := p.count(); return float64(n) })
	p.server = service.NewServer(mux, p.connected, p.log)
}

// serve runs until ctx ends or a part of it fails.
func (p *parts) serve(ctx context.Context, reload <-chan struct{}) error {
	failed := make(chan error, 2)
	go func() { failed <- p.guard() }()
	go func() { failed <- p.server.Serve(p.listener) }()
	checking, stopChecking := context.WithCancel(ctx)
	defer stopChecking()
	go p.check(checking)
	looks := time.NewTicker(between)
	defer looks.Stop()
	p.log.Info("ready", "socket", p.listener.Addr().String())
	p.tell(ready)
	for {
		select {
		case <-looks.C:
			p.lookOnce()
		case <-reload:
			p.reload()
		case err := <-failed:
			return err
		case <-ctx.Done():
			p.tell(stopping)
			ctx, cancel := context.WithTimeout(context.Background(), stopWithin)
			defer cancel()
			return p.server.Shutdown(ctx)
		}
	}
}

// The parts whose health is known.
const (
	partSessions = "sessions"
	partGuard    = "guard"
	partStore    = "store"
	partKey      = "key"
)

// lookOnce looks at what runs, and says that the service is alive if that and
// the stores do not hang. What is wrong but answers is not cured by starting
// anew.
func (p *parts) lookOnce() {
	err := p.look()
	if err != nil {
		p.log.Error("looking at what runs", "error", err)
	}
	p.health.Seen(partSessions, checkEvery, err)
	guardErr := p.guardErr()
	p.health.Seen(partGuard, checkEvery, guardErr)
	if err == nil && guardErr == nil && p.health.Fresh(partStore) {
		p.tell(alive)
	}
}

// check looks at a store and its key again and again, and closes the stores that
// nobody asks.
func (p *parts) check(ctx context.Context) {
	again := time.NewTicker(checkEvery)
	defer again.Stop()
	for {
		store, key := p.practices.check(ctx)
		if !errors.Is(store, context.DeadlineExceeded) { // else it was not seen to answer
			p.health.Seen(partStore, 3*checkEvery, store)
		}
		p.health.Seen(partKey, 3*checkEvery, key)
		p.practices.closeIdle()
		select {
		case <-again.C:
		case <-ctx.Done():
			return
		}
	}
}

// reload reads the configuration anew. One that can't count now changes nothing.
func (p *parts) reload() {
	p.tell(reloading)
	defer p.tell(ready)
	cfg, err := config.Load(p.file)
	if err == nil {
		err = p.practices.setConfig(cfg)
	}
	if err != nil {
		p.log.Error("the configuration stays as it was", "error", err)
		return
	}
	p.setRules(cfg)
	p.log.Info("configuration read")
}
