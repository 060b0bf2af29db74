package manager

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"

	"evry.nl/tfa/assets/translations"
	"evry.nl/tfa/core"
	"evry.nl/tfa/core/otp"
	"evry.nl/tfa/storage/seal"
	"evry.nl/tfa/storage/sqlite"
	"evry.nl/tfa/ui/clip"
	"evry.nl/tfa/ui/door"
	"evry.nl/tfa/ui/present"
	"evry.nl/tfa/ui/widget"
)

// practice is EV-0000 on a real store, with a clock that the test moves.
type practice struct {
	t      *testing.T
	folder string
	rules  core.Rules
	now    time.Time
	store  core.Store
}

var whole = time.Date(2019, 5, 15, 8, 28, 0, 0, time.UTC) // a step begins here

func newPractice(t *testing.T) *practice {
	t.Helper()
	p := &practice{t: t, folder: filepath.Join(t.TempDir(), "EV-0000"), rules: core.DefaultRules(), now: whole}
	p.rules.Zone = time.UTC
	if err := os.Mkdir(p.folder, 0o700); err != nil {
		t.Fatal(err)
	}
	store, err := sqlite.Open(t.Context(), p.file(), "EV-0000", seal.NewKey())
	p.must(err)
	t.Cleanup(func() { store.Close() })
	p.store = store
	return p
}

func (p *practice) file() string { return filepath.Join(p.folder, "tfa.db") }

func (p *practice) must(err error) {
	p.t.Helper()
	if err != nil {
		p.t.Fatal(err)
	}
}

func (p *practice) direct() core.Direct {
	return core.Direct{Store: p.store, Rules: p.rules, Now: func() time.Time { return p.now }}
}

func (p *practice) gate() core.Gate         { return core.Gate{Direct: p.direct()} }
func (p *practice) helpdesk() core.Helpdesk { return core.Helpdesk{Direct: p.direct()} }

func actor(account string) core.Actor { return core.Actor{Account: account, Server: "ts01"} }

// switchedOn returns a practice in its transition: -1 and -2 have logged on with
// a code, -3 skipped, -4 was added and never logged on.
func switchedOn(t *testing.T) *practice {
	t.Helper()
	p := newPractice(t)
	p.must(p.helpdesk().SwitchOn(t.Context(), core.Actor{Account: "test", Helpdesk: true}))
	p.logOn("EV-0000-1")
	p.logOn("EV-0000-2")
	_, err := p.gate().Prompt(t.Context(), actor("EV-0000-3"))
	p.must(err)
	_, err = p.gate().Skip(t.Context(), actor("EV-0000-3"))
	p.must(err)
	_, err = p.helpdesk().AddAccount(t.Context(), core.Actor{Account: "test", Helpdesk: true}, "EV-0000-4")
	p.must(err)
	return p
}

// logOn enrols an account and logs it on with a code.
func (p *practice) logOn(account string) otp.Secret {
	p.t.Helper()
	prompt, err := p.gate().Prompt(p.t.Context(), actor(account))
	p.must(err)
	code, err := otp.Code(prompt.Secret, otp.StepAt(p.now))
	p.must(err)
	verdict, err := p.gate().Verify(p.t.Context(), actor(account), code)
	if p.must(err); !verdict.Granted {
		p.t.Fatalf("%s was not let in: %+v", account, verdict)
	}
	return prompt.Secret
}

// open opens the tool as an account, without background work: what a test does
// has happened when it goes on.
func (p *practice) open(account, language string) *Window {
	p.t.Helper()
	app := test.NewTempApp(p.t)
	app.Settings().SetTheme(widget.NewTheme())
	texts, err := translations.For(language)
	p.must(err)
	w := New(app, present.Tool{
		Manager: core.Tool{Direct: p.direct()}, Actor: actor(account), Texts: texts,
		Now: func() time.Time { return p.now }, Zone: time.UTC,
		ManualURL: "https://www.evry.nl/tfa", OTPURL: "https://www.evry.nl/otp", TransitionDays: p.rules.TransitionDays,
	}, door.InPlace, clip.Toolkit(app.Clipboard()))
	w.Start()
	p.t.Cleanup(func() { w.win.Close() })
	return w
}

// tick lets so much time go by, second by second.
func (p *practice) tick(w *Window, seconds int) {
	for range seconds {
		p.now = p.now.Add(time.Second)
		w.Tick()
	}
}

// lastEvent returns the newest line of the log.
func (p *practice) lastEvent() core.Event {
	p.t.Helper()
	page, err := p.store.Events(context.Background(), core.Query{Limit: 1})
	p.must(err)
	return page.Events[0]
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
