package console

import (
	"context"
	"image"
	"image/color"
	"strings"
	"testing"
	"time"

	"evry.nl/tfa/assets/translations"
	"evry.nl/tfa/core"
	"evry.nl/tfa/core/otp"
	"evry.nl/tfa/storage/practicetest"
	"evry.nl/tfa/ui/present"
)

// person answers the gate, line by line, and keeps what it wrote.
type person struct {
	strings.Builder
	p       *practicetest.Practice
	answers []answer
}

// answer is what a person does when the gate waits.
type answer func(ctx context.Context, p *practicetest.Practice) (string, error)

// ReadLine implements Terminal. Who has no answer any more has gone.
func (f *person) ReadLine(ctx context.Context) (string, error) {
	if len(f.answers) == 0 {
		return "", ErrClosed
	}
	next := f.answers[0]
	f.answers = f.answers[1:]
	line, err := next(ctx, f.p)
	f.WriteString(line + "\n") // the terminal shows what is typed
	return line, err
}

func types(line string) answer {
	return func(context.Context, *practicetest.Practice) (string, error) { return line, nil }
}

// waits does nothing until the gate has waited long enough.
func waits(ctx context.Context, p *practicetest.Practice) (string, error) {
	deadline, _ := ctx.Deadline()
	p.Now = p.Now.Add(time.Until(deadline).Round(time.Second))
	return "", context.DeadlineExceeded
}

// typesCode types what a phone with the account's secret shows after a while.
func typesCode(account string, after time.Duration) answer {
	return func(ctx context.Context, p *practicetest.Practice) (string, error) {
		code, err := otp.Code(secretOf(ctx, p, account), otp.StepAt(p.Now.Add(after)))
		p.Must(err)
		return code, nil
	}
}

// secretOf returns the secret of an account, from its first logon or the tool.
func secretOf(ctx context.Context, p *practicetest.Practice, account string) otp.Secret {
	if prompt, err := p.Gate().Prompt(ctx, practicetest.Actor(account)); err == nil && !prompt.Secret.IsZero() {
		return prompt.Secret
	}
	shown, err := p.Tool().Show(ctx, practicetest.Actor(account), account)
	p.Must(err)
	return shown.Secret
}

// meanwhile lets something happen before an answer.
func meanwhile(act func(context.Context, *practicetest.Practice), then answer) answer {
	return func(ctx context.Context, p *practicetest.Practice) (string, error) {
		act(ctx, p)
		return then(ctx, p)
	}
}

// talk runs the gate of an account with a person who answers so.
func talk(t *testing.T, p *practicetest.Practice, account string, answers ...answer) (outcome present.Outcome, screen string) {
	t.Helper()
	texts, err := translations.For("nl")
	p.Must(err)
	f := &person{p: p, answers: answers}
	outcome = Console{Logon: present.Logon{
		Verifier: p.Gate(), Actor: practicetest.Actor(account), Texts: texts, Now: p.Clock, Zone: time.UTC,
		TransitionDays: p.Rules.TransitionDays,
	}, Terminal: f, Timeout: 5 * time.Minute}.Run(t.Context())
	return outcome, f.String()
}

// plain leaves the colours out.
func plain(screen string) string {
	return strings.NewReplacer("\x1b[97;40m", "", "\x1b[0m", "").Replace(screen)
}

// says holds that a screen has some texts, in that order, however its lines are
// broken.
func says(t *testing.T, screen string, texts ...string) {
	t.Helper()
	rest := strings.Join(strings.Fields(plain(screen)), " ")
	for _, text := range texts {
		_, after, found := strings.Cut(rest, text)
		if !found {
			t.Errorf("it does not say %q after the others:\n%s", text, plain(screen))
			return
		}
		rest = after
	}
}

// fitsLines holds that no line is broken by a terminal of 80 columns.
func fitsLines(t *testing.T, screen string) {
	t.Helper()
	for line := range strings.Lines(plain(screen)) {
		if length := len([]rune(strings.TrimRight(line, "\n"))); length > columns {
			t.Errorf("a line has %d columns: %s", length, line)
		}
	}
}

// lastLines returns what a terminal of so many lines shows.
func lastLines(screen string, lines int) []string {
	all := strings.Split(plain(screen), "\n")
	return all[max(0, len(all)-lines):]
}

// The size of a character in the picture of a terminal.
const (
	charWidth  = 8
	charHeight = 16
)

// picture draws the half blocks of a terminal's lines, light ones white; other
// characters are grey, as they must not matter.
func picture(lines []string) image.Image {
	img := image.NewGray(image.Rect(0, 0, columns*charWidth, len(lines)*charHeight))
	fill := func(x, y, height int, c color.Gray) {
		for dy := range height {
			for dx := range charWidth {
				img.SetGray(x+dx, y+dy, c)
			}
		}
	}
	for row, line := range lines {
		for column, r := range []rune(line) {
			x, y := column*charWidth, row*charHeight
			switch r {
			case ' ':
			case '█':
				fill(x, y, charHeight, color.Gray{Y: 255})
			case '▀':
				fill(x, y, charHeight/2, color.Gray{Y: 255})
			case '▄':
				fill(x, y+charHeight/2, charHeight/2, color.Gray{Y: 255})
			default:
				fill(x+1, y+2, charHeight-4, color.Gray{Y: 128})
			}
		}
	}
	return img
}

// event holds what the log says last.
func event(t *testing.T, p *practicetest.Practice, kind core.Kind, reason core.Reason) {
	t.Helper()
	if got := p.LastEvent(); got.Kind != kind || got.Detail["reason"] != string(reason) {
		t.Errorf("the log says %+v, want %s %s", got, kind, reason)
	}
}
