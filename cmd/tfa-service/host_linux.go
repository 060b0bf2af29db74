package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/coreos/go-systemd/v22/activation"
	"github.com/coreos/go-systemd/v22/daemon"

	"evry.nl/tfa/cmd/internal/clock"
	"evry.nl/tfa/cmd/internal/config"
	"evry.nl/tfa/cmd/internal/service"
	"evry.nl/tfa/cmd/internal/sessions"
)

const (
	// grace is what a session gets beyond the gate's own timeout.
	grace = time.Minute
	// leaving is how long a session may take to end after PAM has closed it.
	leaving = 10 * time.Second
)

// hostOptions are what only Linux is told.
type hostOptions struct{ group string }

func (o *hostOptions) define(flags *flag.FlagSet) {
	flags.StringVar(&o.group, "group", "/tfa", "`name` of the control group that holds the sessions")
}

// start runs the service until it gets a signal to end.
func start(o options, log *slog.Logger) error {
	if o.verb != "" {
		return fmt.Errorf("unexpected argument %q", o.verb)
	}
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
	return run(ctx, o, log, reload, tellSystemd)
}

// tellSystemd tells how the service does, if systemd has started it.
func tellSystemd(s state) {
	message := map[state]string{
		ready: daemon.SdNotifyReady, reloading: daemon.SdNotifyReloading, alive: daemon.SdNotifyWatchdog, stopping: daemon.SdNotifyStopping,
	}[s]
	daemon.SdNotify(false, message)
}

// openHost finds the sessions that run, guards them, and opens the socket.
func openHost(o options, cfg config.Config, p parts) (host, error) {
	folder := filepath.Dir(cfg.Service)
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return host{}, fmt.Errorf("making the folder of the socket: %w", err)
	}
	registry, err := sessions.Open(o.group, filepath.Join(folder, "sessions"), clock.Now)
	if err != nil {
		return host{}, fmt.Errorf("finding the sessions of this host: %w", err)
	}
	registry.SetGrace(cfg.ReconnectGrace)
	accounts, passes := service.NewAccounts(cfg.Rules(), clock.Now), service.NewPasses(clock.Now)
	reports := newReports(p)
	pending := &pending{now: clock.Now, begun: map[int]time.Time{}, decided: p.metrics.guardHasDecided}
	watch := sessions.Watch{
		Registry: registry, Accounts: accounts, Policy: sessions.DefaultPolicy(), Limit: cfg.Timeout + grace, Leaving: leaving,
		Report: func(e sessions.Ended) { reports.add(endedOf(e)) }, Deciding: pending.begin,
	}
	guard, err := sessions.NewGuard(watch)
	if err != nil {
		return host{}, err
	}
	// What began while nobody watched is ended before anybody is answered.
	if err := watch.Look(); err != nil {
		guard.Close()
		return host{}, err
	}
	listener, err := listen(cfg.Service)
	if err != nil {
		guard.Close()
		return host{}, err
	}
	return host{
		listener: listener, owner: service.Owner,
		connected: func(ctx context.Context, conn net.Conn) context.Context {
			return service.WithPeer(ctx, conn, registry)
		},
		caller: func(ctx context.Context, claim service.Claim) (service.Caller, error) {
			return service.Callers(ctx, accounts, passes, claim)
		},
		standing: func(ctx context.Context) service.Standing { return service.StandingOf(ctx, accounts) },
		add: func(mux *http.ServeMux, h service.Handler) {
			service.PAM{Registry: registry, Accounts: accounts, Passes: passes}.Serve(mux, h)
		},
		look:  func() error { return errors.Join(watch.Look(), guard.Mark()) },
		guard: guard.Run, guardErr: pending.err,
		count: func() (int, int) { return count(registry) },
		setRules: func(cfg config.Config) {
			accounts.SetRules(cfg.Rules())
			registry.SetGrace(cfg.ReconnectGrace)
		},
		close: func() { guard.Close(); reports.close() },
	}, nil
}

func endedOf(e sessions.Ended) ended {
	one := ended{account: e.Account, from: e.From, program: e.Program, why: string(e.Why)}
	if e.Session != nil {
		one.session, one.client = e.Session.Terminal, e.Session.From()
	}
	return one
}

func count(registry *sessions.Registry) (atGate, passed int) {
	running, err := registry.Sessions()
	if err != nil {
		return 0, 0 // the look at what runs says so
	}
	for _, s := range running {
		if s.Passed() {
			passed++
		} else {
			atGate++
		}
	}
	return atGate, passed
}

// listen returns the socket that systemd holds for the service, so that nobody
// is refused while it is started anew, or else opens it. It is open to everybody:
// who asks is not decided by who may connect.
func listen(path string) (net.Listener, error) {
	given, err := activation.Listeners()
	if err != nil {
		return nil, fmt.Errorf("taking the socket from systemd: %w", err)
	}
	if len(given) > 0 {
		if len(given) > 1 || given[0] == nil || given[0].Addr().String() != path {
			return nil, fmt.Errorf("tfa-service.socket does not listen on %s alone, which the configuration names as service", path)
		}
		return given[0], nil
	}
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
