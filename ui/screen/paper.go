package screen

import (
	"image"
	"image/color"
	"image/draw"
	"strings"

	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/gomono"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/math/fixed"
)

// The lines and columns that a screen has: those of the smallest terminal, and
// room around them.
const (
	columns = 80
	rows    = 26
	margin  = 2 // in cells, at each side
)

// largest is how wide a cell is at most, in pixels: on a large screen the text
// is not blown up any further.
const largest = 16

var (
	background = color.RGBA{0xf7, 0xf7, 0xf7, 0xff}
	ink        = color.RGBA{0x1c, 0x1c, 0x1c, 0xff}
	white      = color.RGBA{0xff, 0xff, 0xff, 0xff}
	black      = color.RGBA{0, 0, 0, 0xff}
)

// The two sequences by which ui/console says that what comes is a picture, white
// on black, and that it is over.
const (
	picture = "\x1b[97;40m"
	plain   = "\x1b[0m"
)

// paper keeps what was written, and draws it.
type paper struct {
	text string
	face font.Face
	cell int // the width of a character; it is twice as high
}

// write adds to the text, and forgets what nobody will see again.
func (p *paper) write(text string) {
	p.text += text
	if lines := strings.Split(p.text, "\n"); len(lines) > rows {
		p.text = strings.Join(lines[len(lines)-rows:], "\n")
	}
}

// draw returns a picture of the text and of what is typed behind it, with a
// footer below.
func (p *paper) draw(size image.Point, typed, footer string) (*image.RGBA, error) {
	img := image.NewRGBA(image.Rectangle{Max: size})
	draw.Draw(img, img.Bounds(), image.NewUniform(background), image.Point{}, draw.Src)
	if err := p.fit(size); err != nil {
		return nil, err
	}
	width, height := columns*p.cell, rows*2*p.cell
	corner := image.Pt(max(0, (size.X-width)/2), max(0, (size.Y-height)/2))
	lines := strings.Split(p.text+typed+"_", "\n")
	lines = lines[max(0, len(lines)-(rows-2)):]
	for row, line := range lines {
		p.line(img, corner.Add(image.Pt(0, row*2*p.cell)), line)
	}
	p.line(img, corner.Add(image.Pt(0, (rows-1)*2*p.cell)), footer)
	return img, nil
}

// fit makes the characters as large as the screen takes.
func (p *paper) fit(size image.Point) error {
	cell := max(4, min(largest, size.X/(columns+2*margin), size.Y/(2*(rows+margin))))
	if cell == p.cell {
		return nil
	}
	parsed, err := opentype.Parse(gomono.TTF)
	if err != nil {
		return err
	}
	// A character of this font is 0.6 em wide.
	p.face, err = opentype.NewFace(parsed, &opentype.FaceOptions{Size: float64(cell) / 0.6, DPI: 72, Hinting: font.HintingFull})
	p.cell = cell
	return err
}

// line draws a line of text. Blocks are drawn as areas, so that those of a QR
// code leave no gap between them.
func (p *paper) line(img *image.RGBA, at image.Point, text string) {
	pen := font.Drawer{Dst: img, Face: p.face}
	inPicture := false
	for text != "" {
		if rest, found := strings.CutPrefix(text, picture); found {
			text, inPicture = rest, true
			continue
		}
		if rest, found := strings.CutPrefix(text, plain); found {
			text, inPicture = rest, false
			continue
		}
		r := []rune(text)[0]
		text = text[len(string(r)):]
		cell := image.Rectangle{at, at.Add(image.Pt(p.cell, 2*p.cell))}
		front := ink
		if inPicture {
			front = white
			fill(img, cell, black)
		}
		upper, lower := cell, cell
		upper.Max.Y, lower.Min.Y = at.Y+p.cell, at.Y+p.cell
		switch r {
		case '█':
			fill(img, cell, front)
		case '▀':
			fill(img, upper, front)
		case '▄':
			fill(img, lower, front)
		default:
			pen.Src = image.NewUniform(front)
			pen.Dot = fixed.P(at.X, at.Y+p.cell*3/2)
			pen.DrawString(string(r))
		}
		at.X += p.cell
	}
}

func fill(img *image.RGBA, area image.Rectangle, c color.RGBA) {
	draw.Draw(img, area, image.NewUniform(c), image.Point{}, draw.Src)
}
