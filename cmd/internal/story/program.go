// Package story lets tests play what people do: with the real programs, in real
// windows, by real accounts of the operating system.
package story

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"evry.nl/tfa/cmd/internal/apart"
	"evry.nl/tfa/cmd/internal/desktop"
)

// Patience is how long a person would wait before calling the helpdesk; a test
// that waits so long has failed.
const Patience = time.Minute

// static are the commands that are one file without libraries.
var static = []string{"tfa-service", "tfa-session"}

// folder holds the programs that Main built.
var folder string

// Main builds commands of this repository as they are shipped, runs the tests
// where they may make accounts, and returns the exit status.
func Main(m *testing.M, commands ...string) int {
	if os.Getenv(aloneVariable) != "" { // they are built
		folder = alonePrograms
		return m.Run()
	}
	apart.Start()
	var err error
	if folder, err = os.MkdirTemp("", "tfa-story-"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(folder)
	if err := os.Chmod(folder, 0o755); err != nil { // other accounts start them too
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	for _, command := range commands {
		build := exec.Command("go", "build", "-tags", "no_animations", "-o", folder, "evry.nl/tfa/cmd/"+command)
		build.Stdout, build.Stderr = os.Stderr, os.Stderr
		if slices.Contains(static, command) {
			build.Env = append(os.Environ(), "CGO_ENABLED=0")
		}
		if err := build.Run(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
	}
	return m.Run()
}

// Path returns where a command that Main built stands.
func Path(command string) string { return filepath.Join(folder, command) }

// The sizes of displays: what old monitors have, and what holds a window at
// every scale.
var (
	Small = image.Pt(1024, 768)
	Large = image.Pt(2000, 1500)
)

// Must ends the test if there is an error.
func Must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// Display starts a display of that size.
func Display(t testing.TB, size image.Point) *desktop.Desktop {
	t.Helper()
	desk, err := desktop.Start(t.Context(), size.X, size.Y)
	Must(t, err)
	t.Cleanup(func() { desk.Close() })
	return desk
}

// Start says what to start, and how.
type Start struct {
	Command string
	Args    []string
	Env     []string
	// As is the account that runs it; nil is the one that runs the test.
	As *syscall.Credential
	// Title is that of the window to wait for.
	Title string
	// Size is that of the display.
	Size image.Point
}

// Window is a running program with its window on a display of its own.
type Window struct {
	T      testing.TB
	Desk   *desktop.Desktop
	Cmd    *exec.Cmd
	Output *bytes.Buffer // not to be read before Stop
	Place  desktop.Window

	ctx context.Context
}

// Open starts a program and waits for its window, which then has the keyboard.
func (s Start) Open(t testing.TB) *Window {
	t.Helper()
	desk := Display(t, s.Size)
	cmd := desk.Command(t.Context(), Path(s.Command), s.Args...)
	home := t.TempDir()
	cmd.Env = append(cmd.Env, "LANG=nl_NL.UTF-8", "HOME="+home, "XDG_CONFIG_HOME="+home, "XDG_CACHE_HOME="+home, "XDG_RUNTIME_DIR="+home)
	cmd.Env = append(cmd.Env, s.Env...)
	if s.As != nil {
		Must(t, os.Chown(home, int(s.As.Uid), int(s.As.Gid)))
		Must(t, os.Chmod(filepath.Dir(home), 0o755))
		cmd.SysProcAttr.Credential = s.As
	}
	return Watch(t, desk, cmd, s.Title)
}

// Watch starts a command of a display and waits for its window of that title,
// which then has the keyboard.
func Watch(t testing.TB, desk *desktop.Desktop, cmd *exec.Cmd, title string) *Window {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 4*Patience)
	t.Cleanup(cancel)
	w := &Window{T: t, Desk: desk, Cmd: cmd, Output: new(bytes.Buffer), ctx: ctx}
	cmd.Stdout, cmd.Stderr = w.Output, w.Output
	Must(t, cmd.Start())
	t.Cleanup(w.Stop)
	var err error
	w.Place, err = desk.WaitForWindow(ctx, title)
	Must(t, err)
	Must(t, desk.Focus(w.Place))
	return w
}

// Stop ends the program, and says what it said if the test has failed.
func (w *Window) Stop() {
	w.Cmd.Process.Kill()
	w.Cmd.Wait()
	if w.T.Failed() {
		w.T.Logf("%s said:\n%s", filepath.Base(w.Cmd.Path), w.Output)
	}
}

// WaitFor waits until the display shows what cond says, and keeps the last
// picture of a failure.
func (w *Window) WaitFor(what string, cond func(*image.RGBA) bool) *image.RGBA {
	w.T.Helper()
	ctx, cancel := context.WithTimeout(w.ctx, Patience)
	defer cancel()
	img, err := w.Desk.WaitFor(ctx, cond)
	if err != nil {
		w.T.Fatalf("waiting for %s: %v\nthe window, kept in %s, says: %s", what, err, w.keep(img), w.Text(img))
	}
	return img
}

// keep writes the picture of a failure where go test -artifacts keeps it.
func (w *Window) keep(img *image.RGBA) string {
	w.T.Helper()
	path := filepath.Join(w.T.ArtifactDir(), "window.png")
	file, err := os.Create(path)
	Must(w.T, err)
	defer file.Close()
	if img != nil {
		Must(w.T, png.Encode(file, img))
	}
	return path
}

// Text reads what the window says.
func (w *Window) Text(img *image.RGBA) string {
	w.T.Helper()
	if img == nil {
		return ""
	}
	text, err := desktop.ReadText(w.ctx, img, desktop.Reading{Area: w.Desk.Bounds(w.Place), Scale: 2})
	Must(w.T, err)
	return text
}

// Says waits until the window says some words.
func (w *Window) Says(words string) {
	w.T.Helper()
	w.WaitFor(fmt.Sprintf("the words %q", words), func(img *image.RGBA) bool {
		return strings.Contains(strings.Join(strings.Fields(w.Text(img)), " "), words)
	})
}

// Press presses keys, one after the other.
func (w *Window) Press(keys ...string) {
	w.T.Helper()
	for _, key := range keys {
		Must(w.T, w.Desk.Press(key))
	}
}

// Type types a text.
func (w *Window) Type(text string) {
	w.T.Helper()
	Must(w.T, w.Desk.Type(text))
}

var secretInURI = regexp.MustCompile(`[?&]secret=([A-Z2-7]{32})(&|$)`)

// Secret returns the QR code in a picture and the secret in it, "" if there is
// none.
func (w *Window) Secret(img *image.RGBA) (desktop.QR, string) {
	w.T.Helper()
	codes, err := desktop.ReadQR(w.ctx, img)
	Must(w.T, err)
	if len(codes) != 1 {
		return desktop.QR{}, ""
	}
	match := secretInURI.FindStringSubmatch(codes[0].Text)
	if match == nil {
		w.T.Fatal("the QR code holds no key URI with a secret of 20 bytes")
	}
	return codes[0], match[1]
}
