package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"evry.nl/tfa/cmd/internal/story"
)

// leavesMarks has this program leave marks until it is ended.
const leavesMarks = "leave-marks"

func leaveMarks() {
	for range time.Tick(100 * time.Millisecond) {
		file, err := os.OpenFile(mark, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o666)
		if err == nil {
			file.WriteString(".")
			file.Close()
		}
	}
}

// loot is where the thief writes what it got.
const loot = marks + "/loot"

// asked is what a thief in a session that has not passed asks the service for.
// Each may say "granted":true or hold a secret, and must not.
var asked = map[string]string{
	"/gate/prompt":    `{}`,
	"/gate/skip":      `{}`,
	"/gate/switch-on": `{}`,
	"/gate/verify":    `{"typed":""}`,
	"/gate/verify ":   `{"typed":"000000","account":"EV-0000-2"}`,
	// As if it were another session, or PAM.
	"/gate/prompt ":  `{"for":"EV-0000-2"}`,
	"/gate/skip ":    `{"for":"EV-0000-2"}`,
	"/tool/overview": `{"session":":10"}`,
	"/tool/version":  `{"session":":10"}`,
	"/tool/show":     `{"account":"EV-0000-1","session":":10"}`,
	"/tool/show ":    `{"account":"EV-0000-2","session":":10"}`,
	"/tool/show-all": `{"session":":10"}`,
	"/tool/copy":     `{"account":"EV-0000-1","what":"secret"}`,
	"/tool/reset":    `{"account":"EV-0000-1"}`,
	"/tool/log":      `{}`,
	"/session/begin": `{"account":"EV-0000-1","uid":0}`,
	"/session/end":   `{}`,
}

// steal tries for everything, and writes what it got. It runs as a program in
// the gate's place would that somebody has taken over.
func steal() {
	out, err := os.OpenFile(loot, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o666)
	if err != nil {
		return
	}
	defer out.Close()
	got := func(what string, it bool) {
		fmt.Fprintf(out, "%s %s\n", map[bool]string{true: "GOT", false: "denied"}[it], what)
	}
	client := &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", "/run/tfa/service.sock")
		},
	}}
	for path, body := range asked {
		answer, err := client.Post("http://service"+strings.TrimSpace(path), "application/json", strings.NewReader(body))
		if err != nil {
			got(path+" no answer", true)
			continue
		}
		text, _ := io.ReadAll(answer.Body)
		answer.Body.Close()
		harmless := bytes.Contains(text, []byte(`"granted":false`)) || path == "/gate/prompt" && !bytes.Contains(text, []byte("secret"))
		got(path, answer.StatusCode == http.StatusOK && !harmless)
	}
	for _, folder := range []string{"/var/lib/tfa", "/run/tfa/sessions"} {
		readable := false
		filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
			if err == nil && !entry.IsDir() {
				file, err := os.Open(path)
				readable = readable || err == nil
				file.Close()
			}
			return nil
		})
		got("files of "+folder, readable)
	}
	stealFromProcesses(got)
	fmt.Fprintln(out, "done")
}

// stealFromProcesses looks into the service, and into the gate of another session
// of the same account.
func stealFromProcesses(got func(string, bool)) {
	names, _ := filepath.Glob("/proc/[0-9]*/comm")
	for _, name := range names {
		comm, _ := os.ReadFile(name)
		var pid int
		fmt.Sscanf(name, "/proc/%d/", &pid)
		its := strings.TrimSpace(string(comm))
		if its != "tfa-service" && its != "tfa-logon" || pid == os.Getpid() {
			continue
		}
		for _, file := range []string{"mem", "environ", "maps", "fd/0"} {
			open, err := os.Open(filepath.Join(filepath.Dir(name), file))
			got(file+" of "+its, err == nil)
			open.Close()
		}
		err := syscall.PtraceAttach(pid)
		got("tracing "+its, err == nil)
	}
}

// A program that stands in the gate's place, in a session with nothing but the
// password, gets no secret and no code, while a session of the same account
// that has passed and a gate that waits are there too.
func TestRDPThief(t *testing.T) {
	t.Parallel()
	if !story.Alone(t) {
		return
	}
	r := newRaid(t, true, "Policy=UBC")
	passed := r.gate(receptionist)
	passed.Says("Voer uw OTP (one-time password) in")
	passed.TypeSlowly(phone(t, r.secret, 1))
	passed.ReachesDesktop()
	// It shows: until then it starts itself anew, which would be the thief.
	r.gate(receptionist).Says("Voer uw OTP (one-time password) in")
	// As an upgrade does it: the gate that runs keeps the file that it had.
	execute(t, "", "install", "-m", "755", "/srv/test", gateProgram+".new")
	story.Must(t, os.Rename(gateProgram+".new", gateProgram))
	r.Connect(receptionist)
	var took string
	r.Until("the thief has tried everything", story.Patience, func() bool {
		text, err := os.ReadFile(loot)
		took = string(text)
		return err == nil && strings.HasSuffix(took, "done\n")
	})
	for line := range strings.Lines(took) {
		if strings.HasPrefix(line, "GOT") {
			t.Error(line)
		}
	}
	for _, what := range []string{"tracing tfa-service", "tracing tfa-logon", "mem of tfa-logon", "/tool/show-all", "files of /var/lib/tfa"} {
		if !strings.Contains(took, "denied "+what+"\n") {
			t.Errorf("it did not try: %s", what)
		}
	}
}
