//go:build linux

package sessions

import (
	"bufio"
	"crypto/rand"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

const (
	account = "EV-0000-1"
	uid     = 61234 // nobody's
)

type watched struct{}

func (watched) Protected(u uint32) (string, bool) { return account, u == uid }

// host is a registry of its own, with what its watch has ended.
type host struct {
	t     testing.TB
	state string
	own   string
	*Registry
	mu    sync.Mutex
	ended []Ended
	// waiting are shells that were started before the guard.
	waiting []*user
}

func newHost(t testing.TB) *host {
	t.Helper()
	if os.Getuid() != 0 {
		t.Fatal("this test makes control groups: run the tests as root")
	}
	h := &host{t: t, state: t.TempDir(), own: "/tfa-test-" + strings.ToLower(rand.Text()[:10])}
	h.open()
	t.Cleanup(func() {
		tell(h.mount+h.own, "cgroup.kill", "1")
		entries, _ := os.ReadDir(h.mount + h.own)
		for _, entry := range entries {
			if group := filepath.Join(h.mount+h.own, entry.Name()); entry.IsDir() {
				h.until("a control group is empty", func() bool { return os.Remove(group) == nil })
			}
		}
		os.Remove(h.mount + h.own)
	})
	return h
}

func notThere(path string) bool {
	_, err := os.Stat(path)
	return os.IsNotExist(err)
}

// open takes the registry up as a service does that is started anew.
func (h *host) open() {
	h.t.Helper()
	var err error
	if h.Registry, err = Open(h.own, h.state, time.Now); err != nil {
		h.t.Fatal(err)
	}
}

func (h *host) until(what string, is func() bool) {
	h.t.Helper()
	late := time.After(20 * time.Second)
	again := time.NewTicker(5 * time.Millisecond)
	defer again.Stop()
	for !is() {
		select {
		case <-again.C:
		case <-late:
			h.t.Fatalf("it is not so: %s", what)
		}
	}
}

func (h *host) watch(policy Policy) Watch {
	return Watch{Registry: h.Registry, Accounts: watched{}, Policy: policy, Limit: time.Hour, Report: func(e Ended) {
		h.mu.Lock()
		defer h.mu.Unlock()
		h.ended = append(h.ended, e)
	}}
}

func (h *host) whys() (whys []Why) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, e := range h.ended {
		whys = append(whys, e.Why)
	}
	return whys
}

// user is a shell of the account that does what it is told, line by line.
type user struct {
	*Session
	cmd  *exec.Cmd
	in   io.WriteCloser
	said *bufio.Reader
}

// logOn opens a session for a shell as PAM's service does: before it is the
// user's.
func (h *host) logOn() *user {
	h.t.Helper()
	var u *user
	if n := len(h.waiting); n > 0 {
		u, h.waiting = h.waiting[n-1], h.waiting[:n-1]
	} else {
		u = h.start()
	}
	var err error
	if u.Session, err = h.Begin(u.cmd.Process.Pid, Login{Account: account, UID: uid, Service: "test"}); err != nil {
		h.t.Fatal(err)
	}
	if _, err := u.says("go\necho there"); err != nil {
		h.t.Fatal(err)
	}
	return u
}

// start starts a shell that waits for its session.
func (h *host) start() *user {
	h.t.Helper()
	cmd := exec.CommandContext(h.t.Context(), "/usr/bin/dash", "-c", "read go; exec setpriv --reuid=61234 --regid=61234 --clear-groups /usr/bin/dash")
	cmd.Env, cmd.Dir = []string{"PATH=/usr/bin"}, "/"
	in, err := cmd.StdinPipe()
	if err != nil {
		h.t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		h.t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(func() { in.Close(); cmd.Process.Kill(); cmd.Wait() })
	return &user{cmd: cmd, in: in, said: bufio.NewReader(out)}
}

// says types a line into the shell and returns the line that it answers.
func (u *user) says(line string) (string, error) {
	if _, err := io.WriteString(u.in, line+"\n"); err != nil {
		return "", err
	}
	answer, err := u.said.ReadString('\n')
	return strings.TrimSuffix(answer, "\n"), err
}

func (h *host) passed(pid int) bool {
	s, err := h.Of(pid)
	return err == nil && s.Passed()
}

func TestAPassBelongsToOneSession(t *testing.T) {
	h := newHost(t)
	first, second := h.logOn(), h.logOn()
	if err := first.Pass(); err != nil {
		t.Fatal(err)
	}
	if !h.passed(first.cmd.Process.Pid) || h.passed(second.cmd.Process.Pid) || h.passed(os.Getpid()) {
		t.Error("not the one session has passed, and no other")
	}
	h.open()
	if !h.passed(first.cmd.Process.Pid) || h.passed(second.cmd.Process.Pid) {
		t.Error("a service that is started anew does not know who has passed")
	}
	if s, err := h.Of(second.cmd.Process.Pid); err != nil || s.Account != account {
		t.Errorf("the session at the gate is forgotten: %v", err)
	}
}

// What detaches itself stays in the session, and ends with it.
func TestNothingLeavesItsSession(t *testing.T) {
	h := newHost(t)
	u := h.logOn()
	pid, err := u.says(`/usr/bin/setsid /usr/bin/dash -c '/usr/bin/sleep 1000 & echo $!'`)
	if err != nil {
		t.Fatal(err)
	}
	exe := "/proc/" + pid + "/exe"
	h.until("it runs", func() bool { path, _ := os.Readlink(exe); return path == "/usr/bin/sleep" })
	if err := u.End(); err != nil {
		t.Fatal(err)
	}
	h.until("it has ended", func() bool { return notThere(exe) || unreadable(exe) })
	u.cmd.Wait()
	h.until("the session is forgotten", func() bool {
		running, err := h.Sessions()
		return err == nil && len(running) == 0
	})
	if files, _ := os.ReadDir(h.state); len(files) > 0 {
		t.Errorf("it is still written down: %v", files)
	}
}

func unreadable(link string) bool {
	_, err := os.Readlink(link)
	return err != nil
}

// A pass that was written for another boot, another control group or by nobody
// is none.
func TestAPassOfAnotherBootIsNone(t *testing.T) {
	for name, change := range map[string]func(*Session){
		"another_boot":  func(s *Session) { s.Boot = "0" },
		"another_group": func(s *Session) { s.Inode++ },
	} {
		t.Run(name, func(t *testing.T) {
			h := newHost(t)
			u := h.logOn()
			if err := u.Pass(); err != nil {
				t.Fatal(err)
			}
			change(u.Session)
			if err := u.write(); err != nil {
				t.Fatal(err)
			}
			h.open()
			if _, err := h.Of(u.cmd.Process.Pid); err == nil {
				t.Error("it is still a session")
			}
		})
	}
}

func TestGuardLetsStartOnlyWhatBringsTheGateUp(t *testing.T) {
	h := newHost(t)
	h.guarded(NewPolicy([]Link{{"/usr/bin/setpriv", nil}, {"/usr/bin/dash", nil}, {"/usr/bin/id", nil}}))

	u := h.logOn()
	if got, err := u.says("/usr/bin/id -u"); got != "61234" {
		t.Fatalf("what brings the gate up does not start: %q, %v", got, err)
	}
	if got, err := u.says("/usr/bin/true; echo went on"); err == nil {
		t.Errorf("the session goes on after a program that it may not start: %q", got)
	}
	if whys := h.whys(); len(whys) == 0 || whys[0] != Stranger {
		t.Errorf("it is reported as %q", whys)
	}

	loader, err := filepath.Glob("/usr/lib*/ld-linux*")
	if err != nil || len(loader) == 0 {
		t.Fatalf("there is no loader: %v", err)
	}
	u = h.logOn()
	u.says("/usr/bin/id -u")
	if got, err := u.says(loader[0] + " /usr/bin/echo loaded"); err == nil {
		t.Errorf("the loader starts a program: %q", got)
	}

	u = h.logOn()
	if err := u.Pass(); err != nil {
		t.Fatal(err)
	}
	if got, err := u.says("/usr/bin/echo free"); got != "free" {
		t.Errorf("after the gate it does not start: %q, %v", got, err)
	}
}

func TestWatchEndsWhatTheGuardDidNotSee(t *testing.T) {
	h := newHost(t)
	w := h.watch(NewPolicy([]Link{{"/usr/bin/setpriv", nil}, {"/usr/bin/dash", nil}}))
	good, stranger, through := h.logOn(), h.logOn(), h.logOn()
	if err := through.Pass(); err != nil {
		t.Fatal(err)
	}
	for _, u := range []*user{good, stranger, through} {
		if _, err := u.says("echo there"); err != nil {
			t.Fatal(err)
		}
	}
	for _, u := range []*user{stranger, through} {
		if _, err := u.says("/usr/bin/sleep 1000 & echo there"); err != nil {
			t.Fatal(err)
		}
	}
	h.until("the stranger is ended", func() bool {
		if err := w.Look(); err != nil {
			t.Fatal(err)
		}
		_, err := stranger.says("echo there")
		return err != nil
	})
	for _, u := range []*user{good, through} {
		if _, err := u.says("echo there"); err != nil {
			t.Errorf("another session is ended too: %v", err)
		}
	}
	if err := through.Close(); err != nil {
		t.Fatal(err)
	}
	if err := w.Look(); err != nil {
		t.Fatal(err)
	}
	if _, err := through.says("echo there"); err == nil {
		t.Error("what has outlived its session goes on")
	}
	w.Limit = -1
	if err := w.Look(); err != nil {
		t.Fatal(err)
	}
	if _, err := good.says("echo there"); err == nil {
		t.Error("a session stands at the gate for ever")
	}
}

func TestWatchEndsAProcessInNoSession(t *testing.T) {
	h := newHost(t)
	cmd := exec.CommandContext(t.Context(), "/usr/bin/sleep", "1000")
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uid, Gid: uid}}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if err := h.watch(NewPolicy()).Look(); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err == nil || cmd.ProcessState.ExitCode() != -1 {
		t.Error("it was not killed")
	}
	if whys := h.whys(); len(whys) != 1 || whys[0] != NoSession {
		t.Errorf("it is reported as %q", whys)
	}
}

// A service that ended while it looked at a program has left the session frozen.
func TestFrozenSessionsAfterARestart(t *testing.T) {
	h := newHost(t)
	passed, waiting := h.logOn(), h.logOn()
	if err := passed.Pass(); err != nil {
		t.Fatal(err)
	}
	for _, u := range []*user{passed, waiting} {
		u.freeze()
		h.until("it stands still", u.isFrozen)
	}
	h.open()
	if line, err := passed.says("echo on"); err != nil || line != "on" {
		t.Errorf("a session that had passed does not go on: %q, %v", line, err)
	}
	if err := h.watch(DefaultPolicy()).Look(); err != nil {
		t.Fatal(err)
	}
	if err := waiting.cmd.Wait(); err == nil || !slices.Contains(h.whys(), Unseen) {
		t.Errorf("one at the gate ended with %v, because of %v", err, h.whys())
	}
}
