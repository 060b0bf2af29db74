package logon

import (
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"
	fynewidget "fyne.io/fyne/v2/widget"

	"evry.nl/tfa/assets/translations"
	"evry.nl/tfa/core"
	"evry.nl/tfa/core/otp"
	"evry.nl/tfa/storage/practicetest"
	"evry.nl/tfa/ui/door"
	"evry.nl/tfa/ui/present"
	"evry.nl/tfa/ui/widget"
)

// gate is a window with what it told of its end.
type gate struct {
	*Window
	p        *practicetest.Practice
	app      fyne.App
	outcomes []present.Outcome
}

// open opens the gate of an account, without background work: what a test does
// has happened when it goes on.
func open(p *practicetest.Practice, account, language string) *gate {
	p.T.Helper()
	g := &gate{p: p, app: test.NewTempApp(p.T)}
	g.app.Settings().SetTheme(widget.NewTheme())
	texts, err := translations.For(language)
	p.Must(err)
	g.Window = New(g.app, present.Logon{
		Verifier: p.Gate(), Actor: practicetest.Actor(account), Texts: texts, Now: p.Clock, Zone: time.UTC,
		ManualURL: "https://www.evry.nl/tfa", TransitionDays: p.Rules.TransitionDays,
	}, door.InPlace, 5*time.Minute, func(o present.Outcome) { g.outcomes = append(g.outcomes, o) })
	g.win.Resize(fyne.NewSize(1024, 768))
	g.Start()
	p.T.Cleanup(func() { g.win.Close() })
	return g
}

// press sends keys to what has the focus.
func (g *gate) press(keys ...fyne.KeyName) {
	g.p.T.Helper()
	for _, key := range keys {
		focused := g.win.Canvas().Focused()
		if focused == nil {
			g.p.T.Fatalf("nothing has the focus to take %s", key)
		}
		focused.TypedKey(&fyne.KeyEvent{Name: key})
	}
}

// typeIn types on the keyboard.
func (g *gate) typeIn(text string) {
	g.p.T.Helper()
	focused := g.win.Canvas().Focused()
	if focused == nil {
		g.p.T.Fatal("nothing has the focus")
	}
	for _, r := range text {
		focused.TypedRune(r)
	}
}

// tick lets so much time go by, second by second.
func (g *gate) tick(seconds int) {
	for range seconds {
		g.p.Now = g.p.Now.Add(time.Second)
		g.Tick()
	}
}

// asks reports whether there is a question over the window.
func (g *gate) asks() bool { return g.win.Canvas().Overlays().Top() != nil }

// endsWith holds that the gate told once how it ended, and what the log has.
func (g *gate) endsWith(outcome present.Outcome, kind core.Kind, reason core.Reason) {
	g.p.T.Helper()
	if len(g.outcomes) != 1 || g.outcomes[0] != outcome {
		g.p.T.Errorf("the gate told %v, want once %v", g.outcomes, outcome)
	}
	if event := g.p.LastEvent(); event.Kind != kind || event.Detail["reason"] != string(reason) {
		g.p.T.Errorf("the log says %+v", event)
	}
}

// stays holds that the gate has not ended, and that the empty field waits for
// the next try.
func (g *gate) stays() {
	g.p.T.Helper()
	if len(g.outcomes) != 0 {
		g.p.T.Fatalf("the gate ended: %v", g.outcomes)
	}
	if g.field.Text != "" || g.win.Canvas().Focused() != fyne.Focusable(g.field) {
		g.p.T.Errorf("the field holds %q, the focus is on %T", g.field.Text, g.win.Canvas().Focused())
	}
}

// shown returns the captions of the buttons that can be seen.
func (g *gate) shown() (captions []string) {
	for _, row := range g.buttons.Objects {
		for _, button := range row.(*fyne.Container).Objects {
			captions = append(captions, button.(*widget.Button).Text)
		}
	}
	return captions
}

// paragraphs returns the text between heading and field.
func (g *gate) paragraphs() (all string) {
	for _, object := range g.text.Objects {
		all += object.(*fynewidget.Label).Text + "\n"
	}
	return all
}

// secretOf returns the secret of an account whose first logon is open.
func secretOf(p *practicetest.Practice, account string) otp.Secret {
	p.T.Helper()
	prompt, err := p.Gate().Prompt(p.T.Context(), practicetest.Actor(account))
	p.Must(err)
	return prompt.Secret
}

// helperCode lets the helpdesk make one.
func helperCode(p *practicetest.Practice, account string) string {
	p.T.Helper()
	code, err := p.Helpdesk().HelperCode(p.T.Context(), core.Actor{Account: "test", Helpdesk: true}, account, time.Hour)
	p.Must(err)
	return code
}

// tapped taps a button if it is there.
func (g *gate) tapped(t *testing.T, button *widget.Button) {
	t.Helper()
	if !button.Visible() {
		t.Fatalf("there is no button %q", button.Text)
	}
	test.Tap(button)
}
