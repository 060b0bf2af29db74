package logon

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/theme"
)

const (
	// columnWidth keeps lines short enough to be read on a wide screen.
	columnWidth = 900
	// enoughBeside is how much room text needs beside a QR code; with less it
	// goes below.
	enoughBeside = 360
)

// columnLayout puts its object into the middle of the screen, as wide as can be
// read.
type columnLayout struct{}

func (columnLayout) MinSize(objects []fyne.CanvasObject) fyne.Size {
	size := objects[0].MinSize()
	return size.AddWidthHeight(4*theme.Padding(), 8*theme.Padding())
}

func (columnLayout) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	width := min(size.Width-4*theme.Padding(), columnWidth)
	// Twice, because wrapped text knows its height only when it has its width.
	objects[0].Resize(fyne.NewSize(width, 0))
	objects[0].Resize(fyne.NewSize(width, size.Height-8*theme.Padding()))
	objects[0].Move(fyne.NewPos((size.Width-width)/2, 4*theme.Padding()))
}

// besideLayout puts the second object, if it is shown, to the left of the first.
type besideLayout struct{}

func (besideLayout) MinSize(objects []fyne.CanvasObject) fyne.Size {
	main, side := objects[0].MinSize(), objects[1].MinSize()
	if !objects[1].Visible() {
		return main
	}
	return fyne.NewSize(max(main.Width, enoughBeside)+side.Width, max(main.Height, side.Height))
}

func (besideLayout) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	left := float32(0)
	if objects[1].Visible() {
		side := objects[1].MinSize()
		objects[1].Resize(side)
		objects[1].Move(fyne.NewPos(0, 0))
		left = side.Width + 4*theme.Padding()
	}
	objects[0].Resize(fyne.NewSize(size.Width-left, size.Height))
	objects[0].Move(fyne.NewPos(left, 0))
}
