package service

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/time/rate"

	"evry.nl/tfa/cmd/internal/clock"
)

// unbounded lets a fuzzer ask as often as it can.
var unbounded = Bounds{
	Account: Bound{Together: 1 << 20, PerSecond: rate.Inf}, Client: Bound{Together: 1 << 20, PerSecond: rate.Inf},
	Practice: 1 << 20, Work: 1 << 20, Queue: 1 << 20, Patience: time.Minute,
}

// nobody is an account that must pass the gate.
type nobody struct{}

func (nobody) Protected(uint32) (string, bool) { return accountName, true }

// hostile is a world whose one account attacks it: all that the service serves
// is there, and no registry, because it is refused before one is asked.
func hostile(f *testing.F) (*world, http.Handler) {
	w := newWorld(f, unbounded)
	PAM{Accounts: nobody{}}.Serve(w.mux, w.handler)
	ServeObservers(w.mux, func(ctx context.Context) Standing { return StandingOf(ctx, nobody{}) }, NewHealth(clock.Now), http.NotFoundHandler())
	return w, http.HandlerFunc(func(rw http.ResponseWriter, asked *http.Request) {
		as := peer{process: process{pid: 1}, uid: 61234}
		w.mux.ServeHTTP(rw, asked.WithContext(context.WithValue(asked.Context(), peerKey{}, as)))
	})
}

// holds that an attack has done nothing.
func (w *world) holds(t *testing.T, answer []byte) {
	t.Helper()
	if w.Passed() || bytes.Contains(answer, []byte(`"granted":true`)) {
		t.Fatal("the session is let through")
	}
	if strings.Contains(w.log.String(), "panic") {
		t.Fatalf("it panics:\n%s", w.log.String())
	}
	if bytes.Contains(answer, []byte(w.secret.Base32())) {
		t.Fatal("a secret is handed out")
	}
	w.log.mu.Lock()
	w.log.text.Reset()
	w.log.mu.Unlock()
}

// paths are all that can be asked.
func paths() []string {
	all := []string{opBegin, opEnd, "/health", "/metrics", "/", "/gate/", "/../gate/verify"}
	for path := range gateOperations {
		all = append(all, path)
	}
	for path := range toolOperations {
		all = append(all, path)
	}
	slices.Sort(all)
	return all
}

// FuzzRequest asks any operation for anything.
func FuzzRequest(f *testing.F) {
	for i := range paths() {
		f.Add(byte(i), []byte(`{"session":":10","typed":"000000"}`))
	}
	for _, body := range []string{
		"", "null", "[]", `{"typed":123456}`, `{"typed":["0"]}`, `{"account":"EV-0000-1","what":"secret"}`, `{"account":"../../etc"}`,
		`{"query":{"limit":-1,"offset":-9223372036854775808,"after":-1}}`, `{"query":{"from":"0000-00-00"}}`, `{"query":{"limit":9223372036854775807}}`,
		"{\"typed\":\"\xff\xfe\"}", `{"typed":"` + "\u0660\u0661\u0662\u0663\u0664\u0665" + `"}`, `{"reason":"granted"}`, `{"uid":0,"account":"root"}`,
		strings.Repeat(`{"query":`, 20000), strings.Repeat("[", 16384), `{"typed":"` + strings.Repeat("0", longestRequest) + `"}`,
		`{"typed":"1","typed":"2","TYPED":"3"}`, `{"session":"\u0000\n\u202e"}`,
	} {
		f.Add(byte(3), []byte(body))
		f.Add(byte(11), []byte(body))
		f.Add(byte(16), []byte(body))
	}
	w, handler := hostile(f)
	all := paths()
	f.Fuzz(func(t *testing.T, operation byte, body []byte) {
		asked := httptest.NewRequest(http.MethodPost, "http://tfa-service"+all[int(operation)%len(all)], bytes.NewReader(body)).WithContext(t.Context())
		answer := httptest.NewRecorder()
		handler.ServeHTTP(answer, asked)
		if answer.Code >= http.StatusInternalServerError {
			t.Errorf("%s answers %d %s", asked.URL.Path, answer.Code, answer.Body)
		}
		w.holds(t, answer.Body.Bytes())
	})
}

// faults are answers that no caller may bring about. 501 and 505 say that a
// request is of a kind that net/http does not know.
var faults = regexp.MustCompile(`HTTP/1\.[01] 50[0234]`)

// FuzzSocket sends anything to the socket. Others are answered meanwhile.
func FuzzSocket(f *testing.F) {
	const verify = "POST /gate/verify HTTP/1.1\r\nHost: x\r\nContent-Length: "
	for _, text := range []string{
		"", "\r\n\r\n", "\x00\xff\x16\x03\x01", "GET / HTTP/0.9\r\n\r\n", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
		verify + "18\r\n\r\n{\"typed\":\"000000\"}", verify + "-1\r\n\r\n{}", verify + "99999999999999999999\r\n\r\n{}", verify + "2\r\nContent-Length: 3\r\n\r\n{}",
		verify + "2\r\n\r\n{}" + verify + "2\r\n\r\n{}GET /health HTTP/1.1\r\nHost: x\r\n\r\n",
		"POST /gate/verify HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{\"typ\r\n0\r\n\r\n",
		"POST /gate/verify HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n{}",
		"POST /gate/verify HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n0\r\n\r\n{}",
		"POST /gate/prompt HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n{}",
		"CONNECT /gate/verify HTTP/1.1\r\nHost: x\r\n\r\n", "DELETE /session/begin HTTP/1.1\r\nHost: x\r\n\r\n", "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n",
		"POST http://other/gate/verify HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}", "POST /%67ate/verify?x=%zz HTTP/1.1\r\nHost: x\r\n\r\n",
		"POST /gate/../tool/show HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}", "GET /health HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
		"POST /gate/verify HTTP/1.1\r\n" + strings.Repeat("A: "+strings.Repeat("b", 100)+"\r\n", 200) + "\r\n", "GET /" + strings.Repeat("a", 20000) + " HTTP/1.1\r\n\r\n",
		verify + "20000\r\n\r\n" + strings.Repeat("[", 20000),
	} {
		f.Add([]byte(text))
	}
	w, handler := hostile(f)
	listener, err := net.Listen("unix", w.socket)
	must(f, err)
	server := NewServer(handler, func(ctx context.Context, _ net.Conn) context.Context { return ctx }, w.handler.Log)
	go server.Serve(listener)
	f.Cleanup(func() { server.Close() })
	other := w.gate()
	f.Fuzz(func(t *testing.T, text []byte) {
		conn, err := net.Dial("unix", w.socket)
		must(t, err)
		defer conn.Close()
		must(t, conn.SetDeadline(clock.Now().Add(20*time.Second)))
		go func() {
			conn.Write(text) // the server may have hung up already
			conn.(*net.UnixConn).CloseWrite()
		}()
		answer, _ := io.ReadAll(conn)
		if faults.Match(answer) {
			t.Errorf("it answers %q", answer)
		}
		w.holds(t, answer)
		if _, err := other.Prompt(t.Context(), w.actor()); err != nil {
			t.Fatalf("others are not answered: %v", err)
		}
	})
}
