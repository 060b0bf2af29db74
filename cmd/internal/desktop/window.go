package desktop

import (
	"context"
	"fmt"
	"image"

	"github.com/jezek/xgb/xproto"
)

// Window is a visible window that has a title.
type Window struct {
	Title string
	// Bounds is where it stands on the display, without a border.
	Bounds image.Rectangle
	id     xproto.Window
}

// Windows returns all visible windows with a title, the lowest first.
func (d *Desktop) Windows() ([]Window, error) {
	windows, err := d.windowsIn(d.screen.Root)
	if err != nil {
		return nil, fmt.Errorf("listing windows: %w", d.orEnded(err))
	}
	return windows, nil
}

// windowsIn looks below parent, and below what is there: a window manager puts
// windows into frames.
func (d *Desktop) windowsIn(parent xproto.Window) ([]Window, error) {
	tree, err := xproto.QueryTree(d.conn, parent).Reply()
	if err != nil {
		return nil, err
	}
	var found []Window
	for _, id := range tree.Children {
		attributes, err := xproto.GetWindowAttributes(d.conn, id).Reply()
		if err != nil || attributes.MapState != xproto.MapStateViewable {
			continue // it may have gone since the list was made
		}
		if title := d.title(id); title != "" {
			if bounds, ok := d.bounds(id); ok {
				found = append(found, Window{Title: title, Bounds: bounds, id: id})
			}
		}
		inner, err := d.windowsIn(id)
		if err != nil {
			continue
		}
		found = append(found, inner...)
	}
	return found, nil
}

// WaitForWindow waits until there is a visible window of that title.
func (d *Desktop) WaitForWindow(ctx context.Context, title string) (Window, error) {
	var found Window
	err := d.poll(ctx, func() (bool, error) {
		windows, err := d.Windows()
		for _, w := range windows {
			if w.Title == title {
				found = w
			}
		}
		return found.id != 0, err
	})
	if err != nil {
		return Window{}, fmt.Errorf("waiting for window %q: %w", title, err)
	}
	return found, nil
}

// Bounds returns where a window stands now, or stood when it was found if it
// does not stand any more. A window that covers the display is a small one first.
func (d *Desktop) Bounds(w Window) image.Rectangle {
	if now, ok := d.bounds(w.id); ok {
		return now
	}
	return w.Bounds
}

// Focus directs the keyboard to a window. Without a window manager nobody else
// does.
func (d *Desktop) Focus(w Window) error {
	err := xproto.SetInputFocusChecked(d.conn, xproto.InputFocusPointerRoot, w.id, xproto.TimeCurrentTime).Check()
	if err != nil {
		return fmt.Errorf("focusing window %q: %w", w.Title, d.orEnded(err))
	}
	return nil
}

// CloseWindow asks the program to close a window, as the cross in its corner
// does; the program decides.
func (d *Desktop) CloseWindow(w Window) error {
	var atoms []uint32
	for _, name := range []string{"WM_PROTOCOLS", "WM_DELETE_WINDOW"} {
		atom, err := xproto.InternAtom(d.conn, false, uint16(len(name)), name).Reply()
		if err != nil {
			return fmt.Errorf("closing window %q: %w", w.Title, d.orEnded(err))
		}
		atoms = append(atoms, uint32(atom.Atom))
	}
	message := xproto.ClientMessageEvent{
		Format: 32, Window: w.id, Type: xproto.Atom(atoms[0]),
		Data: xproto.ClientMessageDataUnionData32New([]uint32{atoms[1], xproto.TimeCurrentTime, 0, 0, 0}),
	}
	if err := xproto.SendEventChecked(d.conn, false, w.id, xproto.EventMaskNoEvent, string(message.Bytes())).Check(); err != nil {
		return fmt.Errorf("closing window %q: %w", w.Title, d.orEnded(err))
	}
	return nil
}

// title returns the UTF-8 title of a window, or the old one, or "".
func (d *Desktop) title(id xproto.Window) string {
	const longest = 256 // in units of 4 bytes
	for _, name := range []string{"_NET_WM_NAME", "WM_NAME"} {
		atom, err := xproto.InternAtom(d.conn, true, uint16(len(name)), name).Reply()
		if err != nil || atom.Atom == 0 {
			continue
		}
		property, err := xproto.GetProperty(d.conn, false, id, atom.Atom, xproto.GetPropertyTypeAny, 0, longest).Reply()
		if err == nil && len(property.Value) > 0 {
			return string(property.Value)
		}
	}
	return ""
}

func (d *Desktop) bounds(id xproto.Window) (image.Rectangle, bool) {
	size, err := xproto.GetGeometry(d.conn, xproto.Drawable(id)).Reply()
	if err != nil {
		return image.Rectangle{}, false
	}
	at, err := xproto.TranslateCoordinates(d.conn, id, d.screen.Root, 0, 0).Reply()
	if err != nil {
		return image.Rectangle{}, false
	}
	return image.Rect(0, 0, int(size.Width), int(size.Height)).Add(image.Pt(int(at.DstX), int(at.DstY))), true
}
