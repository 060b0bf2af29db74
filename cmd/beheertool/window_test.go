package main

import (
	"image"
	"os"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"evry.nl/tfa/cmd/internal/clock"
	"evry.nl/tfa/cmd/internal/desktop"
	"evry.nl/tfa/cmd/internal/story"
	"evry.nl/tfa/core/otp"
)

func TestMain(m *testing.M) { os.Exit(story.Main(m, "beheertool", "tfa-admin")) }

// tool is a running tool.
type tool struct{ *story.Window }

// start starts the tool and waits for its window.
func start(t *testing.T, env []string, as *syscall.Credential, args ...string) tool {
	t.Helper()
	return tool{story.Start{
		Command: "beheertool", Args: args, Env: env, As: as, Title: "Two Factor RDP beheertool", Size: story.Large,
	}.Open(t)}
}

var sentence = regexp.MustCompile(`OTP van (\S+) is ([0-9 ]{6,})`)

// shownCode reads "OTP van … is …" beside the QR code.
func (p tool) shownCode(img *image.RGBA, qr desktop.QR) (account, code string) {
	p.T.Helper()
	area := image.Rect(qr.Bounds.Max.X+10, p.Place.Bounds.Min.Y, p.Place.Bounds.Max.X, (qr.Bounds.Min.Y+qr.Bounds.Max.Y)/2)
	text, err := desktop.ReadText(p.T.Context(), img, desktop.Reading{Area: area, Scale: 1})
	story.Must(p.T, err)
	if match := sentence.FindStringSubmatch(strings.Join(strings.Fields(text), " ")); match != nil {
		return match[1], otp.Typed(match[2]) // OCR sees gaps between digits
	}
	return "", ""
}

// codeIsRight waits until a picture of the window holds a QR code and, as text,
// the code that oathtool makes of it for that very moment.
func (p tool) codeIsRight() (secret string) {
	p.T.Helper()
	p.WaitFor("the code of the QR code", func(img *image.RGBA) bool {
		qr, found := p.Secret(img)
		if found == "" {
			return false
		}
		want, err := desktop.OathCode(p.T.Context(), found, clock.Now())
		story.Must(p.T, err)
		_, code := p.shownCode(img, qr)
		secret = found
		return code == want
	})
	return secret
}
