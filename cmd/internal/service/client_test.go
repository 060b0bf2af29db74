package service

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"path/filepath"
	"sync"
	"testing"

	"evry.nl/tfa/core"
)

// scripted is a service that answers each request as the next of its acts says.
type scripted struct {
	mu    sync.Mutex
	acts  []func(http.ResponseWriter)
	asked []string
}

func answers(status int, answer any) func(http.ResponseWriter) {
	return func(w http.ResponseWriter) {
		w.WriteHeader(status)
		json.NewEncoder(w).Encode(answer)
	}
}

// dies breaks the connection before an answer, as a service does that is killed.
func dies(http.ResponseWriter) { panic(http.ErrAbortHandler) }

var tooBusy = answers(http.StatusServiceUnavailable, fault{Code: core.Locked, Sentence: sentenceBusy})

func (s *scripted) ServeHTTP(w http.ResponseWriter, asked *http.Request) {
	s.mu.Lock()
	act := s.acts[min(len(s.asked), len(s.acts)-1)]
	s.asked = append(s.asked, asked.URL.Path)
	s.mu.Unlock()
	act(w)
}

func (s *scripted) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.asked)
}

// play serves acts at a socket, and returns a gate that asks there.
func play(t *testing.T, acts ...func(http.ResponseWriter)) (*scripted, Gate) {
	t.Helper()
	s := &scripted{acts: acts}
	socket := filepath.Join(t.TempDir(), "s")
	listener, err := net.Listen("unix", socket)
	must(t, err)
	server := &http.Server{Handler: s}
	var done sync.WaitGroup
	done.Go(func() { server.Serve(listener) })
	t.Cleanup(func() { server.Close(); done.Wait() })
	return s, Gate{Client: NewClient(socket)}
}

func TestClientAsksAgainOnlyWhatIsSafe(t *testing.T) {
	yes := answers(http.StatusOK, verdict{Granted: true, By: core.LogonOTP})
	stage := answers(http.StatusOK, prompt{Stage: core.StageCode})
	verify := func(g Gate) error {
		v, err := g.Verify(context.Background(), core.Actor{}, "123456")
		if err == nil && !v.Granted || err != nil && v != (core.Verdict{}) {
			return errors.New("the verdict is not what it said")
		}
		return err
	}
	look := func(g Gate) error { _, err := g.Prompt(context.Background(), core.Actor{}); return err }
	for name, tc := range map[string]struct {
		acts  []func(http.ResponseWriter)
		ask   func(Gate) error
		times int
		want  string // sentence of the error
	}{
		"a code while it is too busy":      {[]func(http.ResponseWriter){tooBusy, tooBusy, yes}, verify, 3, ""},
		"a code whose answer is lost":      {[]func(http.ResponseWriter){dies, yes}, verify, 1, "service.lost"},
		"a look whose answer is lost":      {[]func(http.ResponseWriter){dies, dies, stage}, look, 3, ""},
		"a look that is refused":           {[]func(http.ResponseWriter){answers(http.StatusForbidden, fault{Code: core.Refused, Sentence: "denied.no_session"}), stage}, look, 1, "denied.no_session"},
		"a look into a store that is busy": {[]func(http.ResponseWriter){answers(http.StatusServiceUnavailable, fault{Code: core.Locked, Sentence: "store.busy"}), stage}, look, 1, "store.busy"},
		"an answer that makes no sense":    {[]func(http.ResponseWriter){answers(http.StatusOK, "yes"), stage}, look, 1, "service.unreachable"},
		"a fault without a sentence":       {[]func(http.ResponseWriter){answers(http.StatusBadGateway, nil), stage}, look, 1, "service.unreachable"},
	} {
		t.Run(name, func(t *testing.T) {
			s, gate := play(t, tc.acts...)
			err := tc.ask(gate)
			var known *core.Error
			if errors.As(err, &known) && known.Sentence != tc.want || (err == nil) != (tc.want == "") {
				t.Errorf("got %v, want %q", err, tc.want)
			}
			if n := s.count(); n != tc.times {
				t.Errorf("it asked %d times, want %d", n, tc.times)
			}
		})
	}
}

// A code can be sent as long as nobody has heard it.
func TestClientWaitsForAServiceThatIsStartedAnew(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "s")
	gate := Gate{Client: NewClient(socket)}
	dialled := make(chan struct{}, 100)
	transport := gate.http.Transport.(*http.Transport)
	dial := transport.DialContext
	transport.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := dial(ctx, network, address)
		dialled <- struct{}{}
		return conn, err
	}
	got := make(chan error, 1)
	go func() {
		v, err := gate.Verify(t.Context(), core.Actor{}, "123456")
		if err == nil && !v.Granted {
			err = errors.New("it is denied")
		}
		got <- err
	}()
	<-dialled // and nobody was there
	listener, err := net.Listen("unix", socket)
	must(t, err)
	server := &http.Server{Handler: &scripted{acts: []func(http.ResponseWriter){answers(http.StatusOK, verdict{Granted: true})}}}
	go server.Serve(listener)
	defer server.Close()
	if err := <-got; err != nil {
		t.Error(err)
	}
}

// Whoever stops waiting is not kept, and is told no.
func TestClientStopsWhenItsCallerDoes(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	_, gate := play(t, func(w http.ResponseWriter) { cancel(); tooBusy(w) })
	if v, err := gate.Verify(ctx, core.Actor{}, "123456"); err == nil || v != (core.Verdict{}) {
		t.Errorf("got %+v, %v", v, err)
	}
}

// After a lost answer the gate looks, and what it then sees is its own yes.
func TestGateThatMissedItsYesGoesOn(t *testing.T) {
	w := newWorld(t, DefaultBounds())
	dead := false
	verifying := w.mux
	w.mux = http.NewServeMux()
	w.mux.HandleFunc("/", func(rw http.ResponseWriter, asked *http.Request) {
		if asked.URL.Path == opVerify && !dead {
			dead = true
			verifying.ServeHTTP(discard{rw.Header()}, asked)
			panic(http.ErrAbortHandler)
		}
		verifying.ServeHTTP(rw, asked)
	})
	w.serve()
	gate := w.gate()
	if p, err := gate.Prompt(t.Context(), w.actor()); err != nil || p.Stage != core.StageCode {
		t.Fatalf("before: %+v, %v", p, err)
	}
	if v, err := gate.Verify(t.Context(), w.actor(), w.code()); core.CodeOf(err) != core.Conflict || v != (core.Verdict{}) {
		t.Fatalf("got %+v, %v", v, err)
	}
	p, err := gate.Prompt(t.Context(), w.actor())
	if err != nil || p != (core.Prompt{Account: accountName, Stage: core.StagePassed}) {
		t.Errorf("afterwards: %+v, %v", p, err)
	}
	if w.passes != 1 {
		t.Errorf("it passed %d times", w.passes)
	}
}

// discard takes an answer that nobody gets.
type discard struct{ header http.Header }

func (d discard) Header() http.Header          { return d.header }
func (discard) Write(text []byte) (int, error) { return len(text), nil }
func (discard) WriteHeader(int)                {}
