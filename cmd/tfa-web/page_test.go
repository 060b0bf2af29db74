package main

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"evry.nl/tfa/assets/web"
	"evry.nl/tfa/cmd/internal/browser"
	"evry.nl/tfa/cmd/internal/config"
	"evry.nl/tfa/cmd/internal/demo"
	"evry.nl/tfa/cmd/internal/stores"
	"evry.nl/tfa/core"
	"evry.nl/tfa/core/otp"
)

const (
	rfcBase32 = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
	rfcURI    = "otpauth://totp/Evry:EV-0000-1?secret=" + rfcBase32 + "&issuer=Evry&algorithm=SHA1&digits=6&period=30"

	otherBase32 = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJR"
	otherURI    = "otpauth://totp/Evry:EV-0000-2?secret=" + otherBase32 + "&issuer=Evry"
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
	return answering(t, newServer(files, false).Handler, address)
}

// answering runs a server that answers by handler.
func answering(t testing.TB, handler http.Handler, address string) host {
	t.Helper()
	listener, err := net.Listen("tcp", address)
	must(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- serve(ctx, &http.Server{Handler: handler}, listener) }()
	stop := func() {
		if ctx.Err() == nil {
			cancel()
			must(t, <-ended)
		}
	}
	t.Cleanup(stop)
	return host{"http://" + listener.Addr().String() + "/", stop}
}

// visiting serves the pages, and opens the page of codes in a new browser.
func visiting(t testing.TB) (host, *browser.Browser) {
	t.Helper()
	h := serving(t, pages(t), "127.0.0.1:0")
	b := browser.Start(t, "")
	b.Open(h.address + "otp/")
	return h, b
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

// startWith starts a browser that runs a script before those of every page.
func startWith(t testing.TB, script string, flags ...chromedp.ExecAllocatorOption) *browser.Browser {
	t.Helper()
	b := browser.Start(t, "", flags...)
	_, err := chromedp.Call(b.Context(), page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: script})
	must(t, err)
	return b
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
	h, b := visiting(t)
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

// The code is on the disk when it is on the screen.
func TestAKilledBrowserHasTheAccount(t *testing.T) {
	h, b := visiting(t)
	setUp(b, rfcURI)
	b.Sees(".code")
	b.Kill()
	b = browser.Start(t, b.Profile)
	b.Open(h.address + "otp/")
	showsCodeOf(t, b, rfcBase32)
}

func TestAPassphrase(t *testing.T) {
	const passphrase = "paard batterij nietje juist"
	h, b := visiting(t)
	b.Click("#setup")
	b.Paste("#text", rfcURI)
	b.Click("#protect summary")
	b.Paste("#passphrase", "kort")
	b.Click("#form .primary")
	b.Reads("De wachtwoordzin moet minstens 12 tekens hebben.")
	b.Paste("#passphrase", passphrase)
	b.Paste("#again", passphrase+"!")
	b.Click("#form .primary")
	b.Reads("De twee wachtwoordzinnen zijn niet gelijk.")
	b.Paste("#again", passphrase)
	b.Click("#form .primary")
	b.Sees(".code")
	setUp(b, otherURI)
	b.Until(`document.querySelectorAll(".account").length === 2`)
	b.Close()
	kept := profileHas(t, b.Profile, "12345678901234567890", rfcBase32, "EV-0000-1")
	if kept != "" {
		t.Errorf("%q stands in the files of the browser", kept)
	}

	b = browser.Start(t, b.Profile)
	b.Open(h.address + "otp/")
	b.Type("#unlock-passphrase", "paard batterij nietje fout\r")
	b.Reads("Deze wachtwoordzin klopt niet.")
	b.SeesNot(".code")
	b.Type("#unlock-passphrase", passphrase+"\r")
	showsCodeOf(t, b, rfcBase32)
	b.Click("#lock")
	b.SeesNot(".code")
	b.Sees("#unlock")
}

// profileHas returns which of the texts stands in a file of a profile.
func profileHas(t *testing.T, profile string, texts ...string) string {
	t.Helper()
	found := ""
	must(t, filepath.WalkDir(profile, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		content, err := os.ReadFile(path)
		for _, text := range texts {
			if bytes.Contains(content, []byte(text)) {
				found = text
			}
		}
		return err
	}))
	return found
}

// erase removes what the page keeps, as a cleaner does.
const erase = `new Promise((resolve, reject) => Object.assign(indexedDB.deleteDatabase("tfa-otp"), {onsuccess: () => resolve(true), onerror: reject}))`

// What another cleaner left alone tells that the codes were erased.
func TestAnErasedStoreIsSaid(t *testing.T) {
	h, b := visiting(t)
	setUp(b, rfcURI)
	b.Sees(".code")
	b.Open(h.address + "otp/icon.svg") // so that nothing holds the store
	browser.Eval[bool](b, erase)
	b.Open(h.address + "otp/")
	b.Reads("De codes die hier stonden, zijn gewist")
	setUp(b, rfcURI)
	b.Sees(".code")
	b.SeesNot("#gone-note")
}

func TestPlainHTTPIsExplained(t *testing.T) {
	h := serving(t, pages(t), "127.0.0.1:0")
	b := browser.Start(t, "", chromedp.Flag("host-resolver-rules", "MAP praktijk.test 127.0.0.1"))
	b.Open(strings.Replace(h.address, "127.0.0.1", "praktijk.test", 1) + "otp/")
	b.Reads("Deze pagina werkt alleen met https.")
	b.SeesNot("#setup")
}

// A script that can't be read is for the browser what all of them are for an old
// one: the sentence that stands in the page appears.
func TestAPageThatDoesNotStartSaysSo(t *testing.T) {
	files := pages(t)
	files["otp/page.js"] = []byte("import ... from")
	b := browser.Start(t, "")
	b.Open(serving(t, files, "127.0.0.1:0").address + "otp/")
	b.Sees("#late")
	b.SeesNot("#setup")
}

func TestWhatABrowserLacksIsExplained(t *testing.T) {
	h := serving(t, pages(t), "127.0.0.1:0")
	for name, test := range map[string]struct{ script, says string }{
		"no_store": {`indexedDB.open = () => { throw new DOMException("no", "SecurityError") }`, "Deze browser bewaart hier niets"},
		"too_old":  {`delete window.BroadcastChannel; window.BroadcastChannel = undefined`, "Deze browser is te oud om codes te maken."},
	} {
		t.Run(name, func(t *testing.T) {
			b := startWith(t, test.script)
			b.Open(h.address + "otp/")
			b.Reads(test.says)
			b.SeesNot("#setup")
		})
	}
}

// The host's clock is five minutes ahead of this computer's. When that is known,
// the button that the person goes for stays where it is.
func TestAWrongClockIsCorrectedAndSaid(t *testing.T) {
	isLooking := make(chan struct{})
	inner := newServer(pages(t), false).Handler
	h := answering(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodHead {
			<-isLooking
		}
		w.Header().Set("Date", time.Now().Add(5*time.Minute).UTC().Format(http.TimeFormat))
		inner.ServeHTTP(w, r)
	}), "127.0.0.1:0")
	b := browser.Start(t, "")
	b.Open(h.address + "otp/")
	b.Sees("#setup")
	place := func() string {
		return browser.Eval[string](b, `JSON.stringify(document.getElementById("setup").getBoundingClientRect())`)
	}
	before := place()
	close(isLooking)
	b.Sees("#clock")
	if after := place(); after != before {
		t.Errorf("the button went from %s to %s", before, after)
	}
	setUp(b, rfcURI)
	b.Reads("De klok van deze computer loopt 5 minuten achter.")
	b.Reads("Nu synchroniseren")
	key, err := otp.ParseURI(rfcURI)
	must(t, err)
	var right []string
	for _, step := range []otp.Step{9, 10, 11} {
		code, err := otp.Code(key.Secret, otp.StepAt(time.Now())+step)
		must(t, err)
		right = append(right, code)
	}
	b.Until(fmt.Sprintf(`%q.includes(document.querySelector(".account").dataset.code)`, strings.Join(right, " ")))
}

// The tool's own act of copying gives the string.
func TestTheStringOfTheToolGivesTheToolsCode(t *testing.T) {
	file, err := demo.Make(t.Context(), t.TempDir(), "nl", time.Now())
	must(t, err)
	cfg, err := config.Load(file)
	must(t, err)
	store, err := stores.Open(t.Context(), cfg, demo.Practice)
	must(t, err)
	defer store.Close()
	tool := core.Tool{Direct: core.Direct{Store: store, Rules: cfg.Rules(), Now: time.Now}}
	copied, err := tool.Copy(t.Context(), core.Actor{Account: demo.Account}, demo.Account, core.CopyURI)
	must(t, err)
	shown, err := tool.Show(t.Context(), core.Actor{Account: demo.Account}, demo.Account)
	must(t, err)
	_, b := visiting(t)
	setUp(b, copied)
	showsCodeOf(t, b, shown.Secret.Base32())
}

// RFC 6238, appendix B, and RFC 4226, appendix D.
func TestCodesOfTheRFCsInTheBrowser(t *testing.T) {
	_, b := visiting(t)
	got := browser.Eval[[]string](b, `import("./totp.js").then(async ({code, importKey, stepAt}) => {
		const key = await importKey(new TextEncoder().encode("12345678901234567890"));
		const steps = [59, 1111111109, 1111111111, 1234567890, 2000000000, 20000000000].map((s) => stepAt(s * 1000));
		return Promise.all([...steps, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9].map((step) => code(key, step)));
	})`)
	want := strings.Fields("287082 081804 050471 005924 279037 353130 755224 287082 359152 969429 338314 254676 287922 162583 399871 520489")
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
