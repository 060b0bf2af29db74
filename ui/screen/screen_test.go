package screen

import (
	"bytes"
	"context"
	"errors"
	"image"
	"image/png"
	"os/exec"
	"strings"
	"testing"
	"time"

	"evry.nl/tfa/assets/translations"
	"evry.nl/tfa/core"
	"evry.nl/tfa/core/otp"
	"evry.nl/tfa/storage/practicetest"
	"evry.nl/tfa/ui/console"
	"evry.nl/tfa/ui/present"
)

// glass is a surface that keeps what it shows.
type glass struct{ shown chan *image.RGBA }

func (g glass) show(img *image.RGBA) error {
	select {
	case <-g.shown: // nobody looked
	default:
	}
	g.shown <- img
	return nil
}

func (g glass) close() {}

// over returns a screen on glass of a size, and what types on it.
func over(size image.Point) (*Screen, glass, chan<- event) {
	g, events := glass{make(chan *image.RGBA, 1)}, make(chan event)
	s := &Screen{surface: g, size: size, footer: "Esc = niet inloggen", lines: make(chan string, ahead), ended: make(chan struct{})}
	go s.follow(events)
	return s, g, events
}

// sizes are those of the screens that people have, and of one that has shrunk.
var sizes = map[string]image.Point{
	"small": {X: 800, Y: 600}, "usual": {X: 1024, Y: 768}, "wide": {X: 1920, Y: 1080}, "high": {X: 1080, Y: 1920}, "large": {X: 3840, Y: 2160},
}

// At the first logon the QR code stands there with everything that a person needs
// beside it, on every screen, and a program that shares nothing with ours reads it.
func TestTheFirstLogonFitsAndItsQRCodeCanBeScanned(t *testing.T) {
	for name, size := range sizes {
		t.Run(name, func(t *testing.T) {
			p := practicetest.SwitchedOn(t)
			s, g, events := over(size)
			outcome := make(chan present.Outcome)
			texts, err := translations.For("nl")
			p.Must(err)
			asked := make(chan struct{})
			go func() {
				outcome <- console.Console{Logon: present.Logon{
					Verifier: p.Gate(), Actor: practicetest.Actor("EV-0000-4"), Texts: texts, Now: p.Clock, Zone: time.UTC,
					TransitionDays: p.Rules.TransitionDays,
				}, Terminal: s, Timeout: time.Minute, Ready: func() { close(asked) }}.Run(t.Context())
			}()
			<-asked
			img := <-g.shown
			prompt, err := p.Gate().Prompt(t.Context(), practicetest.Actor("EV-0000-4"))
			p.Must(err)
			if got := scan(t, img); !strings.HasPrefix(got, "otpauth://totp/") || !strings.Contains(got, prompt.Secret.Base32()) {
				t.Errorf("zbarimg reads %d characters that are not the key", len(got))
			}
			code, err := otp.Code(prompt.Secret, otp.StepAt(p.Now))
			p.Must(err)
			for _, key := range code + string(enter) {
				events <- event{key: key}
			}
			if got := <-outcome; got != present.Yes {
				t.Errorf("outcome %d", got)
			}
			if last := p.LastEvent(); last.Kind != core.LogonOTP {
				t.Errorf("the log says %s", last.Kind)
			}
		})
	}
}

// scan returns the QR code in a picture, as zbarimg reads it.
func scan(t *testing.T, img image.Image) string {
	t.Helper()
	var encoded bytes.Buffer
	if err := png.Encode(&encoded, img); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "zbarimg", "--quiet", "--raw", "-Sdisable", "-Sqrcode.enable", "png:-")
	cmd.Stdin = &encoded
	out, err := cmd.Output()
	if err != nil {
		t.Errorf("zbarimg: %v", err)
	}
	return strings.TrimSpace(string(out))
}

// What is typed comes as lines, as it stood there when Enter was pressed.
func TestLines(t *testing.T) {
	for name, tc := range map[string]struct {
		typed string
		want  []string
	}{
		"a_code":                    {"123456\r", []string{"123456"}},
		"nothing":                   {"\r", []string{""}},
		"two":                       {"1\r2\r", []string{"1", "2"}},
		"a_slip_mended":             {"129\b3\r", []string{"123"}},
		"more_taken_back_than_was":  {"1\b\b\b2\r", []string{"2"}},
		"letters_beyond_ASCII":      {"é\bë\r", []string{"ë"}},
		"what_is_no_character":      {"1\x00\t\x7f2\r", []string{"12"}},
		"as_much_as_a_line_may_be":  {strings.Repeat("9", 3*longest) + "\r", []string{strings.Repeat("9", longest)}},
		"what_was_not_finished_yet": {"12", nil},
	} {
		t.Run(name, func(t *testing.T) {
			s, _, events := over(sizes["usual"])
			for _, key := range tc.typed {
				events <- event{key: key}
			}
			close(events)
			<-s.ended
			var lines []string
			for len(s.lines) > 0 {
				lines = append(lines, <-s.lines)
			}
			if strings.Join(lines, "|") != strings.Join(tc.want, "|") || len(lines) != len(tc.want) {
				t.Errorf("got %q, want %q", lines, tc.want)
			}
		})
	}
}

// Escape, a window that is closed and a screen that is gone are all the same: the
// person has left.
func TestLeaving(t *testing.T) {
	for name, leave := range map[string]func(chan<- event){
		"escape": func(events chan<- event) { events <- event{key: escape} },
		"closed": func(events chan<- event) { events <- event{closed: true} },
		"gone":   func(events chan<- event) { close(events) },
	} {
		t.Run(name, func(t *testing.T) {
			s, _, events := over(sizes["usual"])
			leave(events)
			if _, err := s.ReadLine(t.Context()); !errors.Is(err, console.ErrClosed) {
				t.Errorf("got %v", err)
			}
		})
	}
	s, _, _ := over(sizes["usual"])
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.ReadLine(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

// A session that comes back at another size is drawn anew at that size.
func TestAnotherSize(t *testing.T) {
	_, g, events := over(sizes["usual"])
	events <- event{size: sizes["wide"]}
	if got := (<-g.shown).Rect.Size(); got != sizes["wide"] {
		t.Errorf("it has %v", got)
	}
}
