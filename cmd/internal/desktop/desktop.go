// Package desktop runs a program on an X display of its own and looks at it:
// what the developer's demo and the tests of real windows need.
//
// It is pure Go and does not import Fyne, so that it builds on a machine that
// has no graphics libraries yet. It runs Xvfb, and zbarimg, tesseract and
// oathtool as second opinions on what a window shows: none of them shares a line
// of code with the product.
package desktop

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/jezek/xgb"
	"github.com/jezek/xgb/xproto"
	"github.com/jezek/xgb/xtest"
)

// ErrEnded is returned for every act on a display that has ended.
var ErrEnded = errors.New("the X display has ended")

// Desktop is an X display without a window manager. It is for one goroutine at
// a time. Everybody who can log on to the machine can look at it, so what it
// shows must be worth nothing.
type Desktop struct {
	name     string
	conn     *xgb.Conn
	screen   *xproto.ScreenInfo
	keyboard keyboard

	stop   context.CancelFunc
	ended  chan struct{} // closed when Xvfb has ended
	errors bytes.Buffer  // what Xvfb said; to be read when it has ended
}

// Start starts a display of width by height pixels. The server chooses a free
// number, and says so when it is ready. The display ends with Close, when ctx is
// done, or with this process, however that ends.
func Start(ctx context.Context, width, height int) (*Desktop, error) {
	return startWith(ctx, width, height, "+extension")
}

// StartWithoutOpenGL starts a display that does not have it.
func StartWithoutOpenGL(ctx context.Context, width, height int) (*Desktop, error) {
	return startWith(ctx, width, height, "-extension")
}

// startWith starts a display with or without the extension GLX.
func startWith(ctx context.Context, width, height int, glx string) (*Desktop, error) {
	if width <= 0 || height <= 0 || width > 1<<15 || height > 1<<15 { // Xvfb would crash
		return nil, fmt.Errorf("starting Xvfb: a display of %d by %d pixels", width, height)
	}
	ctx, stop := context.WithCancel(ctx)
	d := &Desktop{stop: stop, ended: make(chan struct{})}
	ready, theirs, err := os.Pipe()
	if err != nil {
		stop()
		return nil, fmt.Errorf("starting Xvfb: %w", err)
	}
	defer ready.Close()
	cmd := exec.CommandContext(ctx, "Xvfb", "-displayfd", "3", "-nolisten", "tcp",
		"-screen", "0", fmt.Sprintf("%dx%dx24", width, height), "-dpi", "96", glx, "GLX",
		"-terminate") // with its last client, so that a killed test leaves no server behind
	cmd.ExtraFiles = []*os.File{theirs}
	cmd.Stderr = &d.errors
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 5 * time.Second
	err = cmd.Start()
	theirs.Close()
	if err != nil {
		defer stop()
		return nil, fmt.Errorf("starting Xvfb: %w", cmp.Or(context.Cause(ctx), err))
	}
	go func() {
		cmd.Wait()
		close(d.ended)
	}()
	if err := d.open(ready); err != nil {
		err = cmp.Or(context.Cause(ctx), err)
		stop()
		<-d.ended
		return nil, fmt.Errorf("starting Xvfb: %w: %s", err, bytes.TrimSpace(d.errors.Bytes()))
	}
	return d, nil
}

// open connects to the display when its server is ready, which it says by
// writing its number.
func (d *Desktop) open(ready io.Reader) error {
	number, err := io.ReadAll(ready) // ends with the server too
	if err != nil || len(number) == 0 {
		return cmp.Or(err, ErrEnded)
	}
	d.name = ":" + strings.TrimSpace(string(number))
	// It tells of missing X authority files, which there need not be, and of
	// the end of the server, which the calls report.
	xgb.Logger.SetOutput(io.Discard)
	if d.conn, err = xgb.NewConnDisplay(d.name); err != nil {
		return err
	}
	d.screen = xproto.Setup(d.conn).DefaultScreen(d.conn)
	if err := xtest.Init(d.conn); err != nil {
		return err
	}
	if d.keyboard, err = readKeyboard(d.conn); err != nil {
		return err
	}
	return nil
}

// Close ends the display and waits until it has.
func (d *Desktop) Close() error {
	d.stop()
	<-d.ended
	d.conn.Close()
	return nil
}

// Name returns the name of the display, as DISPLAY holds it.
func (d *Desktop) Name() string { return d.name }

// Command returns a command that will open its windows on the display. Fyne
// draws them pixel by pixel, in software, whatever the machine has. Its
// SysProcAttr is there for callers to fill in, with another user for example.
func (d *Desktop) Command(ctx context.Context, name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.SysProcAttr = new(syscall.SysProcAttr)
	cmd.Env = slices.DeleteFunc(os.Environ(), func(entry string) bool {
		return strings.HasPrefix(entry, "WAYLAND_DISPLAY=") || strings.HasPrefix(entry, "XAUTHORITY=")
	})
	cmd.Env = append(cmd.Env, "DISPLAY="+d.name, "XDG_SESSION_TYPE=x11", "LIBGL_ALWAYS_SOFTWARE=1",
		"FYNE_PLATFORM=x11", "FYNE_SCALE=1", "FYNE_DISABLE_DPI_DETECTION=1")
	return cmd
}
