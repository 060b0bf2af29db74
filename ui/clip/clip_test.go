package clip

import (
	"errors"
	"testing"
	"time"

	"fyne.io/fyne/v2/test"
)

var noon = time.Date(2019, 5, 15, 12, 0, 0, 0, time.UTC)

func TestHolderTakesOffWhatItPut(t *testing.T) {
	for name, tc := range map[string]struct {
		meanwhile string
		at        time.Duration
		want      string
		cleared   bool
	}{
		"not_before_its_time":        {"", Kept - time.Second, "secret", false},
		"when_it_is_time":            {"", Kept, "", true},
		"not_what_somebody_else_put": {"other", Kept, "other", false},
	} {
		t.Run(name, func(t *testing.T) {
			board := test.NewClipboard()
			holder := NewHolder(Toolkit(board))
			if err := holder.Put("secret", noon); err != nil {
				t.Fatal(err)
			}
			if tc.meanwhile != "" {
				board.SetContent(tc.meanwhile)
			}
			if got := holder.Tick(noon.Add(tc.at)); got != tc.cleared || board.Content() != tc.want {
				t.Errorf("cleared %v, holds %q", got, board.Content())
			}
			if tc.cleared && holder.Tick(noon.Add(2*Kept)) {
				t.Error("cleared twice")
			}
		})
	}
}

func TestASecondCopyCountsAnew(t *testing.T) {
	board := test.NewClipboard()
	holder := NewHolder(Toolkit(board))
	holder.Put("one", noon)
	holder.Put("two", noon.Add(Kept/2))
	if holder.Tick(noon.Add(Kept)) || board.Content() != "two" {
		t.Error("the second copy was cleared with the first")
	}
	if !holder.Tick(noon.Add(Kept+Kept/2)) || board.Content() != "" {
		t.Error("the second copy stays")
	}
}

func TestClearAtClosing(t *testing.T) {
	board := test.NewClipboard()
	holder := NewHolder(Toolkit(board))
	if holder.Clear() {
		t.Error("cleared what it never put")
	}
	holder.Put("secret", noon)
	if !holder.Clear() || board.Content() != "" {
		t.Error("the secret stays when the window closes")
	}
}

type broken struct{}

func (broken) Put(string) (func() bool, error) { return nil, errors.New("no display") }

func TestABrokenClipboardIsSaid(t *testing.T) {
	holder := NewHolder(broken{})
	if holder.Put("secret", noon) == nil || holder.Tick(noon.Add(Kept)) {
		t.Error("a clipboard that can't be reached is no error")
	}
}
