package manager

import (
	"os"
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"
	"fyne.io/fyne/v2/theme"
	"github.com/makiuchi-d/gozxing"
	"github.com/makiuchi-d/gozxing/qrcode"

	"evry.nl/tfa/core"
	"evry.nl/tfa/core/otp"
	"evry.nl/tfa/storage/practicetest"
	"evry.nl/tfa/ui/widget"
)

func TestOwnAccountIsPreselectedAndItsCodeShown(t *testing.T) {
	p := practicetest.SwitchedOn(t)
	w := open(p, "EV-0000-2", "nl")
	if got := w.picker.Selected(); got != "EV-0000-2" {
		t.Errorf("selected %q", got)
	}
	want, _ := otp.Code(w.snapshot.Shown.Secret, otp.StepAt(p.Now))
	if got := w.on.code.String(); got != "OTP van EV-0000-2 is "+want {
		t.Errorf("the window says %q", got)
	}
	if w.whoami.Text != "U bent ingelogd als EV-0000-2" || w.on.left.Text != "nog 30 seconden geldig" {
		t.Errorf("%q, %q", w.whoami.Text, w.on.left.Text)
	}
	event := p.LastEvent()
	if event.Kind != core.ShownInTool || event.Account != "EV-0000-2" || event.Actor != "EV-0000-2" {
		t.Errorf("the log says %+v", event)
	}
}

func TestCodeFollowsTheClock(t *testing.T) {
	p := practicetest.SwitchedOn(t)
	w := open(p, "EV-0000-1", "nl")
	secret, first := w.snapshot.Shown.Secret, w.on.digits.Text
	tick(p, w, 29)
	if w.on.digits.Text != first || w.on.left.Text != "nog 1 seconde geldig" {
		t.Errorf("%s, %s", w.on.digits.Text, w.on.left.Text)
	}
	tick(p, w, 1)
	want, _ := otp.Code(secret, otp.StepAt(p.Now))
	if w.on.digits.Text != want || w.on.left.Text != "nog 30 seconden geldig" {
		t.Errorf("%s, %s, want %s", w.on.digits.Text, w.on.left.Text, want)
	}
	shown := 0
	page, err := p.Store.Events(t.Context(), core.Query{Kind: core.ShownInTool})
	p.Must(err)
	if shown = page.Total; shown != 1 {
		t.Errorf("one look stands in the log %d times", shown)
	}
}

// The picture is read back by a QR decoder, in both themes.
func TestQRCodeCanBeScanned(t *testing.T) {
	for name, variant := range map[string]fyne.ThemeVariant{"dark": theme.VariantDark, "light": theme.VariantLight} {
		t.Run(name, func(t *testing.T) {
			p := practicetest.SwitchedOn(t)
			w := open(p, "EV-0000-1", "nl")
			w.app.Settings().SetTheme(widget.Fixed(variant))
			bitmap, err := gozxing.NewBinaryBitmapFromImage(w.Canvas().Capture())
			p.Must(err)
			result, err := qrcode.NewQRCodeReader().Decode(bitmap, nil)
			p.Must(err)
			if result.GetText() != w.snapshot.Shown.URI || result.GetText() == "" {
				t.Error("the QR code does not hold the URI")
			}
		})
	}
}

func TestChoosingAnotherAccount(t *testing.T) {
	for name, tc := range map[string]struct {
		account, heading, state string
		reset                   bool
	}{
		"active":         {"EV-0000-2", "", "Gescand. Laatst ingelogd: 15-5-2019 08:28.", true},
		"not_scanned":    {"EV-0000-3", "", "Nog niet gescand: er is nog nooit een code van dit account gebruikt.", true},
		"never_logon_on": {"EV-0000-4", "EV-0000-4 heeft nog geen QR-code", "", false},
	} {
		t.Run(name, func(t *testing.T) {
			p := practicetest.SwitchedOn(t)
			w := open(p, "EV-0000-1", "nl")
			w.picker.Open(tc.account[len("EV-0000"):])
			press(t, w, fyne.KeyReturn)
			if w.view.Selected != tc.account || w.on.heading.Text != tc.heading || w.on.state.Text != tc.state {
				t.Errorf("%s: heading %q, state %q", w.view.Selected, w.on.heading.Text, w.on.state.Text)
			}
			if hasCode := w.on.digits.Text != ""; hasCode != (tc.heading == "") || w.on.shown.Visible() != hasCode {
				t.Errorf("a code is shown: %v", hasCode)
			}
			if w.on.reset.Visible() != tc.reset {
				t.Errorf("reset is offered: %v", !tc.reset)
			}
		})
	}
}

func TestCopyingByRightClickAndByButton(t *testing.T) {
	for _, issuer := range []string{"Evry", "Jansen & Zn", "A+B zorg", "Café 't Hoekje"} {
		p := practicetest.SwitchedOn(t)
		p.Rules.Issuer = issuer
		w := open(p, "EV-0000-1", "nl")
		secret := w.snapshot.Shown.Secret

		test.TapSecondary(w.on.qr)
		press(t, w, fyne.KeyDown, fyne.KeyReturn)
		if got := w.app.Clipboard().Content(); got != secret.Base32() {
			t.Errorf("issuer %s: the clipboard does not hold the secret", issuer)
		}
		if event := p.LastEvent(); event.Kind != core.CopiedSecret || event.Account != "EV-0000-1" {
			t.Errorf("the log says %+v", event)
		}
		test.Tap(w.on.copyMenu)
		press(t, w, fyne.KeyDown, fyne.KeyDown, fyne.KeyReturn)
		want, err := otp.URI(issuer, "EV-0000-1", secret)
		p.Must(err)
		if got := w.app.Clipboard().Content(); got != want {
			t.Errorf("issuer %s: the clipboard does not hold the URI", issuer)
		}
		if event := p.LastEvent(); event.Kind != core.CopiedURI {
			t.Errorf("the log says %+v", event)
		}
		test.Tap(w.on.copyCode)
		if got := w.app.Clipboard().Content(); got != w.on.digits.Text || len(got) != 6 {
			t.Errorf("issuer %s: the clipboard does not hold the code", issuer)
		}
	}
}

func TestClipboardIsClearedAfterAMinute(t *testing.T) {
	for name, tc := range map[string]struct{ meanwhile, want, says string }{
		"what_was_copied_is_cleared":        {"", "", "Het klembord is gewist."},
		"what_another_copied_is_left_alone": {"recept", "recept", "Het secret van EV-0000-1 staat 60 seconden op het klembord."},
	} {
		t.Run(name, func(t *testing.T) {
			p := practicetest.SwitchedOn(t)
			w := open(p, "EV-0000-1", "nl")
			w.on.copy(core.CopySecret, "tool.copied_secret")
			tick(p, w, 59)
			if w.app.Clipboard().Content() == "" {
				t.Error("cleared too early")
			}
			if tc.meanwhile != "" {
				w.app.Clipboard().SetContent(tc.meanwhile)
			}
			tick(p, w, 1)
			if got := w.app.Clipboard().Content(); got != tc.want || w.status.Text != tc.says {
				t.Errorf("clipboard %q, window says %q", got, w.status.Text)
			}
		})
	}
}

func TestResetAsksAndShowsTheNewStateAtOnce(t *testing.T) {
	p := practicetest.SwitchedOn(t)
	w := open(p, "EV-0000-1", "nl")
	test.Tap(w.on.reset)
	press(t, w, fyne.KeyReturn) // the focus is on "Annuleren"
	if w.on.digits.Text == "" || p.LastEvent().Kind == core.WasReset {
		t.Fatal("reset without a yes")
	}
	test.Tap(w.on.reset)
	press(t, w, fyne.KeyEscape)
	if p.LastEvent().Kind == core.WasReset {
		t.Fatal("Escape resets")
	}
	test.Tap(w.on.reset)
	w.Canvas().FocusNext()
	press(t, w, fyne.KeyReturn)
	if w.on.digits.Text != "" || w.on.heading.Text != "EV-0000-1 heeft nog geen QR-code" || w.on.reset.Visible() {
		t.Errorf("code %q, heading %q", w.on.digits.Text, w.on.heading.Text)
	}
	if event := p.LastEvent(); event.Kind != core.WasReset || event.Actor != "EV-0000-1" {
		t.Errorf("the log says %+v", event)
	}
	if w.status.Text != "De QR-code van EV-0000-1 is gereset." {
		t.Errorf("the window says %q", w.status.Text)
	}
}

func TestWhatAColleagueDoesShowsAtTheNextTick(t *testing.T) {
	p := practicetest.SwitchedOn(t)
	w := open(p, "EV-0000-1", "nl")
	tool := p.Tool()
	p.Must(tool.Reset(t.Context(), practicetest.Actor("EV-0000-2"), "EV-0000-1"))
	tick(p, w, 1)
	if w.on.digits.Text != "" || w.on.heading.Text != "EV-0000-1 heeft nog geen QR-code" {
		t.Errorf("code %q, heading %q", w.on.digits.Text, w.on.heading.Text)
	}
	p.Now = p.Now.Add(otp.Period) // the step of the first logon is spent
	secret := p.LogOn("EV-0000-1")
	tick(p, w, 1)
	if want, _ := otp.Code(secret, otp.StepAt(p.Now)); w.on.digits.Text != want {
		t.Errorf("after the new logon the code is %q, want %q", w.on.digits.Text, want)
	}
}

func TestAVanishedStoreIsSaidAndPickedUpAgain(t *testing.T) {
	p := practicetest.SwitchedOn(t)
	w := open(p, "EV-0000-1", "nl")
	away := p.Folder + ".away"
	p.Must(os.Rename(p.Folder, away))
	tick(p, w, 2)
	if !w.banner.Visible() || w.on.digits.Text == "" {
		t.Errorf("banner %v, code %q", w.banner.Visible(), w.on.digits.Text)
	}
	p.Must(os.Rename(away, p.Folder))
	tick(p, w, 2)
	if w.banner.Visible() {
		t.Errorf("the store is back and the window still says %q", w.banner.Text)
	}
}

func TestNoCodesWhenTheClockIsBehind(t *testing.T) {
	p := practicetest.SwitchedOn(t)
	w := open(p, "EV-0000-1", "nl")
	p.Now = p.Now.Add(-time.Hour)
	w.Tick()
	if w.on.digits.Text != "" || w.on.shown.Visible() || w.on.heading.Text != "De klok van deze server staat verkeerd" {
		t.Errorf("code %q, heading %q", w.on.digits.Text, w.on.heading.Text)
	}
	p.Now = p.Now.Add(time.Hour + time.Second)
	w.Tick()
	if w.on.digits.Text == "" {
		t.Error("the clock is right again and there is no code")
	}
}

func TestTransitionSaysHowLongAndWhoIsMissing(t *testing.T) {
	for name, tc := range map[string]struct {
		days  int
		wants string
	}{
		"first_day":  {0, "Overgangsperiode: tot en met 29-5-2019 (nog 14 dagen) mag u nog inloggen zonder code."},
		"eve":        {13, "Overgangsperiode: tot en met 29-5-2019 (nog 1 dag) mag u nog inloggen zonder code."},
		"last_day":   {14, "Overgangsperiode: vandaag, 29-5-2019, is de laatste dag dat u nog zonder code kunt inloggen."},
		"it_is_over": {15, ""},
	} {
		t.Run(name, func(t *testing.T) {
			p := practicetest.SwitchedOn(t)
			p.Now = p.Now.AddDate(0, 0, tc.days)
			w := open(p, "EV-0000-1", "nl")
			if w.on.transition.Text != tc.wants || w.on.band.Visible() != (tc.wants != "") {
				t.Errorf("the window says %q", w.on.transition.Text)
			}
			if tc.wants != "" && w.on.unscanned.Text != "2 accounts hebben nog niet gescand: EV-0000-3, EV-0000-4." {
				t.Errorf("the window says %q", w.on.unscanned.Text)
			}
		})
	}
}

func TestSwitchingOn(t *testing.T) {
	p := practicetest.New(t)
	w := open(p, "EV-0000-1", "nl")
	if !w.off.content.Visible() || w.on.content.Visible() {
		t.Fatal("a practice that is off does not show the advice")
	}
	test.Tap(w.off.button)
	press(t, w, fyne.KeyEscape)
	test.Tap(w.off.button)
	press(t, w, fyne.KeyReturn)
	if w.off.content.Visible() || !w.on.content.Visible() {
		t.Fatal("it is not on")
	}
	event := p.LastEvent()
	if event.Kind != core.SwitchedOn || event.Detail["last_day"] != "2019-05-29" || event.Actor != "EV-0000-1" {
		t.Errorf("the log says %+v", event)
	}
}

func TestOnlyOwnersManage(t *testing.T) {
	p := practicetest.New(t)
	p.Rules.Owners = []string{"EV-0000-9"}
	w := open(p, "EV-0000-1", "nl")
	if w.off.button.Visible() || !w.off.notOwner.Visible() {
		t.Error("who is no owner may switch on")
	}
	p = practicetest.SwitchedOn(t)
	p.Rules.Owners = []string{"EV-0000-9"}
	if w = open(p, "EV-0000-1", "nl"); w.on.reset.Visible() {
		t.Error("who is no owner may reset")
	}
}

func TestKeyboardReachesEverythingInTheOrderOfReading(t *testing.T) {
	p := practicetest.SwitchedOn(t)
	w := open(p, "EV-0000-1", "nl")
	for _, want := range []fyne.Focusable{w.picker, w.openLog, w.on.qr, w.on.copyMenu, w.on.copyCode, w.on.reset, w.on.scan, w.picker} {
		w.Canvas().FocusNext()
		if got := w.Canvas().Focused(); got != want {
			t.Fatalf("Tab goes to %T %+v, want %T", got, got, want)
		}
	}
	w.Canvas().Focus(w.on.qr)
	press(t, w, fyne.KeyReturn)
	press(t, w, fyne.KeyDown, fyne.KeyReturn)
	if p.LastEvent().Kind != core.CopiedSecret {
		t.Error("the QR code's menu can't be used by keyboard")
	}
}

func TestWindowRemembersItsSize(t *testing.T) {
	p := practicetest.SwitchedOn(t)
	w := open(p, "EV-0000-1", "nl")
	w.win.Resize(fyne.NewSize(1000, 700))
	tick(p, w, 1)
	got := widget.RememberedSize(w.app, "tool", fyne.Size{})
	if got != w.Canvas().Size() || got.Width < 1000 {
		t.Errorf("remembered %v, is %v", got, w.Canvas().Size())
	}
}

func TestEnglish(t *testing.T) {
	p := practicetest.SwitchedOn(t)
	w := open(p, "EV-0000-1", "en")
	if !strings.HasPrefix(w.on.code.String(), "OTP of EV-0000-1 is ") || w.openLog.Text != "Show log" {
		t.Errorf("%q, %q", w.on.code.String(), w.openLog.Text)
	}
}
