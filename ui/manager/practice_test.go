package manager

import (
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"

	"evry.nl/tfa/assets/translations"
	"evry.nl/tfa/storage/practicetest"
	"evry.nl/tfa/ui/clip"
	"evry.nl/tfa/ui/door"
	"evry.nl/tfa/ui/present"
	"evry.nl/tfa/ui/widget"
)

// open opens the tool as an account, without background work: what a test does
// has happened when it goes on.
func open(p *practicetest.Practice, account, language string) *Window {
	p.T.Helper()
	app := test.NewTempApp(p.T)
	app.Settings().SetTheme(widget.NewTheme())
	texts, err := translations.For(language)
	p.Must(err)
	w := New(app, present.Tool{
		Manager: p.Tool(), Actor: practicetest.Actor(account), Texts: texts, Now: p.Clock, Zone: time.UTC,
		ManualURL: "https://www.evry.nl/tfa", OTPURL: "https://www.evry.nl/otp", TransitionDays: p.Rules.TransitionDays,
	}, door.InPlace, clip.Toolkit(app.Clipboard()))
	w.Start()
	p.T.Cleanup(func() { w.win.Close() })
	return w
}

// tick lets so much time go by, second by second.
func tick(p *practicetest.Practice, w *Window, seconds int) {
	for range seconds {
		p.Now = p.Now.Add(time.Second)
		w.Tick()
	}
}

// press sends keys to what has the focus.
func press(t *testing.T, w *Window, keys ...fyne.KeyName) {
	t.Helper()
	for _, key := range keys {
		focused := w.Canvas().Focused()
		if focused == nil {
			t.Fatalf("nothing has the focus to take %s", key)
		}
		focused.TypedKey(&fyne.KeyEvent{Name: key})
	}
}
