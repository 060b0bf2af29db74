package main

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
	"strings"
	"syscall"
	"testing"
	"time"

	"evry.nl/tfa/cmd/internal/clock"
	"evry.nl/tfa/cmd/internal/desktop"
	"evry.nl/tfa/core/otp"
)

// patience is how long a person would wait before calling the helpdesk; a test
// that waits so long has failed.
const patience = time.Minute

// program is the tool as it is shipped, built once for all tests.
var program string

func TestMain(m *testing.M) {
	folder, err := os.MkdirTemp("", "beheertool-test-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Chmod(folder, 0o755) // other users start it too
	program = filepath.Join(folder, "beheertool")
	build := exec.Command("go", "build", "-tags", "no_animations", "-o", program, ".")
	build.Stdout, build.Stderr = os.Stderr, os.Stderr
	status := 1
	if err := build.Run(); err == nil {
		status = m.Run()
	}
	os.RemoveAll(folder)
	os.Exit(status)
}

// tool is a running tool, with its window on a display of its own.
type tool struct {
	t      *testing.T
	ctx    context.Context
	desk   *desktop.Desktop
	cmd    *exec.Cmd
	output *bytes.Buffer
	window desktop.Window
}

// start starts the tool and waits for its window.
func start(t *testing.T, env []string, as *syscall.Credential, args ...string) *tool {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 4*patience)
	t.Cleanup(cancel)
	desk := startDesk(t)
	p := &tool{t: t, ctx: ctx, desk: desk, output: new(bytes.Buffer)}
	p.cmd = desk.Command(ctx, program, args...)
	home := t.TempDir()
	p.cmd.Env = append(p.cmd.Env, "LANG=nl_NL.UTF-8", "HOME="+home, "XDG_CONFIG_HOME="+home, "XDG_RUNTIME_DIR="+home)
	p.cmd.Env = append(p.cmd.Env, env...)
	p.cmd.Stdout, p.cmd.Stderr = p.output, p.output
	if as != nil {
		must(t, os.Chown(home, int(as.Uid), int(as.Gid)))
		must(t, openPath(home))
		p.cmd.SysProcAttr.Credential = as
	}
	must(t, p.cmd.Start())
	t.Cleanup(p.stop)
	var err error
	p.window, err = desk.WaitForWindow(ctx, "Two Factor RDP beheertool")
	must(t, err)
	must(t, desk.Focus(p.window))
	return p
}

// startDesk starts a display that is large enough for every scale.
func startDesk(t *testing.T) *desktop.Desktop {
	t.Helper()
	desk, err := desktop.Start(t.Context(), 2000, 1500)
	must(t, err)
	t.Cleanup(func() { desk.Close() })
	return desk
}

// openPath lets others walk to a folder of the test.
func openPath(folder string) error {
	return os.Chmod(filepath.Dir(folder), 0o755)
}

func (p *tool) stop() {
	p.cmd.Process.Kill()
	p.cmd.Wait()
	if p.t.Failed() {
		p.t.Logf("the tool said:\n%s", p.output)
	}
}

// waitFor waits until the display shows what cond says, and keeps the last
// picture of a failure.
func (p *tool) waitFor(what string, cond func(*image.RGBA) bool) *image.RGBA {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	img, err := p.desk.WaitFor(ctx, cond)
	if err != nil {
		p.t.Fatalf("waiting for %s: %v\nthe window, kept in %s, says: %s", what, err, p.keep(img), p.text(img))
	}
	return img
}

// keep writes the picture of a failure where go test -artifacts keeps it.
func (p *tool) keep(img *image.RGBA) string {
	p.t.Helper()
	path := filepath.Join(p.t.ArtifactDir(), "window.png")
	file, err := os.Create(path)
	must(p.t, err)
	defer file.Close()
	if img != nil {
		must(p.t, png.Encode(file, img))
	}
	return path
}

// text reads what the window says.
func (p *tool) text(img *image.RGBA) string {
	if img == nil {
		return ""
	}
	text, err := desktop.ReadText(p.ctx, img, desktop.Reading{Area: p.window.Bounds, Scale: 2})
	must(p.t, err)
	return text
}

// says waits until the window says a word.
func (p *tool) says(word string) {
	p.t.Helper()
	p.waitFor(fmt.Sprintf("the word %q", word), func(img *image.RGBA) bool { return strings.Contains(p.text(img), word) })
}

// press presses keys, one after the other.
func (p *tool) press(keys ...string) {
	p.t.Helper()
	for _, key := range keys {
		must(p.t, p.desk.Press(key))
	}
}

var secretInURI = regexp.MustCompile(`[?&]secret=([A-Z2-7]{32})(&|$)`)

// secret returns the QR code in a picture and the secret in it, "" if there is
// none.
func (p *tool) secret(img *image.RGBA) (desktop.QR, string) {
	p.t.Helper()
	codes, err := desktop.ReadQR(p.ctx, img)
	must(p.t, err)
	if len(codes) != 1 {
		return desktop.QR{}, ""
	}
	match := secretInURI.FindStringSubmatch(codes[0].Text)
	if match == nil {
		p.t.Fatal("the QR code holds no key URI with a secret of 20 bytes")
	}
	return codes[0], match[1]
}

var sentence = regexp.MustCompile(`OTP van (\S+) is ([0-9 ]{6,})`)

// shownCode reads "OTP van … is …" beside the QR code.
func (p *tool) shownCode(img *image.RGBA, qr desktop.QR) (account, code string) {
	p.t.Helper()
	area := image.Rect(qr.Bounds.Max.X+10, p.window.Bounds.Min.Y, p.window.Bounds.Max.X, (qr.Bounds.Min.Y+qr.Bounds.Max.Y)/2)
	text, err := desktop.ReadText(p.ctx, img, desktop.Reading{Area: area, Scale: 1})
	must(p.t, err)
	if match := sentence.FindStringSubmatch(strings.Join(strings.Fields(text), " ")); match != nil {
		return match[1], otp.Typed(match[2]) // OCR sees gaps between digits
	}
	return "", ""
}

// codeIsRight waits until a picture of the window holds a QR code and, as text,
// the code that oathtool makes of it for that very moment.
func (p *tool) codeIsRight() (secret string) {
	p.t.Helper()
	p.waitFor("the code of the QR code", func(img *image.RGBA) bool {
		qr, found := p.secret(img)
		if found == "" {
			return false
		}
		want, err := desktop.OathCode(p.ctx, found, clock.Now())
		must(p.t, err)
		_, code := p.shownCode(img, qr)
		secret = found
		return code == want
	})
	return secret
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
