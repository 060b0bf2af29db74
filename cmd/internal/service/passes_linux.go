package service

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// promisedFor is how long a pass waits for the session that PAM opens.
const promisedFor = time.Minute

// Passes are those of logons whose code PAM has asked for before there was a
// session. Each is for one session of one account, which the same service of
// PAM's opens soon after. It is safe for use by several goroutines.
type Passes struct {
	now func() time.Time

	mu       sync.Mutex
	promised []promise
}

// promise is a pass that no session has taken yet.
type promise struct {
	account string
	by      process // asked for the code
	above   process // its parent
	until   time.Time
}

// NewPasses returns none.
func NewPasses(now func() time.Time) *Passes { return &Passes{now: now} }

// promise keeps a pass for the session that the process by is to open.
func (p *Passes) promise(account string, by, above process) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.promised = append(p.current(), promise{account, by, above, p.now().Add(promisedFor)})
}

// take reports whether there is a pass for a session of the account that the
// process opener opens, and takes it away. A service asks and opens in the same
// process (su, and sshd for a password), opens in a child of the one that asks
// (sesman), or asks in a child of the one that opens (sshd, for its questions).
func (p *Passes) take(account string, opener, above process) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.promised = p.current()
	i := slices.IndexFunc(p.promised, func(a promise) bool {
		return a.account == account && (opener == a.by || above == a.by || opener == a.above)
	})
	if i < 0 {
		return false
	}
	p.promised = slices.Delete(p.promised, i, i+1)
	return true
}

// current returns the passes that still wait.
func (p *Passes) current() []promise {
	now := p.now()
	return slices.DeleteFunc(p.promised, func(a promise) bool { return !now.Before(a.until) })
}

// process is a process, told apart from a later one with the same number.
type process struct {
	pid     int
	started string // as the kernel counts it
}

// lookAt returns a process with the number of its parent.
func lookAt(pid int) (p process, parent int, err error) {
	text, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return process{}, 0, fmt.Errorf("looking at a process: %w", err)
	}
	// The name, which stands between brackets, may hold anything.
	fields := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:]))
	if len(fields) < 20 {
		return process{}, 0, fmt.Errorf("looking at a process: the kernel says %d words", len(fields))
	}
	parent, err = strconv.Atoi(fields[1])
	return process{pid, fields[19]}, parent, err
}

// servedBy returns the process that runs PAM, of which pid is the child that
// pam_exec has started, and that one's parent.
func servedBy(pid int) (by, above process, err error) {
	_, parent, err := lookAt(pid)
	if err != nil {
		return process{}, process{}, err
	}
	by, parent, err = lookAt(parent)
	if err != nil || parent == 0 { // it is the first of a container
		return by, process{}, err
	}
	above, _, err = lookAt(parent)
	return by, above, err
}

// promised stands for the session that PAM has yet to open.
type promised struct {
	unwatched
	passes    *Passes
	account   string
	by, above process
}

func (p promised) Pass() error {
	p.passes.promise(p.account, p.by, p.above)
	return nil
}
