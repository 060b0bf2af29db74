package widget

import (
	"image/color"
	"math"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/theme"
)

// luminance and ratio are those of WCAG 2.2, "relative luminance" and "contrast
// ratio".
func luminance(c color.Color) float64 {
	channel := func(v uint32) float64 {
		s := float64(v) / 0xffff
		if s <= 0.04045 {
			return s / 12.92
		}
		return math.Pow((s+0.055)/1.055, 2.4)
	}
	r, g, b, _ := c.RGBA()
	return 0.2126*channel(r) + 0.7152*channel(g) + 0.0722*channel(b)
}

func ratio(a, b color.Color) float64 {
	x, y := luminance(a), luminance(b)
	return (math.Max(x, y) + 0.05) / (math.Min(x, y) + 0.05)
}

func TestContrast(t *testing.T) {
	th := NewTheme()
	for name, variant := range map[string]fyne.ThemeVariant{"light": theme.VariantLight, "dark": theme.VariantDark} {
		t.Run(name, func(t *testing.T) {
			for _, pair := range []struct {
				front, ground fyne.ThemeColorName
				atLeast       float64
			}{
				{theme.ColorNameForeground, theme.ColorNameBackground, 7},
				{theme.ColorNameForeground, theme.ColorNameButton, 7},
				{theme.ColorNameForeground, theme.ColorNameInputBackground, 7},
				{theme.ColorNamePlaceHolder, theme.ColorNameInputBackground, 7},
				{theme.ColorNameForegroundOnPrimary, theme.ColorNamePrimary, 7},
				{theme.ColorNameError, theme.ColorNameBackground, 7},
				{theme.ColorNameForegroundOnError, theme.ColorNameError, 7},
				{theme.ColorNameDisabled, theme.ColorNameBackground, 4.5},
				{theme.ColorNameInputBorder, theme.ColorNameInputBackground, 3},
				{theme.ColorNamePrimary, theme.ColorNameBackground, 3},
			} {
				if got := ratio(th.Color(pair.front, variant), th.Color(pair.ground, variant)); got < pair.atLeast {
					t.Errorf("%s on %s: %.1f, want %.1f", pair.front, pair.ground, got, pair.atLeast)
				}
			}
		})
	}
}
