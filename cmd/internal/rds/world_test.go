package rds

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

const (
	account  = "EV-0000-1"
	persons  = "S-1-5-21-1-2-3-1001" // of account
	admins   = "S-1-5-21-1-2-3-500"  // of an account that need not pass
	systems  = "S-1-5-18"
	system32 = `C:\Windows\System32\`
	ours     = `C:\Program Files\TFA`
	userinit = system32 + `cmd.exe /d /e:on /v:off /c ""C:\Program Files\TFA\logon.cmd"" C:\Windows\System32`
)

type watchedOver struct{}

func (watchedOver) Protected(sid string) (string, bool) {
	switch sid {
	case persons:
		return account, true
	case admins:
		return "Administrator", false
	}
	return "", false
}

// world is a Windows that does what it is told, and notes it.
type world struct {
	t         *testing.T
	boot      string
	sessions  []State
	processes []Process
	done      []string
	now       time.Time
	folder    string

	*Registry
	*Watch
	ended []Ended
}

var folders = Folders{Windows: `C:\Windows`, Ours: ours, Others: []string{`C:\Program Files`, `C:\Program Files (x86)`}}

func newWorld(t *testing.T) *world {
	w := &world{t: t, boot: "first", now: time.Date(2026, 11, 24, 8, 28, 0, 0, time.UTC), folder: t.TempDir()}
	w.start()
	return w
}

// start takes everything up as a service does that is started anew.
func (w *world) start() {
	w.t.Helper()
	var err error
	if w.Registry, err = Open(w, w.folder, func() time.Time { return w.now }); err != nil {
		w.t.Fatal(err)
	}
	w.SetGrace(10 * time.Minute)
	w.Watch = &Watch{
		Registry: w.Registry, Accounts: watchedOver{}, Policy: NewPolicy(folders), Limit: 6 * time.Minute,
		Report: func(e Ended) { w.ended = append(w.ended, e) },
	}
}

func (w *world) Boot() (string, error)      { return w.boot, nil }
func (w *world) Sessions() ([]State, error) { return w.sessions, nil }
func (w *world) Disconnect(id uint32) error { return w.note("disconnect %d", id) }
func (w *world) LogOff(id uint32) error     { return w.note("log off %d", id) }
func (w *world) note(s string, a ...any) error {
	w.done = append(w.done, fmt.Sprintf(s, a...))
	return nil
}

func (w *world) Processes() ([]Process, error) { return slices.Clone(w.processes), nil }

func (w *world) Session(id uint32) (State, error) {
	for _, s := range w.sessions {
		if s.ID == id {
			return s, nil
		}
	}
	return State{}, ErrNone
}

func (w *world) Kill(p Process) error {
	w.processes = slices.DeleteFunc(w.processes, func(o Process) bool { return o == p })
	return w.note("kill %s", p.Program[strings.LastIndex(p.Program, `\`)+1:])
}

// logOn opens a session of a user from an address.
func (w *world) logOn(id uint32, sid, client string) *State {
	w.sessions = append(w.sessions, State{Key: Key{ID: id, Logon: fmt.Sprint("0:", id), SID: sid}, Station: fmt.Sprint("RDP-Tcp#", id), Client: client})
	return &w.sessions[len(w.sessions)-1]
}

// run starts a program in a session, by another that runs.
func (w *world) run(session uint32, sid, program string, parent uint32) uint32 {
	pid := uint32(100 + 4*len(w.processes))
	for slices.ContainsFunc(w.processes, func(p Process) bool { return p.PID == pid }) {
		pid += 4
	}
	w.processes = append(w.processes, Process{
		PID: pid, Parent: parent, Session: session, Started: w.now.UnixNano(), SID: sid, Program: program, Command: program,
	})
	return pid
}

// gate starts what Windows starts for every session, up to the gate.
func (w *world) gate(session uint32, sid string) (gate uint32) {
	services := w.run(0, systems, system32+"services.exe", 4)
	host := w.run(0, systems, system32+"svchost.exe", services)
	w.run(session, sid, system32+"svchost.exe", services)
	for _, name := range []string{"sihost.exe", "ctfmon.exe", "rdpclip.exe"} {
		w.run(session, sid, system32+name, host)
	}
	w.run(session, "S-1-5-90-0-2", system32+"dwm.exe", 4)
	winlogon := w.run(session, systems, system32+"winlogon.exe", 4)
	cmd := w.run(session, sid, system32+"cmd.exe", winlogon)
	w.processes[len(w.processes)-1].Command = userinit
	w.run(session, sid, system32+"conhost.exe", cmd)
	gate = w.run(session, sid, ours+`\tfa-logon.exe`, cmd)
	return w.run(session, sid, ours+`\tfa-logon.exe`, gate)
}

func (w *world) pidOf(program string) uint32 {
	w.t.Helper()
	for _, p := range w.processes {
		if strings.HasSuffix(p.Program, `\`+program) {
			return p.PID
		}
	}
	w.t.Fatalf("%s does not run", program)
	return 0
}

// looks looks so often, and returns what was done meanwhile.
func (w *world) looks(times int) []string {
	w.t.Helper()
	w.done, w.ended = nil, nil
	for range times {
		if err := w.Look(); err != nil {
			w.t.Fatal(err)
		}
		w.now = w.now.Add(250 * time.Millisecond)
	}
	return w.done
}

func (w *world) pass(id uint32) {
	w.t.Helper()
	s, err := w.Of(id)
	if err != nil {
		w.t.Fatal(err)
	}
	if err := s.Pass(); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) passed(id uint32) bool {
	s, err := w.Of(id)
	return err == nil && s.Passed()
}

// whys returns why things were ended; "unasked" is what nobody had done.
func (w *world) whys() string {
	var list []string
	for _, e := range w.ended {
		if e.IsUnasked {
			e.Why = "unasked"
		}
		list = append(list, string(e.Why))
	}
	return strings.Join(list, " ")
}
