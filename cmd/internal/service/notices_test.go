package service

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"reflect"
	"testing"

	"evry.nl/tfa/cmd/internal/clock"
	"evry.nl/tfa/core"
	"evry.nl/tfa/storage/practicetest"
)

// open is a session that may pass.
type open struct {
	unwatched
	passed bool
}

func (o *open) Passed() bool { return o.passed }
func (o *open) Pass() error  { o.passed = true; return nil }

// What a logon has to tell comes over the socket as core tells it, with the yes
// and not before.
func TestNoticesComeWithTheYes(t *testing.T) {
	p := practicetest.SwitchedOn(t)
	secret := p.LogOn("EV-0000-4")
	p.Now = p.Now.AddDate(0, 0, 1)
	for _, what := range []core.Copied{core.CopySecret, core.CopyURI} {
		_, err := p.Tool().Copy(t.Context(), practicetest.Actor("EV-0000-2"), "EV-0000-4", what)
		p.Must(err)
	}
	actor := practicetest.Actor("EV-0000-4")
	handler := Handler{
		Caller: func(context.Context, Claim) (Caller, error) { return Caller{Actor: actor, Session: &open{}}, nil },
		Use:    func(_ context.Context, _ string, act func(core.Direct) error) error { return act(p.Direct()) },
		Limits: NewLimits(DefaultBounds(), clock.Now), Observer: &counted{codes: map[core.Code]int{}, verdicts: map[string]int{}, over: map[string]int{}, answers: map[string]int{}},
		Now: clock.Now, Log: slog.New(slog.DiscardHandler),
	}
	socket := filepath.Join(t.TempDir(), "socket")
	listener, err := net.Listen("unix", socket)
	p.Must(err)
	server := &http.Server{Handler: handler.ServeMux()}
	go server.Serve(listener)
	t.Cleanup(func() { server.Close() })

	gate := Gate{Client: NewClient(socket)}
	no, err := gate.Verify(t.Context(), actor, "00000000")
	if err != nil || no.Granted || no.Notices != nil {
		t.Errorf("%+v, %v", no, err)
	}
	yes, err := gate.Verify(t.Context(), actor, p.Code(secret))
	want := core.Notices{{Kind: core.CopiedSecret, Actor: "EV-0000-2", Days: []core.Date{{Year: 2019, Month: 5, Day: 16}}, Times: 2, Last: p.Now}}
	if err != nil || !yes.Granted || yes.Notices == nil || !reflect.DeepEqual(*yes.Notices, want) {
		t.Errorf("%+v, %v", yes.Notices, err)
	}
}
