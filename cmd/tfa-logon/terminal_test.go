package main

import (
	"context"
	"errors"
	"image"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"evry.nl/tfa/cmd/internal/story"
	"evry.nl/tfa/ui/console"
)

// The QR code is read from a picture of a real terminal of 80×24: on a light
// ground that is told its colours, and on a dark one that knows none. The code
// that belongs to it lets in.
func TestQRCodeOnARealTerminal(t *testing.T) {
	for name, tc := range map[string]struct {
		term string
		args []string
	}{
		"light_with_colours":   {"xterm-256color", []string{"-bg", "white", "-fg", "black"}},
		"dark_with_colours":    {"linux", []string{"-bg", "black", "-fg", "grey70"}},
		"dark_without_colours": {"vt100", []string{"-bg", "black", "-fg", "white", "-cm", "-tn", "vt100"}},
	} {
		t.Run(name, func(t *testing.T) {
			h, account := practice(t)
			h.Admin("practice", "enable", strings.TrimSuffix(account, "-1"))
			w := openTerminal(t, h, account, tc.term, tc.args...)
			var secret string
			w.WaitFor("the QR code", func(img *image.RGBA) bool {
				_, secret = w.Secret(img)
				return secret != ""
			})
			typeCode(t, w, secret)
			w.Press("Return")
			_, err := w.Desk.WaitForWindow(t.Context(), "the desktop of "+account)
			story.Must(t, err)
		})
	}
}

// openTerminal opens a terminal of 80×24 in which the gate asks. On yes its
// window gets another title.
func openTerminal(t *testing.T, h *story.Host, account, term string, args ...string) *story.Window {
	t.Helper()
	xterm, err := exec.LookPath("xterm")
	story.Must(t, err)
	if err := os.Symlink(xterm, story.Path("xterm")); !errors.Is(err, os.ErrExist) { // where Start looks for programs
		story.Must(t, err)
	}
	return story.Start{
		Command: "xterm", As: h.As(account), Title: "the gate", Size: story.Small,
		Args: append(args, "-u8", "-fa", "DejaVu Sans Mono", "-fs", "10", "-geometry", "80x24+0+0", "-title", "the gate",
			"-e", story.Path("tfa-logon"), "--config", h.File, "--tty", "--",
			"/bin/sh", "-c", `printf '\033]2;the desktop of %s\007' "$(id -un)"; cat`),
		Env: []string{"TERM=" + term, "LC_ALL=C.UTF-8"},
	}.Open(t)
}

// pipes returns a terminal on pipes, and where its person types.
func pipes(t *testing.T) (*terminal, *os.File) {
	t.Helper()
	in, typed, err := os.Pipe()
	story.Must(t, err)
	t.Cleanup(func() { in.Close(); typed.Close() })
	return newTerminal(in, os.Stderr), typed
}

func reads(t *testing.T, term *terminal, want string) {
	t.Helper()
	if line, err := term.ReadLine(t.Context()); err != nil || line != want {
		t.Errorf("read %q, %v, want %q", line, err, want)
	}
}

// What is typed after the last answer is for the command.
func TestTheTerminalTakesNoMoreThanItsAnswer(t *testing.T) {
	in, typed, err := os.Pipe()
	story.Must(t, err)
	defer in.Close()
	_, err = typed.WriteString("123456\nls\n")
	story.Must(t, err)
	typed.Close()
	reads(t, newTerminal(in, os.Stderr), "123456")
	rest := make([]byte, 10)
	if n, err := in.Read(rest); err != nil || string(rest[:n]) != "ls\n" {
		t.Errorf("the command reads %q, %v", rest[:n], err)
	}
}

// A gate that stops waiting, because a lock is over, gets the line later.
func TestTheTerminalWaitsAgain(t *testing.T) {
	term, typed := pipes(t)
	gone, leave := context.WithCancel(t.Context())
	leave()
	for range 3 {
		if line, err := term.ReadLine(gone); !errors.Is(err, context.Canceled) {
			t.Fatalf("read %q, %v", line, err)
		}
	}
	_, err := typed.WriteString("123456\n654321\n")
	story.Must(t, err)
	reads(t, term, "123456")
	reads(t, term, "654321")
}

func TestTheTerminalIsClosed(t *testing.T) {
	for name, typed := range map[string]string{
		"at_once":                   "",
		"in_the_middle_of_a_line":   "123",
		"by_a_line_that_never_ends": strings.Repeat("1", longestLine+2),
	} {
		t.Run(name, func(t *testing.T) {
			term, person := pipes(t)
			_, err := person.WriteString(typed)
			story.Must(t, err)
			if len(typed) <= longestLine {
				person.Close()
			}
			for range 2 {
				if line, err := term.ReadLine(t.Context()); !errors.Is(err, console.ErrClosed) {
					t.Errorf("read %q, %v", line, err)
				}
			}
		})
	}
}

// Built for terminals alone, the gate asks there, and has no window to ask in.
func TestTheGateBuiltForTerminals(t *testing.T) {
	h, account := practice(t)
	program := forTerminals(t)
	for name, tc := range map[string]struct {
		args   []string
		status int
		says   string
	}{
		"on_a_terminal": {[]string{"--tty"}, exitYes, "Uw praktijk gebruikt nog geen Two Factor Authenticatie."},
		"in_a_window":   {nil, exitFault, "Inloggen lukt nu niet"},
	} {
		cmd := exec.CommandContext(t.Context(), program, append([]string{"--config", h.File}, tc.args...)...)
		cmd.Env = []string{"TERM=xterm"}
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: h.As(account)}
		cmd.Stdin = strings.NewReader("0\n") // without a code
		out, err := cmd.CombinedOutput()
		var exit *exec.ExitError
		if err != nil && !errors.As(err, &exit) {
			t.Fatal(err)
		}
		if status := cmd.ProcessState.ExitCode(); status != tc.status || !strings.Contains(string(out), tc.says) {
			t.Errorf("%s: status %d, said %s", name, status, out)
		}
	}
}

// forTerminals builds the gate without windows.
func forTerminals(t testing.TB) string {
	t.Helper()
	folder := t.TempDir()
	story.Must(t, os.Chmod(filepath.Dir(folder), 0o755))
	story.Must(t, os.Chmod(folder, 0o755))
	path := filepath.Join(folder, "tfa-logon")
	cmd := exec.CommandContext(t.Context(), "go", "build", "-tags", "terminal", "-o", path, ".")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return path
}
