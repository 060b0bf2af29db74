package logon

import (
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/theme"
	"github.com/makiuchi-d/gozxing"
	"github.com/makiuchi-d/gozxing/qrcode"

	"evry.nl/tfa/core"
	"evry.nl/tfa/core/otp"
	"evry.nl/tfa/storage/practicetest"
	"evry.nl/tfa/ui/present"
	"evry.nl/tfa/ui/widget"
)

const (
	switchOn = "Schakel Two Factor Authenticatie in voor mijn gehele praktijk"
	without  = "Log in zonder Two Factor Authenticatie"
	skip     = "Log nu nog in zonder Two Factor Authenticatie"
	notice   = "Tot en met 29-5-2019 kunt u nog inloggen zonder code. Daarna niet meer."
	wrong    = "Deze code klopt niet. Probeer het opnieuw."
)

func TestOff(t *testing.T) {
	for name, tc := range map[string]struct {
		rules   func(*core.Rules)
		buttons []string
		says    string
	}{
		"two_buttons":         {func(*core.Rules) {}, []string{switchOn, without}, "Wij raden u aan"},
		"who_is_no_owner":     {func(r *core.Rules) { r.Owners = []string{"EV-0000-9"} }, []string{without}, "eigenaren"},
		"mandatory":           {func(r *core.Rules) { r.Mandatory = true }, []string{switchOn}, "Uw provider verplicht"},
		"mandatory_not_owner": {func(r *core.Rules) { r.Mandatory, r.Owners = true, []string{"EV-0000-9"} }, nil, "eigenaren"},
	} {
		t.Run(name, func(t *testing.T) {
			p := practicetest.New(t)
			tc.rules(&p.Rules)
			g := open(p, "EV-0000-1", "nl")
			if g.heading.Text != "Uw praktijk gebruikt nog geen Two Factor Authenticatie." || g.account.Text != "Account: EV-0000-1" {
				t.Errorf("heading %q, account %q", g.heading.Text, g.account.Text)
			}
			if got := g.shown(); !slices.Equal(got, tc.buttons) {
				t.Errorf("buttons %q", got)
			}
			if got := g.paragraphs(); !strings.Contains(got, tc.says) {
				t.Errorf("the window says %s", got)
			}
			if g.entry.Visible() || g.enrol.Visible() || g.notice.Visible() || !g.win.FullScreen() {
				t.Error("there is more on the screen than the advice")
			}
		})
	}
}

func TestOffGoesOnWithoutACode(t *testing.T) {
	g := open(practicetest.New(t), "EV-0000-1", "nl")
	g.tapped(t, g.skip)
	g.endsWith(present.Yes, core.LogonOff, "")
}

func TestSwitchingOnAsksAndSaysWhatItMeans(t *testing.T) {
	p := practicetest.New(t)
	g := open(p, "EV-0000-1", "nl")
	g.press(fyne.KeyReturn) // the button has the focus
	if !g.asks() {
		t.Fatal("it does not ask")
	}
	g.press(fyne.KeyEscape)
	if g.asks() || len(g.outcomes) != 0 {
		t.Fatal("Escape is no way back")
	}
	g.tapped(t, g.switchOn)
	g.press(fyne.KeyReturn)
	g.endsWith(present.Yes, core.LogonOff, "")
	page, err := p.Store.Events(t.Context(), core.Query{Kind: core.SwitchedOn})
	p.Must(err)
	if page.Total != 1 || page.Events[0].Detail["last_day"] != "2019-05-29" || page.Events[0].Actor != "EV-0000-1" {
		t.Errorf("the log says %+v", page.Events)
	}
}

// The picture is read back by a QR decoder, in both themes.
func TestFirstLogonShowsTheQRCodeAndTheSecret(t *testing.T) {
	for name, variant := range map[string]fyne.ThemeVariant{"dark": theme.VariantDark, "light": theme.VariantLight} {
		t.Run(name, func(t *testing.T) {
			p := practicetest.SwitchedOn(t)
			g := open(p, "EV-0000-4", "nl")
			g.app.Settings().SetTheme(widget.Fixed(variant))
			secret := secretOf(p, "EV-0000-4")
			want, err := otp.URI("Evry", "EV-0000-4", secret)
			p.Must(err)
			bitmap, err := gozxing.NewBinaryBitmapFromImage(g.win.Canvas().Capture())
			p.Must(err)
			result, err := qrcode.NewQRCodeReader().Decode(bitmap, nil)
			p.Must(err)
			if result.GetText() != want {
				t.Error("the QR code does not hold the URI")
			}
			groups := strings.Fields(g.secret.Text)
			if strings.Join(groups, "") != secret.Base32() || len(groups) != 8 || !g.enrol.Visible() {
				t.Errorf("the secret stands there in %d groups", len(groups))
			}
			if g.notice.Text != notice || !slices.Equal(g.shown(), []string{skip}) || !strings.Contains(g.paragraphs(), "authenticator-app") {
				t.Errorf("notice %q, buttons %q, text %q", g.notice.Text, g.shown(), g.paragraphs())
			}
			g.typeIn(p.Code(secret))
			g.endsWith(present.Yes, core.LogonOTP, "")
		})
	}
}

func TestCodeOnlyHasNoQRCode(t *testing.T) {
	for name, tc := range map[string]struct {
		days    int
		notice  string
		buttons []string
	}{
		"in_the_transition":    {0, notice, []string{skip}},
		"on_its_last_day":      {14, notice, []string{skip}},
		"after_the_transition": {15, "", nil},
	} {
		t.Run(name, func(t *testing.T) {
			p := practicetest.SwitchedOn(t)
			p.Now = p.Now.AddDate(0, 0, tc.days)
			g := open(p, "EV-0000-1", "nl")
			if g.enrol.Visible() || g.secret.Text != "" {
				t.Error("there is a secret on the screen")
			}
			if g.notice.Text != tc.notice || g.notice.Visible() != (tc.notice != "") || !slices.Equal(g.shown(), tc.buttons) {
				t.Errorf("notice %q, buttons %q", g.notice.Text, g.shown())
			}
			if g.label.Text != "Voer uw OTP (one-time password) in" {
				t.Errorf("the field is called %q", g.label.Text)
			}
			g.stays()
		})
	}
}

func TestSkipping(t *testing.T) {
	g := open(practicetest.SwitchedOn(t), "EV-0000-1", "nl")
	g.tapped(t, g.skip)
	g.endsWith(present.Yes, core.LogonSkipped, "")
	g.win.Canvas().Focus(g.field)
	g.typeIn("123456") // the window is still there while the desktop starts
	g.askLeave()
	g.press(fyne.KeyReturn)
	g.tick(400)
	g.endsWith(present.Yes, core.LogonSkipped, "")
}

func TestWrongCodesUntilTheLockAndAfterIt(t *testing.T) {
	p := practicetest.SwitchedOn(t)
	g := open(p, "EV-0000-1", "nl")
	for i, want := range []string{wrong, wrong, wrong + " Nog 2 pogingen, daarna moet u wachten.", wrong + " Nog 1 poging, daarna moet u wachten."} {
		if g.typeIn(notTheCode(g)); g.message.Text != want || !g.message.Visible() {
			t.Errorf("wrong code %d: %q", i+1, g.message.Text)
		}
		g.stays()
	}
	g.typeIn(notTheCode(g))
	g.stays()
	if !strings.HasPrefix(g.message.Text, "Er zijn te veel foute codes getypt.") || g.countdown.Text != "Nog 1 min 0 s." {
		t.Errorf("%q, %q", g.message.Text, g.countdown.Text)
	}
	if g.label.Text != "Voer de hulpcode van de helpdesk in (8 cijfers)" || g.other.Visible() || len(g.shown()) != 0 || g.notice.Visible() {
		t.Errorf("field %q, buttons %q", g.label.Text, g.shown())
	}
	g.tick(59)
	if g.countdown.Text != "Nog 1 seconde." {
		t.Errorf("after 59 seconds: %q", g.countdown.Text)
	}
	g.tick(1)
	if g.countdown.Visible() || g.message.Visible() || g.label.Text != "Voer uw OTP (one-time password) in" || !slices.Equal(g.shown(), []string{skip}) {
		t.Errorf("after the lock: %q, %q, %q, buttons %q", g.countdown.Text, g.message.Text, g.label.Text, g.shown())
	}
	g.stays()
}

// notTheCode returns six digits that no phone of the account shows now.
func notTheCode(g *gate) string {
	secret, err := g.p.Tool().Show(g.p.T.Context(), practicetest.Actor("EV-0000-1"), "EV-0000-1")
	g.p.Must(err)
	for _, code := range []string{"000000", "111111", "222222"} {
		hits, err := otp.Match(secret.Secret, code, otp.StepAt(g.p.Now)-40, otp.StepAt(g.p.Now)+40)
		if g.p.Must(err); len(hits) == 0 {
			return code
		}
	}
	g.p.T.Fatal("all of them are right at some time")
	return ""
}

func TestHelperCodeEndsALock(t *testing.T) {
	p := practicetest.SwitchedOn(t)
	g := open(p, "EV-0000-1", "nl")
	for range p.Rules.Lockout.Attempts {
		g.typeIn(notTheCode(g))
	}
	g.typeIn(helperCode(p, "EV-0000-1"))
	g.endsWith(present.Yes, core.LogonHelper, "")
}

func TestHelperCodeOnRequest(t *testing.T) {
	p := practicetest.SwitchedOn(t)
	g := open(p, "EV-0000-1", "nl")
	g.tapped(t, g.other)
	g.stays()
	if g.label.Text != "Voer de hulpcode van de helpdesk in (8 cijfers)" || g.other.Text != "Ik heb een code van mijn telefoon" {
		t.Errorf("field %q, button %q", g.label.Text, g.other.Text)
	}
	g.typeIn("00000000")
	if g.stays(); g.message.Text != wrong || !g.helper {
		t.Errorf("a wrong one: %q, and the field takes %q", g.message.Text, g.label.Text)
	}
	g.tapped(t, g.other)
	if g.stays(); g.label.Text != "Voer uw OTP (one-time password) in" {
		t.Errorf("back again the field is called %q", g.label.Text)
	}
	g.tapped(t, g.other)
	g.typeIn(helperCode(p, "EV-0000-1"))
	g.endsWith(present.Yes, core.LogonHelper, "")
}

func TestSpentCodeCountsDownToTheNext(t *testing.T) {
	p := practicetest.SwitchedOn(t)
	secret := p.LogOn("EV-0000-4")
	g := open(p, "EV-0000-4", "nl")
	g.typeIn(p.Code(secret))
	g.stays()
	if g.message.Text != "Met deze code is net al ingelogd. Typ de volgende code die uw app toont." || g.countdown.Text != "Nog 30 seconden." {
		t.Errorf("%q, %q", g.message.Text, g.countdown.Text)
	}
	if g.tick(29); g.countdown.Text != "Nog 1 seconde." {
		t.Errorf("after 29 seconds: %q", g.countdown.Text)
	}
	if g.tick(1); g.countdown.Visible() {
		t.Errorf("after 30 seconds: %q", g.countdown.Text)
	}
	g.typeIn(p.Code(secret))
	g.endsWith(present.Yes, core.LogonOTP, "")
}

func TestClockWrong(t *testing.T) {
	p := practicetest.SwitchedOn(t)
	secret := p.LogOn("EV-0000-4")
	g := open(p, "EV-0000-4", "nl")
	late, err := otp.Code(secret, otp.StepAt(p.Now.Add(-6*time.Minute)))
	p.Must(err)
	g.typeIn(late)
	if g.stays(); !strings.HasPrefix(g.message.Text, "De klok van uw telefoon of van deze server staat verkeerd. Op deze server is het nu 08:28:00.") {
		t.Errorf("the window says %q", g.message.Text)
	}
}

func TestResetMeanwhileShowsANewQRCode(t *testing.T) {
	p := practicetest.SwitchedOn(t)
	g := open(p, "EV-0000-1", "nl")
	p.Must(p.Tool().Reset(t.Context(), practicetest.Actor("EV-0000-2"), "EV-0000-1"))
	g.typeIn("123456")
	if g.stays(); !g.enrol.Visible() || g.message.Text != "Uw QR-code is zojuist gereset. Scan de nieuwe." {
		t.Errorf("QR code %v, %q", g.enrol.Visible(), g.message.Text)
	}
	p.Now = p.Now.Add(otp.Period) // the step of the first logon is spent
	g.typeIn(p.Code(secretOf(p, "EV-0000-1")))
	g.tapped(t, g.goOn) // it says who did that
	g.endsWith(present.Yes, core.LogonOTP, "")
}

func TestSwitchedOnMeanwhile(t *testing.T) {
	p := practicetest.New(t)
	g := open(p, "EV-0000-1", "nl")
	p.Must(p.Tool().SwitchOn(t.Context(), practicetest.Actor("EV-0000-2")))
	g.tapped(t, g.switchOn)
	g.press(fyne.KeyReturn)
	if g.stays(); !g.enrol.Visible() || !strings.Contains(g.message.Text, "EV-0000-2") {
		t.Errorf("QR code %v, %q", g.enrol.Visible(), g.message.Text)
	}
}

func TestFault(t *testing.T) {
	for name, act := range map[string]func(*gate){
		"code": func(g *gate) { g.typeIn("123456") },
		"skip": func(g *gate) { g.skip.Tapped(nil) },
	} {
		t.Run(name, func(t *testing.T) {
			p := practicetest.SwitchedOn(t)
			g := open(p, "EV-0000-1", "nl")
			p.Must(os.RemoveAll(p.Folder))
			act(g)
			if g.heading.Text != "Inloggen lukt nu niet" || !strings.Contains(g.paragraphs(), "Bel de helpdesk.") || strings.Contains(g.paragraphs(), "sql") {
				t.Errorf("%q, %q", g.heading.Text, g.paragraphs())
			}
			if g.entry.Visible() || g.message.Visible() || g.notice.Visible() || !slices.Equal(g.shown(), []string{"Sluiten"}) {
				t.Errorf("buttons %q", g.shown())
			}
			if len(g.outcomes) != 0 {
				t.Fatal("it ended before anybody could read it")
			}
			g.press(fyne.KeyReturn)
			if !slices.Equal(g.outcomes, []present.Outcome{present.Fault}) {
				t.Errorf("the gate told %v", g.outcomes)
			}
		})
	}
}

func TestEnglish(t *testing.T) {
	g := open(practicetest.SwitchedOn(t), "EV-0000-1", "en")
	if g.heading.Text != "Enter your OTP (one-time password)" || g.submit.Text != "Log on" || g.win.Title() != "Log on" {
		t.Errorf("%q, %q, %q", g.heading.Text, g.submit.Text, g.win.Title())
	}
}
