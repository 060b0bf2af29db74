package main

import (
	"strings"
	"testing"

	devtools "github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"

	"evry.nl/tfa/cmd/internal/browser"
)

func TestSeveralAccounts(t *testing.T) {
	h, b := visiting(t)
	setUp(b, rfcURI+"\n"+otherURI)
	b.Reads("code van Evry EV-0000-1, Evry EV-0000-2.")
	setUp(b, rfcURI)
	b.Reads("Evry EV-0000-1 staat er al in.")

	b.Click(".account:last-child summary")
	b.Click(".account:last-child .up")
	b.Until(`document.querySelector(".name").innerText === "EV-0000-2"`)
	b.Click(".account:first-child .rename")
	b.Until(`document.activeElement.id === "ask-field"`)
	b.Type("#ask-field", "Balie")
	b.Press("\r")
	b.Reads("Het account heet nu Balie.")
	b.Click(".account:first-child .remove")
	b.Press("\r") // the question begins at no
	b.SeesNot("#ask")
	b.Click(".account:first-child .remove")
	b.Click("#ask-yes")
	b.Reads("Evry Balie is verwijderd van deze computer.")
	showsCodeOf(t, b, rfcBase32)
	b.Click("#wipe")
	b.Click("#ask-yes")
	b.Reads("Alles is gewist op deze computer.")
	b.SeesNot(".code")
	b.Open(h.address + "otp/")
	b.Sees("#start")
	b.SeesNot("#gone-note")
	noComplaints(t, b)
}

// What is on the clipboard is said on its button, and is the code without a space.
func TestCopying(t *testing.T) {
	b := startWith(t, `Date.now = () => 1111111109000`) // with a new code the button is as before
	b.Open(serving(t, pages(t), "127.0.0.1:0").address + "otp/")
	setUp(b, otherURI+"\n"+rfcURI)
	allowClipboard(t, b, "denied")
	b.Click(".copy")
	b.Reads("Het klembord is niet bereikbaar. Typ de code van Evry EV-0000-2 over.")
	allowClipboard(t, b, "granted")
	b.Click(".copy")
	b.Reads("De code van Evry EV-0000-2 staat op het klembord.")
	b.Click(".account:last-child .code")
	b.Reads("De code van Evry EV-0000-1 staat op het klembord.")
	if labels := browser.Eval[string](b, `[...document.querySelectorAll(".copy")].map((button) => button.innerText).join(" ")`); labels != "Kopieer Gekopieerd" {
		t.Errorf("the buttons say %q", labels)
	}
	b.Click("#setup")
	b.Sees("#text")
	_, err := chromedp.Call(b.Context(), input.DispatchKeyEvent, input.DispatchKeyEventParams{Type: input.DispatchKeyEventTypeKeyDown, Key: "v", Modifiers: 2, Commands: []string{"paste"}})
	must(t, err)
	b.Until(`document.getElementById("text").value !== ""`)
	if pasted := browser.Eval[string](b, `document.getElementById("text").value`); pasted != "081804" { // RFC 6238, appendix B
		t.Errorf("%q was pasted", pasted)
	}
}

func allowClipboard(t *testing.T, b *browser.Browser, setting devtools.PermissionSetting) {
	t.Helper()
	permission := devtools.SetPermissionParams{Permission: &devtools.PermissionDescriptor{Name: "clipboard-write"}, Setting: setting}
	_, err := chromedp.Call(b.Context(), devtools.SetPermission, permission)
	must(t, err)
}

// Making a code takes long here, as on a slow computer that is busy: nobody then
// sees an account without its code, or is told of a change before it is to be seen.
func TestTheListIsNeverHalf(t *testing.T) {
	const slow = `(() => {
		const sign = SubtleCrypto.prototype.sign;
		SubtleCrypto.prototype.sign = async function (...args) {
			await new Promise((resolve) => setTimeout(resolve, 100));
			return sign.apply(this, args);
		};
		new MutationObserver(() => {
			const codes = [...document.querySelectorAll(".code")].map((code) => code.textContent);
			const says = document.getElementById("status")?.textContent ?? "";
			window.half ??= codes.includes("") || says.includes("verwijderd") && codes.length > 1 ? codes + says : undefined;
		}).observe(document, {childList: true, subtree: true, characterData: true});
	})()`
	b := startWith(t, slow)
	b.Open(serving(t, pages(t), "127.0.0.1:0").address + "otp/")
	setUp(b, rfcURI+"\n"+otherURI)
	b.Click(".account:last-child summary")
	b.Click(".account:last-child .up")
	b.Reads("Evry EV-0000-2 is verplaatst.")
	b.Click(".account:first-child .remove")
	b.Click("#ask-yes")
	b.Reads("Evry EV-0000-2 is verwijderd van deze computer.")
	showsCodeOf(t, b, rfcBase32)
	if half := browser.Eval[string](b, `window.half ?? ""`); half != "" {
		t.Errorf("for a moment the page showed %q", half)
	}
}

// The browser is late in telling that a question was closed, and the person asks
// for the next one before.
func TestAQuestionTakesNoEarlierAnswer(t *testing.T) {
	const late = `addEventListener("close", (event) => {
		if (!event.isTrusted) return;
		event.stopImmediatePropagation();
		window.tell = () => event.target.dispatchEvent(new Event("close"));
	}, true)`
	b := startWith(t, late)
	b.Open(serving(t, pages(t), "127.0.0.1:0").address + "otp/")
	setUp(b, rfcURI)
	b.Click("#wipe")
	b.Click("#ask-no")
	b.Until("window.tell")
	b.Click("#wipe")
	browser.Eval[bool](b, "tell(), true")
	b.Click("#ask-yes")
	browser.Eval[bool](b, "tell(), true")
	b.Reads("Alles is gewist op deze computer.")
}

// After a reset the same account comes with another secret.
func TestAResetAccountIsReplaced(t *testing.T) {
	_, b := visiting(t)
	setUp(b, rfcURI)
	b.Sees(".code")
	setUp(b, strings.Replace(rfcURI, rfcBase32, otherBase32, 1))
	b.Click("#ask-yes")
	b.Until(`document.querySelectorAll(".account").length === 1`)
	b.SeesNot("#form")
	showsCodeOf(t, b, otherBase32)
}
