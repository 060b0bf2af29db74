package desktop

import (
	"image"
	"image/color"
	"slices"
)

// place is where a QR code stands upright in a picture, as on a screen.
type place struct {
	bounds image.Rectangle
	module int // size of a dot in pixels
}

// margined returns the place with the margin that readers need: 4 dots.
func (p place) margined() image.Rectangle { return p.bounds.Inset(-4 * p.module) }

// findQR returns the places that have the three corners of a QR code.
func findQR(img image.Image) []place {
	corners := findCorners(img)
	var places []place
	for _, topLeft := range corners {
		for _, topRight := range corners {
			for _, bottomLeft := range corners {
				side := topRight.Max.X - topLeft.Min.X
				if side > topLeft.Dx() && near(topLeft.Min.Y, topRight.Min.Y) && near(topLeft.Min.X, bottomLeft.Min.X) &&
					near(side, bottomLeft.Max.Y-topLeft.Min.Y) && near(topLeft.Dx(), topRight.Dx()) && near(topLeft.Dx(), bottomLeft.Dx()) {
					places = append(places, place{topLeft.Union(topRight).Union(bottomLeft), topLeft.Dx() / 7})
				}
			}
		}
	}
	return places
}

// near allows for dots that are no whole number of pixels.
func near(a, b int) bool { return max(a-b, b-a) <= 3 }

// sameAs tells whether a square that was found on another line is the same one.
func sameAs(corner image.Rectangle) func(image.Rectangle) bool {
	return func(other image.Rectangle) bool {
		return near(corner.Min.X, other.Min.X) && near(corner.Min.Y, other.Min.Y)
	}
}

// findCorners returns the squares in a picture that look like a corner of a QR
// code: dark, light and dark in the ratio 1:1:3:1:1, both across and down.
func findCorners(img image.Image) []image.Rectangle {
	area := img.Bounds()
	dark := func(x, y int) bool {
		return image.Pt(x, y).In(area) && color.GrayModel.Convert(img.At(x, y)).(color.Gray).Y < 128
	}
	var corners []image.Rectangle
	for y := area.Min.Y; y < area.Max.Y; y++ {
		across := ratios(area.Min.X, area.Max.X, func(x int) bool { return dark(x, y) })
		for _, row := range across {
			middle := (row[0] + row[1]) / 2
			reach := row[1] - row[0]
			down := ratios(y-reach, y+reach, func(y int) bool { return dark(middle, y) })
			for _, column := range down {
				corner := image.Rect(row[0], column[0], row[1], column[1])
				if near(corner.Dx(), corner.Dy()) && near((column[0]+column[1])/2, y) && !slices.ContainsFunc(corners, sameAs(corner)) {
					corners = append(corners, corner)
				}
			}
		}
	}
	return corners
}

// ratios returns the begin and end of each stretch of a line, from first to
// last, that is dark and light as a corner is through its middle.
func ratios(first, last int, dark func(int) bool) [][2]int {
	var found [][2]int
	edges := []int{first} // where runs begin; the first is light
	isDark := false
	for at := first; at <= last; at++ {
		if now := at < last && dark(at); now != isDark {
			edges, isDark = append(edges, at), now
		}
	}
	for i := 1; i+5 < len(edges); i += 2 { // from a light run to a dark one
		begin, end := edges[i], edges[i+5]
		dot := (end - begin) / 7
		if dot == 0 {
			continue
		}
		looksRight := true
		for run, dots := range []int{1, 1, 3, 1, 1} {
			length := edges[i+run+1] - edges[i+run]
			looksRight = looksRight && max(length-dots*dot, dots*dot-length) <= (dot+1)/2+1
		}
		if looksRight {
			found = append(found, [2]int{begin, end})
		}
	}
	return found
}
