package main

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/skip2/go-qrcode"

	"evry.nl/tfa/cmd/internal/browser"
)

// qr draws a text as a QR code, as PNG.
func qr(t *testing.T, text string) []byte {
	t.Helper()
	picture, err := qrcode.Encode(text, qrcode.Medium, -5)
	must(t, err)
	return picture
}

func TestPicturesOfQRCodes(t *testing.T) {
	h := serving(t, pages(t), "127.0.0.1:0")
	picture := qr(t, rfcURI)
	asFile := fmt.Sprintf(`const data = new DataTransfer(); data.items.add(new File([Uint8Array.from(atob(%q), (c) => c.charCodeAt(0))], "x.png", {type: "image/png"}));`,
		base64.StdEncoding.EncodeToString(picture))
	for name, give := range map[string]func(b *browser.Browser){
		"chosen": func(b *browser.Browser) {
			file := filepath.Join(t.TempDir(), "qr.png")
			must(t, os.WriteFile(file, picture, 0o600))
			b.Upload("#file", file)
		},
		"pasted": func(b *browser.Browser) {
			browser.Eval[bool](b, `(() => { `+asFile+` return document.getElementById("text").dispatchEvent(new ClipboardEvent("paste", {clipboardData: data, bubbles: true, cancelable: true})) || true })()`)
		},
		"dropped": func(b *browser.Browser) {
			browser.Eval[bool](b, `(() => { `+asFile+` return document.getElementById("form").dispatchEvent(new DragEvent("drop", {dataTransfer: data, bubbles: true, cancelable: true})) || true })()`)
		},
	} {
		t.Run(name, func(t *testing.T) {
			b := browser.Start(t, "")
			b.Open(h.address + "otp/")
			b.Click("#setup")
			give(b)
			showsCodeOf(t, b, rfcBase32)
			noComplaints(t, b)
		})
	}
}

func TestPicturesWithoutACodeAreRefused(t *testing.T) {
	files := pages(t)
	h := serving(t, files, "127.0.0.1:0")
	folder := t.TempDir()
	write := func(name string, content []byte) string {
		file := filepath.Join(folder, name)
		must(t, os.WriteFile(file, content, 0o600))
		return file
	}
	b := browser.Start(t, "")
	b.Open(h.address + "otp/")
	b.Click("#setup")
	b.Upload("#file", write("icon.png", files["otp/icon-512.png"]))
	b.Reads("geen QR-code gevonden")
	b.Upload("#file", write("text.png", []byte("no picture")))
	b.Reads("geen plaatje dat de browser kan lezen")
	b.Upload("#file", write("other.png", qr(t, "https://www.evry.nl/")))
	b.Reads("Deze tekst begint niet met otpauth://")
	b.SeesNot(".code")
}

// Without the reader the page works, but for pictures.
func TestWithoutTheReaderOfPictures(t *testing.T) {
	files := pages(t)
	delete(files, "otp/qr.js")
	h := serving(t, files, "127.0.0.1:0")
	b := browser.Start(t, "")
	b.Open(h.address + "otp/")
	b.Click("#setup")
	file := filepath.Join(t.TempDir(), "qr.png")
	must(t, os.WriteFile(file, qr(t, rfcURI), 0o600))
	b.Upload("#file", file)
	b.Reads("Plaatjes lezen lukt nu niet.")
	b.Paste("#text", rfcURI)
	b.Click("#form .primary")
	showsCodeOf(t, b, rfcBase32)
}

// film writes a film of one picture in the middle of white, as a camera would
// give it: YUV4MPEG2, which is a line and then the bytes.
func film(t *testing.T, picture []byte) string {
	t.Helper()
	const width, height = 640, 480
	img, err := png.Decode(bytes.NewReader(picture))
	must(t, err)
	frame := bytes.Repeat([]byte{235}, width*height)
	at := img.Bounds().Size().Sub(image.Pt(width, height)).Div(2)
	for y := range height {
		for x := range width {
			if p := image.Pt(x, y).Add(at); p.In(img.Bounds()) {
				frame[y*width+x] = 16 + color.GrayModel.Convert(img.At(p.X, p.Y)).(color.Gray).Y/255*219
			}
		}
	}
	frame = append(frame, bytes.Repeat([]byte{128}, width*height/2)...)
	content := fmt.Appendf(nil, "YUV4MPEG2 W%d H%d F10:1 Ip A0:0 C420jpeg\n", width, height)
	for range 5 {
		content = append(append(content, "FRAME\n"...), frame...)
	}
	file := filepath.Join(t.TempDir(), "camera.y4m")
	must(t, os.WriteFile(file, content, 0o600))
	return file
}

func TestTheCamera(t *testing.T) {
	h := serving(t, pages(t), "127.0.0.1:0")
	fake, allow := chromedp.Flag("use-fake-device-for-media-stream", true), chromedp.Flag("use-fake-ui-for-media-stream", true)
	sees := chromedp.Flag("use-file-for-fake-video-capture", film(t, qr(t, rfcURI)))
	for name, test := range map[string]struct {
		flags []chromedp.ExecAllocatorOption
		says  string
	}{
		"sees_a_code": {[]chromedp.ExecAllocatorOption{fake, allow, sees}, "Hier staat voortaan de code van Evry EV-0000-1."},
		"refused":     {[]chromedp.ExecAllocatorOption{fake, chromedp.Flag("deny-permission-prompts", true)}, "De browser mag de camera niet gebruiken."},
		"none":        {[]chromedp.ExecAllocatorOption{allow}, "Er is geen camera gevonden"},
	} {
		t.Run(name, func(t *testing.T) {
			b := browser.Start(t, "", test.flags...)
			b.Open(h.address + "otp/")
			b.Click("#setup")
			b.Click("#camera")
			b.Reads(test.says)
			b.SeesNot("#video")
		})
	}
}
