package main

import (
	"slices"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/serviceworker"
	"github.com/chromedp/chromedp"

	"evry.nl/tfa/cmd/internal/browser"
)

// firstCode notes when the first code is on the screen, in milliseconds since
// the page was asked for.
const firstCode = `new MutationObserver((_, observer) => {
	if (!document.querySelector(".code")?.textContent) return;
	observer.disconnect();
	requestAnimationFrame(() => setTimeout(() => window.firstCode = performance.now()));
}).observe(document, {childList: true, subtree: true})`

// BenchmarkFirstCode measures how long a person waits for the code: in a browser
// that has the page, in one that gets all of it from the host, as after an
// update, and in one that has just been started and has more to do.
func BenchmarkFirstCode(b *testing.B) {
	for from, forget := range map[string]func(person *browser.Browser) *browser.Browser{
		"kept": func(person *browser.Browser) *browser.Browser {
			call(b, person, serviceworker.Enable)
			call(b, person, serviceworker.StopAllWorkers)
			return person
		},
		"host": func(person *browser.Browser) *browser.Browser {
			browser.Eval[bool](person, `(async () => {
				for (const one of await navigator.serviceWorker.getRegistrations()) await one.unregister();
				for (const name of await caches.keys()) await caches.delete(name);
				return true;
			})()`)
			call(b, person, network.ClearBrowserCache)
			return person
		},
		"new browser": func(person *browser.Browser) *browser.Browser {
			person.Close()
			return browser.Start(b, person.Profile)
		},
	} {
		b.Run("from="+from, func(b *testing.B) { measure(b, forget) })
	}
}

func measure(b *testing.B, forget func(person *browser.Browser) *browser.Browser) {
	h := serving(b, pages(b), "127.0.0.1:0")
	person := browser.Start(b, "")
	person.Open(h.address + "otp/")
	setUp(person, rfcURI)
	person.Sees(".code")
	var took []float64
	for b.Loop() {
		kept(person)
		person = forget(person)
		person.Open("about:blank")
		script, err := chromedp.Call(person.Context(), page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: firstCode})
		must(b, err)
		person.Open(h.address + "otp/")
		person.Until("window.firstCode")
		took = append(took, browser.Eval[float64](person, "window.firstCode"))
		_, err = chromedp.Call(person.Context(), page.RemoveScriptToEvaluateOnNewDocument, page.RemoveScriptToEvaluateOnNewDocumentParams(script))
		must(b, err)
	}
	slices.Sort(took)
	b.ReportMetric(took[len(took)/2], "p50-ms")
	b.ReportMetric(took[len(took)-1], "max-ms")
	b.ReportMetric(0, "ns/op") // of which most is the browser's, in between
}

// call calls a method of the browser that takes nothing and returns nothing.
func call(b *testing.B, person *browser.Browser, method cdp.Command[cdp.Empty, cdp.Empty]) {
	b.Helper()
	_, err := chromedp.Call(person.Context(), method, cdp.Empty{})
	must(b, err)
}
