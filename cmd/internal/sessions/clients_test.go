//go:build linux

package sessions

import (
	"net"
	"os"
	"testing"
	"time"
)

// The kernel tells who is at the other end of what came in, and nothing of what
// went out.
func TestRemotesOfConnectionsThatCameIn(t *testing.T) {
	for network, address := range map[string]string{"tcp4": "127.0.0.1:0", "tcp6": "[::1]:0"} {
		t.Run(network, func(t *testing.T) {
			before := mine(t)
			listener, err := net.Listen(network, address)
			if err != nil {
				t.Fatal(err)
			}
			defer listener.Close()
			out, err := net.Dial(network, listener.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			defer out.Close()
			in, err := listener.Accept()
			if err != nil {
				t.Fatal(err)
			}
			defer in.Close()
			var got []string
			for inode, remote := range mine(t) {
				if before[inode] == "" {
					got = append(got, remote)
				}
			}
			if want := in.RemoteAddr().(*net.TCPAddr).IP.String(); len(got) != 1 || got[0] != want {
				t.Errorf("connections from %v, not from %s alone", got, want)
			}
		})
	}
}

// mine returns who is connected to this process, by inode.
func mine(t *testing.T) map[uint64]string {
	t.Helper()
	all, err := remotes()
	if err != nil {
		t.Fatal(err)
	}
	found := map[uint64]string{}
	for _, inode := range socketsOf(os.Getpid()) {
		if remote, is := all[inode]; is {
			found[inode] = remote
		}
	}
	return found
}

// A session goes on for one that was cut off just now: once, and for nobody else.
func TestGoingOnAfterADisconnect(t *testing.T) {
	const client = "192.0.2.7"
	for name, tc := range map[string]struct {
		change func(cut, back *Session)
		want   bool
	}{
		"same_client_in_time": {func(cut, back *Session) {}, true},
		"another_client":      {func(cut, back *Session) { back.Client = "192.0.2.8" }, false},
		"client_unknown":      {func(cut, back *Session) { cut.Client, back.Client = "", "" }, false},
		"too_late":            {func(cut, back *Session) { cut.LeftAt = cut.LeftAt.Add(-time.Minute) }, false},
		"still_looked_at":     {func(cut, back *Session) { cut.LeftAt = time.Time{} }, false},
		"it_had_not_passed":   {func(cut, back *Session) { cut.PassedAt = time.Time{} }, false},
		"closed_by_sesman":    {func(cut, back *Session) { cut.ClosedAt = cut.LeftAt.Add(loggingOff) }, true},
		"logged_off":          {func(cut, back *Session) { cut.ClosedAt = cut.LeftAt }, false},
		"another_user":        {func(cut, back *Session) { back.UID++ }, false},
		"over_ssh":            {func(cut, back *Session) { cut.Service = "sshd" }, false},
		"this_one_is_closed":  {func(cut, back *Session) { back.ClosedAt = cut.LeftAt }, false},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHost(t)
			h.SetGrace(time.Minute)
			first, second := h.logOn(), h.logOn()
			if err := first.Pass(); err != nil {
				t.Fatal(err)
			}
			for _, s := range []*Session{first.Session, second.Session} {
				s.Service, s.Client = xrdpService, client
			}
			first.LeftAt = time.Now()
			tc.change(first.Session, second.Session)
			err := second.Resume()
			if second.Passed() != tc.want || (err == nil) != tc.want {
				t.Fatalf("it goes on: %v (%v), want %v", second.Passed(), err, tc.want)
			}
			if !tc.want {
				return
			}
			h.until("the one before has ended", func() bool { _, err := first.says("echo still there"); return err != nil })
			third := h.logOn()
			third.Service, third.Client = xrdpService, client
			if err := third.Resume(); err == nil {
				t.Error("one pass became two")
			}
		})
	}
}

// Nobody comes back to a session: it ends when the grace is over.
func TestAbandonedSessionsEnd(t *testing.T) {
	h := newHost(t)
	u := h.logOn()
	u.Service, u.Client = xrdpService, "192.0.2.7"
	if err := u.Pass(); err != nil {
		t.Fatal(err)
	}
	watch := h.watch(NewPolicy())
	h.SetGrace(time.Hour)
	u.LeftAt = time.Now()
	if err := watch.Look(); err != nil || len(h.whys()) > 0 {
		t.Fatalf("in the grace: %v, %v", h.whys(), err)
	}
	h.SetGrace(0)
	for range 2 { // it is told once, however long it takes PAM to close it
		if err := watch.Look(); err != nil {
			t.Fatal(err)
		}
	}
	if whys := h.whys(); len(whys) != 1 || whys[0] != Abandoned {
		t.Errorf("ended: %v", whys)
	}
	if _, err := u.says("echo still there"); err == nil {
		t.Error("it goes on")
	}
}
