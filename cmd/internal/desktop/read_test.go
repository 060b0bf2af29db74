package desktop

import (
	"image"
	"strings"
	"testing"
	"time"

	"github.com/skip2/go-qrcode"
)

func TestReadQR(t *testing.T) {
	d := start(t)
	empty, err := d.Screenshot()
	if err != nil {
		t.Fatal(err)
	}
	if codes, err := ReadQR(soon(t), empty); err != nil || codes != nil {
		t.Errorf("an empty display: %v, %v", codes, err)
	}
	c := newClient(t, d, "codes", image.Rect(50, 60, 600, 400))
	texts := map[string]image.Point{
		"otpauth://totp/Evry:EV-0000-1?secret=GEZDGNBVGY3TQOJQ&issuer=Evry": {10, 10},
		`<&> "'`: {300, 100},
	}
	for text, at := range texts {
		code, err := qrcode.New(text, qrcode.Medium)
		if err != nil {
			t.Fatal(err)
		}
		c.draw(code.Image(200), at)
	}
	img, err := d.Screenshot()
	if err != nil {
		t.Fatal(err)
	}
	codes, err := ReadQR(soon(t), img)
	if err != nil || len(codes) != 2 {
		t.Fatalf("got %v, %v", codes, err)
	}
	for _, code := range codes {
		at, ok := texts[code.Text]
		if drawn := image.Rect(0, 0, 200, 200).Add(at).Add(image.Pt(50, 60)); !ok || !code.Bounds.In(drawn) || code.Bounds.Dx() < 120 {
			t.Errorf("%q at %v", code.Text, code.Bounds)
		}
	}
	// A part of a picture keeps the coordinates of the whole.
	part, err := ReadQR(soon(t), img.SubImage(image.Rect(340, 150, 600, 400)))
	if err != nil || len(part) != 1 || part[0].Bounds.Min.X < 350 || part[0].Bounds.Min.Y < 160 {
		t.Errorf("in a part: %v, %v", part, err)
	}
}

func TestReadText(t *testing.T) {
	d := start(t)
	c := newClient(t, d, "text", image.Rect(0, 0, 640, 480))
	c.print("Accounts van uw praktijk", image.Pt(40, 60))
	c.print("OTP van EV-0000-1 is 604474", image.Pt(40, 160))
	img, err := d.Screenshot()
	if err != nil {
		t.Fatal(err)
	}
	text, err := ReadText(soon(t), img, Reading{Scale: 4})
	if err != nil || !strings.Contains(text, "Accounts van uw praktijk") {
		t.Errorf("read %q, %v", text, err)
	}
	code, err := ReadText(soon(t), img, Reading{Area: image.Rect(160, 140, 220, 170), Scale: 4, Digits: true, OneLine: true})
	if err != nil || code != "604474" {
		t.Errorf("read %q, %v", code, err)
	}
}

// RFC 6238, appendix B; the last 6 of its 8 digits.
func TestOathCode(t *testing.T) {
	const secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
	for seconds, want := range map[int64]string{59: "287082", 1111111109: "081804", 20000000000: "353130"} {
		// In whatever zone the time is told.
		at := time.Unix(seconds, 0).In(time.FixedZone("", 7200))
		if got, err := OathCode(soon(t), secret, at); err != nil || got != want {
			t.Errorf("at %d s: got %s, %v, want %s", seconds, got, err, want)
		}
	}
	if code, err := OathCode(soon(t), "not base32!", time.Unix(59, 0)); err == nil || strings.Contains(err.Error(), "base32!") {
		t.Errorf("got %q, %v", code, err)
	}
}
