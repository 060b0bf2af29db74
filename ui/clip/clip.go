// Package clip puts secrets on the clipboard and takes them off again.
package clip

import (
	"time"

	"fyne.io/fyne/v2"
)

// Kept is how long a secret may stay on the clipboard.
const Kept = time.Minute

// Board is a clipboard.
type Board interface {
	// Put replaces what is on the clipboard, and returns a function that tells
	// whether it is still there. Error: the clipboard can't be reached.
	Put(text string) (held func() bool, err error)
}

// Holder remembers what must be taken off a Board, and when.
type Holder struct {
	board Board
	held  func() bool
	until time.Time
}

// NewHolder returns a Holder that has put nothing yet.
func NewHolder(board Board) *Holder { return &Holder{board: board} }

// Put puts a text on the clipboard until now + Kept.
func (h *Holder) Put(text string, now time.Time) error {
	held, err := h.board.Put(text)
	if err != nil {
		return err
	}
	h.held, h.until = held, now.Add(Kept)
	return nil
}

// Tick clears the clipboard when it is time, and reports whether it did: not if
// somebody has copied something else meanwhile.
func (h *Holder) Tick(now time.Time) (cleared bool) {
	if h.held == nil || now.Before(h.until) {
		return false
	}
	return h.Clear()
}

// Clear clears the clipboard at once if it still holds what was put there, and
// reports whether it did.
func (h *Holder) Clear() (cleared bool) {
	held := h.held
	h.held = nil
	if held == nil || !held() {
		return false
	}
	_, err := h.board.Put("")
	return err == nil
}

// Toolkit returns the Board of the window toolkit.
func Toolkit(clipboard fyne.Clipboard) Board { return toolkit{clipboard} }

type toolkit struct{ fyne.Clipboard }

func (t toolkit) Put(text string) (func() bool, error) {
	t.SetContent(text)
	return func() bool { return t.Content() == text }, nil
}
