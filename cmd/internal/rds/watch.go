package rds

import (
	"errors"
	"fmt"
	"sync"
	"time"

	"evry.nl/tfa/cmd/internal/sessions"
)

const (
	// lasting is for how many looks in a row a session may have programs that it
	// may not run, which are ended each time: then it is ended itself.
	lasting = 8
	// leaving is how long Windows gets to end a session in order.
	leaving = 10 * time.Second
)

// Watch ends what goes round the gate. Its methods may be called by several
// goroutines.
type Watch struct {
	Registry *Registry
	Accounts Accounts
	Policy   Policy
	// Limit is how long a session may stand at the gate.
	Limit time.Duration
	// Report is told what was ended, and why.
	Report func(Ended)

	mu      sync.Mutex
	watched map[Key]*watched
	// gone holds when sessions that had passed were seen no more, by number.
	gone map[uint32]time.Time
	// outsiders holds those of the last look.
	outsiders map[processKey]bool
	// atGate and passed count the sessions of the last look.
	atGate, passed int
}

// Ended is a session, or a program in one, that was ended.
type Ended struct {
	Account         string
	Station, Client string
	// Program is what ran, and From is who had started it.
	From, Program string
	Why           sessions.Why
	// IsUnasked means that Windows had started it by itself, at every logon alike:
	// nobody of the practice has done a thing.
	IsUnasked bool
}

// watched is what earlier looks saw of a session that has not passed.
type watched struct {
	// looks counts those in a row that found what may not run.
	looks int
	// killed holds processes that an earlier look has killed.
	killed map[processKey]bool
	// told holds programs that were reported.
	told map[string]bool
}

type processKey struct {
	pid     uint32
	started int64
}

func (p Process) key() processKey { return processKey{p.PID, p.Started} }

// Look looks once at everything that runs. A fault with one session or process
// keeps it from no other.
func (w *Watch) Look() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	system := w.Registry.system
	// Processes first: a session that is there when they are listed is there
	// afterwards, unless it has ended with them.
	processes, err := system.Processes()
	if err != nil {
		return fmt.Errorf("listing processes: %w", err)
	}
	states, err := system.Sessions()
	if err != nil {
		return fmt.Errorf("listing sessions: %w", err)
	}
	running, gone, err := w.Registry.update(states)
	if err != nil {
		return err
	}
	w.forget(running, gone)
	var faults []error
	w.atGate, w.passed = 0, 0
	for _, state := range states {
		account, protected := w.Accounts.Protected(state.SID)
		if !protected {
			continue
		}
		s := running[state.ID]
		faults = append(faults, w.lookAtSession(account, s, state))
		if s.Passed() {
			w.passed++
		} else {
			w.atGate++
		}
	}
	faults = append(faults, w.lookAtProcesses(processes, running))
	return errors.Join(faults...)
}

// Count returns how many sessions of the last look stood at the gate, and how many
// had passed.
func (w *Watch) Count() (atGate, passed int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.atGate, w.passed
}

// forget drops what was seen of sessions that have ended.
func (w *Watch) forget(running map[uint32]*Session, gone []*Session) {
	if w.watched == nil {
		w.watched, w.gone = map[Key]*watched{}, map[uint32]time.Time{}
	}
	for _, s := range gone {
		delete(w.watched, s.Key)
		if !s.PassedAt.IsZero() {
			w.gone[s.ID] = w.Registry.now()
		}
	}
	for id := range running {
		delete(w.gone, id)
	}
}

func (w *Watch) of(s *Session) *watched {
	if w.watched[s.Key] == nil {
		w.watched[s.Key] = &watched{killed: map[processKey]bool{}, told: map[string]bool{}}
	}
	return w.watched[s.Key]
}

// lookAtSession ends a session that stands at the gate for too long, and one that
// nobody came back to in time, or that another client came to.
func (w *Watch) lookAtSession(account string, s *Session, state State) error {
	since, _ := s.closed()
	if since > leaving { // Windows has not ended it yet
		return w.Registry.system.LogOff(s.ID)
	}
	why, err := s.follow(state)
	if s.standsTooLong(w.Limit) {
		why = sessions.TooLong
	}
	if why == "" {
		return err
	}
	err = errors.Join(err, w.end(account, s, "", why))
	if why == sessions.Taken { // logging off takes its time; until then nobody sees it
		err = errors.Join(err, w.Registry.system.Disconnect(s.ID))
	}
	return err
}

// lookAtProcesses ends what runs as a person where no code was given.
func (w *Watch) lookAtProcesses(processes []Process, running map[uint32]*Session) error {
	parents := make(map[uint32]Process, len(processes))
	for _, p := range processes {
		parents[p.PID] = p
	}
	var faults []error
	before := w.outsiders
	w.outsiders = map[processKey]bool{}
	offended := map[*Session]bool{}
	for _, p := range processes {
		if !p.isPersons() {
			continue
		}
		parent := parents[p.Parent]
		if parent.Started > p.Started { // it has the number of one that has ended
			parent = Process{}
		}
		s := running[p.Session]
		isGuarded := false
		if s != nil {
			_, isGuarded = w.Accounts.Protected(s.SID)
		}
		switch {
		case !isGuarded:
			faults = append(faults, w.lookAtOutsider(p, parent, before[p.key()]))
		case !s.Passed():
			offends, err := w.lookAtStranger(p, parent, s)
			offended[s] = offended[s] || offends
			faults = append(faults, err)
		}
	}
	for _, s := range running {
		faults = append(faults, w.count(s, offended[s]))
	}
	return errors.Join(faults...)
}

// lookAtOutsider ends a process of a protected account that runs in no session of
// such a one: a task, a service, a remote shell, or another person's session.
func (w *Watch) lookAtOutsider(p, parent Process, isTold bool) error {
	account, protected := w.Accounts.Protected(p.SID)
	if !protected {
		return nil
	}
	if since, found := w.gone[p.Session]; found && w.Registry.now().Sub(since) < leaving {
		return nil // the last programs of a session end after it
	}
	w.outsiders[p.key()] = true
	if !isTold {
		w.Report(Ended{Account: account, From: parent.Program, Program: p.Program, Why: sessions.NoSession})
	}
	return w.Registry.system.Kill(p)
}

// lookAtStranger ends what may not run before the gate. It reports whether that
// tells against the session.
func (w *Watch) lookAtStranger(p, parent Process, s *Session) (offends bool, err error) {
	if since, hadPassed := s.closed(); hadPassed && since < leaving {
		return false, nil // Windows is ending it, with what is open in it
	}
	ruled := w.Policy.judge(p, parent)
	if ruled == allowed {
		return false, nil
	}
	account, _ := w.Accounts.Protected(s.SID)
	seen := w.of(s)
	offends = ruled == refused || seen.killed[p.key()]
	seen.killed[p.key()] = true
	if program := fold(p.Program); !seen.told[program] {
		seen.told[program] = true
		station, client := s.Place()
		w.Report(Ended{account, station, client, parent.Program, p.Program, sessions.Stranger, !offends && ruled == unasked})
	}
	err = w.Registry.system.Kill(p)
	if since, _ := s.closed(); ruled == desktop && since == 0 {
		err = errors.Join(err, w.end(account, s, p.Program, sessions.Stranger))
	}
	return offends, err
}

// count ends a session in which what may not run goes on.
func (w *Watch) count(s *Session, offended bool) error {
	if !offended {
		if seen := w.watched[s.Key]; seen != nil {
			seen.looks = 0
		}
		return nil
	}
	seen := w.of(s)
	seen.looks++
	if since, _ := s.closed(); seen.looks < lasting || since > 0 {
		return nil
	}
	account, _ := w.Accounts.Protected(s.SID)
	return w.end(account, s, "", sessions.Stranger)
}

// end takes a session's pass and has Windows log it off.
func (w *Watch) end(account string, s *Session, program string, why sessions.Why) error {
	err := s.close()
	station, client := s.Place()
	w.Report(Ended{Account: account, Station: station, Client: client, Program: program, Why: why})
	return errors.Join(err, w.Registry.system.LogOff(s.ID))
}
