package rds

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"evry.nl/tfa/cmd/internal/sessions"
	"evry.nl/tfa/core"
)

// Session is a session that somebody has logged on to. Its fields but Key change
// under the lock of its registry.
type Session struct {
	Key
	Opened time.Time `json:"opened"` // when it was first seen
	// Station and Client are where its person is.
	Station string `json:"station"`
	Client  string `json:"client"`
	// PassedAt is when it passed the gate; zero if it has not.
	PassedAt time.Time `json:"passed_at,omitzero"`
	// LeftAt is since when nobody is connected; zero if somebody is.
	LeftAt time.Time `json:"left_at,omitzero"`
	// ClosedAt is when it was ended, or began to.
	ClosedAt time.Time `json:"closed_at,omitzero"`

	registry *Registry
}

// Registry holds the sessions of this host. It is safe for use by several
// goroutines.
type Registry struct {
	system System
	folder string // with a file a session
	boot   string
	now    func() time.Time

	mu       sync.Mutex
	sessions map[Key]*Session
	grace    time.Duration
}

// SetGrace says for how long after a disconnect a session may be gone on with,
// from the same client address, without a code.
func (r *Registry) SetGrace(grace time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.grace = grace
}

// Open returns the registry with the sessions of this boot that were written into
// a folder, which must be the system's alone.
func Open(system System, folder string, now func() time.Time) (*Registry, error) {
	boot, err := system.Boot()
	if err != nil {
		return nil, fmt.Errorf("asking which boot this is: %w", err)
	}
	r := &Registry{system: system, folder: folder, boot: boot, now: now, sessions: map[Key]*Session{}}
	files, err := os.ReadDir(folder)
	if err != nil {
		return nil, fmt.Errorf("listing sessions: %w", err)
	}
	for _, file := range files {
		path := filepath.Join(folder, file.Name())
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, fmt.Errorf("reading a session: %w", err)
		}
		s := &Session{registry: r}
		// A file that is damaged is no pass, and neither is one of another boot.
		if json.Unmarshal(text, s) == nil && s.Boot == boot && r.file(s.Key) == path {
			r.sessions[s.Key] = s
		} else if err := os.Remove(path); err != nil {
			return nil, fmt.Errorf("forgetting a session: %w", err)
		}
	}
	return r, nil
}

// file is where a session is written.
func (r *Registry) file(k Key) string {
	return filepath.Join(r.folder, fmt.Sprintf("%d-%s.json", k.ID, strings.ReplaceAll(k.Logon, ":", "-")))
}

func (s *Session) write() error { return sessions.Save(s.registry.file(s.Key), s) }

// Of returns the session with a number, as it is now. Error: ErrNone.
func (r *Registry) Of(id uint32) (*Session, error) {
	state, err := r.system.Session(id)
	if err != nil {
		return nil, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.take(state)
}

// take returns the session that Windows describes. Before it has passed it goes
// where its person goes.
func (r *Registry) take(state State) (*Session, error) {
	state.Boot = r.boot
	s, found := r.sessions[state.Key]
	if !found {
		s = &Session{Key: state.Key, Opened: r.now(), registry: r}
		if err := s.write(); err != nil {
			return nil, err
		}
		r.sessions[s.Key] = s
	}
	if s.PassedAt.IsZero() {
		s.Station, s.Client = state.Station, state.Client
	}
	return s, nil
}

// update takes over what Windows says of all sessions. It returns those that
// run, by number, and forgets those that have ended.
func (r *Registry) update(states []State) (running map[uint32]*Session, gone []*Session, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	running = map[uint32]*Session{}
	for _, state := range states {
		s, err := r.take(state)
		if err != nil {
			return nil, nil, err
		}
		running[s.ID] = s
	}
	for key, s := range r.sessions {
		if running[s.ID] == s {
			continue
		}
		delete(r.sessions, key)
		gone = append(gone, s)
		if err := os.Remove(r.file(key)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, nil, fmt.Errorf("forgetting a session: %w", err)
		}
	}
	return running, gone, nil
}

// Place returns what the session's connection is called and from where it comes,
// for the log.
func (s *Session) Place() (station, client string) {
	s.registry.mu.Lock()
	defer s.registry.mu.Unlock()
	return s.Station, s.Client
}

// Passed reports whether the session is through the gate, and goes on.
func (s *Session) Passed() bool {
	s.registry.mu.Lock()
	defer s.registry.mu.Unlock()
	return !s.PassedAt.IsZero() && s.ClosedAt.IsZero()
}

// Pass records that the session is through the gate, before anybody is told.
// Error: Refused for a session that is being ended.
func (s *Session) Pass() error {
	s.registry.mu.Lock()
	defer s.registry.mu.Unlock()
	if !s.ClosedAt.IsZero() {
		return core.NewError(core.Refused, "denied.no_session", nil, errors.New("the session is being ended"))
	}
	before := s.PassedAt
	s.PassedAt = s.registry.now()
	if err := s.write(); err != nil {
		s.PassedAt = before
		return err
	}
	return nil
}

// Resumable returns the zero time: on Windows a session that was left is come back
// to, and no other goes on for it.
func (s *Session) Resumable() (time.Time, error) { return time.Time{}, nil }

// Resume implements what goes with Resumable. Error: Refused.
func (s *Session) Resume() error {
	return core.NewError(core.Refused, "denied.no_session", nil, errors.New("nothing to go on with"))
}

// close takes the pass back for good.
func (s *Session) close() error {
	s.registry.mu.Lock()
	defer s.registry.mu.Unlock()
	s.ClosedAt = s.registry.now()
	return s.write()
}

// standsTooLong reports whether it has stood at the gate for longer than limit.
func (s *Session) standsTooLong(limit time.Duration) bool {
	s.registry.mu.Lock()
	defer s.registry.mu.Unlock()
	return s.PassedAt.IsZero() && s.ClosedAt.IsZero() && s.registry.now().Sub(s.Opened) > limit
}

// closed returns how long it has been ending, and whether it had passed before;
// 0 if it goes on.
func (s *Session) closed() (since time.Duration, hadPassed bool) {
	s.registry.mu.Lock()
	defer s.registry.mu.Unlock()
	if s.ClosedAt.IsZero() {
		return 0, false
	}
	return max(1, s.registry.now().Sub(s.ClosedAt)), !s.PassedAt.IsZero()
}

// follow notes whether somebody is connected to a session that has passed. If a
// code must be asked for again, it returns why: nobody came back in time, or
// somebody is there from elsewhere. Who went from one place to another between
// two looks has left it too.
func (s *Session) follow(state State) (sessions.Why, error) {
	s.registry.mu.Lock()
	defer s.registry.mu.Unlock()
	if s.PassedAt.IsZero() || !s.ClosedAt.IsZero() {
		return "", nil
	}
	now, wasLeft := s.registry.now(), !s.LeftAt.IsZero()
	switch {
	case !state.IsLeft && s.isElsewhere(state, wasLeft):
		return sessions.Taken, nil
	case wasLeft && now.Sub(s.LeftAt) > s.registry.grace:
		return sessions.Abandoned, nil
	case state.IsLeft && !wasLeft:
		s.LeftAt = now
		return "", s.write()
	case !state.IsLeft && (wasLeft || s.Station != state.Station):
		s.LeftAt, s.Station = time.Time{}, state.Station
		return "", s.write()
	}
	return "", nil
}

// isElsewhere reports whether the person of a session is at another place than
// when it passed. Once it was left, a place that Windows can't tell is another.
func (s *Session) isElsewhere(state State, wasLeft bool) bool {
	if s.Station == console || state.Station == console {
		return s.Station != state.Station
	}
	if state.Client == "" {
		return wasLeft
	}
	return state.Client != s.Client
}
