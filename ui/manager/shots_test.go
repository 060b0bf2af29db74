package manager

import (
	"flag"
	"image/png"
	"os"
	"path/filepath"
	"testing"
	"testing/cryptotest"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"
	"fyne.io/fyne/v2/theme"

	"evry.nl/tfa/assets/translations"
	"evry.nl/tfa/core"
	"evry.nl/tfa/storage/practicetest"
	"evry.nl/tfa/ui/widget"
)

// shots is where the pictures go; they are made, and thrown away, without it.
var shots = flag.String("shots", "", "keep a picture of every screen in this `folder`")

// screens are all that a person can see, by the name of its picture.
var screens = map[string]func(t *testing.T, language string) fyne.Canvas{
	"off": func(t *testing.T, language string) fyne.Canvas {
		return open(practicetest.New(t), "EV-0000-1", language).Canvas()
	},
	"off-not-owner": func(t *testing.T, language string) fyne.Canvas {
		p := practicetest.New(t)
		p.Rules.Owners = []string{"EV-0000-9"}
		return open(p, "EV-0000-1", language).Canvas()
	},
	"off-confirm": func(t *testing.T, language string) fyne.Canvas {
		w := open(practicetest.New(t), "EV-0000-1", language)
		test.Tap(w.off.button)
		return w.Canvas()
	},
	"code": func(t *testing.T, language string) fyne.Canvas {
		return open(practicetest.SwitchedOn(t), "EV-0000-1", language).Canvas()
	},
	"code-after-transition": func(t *testing.T, language string) fyne.Canvas {
		p := practicetest.SwitchedOn(t)
		p.Now = p.Now.AddDate(0, 1, 0)
		return open(p, "EV-0000-1", language).Canvas()
	},
	"not-scanned":   func(t *testing.T, language string) fyne.Canvas { return chosen(t, language, "-3") },
	"no-secret":     func(t *testing.T, language string) fyne.Canvas { return chosen(t, language, "-4") },
	"locked":        func(t *testing.T, language string) fyne.Canvas { return chosen(t, language, "-2") },
	"reset-confirm": func(t *testing.T, language string) fyne.Canvas { return after(t, language, (*Window).tapReset) },
	"scan-confirm": func(t *testing.T, language string) fyne.Canvas {
		return after(t, language, func(w *Window) { test.Tap(w.on.scan) })
	},
	"scan": func(t *testing.T, language string) fyne.Canvas {
		return scanning(t, crowd(t, 12), language, 10).Canvas()
	},
	"scan-hidden": func(t *testing.T, language string) fyne.Canvas {
		p := crowd(t, 12)
		w := scanning(t, p, language, 5)
		tick(p, w, 30)
		return w.Canvas()
	},
	"accounts": func(t *testing.T, language string) fyne.Canvas {
		return after(t, language, func(w *Window) { w.picker.Open("") })
	},
	"copy-menu": func(t *testing.T, language string) fyne.Canvas {
		return after(t, language, func(w *Window) { test.TapSecondaryAt(w.on.qr, fyne.NewPos(100, 150)) })
	},
	"copied": func(t *testing.T, language string) fyne.Canvas {
		return after(t, language, func(w *Window) { w.on.copy(core.CopyURI, "tool.copied_uri") })
	},
	"clock-wrong": func(t *testing.T, language string) fyne.Canvas {
		p := practicetest.SwitchedOn(t)
		p.Now = p.Now.Add(-time.Hour)
		return open(p, "EV-0000-1", language).Canvas()
	},
	"store-gone": func(t *testing.T, language string) fyne.Canvas {
		p := practicetest.SwitchedOn(t)
		w := open(p, "EV-0000-1", language)
		p.Must(os.RemoveAll(p.Folder))
		tick(p, w, 1)
		return w.Canvas()
	},
	"log": func(t *testing.T, language string) fyne.Canvas {
		p := practicetest.SwitchedOn(t)
		w := open(p, "EV-0000-1", language)
		w.showLog()
		return w.log.win.Canvas()
	},
}

func (w *Window) tapReset() { test.Tap(w.on.reset) }

// chosen shows an account of the practice; -2 is locked.
func chosen(t *testing.T, language, account string) fyne.Canvas {
	p := practicetest.SwitchedOn(t)
	for range p.Rules.Lockout.Attempts {
		_, err := p.Gate().Verify(t.Context(), practicetest.Actor("EV-0000-2"), "00000000")
		p.Must(err)
	}
	w := open(p, "EV-0000-1", language)
	w.choose("EV-0000" + account)
	return w.Canvas()
}

// after shows what a person sees who has done something.
func after(t *testing.T, language string, act func(*Window)) fyne.Canvas {
	w := open(practicetest.SwitchedOn(t), "EV-0000-1", language)
	act(w)
	return w.Canvas()
}

// Every screen is drawn in both languages and both themes. The secrets in the
// pictures are made from a fixed seed, so that pictures differ only where
// screens do.
func TestShots(t *testing.T) {
	folder := *shots
	if folder == "" {
		folder = t.TempDir()
	}
	variants := map[string]fyne.ThemeVariant{"light": theme.VariantLight, "dark": theme.VariantDark}
	for name, screen := range screens {
		for _, language := range translations.Languages() {
			for variantName, variant := range variants {
				file := name + "-" + language + "-" + variantName + ".png"
				t.Run(file, func(t *testing.T) {
					cryptotest.SetGlobalRandom(t, 1)
					canvas := screen(t, language)
					fyne.CurrentApp().Settings().SetTheme(widget.Fixed(variant))
					save(t, filepath.Join(folder, file), canvas)
				})
			}
		}
	}
}

func save(t *testing.T, path string, canvas fyne.Canvas) {
	t.Helper()
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if err := png.Encode(file, canvas.Capture()); err != nil {
		t.Fatal(err)
	}
}
