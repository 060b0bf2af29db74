//go:build !linux || !cgo

package clip

import "errors"

// System returns the clipboard of the session. Error: always; use Toolkit. On
// Windows golang.design/x/clipboard waits for the window's own thread when it
// is called from a button, and for other programs without a limit.
func System() (Board, error) { return nil, errors.New("no clipboard but the toolkit's") }
