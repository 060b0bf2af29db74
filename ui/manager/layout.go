package manager

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/layout"
)

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
