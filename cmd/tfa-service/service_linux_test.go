package main

import (
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"evry.nl/tfa/cmd/internal/story"
	"evry.nl/tfa/core"
)

const receptionist = "EV-0000-1"

func TestWhatTheServiceTellsOfItself(t *testing.T) {
	if !story.Alone(t) {
		return
	}
	h := newMachine(t, 1)
	g, err := h.startGate(receptionist)
	story.Must(t, err)
	code, _, _ := next(h.secrets[receptionist], 0)
	answer, err := g.does(told{Code: code})
	if err != nil || !answer.Granted {
		t.Fatalf("%+v, %v", answer, err)
	}
	status, metrics := page("/metrics")
	if status != http.StatusOK || !strings.HasSuffix(metrics, "# EOF\n") {
		t.Errorf("the metrics are no OpenMetrics text: %d\n%s", status, metrics)
	}
	for _, want := range []string{
		`tfa_logons_total\{kind="logon_otp"\} 1\.0`, `tfa_request_duration_seconds_count\{operation="/gate/verify"\} 1`,
		`tfa_request_duration_seconds_bucket\{operation="/session/begin",le="20\.0"\} 1`, `tfa_store_duration_seconds_count\{method="change_account"\} 2`,
		`tfa_sessions\{state="passed"\} 1\.0`, `tfa_sessions\{state="at_gate"\} 0\.0`, `tfa_stores_open 1\.0`, `tfa_connections 1\.0`,
		`tfa_build_info\{go="go[^"]+",revision="[^"]+",version="[^"]+"\} 1\.0`, `process_open_fds \d+`, `go_goroutines \d+`,
	} {
		if !regexp.MustCompile("(?m)^" + want).MatchString(metrics) {
			t.Errorf("the metrics lack %s:\n%s", want, metrics)
		}
	}
	if found := regexp.MustCompile("EV-|192.0.2").FindString(metrics); found != "" {
		t.Errorf("the metrics name %q", found)
	}
	// A program that the session may not start before it has passed.
	h.endsAStranger()
	h.until("it is healthy", func() bool { status, _ := page("/health"); return status == http.StatusOK })
	_, text := page("/health")
	var health struct{ Parts map[string]any }
	if err := json.Unmarshal([]byte(text), &health); err != nil || len(health.Parts) != 4 {
		t.Errorf("%v: %s", err, text)
	}
	for _, path := range []string{"/health", "/metrics"} {
		if answer, err := g.does(told{Page: path}); err != nil || answer.Granted || !strings.Contains(answer.Error, "denied.not_administrator") {
			t.Errorf("an account that must pass the gate gets %s: %+v, %v", path, answer, err)
		}
	}
	story.Must(t, os.Rename(h.cfg.KeyPath("EV-0000"), h.cfg.KeyPath("EV-0000")+".away"))
	h.until("the missing key is noticed", func() bool { status, _ := page("/health"); return status == http.StatusServiceUnavailable })
}

// endsAStranger holds that what runs outside of every session is ended, counted
// and written down.
func (h *machine) endsAStranger() {
	h.t.Helper()
	cmd := exec.CommandContext(h.t.Context(), "sleep", "1000")
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: firstUID, Gid: firstUID}}
	if err := cmd.Start(); err == nil {
		cmd.Wait()
	} else if !errors.Is(err, syscall.EPERM) {
		h.t.Fatal(err)
	}
	h.until("it is counted", func() bool {
		_, metrics := page("/metrics")
		return strings.Contains(metrics, `tfa_sessions_ended_total{why="no_session"}`) && strings.Contains(metrics, `tfa_guard_decision_duration_seconds_count{decision="deny"}`)
	})
	h.logSays("why=no_session")
	h.until("the log of the practice tells", func() bool {
		page, err := h.store("EV-0000").Events(h.t.Context(), core.Query{Kind: core.SessionEnded})
		return err == nil && page.Total > 0
	})
}

// notified is what systemd would be told.
func notified(t *testing.T) (socket string, hears func(...string)) {
	t.Helper()
	socket = "/run/notify"
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: socket, Net: "unixgram"})
	story.Must(t, err)
	t.Cleanup(func() { conn.Close() })
	return socket, func(states ...string) {
		t.Helper()
		story.Must(t, conn.SetReadDeadline(time.Now().Add(story.Patience)))
		buffer := make([]byte, 100)
		for _, want := range states {
			for { // it says again and again that it is alive
				n, err := conn.Read(buffer)
				if err != nil {
					t.Fatalf("systemd is not told %s: %v", want, err)
				}
				if got := string(buffer[:n]); got == want {
					break
				} else if got != "WATCHDOG=1" {
					t.Fatalf("systemd is told %s, and not %s", got, want)
				}
			}
		}
	}
}

func TestTheServiceIsReloaded(t *testing.T) {
	if !story.Alone(t) {
		return
	}
	notify, hears := notified(t)
	h := newMachine(t, 1)
	h.killService()
	h.env = []string{"NOTIFY_SOCKET=" + notify}
	h.launch("--log-format", "json", "--log-level", "debug")
	hears("READY=1", "WATCHDOG=1")
	configure := func(more string) {
		story.Must(t, os.WriteFile(configuration, []byte("service = '"+socket+"'\n"+more), 0o644))
		h.signal(syscall.SIGHUP)
		hears("RELOADING=1", "READY=1")
	}
	configure("exempt = ['" + receptionist + "']\n")
	h.logSays(`"msg":"configuration read"`)
	g, err := h.startGate(receptionist) // which is exempt: so it has no session, and nobody ends it
	story.Must(t, err)
	if answer, err := g.does(told{Look: true}); err != nil || !answer.Granted { // the tool is open to it too
		t.Errorf("%+v, %v", answer, err)
	}
	h.logSays(`"operation":"/tool/overview","account":"EV-0000-1"`)
	configure("store = 'sqlite:///srv/elsewhere/{practice}/tfa.db'\n")
	h.logSays("store, key_file and service can't change")
	configure("no such = thing\n")
	h.signal(syscall.SIGTERM)
	hears("STOPPING=1")
	if err := h.service.Wait(); err != nil {
		t.Errorf("it ends with %v", err)
	}
}

// While systemd holds the socket, a restart refuses nobody.
func TestTheSocketOutlivesTheService(t *testing.T) {
	if !story.Alone(t) {
		return
	}
	h := newMachine(t, 1)
	h.killService()
	story.Must(t, os.Remove(socket))
	listener, err := net.ListenUnix("unix", &net.UnixAddr{Name: socket, Net: "unix"})
	story.Must(t, err)
	listener.SetUnlinkOnClose(false)
	story.Must(t, os.Chmod(socket, 0o666))
	h.given, err = listener.File()
	story.Must(t, err)
	story.Must(t, listener.Close())
	for range 3 {
		conn, err := net.Dial("unix", socket) // nobody is there
		story.Must(t, err)
		_, err = conn.Write([]byte("GET /health HTTP/1.0\r\n\r\n"))
		story.Must(t, err)
		h.launch()
		buffer := make([]byte, 8)
		if n, err := conn.Read(buffer); string(buffer[:n]) != "HTTP/1.0" {
			t.Errorf("got %q, %v", buffer[:n], err)
		}
		h.killService()
	}
	story.Must(t, os.WriteFile(configuration, []byte("service = '/run/tfa/other.sock'\n"), 0o644))
	h.launch()
	if err := h.service.Wait(); err == nil {
		t.Error("it listens on a socket that the configuration does not name")
	}
}

// A connection too many is refused, and those of others are not.
func TestOneAccountDoesNotTakeAllConnections(t *testing.T) {
	if !story.Alone(t) {
		return
	}
	h := newMachine(t, 1)
	greedy, err := h.startGate(receptionist)
	story.Must(t, err)
	other, err := h.startGate("EV-0000-2")
	story.Must(t, err)
	if answer, err := greedy.does(told{Hold: 3 * connectionsEach}); err != nil || answer.Held != connectionsEach {
		t.Errorf("%+v, %v", answer, err)
	}
	code, _, _ := next(h.secrets["EV-0000-2"], 0)
	if answer, err := other.does(told{Code: code}); err != nil || !answer.Granted {
		t.Errorf("%+v, %v", answer, err)
	}
	if status, metrics := page("/metrics"); status != http.StatusOK || !strings.Contains(metrics, `tfa_overload_refusals_total{limit="connections"}`) {
		t.Errorf("%d: %s", status, metrics)
	}
}

func TestLogsHaveTwoFormats(t *testing.T) {
	for _, args := range [][]string{{"--log-format", "xml"}, {"--log-level", "loud"}, {"--unknown"}} {
		out, err := exec.Command(story.Path("tfa-service"), args...).CombinedOutput()
		var exit *exec.ExitError
		if !errors.As(err, &exit) || exit.ExitCode() != exitFault || len(out) == 0 {
			t.Errorf("%s: %v, %s", args, err, out)
		}
	}
	for format, want := range map[string]string{"json": `"level":"ERROR","msg":"ended"`, "text": "level=ERROR msg=ended"} {
		out, _ := exec.Command(story.Path("tfa-service"), "--config", "/nonexistent", "--log-format", format).CombinedOutput()
		if !strings.Contains(string(out), want) {
			t.Errorf("%s: %s", format, out)
		}
	}
}
