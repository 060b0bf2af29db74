package main

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"time"

	"evry.nl/tfa/cmd/internal/config"
	"evry.nl/tfa/cmd/internal/service"
)

const (
	// between two looks at what runs; the guard has seen to most of it.
	between = 250 * time.Millisecond
	// stopWithin is how long answers that have begun may take when it ends.
	stopWithin = 5 * time.Second
)

// host is what the operating system does for the service. openHost makes it.
type host struct {
	listener net.Listener
	// connected returns a context that says who is at the other end.
	connected func(context.Context, net.Conn) context.Context
	// caller tells who asks, from such a context.
	caller func(ctx context.Context, terminal string) (service.Caller, error)
	// add adds what only this system asks.
	add func(*http.ServeMux, service.Handler)
	// look looks once at what runs, and ends what goes round the gate.
	look func() error
	// guard decides about what starts, until close.
	guard func() error
	// setRules has other rules count from now on.
	setRules func(config.Config)
	close    func()
}

// run serves until ctx ends. It reads its configuration anew for every value
// that comes from reload.
func run(ctx context.Context, o options, log *slog.Logger, reload <-chan struct{}) error {
	cfg, err := config.Load(o.config)
	switch {
	case err != nil:
		return err
	case cfg.Service == "":
		return errors.New("the configuration names no service: set service to the path of its socket")
	}
	practices := newPractices(cfg)
	defer practices.close()
	h, err := openHost(o, cfg, log, practices)
	if err != nil {
		return err
	}
	defer h.close()
	handler := service.Handler{Caller: h.caller, Direct: practices.direct, Log: log}
	mux := handler.ServeMux()
	h.add(mux, handler)
	server := &http.Server{
		Handler: mux, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 5 * time.Second, WriteTimeout: 30 * time.Second,
		IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 8 << 10, ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelInfo),
		ConnContext: h.connected,
	}
	again := func() {
		cfg, err := config.Load(o.config)
		if err != nil {
			log.Error("the configuration stays as it was", "error", err)
			return
		}
		h.setRules(cfg)
		practices.setConfig(cfg)
		log.Info("configuration read")
	}
	return serve(ctx, log, h, server, reload, again)
}

// serve runs until ctx ends or a part of it fails.
func serve(ctx context.Context, log *slog.Logger, h host, server *http.Server, reload <-chan struct{}, again func()) error {
	failed := make(chan error, 2)
	go func() { failed <- h.guard() }()
	go func() { failed <- server.Serve(h.listener) }()
	looks := time.NewTicker(between)
	defer looks.Stop()
	log.Info("ready", "socket", h.listener.Addr().String())
	for {
		select {
		case <-looks.C:
			if err := h.look(); err != nil {
				log.Error("looking at what runs", "error", err)
			}
		case <-reload:
			again()
		case err := <-failed:
			return err
		case <-ctx.Done():
			ctx, cancel := context.WithTimeout(context.Background(), stopWithin)
			defer cancel()
			return server.Shutdown(ctx)
		}
	}
}
