// Package door leads from a window to work that takes time, and back.
package door

import (
	"context"
	"time"

	"fyne.io/fyne/v2"
)

// Door runs work off the window's thread and then, on that thread, what work
// returns.
type Door func(work func() (show func()))

// Background is the door of real windows.
func Background(work func() (show func())) {
	go func() {
		show := work()
		fyne.Do(show)
	}()
}

// InPlace is the door of tests: everything happens before it returns.
func InPlace(work func() (show func())) { work()() }

// EverySecond calls tick on the window's thread at the start of each second of
// the clock now, until ctx ends. A tick that the window has no time for is left
// out.
func EverySecond(ctx context.Context, now func() time.Time, tick func()) {
	go func() {
		for {
			timer := time.NewTimer(now().Truncate(time.Second).Add(time.Second).Sub(now()))
			select {
			case <-ctx.Done():
				timer.Stop()
				return
			case <-timer.C:
				fyne.DoAndWait(tick)
			}
		}
	}()
}
