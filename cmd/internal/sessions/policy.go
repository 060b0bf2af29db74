//go:build linux

package sessions

import (
	"path/filepath"
	"strings"
)

// step is a program that turns into, or starts, another.
type step struct{ from, to string }

// Policy says what may run in a session that has not passed the gate: what
// brings the gate up, each step from a program that is known, so that none of
// it is told by its caller to load or run something else.
type Policy struct {
	steps map[step]bool
	runs  map[string]bool // what a process of the session may be
}

// Programs of the host.
const (
	sesman   = "/usr/sbin/xrdp-sesman"
	xServer  = "/usr/lib/xorg/Xorg"
	channels = "/usr/sbin/xrdp-chansrv"
	wrapper  = "/usr/bin/tfa-session"
	gate     = "/usr/bin/tfa-logon"
	manager  = "/usr/bin/openbox"
	sshd     = "/usr/sbin/sshd"
)

// DefaultPolicy is for the programs of Debian and our packages.
func DefaultPolicy() Policy {
	return NewPolicy([][]string{
		{sesman, xServer, shell, "/usr/bin/xkbcomp"},
		{sesman, channels, "/usr/bin/fusermount3"},
		{sesman, wrapper, manager},
		{sesman, wrapper, gate, gate}, // it starts itself anew
		{sshd, sshd, loginShell, gate, gate},
	})
}

const (
	shell = "/usr/bin/dash"
	// loginShell stands for the shells of accounts: sshd starts ForceCommand by
	// them.
	loginShell = "login shell"
)

// loginShells are the shells that read no file of the user's before -c COMMAND
// as our set-up for sshd starts them.
var loginShells = []string{shell, "/usr/bin/bash"}

// NewPolicy makes a policy of chains of programs.
func NewPolicy(chains [][]string) Policy {
	p := Policy{map[step]bool{}, map[string]bool{}}
	for _, chain := range chains {
		for i := 1; i < len(chain); i++ {
			for _, from := range programs(chain[i-1]) {
				for _, to := range programs(chain[i]) {
					p.steps[step{from, to}] = true
					p.runs[from], p.runs[to] = true, true
				}
			}
		}
	}
	return p
}

func programs(name string) []string {
	if name == loginShell {
		return loginShells
	}
	return []string{name}
}

// Starts reports whether a process whose program is from may start to.
func (p Policy) Starts(from, to string) bool { return p.steps[step{from, to}] }

// Runs reports whether a process may have this program at all.
func (p Policy) Runs(program string) bool { return p.runs[program] }

// isLoader reports whether a file is what the kernel loads with a program that
// needs libraries.
func isLoader(path string) bool {
	return strings.HasPrefix(filepath.Base(path), "ld-linux") && strings.HasPrefix(path, "/usr/lib")
}
