package present

import (
	"context"
	"errors"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"evry.nl/tfa/assets/translations"
	"evry.nl/tfa/core"
	"evry.nl/tfa/core/otp"
	"evry.nl/tfa/storage/practicetest"
)

// gate returns the gate of an account, in Dutch.
func gate(p *practicetest.Practice, account string) Logon {
	p.T.Helper()
	texts, err := translations.For("nl")
	p.Must(err)
	return Logon{
		Verifier: p.Gate(), Actor: practicetest.Actor(account), Texts: texts, Now: p.Clock, Zone: time.UTC,
		ManualURL: "https://www.evry.nl/tfa", TransitionDays: p.Rules.TransitionDays,
	}
}

// passed is a service that knows the session as one that has logged on.
type passed struct{ core.Verifier }

func (passed) Prompt(context.Context, core.Actor) (core.Prompt, error) {
	return core.Prompt{Stage: core.StagePassed}, nil
}

// A gate that did not hear its yes goes on when it asks again.
func TestASessionThatHasPassedGoesOn(t *testing.T) {
	g := gate(practicetest.SwitchedOn(t), "EV-0000-1")
	g.Verifier = passed{g.Verifier}
	if screen := g.Start(t.Context()); screen.Outcome != Yes {
		t.Errorf("got %+v", screen)
	}
}

// The rows of the logon table.
func TestEveryRowOfTheLogonTable(t *testing.T) {
	off := "Uw praktijk gebruikt nog geen Two Factor Authenticatie."
	code := "Voer uw OTP (one-time password) in"
	scan := "Scan deze QR-code met uw telefoon"
	notice := "Tot en met 29-5-2019 kunt u nog inloggen zonder code. Daarna niet meer."
	for name, tc := range map[string]struct {
		practice func(*testing.T) *practicetest.Practice
		account  string
		change   func(*practicetest.Practice)
		want     Screen
		says     string // in one of the paragraphs
	}{
		"off": {practicetest.New, "-1", nil,
			Screen{Stage: core.StageOff, Heading: off, MaySkip: true, MaySwitchOn: true}, "Wij raden u aan"},
		"off_not_owner": {practicetest.New, "-1", func(p *practicetest.Practice) { p.Rules.Owners = []string{"EV-0000-9"} },
			Screen{Stage: core.StageOff, Heading: off, MaySkip: true}, "eigenaren"},
		"off_mandatory": {practicetest.New, "-1", func(p *practicetest.Practice) { p.Rules.Mandatory = true },
			Screen{Stage: core.StageOff, Heading: off, MaySwitchOn: true}, "Uw provider verplicht"},
		"off_mandatory_by_the_helpdesk": {practicetest.New, "-1", func(p *practicetest.Practice) {
			p.Must(p.Helpdesk().SetMandatory(p.T.Context(), core.Actor{Account: "test", Helpdesk: true}, true))
		}, Screen{Stage: core.StageOff, Heading: off, MaySwitchOn: true}, "Uw provider verplicht"},
		"first_logon": {practicetest.SwitchedOn, "-4", nil,
			Screen{Stage: core.StageEnrol, Heading: scan, Notice: notice, MaySkip: true}, "Google Authenticator"},
		"first_logon_after_the_transition": {practicetest.SwitchedOn, "-4", days(15),
			Screen{Stage: core.StageEnrol, Heading: scan}, "Google Authenticator"},
		"code": {practicetest.SwitchedOn, "-1", nil,
			Screen{Stage: core.StageCode, Heading: code, Notice: notice, MaySkip: true}, "Telefoon vergeten?"},
		"code_on_the_last_day": {practicetest.SwitchedOn, "-1", days(14),
			Screen{Stage: core.StageCode, Heading: code, Notice: notice, MaySkip: true}, ""},
		"code_after_the_transition": {practicetest.SwitchedOn, "-1", days(15),
			Screen{Stage: core.StageCode, Heading: code}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			p := tc.practice(t)
			if tc.change != nil {
				tc.change(p)
			}
			account := "EV-0000" + tc.account
			got := gate(p, account).Start(t.Context())
			if got.Account != "Account: "+account {
				t.Errorf("the account is %q", got.Account)
			}
			if !strings.Contains(strings.Join(got.Text, "\n"), tc.says) {
				t.Errorf("%q does not say %q", got.Text, tc.says)
			}
			holdsSecretOnlyAtFirst(t, got, account)
			got.Account, got.Text, got.URI, got.Secret = "", nil, "", ""
			if !same(got, tc.want) {
				t.Errorf("got  %+v\nwant %+v", got, tc.want)
			}
		})
	}
}

func days(n int) func(*practicetest.Practice) {
	return func(p *practicetest.Practice) { p.Now = p.Now.AddDate(0, 0, n) }
}

// same compares screens without their paragraphs.
func same(a, b Screen) bool {
	a.Text, b.Text = nil, nil
	return a.Stage == b.Stage && a.Heading == b.Heading && a.Notice == b.Notice && a.MaySkip == b.MaySkip &&
		a.MaySwitchOn == b.MaySwitchOn && a.Locked == b.Locked && a.Message == b.Message && a.Until.Equal(b.Until) && a.Outcome == b.Outcome
}

// holdsSecretOnlyAtFirst holds that the QR code and the secret for typing over
// are of one key, and there at the first logon only.
func holdsSecretOnlyAtFirst(t *testing.T, s Screen, account string) {
	t.Helper()
	if s.Stage != core.StageEnrol {
		if s.URI != "" || s.Secret != "" {
			t.Error("there is a secret on the screen")
		}
		return
	}
	groups := strings.Split(s.Secret, " ")
	if len(groups) != 8 || slices.ContainsFunc(groups, func(g string) bool { return len(g) != 4 }) {
		t.Errorf("the secret has %d groups", len(groups))
	}
	want := "otpauth://totp/Evry:" + account + "?secret=" + strings.Join(groups, "") + "&issuer=Evry"
	if !strings.HasPrefix(s.URI, want) {
		t.Error("the QR code is of another secret")
	}
}

func TestWrongCodesTellHowManyTriesAreLeftWhenFew(t *testing.T) {
	p := practicetest.SwitchedOn(t)
	l := gate(p, "EV-0000-1")
	s := l.Start(t.Context())
	wrong := "Deze code klopt niet. Probeer het opnieuw."
	for i, want := range []string{
		wrong, wrong, wrong + " Nog 2 pogingen, daarna moet u wachten.", wrong + " Nog 1 poging, daarna moet u wachten.",
		"Er zijn te veel foute codes getypt. Wacht even, of vraag de helpdesk om een hulpcode.",
	} {
		if s = l.Enter(t.Context(), s, "00000000"); s.Message != want {
			t.Errorf("wrong code %d: %q", i+1, s.Message)
		}
	}
	if !s.Locked || s.MaySkip || s.Notice != "" || l.Countdown(s) != "Nog 1 min 0 s." {
		t.Errorf("locked: %+v, %q", s, l.Countdown(s))
	}
	p.Now = p.Now.Add(time.Second)
	if l.Countdown(s) != "Nog 59 seconden." {
		t.Errorf("after a second: %q", l.Countdown(s))
	}
	if again := l.Start(t.Context()); !again.Locked || again.Message != s.Message || again.MaySkip {
		t.Errorf("opened anew: %+v", again)
	}
	p.Now = p.Now.Add(58 * time.Second)
	if l.Countdown(s) != "Nog 1 seconde." {
		t.Errorf("at the end: %q", l.Countdown(s))
	}
	p.Now = p.Now.Add(time.Second)
	if s = l.Start(t.Context()); s.Locked || !s.MaySkip || s.Message != "" || l.Countdown(s) != "" {
		t.Errorf("after the lock: %+v", s)
	}
}

func TestWhatIsSaidOfACode(t *testing.T) {
	for name, tc := range map[string]struct {
		typed func(p *practicetest.Practice, secret otp.Secret) string
		says  string
		until time.Duration
	}{
		"spent": {func(p *practicetest.Practice, s otp.Secret) string { return p.Code(s) },
			"Met deze code is net al ingelogd. Typ de volgende code die uw app toont.", 30 * time.Second},
		"clock_wrong": {func(p *practicetest.Practice, s otp.Secret) string {
			code, err := otp.Code(s, otp.StepAt(p.Now.Add(5*time.Minute)))
			p.Must(err)
			return code
		}, "De klok van uw telefoon of van deze server staat verkeerd. Op deze server is het nu 08:28:00.", 0},
		"too_short": {func(*practicetest.Practice, otp.Secret) string { return "12345" }, "Typ de zes cijfers die uw app nu toont.", 0},
		"letters":   {func(*practicetest.Practice, otp.Secret) string { return "hallo!" }, "Typ de zes cijfers die uw app nu toont.", 0},
	} {
		t.Run(name, func(t *testing.T) {
			p := practicetest.SwitchedOn(t)
			secret := p.LogOn("EV-0000-4")
			l := gate(p, "EV-0000-4")
			s := l.Start(t.Context())
			s = l.Enter(t.Context(), s, tc.typed(p, secret))
			if !strings.HasPrefix(s.Message, tc.says) || s.Outcome != Undecided || s.Stage != core.StageCode {
				t.Errorf("%+v", s)
			}
			if tc.until == 0 && !s.Until.IsZero() || tc.until != 0 && s.Until.Sub(p.Now) != tc.until {
				t.Errorf("counts down to %v", s.Until)
			}
		})
	}
}

func TestWaysOn(t *testing.T) {
	for name, tc := range map[string]struct {
		account string
		on      bool
		way     func(*testing.T, *practicetest.Practice, Logon, Screen) Screen
		kind    core.Kind
	}{
		"without_a_code_when_off": {"-1", false, skips, core.LogonOff},
		"skipping":                {"-1", true, skips, core.LogonSkipped},
		"switching_on": {"-1", false, func(t *testing.T, _ *practicetest.Practice, l Logon, s Screen) Screen {
			return l.SwitchOn(t.Context(), s)
		}, core.LogonOff},
		"a_first_code": {"-4", true, func(t *testing.T, p *practicetest.Practice, l Logon, s Screen) Screen {
			prompt, err := p.Gate().Prompt(t.Context(), practicetest.Actor("EV-0000-4")) // the same secret again
			p.Must(err)
			return l.Enter(t.Context(), s, p.Code(prompt.Secret))
		}, core.LogonOTP},
		"a_helper_code": {"-2", true, func(t *testing.T, p *practicetest.Practice, l Logon, s Screen) Screen {
			return l.Enter(t.Context(), s, helperCode(p, "EV-0000-2"))
		}, core.LogonHelper},
	} {
		t.Run(name, func(t *testing.T) {
			p := practicetest.New(t)
			if tc.on {
				p = practicetest.SwitchedOn(t)
			}
			l := gate(p, "EV-0000"+tc.account)
			s := tc.way(t, p, l, l.Start(t.Context()))
			if s.Outcome != Yes {
				t.Errorf("%+v", s)
			}
			if event := p.LastEvent(); event.Kind != tc.kind || event.Account != "EV-0000"+tc.account || event.Server != "ts01" {
				t.Errorf("the log says %+v", event)
			}
		})
	}
}

func skips(t *testing.T, _ *practicetest.Practice, l Logon, _ Screen) Screen {
	return l.Skip(t.Context())
}

// helperCode lets the helpdesk make one.
func helperCode(p *practicetest.Practice, account string) string {
	p.T.Helper()
	code, err := p.Helpdesk().HelperCode(p.T.Context(), core.Actor{Account: "test", Helpdesk: true}, account, time.Hour)
	p.Must(err)
	return code
}

// It is said in both languages when the account is through the gate, and at no
// later logon.
func TestAUsedHelperCodeIsToldAtTheNextLogon(t *testing.T) {
	for language, want := range map[string]string{
		"nl": "Op 15-5-2019 08:28 is met een hulpcode van de helpdesk ingelogd op dit account. Was u dat niet, en ook geen collega? Bel dan de helpdesk.",
		"en": "On 15-5-2019 08:28 somebody logged on to this account with a helper code of the helpdesk. Was that not you or a colleague? Then call the helpdesk.",
	} {
		p := practicetest.SwitchedOn(t)
		l := gate(p, "EV-0000-1")
		texts, err := translations.For(language)
		p.Must(err)
		l.Texts = texts
		told := func(s Screen) bool { return slices.Contains(s.Text, want) }
		if s := l.Enter(t.Context(), l.Start(t.Context()), helperCode(p, "EV-0000-1")); told(s) || s.Outcome != Yes {
			t.Fatalf("%+v", s)
		}
		p.Now = p.Now.Add(time.Hour)
		next := l.Start(t.Context())
		if s := l.Enter(t.Context(), next, "000000"); told(next) || told(s) {
			t.Errorf("who is not through the gate is told %q", next.Text)
		}
		if told(gate(p, "EV-0000-2").Skip(t.Context())) {
			t.Error("it is said to another account")
		}
		if s := l.Skip(t.Context()); !told(s) || s.Outcome != Yes {
			t.Errorf("the next logon says %+v", s)
		}
		if s := l.Skip(t.Context()); told(s) {
			t.Error("it is said again at another logon")
		}
	}
}

func TestExemptAccountsGoOnAtOnce(t *testing.T) {
	p := practicetest.SwitchedOn(t)
	p.Rules.Exempt = []string{"EV-0000-1"}
	if s := gate(p, "EV-0000-1").Start(t.Context()); s.Outcome != Yes || p.LastEvent().Kind != core.LogonExempt {
		t.Errorf("%+v, the log says %+v", s, p.LastEvent())
	}
}

// What somebody else does while a screen is open shows at the next act.
func TestMeanwhile(t *testing.T) {
	colleague, helpdesk := practicetest.Actor("EV-0000-2"), core.Actor{Account: "test", Helpdesk: true}
	for name, tc := range map[string]struct {
		practice  func(*testing.T) *practicetest.Practice
		meanwhile func(context.Context, *practicetest.Practice) error
		act       func(context.Context, Logon, Screen) Screen
		stage     core.Stage
		says      string
	}{
		"switched_on": {practicetest.New, func(ctx context.Context, p *practicetest.Practice) error { return p.Tool().SwitchOn(ctx, colleague) },
			func(ctx context.Context, l Logon, s Screen) Screen { return l.SwitchOn(ctx, s) }, core.StageEnrol, "EV-0000-2"},
		"reset": {practicetest.SwitchedOn, func(ctx context.Context, p *practicetest.Practice) error {
			return p.Tool().Reset(ctx, colleague, "EV-0000-1")
		}, enter, core.StageEnrol, "Uw QR-code is zojuist gereset. Scan de nieuwe."},
		"transition_over": {practicetest.SwitchedOn, func(_ context.Context, p *practicetest.Practice) error { days(15)(p); return nil },
			func(ctx context.Context, l Logon, _ Screen) Screen { return l.Skip(ctx) }, core.StageCode, "Inloggen zonder code kan niet meer: de overgangsperiode is voorbij."},
		"made_mandatory": {practicetest.New, func(ctx context.Context, p *practicetest.Practice) error {
			return p.Helpdesk().SetMandatory(ctx, helpdesk, true)
		},
			func(ctx context.Context, l Logon, _ Screen) Screen { return l.Skip(ctx) }, core.StageOff, ""},
	} {
		t.Run(name, func(t *testing.T) {
			p := tc.practice(t)
			l := gate(p, "EV-0000-1")
			before := l.Start(t.Context())
			p.Must(tc.meanwhile(t.Context(), p))
			after := tc.act(t.Context(), l, before)
			if after.Stage != tc.stage || after.Outcome != Undecided || !strings.Contains(after.Message, tc.says) {
				t.Errorf("%+v", after)
			}
		})
	}
}

func enter(ctx context.Context, l Logon, s Screen) Screen {
	return l.Enter(ctx, s, "123456")
}

// A fault is a sentence and whom to call; it is never a yes, and what it is a
// fault of stays in the log.
func TestFaultsDenyAndSayNothingTechnical(t *testing.T) {
	p := practicetest.SwitchedOn(t)
	l := gate(p, "EV-0000-1")
	var causes []error
	l.Report = func(err error) { causes = append(causes, err) }
	before := l.Start(t.Context())
	p.Must(os.RemoveAll(p.Folder))
	acts := map[string]func() Screen{
		"start":     func() Screen { return l.Start(t.Context()) },
		"enter":     func() Screen { return l.Enter(t.Context(), before, "123456") },
		"skip":      func() Screen { return l.Skip(t.Context()) },
		"switch_on": func() Screen { return l.SwitchOn(t.Context(), before) },
		"foreign":   func() Screen { return l.Broken(errors.New("disk I/O error at sector 7")) },
	}
	for name, act := range acts {
		s := act()
		if s.Outcome != Fault || s.Stage != "" || s.MaySkip || s.MaySwitchOn || s.Heading != "Inloggen lukt nu niet" {
			t.Errorf("%s: %+v", name, s)
		}
		if len(s.Text) != 2 || !strings.HasPrefix(s.Text[1], "Bel de helpdesk.") || s.Text[0] != "De server kan uw code nu niet controleren." {
			t.Errorf("%s says %q", name, s.Text)
		}
	}
	if len(causes) != len(acts) {
		t.Errorf("%d faults, %d causes for the log", len(acts), len(causes))
	}
	if err := l.Leave(t.Context(), core.Closed); err == nil {
		t.Error("leaving was written down in a store that is not there")
	}
}

func TestLeavingIsWrittenDown(t *testing.T) {
	p := practicetest.SwitchedOn(t)
	for _, reason := range []core.Reason{core.Closed, core.TimedOut} {
		p.Must(gate(p, "EV-0000-1").Leave(t.Context(), reason))
		if event := p.LastEvent(); event.Kind != core.LogonRefused || event.Detail["reason"] != string(reason) {
			t.Errorf("the log says %+v", event)
		}
	}
}
