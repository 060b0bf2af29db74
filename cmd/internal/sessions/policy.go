//go:build linux

package sessions

import (
	"path/filepath"
	"strings"
)

// step is a program that starts another, or turns into it.
type step struct{ from, to string }

// Policy says what may run in a session that has not passed the gate: what
// brings the gate up, each step from a program that is known, so that none of
// it is told by its caller to load or run something else.
type Policy struct {
	// steps holds what a step's program must be told to do, "" for anything.
	steps map[step]string
	runs  map[string]bool // what a process of the session may be
}

// Link is a program in a chain of what starts what.
type Link struct {
	Program string
	// Only is how the command must begin that a shell is started with (-c);
	// empty for other programs.
	Only string
}

// DefaultPolicy is for the programs of Debian 12 and our own.
func DefaultPolicy() Policy {
	const (
		sesman  = "/usr/sbin/xrdp-sesman"
		xServer = "/usr/lib/xorg/Xorg"
		shell   = "/usr/bin/dash"
		bash    = "/usr/bin/bash"
		session = "/usr/bin/tfa-session"
		gate    = "/usr/bin/tfa-logon"
		sshd    = "/usr/sbin/sshd"
	)
	// sshd starts ForceCommand by the shell of the account, and the gate starts
	// itself anew.
	forced := func(shell string) []Link {
		return []Link{{sshd, ""}, {sshd, ""}, {shell, "exec tfa-logon "}, {gate, ""}, {gate, ""}}
	}
	return NewPolicy(
		[]Link{{sesman, ""}, {shell, "xauth "}, {"/usr/bin/xauth", ""}},
		[]Link{{sesman, ""}, {xServer, ""}, {shell, `"/usr/bin/xkbcomp" `}, {"/usr/bin/xkbcomp", ""}},
		[]Link{{sesman, ""}, {"/usr/sbin/xrdp-chansrv", ""}, {"/usr/bin/fusermount3", ""}},
		[]Link{{sesman, ""}, {session, ""}, {"/usr/bin/openbox", ""}},
		[]Link{{sesman, ""}, {session, ""}, {gate, ""}, {gate, ""}},
		forced(shell), forced(bash),
	)
}

// NewPolicy makes a policy of chains of programs, the first of which is there.
func NewPolicy(chains ...[]Link) Policy {
	p := Policy{map[step]string{}, map[string]bool{}}
	for _, chain := range chains {
		for i, link := range chain {
			p.runs[link.Program] = true
			if i > 0 {
				p.steps[step{chain[i-1].Program, link.Program}] = link.Only
			}
		}
	}
	return p
}

// starts reports whether a process whose program is from may start to, and what
// it must be told to do.
func (p Policy) starts(from, to string) (only string, may bool) {
	only, may = p.steps[step{from, to}]
	return only, may
}

// Runs reports whether a process may have this program at all.
func (p Policy) Runs(program string) bool { return p.runs[program] }

// isLoader reports whether a file is what the kernel loads with a program that
// needs libraries.
func isLoader(path string) bool {
	return strings.HasPrefix(filepath.Base(path), "ld-linux") && strings.HasPrefix(path, "/usr/lib")
}
