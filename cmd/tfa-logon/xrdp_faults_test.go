package main

import (
	"os"
	"os/exec"
	"syscall"
	"testing"

	"evry.nl/tfa/cmd/internal/story"
)

// Where NewRDPHost installs what these tests take away.
const (
	gateProgram = "/usr/bin/tfa-logon"
	xServer     = "/usr/lib/xorg/Xorg"
	manager     = "/usr/bin/openbox"
)

// Whatever becomes of the gate while it asks, the session ends with it.
func TestRDPGateDies(t *testing.T) {
	for name, tc := range map[string]struct {
		program string
		signal  syscall.Signal
	}{
		"gate_terminated": {gateProgram, syscall.SIGTERM},
		"gate_killed":     {gateProgram, syscall.SIGKILL},
		"gate_crashed":    {gateProgram, syscall.SIGSEGV},
		"gate_hung_up":    {gateProgram, syscall.SIGHUP},
		"x_server_killed": {xServer, syscall.SIGKILL},
	} {
		t.Run(name, func(t *testing.T) {
			onRDPHost(t, false, func(h *story.RDPHost) {
				enrolled(h)
				s := h.Connect(receptionist)
				s.Says("Voer uw OTP (one-time password) in")
				h.Signal(receptionist, tc.program, tc.signal)
				s.Ends()
				noDesktop(t, h)
			}, receptionist)
		})
	}
}

// The wrapper is killed before it has become the gate, or waits in vain.
func TestRDPWrapperDies(t *testing.T) {
	for name, kill := range map[string]bool{"killed": true, "window_manager_never_ready": false} {
		t.Run(name, func(t *testing.T) {
			onRDPHost(t, false, func(h *story.RDPHost) {
				enrolled(h)
				story.Must(t, os.Rename(manager, manager+".real"))
				story.Must(t, os.WriteFile(manager, []byte("#!/bin/sh\nexec "+manager+".real --sm-disable\n"), 0o755))
				s := h.Connect(receptionist)
				if kill {
					h.Until("the wrapper waits", story.Patience, func() bool { return len(h.Processes(receptionist, manager+".real")) > 0 })
					h.Signal(receptionist, "/usr/bin/dash", syscall.SIGKILL)
				}
				s.Ends()
				noDesktop(t, h)
			}, receptionist)
		})
	}
}

// Whatever is missing, the session ends: at once, or when somebody has read that
// it does not work.
func TestRDPMissing(t *testing.T) {
	store := "/var/lib/tfa/" + rdpPractice
	for name, tc := range map[string]struct {
		path string
		said bool // the gate can still say so
	}{
		"gate":             {path: gateProgram},
		"configuration":    {path: "/etc/tfa/tfa.toml"},
		"window_manager":   {path: manager},
		"profile":          {path: "/etc/xrdp/openbox-gate.xml"},
		"desktop":          {path: "/etc/xrdp/startwm.sh"},
		"store":            {path: store + "/tfa.db", said: true},
		"key":              {path: store + "/tfa.key", said: true},
		"folder_of_stores": {path: store, said: true},
	} {
		t.Run(name, func(t *testing.T) {
			onRDPHost(t, false, func(h *story.RDPHost) {
				enrolled(h)
				story.Must(t, os.RemoveAll(tc.path))
				s := h.Connect(receptionist)
				if tc.said {
					s.Says("Inloggen lukt nu niet")
					s.Keep("fault")
					s.Press("Return")
				}
				s.Ends()
				noDesktop(t, h)
			}, receptionist)
		})
	}
}

// The window manager of the gate is no part of the lock: without it the gate
// still stands, and still opens.
func TestRDPWindowManagerDies(t *testing.T) {
	onRDPHost(t, false, func(h *story.RDPHost) {
		secret := enrolled(h)
		s := h.Connect(receptionist)
		s.Says("Voer uw OTP (one-time password) in")
		h.Signal(receptionist, manager, syscall.SIGKILL)
		h.Until("it is gone", story.Patience, func() bool { return len(h.Processes(receptionist, manager)) == 0 })
		noDesktop(t, h)
		s.TypeSlowly(phone(t, secret, 1))
		s.ReachesDesktop()
	}, receptionist)
}

// A right code that can't be recorded as spent opens nothing.
func TestRDPDiskFull(t *testing.T) {
	onRDPHost(t, false, func(h *story.RDPHost) {
		secret := enrolled(h)
		for _, command := range [][]string{
			{"mkdir", "/srv/small"},
			{"mount", "-t", "tmpfs", "-o", "size=4m,mode=755", "tmpfs", "/srv/small"},
			{"cp", "--archive", h.Folder + "/.", "/srv/small"},
			{"mount", "--bind", "/srv/small", h.Folder},
		} {
			if out, err := exec.CommandContext(t.Context(), command[0], command[1:]...).CombinedOutput(); err != nil {
				t.Fatalf("%s: %v\n%s", command, err, out)
			}
		}
		s := h.Connect(receptionist)
		s.Says("Voer uw OTP (one-time password) in")
		if err := exec.CommandContext(t.Context(), "dd", "if=/dev/zero", "of="+h.Folder+"/full", "bs=4k").Run(); err == nil {
			t.Fatal("the disk is not full")
		}
		s.TypeSlowly(phone(t, secret, 1))
		s.Says("Inloggen lukt nu niet")
		s.Keep("disk-full")
		s.Press("Return")
		s.Ends()
		noDesktop(t, h)
	}, receptionist)
}
