package widget

import (
	"image"
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
	"github.com/skip2/go-qrcode"
)

// qrSide is the smallest side of a QR code, in Fyne's units: 6 pixels for each
// of the 53 modules that an otpauth URI of usual length takes with its quiet
// zone, at scale 1.
const qrSide = 320

// migrationSide is the same for a migration code: 4 pixels for each of the 113
// modules of the largest there is, 5 for 10 accounts with short names.
const migrationSide = 520

// QR is a QR code, black on white with its quiet zone in every theme: without
// white around it 4 of 5 readers fail. Every module takes a whole number of
// pixels, so it is sharp at every scale. Its menu opens by right-click, and by
// the keyboard when it has the focus.
type QR struct {
	widget.BaseWidget
	text    string
	bitmap  [][]bool // with the quiet zone; nil when there is nothing to show
	level   qrcode.RecoveryLevel
	side    float32 // the smallest
	menu    *fyne.Menu
	focused bool
	raster  *canvas.Raster
	frame   *canvas.Rectangle
}

var (
	_ fyne.Focusable         = (*QR)(nil)
	_ fyne.SecondaryTappable = (*QR)(nil)
	_ fyne.Disableable       = (*QR)(nil)
	_ desktop.Cursorable     = (*QR)(nil)
)

// NewQR returns an empty QR code with a menu, or without one.
func NewQR(menu *fyne.Menu) *QR { return newQR(menu, qrcode.Medium, qrSide) }

// NewMigrationQR returns an empty QR code for migration codes, which hold much:
// at the recovery level that their text is made for.
func NewMigrationQR() *QR { return newQR(nil, qrcode.Low, migrationSide) }

func newQR(menu *fyne.Menu, level qrcode.RecoveryLevel, side float32) *QR {
	q := &QR{menu: menu, level: level, side: side}
	q.raster = canvas.NewRaster(q.draw)
	q.raster.ScaleMode = canvas.ImageScalePixels
	q.frame = canvas.NewRectangle(color.Transparent)
	q.ExtendBaseWidget(q)
	return q
}

// Set shows a text as QR code, "" nothing. Error: the text is too long for one;
// then nothing is shown.
func (q *QR) Set(text string) error {
	if text == q.text {
		return nil
	}
	q.text, q.bitmap = text, nil
	var err error
	if text != "" {
		var code *qrcode.QRCode
		if code, err = qrcode.New(text, q.level); err == nil {
			q.bitmap = code.Bitmap()
		}
	}
	q.Refresh()
	return err
}

// draw paints the code into w × h pixels.
func (q *QR) draw(w, h int) image.Image {
	img := image.NewPaletted(image.Rect(0, 0, w, h), color.Palette{color.White, color.Black})
	n := len(q.bitmap)
	if n == 0 || min(w, h) < n {
		return img
	}
	module := min(w, h) / n
	left, top := (w-n*module)/2, (h-n*module)/2
	for y, row := range q.bitmap {
		for x, black := range row {
			if black {
				fill(img, left+x*module, top+y*module, module)
			}
		}
	}
	return img
}

func fill(img *image.Paletted, left, top, side int) {
	for y := top; y < top+side; y++ {
		row := img.Pix[y*img.Stride+left : y*img.Stride+left+side]
		for i := range row {
			row[i] = 1
		}
	}
}

// CreateRenderer implements fyne.Widget.
func (q *QR) CreateRenderer() fyne.WidgetRenderer { return &qrRenderer{q} }

// Cursor implements desktop.Cursorable.
func (q *QR) Cursor() desktop.Cursor { return desktop.DefaultCursor }

// Tapped takes the focus, so that the keyboard reaches the menu.
func (q *QR) Tapped(*fyne.PointEvent) {
	if c := q.canvas(); c != nil {
		c.Focus(q)
	}
}

// TappedSecondary implements fyne.SecondaryTappable.
func (q *QR) TappedSecondary(at *fyne.PointEvent) { q.openMenu(at.AbsolutePosition) }

// FocusGained implements fyne.Focusable.
func (q *QR) FocusGained() { q.focused = true; q.Refresh() }

// FocusLost implements fyne.Focusable.
func (q *QR) FocusLost() { q.focused = false; q.Refresh() }

// Disabled keeps the focus from a QR code without a menu: typing into it would
// do nothing. Enable and Disable change nothing.
func (q *QR) Disabled() bool { return q.menu == nil }

// Enable implements fyne.Disableable.
func (q *QR) Enable() {}

// Disable implements fyne.Disableable.
func (q *QR) Disable() {}

// TypedRune implements fyne.Focusable.
func (q *QR) TypedRune(rune) {}

// TypedKey opens the menu by the keys that open menus.
func (q *QR) TypedKey(key *fyne.KeyEvent) {
	switch key.Name {
	case fyne.KeySpace, fyne.KeyReturn, fyne.KeyEnter, desktop.KeyMenu:
		at := fyne.CurrentApp().Driver().AbsolutePositionForObject(q)
		q.openMenu(at.AddXY(q.Size().Width/4, q.Size().Height/4))
	}
}

func (q *QR) openMenu(at fyne.Position) {
	if c := q.canvas(); c != nil && q.bitmap != nil && q.menu != nil {
		widget.ShowPopUpMenuAtPosition(q.menu, c, at)
	}
}

func (q *QR) canvas() fyne.Canvas { return fyne.CurrentApp().Driver().CanvasForObject(q) }

type qrRenderer struct{ q *QR }

func (r *qrRenderer) Layout(size fyne.Size) {
	side := min(size.Width, size.Height)
	at := fyne.NewPos((size.Width-side)/2, (size.Height-side)/2)
	for _, o := range r.Objects() {
		o.Move(at)
		o.Resize(fyne.NewSquareSize(side))
	}
}

func (r *qrRenderer) MinSize() fyne.Size { return fyne.NewSquareSize(r.q.side) }

func (r *qrRenderer) Refresh() {
	r.q.frame.StrokeWidth = 0
	if r.q.focused {
		r.q.frame.StrokeColor = theme.Color(theme.ColorNameForeground)
		r.q.frame.StrokeWidth = 3
	}
	r.q.frame.Refresh()
	r.q.raster.Refresh()
}

func (r *qrRenderer) Objects() []fyne.CanvasObject {
	return []fyne.CanvasObject{r.q.raster, r.q.frame}
}

func (r *qrRenderer) Destroy() {}
