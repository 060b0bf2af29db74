// Package rds tells the sessions of Remote Desktop Services apart, knows which
// of them have passed the gate, and ends those that go round it. It is for
// Windows what package sessions is for Linux.
//
// What it decides is plain Go, which is tested on every system. System is what it
// asks Windows for.
package rds

import (
	"errors"
	"strings"
)

// Key says which session it is. Windows gives the number of a session to another
// when it has ended, and that of a logon only after a reboot.
type Key struct {
	Boot  string `json:"boot"`
	ID    uint32 `json:"id"`
	Logon string `json:"logon"` // the LUID of the logon
	SID   string `json:"sid"`   // of the user
}

// State is a session as Windows describes it.
type State struct {
	Key
	Station string // like RDP-Tcp#12 or Console; "" while nobody is connected
	Client  string // address; "" at the console, or if Windows can't tell
	// IsLeft means that nobody is connected.
	IsLeft bool
}

// console is the station of the screen and keyboard of the host.
const console = "Console"

// Process is a process as Windows describes it.
type Process struct {
	PID, Parent uint32
	Session     uint32
	Started     int64  // when, in Windows' units
	SID         string // of its user
	Program     string // path of what it runs
	Command     string // command line that it was started with
}

// isPersons reports whether the process runs as an account of this host or of a
// domain: the system itself, its services, and the drawers of windows and fonts
// are none.
func (p Process) isPersons() bool {
	return strings.HasPrefix(p.SID, "S-1-5-21-") || strings.HasPrefix(p.SID, "S-1-12-1-")
}

// System is what Windows is asked for.
type System interface {
	// Boot returns what is another thing after each start of the host.
	Boot() (string, error)
	// Sessions returns the sessions that somebody has logged on to.
	Sessions() ([]State, error)
	// Session returns one of them. Error: ErrNone.
	Session(id uint32) (State, error)
	Processes() ([]Process, error)
	// Kill ends a process, and no other that has got its number.
	Kill(Process) error
	// Disconnect takes a session from the screen that it is on.
	Disconnect(id uint32) error
	// LogOff ends a session.
	LogOff(id uint32) error
}

// ErrNone means that nobody has logged on to a session.
var ErrNone = errors.New("nobody has logged on to the session")

// Accounts tells which users this product watches over.
type Accounts interface {
	// Protected returns the account of a user if it must pass the gate.
	Protected(sid string) (account string, protected bool)
}
