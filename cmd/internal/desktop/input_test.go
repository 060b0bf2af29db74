package desktop

import (
	"fmt"
	"image"
	"slices"
	"testing"

	"github.com/jezek/xgb/xproto"
)

func TestKeyboard(t *testing.T) {
	d := start(t)
	c := newClient(t, d, "keys", image.Rect(0, 0, 100, 100))
	w, err := d.WaitForWindow(soon(t), "keys")
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Focus(w); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		do   func() error
		want []string // state of the modifiers, key
	}{
		"plain characters":             {func() error { return d.Type("a1 ") }, []string{"0 a", "0 1", "0  "}},
		"characters with Shift":        {func() error { return d.Type("A?") }, []string{"0 Shift", "1 A", "0 Shift", "1 ?"}},
		"lines and tabs":               {func() error { return d.Type("\t\n") }, []string{"0 Tab", "0 Return"}},
		"a key by its name":            {func() error { return d.Press("F10") }, []string{"0 F10"}},
		"the key for menus":            {func() error { return d.Press("Menu") }, []string{"0 Menu"}},
		"a key with a modifier":        {func() error { return d.Press("Tab", "Shift") }, []string{"0 Shift", "1 Tab"}},
		"a character with two of them": {func() error { return d.Press("c", "Control", "Alt") }, []string{"0 Control", "4 Alt", "12 c"}},
	} {
		t.Run(name, func(t *testing.T) {
			if err := test.do(); err != nil {
				t.Fatal(err)
			}
			var got []string
			for range test.want {
				key, ok := c.next().(xproto.KeyPressEvent)
				if !ok {
					t.Fatal("no key")
				}
				got = append(got, fmt.Sprintf("%d %s", key.State, nameOf(d, key)))
			}
			if !slices.Equal(got, test.want) {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

// nameOf returns what a pressed key stands for.
func nameOf(d *Desktop, pressed xproto.KeyPressEvent) string {
	for sym, key := range d.keyboard {
		if key.code != pressed.Detail || key.shift != (pressed.State&xproto.ModMaskShift != 0 && sym < 0x100) {
			continue
		}
		for name, named := range keysyms {
			if named == sym && name != "space" {
				return name
			}
		}
		return string(rune(sym))
	}
	return fmt.Sprint(pressed.Detail)
}

func TestKeyThatIsNotThere(t *testing.T) {
	d := start(t)
	for _, err := range []error{d.Type("語"), d.Press("Enter"), d.Press(""), d.Press("a", "Hyper")} {
		if err == nil {
			t.Error("pressed a key that is not there")
		}
	}
}

func TestMouse(t *testing.T) {
	d := start(t)
	c := newClient(t, d, "mouse", image.Rect(100, 50, 200, 150))
	for button, click := range map[xproto.Button]func(image.Point) error{1: d.Click, 3: d.RightClick} {
		if err := click(image.Pt(130, 60)); err != nil {
			t.Fatal(err)
		}
		pressed, ok := c.next().(xproto.ButtonPressEvent)
		if !ok || pressed.Detail != button || pressed.EventX != 30 || pressed.EventY != 10 {
			t.Errorf("got %+v", pressed)
		}
	}
}
