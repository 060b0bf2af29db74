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

// walk goes through everything that a person can see in a language, and calls
// look at each screen.
func walk(t *testing.T, language string, look func(b *browser.Browser, screen string)) {
	var slow atomic.Bool // this computer's clock, by ours
	inner := newServer(pages(t), false).Handler
	h := answering(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if slow.Load() {
			w.Header().Set("Date", time.Now().Add(5*time.Minute).UTC().Format(http.TimeFormat))
		}
		inner.ServeHTTP(w, r)
	}), "127.0.0.1:0")
	b := startWith(t, scenes, chromedp.Flag("host-resolver-rules", "MAP praktijk.test 127.0.0.1"), chromedp.Flag("use-fake-device-for-media-stream", true),
		chromedp.Flag("use-fake-ui-for-media-stream", true), chromedp.Flag("use-file-for-fake-video-capture", film(t, pages(t)["otp/icon-192.png"])))
	address := h.address + "otp/" + strings.TrimPrefix(web.Document(language), "index.html")
	open := func(scene string) { b.Open(address + "?" + scene) }
	// seen looks at what a selector finds, once it is there.
	seen := func(selector, screen string) {
		b.Sees(selector)
		look(b, screen)
	}

	open("")
	seen("#setup", "start")
	browser.Eval[bool](b, `document.querySelectorAll("details").forEach((d) => d.open = true), true`)
	seen("#safe p", "explained")
	open("")
	b.Click("#setup")
	seen("#form", "form")
	b.Paste("#text", "otpauth://hotp/x?secret="+rfcBase32+"\nhttps://www.evry.nl\n123456")
	b.Click("#form .primary")
	seen("#error p", "refused")
	b.Click("#camera")
	b.Until(`document.getElementById("video").currentTime > 0`)
	seen("#video", "camera")
	b.Click("#cancel")
	setUp(b, rfcURI)
	seen(".code", "account")
	open("next")
	seen(".next-code", "next")
	open("")
	setUp(b, otherURI+"\notpauth://totp/Huisartsenpraktijk%20De%20Linde%20%26%20Zonen:PRAKTIJK%5Cm.vandenberg-jansen?secret="+strings.Repeat("A7", 16))
	b.Sees(".account:nth-child(3)")
	b.Click(".account:nth-child(2) summary")
	seen(".account:nth-child(2) .remove", "several")
	b.Click(".account:nth-child(2) .rename")
	seen("#ask", "rename")
	b.Click("#ask-no")
	b.Click(".account:nth-child(2) .remove")
	seen("#ask", "remove")
	b.Click("#ask-no")
	setUp(b, strings.Replace(rfcURI, rfcBase32, strings.Repeat("B6", 16), 1))
	seen("#ask", "replace")
	b.Click("#ask-no")
	b.Click("#wipe")
	seen("#ask", "wipe")
	b.Click("#ask-no")
	slow.Store(true)
	open("")
	seen("#clock", "clock")
	slow.Store(false)
	open("")
	b.Click("#wipe")
	b.Click("#ask-yes")
	b.Sees("#start")
	seen("#setup", "wiped")
	b.Click("#setup")
	b.Paste("#text", rfcURI)
	b.Click("#protect summary")
	b.Paste("#passphrase", "paard batterij nietje juist")
	seen("#again", "passphrase")
	b.Paste("#again", "paard batterij nietje juist")
	b.Click("#form .primary")
	seen("#lock", "protected")
	b.Click("#lock")
	seen("#unlock", "locked")
	b.Type("#unlock-passphrase", "iets anders\r")
	b.Until(`document.getElementById("unlock-error").textContent !== ""`)
	seen("#unlock", "locked-wrong")
	b.Open(h.address + "otp/icon.svg")
	browser.Eval[bool](b, erase)
	open("")
	seen("#gone-note", "gone")
	for _, scene := range []string{"no-store", "old"} {
		open(scene)
		seen("#unable", scene)
	}
	open("late")
	seen("#late", "late")
	address = strings.Replace(address, "127.0.0.1", "praktijk.test", 1)
	open("")
	seen("#unable", "insecure")
}

var themes = []string{"light", "dark"}

// The codes in the pictures are those of the RFC's secret, at one moment.
func TestShots(t *testing.T) {
	folder := *shots
	if folder == "" {
		folder = t.TempDir()
	}
	for _, language := range translations.Languages() {
		walk(t, language, func(b *browser.Browser, screen string) {
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
		walk(t, language, func(b *browser.Browser, screen string) {
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
