package widget

import (
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

// Button is a button that Return presses too, as people expect of the one that
// has the focus; Fyne's own knows the space bar only.
type Button struct {
	widget.Button
	// OnEscape, if set, is what Escape does while the button has the focus.
	OnEscape func()

	ring *canvas.Rectangle // around the button that has the focus
}

// NewButton returns a Button.
func NewButton(text string, tapped func()) *Button {
	b := &Button{}
	b.Text, b.OnTapped = text, tapped
	b.ExtendBaseWidget(b)
	return b
}

// CreateRenderer adds a ring to what shows the focus: Fyne's own change of
// colour can't be seen on a button that is coloured already.
func (b *Button) CreateRenderer() fyne.WidgetRenderer {
	b.ring = canvas.NewRectangle(color.Transparent)
	b.ring.Hide()
	r := &buttonRenderer{b.Button.CreateRenderer(), b.ring}
	r.Refresh()
	return r
}

// FocusGained implements fyne.Focusable.
func (b *Button) FocusGained() { b.Button.FocusGained(); b.showRing(true) }

// FocusLost implements fyne.Focusable.
func (b *Button) FocusLost() { b.Button.FocusLost(); b.showRing(false) }

func (b *Button) showRing(focused bool) {
	if b.ring != nil { // it was drawn before
		b.ring.Hidden = !focused
		b.ring.Refresh()
	}
}

type buttonRenderer struct {
	fyne.WidgetRenderer
	ring *canvas.Rectangle
}

func (r *buttonRenderer) Layout(size fyne.Size) {
	r.WidgetRenderer.Layout(size)
	r.ring.Resize(size)
}

func (r *buttonRenderer) Refresh() {
	r.ring.StrokeColor, r.ring.StrokeWidth = theme.Color(theme.ColorNameForeground), 3
	r.ring.CornerRadius = theme.Size(theme.SizeNameButtonRadius)
	r.WidgetRenderer.Refresh()
}

func (r *buttonRenderer) Objects() []fyne.CanvasObject {
	return append(r.WidgetRenderer.Objects(), r.ring)
}

// TypedKey implements fyne.Focusable.
func (b *Button) TypedKey(key *fyne.KeyEvent) {
	switch key.Name {
	case fyne.KeyReturn, fyne.KeyEnter:
		b.Tapped(nil)
	case fyne.KeyEscape:
		if b.OnEscape != nil {
			b.OnEscape()
		}
	default:
		b.Button.TypedKey(key)
	}
}
