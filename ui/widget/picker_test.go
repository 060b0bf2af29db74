package widget

import (
	"fmt"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"
)

// pickerWindow shows a picker of so many accounts in a window.
func pickerWindow(t *testing.T, accounts int) (p *Picker, chosen *[]string, c fyne.Canvas) {
	t.Helper()
	test.NewTempApp(t)
	chosen = new([]string)
	p = NewPicker(PickerTexts{Empty: "empty", Search: "search", None: func(s string) string { return "none " + s }},
		func(name string) { *chosen = append(*chosen, name) })
	var choices []Choice
	for i := range accounts {
		choices = append(choices, Choice{Name: fmt.Sprintf("EV-0000-%d", i+1)})
	}
	p.Set(choices, "EV-0000-1")
	window := test.NewTempWindow(t, p)
	window.Resize(fyne.NewSize(400, 500))
	return p, chosen, window.Canvas()
}

func typeKeys(c fyne.Canvas, keys ...fyne.KeyName) {
	for _, key := range keys {
		c.Focused().TypedKey(&fyne.KeyEvent{Name: key})
	}
}

func typeText(c fyne.Canvas, text string) {
	for _, r := range text {
		c.Focused().TypedRune(r)
	}
}

func TestPickerByMouseAndKeyboard(t *testing.T) {
	for name, tc := range map[string]struct {
		open func(p *Picker, c fyne.Canvas)
		keys []fyne.KeyName
		want []string
	}{
		"arrow_down_chooses_the_next": {
			func(p *Picker, c fyne.Canvas) { test.Tap(p) }, []fyne.KeyName{fyne.KeyDown, fyne.KeyReturn}, []string{"EV-0000-2"}},
		"typing_narrows_down": {
			func(p *Picker, c fyne.Canvas) { c.Focus(p); typeText(c, "0-37") }, []fyne.KeyName{fyne.KeyReturn}, []string{"EV-0000-37"}},
		"escape_chooses_nothing": {
			func(p *Picker, c fyne.Canvas) { test.Tap(p) }, []fyne.KeyName{fyne.KeyDown, fyne.KeyEscape}, nil},
		"the_chosen_one_again_is_no_choice": {
			func(p *Picker, c fyne.Canvas) { test.Tap(p) }, []fyne.KeyName{fyne.KeyReturn}, nil},
		"nothing_found_chooses_nothing": {
			func(p *Picker, c fyne.Canvas) { c.Focus(p); typeText(c, "zz") }, []fyne.KeyName{fyne.KeyReturn, fyne.KeyEscape}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			p, chosen, c := pickerWindow(t, 60)
			tc.open(p, c)
			if !p.isOpen() {
				t.Fatal("the list is not open")
			}
			typeKeys(c, tc.keys...)
			if fmt.Sprint(*chosen) != fmt.Sprint(tc.want) {
				t.Errorf("chose %v, want %v", *chosen, tc.want)
			}
			if p.isOpen() || c.Focused() != fyne.Focusable(p) {
				t.Errorf("open: %v, focus on %T", p.isOpen(), c.Focused())
			}
		})
	}
}

func TestPickerStaysOpenWhenItsChoicesChange(t *testing.T) {
	p, _, c := pickerWindow(t, 3)
	test.Tap(p)
	p.Set([]Choice{{Name: "EV-0000-9"}}, "EV-0000-9")
	if !p.isOpen() || len(p.popup.found) != 1 {
		t.Errorf("open: %v, rows %v", p.isOpen(), p.popup.found)
	}
	test.TapCanvas(c, fyne.NewPos(390, 490)) // beside it
	if p.isOpen() {
		t.Error("a click beside the list leaves it open")
	}
	test.Tap(p)
	if !p.isOpen() {
		t.Error("it does not open again")
	}
}
