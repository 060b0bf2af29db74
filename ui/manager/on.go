package manager

import (
	"context"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"
	fynewidget "fyne.io/fyne/v2/widget"

	"evry.nl/tfa/core"
	"evry.nl/tfa/core/otp"
	"evry.nl/tfa/ui/present"
	"evry.nl/tfa/ui/widget"
)

// onScreen shows one account: its QR code and its live code, or why there is
// none, and how far the transition is.
type onScreen struct {
	w       *Window
	content *fyne.Container

	qr       *widget.QR
	copyMenu *widget.Button
	shown    *fyne.Container // what is there when there is a code
	missing  *fyne.Container // and when there is none

	code     *fynewidget.RichText
	before   *fynewidget.TextSegment
	digits   *fynewidget.TextSegment
	bar      *fynewidget.ProgressBar
	left     *fynewidget.Label
	copyCode *widget.Button

	heading, why, state   *fynewidget.Label
	transition, unscanned *fynewidget.Label
	band                  *fyne.Container
	reset, scan           *widget.Button
}

func newOnScreen(w *Window) *onScreen {
	s := &onScreen{w: w}
	menu := fyne.NewMenu("",
		fyne.NewMenuItem(w.text("tool.copy_secret", nil), func() { s.copy(core.CopySecret, "tool.copied_secret") }),
		fyne.NewMenuItem(w.text("tool.copy_uri", nil), func() { s.copy(core.CopyURI, "tool.copied_uri") }))
	s.qr = widget.NewQR(menu)
	s.copyMenu = widget.NewButton(w.text("tool.copy_menu", nil), func() {
		fynewidget.ShowPopUpMenuAtRelativePosition(menu, w.win.Canvas(), fyne.NewPos(0, s.copyMenu.Size().Height), s.copyMenu)
	})
	s.copyMenu.Icon = theme.MoreVerticalIcon()

	s.before = &fynewidget.TextSegment{Style: fynewidget.RichTextStyle{Inline: true, SizeName: widget.SizeLead}}
	s.digits = &fynewidget.TextSegment{Style: fynewidget.RichTextStyle{
		Inline: true, SizeName: widget.SizeCode, TextStyle: fyne.TextStyle{Bold: true},
	}}
	s.code = fynewidget.NewRichText(s.before, s.digits)
	s.code.Wrapping = fyne.TextWrapWord
	s.bar = fynewidget.NewProgressBar()
	s.bar.Max, s.bar.TextFormatter = otp.Period.Seconds(), func() string { return "" }
	s.left = fynewidget.NewLabel("")
	s.copyCode = widget.NewButton(w.text("tool.copy_code", nil), s.copyCodeNow)
	s.copyCode.Importance, s.copyCode.Icon = fynewidget.HighImportance, theme.ContentCopyIcon()

	s.heading, s.why, s.state = paragraph(""), paragraph(""), paragraph("")
	s.heading.SizeName, s.heading.TextStyle = widget.SizeLead, fyne.TextStyle{Bold: true}
	s.transition, s.unscanned = paragraph(""), paragraph("")
	s.transition.TextStyle.Bold = true
	s.reset = widget.NewButton(w.text("tool.reset", nil), s.confirmReset)
	s.reset.Importance = fynewidget.DangerImportance
	s.scan = widget.NewButton(w.text("tool.scan", nil), func() { w.scan.confirm() })
	s.content = s.layout()
	return s
}

func (s *onScreen) layout() *fyne.Container {
	live := container.NewVBox(
		s.code,
		container.New(thinBar{}, s.bar), s.left,
		container.NewHBox(s.copyCode),
	)
	hint := paragraph(s.w.text("tool.qr_hint", nil))
	left := container.NewVBox(s.qr, container.NewHBox(layout.NewSpacer(), s.copyMenu, layout.NewSpacer()))
	s.shown = border(nil, nil, left, nil,
		container.New(paddedLayout(theme.Padding()), container.NewVBox(live, hint)))
	s.missing = container.NewVBox(s.heading, s.why)
	s.band = container.NewVBox(fynewidget.NewSeparator(), s.transition, s.unscanned)
	bottom := container.NewVBox(border(nil, nil, nil, container.NewHBox(s.reset, s.scan), s.state), s.band)
	return border(nil, bottom, nil, nil, container.NewVScroll(container.NewStack(s.shown, s.missing)))
}

// draw shows all but the code.
func (s *onScreen) draw(view present.View) {
	if err := s.qr.Set(view.URI); err != nil {
		s.w.complain(err)
	}
	s.shown.Hidden, s.missing.Hidden = view.URI == "", view.URI != ""
	s.heading.SetText(view.Heading)
	s.why.SetText(view.Why)
	s.state.SetText(view.State)
	s.transition.SetText(view.Transition)
	s.unscanned.SetText(view.Unscanned)
	s.band.Hidden = view.Transition == ""
	s.reset.Hidden = !view.MayReset
	s.scan.Hidden = view.Scannable == 0
	s.content.Show()
	s.content.Refresh()
}

// drawLive shows the code of this second; it touches only what changed.
func (s *onScreen) drawLive(live present.Live) {
	if live == s.w.live {
		return
	}
	if live.Code != s.w.live.Code || live.Before != s.w.live.Before {
		s.before.Text, s.digits.Text = live.Before, live.Code
		s.code.Refresh()
	}
	s.w.live = live
	s.left.SetText(live.Left)
	s.bar.SetValue(float64(live.SecondsLeft))
}

// copyCodeNow puts the code on the clipboard.
func (s *onScreen) copyCodeNow() {
	if s.w.live.Code == "" {
		return
	}
	account := s.w.view.Selected
	if err := s.w.clip.Put(s.w.live.Code, s.w.tool.Now()); err != nil {
		s.w.say("tool.clipboard_failed", nil)
		return
	}
	s.w.say("tool.copied_code", core.Args{"Account": account})
}

// copy asks for a secret or URI, which puts it in the log, and puts it on the
// clipboard for a minute.
func (s *onScreen) copy(what core.Copied, done string) {
	w, account := s.w, s.w.view.Selected
	w.door(func() func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		text, err := w.tool.Manager.Copy(ctx, w.tool.Actor, account, what)
		return func() {
			if err != nil {
				w.complain(err)
				return
			}
			if err := w.clip.Put(text, w.tool.Now()); err != nil {
				w.say("tool.clipboard_failed", nil)
				return
			}
			w.say(done, core.Args{"Account": account})
		}
	})
}

func (s *onScreen) confirmReset() {
	w, account := s.w, s.w.view.Selected
	args := core.Args{"Account": account}
	text := w.text("tool.reset.text", args)
	if account == w.tool.Actor.Account {
		text += "\n\n" + w.text("tool.reset.own", nil)
	}
	widget.Question{
		Title: w.text("tool.reset.title", args), Text: text,
		Yes: w.text("tool.reset.yes", nil), No: w.text("tool.cancel", nil), Dangerous: true,
		OnYes: func() {
			w.act(func(ctx context.Context) error { return w.tool.Manager.Reset(ctx, w.tool.Actor, account) }, "tool.was_reset", args)
		},
	}.Ask(w.win)
}
