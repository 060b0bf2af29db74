// Package browser drives a real Chromium in tests: what a person does with a
// page, and what she then sees.
package browser

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// patience is how long a page may take to show what it must, on a machine that
// is busy with other tests.
const patience = 60 * time.Second

// Browser is a Chromium with one tab.
type Browser struct {
	// Profile is the folder of what it keeps. A browser that is started on the
	// same one is that person's browser after a restart.
	Profile string
	t       testing.TB
	ctx     context.Context
	cancel  context.CancelFunc

	mu         sync.Mutex
	complaints []string
}

// Start starts a browser on a profile, or on a new one if it is "".
func Start(t testing.TB, profile string, flags ...chromedp.ExecAllocatorOption) *Browser {
	t.Helper()
	if profile == "" {
		profile = t.TempDir()
	}
	options := append([]chromedp.ExecAllocatorOption{
		chromedp.ExecPath("chromium"), chromedp.UserDataDir(profile), chromedp.Headless, chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.NoFirstRun, chromedp.NoDefaultBrowserCheck, chromedp.WindowSize(1024, 900), chromedp.Flag("lang", "nl"),
		chromedp.Flag("hide-scrollbars", true), chromedp.Flag("password-store", "basic"), chromedp.Flag("disable-dev-shm-usage", true),
		chromedp.Flag("disable-background-networking", true), chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-sync", true),
		chromedp.Flag("disable-domain-reliability", true), chromedp.Flag("disable-quic", true),
	}, flags...)
	allocator, stop := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, cancel := chromedp.NewContext(allocator)
	b := &Browser{Profile: profile, t: t, ctx: ctx, cancel: func() { cancel(); stop() }}
	t.Cleanup(b.cancel)
	b.do(ctx)
	b.must(chromedp.Listen(ctx, b.hear))
	_, err := chromedp.Call(ctx, log.Enable, cdp.Empty{})
	b.must(err)
	return b
}

// hear keeps what goes wrong in the page.
func (b *Browser) hear(event any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch e := event.(type) {
	case *log.EventEntryAdded:
		if e.Entry.Level != log.EntryLevelVerbose {
			b.complaints = append(b.complaints, fmt.Sprintf("%s: %s", e.Entry.Source, e.Entry.Text))
		}
	case *runtime.EventExceptionThrown:
		b.complaints = append(b.complaints, "exception: "+e.ExceptionDetails.Text+" "+describe(e.ExceptionDetails.Exception))
	case *runtime.EventConsoleAPICalled:
		text := "console:"
		for _, arg := range e.Args {
			text += " " + describe(arg)
		}
		b.complaints = append(b.complaints, text)
	}
}

func describe(object *runtime.RemoteObject) string {
	if object == nil {
		return ""
	}
	return object.Description + string(object.Value)
}

// Complaints returns what the browser had to say since the last time: errors,
// what a policy forbade, what the page wrote to the console.
func (b *Browser) Complaints() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	said := b.complaints
	b.complaints = nil
	return said
}

func (b *Browser) must(err error) {
	b.t.Helper()
	if err != nil {
		b.t.Fatal(err)
	}
}

// do runs steps, or fails if they take too long.
func (b *Browser) do(ctx context.Context, steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	if len(steps) > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, patience)
		defer cancel()
	}
	b.must(chromedp.Do(ctx, steps...))
}

// Context is what chromedp wants, for what is not here.
func (b *Browser) Context() context.Context { return b.ctx }

// Open goes to an address, or loads the page anew.
func (b *Browser) Open(address string) {
	b.t.Helper()
	b.do(b.ctx, chromedp.Navigate(address))
}

// Click clicks on what a selector finds, once it can be seen.
func (b *Browser) Click(selector string) {
	b.t.Helper()
	b.Sees(selector)
	b.do(b.ctx, chromedp.Click(chromedp.CSS(selector)))
}

// Type types into a field, key by key.
func (b *Browser) Type(selector, text string) {
	b.t.Helper()
	b.Sees(selector)
	b.do(b.ctx, chromedp.SendKeys(chromedp.CSS(selector), text))
}

// Press presses keys, wherever the focus is.
func (b *Browser) Press(keys string, options ...chromedp.KeyOption) {
	b.t.Helper()
	b.do(b.ctx, chromedp.KeyEvent(keys, options...))
}

// Paste puts text into a field at once, as pasting does.
func (b *Browser) Paste(selector, text string) {
	b.t.Helper()
	b.Sees(selector)
	Eval[bool](b, fmt.Sprintf(`document.querySelector(%s).focus(), document.execCommand("selectAll"), document.execCommand("insertText", false, %s)`, quote(selector), quote(text)))
}

// Upload chooses files in a field for files.
func (b *Browser) Upload(selector string, files ...string) {
	b.t.Helper()
	b.do(b.ctx, chromedp.SetUploadFiles(chromedp.CSS(selector), files))
}

// Eval returns the value of an expression in the page, after a promise is kept.
func Eval[T any](b *Browser, expression string) T {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	value, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
	if err != nil {
		b.t.Fatalf("%v\nof %.400s", err, expression)
	}
	return value
}

// Until waits for an expression to become true; an exception is not. It asks
// once a frame.
func (b *Browser) Until(expression string) {
	b.t.Helper()
	const wait = `new Promise((resolve, reject) => {
		const until = performance.now() + %d;
		const holds = async () => { try { return await (%s) } catch { return false } };
		const look = async () => {
			if (await holds()) resolve(true);
			else if (performance.now() > until) reject(new Error("not in time; the page says: " + document.body.innerText));
			else setTimeout(look, 15);
		};
		look();
	})`
	Eval[bool](b, fmt.Sprintf(wait, (patience-10*time.Second).Milliseconds(), expression))
}

// visible is an expression for what a selector finds and a person sees.
func visible(selector string) string {
	return fmt.Sprintf(`document.querySelector(%s)?.checkVisibility({visibilityProperty: true}) ?? false`, quote(selector))
}

// Sees waits until what a selector finds is to be seen.
func (b *Browser) Sees(selector string) {
	b.t.Helper()
	b.Until(visible(selector))
}

// SeesNot waits until nothing that a selector finds is to be seen.
func (b *Browser) SeesNot(selector string) {
	b.t.Helper()
	b.Until("!(" + visible(selector) + ")")
}

// Reads waits until the page shows a text.
func (b *Browser) Reads(text string) {
	b.t.Helper()
	b.Until(fmt.Sprintf(`document.body.innerText.replace(/\s+/g, " ").includes(%s)`, quote(text)))
}

// Text returns the text of what a selector finds, as it is shown.
func (b *Browser) Text(selector string) string {
	b.t.Helper()
	b.Sees(selector)
	return strings.TrimSpace(Eval[string](b, fmt.Sprintf(`document.querySelector(%s).innerText`, quote(selector))))
}

// quote returns a text as JavaScript writes it.
func quote(text string) string {
	quoted, _ := json.Marshal(text) // text always has JSON
	return string(quoted)
}

// Resize gives the window other sizes, in pixels of CSS.
func (b *Browser) Resize(width, height int) {
	b.t.Helper()
	b.do(b.ctx, chromedp.EmulateViewport(int64(width), int64(height)))
}

// Prefer sets what the person prefers, like "prefers-color-scheme" "dark".
func (b *Browser) Prefer(feature, value string) {
	b.t.Helper()
	_, err := chromedp.Call(b.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: feature, Value: value}}})
	b.must(err)
}

// Shot draws the whole page into a PNG file.
func (b *Browser) Shot(file string) {
	b.t.Helper()
	picture, err := chromedp.Run(b.ctx, chromedp.FullScreenshot(100))
	b.must(err)
	b.must(os.MkdirAll(filepath.Dir(file), 0o755))
	b.must(os.WriteFile(file, picture, 0o644))
}

// Close ends the browser as a person does.
func (b *Browser) Close() {
	b.t.Helper()
	b.must(chromedp.Cancel(b.ctx))
	b.cancel()
}

// Kill ends the browser at once, as a power cut does to it.
func (b *Browser) Kill() {
	b.t.Helper()
	b.must(chromedp.FromContext(b.ctx).Browser.Process().Kill())
	b.cancel()
}
