package widget

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/dialog"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

// Question is what a person must confirm before it happens.
type Question struct {
	Title, Text string
	// More, if set, stands between the text and the buttons.
	More    fyne.CanvasObject
	Yes, No string
	// Dangerous questions start with the focus on No.
	Dangerous bool
	OnYes     func()
}

// questionWidth keeps lines short enough to be read.
const questionWidth = 520

// Ask shows the question over the window. Return answers with the button that
// has the focus, Escape with No.
func (q Question) Ask(over fyne.Window) {
	text := widget.NewLabel(q.Text)
	text.Wrapping = fyne.TextWrapWord
	var box *dialog.CustomDialog
	close := func() { box.Hide() }
	no := NewButton(q.No, close)
	yes := NewButton(q.Yes, func() { close(); q.OnYes() })
	no.OnEscape, yes.OnEscape = close, close
	yes.Importance = widget.HighImportance
	first := yes
	if q.Dangerous {
		yes.Importance, first = widget.DangerImportance, no
	}
	buttons := container.NewHBox(layout.NewSpacer(), no, yes)
	middle := container.NewVBox(text)
	if q.More != nil {
		middle.Add(q.More)
	}
	content := container.NewBorder(nil, container.NewVBox(widget.NewSeparator(), buttons), nil, nil, middle)
	box = dialog.NewCustomWithoutButtons(q.Title, content, over)
	width := min(questionWidth, over.Canvas().Size().Width-4*theme.Padding())
	box.Resize(fyne.NewSize(width, box.MinSize().Height))
	box.Show()
	text.Resize(fyne.NewSize(text.Size().Width, text.MinSize().Height)) // wrapped text knows its height only now
	box.Resize(fyne.NewSize(width, box.MinSize().Height))
	over.Canvas().Focus(first)
}
