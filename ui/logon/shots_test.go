package logon

import (
	"flag"
	"fmt"
	"image/png"
	"os"
	"path/filepath"
	"testing"
	"testing/cryptotest"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/test"
	"fyne.io/fyne/v2/theme"

	"evry.nl/tfa/assets/translations"
	"evry.nl/tfa/core"
	"evry.nl/tfa/core/otp"
	"evry.nl/tfa/storage/practicetest"
	"evry.nl/tfa/ui/widget"
)

// shots is where the pictures go; they are made, and thrown away, without it.
var shots = flag.String("shots", "", "keep a picture of every screen in this `folder`")

// screens are all that a person can see, by the name of its picture.
var screens = map[string]func(t *testing.T, language string) *gate{
	"off": func(t *testing.T, language string) *gate {
		return open(practicetest.New(t), "EV-0000-1", language)
	},
	"off-not-owner": func(t *testing.T, language string) *gate {
		p := practicetest.New(t)
		p.Rules.Owners = []string{"EV-0000-9"}
		return open(p, "EV-0000-1", language)
	},
	"off-mandatory": func(t *testing.T, language string) *gate {
		p := practicetest.New(t)
		p.Rules.Mandatory = true
		return open(p, "EV-0000-1", language)
	},
	"off-confirm": func(t *testing.T, language string) *gate {
		return after(open(practicetest.New(t), "EV-0000-1", language), func(g *gate) { g.askSwitchOn() })
	},
	"enrol": func(t *testing.T, language string) *gate {
		return open(practicetest.SwitchedOn(t), "EV-0000-4", language)
	},
	"enrol-wrong": func(t *testing.T, language string) *gate {
		return after(open(practicetest.SwitchedOn(t), "EV-0000-4", language), wrongCodes(4))
	},
	"enrol-reset": func(t *testing.T, language string) *gate {
		return after(open(practicetest.SwitchedOn(t), "EV-0000-1", language), func(g *gate) {
			g.p.Must(g.p.Tool().Reset(t.Context(), practicetest.Actor("EV-0000-2"), "EV-0000-1"))
			g.typeIn("123456")
		})
	},
	"code": func(t *testing.T, language string) *gate {
		return open(practicetest.SwitchedOn(t), "EV-0000-1", language)
	},
	"code-after-transition": func(t *testing.T, language string) *gate {
		p := practicetest.SwitchedOn(t)
		p.Now = p.Now.AddDate(0, 1, 0)
		return open(p, "EV-0000-1", language)
	},
	"code-wrong": func(t *testing.T, language string) *gate {
		return after(open(practicetest.SwitchedOn(t), "EV-0000-1", language), wrongCodes(4))
	},
	"code-spent": func(t *testing.T, language string) *gate {
		p := practicetest.SwitchedOn(t)
		secret := p.LogOn("EV-0000-4")
		return after(open(p, "EV-0000-4", language), func(g *gate) { g.typeIn(p.Code(secret)) })
	},
	"code-clock-wrong": func(t *testing.T, language string) *gate {
		p := practicetest.SwitchedOn(t)
		code, err := otp.Code(p.LogOn("EV-0000-4"), otp.StepAt(p.Now.Add(5*time.Minute)))
		p.Must(err)
		return after(open(p, "EV-0000-4", language), func(g *gate) { g.typeIn(code) })
	},
	"helper": func(t *testing.T, language string) *gate {
		return after(open(practicetest.SwitchedOn(t), "EV-0000-1", language), func(g *gate) { test.Tap(g.other) })
	},
	"locked": func(t *testing.T, language string) *gate {
		return after(open(practicetest.SwitchedOn(t), "EV-0000-1", language), wrongCodes(5))
	},
	"locked-enrol": func(t *testing.T, language string) *gate {
		return after(open(practicetest.SwitchedOn(t), "EV-0000-4", language), wrongCodes(5))
	},
	"notices": func(t *testing.T, language string) *gate {
		return told(t, language, 1)
	},
	"notices-many": func(t *testing.T, language string) *gate {
		return told(t, language, 8)
	},
	"leave": func(t *testing.T, language string) *gate {
		return after(open(practicetest.SwitchedOn(t), "EV-0000-1", language), func(g *gate) { g.askLeave() })
	},
	"fault": func(t *testing.T, language string) *gate {
		return after(open(practicetest.SwitchedOn(t), "EV-0000-1", language), func(g *gate) {
			g.p.Must(os.RemoveAll(g.p.Folder))
			g.typeIn("123456")
		})
	},
}

// after returns a gate in which something was done.
func after(g *gate, act func(*gate)) *gate {
	act(g)
	return g
}

// told returns a gate whose account has to hear of what many colleagues did.
func told(t *testing.T, language string, colleagues int) *gate {
	p := practicetest.SwitchedOn(t)
	secret := p.LogOn("EV-0000-4")
	p.Now = p.Now.AddDate(0, 0, 1)
	for n := range colleagues {
		colleague := practicetest.Actor(fmt.Sprintf("EV-0000-%d", n+10))
		_, err := p.Tool().Show(t.Context(), colleague, "EV-0000-4")
		p.Must(err)
		if n > 5 {
			_, err := p.Tool().Copy(t.Context(), colleague, "EV-0000-4", core.CopySecret)
			p.Must(err)
		}
	}
	return after(open(p, "EV-0000-4", language), func(g *gate) { g.enter(p.Code(secret)) })
}

// wrongCodes types so many helper codes that there are none of.
func wrongCodes(n int) func(*gate) {
	return func(g *gate) {
		for range n {
			g.enter("00000000")
		}
	}
}

// Every screen is drawn in both languages, both themes and the sizes of the
// smallest displays. The secrets in the pictures are made from a fixed seed, so
// that pictures differ only where screens do.
func TestShots(t *testing.T) {
	folder := *shots
	if folder == "" {
		folder = t.TempDir()
	}
	variants := map[string]fyne.ThemeVariant{"light": theme.VariantLight, "dark": theme.VariantDark}
	sizes := map[string]fyne.Size{"": fyne.NewSize(1024, 768), "-small": fyne.NewSize(800, 600)}
	for name, screen := range screens {
		for _, language := range translations.Languages() {
			for variantName, variant := range variants {
				for sizeName, size := range sizes {
					file := "logon-" + name + sizeName + "-" + language + "-" + variantName + ".png"
					t.Run(file, func(t *testing.T) {
						cryptotest.SetGlobalRandom(t, 1)
						g := screen(t, language)
						g.app.Settings().SetTheme(widget.Fixed(variant))
						g.win.Resize(size)
						save(t, filepath.Join(folder, file), g.win.Canvas())
						fits(t, g, size)
					})
				}
			}
		}
	}
}

// fits holds that nobody must scroll to read, type and choose; on the smallest
// display the address of the manual may be out of sight.
func fits(t *testing.T, g *gate, size fyne.Size) {
	t.Helper()
	page := g.win.Content().(*container.Scroll).Content.MinSize()
	if page.Width > size.Width || page.Height > size.Height && size.Height > 600 {
		t.Errorf("the screen takes %v", page)
	}
	at := fyne.CurrentApp().Driver().AbsolutePositionForObject(g.buttons)
	if bottom := at.Y + g.buttons.MinSize().Height; bottom > size.Height {
		t.Errorf("the buttons end at %v", bottom)
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
