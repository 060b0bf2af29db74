// Package screen is a terminal that covers the screen and needs no OpenGL: it
// draws lines of text, and reads lines from the keyboard. The gate asks on it
// where no other window can be opened.
package screen

import (
	"context"
	"fmt"
	"image"
	"sync"

	"evry.nl/tfa/ui/console"
)

// surface is a window of the system that covers the screen.
type surface interface {
	// show draws a picture, the upper left corner first.
	show(*image.RGBA) error
	close()
}

// event is what happens to a surface.
type event struct {
	key    rune        // what was typed, 0 for none
	size   image.Point // how large it is now, if not zero
	closed bool        // somebody wants it gone, or it is
}

// The keys that are not characters.
const (
	enter     = '\r'
	backspace = '\b'
	escape    = '\x1b'
)

const (
	// longest is more than any answer.
	longest = 40
	// ahead is how many lines can be typed before they are asked for.
	ahead = 4
)

// Screen is a terminal on a screen of its own.
type Screen struct {
	surface surface
	footer  string
	lines   chan string
	ended   chan struct{} // closed when the person has gone

	mu    sync.Mutex
	paper paper
	size  image.Point
	typed string
}

var _ console.Terminal = (*Screen)(nil)

// Open covers the screen. title is what the system calls the window; the footer
// stands below everything. Error: there is no screen.
func Open(title, footer string) (*Screen, error) {
	events := make(chan event, 64) // as many as anybody types at once
	surface, size, err := open(title, events)
	if err != nil {
		return nil, fmt.Errorf("opening a screen: %w", err)
	}
	s := &Screen{surface: surface, size: size, footer: footer, lines: make(chan string, ahead), ended: make(chan struct{})}
	go s.follow(events)
	return s, nil
}

// Close gives the screen back.
func (s *Screen) Close() { s.surface.close() }

// Write implements console.Terminal. It shows with the next ReadLine: a screen is
// written word by word.
func (s *Screen) Write(text []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.paper.write(string(text))
	return len(text), nil
}

// ReadLine implements console.Terminal.
func (s *Screen) ReadLine(ctx context.Context) (string, error) {
	if err := s.redraw(); err != nil {
		return "", console.ErrClosed
	}
	select {
	case line := <-s.lines:
		return line, nil
	case <-s.ended:
		return "", console.ErrClosed
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

// redraw shows what is written now.
func (s *Screen) redraw() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	img, err := s.paper.draw(s.size, s.typed, s.footer)
	if err != nil {
		return fmt.Errorf("drawing a screen: %w", err)
	}
	return s.surface.show(img)
}

// follow does what happens to the surface, until the person has gone.
func (s *Screen) follow(events <-chan event) {
	defer close(s.ended)
	for e := range events {
		if e.closed || e.key == escape {
			return
		}
		s.take(e)
		if s.redraw() != nil {
			return // it is gone
		}
	}
}

// take does what one event says.
func (s *Screen) take(e event) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case e.size != image.Point{}:
		s.size = e.size
	case e.key == backspace && s.typed != "":
		typed := []rune(s.typed)
		s.typed = string(typed[:len(typed)-1])
	case e.key == enter:
		select {
		case s.lines <- s.typed:
			s.paper.write(s.typed + "\n")
			s.typed = ""
		default: // more than anybody has asked for
		}
	case e.key >= ' ' && e.key != 0x7f && len(s.typed) < longest:
		s.typed += string(e.key)
	}
}
