package manager

import (
	"context"
	"image/color"
	"strconv"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/dialog"
	"fyne.io/fyne/v2/theme"
	fynewidget "fyne.io/fyne/v2/widget"

	"evry.nl/tfa/core"
	"evry.nl/tfa/ui/present"
	"evry.nl/tfa/ui/widget"
)

// scanDialog shows the migration codes of the practice one after the other, each
// for a while.
type scanDialog struct {
	w     *Window
	scan  present.Scan
	index int
	// shown is when the code that stands there was shown; zero when it is hidden.
	shown time.Time
	open  bool

	box                     *dialog.CustomDialog
	qr                      *widget.QR
	heading, accounts, left *fynewidget.Label
	hidden                  *fynewidget.Label // stands where the code stood
	previous, next          *widget.Button
	again, close            *widget.Button
	first                   fyne.Focusable // what takes the focus
	perCode                 *fynewidget.RadioGroup
}

func newScanDialog(w *Window) *scanDialog {
	s := &scanDialog{w: w, qr: widget.NewMigrationQR()}
	s.heading, s.accounts, s.left = paragraph(""), paragraph(""), paragraph("")
	s.heading.SizeName, s.heading.TextStyle = widget.SizeLead, fyne.TextStyle{Bold: true}
	s.hidden = fynewidget.NewLabelWithStyle(w.text("tool.scan.gone", nil), fyne.TextAlignCenter, fyne.TextStyle{Bold: true})
	s.previous = widget.NewButton(w.text("tool.scan.previous", nil), func() { s.turn(s.index - 1) })
	s.next = widget.NewButton(w.text("tool.scan.next", nil), func() { s.turn(s.index + 1) })
	s.again = widget.NewButton(w.text("tool.scan.again", nil), s.load)
	s.close = widget.NewButton(w.text("tool.close", nil), s.leave)
	s.next.Importance, s.again.Importance = fynewidget.HighImportance, fynewidget.HighImportance
	for _, button := range []*widget.Button{s.previous, s.next, s.again, s.close} {
		button.OnEscape = s.leave
	}
	return s
}

// confirm asks first: whoever scans has the codes of everybody.
func (s *scanDialog) confirm() {
	w := s.w
	var labels []string
	for _, n := range present.ScanChoices {
		labels = append(labels, w.text("tool.scan.per_code."+strconv.Itoa(n), nil))
	}
	s.perCode = fynewidget.NewRadioGroup(labels, nil)
	s.perCode.Required = true
	s.perCode.SetSelected(labels[0])
	widget.Question{
		Title: w.text("tool.scan.title", nil),
		Text:  w.tool.Texts.Count("tool.scan.text", w.view.Scannable, core.Args{"Seconds": int(present.ScanTime.Seconds())}),
		More:  container.NewVBox(fynewidget.NewLabel(w.text("tool.scan.per_code", nil)), s.perCode),
		Yes:   w.text("tool.scan.yes", nil), No: w.text("tool.cancel", nil), Dangerous: true,
		OnYes: func() {
			for i, label := range labels {
				if label == s.perCode.Selected {
					s.scan, s.index = present.NewScan(present.ScanChoices[i]), 0
				}
			}
			s.load()
		},
	}.Ask(w.win)
}

// load asks for the secrets, which puts them into the log, and shows a code.
func (s *scanDialog) load() {
	w, scan := s.w, s.scan
	w.door(func() func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		loaded, err := w.tool.LoadScan(ctx, scan)
		return func() {
			if err != nil {
				s.leave()
				w.complain(err)
				return
			}
			s.scan = loaded
			s.show()
			s.turn(min(s.index, len(loaded.Codes)-1))
		}
	})
}

// show opens the dialog, if it is not there.
func (s *scanDialog) show() {
	if s.open {
		return
	}
	s.open = true
	room := canvas.NewRectangle(color.Transparent) // keeps the place of a hidden code
	room.SetMinSize(s.qr.MinSize())
	left := container.NewStack(room, container.NewCenter(s.hidden), s.qr)
	text := container.NewVBox(s.heading, s.accounts, paragraph(s.w.text("tool.scan.hint", nil)), s.left)
	buttons := container.NewVBox(s.again, container.NewGridWithColumns(2, s.previous, s.next), s.close)
	right := border(nil, buttons, nil, nil, container.NewVScroll(text))
	s.box = dialog.NewCustomWithoutButtons(s.w.text("tool.scan.window", nil), border(nil, nil, left, nil, right), s.w.win)
	size := fyne.NewSize(left.MinSize().Width+scanTextWidth, s.box.MinSize().Height)
	s.grow(size)
	s.box.Resize(size)
	s.box.Show()
}

// scanTextWidth keeps the lines beside the code readable.
const scanTextWidth = 320

// grow makes the window so large that the dialog fits.
func (s *scanDialog) grow(size fyne.Size) {
	has, margin := s.w.Canvas().Size(), 2*theme.Padding()
	if needs := has.Max(size.AddWidthHeight(margin, margin)); needs != has {
		s.w.win.Resize(needs)
	}
}

// turn shows the code of that index, for a new while.
func (s *scanDialog) turn(index int) {
	s.index, s.shown = index, s.w.tool.Now()
	s.draw()
}

// draw shows what is true now.
func (s *scanDialog) draw() {
	left, gone := s.w.tool.ScanLeft(s.shown)
	s.left.SetText(left)
	s.left.Hidden, s.hidden.Hidden, s.qr.Hidden = gone, !gone, gone
	uri := ""
	if gone {
		s.scan.Codes, s.shown = nil, time.Time{} // no secret stays in memory
		s.first = s.again
	} else {
		uri = s.scan.Codes[s.index].URI
		heading, accounts := s.w.tool.ScanHeading(s.scan, s.index)
		s.heading.SetText(heading)
		s.accounts.SetText(accounts)
		s.first = s.next
	}
	last := s.index == len(s.scan.Codes)-1
	if last {
		s.first = s.close
	}
	enable(s.previous, !gone && s.index > 0)
	enable(s.next, !gone && !last)
	s.again.Hidden = !gone
	if err := s.qr.Set(uri); err != nil {
		s.w.complain(err)
	}
	s.box.Refresh()
	s.w.Canvas().Focus(s.first)
}

func enable(button *widget.Button, on bool) {
	if on {
		button.Enable()
	} else {
		button.Disable()
	}
}

// tick counts down.
func (s *scanDialog) tick() {
	if !s.open || s.shown.IsZero() {
		return
	}
	left, gone := s.w.tool.ScanLeft(s.shown)
	if gone {
		s.draw()
		return
	}
	s.left.SetText(left)
}

// leave closes the dialog and forgets the codes.
func (s *scanDialog) leave() {
	if !s.open {
		return
	}
	s.open, s.shown, s.scan = false, time.Time{}, present.Scan{}
	s.qr.Set("")
	s.box.Hide()
}
