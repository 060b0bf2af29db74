package console

import (
	"bytes"
	"context"
	"image/png"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"evry.nl/tfa/core"
	"evry.nl/tfa/core/otp"
	"evry.nl/tfa/storage/practicetest"
	"evry.nl/tfa/ui/present"
)

const (
	account = "EV-0000-1" // has logged on with a code
	newcome = "EV-0000-4" // never logged on
	codeAsk = "Voer uw OTP (one-time password) in:"
	helpAsk = "Voer de hulpcode van de helpdesk in (8 cijfers):"
	skipAsk = "0 = Log nu nog in zonder Two Factor Authenticatie"
	wrong   = "Deze code klopt niet. Probeer het opnieuw."
)

// The rows of the logon table, as dialogues.
func TestDialogues(t *testing.T) {
	helper := func(ctx context.Context, p *practicetest.Practice) (string, error) {
		return p.Helpdesk().HelperCode(ctx, core.Actor{Account: "test", Helpdesk: true}, account, time.Hour)
	}
	wrongCode := types("00000000")
	for name, tc := range map[string]struct {
		practice func(*testing.T) *practicetest.Practice
		rules    func(*core.Rules)
		account  string
		answers  []answer
		says     []string
		outcome  present.Outcome
		kind     core.Kind
		reason   core.Reason
	}{
		"off_without": {practicetest.New, nil, account, []answer{types("0")},
			[]string{"Account: EV-0000-1", "Uw praktijk gebruikt nog geen Two Factor Authenticatie.", "Wij raden u aan", "1 = Schakel Two Factor Authenticatie in voor mijn gehele praktijk", "0 = Log in zonder Two Factor Authenticatie", "Uw keuze:"},
			present.Yes, core.LogonOff, ""},
		"off_switching_on": {practicetest.New, nil, account, []answer{types("1"), types("1")},
			[]string{"Tot en met 29-5-2019 kunnen zij nog zonder code inloggen.", "Typ 1 om in te schakelen, of Enter om terug te gaan:"},
			present.Yes, core.LogonOff, ""},
		"off_not_confirming": {practicetest.New, nil, account, []answer{types("1"), types(""), types("0")},
			[]string{"Typ 1 om in te schakelen", "Uw keuze:"}, present.Yes, core.LogonOff, ""},
		"off_leaving_at_the_confirmation": {practicetest.New, nil, account, []answer{types("1")}, nil, present.Undecided, core.LogonRefused, core.Closed},
		"off_anything_else":               {practicetest.New, nil, account, []answer{types("123456"), types("ja"), types("0")}, []string{"Uw keuze: 123456", "Uw keuze: ja", "Uw keuze: 0"}, present.Yes, core.LogonOff, ""},
		"off_who_is_no_owner": {practicetest.New, func(r *core.Rules) { r.Owners = []string{"EV-0000-9"} }, account, []answer{types("1"), types("0")},
			[]string{"eigenaren", "0 = Log in zonder", "Uw keuze: 1", "Uw keuze: 0"}, present.Yes, core.LogonOff, ""},
		"off_mandatory": {practicetest.New, func(r *core.Rules) { r.Mandatory = true }, account, []answer{types("0")},
			[]string{"Uw provider verplicht", "1 = Schakel", "Uw keuze: 0", "Uw keuze:"}, present.Undecided, core.LogonRefused, core.Closed},
		"first_logon": {practicetest.SwitchedOn, nil, newcome, []answer{typesCode(newcome, 0)},
			[]string{"Account: EV-0000-4", "Scan deze QR-code met uw telefoon", "authenticator-app", "Tot en met 29-5-2019", "Vragen? Stel ze aan de eigenaar", skipAsk, "█", "Of typ over:", codeAsk},
			present.Yes, core.LogonOTP, ""},
		"code": {practicetest.SwitchedOn, nil, account, []answer{typesCode(account, otp.Period)},
			[]string{"Account: EV-0000-1", "Telefoon vergeten?", "Tot en met 29-5-2019", skipAsk, codeAsk}, present.Yes, core.LogonOTP, ""},
		"skipping": {practicetest.SwitchedOn, nil, account, []answer{types(" 0 ")}, []string{skipAsk}, present.Yes, core.LogonSkipped, ""},
		"wrong_until_locked_then_unlocks_by_itself": {practicetest.SwitchedOn, nil, account,
			[]answer{wrongCode, wrongCode, wrongCode, wrongCode, wrongCode, types("0"), waits, typesCode(account, 0)},
			[]string{wrong, skipAsk, wrong, wrong + " Nog 2 pogingen, daarna moet u wachten.", wrong + " Nog 1 poging, daarna moet u wachten.",
				"Er zijn te veel foute codes getypt. Wacht even, of vraag de helpdesk om een hulpcode. Nog 1 min 0 s. " + helpAsk + " 0", "Nog 1 min 0 s. " + helpAsk, skipAsk, codeAsk},
			present.Yes, core.LogonOTP, ""},
		"helper_code_ends_a_lock": {practicetest.SwitchedOn, nil, account, []answer{wrongCode, wrongCode, wrongCode, wrongCode, wrongCode, helper}, []string{helpAsk}, present.Yes, core.LogonHelper, ""},
		"helper_code_at_any_time": {practicetest.SwitchedOn, nil, account, []answer{helper}, []string{codeAsk}, present.Yes, core.LogonHelper, ""},
		"spent": {practicetest.SwitchedOn, nil, account, []answer{typesCode(account, 0), typesCode(account, otp.Period)},
			[]string{"Met deze code is net al ingelogd. Typ de volgende code die uw app toont. Nog 30 seconden.", codeAsk}, present.Yes, core.LogonOTP, ""},
		"clock_wrong": {practicetest.SwitchedOn, nil, account, []answer{typesCode(account, 5*time.Minute)},
			[]string{"De klok van uw telefoon of van deze server staat verkeerd. Op deze server is het nu 08:28:00."}, present.Undecided, core.LogonRefused, core.Closed},
		"no_code_at_all": {practicetest.SwitchedOn, nil, account, []answer{types("hallo")}, []string{"Typ de zes cijfers die uw app nu toont.", codeAsk}, present.Undecided, core.LogonRefused, core.Closed},
		"spaces": {practicetest.SwitchedOn, nil, account, []answer{func(ctx context.Context, p *practicetest.Practice) (string, error) {
			code, err := typesCode(account, otp.Period)(ctx, p)
			return " " + code[:3] + " " + code[3:] + "\r", err
		}}, nil, present.Yes, core.LogonOTP, ""},
		"reset_meanwhile": {practicetest.SwitchedOn, nil, account, []answer{meanwhile(func(ctx context.Context, p *practicetest.Practice) {
			p.Must(p.Tool().Reset(ctx, practicetest.Actor("EV-0000-2"), account))
		}, types("123456")), typesCode(account, otp.Period)},
			[]string{codeAsk, "Scan deze QR-code", "Uw QR-code is zojuist gereset. Scan de nieuwe.", codeAsk}, present.Yes, core.LogonOTP, ""},
		"switched_on_meanwhile": {practicetest.New, nil, account, []answer{types("1"), meanwhile(func(ctx context.Context, p *practicetest.Practice) {
			p.Must(p.Tool().SwitchOn(ctx, practicetest.Actor("EV-0000-2")))
		}, types("1")), types("0")}, []string{"Scan deze QR-code", "EV-0000-2", codeAsk}, present.Yes, core.LogonSkipped, ""},
		"nobody_there": {practicetest.SwitchedOn, nil, account, []answer{waits}, nil, present.Undecided, core.LogonRefused, core.TimedOut},
		"nobody_there_after_a_lock": {practicetest.SwitchedOn, nil, account, []answer{wrongCode, wrongCode, wrongCode, wrongCode, wrongCode, waits, waits},
			[]string{helpAsk, codeAsk}, present.Undecided, core.LogonRefused, core.TimedOut},
		"gone": {practicetest.SwitchedOn, nil, account, nil, nil, present.Undecided, core.LogonRefused, core.Closed},
	} {
		t.Run(name, func(t *testing.T) {
			p := tc.practice(t)
			if tc.rules != nil {
				tc.rules(&p.Rules)
			}
			outcome, screen := talk(t, p, tc.account, tc.answers...)
			if outcome != tc.outcome {
				t.Errorf("outcome %d, want %d:\n%s", outcome, tc.outcome, plain(screen))
			}
			says(t, screen, tc.says...)
			fitsLines(t, screen)
			event(t, p, tc.kind, tc.reason)
		})
	}
}

// What others did is told after the code, before the command, and nobody is asked
// to answer: a script that types a code does not wait for a question more.
func TestWhatOthersDidIsToldAfterTheCode(t *testing.T) {
	p := practicetest.SwitchedOn(t)
	talk(t, p, account, func(ctx context.Context, p *practicetest.Practice) (string, error) {
		return p.Helpdesk().HelperCode(ctx, core.Actor{Account: "test", Helpdesk: true}, account, time.Hour)
	})
	p.Now = p.Now.Add(time.Hour)
	for range 2 {
		_, err := p.Tool().Show(t.Context(), practicetest.Actor("EV-0000-2"), account)
		p.Must(err)
	}
	outcome, screen := talk(t, p, account, types("00000000"), typesCode(account, 0))
	if outcome != present.Yes {
		t.Errorf("outcome %d", outcome)
	}
	says(t, screen, codeAsk, wrong, codeAsk, "Dit is er gebeurd met uw account",
		"Op 15-5-2019 08:28 is met een hulpcode van de helpdesk ingelogd op dit account.",
		"EV-0000-2 heeft op 15-5 uw code bekeken.", "Wist u dit niet?")
	if n := strings.Count(screen, "bekeken"); n != 1 {
		t.Errorf("it is told %d times:\n%s", n, screen)
	}
	fitsLines(t, screen)
}

func TestAfterTheTransitionThereIsNoSkipping(t *testing.T) {
	p := practicetest.SwitchedOn(t)
	p.Now = p.Now.AddDate(0, 0, 15)
	outcome, screen := talk(t, p, account, types("0"))
	if outcome != present.Undecided || strings.Contains(screen, "0 =") || strings.Contains(screen, "29-5-2019") || strings.Contains(screen, "█") {
		t.Errorf("outcome %d: %s", outcome, screen)
	}
	says(t, screen, codeAsk, "Typ de zes cijfers", codeAsk)
}

// Ctrl-C is a no that stands in the log.
func TestInterrupt(t *testing.T) {
	p := practicetest.SwitchedOn(t)
	outcome, _ := talk(t, p, account, func(context.Context, *practicetest.Practice) (string, error) { return "", context.Canceled })
	if event(t, p, core.LogonRefused, core.Closed); outcome != present.Undecided {
		t.Errorf("outcome %d", outcome)
	}
}

func TestAFaultSaysWhomToCall(t *testing.T) {
	p := practicetest.SwitchedOn(t)
	outcome, screen := talk(t, p, account, meanwhile(func(context.Context, *practicetest.Practice) {
		p.Must(os.RemoveAll(p.Folder))
	}, types("123456")))
	if outcome != present.Fault {
		t.Errorf("outcome %d", outcome)
	}
	says(t, screen, codeAsk, "Inloggen lukt nu niet", "Bel de helpdesk.")
}

// An empty line shows the screen once more: it has scrolled away by then.
func TestAnEmptyLineShowsTheQRCodeAgain(t *testing.T) {
	_, screen := talk(t, practicetest.SwitchedOn(t), newcome, types("12"), types(""))
	if n := strings.Count(screen, "Of typ over:"); n != 2 {
		t.Errorf("the secret stands there %d times", n)
	}
	if strings.Count(screen, "Typ de zes cijfers") != 1 {
		t.Error("the message of an earlier answer is repeated")
	}
}

// The code is read from a picture of what a terminal of 80×24 shows, by a
// program that shares nothing with the one that drew it.
func TestQRCodeFitsATerminalAndCanBeScanned(t *testing.T) {
	for name, issuer := range map[string]string{
		"usual":   "Evry",
		"longer":  "Evry Hosting B.V.",
		"longest": "Huisartsenpraktijk Oost", // the last that 24 lines take, at an account of usual length
	} {
		t.Run(name, func(t *testing.T) {
			p := practicetest.SwitchedOn(t)
			p.Rules.Issuer = issuer
			_, screen := talk(t, p, newcome)
			fitsLines(t, screen)
			screen = screen[:strings.LastIndex(screen, codeAsk)+len(codeAsk)]
			uri, err := otp.URI(issuer, newcome, secretOf(t.Context(), p, newcome))
			p.Must(err)
			want, cut := strings.CutSuffix(uri, "&algorithm=SHA1&digits=6&period=30")
			if got := scan(t, lastLines(screen, 24)); got != want || !cut {
				t.Errorf("the QR code does not hold the key:\n%s", strings.Join(lastLines(screen, 24), "\n"))
			}
		})
	}
}

// scan returns the QR code in the picture of a terminal, as zbarimg reads it.
func scan(t *testing.T, lines []string) string {
	t.Helper()
	var img bytes.Buffer
	if err := png.Encode(&img, picture(lines)); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "zbarimg", "--quiet", "--raw", "-Sdisable", "-Sqrcode.enable", "png:-")
	cmd.Stdin = &img
	out, err := cmd.Output()
	if err != nil {
		t.Errorf("zbarimg: %v", err)
	}
	return strings.TrimSpace(string(out))
}

// A text that is too long for any QR code leaves the secret to type over.
func TestTooLongForAQRCode(t *testing.T) {
	if got := qrText(strings.Repeat("x", 3000)); got != "" {
		t.Errorf("%d characters of a code", len(got))
	}
}
