package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"evry.nl/tfa/cmd/internal/story"
)

// hostile is an environment in which much would run code of somebody else's, or
// change what the gate shows.
var hostile = []string{
	"LD_PRELOAD=/nonexistent.so", "LD_LIBRARY_PATH=/tmp", "LD_AUDIT=/nonexistent.so", "GTK_MODULES=evil", "GTK_PATH=/tmp",
	"FYNE_THEME=dark", "FYNE_SCALE=40", "FYNE_FONT=/tmp/blank.ttf", "PATH=/tmp:/usr/bin:/bin", "GODEBUG=http2debug=2", "GOTRACEBACK=crash",
	"LIBGL_DRIVERS_PATH=/tmp", "LIBGL_ALWAYS_SOFTWARE=1", "MESA_LOADER_DRIVER_OVERRIDE=evil", "VK_ICD_FILENAMES=/tmp/evil.json",
	"XDG_CONFIG_HOME=/tmp", "XDG_DATA_DIRS=/tmp", "XDG_CACHE_HOME=/tmp", "XCURSOR_PATH=/tmp", "XMODIFIERS=@im=evil", "XLOCALEDIR=/tmp", "XCOMPOSEFILE=/tmp/x",
	"GCONV_PATH=/tmp", "LOCPATH=/tmp", "LANGUAGE=en", "LC_ALL=C", "TZDIR=/tmp", "TZ=Pacific/Kiritimati", "ZONEINFO=/tmp/z.zip", "HOSTALIASES=/tmp/h", "RES_OPTIONS=debug",
	"TMPDIR=/tmp", "BASH_ENV=/tmp/evil.sh", "ENV=/tmp/evil.sh", "SHELL=/bin/sh", "SSH_ORIGINAL_COMMAND=rm -rf /", "DBUS_SESSION_BUS_ADDRESS=unix:path=/tmp/bus",
	"WAYLAND_DISPLAY=wayland-0", "NO_AT_BRIDGE=0", "SQLITE_TMPDIR=/tmp", "EMPTY=", "SPACES=a b  c", "LINES=one\ntwo", "HOME=/nonexistent", "TERM=xterm",
}

const (
	// sessionFD names the pipe by which the gate hands itself the environment.
	sessionFD = "TFA_LOGON_SESSION_FD"
	// pipeSize is the largest environment that it takes.
	pipeSize = 64 << 10
)

// split cuts what env -0 prints, or /proc shows, into entries.
func split(text string) []string { return strings.Split(strings.TrimSuffix(text, "\x00"), "\x00") }

// atGate starts the gate on pipes in an environment. Its command prints what it
// has of one.
func atGate(t testing.TB, h *story.Host, account string, environment []string) (cmd *exec.Cmd, in io.WriteCloser, out *bytes.Buffer, said *bufio.Reader) {
	t.Helper()
	cmd = exec.CommandContext(t.Context(), story.Path("tfa-logon"), "--config", h.File, "--tty", "--", "env", "-0")
	cmd.Env = environment
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: h.As(account)}
	out = new(bytes.Buffer)
	cmd.Stdout = out
	in, err := cmd.StdinPipe()
	story.Must(t, err)
	stderr, err := cmd.StderrPipe()
	story.Must(t, err)
	story.Must(t, cmd.Start())
	t.Cleanup(func() { cmd.Process.Kill() })
	return cmd, in, out, bufio.NewReader(stderr)
}

// isReady waits until the gate waits for an answer.
func isReady(t testing.TB, said *bufio.Reader) {
	t.Helper()
	for {
		line, err := said.ReadString('\n')
		if line == "ready terminal\n" {
			return
		}
		if err != nil {
			t.Fatalf("the gate ended before it was ready: %v", err)
		}
	}
}

// While the gate asks, nothing of the session's environment but where its screen
// is can be found in it; the desktop gets all of it back, as it was.
func TestTheGateRunsWithoutTheSessionsEnvironment(t *testing.T) {
	h, account := practice(t)
	cmd, in, out, said := atGate(t, h, account, hostile)
	isReady(t, said)
	environ, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(cmd.Process.Pid), "environ"))
	story.Must(t, err)
	var left []string
	for _, entry := range split(string(environ)) {
		if name, _, _ := strings.Cut(entry, "="); name != sessionFD {
			left = append(left, entry)
		}
	}
	slices.Sort(left)
	want := []string{"DBUS_SESSION_BUS_ADDRESS=disabled:", "HOME=/nonexistent", "MESA_SHADER_CACHE_DISABLE=true", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "TERM=xterm"}
	if !slices.Equal(left, want) {
		t.Errorf("the gate runs with %q, want %q", left, want)
	}

	_, err = io.WriteString(in, "0\n")
	story.Must(t, err)
	if _, err := io.Copy(io.Discard, said); err != nil {
		t.Error(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	_, printed, _ := strings.Cut(out.String(), "Uw keuze: ")
	got := split(printed)
	slices.Sort(got)
	want = slices.Sorted(slices.Values(hostile))
	if !slices.Equal(got, want) {
		t.Errorf("the desktop runs with %q, want %q", got, want)
	}
}

// What the gate can't hand over it does not shorten: it denies.
func TestAnEnvironmentThatIsTooLargeDenies(t *testing.T) {
	h, account := practice(t)
	for name, tc := range map[string]struct {
		size int
		in   bool
	}{
		"as_much_as_is_taken": {pipeSize - 100, true},
		"more":                {pipeSize + 1, false},
	} {
		t.Run(name, func(t *testing.T) {
			cmd, in, out, said := atGate(t, h, account, []string{"LARGE=" + strings.Repeat("x", tc.size)})
			_, err := io.WriteString(in, "0\n")
			if tc.in {
				story.Must(t, err)
			}
			complaint, err := io.ReadAll(said)
			story.Must(t, err)
			cmd.Wait()
			if status := cmd.ProcessState.ExitCode(); (status == exitYes) != tc.in || !tc.in && status != exitFault {
				t.Errorf("status %d: %.300s", status, complaint)
			}
			if strings.Contains(out.String(), "LARGE=") != tc.in {
				t.Errorf("the command ran: %v", !tc.in)
			}
		})
	}
}

// Nobody but the gate itself hands the gate an environment.
func TestAForgedHandOver(t *testing.T) {
	h, account := practice(t)
	for name, tc := range map[string]struct {
		environment []string
		status      int
	}{
		"terminal":      {[]string{sessionFD + "=0"}, exitFault},
		"negative":      {[]string{sessionFD + "=-1"}, exitFault},
		"no_number":     {[]string{sessionFD + "=three"}, exitFault},
		"not_open":      {[]string{sessionFD + "=999"}, exitFault},
		"overflow":      {[]string{sessionFD + "=99999999999999999999"}, exitFault},
		"among_others":  {[]string{sessionFD + "=999", "LD_PRELOAD=/nonexistent.so", "MARK=here"}, exitYes},
		"after_another": {[]string{"MARK=here", sessionFD + "=0", sessionFD + "=999"}, exitYes},
	} {
		t.Run(name, func(t *testing.T) {
			cmd, in, out, said := atGate(t, h, account, tc.environment)
			io.WriteString(in, "0\n") // nobody may be there to read it
			complaint, err := io.ReadAll(said)
			story.Must(t, err)
			cmd.Wait()
			if status := cmd.ProcessState.ExitCode(); status != tc.status {
				t.Errorf("status %d, want %d: %s", status, tc.status, complaint)
			}
			if strings.Contains(out.String(), "MARK=here") != (tc.status == exitYes) {
				t.Errorf("the command printed %q", out)
			}
		})
	}
}

// Programs of the session's own PATH never run inside the gate, nor in place of
// the command that the administrator named.
func TestTheCommandIsNotLookedForInTheSessionsPath(t *testing.T) {
	h, account := practice(t)
	folder := t.TempDir()
	story.Must(t, os.Chmod(filepath.Dir(folder), 0o755))
	story.Must(t, os.WriteFile(filepath.Join(folder, "env"), []byte("#!/bin/sh\necho planted\n"), 0o755))
	cmd, in, out, said := atGate(t, h, account, []string{"PATH=" + folder})
	fmt.Fprintln(in, "0")
	_, err := io.Copy(io.Discard, said)
	story.Must(t, err)
	if err := cmd.Wait(); err != nil || strings.Contains(out.String(), "planted") || !strings.Contains(out.String(), "PATH="+folder) {
		t.Errorf("%v: %s", err, out)
	}
}
