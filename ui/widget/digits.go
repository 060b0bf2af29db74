package widget

import (
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

// Digits is a field for a code of so many digits. Everything else is passed
// over, so that "123 456" can be pasted. It has no menu, for that of Fyne
// reaches the clipboard of a session that nobody has logged on to yet.
type Digits struct {
	widget.Entry
	// OnFull is called when the last digit is there, and by Return before.
	OnFull func(code string)
	// OnEscape is called by Escape.
	OnEscape func()
	length   int
}

// NewDigits returns an empty field.
func NewDigits(length int, full func(code string), escape func()) *Digits {
	d := &Digits{length: length, OnFull: full, OnEscape: escape}
	d.ExtendBaseWidget(d)
	return d
}

// SetLength changes how many digits there are, and empties the field.
func (d *Digits) SetLength(length int) {
	d.length = length
	d.SetText("")
}

// TypedRune takes digits only.
func (d *Digits) TypedRune(r rune) { d.add(string(r)) }

// TypedShortcut takes the digits of a paste, and none of the other shortcuts
// that could put something on the clipboard.
func (d *Digits) TypedShortcut(shortcut fyne.Shortcut) {
	if paste, ok := shortcut.(*fyne.ShortcutPaste); ok {
		d.SetText("")
		d.add(paste.Clipboard.Content())
	}
}

// TypedKey implements fyne.Focusable.
func (d *Digits) TypedKey(key *fyne.KeyEvent) {
	switch key.Name {
	case fyne.KeyReturn, fyne.KeyEnter:
		if d.Text != "" {
			d.OnFull(d.Text)
		}
	case fyne.KeyEscape:
		d.OnEscape()
	default:
		d.Entry.TypedKey(key)
	}
}

// TappedSecondary shows no menu.
func (d *Digits) TappedSecondary(*fyne.PointEvent) {}

// longestPaste bounds what is looked at of a clipboard.
const longestPaste = 100

// add types what is a digit, until the field is full.
func (d *Digits) add(text string) {
	for _, r := range text[:min(len(text), longestPaste)] {
		if !strings.ContainsRune("0123456789", r) || len(d.Text) >= d.length {
			continue
		}
		if d.Entry.TypedRune(r); len(d.Text) == d.length {
			d.OnFull(d.Text)
			return
		}
	}
}

// MinSize leaves room for all digits at the size of a code.
func (d *Digits) MinSize() fyne.Size {
	return fyne.NewSize(theme.Size(theme.SizeNameText)*float32(d.length+2), d.Entry.MinSize().Height)
}
