package service

import (
	"bytes"
	"context"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"evry.nl/tfa/cmd/internal/clock"
	"evry.nl/tfa/cmd/internal/config"
	"evry.nl/tfa/cmd/internal/stores"
	"evry.nl/tfa/core"
	"evry.nl/tfa/core/otp"
)

const (
	practiceName = "EV-0000"
	accountName  = practiceName + "-1"
)

// world is a service on a real socket, with a real practice whose transition is
// over. Who asks is its one account, in its one session.
type world struct {
	unwatched
	t       testing.TB
	socket  string
	secret  otp.Secret
	direct  core.Direct
	handler Handler
	mux     *http.ServeMux
	log     lines
	counted counted

	mu     sync.Mutex
	passes int // how often the session was let through
}

// Passed and Pass make the world the session.
func (w *world) Passed() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.passes > 0
}

func (w *world) Pass() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.passes++
	return nil
}

// lines is a log that a test can read.
type lines struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *lines) Write(line []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(line)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// counted is what an Observer was told.
type counted struct {
	mu       sync.Mutex
	verdicts map[string]int
	over     map[string]int
	codes    map[core.Code]int
	answers  map[string]int
}

func (c *counted) Answered(operation string, _ time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.answers[operation]++
}

func (c *counted) Decided(v core.Verdict) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.verdicts[string(v.By)+string(v.Reason)]++
}

func (c *counted) Failed(code core.Code) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.codes[code]++
}

func (c *counted) Overloaded(limit string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.over[limit]++
}

func newWorld(t testing.TB, bounds Bounds) *world {
	t.Helper()
	w := &world{t: t, socket: filepath.Join(t.TempDir(), "s")}
	w.counted = counted{verdicts: map[string]int{}, over: map[string]int{}, codes: map[core.Code]int{}, answers: map[string]int{}}
	w.makePractice()
	limits := NewLimits(bounds, clock.Now)
	w.handler = Handler{
		Caller: func(context.Context, Claim) (Caller, error) {
			return Caller{Actor: core.Actor{Account: accountName, Session: "xrdp", Client: "192.0.2.7"}, Session: w}, nil
		},
		Use: func(ctx context.Context, account string, act func(core.Direct) error) error {
			return limits.Work(ctx, practiceName, func() error { return act(w.direct) })
		},
		Limits: limits, Observer: &w.counted, Now: clock.Now,
		Log: slog.New(slog.NewTextHandler(&w.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	}
	w.mux = w.handler.ServeMux()
	return w
}

// makePractice makes a practice that switched on a month ago, and enrols its
// account.
func (w *world) makePractice() {
	w.t.Helper()
	folder := w.t.TempDir()
	must(w.t, os.Chmod(folder, 0o700))
	cfg := config.Default()
	cfg.Store = "sqlite://" + filepath.Join(folder, "{practice}", "tfa.db")
	cfg.KeyFile = filepath.Join(folder, "{practice}", "tfa.key")
	cfg.Identity.Account = accountName // keeps events out of the host's log
	store, err := stores.Create(w.t.Context(), cfg, practiceName, "")
	must(w.t, err)
	w.t.Cleanup(func() { store.Close() })
	before := clock.Now().Add(-30 * 24 * time.Hour)
	w.direct = core.Direct{Store: store, Rules: cfg.Rules(), Now: func() time.Time { return before }}
	gate, actor := core.Gate{Direct: w.direct}, core.Actor{Account: accountName}
	_, err = gate.SwitchOn(w.t.Context(), actor)
	must(w.t, err)
	prompt, err := gate.Prompt(w.t.Context(), actor)
	must(w.t, err)
	w.secret = prompt.Secret
	code, err := otp.Code(w.secret, otp.StepAt(before))
	must(w.t, err)
	v, err := gate.Verify(w.t.Context(), actor, code)
	must(w.t, err)
	if !v.Granted {
		w.t.Fatalf("the account is not enrolled: %+v", v)
	}
	w.direct.Now = clock.Now
}

// serve serves on the socket until the test ends.
func (w *world) serve(more ...func(*http.ServeMux)) *http.Server {
	w.t.Helper()
	for _, add := range more {
		add(w.mux)
	}
	listener, err := net.Listen("unix", w.socket)
	must(w.t, err)
	server := NewServer(w.mux, func(ctx context.Context, _ net.Conn) context.Context { return ctx }, w.handler.Log)
	var done sync.WaitGroup
	done.Go(func() { server.Serve(listener) })
	w.t.Cleanup(func() { server.Close(); done.Wait() })
	return server
}

func (w *world) gate() Gate { return Gate{Client: NewClient(w.socket)} }

// code returns one that is right now.
func (w *world) code() string {
	w.t.Helper()
	code, err := otp.Code(w.secret, otp.StepAt(clock.Now()))
	must(w.t, err)
	return code
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (w *world) actor() core.Actor { return core.Actor{Account: accountName, Session: ":10"} }
