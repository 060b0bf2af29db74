//go:build linux

package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"syscall"
	"time"

	"github.com/jezek/xgb"
	"github.com/jezek/xgb/xproto"
)

// Where things are. Paths are absolute: PATH is the session's to set.
const (
	self    = "/usr/bin/tfa-session"
	gate    = "/usr/bin/tfa-logon"
	config  = "/etc/tfa/tfa.toml"
	manager = "/usr/bin/openbox"
	profile = "/etc/xrdp/openbox-gate.xml"
	desktop = "/etc/xrdp/startwm.sh"
)

const (
	// managedWithin is how long the window manager may take to begin.
	managedWithin = 10 * time.Second
	// endsWithin is how long it may take to end before it is killed.
	endsWithin = time.Second
	between    = 20 * time.Millisecond
)

// managing is the property of the root window that names a window of the window
// manager, once there is one.
const managing = "_NET_SUPPORTING_WM_CHECK"

// askAtTheGate becomes the gate. It returns only if it can't.
func askAtTheGate() error {
	for _, path := range []string{config, profile, self, gate, manager, desktop} {
		if _, err := os.Stat(path); err != nil {
			return err
		}
	}
	if os.Getenv("DISPLAY") == "" || os.Getenv("HOME") == "" {
		return errors.New("there is no display or no home")
	}
	pid, err := startManager()
	if err != nil {
		return err
	}
	// In this process's place, so that there is one process to kill, and killing
	// it ends the session. --config names the file: without it a lost file would
	// mean the defaults.
	args := []string{gate, "--config", config, "--", self, "desktop", strconv.Itoa(pid)}
	return fmt.Errorf("starting the gate: %w", syscall.Exec(gate, args, os.Environ()))
}

// startManager starts a window manager and waits until it manages: the gate is
// a window, and somebody must make it cover the screen when a client comes back
// at another size. It gets an environment of its own, because nothing of the
// user's may tell it to load something.
func startManager() (pid int, err error) {
	display, err := xgb.NewConn()
	if err != nil {
		return 0, fmt.Errorf("connecting to the display: %w", err)
	}
	defer display.Close()
	authority := os.Getenv("XAUTHORITY")
	if authority == "" {
		authority = os.Getenv("HOME") + "/.Xauthority"
	}
	cmd := exec.Command(manager, "--sm-disable", "--config-file", profile)
	cmd.Env = []string{"DISPLAY=" + os.Getenv("DISPLAY"), "XAUTHORITY=" + authority, "HOME=/nonexistent"}
	if err := cmd.Start(); err != nil {
		return 0, fmt.Errorf("starting the window manager of the gate: %w", err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	again := time.NewTicker(between)
	defer again.Stop()
	late := time.After(managedWithin)
	for {
		there, err := isManaged(display)
		if err != nil || there {
			return cmd.Process.Pid, err
		}
		select {
		case err := <-ended:
			return 0, fmt.Errorf("the window manager of the gate has ended: %v", err)
		case <-late:
			cmd.Process.Kill()
			return 0, errors.New("the window manager of the gate does not begin")
		case <-again.C:
		}
	}
}

func isManaged(display *xgb.Conn) (bool, error) {
	root := xproto.Setup(display).DefaultScreen(display).Root
	atom, err := xproto.InternAtom(display, false, uint16(len(managing)), managing).Reply()
	if err != nil {
		return false, fmt.Errorf("asking the display: %w", err)
	}
	value, err := xproto.GetProperty(display, false, root, atom.Atom, xproto.AtomWindow, 0, 1).Reply()
	if err != nil {
		return false, fmt.Errorf("asking the display: %w", err)
	}
	return value.ValueLen > 0, nil
}

// startDesktop becomes the desktop, when the gate's window manager is gone: the
// desktop brings one of its own. It returns only if it can't.
func startDesktop(pid string) error {
	number, err := strconv.Atoi(pid)
	if err != nil {
		return fmt.Errorf("the window manager of the gate has no number: %w", err)
	}
	if err := endManager(number); err != nil {
		return err
	}
	return fmt.Errorf("starting the desktop: %w", syscall.Exec(desktop, []string{desktop}, os.Environ()))
}

func endManager(pid int) error {
	held, err := os.FindProcess(pid)
	if err != nil {
		return fmt.Errorf("finding the window manager of the gate: %w", err)
	}
	defer held.Release()
	exe := fmt.Sprintf("/proc/%d/exe", pid)
	is := func() bool { path, _ := os.Readlink(exe); return path == manager }
	if !is() {
		return nil
	}
	held.Signal(syscall.SIGTERM)
	again := time.NewTicker(between)
	defer again.Stop()
	for late := time.After(endsWithin); is(); {
		select {
		case <-again.C:
		case <-late:
			held.Kill()
		}
	}
	return forget()
}

// forget removes what openbox leaves on the display. Until another window
// manager has set its own, GLFW 3.4, and so every window of ours, crashes over
// it.
func forget() error {
	display, err := xgb.NewConn()
	if err != nil {
		return fmt.Errorf("connecting to the display: %w", err)
	}
	defer display.Close()
	atom, err := xproto.InternAtom(display, false, uint16(len(managing)), managing).Reply()
	if err == nil {
		root := xproto.Setup(display).DefaultScreen(display).Root
		err = xproto.DeletePropertyChecked(display, root, atom.Atom).Check()
	}
	if err != nil {
		return fmt.Errorf("telling the display that nobody manages it: %w", err)
	}
	return nil
}
