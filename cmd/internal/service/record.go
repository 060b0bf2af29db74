package service

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"evry.nl/tfa/core"
)

// Observer is told what came of requests, but not whose they were.
type Observer interface {
	// Answered is told of every request.
	Answered(operation string, took time.Duration)
	// Decided is told of every verdict, Failed of every error.
	Decided(core.Verdict)
	Failed(core.Code)
	// Overloaded is told of what was too much, and whose limit was reached.
	Overloaded(limit string)
}

// isLooking says which operations the tool asks every second, or that tell no
// secret.
var isLooking = map[string]bool{opVersion: true, opOverview: true, opLog: true}

// record counts what came of a request, and writes it down: a line for each
// decision, and for what is looked at all the time only if all is written down.
func (h Handler) record(path string, c Caller, answer any, err error, took time.Duration) {
	h.Observer.Answered(path, took)
	level, outcome := slog.LevelInfo, "done"
	line := []slog.Attr{
		slog.String("operation", path), slog.String("account", c.Actor.Account), slog.String("session", c.Actor.Session),
		slog.String("client", c.Actor.Client), slog.Duration("took", took),
	}
	v, isVerdict := answer.(verdict)
	switch {
	case err != nil:
		level, outcome = h.recordFault(err), "error"
		line = append(line, slog.Any("error", err))
	case isVerdict:
		h.Observer.Decided(core.Verdict(v))
		if outcome = string(v.Reason); v.Granted {
			outcome = string(v.By)
		}
	case isLooking[path]:
		level = slog.LevelDebug
	}
	h.Log.LogAttrs(context.Background(), level, "answered", append(line, slog.String("outcome", outcome))...)
}

// recordFault counts an error and returns how bad it is.
func (h Handler) recordFault(err error) slog.Level {
	var over overload
	if errors.As(err, &over) {
		h.Observer.Overloaded(string(over))
	}
	code := core.CodeOf(err)
	h.Observer.Failed(code)
	if statuses[code] == 0 {
		return slog.LevelError
	}
	return slog.LevelInfo
}
