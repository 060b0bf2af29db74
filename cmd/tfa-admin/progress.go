package main

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"evry.nl/tfa/cmd/internal/clock"
)

const (
	barWidth = 30
	// redraw is how often a bar is drawn at most.
	redraw = 100 * time.Millisecond
	// eraseLine goes to the start of a line and empties it (ECMA-48, EL).
	eraseLine = "\r\x1b[K"
)

// progress says on a terminal how far a run over practices is. In a pipe it says
// nothing.
type progress struct {
	mu           sync.Mutex
	w            io.Writer // nil draws nothing
	done, all    int
	began, drawn time.Time
}

func newProgress(w io.Writer, all int) *progress {
	p := &progress{all: all, began: clock.Now()}
	if isTerminal(w) && all > 1 {
		p.w = w
	}
	return p
}

// step counts one practice more.
func (p *progress) step() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.done++
	now := clock.Now()
	if p.w == nil || now.Sub(p.drawn) < redraw {
		return
	}
	p.drawn = now
	full := barWidth * p.done / p.all
	left := now.Sub(p.began) / time.Duration(p.done) * time.Duration(p.all-p.done)
	fmt.Fprintf(p.w, "%s[%s%s] %d of %d practices, about %v left", eraseLine,
		strings.Repeat("#", full), strings.Repeat(".", barWidth-full), p.done, p.all, left.Round(time.Second))
}

// end takes the bar away again.
func (p *progress) end() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.w != nil && !p.drawn.IsZero() {
		io.WriteString(p.w, eraseLine)
	}
	p.w = nil
}
