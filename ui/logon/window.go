// Package logon draws the gate: the full screen between password and desktop.
package logon

import (
	"context"
	"slices"
	"strings"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/layout"
	fynewidget "fyne.io/fyne/v2/widget"

	"evry.nl/tfa/core"
	"evry.nl/tfa/core/otp"
	"evry.nl/tfa/ui/door"
	"evry.nl/tfa/ui/present"
	"evry.nl/tfa/ui/widget"
)

// patience is how long a decision may take before it is no.
const patience = 30 * time.Second

// Window is the gate's window.
type Window struct {
	logon   present.Logon
	door    door.Door
	win     fyne.Window
	timeout time.Duration
	// done is told once how the gate ended.
	done func(present.Outcome)

	screen present.Screen
	busy   bool
	ended  bool
	typed  time.Time // when somebody last did something
	helper bool      // the field takes a helper code

	account, heading, notice *fynewidget.Label
	message, countdown       *fynewidget.Label
	text, buttons            *fyne.Container
	enrol                    *fyne.Container
	qr                       *widget.QR
	secret                   *fynewidget.Label
	entry                    *fyne.Container
	label                    *fynewidget.Label
	field                    *widget.Digits
	submit, other            *widget.Button
	skip, switchOn, close    *widget.Button
	goOn                     *widget.Button
}

// New makes the window; Start shows it. done is called once, on the window's
// thread, with how it ended: Undecided stands for a no.
func New(app fyne.App, logon present.Logon, through door.Door, timeout time.Duration, done func(present.Outcome)) *Window {
	w := &Window{logon: logon, door: through, timeout: timeout, done: done, typed: logon.Now()}
	w.win = app.NewWindow(w.say("logon.title", nil))
	w.makeParts()
	w.win.SetContent(w.layout())
	w.win.SetCloseIntercept(w.askLeave)
	w.win.SetPadded(false)
	w.win.Canvas().SetOnTypedKey(func(key *fyne.KeyEvent) { // when nothing has the focus
		if w.touch(); key.Name == fyne.KeyEscape {
			w.askLeave()
		}
	})
	if front, ok := w.win.(desktop.Window); ok {
		front.RequestAlwaysOnTop()
	}
	w.win.SetFullScreen(true)
	return w
}

func (w *Window) makeParts() {
	w.account, w.heading, w.notice = fynewidget.NewLabel(""), wrapped(), wrapped()
	w.heading.SizeName, w.heading.TextStyle.Bold = widget.SizeLead, true
	w.account.TextStyle.Bold = true
	w.message, w.countdown = wrapped(), fynewidget.NewLabel("")
	w.message.Importance, w.message.TextStyle.Bold = fynewidget.DangerImportance, true
	w.text, w.buttons = container.NewVBox(), container.NewVBox()
	w.qr = widget.NewQR(nil)
	w.secret = fynewidget.NewLabelWithStyle("", fyne.TextAlignCenter, fyne.TextStyle{Monospace: true, Bold: true})
	w.label = fynewidget.NewLabel("")
	w.field = widget.NewDigits(otp.Digits, w.enter, w.askLeave)
	w.field.OnChanged = func(string) { w.touch() }
	w.submit = w.button("logon.go", func() { w.enter(w.field.Text) })
	w.submit.Importance = fynewidget.HighImportance
	w.other = w.button("logon.helper", func() { w.takeHelper(!w.helper) })
	w.skip = w.button("logon.skip", func() { w.act(w.logon.Skip) })
	w.switchOn = w.button("logon.off.switch_on", w.askSwitchOn)
	w.switchOn.Importance = fynewidget.HighImportance
	w.close = w.button("logon.fault.close", func() { w.end(present.Fault) })
	w.goOn = w.button("logon.notices.go", func() { w.end(present.Yes) })
	w.goOn.Importance = fynewidget.HighImportance
}

func (w *Window) button(key string, tapped func()) *widget.Button {
	b := widget.NewButton(w.say(key, nil), func() { w.touch(); tapped() })
	b.OnEscape = w.askLeave
	return b
}

func wrapped() *fynewidget.Label {
	label := fynewidget.NewLabel("")
	label.Wrapping = fyne.TextWrapWord
	return label
}

func (w *Window) layout() fyne.CanvasObject {
	w.entry = container.NewVBox(w.label,
		container.NewHBox(container.NewThemeOverride(w.field, widget.Large(2)), w.submit),
		container.NewHBox(w.other))
	w.enrol = container.NewVBox(w.qr, w.secret)
	footer := container.NewVBox(fynewidget.NewSeparator(),
		fynewidget.NewLabel(w.say("logon.questions", nil)+"\n"+w.say("logon.manual", core.Args{"ManualURL": w.logon.ManualURL})))
	right := container.NewVBox(w.heading, w.text, w.entry, w.message, w.countdown, w.notice, w.buttons)
	body := container.New(besideLayout{}, right, w.enrol)
	page := container.New(columnLayout{}, container.NewVBox(w.account, body, layout.NewSpacer(), footer))
	return container.NewVScroll(page)
}

// Start shows the window and asks for the first screen.
func (w *Window) Start() {
	w.win.Show()
	w.act(w.logon.Start)
}

// ShowFault shows the window with a fault that came before anything could be
// asked.
func (w *Window) ShowFault(screen present.Screen) {
	w.win.Show()
	w.show(screen)
}

// Reclaim makes the window cover the screen again: a remote session that comes
// back at another size leaves it a normal window.
func (w *Window) Reclaim() { w.win.SetFullScreen(true) }

// act runs a step off this thread and shows the screen that it yields. While it
// runs, nothing else is taken.
func (w *Window) act(step func(context.Context) present.Screen) {
	if w.busy || w.ended {
		return
	}
	w.busy = true
	w.door(func() func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		screen := step(ctx)
		return func() { w.busy = false; w.show(screen) }
	})
}

func (w *Window) enter(code string) {
	if code == "" {
		return
	}
	on := w.screen
	w.act(func(ctx context.Context) present.Screen { return w.logon.Enter(ctx, on, code) })
}

// show draws a screen, or ends the gate.
func (w *Window) show(screen present.Screen) {
	if screen.Outcome == present.Yes && len(screen.Text) == 0 {
		w.end(present.Yes)
		return
	}
	w.screen = screen
	isFault, isYes := screen.Outcome == present.Fault, screen.Outcome == present.Yes
	takesCode := screen.Stage == core.StageEnrol || screen.Stage == core.StageCode
	w.account.SetText(screen.Account)
	w.heading.SetText(screen.Heading)
	w.text.RemoveAll()
	for _, paragraph := range screen.Text {
		label := wrapped()
		label.SetText(paragraph)
		w.text.Add(label)
	}
	if w.qr.Set(screen.URI) != nil {
		w.secret.Importance = fynewidget.HighImportance // the secret can still be typed over
	}
	w.secret.SetText(inLines(screen.Secret))
	w.enrol.Hidden = screen.URI == ""
	w.entry.Hidden = !takesCode
	w.takeHelper(takesCode && (screen.Locked || w.helper && screen.Message != ""))
	w.other.Hidden = screen.Locked
	setOrHide(w.message, screen.Message)
	setOrHide(w.notice, screen.Notice)
	w.drawCountdown()
	w.skip.SetText(w.say(map[bool]string{true: "logon.off.without", false: "logon.skip"}[screen.Stage == core.StageOff], nil))
	w.buttons.RemoveAll()
	for _, b := range []struct {
		button *widget.Button
		shown  bool
	}{{w.switchOn, screen.MaySwitchOn}, {w.skip, screen.MaySkip}, {w.close, isFault}, {w.goOn, isYes}} {
		if b.shown {
			w.buttons.Add(container.NewHBox(b.button))
		}
	}
	w.win.Content().Refresh()
	w.focus()
}

// focus gives the keyboard to what a person most likely needs.
func (w *Window) focus() {
	var first fyne.Focusable = w.close
	switch {
	case w.screen.Outcome == present.Yes:
		first = w.goOn
	case w.entry.Visible():
		first = w.field
	case w.screen.MaySwitchOn:
		first = w.switchOn
	case w.screen.MaySkip:
		first = w.skip
	}
	w.win.Canvas().Focus(first)
}

// takeHelper says whether the field takes a helper code, and empties it.
func (w *Window) takeHelper(helper bool) {
	w.helper = helper
	length, label, other := otp.Digits, "logon.field", "logon.helper"
	if helper {
		length, label, other = core.HelperDigits, "logon.field_helper", "logon.code"
	}
	w.field.SetLength(length)
	w.label.SetText(w.say(label, nil))
	w.label.Hidden = w.label.Text == w.heading.Text
	w.other.SetText(w.say(other, nil))
	w.win.Canvas().Focus(w.field)
}

// inLines puts four groups of a secret on a line: whoever types it over looks
// back and forth, and finds the place again.
func inLines(groups string) string {
	var lines []string
	for line := range slices.Chunk(strings.Fields(groups), 4) {
		lines = append(lines, strings.Join(line, " "))
	}
	return strings.Join(lines, "\n")
}

func setOrHide(label *fynewidget.Label, text string) {
	label.SetText(text)
	label.Hidden = text == ""
}

// Tick is called each second. It draws only where somebody waits for a time.
func (w *Window) Tick() {
	if w.ended {
		return
	}
	if w.logon.Now().Sub(w.typed).Abs() >= w.timeout {
		if w.isDecided() {
			w.end(w.screen.Outcome)
			return
		}
		w.leave(core.TimedOut)
		return
	}
	if !w.screen.Until.IsZero() {
		w.drawCountdown()
	}
}

func (w *Window) drawCountdown() {
	text := w.logon.Countdown(w.screen)
	if text == w.countdown.Text && w.countdown.Hidden == (text == "") {
		return
	}
	setOrHide(w.countdown, text)
	if text == "" && w.screen.Locked && !w.busy { // the lock is over: look what is so now
		w.act(w.logon.Start)
	}
}

// touch notes that somebody is there.
func (w *Window) touch() { w.typed = w.logon.Now() }

// isDecided reports whether the screen only has something to say: whoever closes
// it has read it, and what was decided stays.
func (w *Window) isDecided() bool { return w.screen.Outcome != present.Undecided }

func (w *Window) askSwitchOn() {
	lastDay := core.DateOf(w.logon.Now(), w.logon.Zone).AddDays(w.logon.TransitionDays)
	on := w.screen
	widget.Question{
		Title: w.say("tool.off.confirm_title", nil),
		Text:  w.say("logon.off.confirm", core.Args{"LastDay": lastDay.String()}),
		Yes:   w.say("tool.off.confirm_yes", nil), No: w.say("tool.cancel", nil),
		OnYes: func() {
			w.touch()
			w.act(func(ctx context.Context) present.Screen { return w.logon.SwitchOn(ctx, on) })
		},
	}.Ask(w.win)
}

// askLeave asks once whether to end without logging on.
func (w *Window) askLeave() {
	if w.touch(); w.win.Canvas().Overlays().Top() != nil {
		return // it asks already
	}
	if w.isDecided() {
		w.end(w.screen.Outcome)
		return
	}
	widget.Question{
		Title: w.say("logon.leave.title", nil), Text: w.say("logon.leave.text", nil),
		Yes: w.say("logon.leave.yes", nil), No: w.say("logon.leave.no", nil),
		OnYes: func() { w.leave(core.Closed) },
	}.Ask(w.win)
}

// leave ends the gate with a no, which is written down first.
func (w *Window) leave(reason core.Reason) {
	if w.ended {
		return
	}
	w.ended = true
	w.door(func() func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		err := w.logon.Leave(ctx, reason)
		return func() {
			if err != nil {
				fyne.LogError("recording that nobody logged on", err)
			}
			w.done(present.Undecided)
		}
	})
}

// end tells how the gate ended, once.
func (w *Window) end(outcome present.Outcome) {
	if !w.ended {
		w.ended = true
		w.done(outcome)
	}
}

func (w *Window) say(key string, args core.Args) string { return w.logon.Texts.Text(key, args) }
