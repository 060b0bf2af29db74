package widget

import (
	"slices"
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"
)

// digits returns a field for six in a window, and what it submitted.
func digits(t *testing.T) (d *Digits, submitted *[]string) {
	t.Helper()
	test.NewTempApp(t)
	submitted = new([]string)
	d = NewDigits(6, func(code string) { *submitted = append(*submitted, code) }, func() { *submitted = append(*submitted, "escape") })
	window := test.NewTempWindow(t, d)
	window.Canvas().Focus(d)
	return d, submitted
}

func TestDigits(t *testing.T) {
	key := func(name fyne.KeyName) func(*Digits) {
		return func(d *Digits) { d.TypedKey(&fyne.KeyEvent{Name: name}) }
	}
	typed := func(text string) func(*Digits) { return func(d *Digits) { test.Type(d, text) } }
	pasted := func(text string) func(*Digits) {
		return func(d *Digits) {
			clipboard := test.NewClipboard()
			clipboard.SetContent(text)
			d.TypedShortcut(&fyne.ShortcutPaste{Clipboard: clipboard})
		}
	}
	for name, tc := range map[string]struct {
		acts      []func(*Digits)
		submitted []string
		text      string
	}{
		"the_last_digit_submits":          {[]func(*Digits){typed("123456")}, []string{"123456"}, "123456"},
		"no_more_digits_than_there_are":   {[]func(*Digits){typed("12345678")}, []string{"123456"}, "123456"},
		"everything_else_is_passed_over":  {[]func(*Digits){typed("1 2-3a.٣")}, nil, "123"},
		"return_submits_before":           {[]func(*Digits){typed("123"), key(fyne.KeyReturn)}, []string{"123"}, "123"},
		"enter_of_the_number_pad_too":     {[]func(*Digits){typed("123"), key(fyne.KeyEnter)}, []string{"123"}, "123"},
		"nothing_is_not_submitted":        {[]func(*Digits){key(fyne.KeyReturn)}, nil, ""},
		"escape":                          {[]func(*Digits){key(fyne.KeyEscape)}, []string{"escape"}, ""},
		"backspace":                       {[]func(*Digits){typed("12"), key(fyne.KeyBackspace)}, nil, "1"},
		"pasting":                         {[]func(*Digits){pasted("123 456")}, []string{"123456"}, "123456"},
		"pasting_replaces":                {[]func(*Digits){typed("99"), pasted("123")}, nil, "123"},
		"pasting_no_digits":               {[]func(*Digits){typed("99"), pasted("hello")}, nil, ""},
		"pasting_a_letter_of_a_megabyte":  {[]func(*Digits){pasted(strings.Repeat("é", 1<<19) + "123456")}, nil, ""},
		"pasting_more_submits_only_once":  {[]func(*Digits){pasted("123456789012")}, []string{"123456"}, "123456"},
		"another_length_begins_anew":      {[]func(*Digits){typed("12345"), func(d *Digits) { d.SetLength(8) }, typed("1234567")}, nil, "1234567"},
		"the_last_digit_of_eight_submits": {[]func(*Digits){func(d *Digits) { d.SetLength(8) }, typed("12345678")}, []string{"12345678"}, "12345678"},
		"a_click_of_the_other_button":     {[]func(*Digits){typed("1"), func(d *Digits) { test.TapSecondary(d) }}, nil, "1"},
	} {
		t.Run(name, func(t *testing.T) {
			d, submitted := digits(t)
			for _, act := range tc.acts {
				act(d)
			}
			if !slices.Equal(*submitted, tc.submitted) || d.Text != tc.text {
				t.Errorf("submitted %q, want %q; the field holds %q, want %q", *submitted, tc.submitted, d.Text, tc.text)
			}
			if overlays := fyne.CurrentApp().Driver().CanvasForObject(d).Overlays().List(); len(overlays) != 0 {
				t.Error("there is a menu")
			}
		})
	}
}

func TestDigitsPutNothingOnTheClipboard(t *testing.T) {
	d, _ := digits(t)
	test.Type(d, "12345")
	clipboard := test.NewClipboard()
	clipboard.SetContent("untouched")
	for _, shortcut := range []fyne.Shortcut{&fyne.ShortcutSelectAll{}, &fyne.ShortcutCopy{Clipboard: clipboard}, &fyne.ShortcutCut{Clipboard: clipboard}, &fyne.ShortcutUndo{}} {
		d.TypedShortcut(shortcut)
	}
	if clipboard.Content() != "untouched" || d.Text != "12345" {
		t.Errorf("clipboard %q, field %q", clipboard.Content(), d.Text)
	}
}
