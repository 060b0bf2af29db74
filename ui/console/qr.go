package console

import (
	"strings"

	"github.com/skip2/go-qrcode"
)

// quiet is how many light modules stand around the code: fewer than the four of
// the norm, so that it fits 24 lines, and enough for the readers of phones.
const quiet = 2

// qrText draws a QR code in half blocks, two modules to a character, light ones
// painted. On a dark terminal that is the right way round; a light one is told
// its colours by two escape sequences, which one without colours passes over.
// A text that is too long for a QR code yields nothing: there is the secret.
func qrText(text string) string {
	code, err := qrcode.New(text, qrcode.Low) // fewest lines
	if err != nil {
		return ""
	}
	code.DisableBorder = true
	bitmap := code.Bitmap()
	light := func(x, y int) bool {
		x, y = x-quiet, y-quiet
		return x < 0 || y < 0 || x >= len(bitmap) || y >= len(bitmap) || !bitmap[y][x]
	}
	size := len(bitmap) + 2*quiet
	var b strings.Builder
	for y := 0; y < size; y += 2 {
		b.WriteString("\x1b[97;40m")
		for x := range size {
			b.WriteString(block(light(x, y), y+1 < size && light(x, y+1)))
		}
		b.WriteString("\x1b[0m\n")
	}
	return b.String()
}

func block(upper, lower bool) string {
	switch {
	case upper && lower:
		return "█"
	case upper:
		return "▀"
	case lower:
		return "▄"
	}
	return " "
}
