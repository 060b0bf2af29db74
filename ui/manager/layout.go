package manager

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
)

// border is container.NewBorder with its objects in the order in which people
// read, which is the order in which Tab reaches them. Any may be nil.
func border(top, bottom, left, right, center fyne.CanvasObject) *fyne.Container {
	var objects []fyne.CanvasObject
	for _, o := range []fyne.CanvasObject{top, left, center, right, bottom} {
		if o != nil {
			objects = append(objects, o)
		}
	}
	return container.New(layout.NewBorderLayout(top, bottom, left, right), objects...)
}

// paddedLayout leaves so much room on every side.
func paddedLayout(room float32) fyne.Layout {
	return layout.NewCustomPaddedLayout(room, room, room, room)
}

// barHeight is enough to see how much time is left.
const barHeight = 10

// thinBar gives a progress bar without text the height of a line.
type thinBar struct{}

func (thinBar) MinSize([]fyne.CanvasObject) fyne.Size { return fyne.NewSize(100, barHeight) }

func (thinBar) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	for _, o := range objects {
		o.Resize(fyne.NewSize(size.Width, barHeight))
		o.Move(fyne.NewPos(0, (size.Height-barHeight)/2))
	}
}
