package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"image"
	"image/png"
	"io"
	"net/url"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"evry.nl/tfa/cmd/internal/desktop"
)

const (
	toolTitle = "Two Factor RDP beheertool"
	// patience is how long dev waits for the tool to show what it must.
	patience = 2 * time.Minute
	// other is an account of the demo that has a secret, besides the first.
	other = "EV-0000-2"
	// picture is the name of the file that the demo leaves.
	picture = "beheertool-demo.png"
)

// demo builds the tool and opens it on a throw-away practice.
func demo(ctx context.Context, args []string) error {
	if len(args) > 0 {
		return usageError("demo takes no arguments")
	}
	needed := buildPackages
	if !hasDisplay() {
		needed = slices.Concat(buildPackages, displayPackages)
	}
	if err := ensure(ctx, needed); err != nil {
		return err
	}
	program, err := buildTool(ctx)
	if err != nil {
		return err
	}
	if !hasDisplay() {
		say("no display here: opening one of its own, looking at it instead of you")
		return lookAtDemo(ctx, program)
	}
	say("opening the window; close it to end the demo")
	cmd := exec.CommandContext(ctx, program, "--demo")
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("running the tool: %w", err)
	}
	return nil
}

// hasDisplay reports whether a window can be shown to a person.
func hasDisplay() bool {
	return runtime.GOOS == "windows" || runtime.GOOS == "darwin" || os.Getenv("DISPLAY") != "" || os.Getenv("WAYLAND_DISPLAY") != ""
}

// buildTool builds the tool, outside of the repository, and returns its path.
func buildTool(ctx context.Context) (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		cache = os.TempDir() // an account without a home
	}
	program := filepath.Join(cache, "tfa-dev", "beheertool")
	if runtime.GOOS == "windows" {
		program += ".exe"
	}
	say("building the tool; the first time takes minutes, for Fyne is large")
	cmd := exec.CommandContext(ctx, "go", "build", "-v", "-tags", "no_animations", "-o", program, "./cmd/beheertool")
	if err := runWithProgress(cmd); err != nil {
		return "", fmt.Errorf("building the tool: %w", err)
	}
	return program, nil
}

// runWithProgress runs go build -v, and says how far it is now and then instead
// of naming each of hundreds of packages.
func runWithProgress(cmd *exec.Cmd) error {
	var out bytes.Buffer
	lines, writer := io.Pipe()
	cmd.Stdout, cmd.Stderr = writer, writer
	done := make(chan error, 1)
	go func() {
		err := cmd.Run()
		writer.Close()
		done <- err
	}()
	counted := make(chan int)
	go countLines(io.TeeReader(lines, &out), counted)
	began, tick, packages := time.Now(), time.NewTicker(10*time.Second), 0
	defer tick.Stop()
	for {
		select {
		case n, ok := <-counted:
			if !ok {
				err := <-done
				if err != nil {
					os.Stderr.Write(out.Bytes())
				}
				return err
			}
			packages = n
		case <-tick.C:
			say("%d packages compiled in %d s", packages, int(time.Since(began).Seconds()))
		}
	}
}

// countLines sends the number of lines that it has read, after each, and closes
// counted at the end.
func countLines(r io.Reader, counted chan<- int) {
	defer close(counted)
	buffer, lines := make([]byte, 4096), 0
	for {
		n, err := r.Read(buffer)
		if lines += bytes.Count(buffer[:n], []byte("\n")); err != nil {
			return
		}
		counted <- lines
	}
}

// lookAtDemo opens the tool on a display of its own, chooses another account by
// keyboard, and holds what the window then shows against other programs.
func lookAtDemo(ctx context.Context, program string) error {
	d, err := desktop.Start(ctx, 1280, 960)
	if err != nil {
		return err
	}
	defer d.Close()
	ctx, cancel := context.WithTimeoutCause(ctx, patience, errors.New("it does not show what it must"))
	defer cancel()
	ctx, end := context.WithCancelCause(ctx)
	defer end(nil)
	var output bytes.Buffer // Fyne complains much; it matters when something went wrong
	cmd := d.Command(ctx, program, "--demo")
	cmd.Stdout, cmd.Stderr = &output, &output
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 5 * time.Second
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("running the tool: %w", err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		cmd.Wait()
		end(errors.New("it has ended"))
	}()
	img, account, err := driveDemo(ctx, d)
	if err == nil {
		err = closeDemo(d, ended)
	}
	if cause := context.Cause(ctx); err != nil && cause != nil {
		err = fmt.Errorf("waiting for the tool: %w", cause)
	}
	if img != nil {
		file, saveErr := save(img)
		err = cmp.Or(err, saveErr)
		fmt.Printf("picture: %s\n", file)
	}
	end(nil)
	<-ended // before the display does
	if err != nil {
		os.Stderr.Write(output.Bytes())
		return err
	}
	fmt.Printf("seen: a QR code for %s, and as text the code that oathtool makes of it\n", account)
	return nil
}

// closeDemo closes the window and waits until the tool has ended, which removes
// the throw-away practice.
func closeDemo(d *desktop.Desktop, ended <-chan struct{}) error {
	windows, err := d.Windows()
	if err != nil {
		return err
	}
	for _, w := range windows {
		if err := d.CloseWindow(w); err != nil {
			return err
		}
	}
	select {
	case <-ended:
		return nil
	case <-time.After(10 * time.Second):
		return errors.New("the tool goes on after its window was closed")
	}
}

// driveDemo does what a colleague does who is called for a code. It returns the
// last picture, also of a failure, and the account that it shows.
func driveDemo(ctx context.Context, d *desktop.Desktop) (*image.RGBA, string, error) {
	window, err := d.WaitForWindow(ctx, toolTitle)
	if err != nil {
		img, _ := d.Screenshot()
		return img, "", err
	}
	if err := d.Focus(window); err != nil {
		return nil, "", err
	}
	img, first, err := waitForCode(ctx, d, "")
	if err != nil {
		return img, "", err
	}
	say("the window shows %s; choosing %s by keyboard", first, other)
	if err := openAccounts(ctx, d); err != nil {
		return img, "", err
	}
	if err := d.Type(strings.TrimPrefix(other, "EV-0000")); err != nil {
		return img, "", err
	}
	if err := d.Press("Return"); err != nil {
		return img, "", err
	}
	return waitForCode(ctx, d, other)
}

// openAccounts goes from control to control until one of them opens the list of
// accounts, which covers the QR code. Which it is in the row is for the tool to
// decide.
func openAccounts(ctx context.Context, d *desktop.Desktop) error {
	const controls, blink = 10, 3 * time.Second
	for range controls {
		if err := cmp.Or(d.Press("Tab"), d.Press("Down")); err != nil {
			return err
		}
		soon, cancel := context.WithTimeout(ctx, blink)
		_, err := d.WaitFor(soon, func(img *image.RGBA) bool {
			codes, err := desktop.ReadQR(soon, img)
			return err == nil && len(codes) == 0
		})
		cancel()
		if err == nil || ctx.Err() != nil {
			return err
		}
	}
	return errors.New("no control opens the list of accounts by keyboard")
}

// waitForCode waits until the window shows the QR code of an account, whichever
// if want is empty, and the code that belongs to it at that moment.
func waitForCode(ctx context.Context, d *desktop.Desktop, want string) (*image.RGBA, string, error) {
	var account string
	var failure error
	img, err := d.WaitFor(ctx, func(img *image.RGBA) bool {
		account, failure = readCode(ctx, img, time.Now())
		return failure != nil || account != "" && (want == "" || account == want)
	})
	return img, account, cmp.Or(failure, err)
}

// readCode returns the account whose QR code is in the picture together with
// its code of now, "" if there is none.
func readCode(ctx context.Context, img *image.RGBA, now time.Time) (string, error) {
	codes, err := desktop.ReadQR(ctx, img)
	if err != nil || len(codes) != 1 {
		return "", err
	}
	uri, err := url.Parse(codes[0].Text)
	if err != nil || uri.Scheme != "otpauth" {
		return "", errors.New("the QR code holds no key URI") // without its text, which is a secret
	}
	want, err := desktop.OathCode(ctx, uri.Query().Get("secret"), now)
	if err != nil {
		return "", err
	}
	qr := codes[0].Bounds
	beside := image.Rect(qr.Max.X, qr.Min.Y, img.Rect.Max.X, qr.Max.Y)
	text, err := desktop.ReadText(ctx, img, desktop.Reading{Area: beside, Scale: 1})
	// tesseract sees spaces between digits of a wide font.
	if err != nil || !strings.Contains(strings.Join(strings.Fields(text), ""), want) {
		return "", err
	}
	_, account, _ := strings.Cut(path.Base(uri.Path), ":")
	return account, nil
}

// save writes the picture into the current folder, or else a temporary one.
func save(img image.Image) (string, error) {
	var encoded bytes.Buffer
	if err := png.Encode(&encoded, img); err != nil {
		return "", fmt.Errorf("saving the picture: %w", err)
	}
	for _, folder := range []string{".", os.TempDir()} {
		file, err := filepath.Abs(filepath.Join(folder, picture))
		if err == nil && os.WriteFile(file, encoded.Bytes(), 0o644) == nil {
			return file, nil
		}
	}
	return "", fmt.Errorf("saving the picture: neither here nor in %s can be written", os.TempDir())
}
