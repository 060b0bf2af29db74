package manager

import (
	"context"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	fynewidget "fyne.io/fyne/v2/widget"

	"evry.nl/tfa/core"
	"evry.nl/tfa/ui/present"
	"evry.nl/tfa/ui/widget"
)

// offScreen advises to switch two-factor on.
type offScreen struct {
	w        *Window
	content  *fyne.Container
	button   *widget.Button
	notOwner *fynewidget.Label
}

func newOffScreen(w *Window) *offScreen {
	s := &offScreen{w: w}
	tool := w.tool
	s.button = widget.NewButton(w.text("tool.off.button", nil), s.confirm)
	s.button.Importance = fynewidget.HighImportance
	s.notOwner = paragraph(w.text("tool.off.not_owner", nil))
	heading := paragraph(w.text("tool.off.heading", nil))
	heading.SizeName, heading.TextStyle = widget.SizeLead, fyne.TextStyle{Bold: true}
	text := container.NewVBox(
		heading,
		paragraph(w.text("tool.off.what", nil)),
		paragraph(w.text("tool.off.whole", nil)),
		paragraph(tool.Texts.Count("tool.off.transition", tool.TransitionDays, nil)),
		paragraph(w.text("tool.off.need", core.Args{"OTPURL": tool.OTPURL})),
		paragraph(w.text("tool.off.manual", core.Args{"ManualURL": tool.ManualURL})),
	)
	buttons := container.NewVBox(s.notOwner, container.NewHBox(s.button, layout.NewSpacer()))
	s.content = border(nil, buttons, nil, nil, container.NewVScroll(text))
	return s
}

func (s *offScreen) draw(view present.View) {
	s.button.Hidden, s.notOwner.Hidden = !view.MaySwitchOn, view.MaySwitchOn
	s.content.Show()
	s.content.Refresh()
}

func (s *offScreen) confirm() {
	w := s.w
	widget.Question{
		Title: w.text("tool.off.confirm_title", nil),
		Text: w.text("tool.off.confirm", core.Args{
			"Practice": w.snapshot.Overview.Practice.Name, "LastDay": w.tool.LastDay().String(),
		}),
		Yes: w.text("tool.off.confirm_yes", nil), No: w.text("tool.cancel", nil),
		OnYes: func() {
			w.act(func(ctx context.Context) error { return w.tool.Manager.SwitchOn(ctx, w.tool.Actor) }, "tool.is_on", nil)
		},
	}.Ask(w.win)
}

// paragraph is text that wraps.
func paragraph(text string) *fynewidget.Label {
	label := fynewidget.NewLabel(text)
	label.Wrapping = fyne.TextWrapWord
	return label
}
