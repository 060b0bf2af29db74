package desktop

import (
	"fmt"
	"image"

	"github.com/jezek/xgb"
	"github.com/jezek/xgb/xproto"
	"github.com/jezek/xgb/xtest"
)

// The buttons of a mouse, as X numbers them.
const (
	leftButton  = 1
	rightButton = 3
)

// keysyms are the keys that have a name instead of a character, as in
// X11/keysymdef.h.
var keysyms = map[string]xproto.Keysym{
	"BackSpace": 0xff08, "Tab": 0xff09, "Return": 0xff0d, "Escape": 0xff1b, "Delete": 0xffff,
	"Home": 0xff50, "Left": 0xff51, "Up": 0xff52, "Right": 0xff53, "Down": 0xff54,
	"Page_Up": 0xff55, "Page_Down": 0xff56, "End": 0xff57, "Menu": 0xff67, "space": 0x20,
	"F1": 0xffbe, "F2": 0xffbf, "F3": 0xffc0, "F4": 0xffc1, "F5": 0xffc2, "F6": 0xffc3,
	"F7": 0xffc4, "F8": 0xffc5, "F9": 0xffc6, "F10": 0xffc7, "F11": 0xffc8, "F12": 0xffc9,
	"Shift": 0xffe1, "Control": 0xffe3, "Alt": 0xffe9, "Super": 0xffeb,
}

// keyboard says which key, with or without Shift, makes a keysym.
type keyboard map[xproto.Keysym]struct {
	code  xproto.Keycode
	shift bool
}

// readKeyboard asks the display what its keys mean.
func readKeyboard(conn *xgb.Conn) (keyboard, error) {
	setup := xproto.Setup(conn)
	count := byte(setup.MaxKeycode - setup.MinKeycode + 1)
	mapping, err := xproto.GetKeyboardMapping(conn, setup.MinKeycode, count).Reply()
	if err != nil {
		return nil, err
	}
	keys, width := keyboard{}, int(mapping.KeysymsPerKeycode)
	for level := range min(width, 2) { // the first group: plain, then with Shift
		for key := range int(count) {
			sym := mapping.Keysyms[key*width+level]
			if _, ok := keys[sym]; sym != 0 && !ok {
				entry := keys[sym]
				entry.code, entry.shift = setup.MinKeycode+xproto.Keycode(key), level == 1
				keys[sym] = entry
			}
		}
	}
	return keys, nil
}

// Type types text on the keyboard, which is an American one: a character that it
// has no key for is an error.
func (d *Desktop) Type(text string) error {
	for _, r := range text {
		sym := xproto.Keysym(r)
		switch {
		case r == '\n':
			sym = keysyms["Return"]
		case r == '\t':
			sym = keysyms["Tab"]
		case r > 0xff:
			sym |= 0x0100_0000
		}
		if err := d.stroke(sym, nil); err != nil {
			return fmt.Errorf("typing %q: %w", r, err)
		}
	}
	return nil
}

// Press presses and releases a key by its name ("Return", "F10", "a"), with
// modifiers held down ("Shift", "Control", "Alt", "Super").
func (d *Desktop) Press(key string, modifiers ...string) error {
	sym, ok := keysyms[key]
	if runes := []rune(key); !ok && len(runes) == 1 {
		sym, ok = xproto.Keysym(runes[0]), true
	}
	if !ok {
		return fmt.Errorf("pressing %s: no key of that name", key)
	}
	if err := d.stroke(sym, modifiers); err != nil {
		return fmt.Errorf("pressing %s: %w", key, err)
	}
	return nil
}

// stroke presses a key between its modifiers.
func (d *Desktop) stroke(sym xproto.Keysym, modifiers []string) error {
	key, ok := d.keyboard[sym]
	if !ok {
		return fmt.Errorf("the keyboard has no key for keysym %#x", sym)
	}
	var down []xproto.Keycode
	if key.shift {
		down = append(down, d.keyboard[keysyms["Shift"]].code)
	}
	for _, name := range modifiers {
		modifier, ok := d.keyboard[keysyms[name]]
		if !ok {
			return fmt.Errorf("no modifier %s", name)
		}
		down = append(down, modifier.code)
	}
	down = append(down, key.code)
	for _, code := range down {
		if err := d.fake(xproto.KeyPress, byte(code), image.Point{}); err != nil {
			return err
		}
	}
	for i := range down {
		if err := d.fake(xproto.KeyRelease, byte(down[len(down)-1-i]), image.Point{}); err != nil {
			return err
		}
	}
	return nil
}

// Move moves the mouse to a point of the display.
func (d *Desktop) Move(to image.Point) error {
	// Twice: a program that was not looking at the mouse yet takes the first
	// motion for its entrance, and clicks where the last motion was.
	for _, at := range []image.Point{to.Sub(image.Pt(1, 1)), to} {
		if err := d.fake(xproto.MotionNotify, 0, at); err != nil {
			return fmt.Errorf("moving the mouse: %w", err)
		}
	}
	return nil
}

// Click moves the mouse to a point and clicks with its left button.
func (d *Desktop) Click(at image.Point) error { return d.click(at, leftButton) }

// RightClick moves the mouse to a point and clicks with its right button.
func (d *Desktop) RightClick(at image.Point) error { return d.click(at, rightButton) }

func (d *Desktop) click(at image.Point, button byte) error {
	if err := d.Move(at); err != nil {
		return err
	}
	for _, kind := range []byte{xproto.ButtonPress, xproto.ButtonRelease} {
		if err := d.fake(kind, button, at); err != nil {
			return fmt.Errorf("clicking: %w", err)
		}
	}
	return nil
}

// betweenKeys is how many milliseconds the server lets go by before a key goes
// down. GLFW takes one that comes down again within 20 ms for one that is held,
// which Fyne then does not count as another.
const betweenKeys = 30

// beforeButton is the same for a mouse button: Fyne clicks where it has drawn
// the mouse last, so it needs a frame to see where the mouse has gone.
const beforeButton = 60

// fake sends one event of keyboard or mouse and waits until the server has it.
func (d *Desktop) fake(kind, detail byte, at image.Point) error {
	var delay uint32
	switch kind {
	case xproto.KeyPress:
		delay = betweenKeys
	case xproto.ButtonPress:
		delay = beforeButton
	}
	err := xtest.FakeInputChecked(d.conn, kind, detail, delay, d.screen.Root, int16(at.X), int16(at.Y), 0).Check()
	if err != nil {
		return d.orEnded(err)
	}
	return nil
}
