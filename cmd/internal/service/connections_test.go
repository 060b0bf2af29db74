package service

import (
	"bufio"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// pipes is a listener of connections within this process.
type pipes chan net.Conn

func (p pipes) Accept() (net.Conn, error) {
	conn, open := <-p
	if !open {
		return nil, net.ErrClosed
	}
	return conn, nil
}

func (p pipes) Close() error   { return nil }
func (p pipes) Addr() net.Addr { return &net.UnixAddr{Name: "pipes", Net: "unix"} }

// Whoever is slow is cut off, and how soon.
func TestSlowClientsAreCutOff(t *testing.T) {
	const head = "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n"
	dribble := func(text string) func(net.Conn) {
		return func(conn net.Conn) {
			conn.Write([]byte(text))
			for { // a byte a second
				if _, err := conn.Write([]byte("a")); err != nil {
					return
				}
				time.Sleep(time.Second)
			}
		}
	}
	whole := "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}"
	for name, tc := range map[string]struct {
		act    func(net.Conn)
		reads  bool
		within time.Duration
	}{
		"says nothing":                {func(net.Conn) {}, true, 5 * time.Second},
		"sends a head byte by byte":   {dribble("POST / HTTP/1.1\r\nA: "), true, 5 * time.Second},
		"sends a body byte by byte":   {dribble(head), true, 5 * time.Second},
		"does not read its answer":    {func(conn net.Conn) { conn.Write([]byte(whole)) }, false, patience + 10*time.Second},
		"asks nothing more for a day": {func(conn net.Conn) { conn.Write([]byte(whole)) }, true, 2 * time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				listener, ended := make(pipes), make(chan time.Duration, 1)
				begun := time.Now()
				server := NewServer(http.HandlerFunc(func(w http.ResponseWriter, asked *http.Request) {
					if decode(asked, &struct{}{}) == nil {
						w.Write(make([]byte, 1<<20))
					}
				}), func(ctx context.Context, _ net.Conn) context.Context { return ctx }, slog.New(slog.DiscardHandler))
				server.ConnState = func(_ net.Conn, state http.ConnState) {
					if state == http.StateClosed {
						ended <- time.Since(begun)
					}
				}
				var running sync.WaitGroup
				running.Go(func() { server.Serve(listener) })
				ours, theirs := net.Pipe()
				listener <- theirs
				running.Go(func() { tc.act(ours) })
				if tc.reads {
					running.Go(func() { io.Copy(io.Discard, ours) })
				}
				if after := <-ended; after > tc.within+time.Second {
					t.Errorf("it is cut off after %v", after)
				}
				close(listener)
				ours.Close()
				server.Close()
				running.Wait()
			})
		})
	}
}

// Half a request each keeps nobody waiting.
func TestHalfRequestsBlockNobody(t *testing.T) {
	w := newWorld(t, DefaultBounds())
	w.serve()
	for range 200 {
		conn, err := net.Dial("unix", w.socket)
		must(t, err)
		defer conn.Close()
		_, err = conn.Write([]byte("POST /gate/verify HTTP/1.1\r\nHost: x\r\nContent-Length: 20\r\n\r\n{"))
		must(t, err)
	}
	if _, err := w.gate().Prompt(t.Context(), w.actor()); err != nil {
		t.Error(err)
	}
}

// counting is a listener whose connections belong to who they say they do.
func counting(t *testing.T, each, all int) (c *Connections, dial func(owner string) net.Conn) {
	t.Helper()
	socket := filepath.Join(t.TempDir(), "s")
	inner, err := net.Listen("unix", socket)
	must(t, err)
	t.Cleanup(func() { inner.Close() })
	refused := make(chan struct{}, 1)
	c = &Connections{Listener: inner, Each: each, All: all, Refused: func() { refused <- struct{}{} }, Owner: func(conn net.Conn) (string, bool, error) {
		owner, err := bufio.NewReader(conn).ReadString('\n')
		if owner == "gone\n" {
			err = errors.New("it has gone")
		}
		return strings.TrimSpace(owner), owner != "root\n", err
	}}
	accepted := make(chan net.Conn, 1)
	go func() {
		for {
			conn, err := c.Accept()
			if err != nil {
				return
			}
			accepted <- conn
		}
	}()
	return c, func(owner string) net.Conn {
		t.Helper()
		conn, err := net.Dial("unix", socket)
		must(t, err)
		t.Cleanup(func() { conn.Close() })
		_, err = conn.Write([]byte(owner + "\n"))
		must(t, err)
		select {
		case theirs := <-accepted:
			return theirs
		case <-refused:
			return nil
		}
	}
}

func TestAUserHasSoManyConnections(t *testing.T) {
	c, dial := counting(t, 2, 3)
	first := dial("a")
	if dial("a") == nil || first == nil {
		t.Fatal("two of one user are refused")
	}
	if dial("a") != nil {
		t.Error("a third of that user is taken")
	}
	if dial("b") == nil {
		t.Error("one of another is refused")
	}
	if dial("c") != nil {
		t.Error("a fourth of all is taken")
	}
	if dial("root") == nil || c.Open() != 3 {
		t.Errorf("the administrator's are counted: %d", c.Open())
	}
	first.Close()
	first.Close()
	if c.Open() != 2 || dial("a") == nil || dial("b") != nil {
		t.Errorf("what is closed is not given back once: %d", c.Open())
	}
}
