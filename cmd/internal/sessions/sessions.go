//go:build linux

// Package sessions tells the remote sessions of this host apart, knows which of
// them have passed the gate, and ends those that go round it.
//
// A session is a control group (cgroups(7), version 2). What a session starts
// stays in its group, however it detaches itself, and nobody but root moves a
// process to another. PAM opens the session before anything of the user's runs.
package sessions

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

	"evry.nl/tfa/core"
)

// Login is what PAM tells of a session that it opens.
type Login struct {
	Account  string `json:"account"`
	UID      uint32 `json:"uid"`
	Service  string `json:"service"`  // PAM_SERVICE: xrdp-sesman, sshd, cron, …
	Terminal string `json:"terminal"` // PAM_TTY
	// Client is PAM_RHOST. In a session of xrdp it is the address of the client
	// that looks at it, or was the last to; "" until one was seen.
	Client string `json:"client"`
}

// xrdpService is what sesman calls itself to PAM.
const xrdpService = "xrdp-sesman"

// Session is a remote session. Its fields but Login change under the lock of
// its registry.
type Session struct {
	Login
	Opened time.Time `json:"opened"`
	// Boot and Inode say which control group it was: a path is used again after
	// a reboot, an inode is not before.
	Boot  string `json:"boot"`
	Inode uint64 `json:"inode"`
	// Group is the path of the control group, as /proc/PID/cgroup has it.
	Group string `json:"group"`
	// PassedAt is when it passed the gate; zero if it has not.
	PassedAt time.Time `json:"passed_at,omitzero"`
	// LeftAt is when the client of a session of xrdp was gone; zero while one
	// looks at it.
	LeftAt time.Time `json:"left_at,omitzero"`
	// ClosedAt is when PAM closed it; what is left of it has outlived it.
	ClosedAt time.Time `json:"closed_at,omitzero"`

	registry *Registry
	taken    bool // another client has come to it
	unseen   bool // the service ended while it looked at a program, which stands still
	reported bool // that it was ended

	freezing sync.Mutex
	frozen   int // how many have frozen it
}

// Registry holds the sessions of this host. It is safe for use by several
// goroutines.
type Registry struct {
	mount string // of control groups, version 2
	own   string // path below it that holds the groups we make
	state string // folder with a file a session, gone at a reboot
	boot  string
	now   func() time.Time

	mu       sync.Mutex
	sessions map[string]*Session // by Group
	grace    time.Duration
}

// SetGrace says for how long after a disconnect a session may be gone on with,
// from the same client address, without a code.
func (r *Registry) SetGrace(grace time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.grace = grace
}

// ErrNone means that a process runs in no session that PAM has told of.
var ErrNone = errors.New("the process is in no known session")

// Open returns the registry whose control groups stand below own, like "/tfa",
// with the sessions that were written into the folder state and still run.
func Open(own, state string, now func() time.Time) (*Registry, error) {
	mount, err := findMount("/proc/self/mountinfo")
	if err != nil {
		return nil, err
	}
	boot, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return nil, fmt.Errorf("asking which boot this is: %w", err)
	}
	r := &Registry{
		mount: mount, own: own, state: state, now: now,
		boot: strings.TrimSpace(string(boot)), sessions: map[string]*Session{},
	}
	for _, folder := range []string{mount + own, state} {
		if err := os.MkdirAll(folder, 0o700); err != nil {
			return nil, fmt.Errorf("making a folder: %w", err)
		}
	}
	return r, r.recover()
}

// recover reads back what ran before this process.
func (r *Registry) recover() error {
	files, err := filepath.Glob(filepath.Join(r.state, "*.json"))
	if err != nil {
		return fmt.Errorf("listing sessions: %w", err)
	}
	for _, path := range files {
		text, err := os.ReadFile(path)
		if err != nil {
			return fmt.Errorf("reading a session: %w", err)
		}
		s := &Session{registry: r}
		// A file that is damaged is no pass, and neither is one of another boot.
		if json.Unmarshal(text, s) == nil && s.Boot == r.boot && s.is() && r.file(s.Group) == path {
			r.sessions[s.Group] = s
			if err := s.wake(); err != nil {
				return err
			}
		} else if err := os.Remove(path); err != nil {
			return fmt.Errorf("forgetting a session: %w", err)
		}
	}
	return nil
}

// is reports whether the session's control group is still the one that it was.
func (s *Session) is() bool {
	inode, err := inodeOf(s.registry.mount + s.Group)
	return err == nil && inode == s.Inode
}

// file is where a session is written.
func (r *Registry) file(group string) string {
	return filepath.Join(r.state, strings.ReplaceAll(strings.Trim(group, "/"), "/", "~")+".json")
}

// Begin makes a session of the process pid, which PAM is about to start the
// user's programs from. On a host with logind the process stands in a group of
// its own already, which is taken.
func (r *Registry) Begin(pid int, login Login) (*Session, error) {
	group, err := groupOf(pid)
	if err != nil {
		return nil, err
	}
	taken := isScope(group)
	if !taken {
		if group, err = r.makeGroup(); err != nil {
			return nil, err
		}
	}
	if login.Service == xrdpService {
		login.Client = "" // sesman knows none, or writes it otherwise than the kernel
	}
	s := &Session{Login: login, Opened: r.now(), Boot: r.boot, Group: group, registry: r}
	if s.Inode, err = inodeOf(r.mount + group); err != nil {
		return nil, fmt.Errorf("looking at a control group: %w", err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := s.write(); err != nil {
		return nil, err
	}
	r.sessions[group] = s
	if taken {
		return s, nil
	}
	return s, r.enter(group, pid)
}

// write keeps the session for a service that is started anew.
func (s *Session) write() error { return Save(s.registry.file(s.Group), s) }

// Of returns the session that a process runs in. Error: ErrNone.
func (r *Registry) Of(pid int) (*Session, error) {
	group, err := groupOf(pid)
	if err != nil {
		return nil, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for ; group != "/" && group != "."; group = filepath.Dir(group) {
		if s, found := r.sessions[group]; found {
			return s, nil
		}
	}
	return nil, ErrNone
}

// Passed reports whether the session is through the gate, and still open.
func (s *Session) Passed() bool {
	s.registry.mu.Lock()
	defer s.registry.mu.Unlock()
	return !s.PassedAt.IsZero() && s.ClosedAt.IsZero()
}

// Pass records that the session is through the gate, before anybody is told.
// Error: Refused for a session that PAM has closed.
func (s *Session) Pass() error {
	s.registry.mu.Lock()
	defer s.registry.mu.Unlock()
	if !s.ClosedAt.IsZero() {
		return core.NewError(core.Refused, "denied.no_session", nil, errors.New("the session is closed"))
	}
	before := s.PassedAt
	s.PassedAt = s.registry.now()
	if err := s.write(); err != nil {
		s.PassedAt = before
		return err
	}
	return nil
}

// From returns the address of the client.
func (s *Session) From() string {
	s.registry.mu.Lock()
	defer s.registry.mu.Unlock()
	return s.Client
}

// Resumable returns when the session passed the gate that this one goes on for:
// the same account was cut off from it, from the same address, not longer ago
// than the grace. It is the zero time if there is none.
func (s *Session) Resumable() (time.Time, error) {
	if s.Service != xrdpService {
		return time.Time{}, nil
	}
	if err := s.registry.LookAtClients(); err != nil {
		return time.Time{}, err
	}
	s.registry.mu.Lock()
	defer s.registry.mu.Unlock()
	if earlier := s.resumed(); earlier != nil {
		return earlier.PassedAt, nil
	}
	return time.Time{}, nil
}

// resumed returns the session that this one goes on for, or nil. The caller
// holds the lock.
func (s *Session) resumed() (found *Session) {
	now := s.registry.now()
	for _, earlier := range s.registry.sessions {
		switch {
		case earlier == s, earlier.UID != s.UID, earlier.Account != s.Account, earlier.Service != xrdpService,
			earlier.Client == "", earlier.Client != s.Client, !earlier.isCutOff(now):
		case found == nil, earlier.LeftAt.After(found.LeftAt):
			found = earlier
		}
	}
	return found
}

// loggingOff is how long it may take, once a client is gone, that PAM closes a
// session from which somebody has logged off. sesman closes one that was cut off
// a minute after.
const loggingOff = 30 * time.Second

// isCutOff reports whether a session that had passed lost its client not longer
// ago than the grace, and nobody logged off. The caller holds the lock.
func (s *Session) isCutOff(now time.Time) bool {
	return !s.PassedAt.IsZero() && !s.LeftAt.IsZero() && now.Sub(s.LeftAt) < s.registry.grace &&
		(s.ClosedAt.IsZero() || s.ClosedAt.Sub(s.LeftAt) >= loggingOff)
}

// Resume passes in the place of the session that Resumable found, and ends that.
// Error: Refused if it can't be gone on with any more.
func (s *Session) Resume() error {
	s.registry.mu.Lock()
	earlier := s.resumed()
	var err error
	switch {
	case earlier == nil || !s.ClosedAt.IsZero():
		err = core.NewError(core.Refused, "denied.no_session", nil, errors.New("nothing to go on with"))
	default:
		// First, so that one pass never becomes two.
		earlier.PassedAt = time.Time{}
		err = earlier.write()
	}
	s.registry.mu.Unlock()
	if err != nil {
		return err
	}
	if err := s.Pass(); err != nil {
		return err
	}
	return earlier.End()
}

// Close notes that PAM has closed the session.
func (s *Session) Close() error {
	s.registry.mu.Lock()
	defer s.registry.mu.Unlock()
	s.ClosedAt = s.registry.now()
	return s.write()
}

// Sessions returns the sessions that run, and forgets those of which nothing is
// left and that no other may go on for.
func (r *Registry) Sessions() ([]*Session, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	var running []*Session
	for group, s := range r.sessions {
		pids, err := processesIn(r.mount + group)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
		if len(pids) > 0 || r.now().Sub(s.Opened) < beginning {
			running = append(running, s)
			continue
		}
		if strings.HasPrefix(group, r.own+"/") {
			os.Remove(r.mount + group) // it is empty, or gone
		}
		if s.ClosedAt.IsZero() {
			s.ClosedAt = r.now()
		}
		if s.isCutOff(r.now()) {
			continue
		}
		delete(r.sessions, group)
		if err := os.Remove(r.file(group)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("forgetting a session: %w", err)
		}
	}
	return running, nil
}

// beginning is how long a session may be empty after it was opened: its first
// process enters it last.
const beginning = time.Second
