package rds

import (
	"strings"
)

// Folders are where programs stand on this host.
type Folders struct {
	Windows string   // C:\Windows
	Ours    string   // C:\Program Files\TFA
	Others  []string // C:\Program Files and the like, where only administrators write
}

// step is a program that starts another, both in capitals.
type step struct{ from, to string }

// Policy says what may run in a session that has not passed the gate.
type Policy struct {
	others []string
	system string // the folder of Windows' own programs
	gate   string // what the command of the gate must hold
	// steps holds who starts whom. starters are those that must not be a
	// person's: what they are told to start is Windows' own doing.
	steps    map[step]bool
	starters map[string]bool
	desktops map[string]bool
}

// NewPolicy is for Windows Server 2019 to 2025 and our own programs. Winlogon
// starts the gate; the services that every session has draw, take the keyboard
// in, and carry the clipboard.
func NewPolicy(f Folders) Policy {
	ours, windows := fold(f.Ours)+`\`, fold(f.Windows)
	system := windows + `\SYSTEM32\`
	p := Policy{
		system: system,
		gate:   fold(` /d /e:on /v:off /c ""` + f.Ours + `\logon.cmd"" `),
		steps:  map[step]bool{}, starters: map[string]bool{}, desktops: map[string]bool{},
	}
	for _, folder := range f.Others {
		p.others = append(p.others, fold(folder)+`\`)
	}
	gate, cmd := ours+"TFA-LOGON.EXE", system+"CMD.EXE"
	twin := ours + `MESA\TFA-LOGON.EXE` // the gate with an OpenGL of its own
	for _, s := range []step{
		{system + "WINLOGON.EXE", cmd},
		{cmd, system + "CONHOST.EXE"}, {cmd, gate}, {gate, gate}, {gate, twin}, {cmd, system + "LOGOFF.EXE"},
		{system + "LOGOFF.EXE", system + "CONHOST.EXE"},
		{system + "SERVICES.EXE", system + "SVCHOST.EXE"},
		{system + "SVCHOST.EXE", system + "SIHOST.EXE"},
		{system + "SVCHOST.EXE", system + "CTFMON.EXE"},
		{system + "SVCHOST.EXE", system + "RDPCLIP.EXE"},
	} {
		p.steps[s] = true
	}
	for _, name := range []string{"WINLOGON.EXE", "SERVICES.EXE", "SVCHOST.EXE"} {
		p.starters[system+name] = true
	}
	for _, path := range []string{windows + `\EXPLORER.EXE`, system + "USERINIT.EXE", system + "RDPINIT.EXE", system + "RDPSHELL.EXE"} {
		p.desktops[path] = true
	}
	return p
}

// ruling is what is thought of a process in a session before the gate.
type ruling int

const (
	// allowed: it brings the gate up, or an administrator chose it.
	allowed ruling = iota
	// refused: it is ended. A session in which such ones go on is ended too.
	refused
	// unasked is refused too, but Windows has started it by itself, for every
	// session alike: a task at logon, a helper for a program.
	unasked
	// desktop ends the session: the gate was gone round.
	desktop
)

// judge decides about a process of a person by what it is and who started it.
// The parent is empty if it has ended.
func (p Policy) judge(process, parent Process) ruling {
	program, from := fold(process.Program), fold(parent.Program)
	isStarters := p.starters[from] && !parent.isPersons()
	switch {
	case p.desktops[program]:
		return desktop
	case p.steps[step{from, program}] && (isStarters || !p.starters[from]) && (program != p.system+"CMD.EXE" || p.isGate(process)):
		return allowed
	case p.isChosen(program, from, parent):
		return allowed
	case isStarters && from == p.system+"SVCHOST.EXE":
		return unasked
	}
	return refused
}

// isGate reports whether cmd.exe was started for the gate: what stands in
// Userinit, and nothing beside it.
func (p Policy) isGate(cmd Process) bool {
	before, _, found := strings.Cut(fold(cmd.Command), p.gate)
	before = strings.Trim(before, `"`)
	return found && (before == fold(cmd.Program) || before == "CMD.EXE")
}

// isChosen reports whether an administrator's service has started one of its own
// programs, like a virus scanner its icon: both stand where only administrators
// put programs, and Windows' own are none of them, because they start what a
// person tells them to.
func (p Policy) isChosen(program, from string, parent Process) bool {
	return parent.SID != "" && !parent.isPersons() && p.isOthers(from) && p.isOthers(program)
}

func (p Policy) isOthers(path string) bool {
	for _, folder := range p.others {
		if strings.HasPrefix(path, folder) {
			return true
		}
	}
	return false
}

// fold returns a path as Windows compares them.
func fold(path string) string { return strings.ToUpper(path) }
