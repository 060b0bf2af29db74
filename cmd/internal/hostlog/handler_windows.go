package hostlog

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"

	"golang.org/x/sys/windows/svc/eventlog"
)

// Handler writes the records of a program that runs as a service into the event
// log: a line each, of name=value.
type Handler struct {
	slog.Handler // writes lines
	out          *lines
}

// lines is what all handlers of one program share.
type lines struct {
	log *eventlog.Log

	mu   sync.Mutex
	line bytes.Buffer
}

// NewHandler opens the event log for what is of a level or above.
func NewHandler(level slog.Level) (Handler, error) {
	log, err := eventlog.Open(windowsSource)
	if err != nil {
		return Handler{}, fmt.Errorf("opening the event log: %w", err)
	}
	out := &lines{log: log}
	withoutTime := func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey {
			return slog.Attr{}
		}
		return a
	}
	return Handler{slog.NewTextHandler(&out.line, &slog.HandlerOptions{Level: level, ReplaceAttr: withoutTime}), out}, nil
}

// Close closes the event log.
func (h Handler) Close() error { return h.out.log.Close() }

// Handle implements slog.Handler.
func (h Handler) Handle(ctx context.Context, r slog.Record) error {
	h.out.mu.Lock()
	defer h.out.mu.Unlock()
	h.out.line.Reset()
	if err := h.Handler.Handle(ctx, r); err != nil {
		return err
	}
	line := strings.TrimSpace(h.out.line.String())
	switch {
	case r.Level >= slog.LevelError:
		return h.out.log.Error(eventID, line)
	case r.Level >= slog.LevelWarn:
		return h.out.log.Warning(eventID, line)
	}
	return h.out.log.Info(eventID, line)
}

// WithAttrs implements slog.Handler.
func (h Handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return Handler{h.Handler.WithAttrs(attrs), h.out}
}

// WithGroup implements slog.Handler.
func (h Handler) WithGroup(name string) slog.Handler {
	return Handler{h.Handler.WithGroup(name), h.out}
}
