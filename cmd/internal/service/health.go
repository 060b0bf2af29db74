package service

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"sync"
	"time"

	"evry.nl/tfa/core"
)

// Standing is what a caller may learn of the service itself.
type Standing int

// The standings. The zero Standing learns nothing.
const (
	Watched       Standing = iota // an account that must pass the gate, or nobody knows who
	Outside                       // any other, like a monitor's: whether the service is well
	Administrator                 // root: the metrics too
)

// Health knows whether the parts of the service do their work. It is safe for
// use by several goroutines.
type Health struct {
	now func() time.Time

	mu    sync.Mutex
	parts map[string]part
}

type part struct {
	every time.Duration
	last  time.Time // when it was last seen to work, or not to
	err   error
}

// errUnseen is what is wrong with a part until it is seen.
var errUnseen = errors.New("it was not seen yet")

// NewHealth returns the health of a service with these parts.
func NewHealth(now func() time.Time, names ...string) *Health {
	h := &Health{now: now, parts: map[string]part{}}
	for _, name := range names {
		h.parts[name] = part{last: now(), err: errUnseen}
	}
	return h
}

// Seen notes that a part works, or what is wrong with it; it is seen again
// within every.
func (h *Health) Seen(name string, every time.Duration, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.parts[name] = part{every, h.now(), err}
}

// Fresh reports whether a part was seen of late, working or not: one that hangs
// is not.
func (h *Health) Fresh(name string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	p, known := h.parts[name]
	return known && p.every > 0 && h.now().Sub(p.last) <= p.every
}

// report is what a monitor gets: no names and no paths.
type report struct {
	OK    bool                  `json:"ok"`
	Parts map[string]partReport `json:"parts"`
}

type partReport struct {
	OK bool `json:"ok"`
	// Age is how many seconds ago it was seen.
	Age float64 `json:"age"`
	// Code says what is wrong.
	Code core.Code `json:"code,omitempty"`
}

func (h *Health) report() report {
	h.mu.Lock()
	defer h.mu.Unlock()
	r := report{OK: true, Parts: map[string]partReport{}}
	for name, p := range h.parts {
		age := h.now().Sub(p.last)
		one := partReport{OK: p.err == nil && age <= p.every, Age: age.Seconds(), Code: core.CodeOf(p.err)}
		r.Parts[name] = one
		r.OK = r.OK && one.OK
	}
	return r
}

// ServeHTTP answers 200 if all is well, and 503 if not.
func (h *Health) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	r := h.report()
	w.Header().Set("Content-Type", "application/json")
	if !r.OK {
		w.WriteHeader(http.StatusServiceUnavailable)
	}
	json.NewEncoder(w).Encode(r)
}

// ServeObservers adds what monitors and administrators ask.
func ServeObservers(mux *http.ServeMux, standing func(context.Context) Standing, health, metrics http.Handler) {
	for path, page := range map[string]struct {
		http.Handler
		least Standing
	}{
		"GET /health":  {health, Outside},
		"GET /metrics": {metrics, Administrator},
	} {
		mux.HandleFunc(path, func(w http.ResponseWriter, asked *http.Request) {
			if standing(asked.Context()) < page.least {
				refuse(w, core.NewError(core.Refused, "denied.not_administrator", nil, nil))
				return
			}
			page.ServeHTTP(w, asked)
		})
	}
}
