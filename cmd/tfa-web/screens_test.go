package main

import (
	"embed"
	"flag"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"evry.nl/tfa/assets/translations"
	"evry.nl/tfa/assets/web"
	"evry.nl/tfa/cmd/internal/browser"
	"evry.nl/tfa/cmd/internal/npm"
)

// shots is where the pictures go; they are made, and thrown away, without it.
var shots = flag.String("shots", "", "keep a picture of every screen in this `folder`")

// scenes changes what the page finds, by what stands behind its address. Its
// clock stands still, so that pictures differ only where screens do.
const scenes = `(() => {
	const scene = location.search.slice(1);
	const time = scene === "next" ? 1767225623000 : 1767225605000;
	Date.now = () => time;
	if (scene === "no-store") indexedDB.open = () => { throw new DOMException("no", "SecurityError") };
	if (scene === "old") window.BroadcastChannel = undefined;
	if (scene === "late") document.getElementById = undefined;
})()`

// walk is a walk through everything that a person can see in a language.
type walk struct {
	*browser.Browser
	address string      // of the page
	isSlow  atomic.Bool // this computer's clock, by the host's
	look    func(b *browser.Browser, screen string)
}

// walkThrough calls look at each screen.
func walkThrough(t *testing.T, language string, look func(b *browser.Browser, screen string)) {
	w := &walk{look: look}
	inner := newServer(pages(t), false).Handler
	h := answering(t, http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
		if w.isSlow.Load() {
			out.Header().Set("Date", time.Now().Add(5*time.Minute).UTC().Format(http.TimeFormat))
		}
		inner.ServeHTTP(out, r)
	}), "127.0.0.1:0")
	w.Browser = startWith(t, scenes, chromedp.Flag("host-resolver-rules", "MAP praktijk.test 127.0.0.1"), chromedp.Flag("use-fake-device-for-media-stream", true),
		chromedp.Flag("use-fake-ui-for-media-stream", true), chromedp.Flag("use-file-for-fake-video-capture", film(t, pages(t)["otp/icon-192.png"])))
	w.address = h.address + "otp/" + strings.TrimPrefix(web.Document(language), "index.html")
	w.settingUp()
	w.accounts()
	w.passphrase()
	w.Open(h.address + "otp/icon.svg") // so that nothing holds the store
	browser.Eval[bool](w.Browser, erase)
	w.troubles()
}

// scene opens the page in a scene.
func (w *walk) scene(scene string) { w.Open(w.address + "?" + scene) }

// seen looks at a screen once what a selector finds is there.
func (w *walk) seen(selector, screen string) {
	w.Sees(selector)
	w.look(w.Browser, screen)
}

// settingUp goes as far as the first account.
func (w *walk) settingUp() {
	w.scene("")
	w.seen("#setup", "start")
	browser.Eval[bool](w.Browser, `document.querySelectorAll("details").forEach((d) => d.open = true), true`)
	w.seen("#safe p", "explained")
	w.scene("")
	w.Click("#setup")
	w.seen("#form", "form")
	w.Paste("#text", "otpauth://hotp/x?secret="+rfcBase32+"\nhttps://www.evry.nl\n123456")
	w.Click("#form .primary")
	w.seen("#error p", "refused")
	w.Click("#camera")
	w.Until(`document.getElementById("video").currentTime > 0`)
	w.seen("#video", "camera")
	w.Click("#cancel")
}

// accounts shows what can be done with them.
func (w *walk) accounts() {
	setUp(w.Browser, rfcURI)
	w.seen(".code", "account")
	w.scene("next")
	w.seen(".next-code", "next")
	w.scene("")
	setUp(w.Browser, otherURI+"\notpauth://totp/Huisartsenpraktijk%20De%20Linde%20%26%20Zonen:PRAKTIJK%5Cm.vandenberg-jansen?secret="+strings.Repeat("A7", 16))
	w.Sees(".account:nth-child(3)")
	w.Click(".account:nth-child(2) summary")
	w.seen(".account:nth-child(2) .remove", "several")
	w.Click(".account:nth-child(2) .rename")
	w.seen("#ask", "rename")
	w.Click("#ask-no")
	w.Click(".account:nth-child(2) .remove")
	w.seen("#ask", "remove")
	w.Click("#ask-no")
	setUp(w.Browser, strings.Replace(rfcURI, rfcBase32, strings.Repeat("B6", 16), 1))
	w.seen("#ask", "replace")
	w.Click("#ask-no")
	w.Sees(".account:nth-child(4)")
	w.SeesNot("#form")
	w.Click("#wipe")
	w.seen("#ask", "wipe")
	w.Click("#ask-no")
	w.isSlow.Store(true)
	w.scene("")
	w.seen("#clock", "clock")
	w.isSlow.Store(false)
}

// passphrase begins anew, with one.
func (w *walk) passphrase() {
	w.scene("")
	w.Click("#wipe")
	w.Click("#ask-yes")
	w.Sees("#start")
	w.seen("#setup", "wiped")
	w.Click("#setup")
	w.Paste("#text", rfcURI)
	w.Click("#protect summary")
	w.Paste("#passphrase", "paard batterij nietje juist")
	w.seen("#again", "passphrase")
	w.Paste("#again", "paard batterij nietje juist")
	w.Click("#form .primary")
	w.seen("#lock", "protected")
	w.Click("#lock")
	w.seen("#unlock", "locked")
	w.Type("#unlock-passphrase", "iets anders\r")
	w.Until(`document.getElementById("unlock-error").textContent !== ""`)
	w.seen("#unlock", "locked-wrong")
}

// troubles shows what is said when something is wrong.
func (w *walk) troubles() {
	w.scene("")
	w.seen("#gone-note", "gone")
	for _, scene := range []string{"no-store", "old"} {
		w.scene(scene)
		w.seen("#unable", scene)
	}
	w.scene("late")
	w.seen("#late", "late")
	w.address = strings.Replace(w.address, "127.0.0.1", "praktijk.test", 1)
	w.scene("")
	w.seen("#unable", "insecure")
}

var themes = []string{"light", "dark"}

// The codes in the pictures are those of the RFC's secret, at one moment.
func TestShots(t *testing.T) {
	folder := *shots
	if folder == "" {
		folder = t.TempDir()
	}
	for _, language := range translations.Languages() {
		walkThrough(t, language, func(b *browser.Browser, screen string) {
			for _, width := range []int{320, 1024} {
				b.Resize(width, 640)
				for _, theme := range themes {
					b.Prefer("prefers-color-scheme", theme)
					b.Shot(filepath.Join(folder, fmt.Sprintf("otp-%s-%s-%s-%d.png", screen, language, theme, width)))
				}
			}
		})
	}
}

//go:embed testdata/npm
var npmFiles embed.FS

// axe returns the rules for people with disabilities, of npm's axe-core.
func axe(t *testing.T) string {
	t.Helper()
	files, err := fs.Sub(npmFiles, "testdata/npm")
	must(t, err)
	folder, err := npm.Folder(t.Context(), files)
	must(t, err)
	script, err := os.ReadFile(filepath.Join(folder, "node_modules", "axe-core", "axe.min.js"))
	must(t, err)
	return string(script)
}

func TestAxeFindsNothing(t *testing.T) {
	script := axe(t)
	for _, language := range translations.Languages() {
		walkThrough(t, language, func(b *browser.Browser, screen string) {
			b.Resize(320, 640)
			browser.Eval[bool](b, script+`; true`)
			for _, theme := range themes {
				b.Prefer("prefers-color-scheme", theme)
				found := browser.Eval[string](b, `axe.run().then((r) => r.violations.flatMap((v) => v.nodes.map((n) => v.id + ": " + n.html)).join("\n"))`)
				if found != "" {
					t.Errorf("%s, %s, %s: %s", screen, language, theme, found)
				}
			}
			if browser.Eval[bool](b, `document.documentElement.scrollWidth > 320`) {
				t.Errorf("%s, %s: it is wider than the window", screen, language)
			}
			b.Resize(1024, 900)
		})
	}
}
