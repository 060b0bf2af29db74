package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"evry.nl/tfa/cmd/internal/clock"
	"evry.nl/tfa/cmd/internal/config"
	"evry.nl/tfa/cmd/internal/stores"
	"evry.nl/tfa/cmd/internal/story"
	"evry.nl/tfa/core"
	"evry.nl/tfa/core/otp"
)

const (
	socket        = "/run/tfa/service.sock"
	configuration = "/etc/tfa/tfa.toml"
	firstUID      = 50_000
)

// machine is a host with practices and accounts, on which the real service runs.
type machine struct {
	t       testing.TB
	cfg     config.Config
	group   string // folder of control groups
	secrets map[string]otp.Secret
	log     *os.File

	// env is what the service gets besides, given the socket that it is handed,
	// and wrap what starts it.
	env   []string
	given *os.File
	wrap  []string

	mu      sync.Mutex
	gates   []*gate
	service *exec.Cmd
}

// newMachine makes practices of ten accounts each, all of which have logged on
// with a code before. It is for where Alone started the test.
func newMachine(t testing.TB, practices int) *machine {
	t.Helper()
	h := &machine{t: t, group: "/tfa-test-" + strings.ToLower(rand.Text()[:10]), secrets: map[string]otp.Secret{}}
	story.Must(t, os.MkdirAll(filepath.Dir(configuration), 0o755))
	story.Must(t, os.WriteFile(configuration, []byte("service = '"+socket+"'\n"), 0o644))
	var err error
	h.cfg, err = config.Load("")
	story.Must(t, err)
	h.install(story.Path("tfa-session"), "/usr/bin/tfa-session")
	h.install("/proc/self/exe", gateProgram)
	passwd, err := os.OpenFile("/etc/passwd", os.O_APPEND|os.O_WRONLY, 0)
	story.Must(t, err)
	defer passwd.Close()
	for p := range practices {
		practice := fmt.Sprintf("EV-%04d", p)
		store, err := stores.Create(t.Context(), h.cfg, practice, "")
		story.Must(t, err)
		before := clock.Now().Add(-10 * time.Minute)
		direct := core.Direct{Store: store, Rules: h.cfg.Rules(), Now: func() time.Time { return before }}
		for n := range 10 {
			account := fmt.Sprintf("%s-%d", practice, n+1)
			if n == 0 {
				_, err := core.Gate{Direct: direct}.SwitchOn(t.Context(), core.Actor{Account: account})
				story.Must(t, err)
			}
			h.secrets[account] = story.LogOn(t, direct, account)
			uid := firstUID + 10*p + n
			_, err = fmt.Fprintf(passwd, "%s:x:%d:%d::/nonexistent:/usr/sbin/nologin\n", account, uid, uid)
			story.Must(t, err)
		}
		story.Must(t, store.Close())
	}
	h.log, err = os.Create(filepath.Join(t.ArtifactDir(), "service.log"))
	story.Must(t, err)
	t.Cleanup(h.end)
	h.startService()
	return h
}

// end ends all that runs, and takes its control groups away.
func (h *machine) end() {
	for _, g := range h.gates {
		g.in.Close()
	}
	for _, g := range h.gates {
		g.cmd.Process.Kill()
		g.cmd.Wait()
	}
	h.killService()
	folders, _ := filepath.Glob("/sys/fs/cgroup*/unified" + h.group)
	for _, folder := range append(folders, "/sys/fs/cgroup"+h.group) {
		h.until("the control groups are empty", func() bool {
			groups, _ := filepath.Glob(folder + "/*")
			for _, group := range groups {
				os.Remove(group) // its files are the kernel's, and stay
			}
			err := os.Remove(folder)
			return err == nil || errors.Is(err, fs.ErrNotExist)
		})
	}
}

func (h *machine) install(from, to string) {
	h.t.Helper()
	source, err := os.Open(from)
	story.Must(h.t, err)
	defer source.Close()
	target, err := os.OpenFile(to, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o755)
	story.Must(h.t, err)
	_, err = io.Copy(target, source)
	story.Must(h.t, err)
	story.Must(h.t, target.Close())
}

// startService starts the service and returns when it answers.
func (h *machine) startService() {
	h.t.Helper()
	h.launch()
	h.until("the service answers", func() bool {
		status, _ := page("/health")
		return status != 0
	})
}

// launch starts the service, by a shell, because who is handed a socket is told
// its own number.
func (h *machine) launch(args ...string) {
	h.t.Helper()
	program := append(h.wrap, story.Path("tfa-service"), "--group", h.group)
	cmd := exec.Command("sh", slices.Concat([]string{"-c", `LISTEN_PID=$$ exec "$@"`, "sh"}, program, args)...)
	cmd.Stdout, cmd.Stderr, cmd.Env = h.log, h.log, append(os.Environ(), h.env...)
	if h.given != nil {
		cmd.Env, cmd.ExtraFiles = append(cmd.Env, "LISTEN_FDS=1"), []*os.File{h.given}
	}
	story.Must(h.t, cmd.Start())
	h.mu.Lock()
	defer h.mu.Unlock()
	h.service = cmd
}

func (h *machine) run(name string, args ...string) {
	h.t.Helper()
	if out, err := exec.Command(name, args...).CombinedOutput(); err != nil {
		h.t.Fatalf("%s: %v\n%s", name, err, out)
	}
}

// signal sends the service a signal.
func (h *machine) signal(signal syscall.Signal) {
	h.t.Helper()
	h.mu.Lock()
	defer h.mu.Unlock()
	story.Must(h.t, h.service.Process.Signal(signal))
}

// logSays waits until the service has written something down.
func (h *machine) logSays(what string) {
	h.t.Helper()
	h.until("the log says "+what, func() bool {
		text, err := os.ReadFile(h.log.Name())
		return err == nil && strings.Contains(string(text), what)
	})
}

// killService kills it as nothing can that it could prepare for.
func (h *machine) killService() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.service.Process.Signal(syscall.SIGKILL)
	h.service.Wait()
}

func (h *machine) until(what string, is func() bool) {
	h.t.Helper()
	late := time.After(story.Patience)
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

// store opens the store of a practice, as root, until the test ends.
func (h *machine) store(practice string) core.Store {
	h.t.Helper()
	store, err := stores.Open(h.t.Context(), h.cfg, practice)
	story.Must(h.t, err)
	h.t.Cleanup(func() { store.Close() })
	return store
}

// asker asks pages of the service, a connection each.
var asker = &http.Client{Timeout: story.Patience, Transport: &http.Transport{
	DisableKeepAlives: true,
	DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", socket)
	},
}}

// page asks for a page; without an answer the status is 0.
func page(path string) (status int, text string) {
	answer, err := asker.Get("http://tfa-service" + path)
	if err != nil {
		return 0, err.Error()
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		return 0, err.Error()
	}
	return answer.StatusCode, string(body)
}
