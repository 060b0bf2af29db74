package manager

import (
	"bytes"
	"fmt"
	"image/png"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"
	"fyne.io/fyne/v2/theme"

	"evry.nl/tfa/core"
	"evry.nl/tfa/core/otp"
	"evry.nl/tfa/storage/practicetest"
	"evry.nl/tfa/ui/widget"
)

// crowd switches on a practice where n accounts have an active secret: all but
// -4.
func crowd(t *testing.T, n int) *practicetest.Practice {
	t.Helper()
	p := practicetest.SwitchedOn(t)
	for i := 5; i <= n+1; i++ {
		p.LogOn(fmt.Sprintf("EV-0000-%d", i))
	}
	return p
}

// scanning opens the tool and says yes to scanning everything, so many accounts
// a code.
func scanning(t *testing.T, p *practicetest.Practice, language string, perCode int) *Window {
	t.Helper()
	w := open(p, "EV-0000-1", language)
	test.Tap(w.on.scan)
	for _, option := range w.scan.perCode.Options {
		if strings.HasPrefix(option, fmt.Sprint(perCode, ":")) {
			w.scan.perCode.SetSelected(option)
		}
	}
	w.Canvas().FocusNext() // from no to yes
	press(t, w, fyne.KeyReturn)
	return w
}

// scanned reads the code that the window shows, by zbarimg: gozxing misses one
// dense code in thirty.
func scanned(t *testing.T, w *Window) (otp.Batch, error) {
	t.Helper()
	var picture, text bytes.Buffer
	if err := png.Encode(&picture, w.Canvas().Capture()); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "zbarimg", "--raw", "--quiet", "-Sdisable", "-Sqrcode.enable", "-")
	cmd.Stdin, cmd.Stdout = &picture, &text
	if err := cmd.Run(); err != nil {
		return otp.Batch{}, err // there is none
	}
	return otp.ParseMigration(strings.TrimSpace(text.String()))
}

// shownAll counts the lines of the log that say so.
func shownAll(p *practicetest.Practice) int {
	page, err := p.Store.Events(p.T.Context(), core.Query{Kind: core.ShownAll})
	p.Must(err)
	return page.Total
}

func TestEverythingIsScannedAtOnce(t *testing.T) {
	for name, tc := range map[string]struct{ accounts, perCode, codes int }{
		"by_fives": {12, 5, 3}, "by_tens": {12, 10, 2}, "few": {3, 10, 1},
	} {
		for themeName, variant := range map[string]fyne.ThemeVariant{"dark": theme.VariantDark, "light": theme.VariantLight} {
			t.Run(name+"_"+themeName, func(t *testing.T) {
				p := crowd(t, tc.accounts)
				w := scanning(t, p, "nl", tc.perCode)
				w.app.Settings().SetTheme(widget.Fixed(variant))
				var names []string
				for i := range tc.codes {
					batch, err := scanned(t, w)
					p.Must(err)
					if batch.Index != i || batch.Size != tc.codes || w.scan.heading.Text != fmt.Sprintf("QR-code %d van %d", i+1, tc.codes) {
						t.Errorf("code %d is %d of %d, the window says %q", i, batch.Index, batch.Size, w.scan.heading.Text)
					}
					for _, key := range batch.Keys {
						shown, err := p.Tool().Show(t.Context(), practicetest.Actor("EV-0000-1"), key.Account)
						p.Must(err)
						if !shown.Secret.Equal(key.Secret) || !strings.Contains(w.scan.accounts.Text, key.Account) {
							t.Errorf("%s has another secret, or is not named in %q", key.Account, w.scan.accounts.Text)
						}
						names = append(names, key.Account)
					}
					if i < tc.codes-1 {
						test.Tap(w.scan.next)
					}
				}
				if len(names) != tc.accounts || slices.Contains(names, "EV-0000-4") || !w.scan.next.Disabled() {
					t.Errorf("the codes hold %v", names)
				}
				if n := shownAll(p); n != tc.accounts {
					t.Errorf("the log says it of %d accounts", n)
				}
			})
		}
	}
}

func TestNothingIsShownWithoutAYes(t *testing.T) {
	for name, answer := range map[string]fyne.KeyName{"the_focus_is_on_no": fyne.KeyReturn, "escape": fyne.KeyEscape} {
		t.Run(name, func(t *testing.T) {
			p := crowd(t, 3)
			w := open(p, "EV-0000-1", "nl")
			test.Tap(w.on.scan)
			press(t, w, answer)
			if w.scan.open || shownAll(p) != 0 {
				t.Error("it was shown")
			}
		})
	}
}

func TestCodesHideAgain(t *testing.T) {
	p := crowd(t, 7)
	w := scanning(t, p, "nl", 5)
	test.Tap(w.scan.next)
	before, err := scanned(t, w)
	p.Must(err)
	tick(p, w, 29)
	if w.scan.left.Text != "De QR-code verdwijnt over 1 seconde." || !w.scan.qr.Visible() {
		t.Errorf("after 29 seconds it says %q", w.scan.left.Text)
	}
	tick(p, w, 1)
	if _, err := scanned(t, w); err == nil || w.scan.qr.Visible() || !w.scan.hidden.Visible() || w.scan.scan.Codes != nil {
		t.Error("after 30 seconds the code is still there")
	}
	if w.Canvas().Focused() != w.scan.again || !w.scan.next.Disabled() || !w.scan.previous.Disabled() {
		t.Error("there is more to do than to show it again")
	}
	tick(p, w, 5)
	p.Must(p.Tool().Reset(t.Context(), practicetest.Actor("EV-0000-2"), "EV-0000-8"))

	press(t, w, fyne.KeyReturn) // another look, another disclosure, of what there is then
	after, err := scanned(t, w)
	p.Must(err)
	if after.ID != before.ID || after.Index != before.Index || len(after.Keys) != len(before.Keys)-1 {
		t.Errorf("batch %v, code %d with %d accounts; before %d with %d", after.ID == before.ID, after.Index, len(after.Keys), before.Index, len(before.Keys))
	}
	if n := shownAll(p); n != 7+6 {
		t.Errorf("two looks stand in the log %d times", n)
	}
	tick(p, w, 10)
	test.Tap(w.scan.previous) // each code has its own time
	tick(p, w, 29)
	if !w.scan.qr.Visible() {
		t.Error("the time of the code before was counted")
	}
}

// No clock keeps a code on the screen.
func TestCodesHideWhenTheClockJumps(t *testing.T) {
	for name, jump := range map[string]time.Duration{"back": -time.Hour, "ahead": time.Hour} {
		t.Run(name, func(t *testing.T) {
			p := crowd(t, 3)
			w := scanning(t, p, "nl", 5)
			p.Now = p.Now.Add(jump)
			w.Tick()
			if w.scan.qr.Visible() {
				t.Error("it is still there")
			}
		})
	}
}

func TestClosingForgetsTheCodes(t *testing.T) {
	p := crowd(t, 7)
	w := scanning(t, p, "nl", 5)
	press(t, w, fyne.KeyEscape)
	if _, err := scanned(t, w); err == nil || w.scan.open || w.scan.scan.Codes != nil {
		t.Error("the code is still there")
	}
	tick(p, w, 40) // nothing is left to hide
	test.Tap(w.on.scan)
	w.Canvas().FocusNext()
	press(t, w, fyne.KeyReturn)
	if batch, err := scanned(t, w); err != nil || batch.Index != 0 {
		t.Errorf("opened again: code %d, %v", batch.Index, err)
	}
}

func TestScanningIsOfferedWhenThereIsSomethingToScan(t *testing.T) {
	p := practicetest.SwitchedOn(t)
	p.Rules.Owners = []string{"EV-0000-9"} // who is no owner may look
	w := open(p, "EV-0000-4", "nl")        // also from an account that has no secret
	if !w.on.scan.Visible() {
		t.Error("it is not offered")
	}
	for _, account := range []string{"EV-0000-1", "EV-0000-2", "EV-0000-3"} {
		p.Must(p.Helpdesk().Reset(t.Context(), core.Actor{Account: "test", Helpdesk: true}, account))
	}
	tick(p, w, 1)
	if w.on.scan.Visible() {
		t.Error("nothing is offered")
	}
}

// A colleague, or the clock, was faster than the yes.
func TestScanningSaysWhyNot(t *testing.T) {
	p := practicetest.SwitchedOn(t)
	w := open(p, "EV-0000-1", "nl")
	test.Tap(w.on.scan)
	p.Must(p.Helpdesk().SwitchOff(t.Context(), core.Actor{Account: "test", Helpdesk: true}))
	w.Canvas().FocusNext()
	press(t, w, fyne.KeyReturn)
	if w.scan.open || !w.banner.Visible() || w.banner.Text != "Geen enkel account van praktijk EV-0000 heeft een actieve QR-code." {
		t.Errorf("open %v, says %q", w.scan.open, w.banner.Text)
	}
}

func TestScanningByKeyboard(t *testing.T) {
	p := crowd(t, 7)
	w := open(p, "EV-0000-1", "nl")
	w.Canvas().Focus(w.on.scan)
	press(t, w, fyne.KeyReturn)
	w.Canvas().FocusPrevious() // the choice stands before the answers
	w.Canvas().Focused().TypedRune(' ')
	if got := w.scan.perCode.Selected; got != "10: minder QR-codes om te scannen" {
		t.Errorf("chosen is %q", got)
	}
	w.Canvas().FocusNext()
	w.Canvas().FocusNext()
	press(t, w, fyne.KeyReturn)
	for _, want := range []fyne.Focusable{w.scan.close, w.scan.close} { // one code: nothing else to do
		if got := w.Canvas().Focused(); got != want {
			t.Fatalf("the focus is on %T %+v", got, got)
		}
		w.Canvas().FocusNext()
	}
	if batch, err := scanned(t, w); err != nil || len(batch.Keys) != 7 {
		t.Errorf("%d accounts, %v", len(batch.Keys), err)
	}
}
