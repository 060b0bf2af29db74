package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"evry.nl/tfa/cmd/internal/clock"
	"evry.nl/tfa/cmd/internal/config"
	"evry.nl/tfa/cmd/internal/service"
	"evry.nl/tfa/cmd/internal/sessions"
	"evry.nl/tfa/core"
)

const (
	// grace is what a session gets beyond the gate's own timeout.
	grace = time.Minute
	// leaving is how long a session may take to end after PAM has closed it.
	leaving = 10 * time.Second
)

// start runs the service until it gets a signal to end.
func start(o options, log *slog.Logger) error {
	if os.Geteuid() != 0 {
		return errors.New("tfa-service runs as root: start it by systemd")
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	hangUps := make(chan os.Signal, 1)
	signal.Notify(hangUps, syscall.SIGHUP)
	reload := make(chan struct{})
	go func() {
		for range hangUps {
			reload <- struct{}{}
		}
	}()
	return run(ctx, o, log, reload)
}

// openHost finds the sessions that run, guards them, and opens the socket.
func openHost(o options, cfg config.Config, log *slog.Logger, p *practices) (host, error) {
	folder := filepath.Dir(cfg.Service)
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return host{}, fmt.Errorf("making the folder of the socket: %w", err)
	}
	registry, err := sessions.Open(o.group, filepath.Join(folder, "sessions"), clock.Now)
	if err != nil {
		return host{}, fmt.Errorf("finding the sessions of this host: %w", err)
	}
	registry.SetGrace(cfg.ReconnectGrace)
	accounts := service.NewAccounts(cfg.Rules(), clock.Now)
	watch := sessions.Watch{
		Registry: registry, Accounts: accounts, Policy: sessions.DefaultPolicy(), Limit: cfg.Timeout + grace, Leaving: leaving,
		Report: func(e sessions.Ended) { report(log, p, e) },
	}
	guard, err := sessions.NewGuard(watch)
	if err != nil {
		return host{}, err
	}
	listener, err := listen(cfg.Service)
	if err != nil {
		guard.Close()
		return host{}, err
	}
	return host{
		listener: listener,
		connected: func(ctx context.Context, conn net.Conn) context.Context {
			return service.WithPeer(ctx, conn, registry)
		},
		caller: func(ctx context.Context, terminal string) (service.Caller, error) {
			return service.Callers(ctx, accounts, terminal)
		},
		add: func(mux *http.ServeMux, h service.Handler) {
			service.PAM{Registry: registry, Accounts: accounts}.Serve(mux, h)
		},
		look:  func() error { return errors.Join(watch.Look(), guard.Mark()) },
		guard: guard.Run,
		setRules: func(cfg config.Config) {
			accounts.SetRules(cfg.Rules())
			registry.SetGrace(cfg.ReconnectGrace)
		},
		close: func() { guard.Close() },
	}, nil
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

// listen opens the socket to everybody: who asks is not decided by who may
// connect.
func listen(path string) (net.Listener, error) {
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("removing the socket of a service that was: %w", err)
	}
	listener, err := net.Listen("unix", path)
	if err != nil {
		return nil, fmt.Errorf("opening the socket: %w", err)
	}
	if err := os.Chmod(path, 0o666); err != nil {
		return nil, fmt.Errorf("opening the socket: %w", err)
	}
	return listener, nil
}
