//go:build linux

package sessions

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// process is a process as the kernel describes it.
type process struct {
	pid     int
	uid     uint32 // real
	program string // path of what it runs; "" for none, like one that has ended
}

// lookAt returns what the kernel says of a process. Error: it is gone.
func lookAt(pid int) (process, error) {
	uid, err := uidOf(pid)
	if err != nil {
		return process{}, err
	}
	return process{pid, uid, programOf(pid)}, nil
}

// uidOf returns the real user of a process. Error: it is gone.
func uidOf(pid int) (uint32, error) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, err
	}
	_, line, found := bytes.Cut(status, []byte("\nUid:"))
	fields := bytes.Fields(line)
	if !found || len(fields) == 0 {
		return 0, fmt.Errorf("process %d has no user", pid)
	}
	uid, err := strconv.ParseUint(string(fields[0]), 10, 32)
	if err != nil {
		return 0, fmt.Errorf("process %d: %w", pid, err)
	}
	return uint32(uid), nil
}

// programOf returns the path of what a process runs, "" for none.
func programOf(pid int) string {
	program, _ := os.Readlink(fmt.Sprintf("/proc/%d/exe", pid))
	return program
}

// wordsOf returns what a process was started with: its arguments ("cmdline") or
// its environment ("environ").
func wordsOf(pid int, file string) ([]string, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/%s", pid, file))
	if err != nil || len(text) == 0 {
		return nil, err
	}
	return strings.Split(strings.TrimSuffix(string(text), "\x00"), "\x00"), nil
}

// isElsewhere reports whether a process has a user namespace of its own. There
// it may have mounted another file under the name of any program.
func (p process) isElsewhere() bool {
	ours, err := os.Readlink("/proc/self/ns/user")
	if err != nil {
		return true
	}
	its, err := os.Readlink(fmt.Sprintf("/proc/%d/ns/user", p.pid))
	if isGone(err) {
		return false
	}
	return err != nil || its != ours
}

// isGone reports whether a file of /proc could not be read because its process
// has ended.
func isGone(err error) bool {
	return errors.Is(err, os.ErrNotExist) || errors.Is(err, syscall.ESRCH)
}

// processes returns the numbers of those that run on this host.
func processes() ([]int, error) {
	folder, err := os.Open("/proc")
	if err != nil {
		return nil, fmt.Errorf("listing processes: %w", err)
	}
	defer folder.Close()
	names, err := folder.Readdirnames(-1)
	if err != nil {
		return nil, fmt.Errorf("listing processes: %w", err)
	}
	var found []int
	for _, name := range names {
		if pid, err := strconv.Atoi(name); err == nil {
			found = append(found, pid)
		}
	}
	return found, nil
}

// End kills what of the session is not root's: PAM's part then ends it in order.
// The group is frozen meanwhile, so that nothing gets away by starting anew.
func (s *Session) End() error {
	if !s.is() {
		return nil // it has ended by itself
	}
	s.freeze()
	defer s.thaw()
	pids, err := processesIn(s.registry.mount + s.Group)
	if err != nil {
		return err
	}
	for _, pid := range pids {
		if p, err := lookAt(pid); err == nil && p.uid != 0 {
			p.kill()
		}
	}
	return nil
}

// freeze stops the processes of the session where they are, until as many calls
// of thaw. An old kernel can't: then the guard is late by some milliseconds, and
// what starts itself anew while it is killed is left to the next look.
func (s *Session) freeze() {
	s.freezing.Lock()
	defer s.freezing.Unlock()
	if s.frozen++; s.frozen == 1 {
		tell(s.registry.mount+s.Group, "cgroup.freeze", "1")
	}
}

func (s *Session) thaw() {
	s.freezing.Lock()
	defer s.freezing.Unlock()
	if s.frozen--; s.frozen == 0 {
		tell(s.registry.mount+s.Group, "cgroup.freeze", "0")
	}
}

// wake sees to a session that was frozen when the service ended. Of one at the
// gate nobody knows what it was about to do.
func (s *Session) wake() error {
	text, err := os.ReadFile(s.registry.mount + s.Group + "/cgroup.freeze")
	if err != nil || strings.TrimSpace(string(text)) != "1" {
		return nil // as on a kernel that can't freeze, or it has ended
	}
	if s.PassedAt.IsZero() {
		s.unseen = true // Watch ends it
		return nil
	}
	if err := tell(s.registry.mount+s.Group, "cgroup.freeze", "0"); err != nil {
		return fmt.Errorf("letting a session go on: %w", err)
	}
	return nil
}

// isFrozen reports whether no process of the session is on its way any more.
func (s *Session) isFrozen() bool {
	text, err := os.ReadFile(s.registry.mount + s.Group + "/cgroup.events")
	return err == nil && strings.Contains(string(text), "frozen 1")
}

// kill ends a process at once. It looks again while it holds on to the process,
// because a number is given to another when its process has ended.
func (p process) kill() {
	held, err := os.FindProcess(p.pid)
	if err != nil {
		return
	}
	defer held.Release()
	if uid, err := uidOf(p.pid); err == nil && uid == p.uid {
		held.Kill()
	}
}

// Accounts tells which users this product watches over.
type Accounts interface {
	// Protected returns the account of a user if it must pass the gate.
	Protected(uid uint32) (account string, protected bool)
}

// Watch ends what goes round the gate.
type Watch struct {
	Registry *Registry
	Accounts Accounts
	Policy   Policy
	// Limit is how long a session may stand at the gate.
	Limit time.Duration
	// Leaving is how long a session that was closed may take to end.
	Leaving time.Duration
	// Report is told what was ended, and why.
	Report func(Ended)
	// Deciding, if set, is told that the guard begins to decide about a start, and
	// returns what is told the decision.
	Deciding func() (decided func(allowed bool))
}

// Ended is a session, or a process outside of all, that was ended.
type Ended struct {
	Account string
	Session *Session // nil for a process that is in none
	// Program is what ran, or was refused to start; From is who wanted to.
	From, Program string
	Why           Why
}

// Look looks once at everything that runs. It is for what the guard does not
// see: what ran before it did, and what was started while nobody guarded.
func (w Watch) Look() error {
	// What is wrong with one look is no reason to leave out the others.
	err := w.Registry.LookAtClients()
	running, listing := w.Registry.Sessions()
	ended, free := map[*Session]bool{}, map[int]bool{}
	for _, s := range running {
		if why := w.overdue(s); why != "" {
			err = errors.Join(err, w.end(s, "", why))
			ended[s] = true
		} else if s.Passed() {
			s.collect(free)
		}
	}
	return errors.Join(err, listing, w.lookAtProcesses(ended, free))
}

// collect adds the processes of a session. One that can't be asked adds none:
// they are then looked at one by one.
func (s *Session) collect(pids map[int]bool) {
	all, err := processesIn(s.registry.mount + s.Group)
	if err != nil {
		return
	}
	for _, pid := range all {
		pids[pid] = true
	}
}

// overdue says why a session has lasted long enough, "" if it has not.
func (w Watch) overdue(s *Session) Why {
	r := w.Registry
	r.mu.Lock()
	defer r.mu.Unlock()
	switch now := r.now(); {
	case !s.ClosedAt.IsZero():
		return ""
	case s.taken:
		return Taken
	case s.unseen:
		return Unseen
	case s.PassedAt.IsZero() && now.Sub(s.Opened) > w.Limit:
		return TooLong
	case !s.PassedAt.IsZero() && !s.LeftAt.IsZero() && now.Sub(s.LeftAt) >= r.grace:
		return Abandoned
	}
	return ""
}

// lookAtProcesses ends what a session may not run, and what runs in none. The
// sessions in ended are being seen to, the processes in free have passed.
func (w Watch) lookAtProcesses(ended map[*Session]bool, free map[int]bool) error {
	all, err := processes()
	if err != nil {
		return err
	}
	for _, pid := range all {
		if free[pid] {
			continue
		}
		uid, err := uidOf(pid)
		if err != nil {
			continue // it has ended
		}
		account, protected := w.Accounts.Protected(uid)
		if !protected {
			continue
		}
		p := process{pid, uid, programOf(pid)}
		if p.program == "" {
			continue
		}
		s, err := w.Registry.Of(p.pid)
		switch {
		case isGone(err):
		case err != nil:
			p.kill()
			w.Report(Ended{Account: account, Program: p.program, Why: NoSession})
		case s.Passed(), ended[s]:
		case s.isClosed():
			if s.isLeft(w.leaving(p.program)) {
				p.kill()
				w.Report(Ended{Account: account, Session: s, Program: p.program, Why: LeftOver})
			}
		// Deleted is what was replaced while it ran, as by an upgrade.
		case !w.Policy.Runs(strings.TrimSuffix(p.program, " (deleted)")), p.isElsewhere():
			if err := w.end(s, p.program, Stranger); err != nil {
				return err
			}
			ended[s] = true
		}
	}
	return nil
}

// leaving is how long a program may take to end when its session was closed: the
// X server and its like end by themselves in order, which nobody shall hurry.
// Others only learn that their screen is gone.
func (w Watch) leaving(program string) time.Duration {
	if w.Policy.Runs(program) {
		return w.Leaving
	}
	return min(w.Leaving, time.Second)
}

func (w Watch) end(s *Session, program string, why Why) error {
	if err := s.End(); err != nil {
		return err
	}
	s.registry.mu.Lock()
	before := s.reported
	s.reported = true
	s.registry.mu.Unlock()
	if !before { // PAM may take a while to close it
		w.Report(Ended{Account: s.Account, Session: s, Program: program, Why: why})
	}
	return nil
}

// isLeft reports whether the session was closed longer ago than what it takes
// its last programs, like the X server, to end by themselves.
func (s *Session) isLeft(leaving time.Duration) bool {
	s.registry.mu.Lock()
	defer s.registry.mu.Unlock()
	return s.registry.now().Sub(s.ClosedAt) > leaving
}

func (s *Session) isClosed() bool {
	s.registry.mu.Lock()
	defer s.registry.mu.Unlock()
	return !s.ClosedAt.IsZero()
}
