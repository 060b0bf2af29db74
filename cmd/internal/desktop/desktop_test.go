package desktop

import (
	"context"
	"errors"
	"image"
	"image/color"
	"image/draw"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/jezek/xgb"
	"github.com/jezek/xgb/xproto"
)

// start starts a small display that ends with the test.
func start(t *testing.T) *Desktop {
	t.Helper()
	d, err := Start(context.Background(), 640, 480)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return d
}

// soon is a context that outlasts every wait of a test that succeeds.
func soon(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	t.Cleanup(cancel)
	return ctx
}

// client is the simplest X program: a window that remembers what it was told.
type client struct {
	*testing.T
	conn   *xgb.Conn
	window xproto.Window
	gc     xproto.Gcontext
}

func newClient(t *testing.T, d *Desktop, title string, at image.Rectangle) *client {
	t.Helper()
	conn, err := xgb.NewConnDisplay(d.Name())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(conn.Close)
	c := &client{T: t, conn: conn}
	screen := xproto.Setup(conn).DefaultScreen(conn)
	c.window, _ = xproto.NewWindowId(conn)
	c.gc, _ = xproto.NewGcontextId(conn)
	font, _ := xproto.NewFontId(conn)
	c.must(xproto.CreateWindowChecked(conn, screen.RootDepth, c.window, screen.Root,
		int16(at.Min.X), int16(at.Min.Y), uint16(at.Dx()), uint16(at.Dy()), 0, xproto.WindowClassInputOutput, screen.RootVisual,
		xproto.CwBackPixel|xproto.CwEventMask, []uint32{screen.WhitePixel, xproto.EventMaskKeyPress | xproto.EventMaskButtonPress | xproto.EventMaskExposure}).Check())
	c.must(xproto.OpenFontChecked(conn, font, 5, "fixed").Check())
	c.must(xproto.CreateGCChecked(conn, c.gc, xproto.Drawable(c.window), xproto.GcForeground|xproto.GcBackground|xproto.GcFont,
		[]uint32{screen.BlackPixel, screen.WhitePixel, uint32(font)}).Check())
	c.must(xproto.ChangePropertyChecked(conn, xproto.PropModeReplace, c.window, xproto.AtomWmName, xproto.AtomString, 8, uint32(len(title)), []byte(title)).Check())
	c.must(xproto.MapWindowChecked(conn, c.window).Check())
	c.next() // the exposure: from now on what is drawn stays
	return c
}

func (c *client) must(err error) {
	c.Helper()
	if err != nil {
		c.Fatal(err)
	}
}

// next waits for an event of the window.
func (c *client) next() xgb.Event {
	c.Helper()
	for {
		event, err := c.conn.WaitForEvent()
		if event == nil || err != nil {
			c.Fatalf("no event: %v", err)
		}
		// Every program is told when the keyboard in use becomes another one.
		if _, ok := event.(xproto.MappingNotifyEvent); !ok {
			return event
		}
	}
}

// draw puts a picture into the window.
func (c *client) draw(img image.Image, at image.Point) {
	c.Helper()
	size := img.Bounds().Size()
	data := make([]byte, 0, size.X*4)
	for y := range size.Y { // line by line: a request is at most 256 KiB
		data = data[:0]
		for x := range size.X {
			r, g, b, _ := img.At(x, y).RGBA()
			data = append(data, byte(b>>8), byte(g>>8), byte(r>>8), 0)
		}
		c.must(xproto.PutImageChecked(c.conn, xproto.ImageFormatZPixmap, xproto.Drawable(c.window), c.gc,
			uint16(size.X), 1, int16(at.X), int16(at.Y+y), 0, 24, data).Check())
	}
}

// print prints text in the font that every X server has.
func (c *client) print(text string, at image.Point) {
	c.Helper()
	c.must(xproto.ImageText8Checked(c.conn, byte(len(text)), xproto.Drawable(c.window), c.gc, int16(at.X), int16(at.Y), text).Check())
}

func TestDesktopsStandBesideEachOther(t *testing.T) {
	one, two := start(t), start(t)
	if one.Name() == two.Name() || !strings.HasPrefix(one.Name(), ":") {
		t.Errorf("displays %q and %q", one.Name(), two.Name())
	}
	img, err := one.Screenshot()
	if err != nil || img.Bounds() != image.Rect(0, 0, 640, 480) {
		t.Errorf("a picture of %v, %v", img.Bounds(), err)
	}
}

func TestStartSaysWhyItCannot(t *testing.T) {
	if _, err := Start(t.Context(), 0, 480); err == nil || !strings.Contains(err.Error(), "0 by 480") {
		t.Errorf("got %v", err)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	late := errors.New("too late")
	cancel(late)
	if _, err := Start(ctx, 640, 480); !errors.Is(err, late) {
		t.Errorf("got %v", err)
	}
	t.Setenv("PATH", "")
	if _, err := Start(t.Context(), 640, 480); err == nil || !strings.Contains(err.Error(), "starting Xvfb") {
		t.Errorf("got %v", err)
	}
}

func TestScreenshotHasTheColours(t *testing.T) {
	d := start(t)
	c := newClient(t, d, "colours", image.Rect(100, 50, 200, 150))
	orange := color.RGBA{250, 120, 10, 255}
	square := image.NewRGBA(image.Rect(0, 0, 10, 10))
	draw.Draw(square, square.Bounds(), image.NewUniform(orange), image.Point{}, draw.Src)
	c.draw(square, image.Pt(20, 20))
	img, err := d.Screenshot()
	if err != nil {
		t.Fatal(err)
	}
	for at, want := range map[image.Point]color.RGBA{
		{125, 75}: orange, {119, 75}: {255, 255, 255, 255}, {130, 80}: {255, 255, 255, 255}, {10, 10}: {0, 0, 0, 255},
	} {
		if got := img.RGBAAt(at.X, at.Y); got != want {
			t.Errorf("pixel %v is %v, want %v", at, got, want)
		}
	}
}

// No other change follows the one that is waited for, so a lost signal would
// never be made good.
func TestWaitForSeesEveryChange(t *testing.T) {
	d := start(t)
	c := newClient(t, d, "changes", image.Rect(0, 0, 100, 100))
	dot := image.NewRGBA(image.Rect(0, 0, 1, 1))
	for shade := range 50 {
		want := color.RGBA{byte(shade), 1, 2, 255}
		drawn := make(chan struct{})
		go func() {
			defer close(drawn)
			dot.Set(0, 0, want)
			c.draw(dot, image.Pt(5, 5))
		}()
		if _, err := d.WaitFor(soon(t), func(img *image.RGBA) bool { return img.RGBAAt(5, 5) == want }); err != nil {
			t.Fatalf("change %d: %v", shade, err)
		}
		<-drawn
	}
}

func TestWaitForGivesUp(t *testing.T) {
	d := start(t)
	ctx, cancel := context.WithCancelCause(t.Context())
	late := errors.New("too late")
	img, err := d.WaitFor(ctx, func(*image.RGBA) bool { cancel(late); return false })
	if !errors.Is(err, late) || img == nil {
		t.Errorf("got %v, a picture: %v", err, img != nil)
	}
}

func TestActsOnAnEndedDisplay(t *testing.T) {
	d := start(t)
	if _, err := d.WaitFor(soon(t), func(*image.RGBA) bool { d.stop(); return false }); !errors.Is(err, ErrEnded) {
		t.Errorf("WaitFor: %v", err)
	}
	<-d.ended
	_, shot := d.Screenshot()
	_, windows := d.Windows()
	for name, err := range map[string]error{"Screenshot": shot, "Windows": windows, "Type": d.Type("a"), "Click": d.Click(image.Pt(1, 1))} {
		if !errors.Is(err, ErrEnded) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := d.Close(); err != nil {
		t.Error(err)
	}
}

func TestWindowIsFoundByItsTitle(t *testing.T) {
	d := start(t)
	newClient(t, d, "one", image.Rect(10, 20, 110, 220))
	var w Window
	var err error
	found := make(chan struct{})
	go func() {
		defer close(found)
		w, err = d.WaitForWindow(soon(t), "another")
	}()
	newClient(t, d, "another", image.Rect(300, 20, 400, 220))
	if <-found; err != nil || w.Title != "another" || w.Bounds != image.Rect(300, 20, 400, 220) {
		t.Errorf("got %+v, %v", w, err)
	}
	if all, err := d.Windows(); err != nil || len(all) != 2 || all[0].Title != "one" {
		t.Errorf("got %+v, %v", all, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := d.WaitForWindow(ctx, "on"); !errors.Is(err, context.Canceled) {
		t.Errorf("part of a title: %v", err)
	}
}

func TestWindowIsAskedToClose(t *testing.T) {
	d := start(t)
	c := newClient(t, d, "closing", image.Rect(0, 0, 50, 50))
	w, err := d.WaitForWindow(soon(t), "closing")
	if err != nil {
		t.Fatal(err)
	}
	if err := d.CloseWindow(w); err != nil {
		t.Fatal(err)
	}
	message, ok := c.next().(xproto.ClientMessageEvent)
	if !ok {
		t.Fatalf("got %+v", message)
	}
	name, err := xproto.GetAtomName(c.conn, xproto.Atom(message.Data.Data32[0])).Reply()
	if err != nil || name.Name != "WM_DELETE_WINDOW" {
		t.Errorf("got %+v, %v", name, err)
	}
}

func TestCommandIsPointedAtTheDisplay(t *testing.T) {
	d := start(t)
	t.Setenv("WAYLAND_DISPLAY", "wayland-0")
	t.Setenv("DISPLAY", ":77")
	out, err := d.Command(t.Context(), os.Args[0], "-test.run", "^TestPrintDisplay$", "-test.v").CombinedOutput()
	if want := "display " + d.Name() + ", wayland \n"; err != nil || !strings.Contains(string(out), want) {
		t.Errorf("%v\n%s", err, out)
	}
}

// TestPrintDisplay is the command of the test above.
func TestPrintDisplay(t *testing.T) {
	os.Stdout.WriteString("display " + os.Getenv("DISPLAY") + ", wayland " + os.Getenv("WAYLAND_DISPLAY") + "\n")
}
