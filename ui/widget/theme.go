// Package widget holds what Fyne lacks for this product's screens: a theme that
// can be read on an old monitor over RDP, a QR code that is sharp at every
// scale, and a picker for many accounts.
package widget

import (
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/theme"
)

// Sizes of our own, for RichText.
const (
	// SizeCode is the size of a code: readable across a desk.
	SizeCode fyne.ThemeSizeName = "code"
	// SizeLead is the size of the words that lead to a code.
	SizeLead fyne.ThemeSizeName = "lead"
)

// NewTheme returns Fyne's theme with larger text and stronger contrast: text on
// its ground at least 7:1, borders and focus at least 3:1 (WCAG 2.2, 1.4.6 and
// 1.4.11).
func NewTheme() fyne.Theme { return contrast{theme.DefaultTheme()} }

type contrast struct{ fyne.Theme }

// colours by name: on a light ground, on a dark ground.
var colours = map[fyne.ThemeColorName][2]color.Color{
	theme.ColorNameBackground:          {rgb(0xf6f7f9), rgb(0x17191d)},
	theme.ColorNameForeground:          {rgb(0x14171c), rgb(0xf3f4f6)},
	theme.ColorNamePlaceHolder:         {rgb(0x4a505a), rgb(0xb6bcc6)},
	theme.ColorNameDisabled:            {rgb(0x5a616c), rgb(0xa2a9b4)},
	theme.ColorNamePrimary:             {rgb(0x0a4f9e), rgb(0x8ec5ff)},
	theme.ColorNameForegroundOnPrimary: {rgb(0xffffff), rgb(0x0b1420)},
	theme.ColorNameHyperlink:           {rgb(0x0a4f9e), rgb(0x8ec5ff)},
	theme.ColorNameButton:              {rgb(0xe1e5eb), rgb(0x30353d)},
	theme.ColorNameInputBackground:     {rgb(0xffffff), rgb(0x22262c)},
	theme.ColorNameInputBorder:         {rgb(0x6b7280), rgb(0x8b93a0)},
	theme.ColorNameFocus:               {rgba(0x0a4f9e, 0x59), rgba(0x8ec5ff, 0x66)},
	theme.ColorNameError:               {rgb(0xa4121c), rgb(0xff9c9c)},
	theme.ColorNameWarning:             {rgb(0x7a4a00), rgb(0xffcf70)},
	theme.ColorNameSuccess:             {rgb(0x0b6130), rgb(0x7fe0a3)},
}

// Color implements fyne.Theme.
func (c contrast) Color(name fyne.ThemeColorName, variant fyne.ThemeVariant) color.Color {
	if pair, ours := colours[name]; ours {
		if variant == theme.VariantLight {
			return pair[0]
		}
		return pair[1]
	}
	return c.Theme.Color(name, variant)
}

// Size implements fyne.Theme.
func (c contrast) Size(name fyne.ThemeSizeName) float32 {
	switch name {
	case theme.SizeNameText:
		return 16
	case theme.SizeNameCaptionText:
		return 14
	case theme.SizeNameSubHeadingText, SizeLead:
		return 20
	case SizeCode:
		return 52
	case theme.SizeNameModalBlurRadius:
		return 0 // without a GPU, blurring what is behind a dialog takes long
	}
	return c.Theme.Size(name)
}

func rgb(hex uint32) color.Color { return rgba(hex, 0xff) }

func rgba(hex uint32, alpha uint8) color.Color {
	return color.NRGBA{R: uint8(hex >> 16), G: uint8(hex >> 8), B: uint8(hex), A: alpha}
}

// Large returns a theme that is the app's, whichever that is at the time, with
// its text so many times as large, for one field.
func Large(times float32) fyne.Theme { return large{times} }

type large struct{ times float32 }

func current() fyne.Theme { return fyne.CurrentApp().Settings().Theme() }

// Color implements fyne.Theme.
func (large) Color(name fyne.ThemeColorName, variant fyne.ThemeVariant) color.Color {
	return current().Color(name, variant)
}

// Font implements fyne.Theme.
func (large) Font(style fyne.TextStyle) fyne.Resource { return current().Font(style) }

// Icon implements fyne.Theme.
func (large) Icon(name fyne.ThemeIconName) fyne.Resource { return current().Icon(name) }

// Size implements fyne.Theme.
func (l large) Size(name fyne.ThemeSizeName) float32 {
	size := current().Size(name)
	if name == theme.SizeNameText {
		size *= l.times
	}
	return size
}

// Fixed returns the theme that is always light or always dark, whatever the
// system prefers.
func Fixed(variant fyne.ThemeVariant) fyne.Theme { return fixed{NewTheme(), variant} }

type fixed struct {
	fyne.Theme
	variant fyne.ThemeVariant
}

// Color implements fyne.Theme.
func (f fixed) Color(name fyne.ThemeColorName, _ fyne.ThemeVariant) color.Color {
	return f.Theme.Color(name, f.variant)
}
