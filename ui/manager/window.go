// Package manager draws the management tool: the window in which a practice
// sees its accounts, QR codes and live codes, and its log.
package manager

import (
	"context"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	fynewidget "fyne.io/fyne/v2/widget"

	"evry.nl/tfa/core"
	"evry.nl/tfa/ui/clip"
	"evry.nl/tfa/ui/door"
	"evry.nl/tfa/ui/present"
	"evry.nl/tfa/ui/widget"
)

// patience is how long the store may take before the window says so.
const patience = 15 * time.Second

// reloadEvery is how often the window looks even if nothing seems to have
// changed: a day of the transition ends without anybody doing anything.
const reloadEvery = time.Minute

// Window is the tool's main window.
type Window struct {
	tool present.Tool
	door door.Door
	clip *clip.Holder
	app  fyne.App
	win  fyne.Window
	log  *logWindow // nil before it was opened

	snapshot present.Snapshot
	view     present.View
	live     present.Live
	selected string
	loadedAt time.Time
	loading  bool   // a load is on its way
	again    bool   // and another must follow
	asking   bool   // a look at the version is on its way
	failing  bool   // the last load failed
	logged   string // the fault that stands in the program's log already

	picker   *widget.Picker
	accounts *fyne.Container // the picker with its heading
	openLog  *widget.Button
	banner   *fynewidget.Label
	off      *offScreen
	on       *onScreen
	scan     *scanDialog
	wait     *fynewidget.Label
	whoami   *fynewidget.Label
	status   *fynewidget.Label
}

// New makes the window; Start shows it.
func New(app fyne.App, tool present.Tool, through door.Door, board clip.Board) *Window {
	w := &Window{tool: tool, door: through, clip: clip.NewHolder(board), app: app}
	w.win = app.NewWindow(w.text("tool.title", nil))
	w.picker = widget.NewPicker(w.pickerTexts("tool.choose"), w.choose)
	w.openLog = widget.NewButton(w.text("tool.show_log", nil), w.showLog)
	w.banner = fynewidget.NewLabel("")
	w.banner.Wrapping, w.banner.Importance = fyne.TextWrapWord, fynewidget.DangerImportance
	w.banner.TextStyle.Bold = true
	w.banner.Hide()
	w.off, w.on, w.scan = newOffScreen(w), newOnScreen(w), newScanDialog(w)
	w.wait = fynewidget.NewLabelWithStyle(w.text("tool.loading", nil), fyne.TextAlignCenter, fyne.TextStyle{})
	w.whoami, w.status = fynewidget.NewLabel(""), fynewidget.NewLabel("")
	w.status.Alignment, w.status.Truncation = fyne.TextAlignTrailing, fyne.TextTruncateEllipsis
	w.win.SetContent(w.layout())
	w.win.Resize(widget.RememberedSize(app, "tool", fyne.NewSize(900, 660)))
	w.win.SetMaster()
	w.win.SetCloseIntercept(func() {
		w.clip.Clear() // on Windows the clipboard outlives the window
		w.win.Close()
	})
	return w
}

func (w *Window) layout() fyne.CanvasObject {
	heading := fynewidget.NewLabelWithStyle(w.text("tool.accounts", nil), fyne.TextAlignLeading, fyne.TextStyle{Bold: true})
	w.accounts = border(nil, nil, heading, nil, w.picker)
	top := border(nil, nil, nil, w.openLog, w.accounts)
	bottom := border(nil, nil, w.whoami, nil, w.status)
	center := container.NewStack(container.NewCenter(w.wait), w.off.content, w.on.content)
	w.off.content.Hide()
	w.on.content.Hide()
	return container.NewPadded(border(
		container.NewVBox(top, w.banner, fynewidget.NewSeparator()),
		container.NewVBox(fynewidget.NewSeparator(), bottom),
		nil, nil, container.New(paddedLayout(2*theme.Padding()), center)))
}

// Start shows the window and loads what it shows.
func (w *Window) Start() {
	w.win.Show()
	w.Reload()
}

// Canvas returns what the window is drawn on.
func (w *Window) Canvas() fyne.Canvas { return w.win.Canvas() }

// Reload loads the state of the practice and shows it. What is on its way
// already is followed by another load, so that the last word is the latest.
func (w *Window) Reload() {
	if w.loading {
		w.again = true
		return
	}
	w.loading, w.again = true, false
	selected, previous := w.selected, w.snapshot
	w.door(func() func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		snapshot, err := w.tool.Load(ctx, selected, previous)
		return func() { w.loaded(snapshot, err) }
	})
}

func (w *Window) loaded(snapshot present.Snapshot, err error) {
	w.loading, w.failing, w.loadedAt = false, err != nil, w.tool.Now()
	switch {
	case w.again:
		w.Reload()
		if err != nil {
			return
		}
	case err != nil:
		w.complain(err)
		return
	}
	w.banner.Hide()
	if w.log != nil && snapshot.Version != w.snapshot.Version {
		w.log.reload()
	}
	w.snapshot, w.view = snapshot, w.tool.View(snapshot)
	w.draw()
}

// complain says what went wrong, above what was shown before.
func (w *Window) complain(err error) {
	w.banner.SetText(present.Sentence(w.tool.Texts, err))
	w.banner.Show()
	if w.view.LoggedOnAs == "" {
		w.wait.Hide() // there is nothing to wait for
	}
	if w.logged != err.Error() { // a store that is gone is asked for every second
		w.logged = err.Error()
		fyne.LogError("the tool could not do what was asked", err)
	}
}

// draw shows the view.
func (w *Window) draw() {
	w.wait.Hide()
	w.whoami.SetText(w.view.LoggedOnAs)
	choices := make([]widget.Choice, 0, len(w.view.Choices))
	for _, c := range w.view.Choices {
		choices = append(choices, widget.Choice(c))
	}
	w.picker.Set(choices, w.view.Selected)
	w.accounts.Hidden = w.view.Off // nothing to choose from yet
	if w.view.Off {
		w.on.content.Hide()
		w.off.draw(w.view)
	} else {
		w.off.content.Hide()
		w.on.draw(w.view)
		w.on.drawLive(w.tool.Live(w.snapshot))
	}
}

// Tick is called at the start of each second: it shows the code of that second,
// and asks, off this thread, whether the store has changed.
func (w *Window) Tick() {
	now := w.tool.Now()
	widget.RememberSize(w.app, "tool", w.win)
	if w.clip.Tick(now) {
		w.say("tool.clipboard_cleared", nil)
	}
	w.on.drawLive(w.tool.Live(w.snapshot))
	w.scan.tick()
	clockBehind := w.snapshot.Overview.Practice.ClockBehind(now)
	if w.failing || now.Sub(w.loadedAt).Abs() >= reloadEvery || clockBehind != w.snapshot.Overview.ClockBehind {
		w.Reload()
		return
	}
	w.askVersion()
}

func (w *Window) askVersion() {
	if w.asking || w.loading {
		return
	}
	w.asking = true
	w.door(func() func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		version, err := w.tool.Manager.Version(ctx, w.tool.Actor)
		return func() {
			w.asking = false
			if err != nil || version != w.snapshot.Version {
				w.Reload()
			}
		}
	})
}

// choose shows another account.
func (w *Window) choose(name string) {
	w.selected = name
	w.status.SetText("")
	w.Reload()
}

// act runs something that changes the practice, then shows what became of it.
func (w *Window) act(work func(context.Context) error, done string, args core.Args) {
	w.door(func() func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		err := work(ctx)
		return func() {
			if err != nil {
				w.complain(err)
				return
			}
			w.say(done, args)
			w.Reload()
		}
	})
}

// say writes into the line at the bottom.
func (w *Window) say(key string, args core.Args) { w.status.SetText(w.text(key, args)) }

func (w *Window) text(key string, args core.Args) string { return w.tool.Texts.Text(key, args) }

func (w *Window) pickerTexts(empty string) widget.PickerTexts {
	return widget.PickerTexts{
		Empty: w.text(empty, nil), Search: w.text("tool.search", nil),
		None: func(text string) string { return w.text("tool.search_none", core.Args{"Text": text}) },
	}
}
