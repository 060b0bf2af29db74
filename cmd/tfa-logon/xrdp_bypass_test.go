//go:build rdp

package main

import (
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"evry.nl/tfa/cmd/internal/story"
	"evry.nl/tfa/core"
)

// mark is what somebody who got past the gate leaves behind: one dot each tenth
// of a second.
const mark = "/srv/marks/past"

// intruder is what they start.
const intruder = "/srv/marks/intruder"

// bypasses are ways past a gate that runs in the session as its user. Each knows
// the password of the account, and may have planted files in its home.
var bypasses = map[string]struct {
	// begin tries, and returns when it can do no more.
	begin func(*testing.T, *story.RDPHost)
	// tight says that the gate alone stops it too.
	tight bool
}{
	"alternate_shell": {begin: func(t *testing.T, h *story.RDPHost) {
		h.Connect(receptionist, "/shell:"+intruder)
	}},
	"alternate_shell_by_a_shell": {begin: func(t *testing.T, h *story.RDPHost) {
		h.Connect(receptionist, "/shell:while :; do echo . >>"+mark+"; done")
	}},
	"file_in_the_home": {tight: true, begin: func(t *testing.T, h *story.RDPHost) {
		home := "/home/" + receptionist
		for _, name := range []string{"startwm.sh", ".xsession", ".xsessionrc", ".profile"} {
			story.Must(t, os.WriteFile(home+"/"+name, []byte("#!/bin/sh\n"+intruder+"\n"), 0o755))
		}
		h.Connect(receptionist).Says("Voer uw OTP (one-time password) in")
	}},
	"scheduled_task": {begin: func(t *testing.T, h *story.RDPHost) {
		h.Connect(receptionist).Says("Voer uw OTP (one-time password) in")
		inBackground(t, h) // as cron, at and user units of systemd start programs
	}},
	"left_from_before": {begin: func(t *testing.T, h *story.RDPHost) {
		inBackground(t, h)
	}},
}

// inBackground starts the intruder as the account, outside of every session.
func inBackground(t *testing.T, h *story.RDPHost) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), intruder)
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: h.As(receptionist)}
	if err := cmd.Start(); err == nil {
		t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
	}
}

// What gets past the gate alone is ended by the service within two seconds.
func TestRDPBypasses(t *testing.T) {
	for name, tc := range bypasses {
		for _, served := range []bool{false, true} {
			t.Run(name+map[bool]string{false: "/gate_alone", true: "/with_the_service"}[served], func(t *testing.T) {
				t.Parallel()
				if !story.Alone(t) {
					return
				}
				h := story.NewRDPHost(t, xrdpPackaging, served, receptionist)
				story.Must(t, os.MkdirAll("/srv/marks", 0o777))
				story.Must(t, os.Chmod("/srv/marks", 0o777))
				story.Must(t, os.WriteFile(intruder, []byte("#!/bin/sh\nwhile :; do echo . >>"+mark+"; sleep 0.1; done\n"), 0o755))
				enrolled(h)
				tc.begin(t, h)
				past := lasts(t, h)
				t.Logf("%s: got past for %v", name, past)
				switch {
				case served && past > 2*time.Second:
					t.Errorf("it goes on for %v", past)
				case !served && !tc.tight && past < 2*time.Second:
					t.Error("the gate alone stops it: then it shows nothing")
				case tc.tight && past > 0:
					t.Errorf("it got past for %v", past)
				}
				if served && !tc.tight {
					h.Until("the log tells", story.Patience, func() bool { return told(h) })
				}
			})
		}
	}
}

// lasts returns for how long the intruder leaves marks, three seconds at most,
// from when it is most likely to have begun.
func lasts(t *testing.T, h *story.RDPHost) time.Duration {
	t.Helper()
	marks := func() int {
		text, err := os.ReadFile(mark)
		if err != nil {
			return 0
		}
		return strings.Count(string(text), ".")
	}
	begun := time.Now()
	until := begun.Add(10 * time.Second)
	for marks() == 0 && time.Now().Before(until) {
		time.Sleep(20 * time.Millisecond)
	}
	if marks() == 0 {
		return 0
	}
	first, last, seen := time.Now(), time.Now(), marks()
	for time.Since(first) < 3*time.Second {
		time.Sleep(50 * time.Millisecond)
		if n := marks(); n > seen {
			seen, last = n, time.Now()
		}
	}
	return last.Sub(first)
}

// told reports whether the log says that a session was ended.
func told(h *story.RDPHost) bool {
	page, err := h.Direct(receptionist).Store.Events(h.T.Context(), core.Query{Kind: core.SessionEnded})
	return err == nil && page.Total > 0
}
