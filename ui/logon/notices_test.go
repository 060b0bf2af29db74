package logon

import (
	"slices"
	"strings"
	"testing"

	"fyne.io/fyne/v2"

	"evry.nl/tfa/core"
	"evry.nl/tfa/ui/present"
)

// What others did stands on a screen of its own, after the code. It asks nothing:
// whichever way the person leaves it, the logon that was granted goes on.
func TestWhatOthersDidIsToldAfterTheCode(t *testing.T) {
	for name, leave := range map[string]func(g *gate){
		"button":                  func(g *gate) { g.tapped(g.p.T, g.goOn) },
		"enter_on_the_keyboard":   func(g *gate) { g.press(fyne.KeyReturn) },
		"escape":                  func(g *gate) { g.press(fyne.KeyEscape) },
		"closing_the_window":      func(g *gate) { g.askLeave() },
		"nobody_there_any_longer": func(g *gate) { g.tick(5 * 60) },
	} {
		t.Run(name, func(t *testing.T) {
			g := told(t, "nl", 1)
			if len(g.outcomes) != 0 {
				t.Fatalf("the gate ended before anybody read it: %v", g.outcomes)
			}
			if g.heading.Text != "Dit is er gebeurd met uw account" || !strings.HasPrefix(g.paragraphs(), "EV-0000-10 heeft op 16-5 uw code bekeken.\n") {
				t.Errorf("the window says %s\n%s", g.heading.Text, g.paragraphs())
			}
			if got := g.shown(); !slices.Equal(got, []string{"Verder"}) || g.entry.Visible() || g.enrol.Visible() || g.notice.Visible() {
				t.Errorf("buttons %q, or more than them", got)
			}
			if leave(g); g.asks() {
				t.Error("there is a question")
			}
			g.endsWith(present.Yes, core.LogonOTP, "")
		})
	}
}
