package main

import (
	"context"
	"net"
	"slices"
	"testing"
	"time"

	"evry.nl/tfa/assets/web"
	"evry.nl/tfa/cmd/internal/browser"
	"evry.nl/tfa/core/otp"
)

const (
	rfcBase32 = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
	rfcURI    = "otpauth://totp/Evry:EV-0000-1?secret=" + rfcBase32 + "&issuer=Evry&algorithm=SHA1&digits=6&period=30"
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// host is a running tfa-web serve.
type host struct {
	address string // of the site, with a / at its end
	stop    func()
}

// serving runs the server with files, on an address, until the test ends.
func serving(t testing.TB, files map[string][]byte, address string) host {
	t.Helper()
	listener, err := net.Listen("tcp", address)
	must(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- serve(ctx, newServer(files, false), listener) }()
	stop := func() {
		if ctx.Err() == nil {
			cancel()
			must(t, <-ended)
		}
	}
	t.Cleanup(stop)
	return host{"http://" + listener.Addr().String() + "/", stop}
}

func pages(t testing.TB) map[string][]byte {
	t.Helper()
	files, err := web.Files()
	must(t, err)
	return files
}

// codesNow returns the codes that are right now, or were or will be in a moment.
func codesNow(t testing.TB, base32 string) []string {
	t.Helper()
	key, err := otp.ParseURI("otpauth://totp/x?secret=" + base32)
	must(t, err)
	var codes []string
	for _, step := range []otp.Step{-1, 0, 1} {
		code, err := otp.Code(key.Secret, otp.StepAt(time.Now())+step)
		must(t, err)
		codes = append(codes, code)
	}
	return codes
}

// showsCodeOf fails if the first account does not show the code of a secret.
func showsCodeOf(t testing.TB, b *browser.Browser, base32 string) {
	t.Helper()
	if code := b.Text(".code"); !slices.Contains(codesNow(t, base32), joined(code)) {
		t.Errorf("the page shows %q, and %q are right", code, codesNow(t, base32))
	}
}

// joined takes the two groups of a code together.
func joined(code string) string { return otp.Typed(code) }

// setUp pastes a text and presses OK.
func setUp(b *browser.Browser, text string) {
	b.Click("#setup")
	b.Paste("#text", text)
	b.Click("#form .primary")
}

// noComplaints fails if the browser had something to say.
func noComplaints(t testing.TB, b *browser.Browser) {
	t.Helper()
	for _, complaint := range b.Complaints() {
		t.Errorf("the browser complains: %s", complaint)
	}
}

// kept waits until the service worker has all files of the page.
func kept(b *browser.Browser) {
	b.Until(`navigator.serviceWorker.ready.then((r) => r.active.state === "activated")`)
}

func TestACodeAtEveryVisit(t *testing.T) {
	h := serving(t, pages(t), "127.0.0.1:0")
	b := browser.Start(t, "")
	b.Open(h.address + "otp/")
	if button := b.Text("#setup"); button != "Instellen" {
		t.Errorf("the button says %q", button)
	}
	setUp(b, rfcURI)
	b.Reads("Klaar. Hier staat voortaan de code van Evry EV-0000-1.")
	showsCodeOf(t, b, rfcBase32)
	kept(b)
	noComplaints(t, b)
	b.Close()
	h.stop()

	b = browser.Start(t, b.Profile)
	b.Open(h.address + "otp/")
	showsCodeOf(t, b, rfcBase32)
	noComplaints(t, b)
}
