//go:build unix

package screen

import (
	"errors"
	"fmt"
	"image"
	"math/bits"

	"github.com/jezek/xgb"
	"github.com/jezek/xgb/xproto"
)

// x11 is a window on an X display, drawn by the core protocol alone.
type x11 struct {
	conn   *xgb.Conn
	window xproto.Window
	gc     xproto.Gcontext
	depth  byte
	// bytes of a pixel, and where its colours are.
	bytes            int
	red, green, blue uint32
	// longest is how much one request takes.
	longest int
	deleted xproto.Atom // what the window manager sends to close the window

	keysyms []xproto.Keysym // per key, so many
	perKey  int
	first   xproto.Keycode
}

// open covers the display.
func open(title string, events chan<- event) (surface, image.Point, error) {
	conn, err := xgb.NewConn()
	if err != nil {
		return nil, image.Point{}, err
	}
	x := &x11{conn: conn}
	size, err := x.open(title)
	if err != nil {
		conn.Close()
		return nil, image.Point{}, err
	}
	go x.follow(events)
	return x, size, nil
}

func (x *x11) open(title string) (size image.Point, err error) {
	setup := xproto.Setup(x.conn)
	root := setup.DefaultScreen(x.conn)
	size = image.Pt(int(root.WidthInPixels), int(root.HeightInPixels))
	if err := x.findFormat(setup, root); err != nil {
		return size, err
	}
	x.longest = int(setup.MaximumRequestLength) * 4
	if x.window, err = xproto.NewWindowId(x.conn); err != nil {
		return size, err
	}
	if x.gc, err = xproto.NewGcontextId(x.conn); err != nil {
		return size, err
	}
	mask := uint32(xproto.EventMaskExposure | xproto.EventMaskKeyPress | xproto.EventMaskStructureNotify)
	err = xproto.CreateWindowChecked(x.conn, x.depth, x.window, root.Root, 0, 0, root.WidthInPixels, root.HeightInPixels, 0,
		xproto.WindowClassInputOutput, root.RootVisual, xproto.CwEventMask, []uint32{mask}).Check()
	if err != nil {
		return size, err
	}
	if err := xproto.CreateGCChecked(x.conn, x.gc, xproto.Drawable(x.window), 0, nil).Check(); err != nil {
		return size, err
	}
	if err := x.name(title); err != nil {
		return size, err
	}
	if err := x.learnKeys(setup); err != nil {
		return size, err
	}
	return size, xproto.MapWindowChecked(x.conn, x.window).Check()
}

// findFormat finds out how the display wants its pixels.
func (x *x11) findFormat(setup *xproto.SetupInfo, root *xproto.ScreenInfo) error {
	x.depth = root.RootDepth
	for _, format := range setup.PixmapFormats {
		if format.Depth == x.depth {
			x.bytes = int(format.BitsPerPixel) / 8
		}
	}
	for _, depth := range root.AllowedDepths {
		for _, visual := range depth.Visuals {
			if visual.VisualId == root.RootVisual {
				x.red, x.green, x.blue = visual.RedMask, visual.GreenMask, visual.BlueMask
			}
		}
	}
	if x.bytes != 2 && x.bytes != 4 || x.red == 0 || x.green == 0 || x.blue == 0 || setup.ImageByteOrder != xproto.ImageOrderLSBFirst {
		return fmt.Errorf("a display of depth %d can't be drawn on", x.depth)
	}
	return nil
}

// name gives the window its title, and asks to be told when it is to close.
func (x *x11) name(title string) error {
	atom := func(name string) xproto.Atom {
		reply, err := xproto.InternAtom(x.conn, false, uint16(len(name)), name).Reply()
		if err != nil {
			return xproto.AtomNone
		}
		return reply.Atom
	}
	protocols := atom("WM_PROTOCOLS")
	x.deleted = atom("WM_DELETE_WINDOW")
	if protocols == xproto.AtomNone || x.deleted == xproto.AtomNone {
		return errors.New("the display knows no names")
	}
	wanted := make([]byte, 4)
	xgb.Put32(wanted, uint32(x.deleted))
	err := xproto.ChangePropertyChecked(x.conn, xproto.PropModeReplace, x.window, protocols, xproto.AtomAtom, 32, 1, wanted).Check()
	if err != nil {
		return err
	}
	return xproto.ChangePropertyChecked(x.conn, xproto.PropModeReplace, x.window, xproto.AtomWmName, xproto.AtomString, 8,
		uint32(len(title)), []byte(title)).Check()
}

// learnKeys asks what the keys stand for.
func (x *x11) learnKeys(setup *xproto.SetupInfo) error {
	x.first = setup.MinKeycode
	mapping, err := xproto.GetKeyboardMapping(x.conn, x.first, byte(setup.MaxKeycode-x.first)+1).Reply()
	if err != nil {
		return err
	}
	x.keysyms, x.perKey = mapping.Keysyms, int(mapping.KeysymsPerKeycode)
	return nil
}

// show implements surface. What doesn't fit into one request goes in strips.
func (x *x11) show(img *image.RGBA) error {
	width, height := img.Rect.Dx(), img.Rect.Dy()
	stride := (width*x.bytes + 3) &^ 3
	const header = 24
	strip := max(1, (x.longest-header)/stride)
	for top := 0; top < height; top += strip {
		lines := min(strip, height-top)
		data := make([]byte, lines*stride)
		for y := range lines {
			x.pixels(data[y*stride:], img.Pix[(top+y)*img.Stride:(top+y)*img.Stride+4*width])
		}
		err := xproto.PutImageChecked(x.conn, xproto.ImageFormatZPixmap, xproto.Drawable(x.window), x.gc,
			uint16(width), uint16(lines), 0, int16(top), 0, x.depth, data).Check()
		if err != nil {
			return err
		}
	}
	return nil
}

// pixels writes a line as the display wants it.
func (x *x11) pixels(to, rgba []byte) {
	place := func(value byte, mask uint32) uint32 {
		return uint32(value) >> (8 - bits.OnesCount32(mask)) << bits.TrailingZeros32(mask)
	}
	for i := 0; i < len(rgba); i += 4 {
		pixel := place(rgba[i], x.red) | place(rgba[i+1], x.green) | place(rgba[i+2], x.blue)
		if x.bytes == 2 {
			xgb.Put16(to[i/2:], uint16(pixel))
		} else {
			xgb.Put32(to[i:], pixel)
		}
	}
}

func (x *x11) close() { x.conn.Close() }

// follow tells what happens to the window, until it is gone.
func (x *x11) follow(events chan<- event) {
	defer close(events)
	for {
		got, err := x.conn.WaitForEvent()
		if got == nil && err == nil {
			return
		}
		switch got := got.(type) {
		case xproto.ExposeEvent:
			if got.Count == 0 {
				events <- event{}
			}
		case xproto.MapNotifyEvent: // where no window manager gives it the keyboard
			xproto.SetInputFocus(x.conn, xproto.InputFocusPointerRoot, x.window, xproto.TimeCurrentTime)
		case xproto.ConfigureNotifyEvent:
			events <- event{size: image.Pt(int(got.Width), int(got.Height))}
		case xproto.MappingNotifyEvent:
			if x.learnKeys(xproto.Setup(x.conn)) != nil {
				return
			}
		case xproto.ClientMessageEvent:
			if len(got.Data.Data32) > 0 && xproto.Atom(got.Data.Data32[0]) == x.deleted {
				events <- event{closed: true}
			}
		case xproto.KeyPressEvent:
			if key := x.key(got); key != 0 {
				events <- event{key: key}
			}
		}
	}
}

// keypad is what the keys of a keypad mean that has no numbers now: a session
// doesn't always know of the light that is on at the client.
var keypad = map[xproto.Keysym]rune{
	0xff9e: '0', 0xff9c: '1', 0xff99: '2', 0xff9b: '3', 0xff96: '4', 0xff9d: '5', 0xff98: '6', 0xff95: '7', 0xff97: '8', 0xff9a: '9',
}

// key returns what was typed, 0 for nothing (keysymdef.h).
func (x *x11) key(press xproto.KeyPressEvent) rune {
	if press.Detail < x.first || press.State&(xproto.ModMaskControl|xproto.ModMask1) != 0 {
		return 0
	}
	at := int(press.Detail-x.first) * x.perKey
	if press.State&xproto.ModMaskShift != 0 && x.perKey > 1 {
		at++
	}
	if at >= len(x.keysyms) {
		return 0
	}
	sym := x.keysyms[at]
	switch {
	case sym >= 0x20 && sym <= 0x7e, sym >= 0xa0 && sym <= 0xff: // Latin 1, as it stands
		return rune(sym)
	case sym >= 0xffb0 && sym <= 0xffb9:
		return rune('0' + sym - 0xffb0)
	case sym == 0xff0d, sym == 0xff8d:
		return enter
	case sym == 0xff08, sym == 0xffff:
		return backspace
	case sym == 0xff1b:
		return escape
	}
	return keypad[sym]
}
