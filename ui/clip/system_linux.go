//go:build linux && cgo

package clip

import (
	"fmt"
	"sync/atomic"

	"golang.design/x/clipboard"
)

// System returns the clipboard of the session. On Linux that is X11 by
// golang.design/x/clipboard, which owns the selection on a connection of its
// own and tells when it is lost: no reading back, which would wait for whoever
// owns it now. Error: there is no X display; use Toolkit.
func System() (Board, error) {
	if err := clipboard.Init(); err != nil {
		return nil, fmt.Errorf("opening the clipboard: %w", err)
	}
	return system{}, nil
}

type system struct{}

func (system) Put(text string) (func() bool, error) {
	lost := clipboard.Write(clipboard.FmtText, []byte(text))
	if lost == nil {
		return nil, fmt.Errorf("the X server did not give the clipboard")
	}
	var gone atomic.Bool
	return func() bool {
		select {
		case <-lost:
			gone.Store(true)
		default:
		}
		return !gone.Load()
	}, nil
}
