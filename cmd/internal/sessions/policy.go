//go:build linux

package sessions

import (
	"path/filepath"
	"regexp"
	"strings"
)

// step is a program that starts another, or turns into it.
type step struct{ from, to string }

// Policy says what may run in a session that has not passed the gate: what
// brings the gate up, each step from a program that is known, so that none of
// it is told by its caller to load or run something else.
type Policy struct {
	// steps holds what a step's program must be told to do, nil for anything.
	steps map[step]*regexp.Regexp
	runs  map[string]bool // what a process of the session may be
}

// Link is a program in a chain of what starts what.
type Link struct {
	Program string
	// Only is the whole command that a shell may be started with (-c); nil for
	// other programs. A shell that is told more can do much by itself.
	Only *regexp.Regexp
}

// The commands of shells, as the programs write them that start one.
var (
	// addsCookie is sesman's.
	addsCookie = regexp.MustCompile(`^xauth -q -f [\w./-]+ add :\d+ \. [0-9a-f]+$`)
	// compilesKeys is that of the X server.
	compilesKeys = regexp.MustCompile(`^"/usr/bin/xkbcomp" -w \d+ ("-R/usr/share/X11/xkb" )?-xkm "-" -em1 "[^"$` + "`" + `\\]*" -emp "[^"$` + "`" + `\\]*" -eml "[^"$` + "`" + `\\]*" "/(tmp|var/lib/xkb)/server-\d+\.xkm"$`)
	// asksOnTerminal is what ForceCommand of sshd says.
	asksOnTerminal = regexp.MustCompile(`^exec /usr/bin/tfa-logon --tty (--config [\w./-]+ )?-- /usr/lib/tfa/ssh-session$`)
)

// DefaultPolicy is for the programs of Debian 12 and our own.
func DefaultPolicy() Policy {
	const (
		sesman  = "/usr/sbin/xrdp-sesman"
		xServer = "/usr/lib/xorg/Xorg"
		session = "/usr/bin/tfa-session"
		gate    = "/usr/bin/tfa-logon"
		sshd    = "/usr/sbin/sshd"
	)
	var chains [][]Link
	for _, shell := range []string{"/usr/bin/dash", "/usr/bin/bash"} { // either may be sh
		chains = append(chains,
			[]Link{{sesman, nil}, {shell, addsCookie}, {"/usr/bin/xauth", nil}},
			[]Link{{xServer, nil}, {shell, compilesKeys}, {"/usr/bin/xkbcomp", nil}},
			// sshd starts ForceCommand by the shell of the account.
			[]Link{{sshd, nil}, {sshd, nil}, {shell, asksOnTerminal}, {gate, nil}},
		)
	}
	return NewPolicy(append(chains,
		[]Link{{sesman, nil}, {xServer, nil}},
		[]Link{{sesman, nil}, {"/usr/sbin/xrdp-chansrv", nil}, {"/usr/bin/fusermount3", nil}},
		[]Link{{sesman, nil}, {session, nil}, {"/usr/bin/openbox", nil}},
		[]Link{{session, nil}, {gate, nil}, {gate, nil}}, // the gate starts itself anew
	)...)
}

// NewPolicy makes a policy of chains of programs, the first of which is there.
func NewPolicy(chains ...[]Link) Policy {
	p := Policy{map[step]*regexp.Regexp{}, map[string]bool{}}
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
func (p Policy) starts(from, to string) (only *regexp.Regexp, may bool) {
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

// isTold reports whether a program was started as it must be: a shell with its
// one command, and none with an environment that makes it load or run what is
// somebody else's.
func isTold(args, environment []string, only *regexp.Regexp) bool {
	for _, entry := range environment {
		name, _, _ := strings.Cut(entry, "=")
		if loading.MatchString(name) {
			return false
		}
	}
	if only == nil {
		return true
	}
	if len(args) > 3 && args[2] == "--" { // as popen of newer C libraries has it
		args = append(args[:2:2], args[3:]...)
	}
	return len(args) == 3 && args[1] == "-c" && only.MatchString(args[2])
}

// loading are the names of variables by which a linker, a C library, a shell or
// a library for graphics is told what to load or run.
var loading = regexp.MustCompile(`^(LD_|GLIBC_TUNABLES$|GCONV_PATH$|LOCPATH$|ENV$|BASH_ENV$|BASH_FUNC_|SHELLOPTS$|BASHOPTS$|PS4$|LIBGL_DRIVERS_PATH$|GBM_BACKENDS_PATH$|__EGL_|VK_|XORG_)`)
