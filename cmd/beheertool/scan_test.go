package main

import (
	"fmt"
	"image"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"evry.nl/tfa/cmd/internal/clock"
	"evry.nl/tfa/cmd/internal/config"
	"evry.nl/tfa/cmd/internal/demo"
	"evry.nl/tfa/cmd/internal/desktop"
	"evry.nl/tfa/cmd/internal/migrationtest"
	"evry.nl/tfa/cmd/internal/stores"
	"evry.nl/tfa/cmd/internal/story"
	"evry.nl/tfa/core"
	"evry.nl/tfa/core/otp"
)

// crowd makes the practice of the demo with 12 accounts that can be scanned.
func crowd(t *testing.T) (file string, direct core.Direct) {
	t.Helper()
	folder := t.TempDir()
	story.Must(t, os.Chmod(folder, 0o700))
	file, err := demo.Make(t.Context(), folder, "nl", clock.Now())
	story.Must(t, err)
	cfg, err := config.Load(file)
	story.Must(t, err)
	store, err := stores.Open(t.Context(), cfg, demo.Practice)
	story.Must(t, err)
	t.Cleanup(func() { store.Close() })
	direct = core.Direct{Store: store, Rules: cfg.Rules(), Now: clock.Now}
	helpdesk, actor := core.Helpdesk{Direct: direct}, core.Actor{Account: "test", Helpdesk: true}
	for i := 8; i <= 15; i++ {
		account := fmt.Sprintf("%s-%d", demo.Practice, i)
		_, err := helpdesk.AddAccount(t.Context(), actor, account)
		story.Must(t, err)
		_, err = helpdesk.Import(t.Context(), actor, account, otp.NewSecret(), core.ImportOptions{})
		story.Must(t, err)
	}
	return file, direct
}

// codeThatIsNot waits for a migration code other than one that was read before.
func (p tool) codeThatIsNot(before string) (code string) {
	p.T.Helper()
	p.WaitFor("a migration code", func(img *image.RGBA) bool {
		codes, err := desktop.ReadQR(p.T.Context(), img)
		story.Must(p.T, err)
		for _, qr := range codes {
			if strings.HasPrefix(qr.Text, "otpauth-migration://") && qr.Text != before {
				code = qr.Text
			}
		}
		return code != ""
	})
	return code
}

// A phone gets all accounts of the practice from two codes on the screen, by
// keyboard alone: what zbarimg reads at the size of scale 1, gauth-decode takes
// apart, and it is what the store holds. Then the codes go.
func TestEverythingIsScannedAtOnce(t *testing.T) {
	for _, theme := range []string{"light", "dark"} {
		t.Run(theme, func(t *testing.T) {
			file, direct := crowd(t)
			p := tool{story.Start{
				Command: "beheertool", Args: []string{"--config", file}, Env: []string{"FYNE_THEME=" + theme, "FYNE_SCALE=1"},
				Title: "Two Factor RDP beheertool", Size: story.Small,
			}.Open(t)}
			p.codeIsRight()
			p.Press("Tab", "Tab", "Tab", "Tab", "Tab", "Tab", "Tab", "Return") // Alles tegelijk scannen
			p.Says("Hoeveel accounts")
			story.Must(t, p.Desk.Press("Tab", "Shift")) // to 10 accounts in a code
			p.Press("space", "Tab", "Tab", "Return")
			first := p.codeThatIsNot("")
			p.Press("Return") // Volgende
			second := p.codeThatIsNot(first)

			page, err := direct.Store.Events(t.Context(), core.Query{Kind: core.ShownAll})
			story.Must(t, err)
			if page.Total != 12 || page.Events[0].Actor != demo.Account {
				t.Errorf("the log says it %d times", page.Total)
			}
			got := map[string]string{}
			for i, code := range migrationtest.Read(t, first, second) {
				if index, there := code.Numbers[4]; !there || index != i || code.Numbers[3] != 2 {
					t.Errorf("code %d has the numbers %v", i, code.Numbers)
				}
				for _, key := range code.Keys(t) {
					got[key.Label()] = key.Secret.Base32()
				}
			}
			all, err := core.Helpdesk{Direct: direct}.Export(t.Context(), core.Actor{Account: "test", Helpdesk: true})
			story.Must(t, err)
			want := map[string]string{}
			for _, one := range all {
				want["Evry:"+one.Account] = one.Secret.Base32()
			}
			if len(want) != 12 || !maps.Equal(got, want) {
				t.Errorf("the codes hold %v, the store %v", slices.Sorted(maps.Keys(got)), slices.Sorted(maps.Keys(want)))
			}

			if theme == "dark" { // once is enough: it takes half a minute
				return
			}
			p.WaitFor("an end of the code", func(img *image.RGBA) bool {
				codes, err := desktop.ReadQR(t.Context(), img)
				story.Must(t, err)
				return !slices.ContainsFunc(codes, func(qr desktop.QR) bool { return strings.HasPrefix(qr.Text, "otpauth-migration") })
			})
			p.Says("is verborgen")
		})
	}
}
