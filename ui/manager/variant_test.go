package manager

import (
	"image/color"

	"fyne.io/fyne/v2"
)

// fixedVariant is a theme that is always light or always dark.
type fixedVariant struct {
	fyne.Theme
	variant fyne.ThemeVariant
}

// Color implements fyne.Theme.
func (f fixedVariant) Color(name fyne.ThemeColorName, _ fyne.ThemeVariant) color.Color {
	return f.Theme.Color(name, f.variant)
}
