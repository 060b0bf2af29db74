package logon

import (
	"bytes"
	"image/png"
	"os"
	"slices"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"

	"evry.nl/tfa/core"
	"evry.nl/tfa/storage/practicetest"
	"evry.nl/tfa/ui/present"
)

// What a person does with a right code, to get in.
func TestGettingIn(t *testing.T) {
	for name, enter := range map[string]func(g *gate, code string){
		"typing_the_sixth_digit": func(g *gate, code string) { g.typeIn(code) },
		"typing_with_a_space":    func(g *gate, code string) { g.typeIn(code[:3] + " " + code[3:]) },
		"letters_do_not_count":   func(g *gate, code string) { g.typeIn("o" + code[:3] + "-l" + code[3:]) },
		"correcting_a_digit": func(g *gate, code string) {
			g.typeIn(code[:2] + "7")
			g.press(fyne.KeyBackspace)
			g.typeIn(code[2:])
		},
		"pasting": func(g *gate, code string) { g.paste(code) },
		"pasting_with_spaces_over_what_was_typed": func(g *gate, code string) {
			g.typeIn("99")
			g.paste(" " + code[:3] + " " + code[3:] + "\n")
		},
	} {
		t.Run(name, func(t *testing.T) {
			p := practicetest.SwitchedOn(t)
			secret := p.LogOn("EV-0000-4")
			p.Now = p.Now.AddDate(0, 0, 1)
			g := open(p, "EV-0000-4", "nl")
			enter(g, p.Code(secret))
			g.endsWith(present.Yes, core.LogonOTP, "")
		})
	}
}

func (g *gate) paste(text string) {
	g.app.Clipboard().SetContent(text)
	g.win.Canvas().Focused().(fyne.Shortcutable).TypedShortcut(&fyne.ShortcutPaste{Clipboard: g.app.Clipboard()})
}

// Return and the button try what is there, so that the person hears what is
// wrong with it; with nothing there, nothing is tried.
func TestSubmittingTooFewDigits(t *testing.T) {
	for name, submit := range map[string]func(*gate){
		"return": func(g *gate) { g.press(fyne.KeyReturn) },
		"button": func(g *gate) { g.submit.Tapped(nil) },
	} {
		t.Run(name, func(t *testing.T) {
			g := open(practicetest.SwitchedOn(t), "EV-0000-1", "nl")
			before := g.p.LastEvent().Seq
			if submit(g); g.message.Visible() || g.p.LastEvent().Seq != before {
				t.Errorf("nothing was typed, and the window says %q", g.message.Text)
			}
			g.win.Canvas().Focus(g.field)
			g.typeIn("123")
			submit(g)
			g.stays()
			if g.message.Text != "Typ de zes cijfers die uw app nu toont." {
				t.Errorf("the window says %q", g.message.Text)
			}
		})
	}
}

// Nothing leads from the field to the clipboard of the session or to a menu.
func TestTheFieldLeadsNowhere(t *testing.T) {
	g := open(practicetest.SwitchedOn(t), "EV-0000-1", "nl")
	g.app.Clipboard().SetContent("untouched")
	g.typeIn("12345")
	test.TapSecondary(g.field)
	g.win.Canvas().Focus(g.field)
	for _, shortcut := range []fyne.Shortcut{&fyne.ShortcutSelectAll{}, &fyne.ShortcutCopy{Clipboard: g.app.Clipboard()}, &fyne.ShortcutCut{Clipboard: g.app.Clipboard()}} {
		g.field.TypedShortcut(shortcut)
	}
	if g.asks() || g.field.Text != "12345" || g.app.Clipboard().Content() != "untouched" {
		t.Errorf("menu %v, field %q, clipboard %q", g.asks(), g.field.Text, g.app.Clipboard().Content())
	}
}

// The QR code has no menu, and so takes no keys from the field.
func TestTheQRCodeHasNoMenu(t *testing.T) {
	g := open(practicetest.SwitchedOn(t), "EV-0000-4", "nl")
	test.TapSecondary(g.qr)
	g.qr.TypedKey(&fyne.KeyEvent{Name: fyne.KeyReturn})
	if g.asks() {
		t.Error("there is a menu on the QR code")
	}
	if g.win.Canvas().Focus(g.qr); g.win.Canvas().Focused() == g.qr {
		t.Error("the QR code has the focus")
	}
}

func TestClosingAndEscapeAskOnce(t *testing.T) {
	for name, close := range map[string]func(*gate){
		"closing":              func(g *gate) { g.askLeave() }, // the window's close intercept; the test driver has none
		"escape_in_the_field":  func(g *gate) { g.field.TypedKey(&fyne.KeyEvent{Name: fyne.KeyEscape}) },
		"escape_on_a_button":   func(g *gate) { g.skip.TypedKey(&fyne.KeyEvent{Name: fyne.KeyEscape}) },
		"escape_without_focus": func(g *gate) { g.win.Canvas().OnTypedKey()(&fyne.KeyEvent{Name: fyne.KeyEscape}) },
	} {
		t.Run(name, func(t *testing.T) {
			g := open(practicetest.SwitchedOn(t), "EV-0000-1", "nl")
			close(g)
			close(g)
			if overlays := g.win.Canvas().Overlays().List(); len(overlays) != 1 || len(g.outcomes) != 0 {
				t.Fatalf("it asks %d times, outcomes %v", len(overlays), g.outcomes)
			}
			g.press(fyne.KeyEscape) // back
			if g.asks() || len(g.outcomes) != 0 {
				t.Fatalf("asks %v, outcomes %v", g.asks(), g.outcomes)
			}
			close(g)
			g.press(fyne.KeyReturn)
			g.endsWith(present.Undecided, core.LogonRefused, core.Closed)
		})
	}
}

func TestNobodyThere(t *testing.T) {
	for name, tc := range map[string]struct{ meanwhile func(*gate) }{
		"nothing_is_done": {func(*gate) {}},
		"a_digit_after_four_minutes_begins_anew": {func(g *gate) {
			g.tick(240)
			g.typeIn("1")
		}},
		"a_question_stands_open": {func(g *gate) { g.askLeave() }},
	} {
		t.Run(name, func(t *testing.T) {
			g := open(practicetest.SwitchedOn(t), "EV-0000-1", "nl")
			tc.meanwhile(g)
			if g.tick(299); len(g.outcomes) != 0 {
				t.Fatalf("too early: %v", g.outcomes)
			}
			g.tick(2)
			g.endsWith(present.Undecided, core.LogonRefused, core.TimedOut)
		})
	}
}

func TestNobodyReadsAFault(t *testing.T) {
	g := open(practicetest.SwitchedOn(t), "EV-0000-1", "nl")
	g.p.Must(os.RemoveAll(g.p.Folder))
	g.typeIn("123456")
	g.tick(300)
	if !slices.Equal(g.outcomes, []present.Outcome{present.Fault}) {
		t.Errorf("the gate told %v", g.outcomes)
	}
}

// Over RDP all that is painted anew is sent, so a screen that waits stays as it
// is, and one that counts down changes there only.
func TestWaitingPaintsNothingButTheCountdown(t *testing.T) {
	p := practicetest.SwitchedOn(t)
	g := open(p, "EV-0000-1", "nl")
	before := g.picture()
	g.tick(100)
	if !bytes.Equal(before, g.picture()) {
		t.Error("a screen that waits has changed")
	}
	for range p.Rules.Lockout.Attempts {
		g.typeIn(notTheCode(g))
	}
	g.tick(1) // below a minute: all texts are of one length
	g.countdown.Hide()
	before = g.picture()
	g.countdown.Show()
	texts := []string{g.countdown.Text}
	for range 3 {
		g.tick(1)
		texts = append(texts, g.countdown.Text)
	}
	if want := []string{"Nog 59 seconden.", "Nog 58 seconden.", "Nog 57 seconden.", "Nog 56 seconden."}; !slices.Equal(texts, want) {
		t.Errorf("it counts %q", texts)
	}
	g.countdown.Hide()
	if !bytes.Equal(before, g.picture()) {
		t.Error("counting down has changed more than the countdown")
	}
}

func (g *gate) picture() []byte {
	g.p.T.Helper()
	var picture bytes.Buffer
	g.p.Must(png.Encode(&picture, g.win.Canvas().Capture()))
	return picture.Bytes()
}
