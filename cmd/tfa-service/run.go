//go:build linux

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
)

const (
	// between two looks at what runs; the guard has seen to most of it.
	between = 250 * time.Millisecond
	// grace is what a session gets beyond the gate's own timeout.
	grace = time.Minute
	// leaving is how long a session may take to end after PAM has closed it.
	leaving = 10 * time.Second
	// stopWithin is how long answers that have begun may take when it ends.
	stopWithin = 5 * time.Second
)

type options struct{ config, group string }

// run serves until ctx ends.
func run(ctx context.Context, o options, log *slog.Logger) error {
	cfg, err := config.Load(o.config)
	switch {
	case err != nil:
		return err
	case cfg.Service == "":
		return errors.New("the configuration names no service: set service to the path of its socket")
	case os.Geteuid() != 0:
		return errors.New("tfa-service runs as root: start it by systemd")
	}
	folder := filepath.Dir(cfg.Service)
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return fmt.Errorf("making the folder of the socket: %w", err)
	}
	registry, err := sessions.Open(o.group, filepath.Join(folder, "sessions"), clock.Now)
	if err != nil {
		return fmt.Errorf("finding the sessions of this host: %w", err)
	}
	registry.SetGrace(cfg.ReconnectGrace)
	accounts := service.NewAccounts(cfg.Rules(), clock.Now)
	practices := newPractices(cfg)
	defer practices.close()
	watch := sessions.Watch{
		Registry: registry, Accounts: accounts, Policy: sessions.DefaultPolicy(), Limit: cfg.Timeout + grace, Leaving: leaving,
		Report: func(e sessions.Ended) { report(log, practices, e) },
	}
	guard, err := sessions.NewGuard(watch)
	if err != nil {
		return err
	}
	handler := service.Handler{
		Caller: func(ctx context.Context, terminal string) (service.Caller, error) {
			return service.Callers(ctx, accounts, terminal)
		},
		Direct: practices.direct, Log: log,
	}
	mux := handler.ServeMux()
	service.PAM{Registry: registry, Accounts: accounts}.Serve(mux, handler)
	listener, err := listen(cfg.Service)
	if err != nil {
		return err
	}
	server := &http.Server{
		Handler: mux, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 5 * time.Second, WriteTimeout: 30 * time.Second,
		IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 8 << 10, ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelInfo),
		ConnContext: func(ctx context.Context, conn net.Conn) context.Context {
			return service.WithPeer(ctx, conn, registry)
		},
	}
	return serve(ctx, log, parts{server, listener, guard, watch, func() {
		if again, err := config.Load(o.config); err != nil {
			log.Error("the configuration stays as it was", "error", err)
		} else {
			accounts.SetRules(again.Rules())
			registry.SetGrace(again.ReconnectGrace)
			practices.setConfig(again)
			log.Info("configuration read")
		}
	}})
}

// parts are what runs.
type parts struct {
	server   *http.Server
	listener net.Listener
	guard    *sessions.Guard
	watch    sessions.Watch
	reload   func()
}

// serve runs the parts until ctx ends or one of them fails.
func serve(ctx context.Context, log *slog.Logger, p parts) error {
	failed := make(chan error, 2)
	go func() { failed <- p.guard.Run() }()
	go func() { failed <- p.server.Serve(p.listener) }()
	defer p.guard.Close()
	hangUps := make(chan os.Signal, 1)
	signal.Notify(hangUps, syscall.SIGHUP)
	again := time.NewTicker(between)
	defer again.Stop()
	log.Info("ready", "socket", p.listener.Addr().String())
	for {
		select {
		case <-again.C:
			if err := errors.Join(p.watch.Look(), p.guard.Mark()); err != nil {
				log.Error("looking at what runs", "error", err)
			}
		case <-hangUps:
			p.reload()
		case err := <-failed:
			return err
		case <-ctx.Done():
			ctx, cancel := context.WithTimeout(context.Background(), stopWithin)
			defer cancel()
			return p.server.Shutdown(ctx)
		}
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
