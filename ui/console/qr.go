package console

import (
	"strings"

	"github.com/skip2/go-qrcode"
)

// usual is the longest side of a code that leaves two lines of 24 with a quiet
// zone of two modules. The norm asks for four; readers of phones take two, and
// one where there is no more room.
const usual = 37

// defaults are what authenticator apps take for granted: without them the code
// of a usual account is two lines less high.
const defaults = "&algorithm=SHA1&digits=6&period=30"

// qrText draws the QR code of a key URI in half blocks, two modules to a
// character, light ones painted. On a dark terminal that is the right way round;
// a light one is told its colours by two escape sequences, which one without
// colours passes over. A text that is too long for a QR code yields nothing:
// there is the secret.
func qrText(uri string) string {
	code, err := qrcode.New(strings.TrimSuffix(uri, defaults), qrcode.Low) // fewest lines
	if err != nil {
		return ""
	}
	code.DisableBorder = true
	bitmap := code.Bitmap()
	quiet := 2
	if len(bitmap) > usual {
		quiet = 1
	}
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
