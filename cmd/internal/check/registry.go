package check

import (
	"context"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"evry.nl/tfa/cmd/internal/config"
	"evry.nl/tfa/storage/acl"
)

// Registry is what the checks read of a Windows host. Paths begin with HKLM\ or
// HKU\ (the users that are logged on).
type Registry interface {
	// Value returns a value as text: numbers in decimal, lists with a line for
	// each entry. Without a value, found is false.
	Value(key, name string) (value string, found bool, err error)
	// Keys returns the names of the keys below a key; none, if it is not there.
	Keys(key string) ([]string, error)
	// Right returns who has a right of the local policy (secpol.msc), as SIDs
	// with a * or as names.
	Right(name string) ([]string, error)
}

// Files is what the checks ask about files of a Windows host, and have it set.
type Files interface {
	// Guarded returns an error if others than administrators can write a file,
	// or if it is not there.
	Guarded(file string) error
	// Access returns the access list of a file or folder.
	Access(path string) (acl.List, error)
	// Close has only administrators write in a file or folder, for all to read.
	Close(path string) error
	// NotFor returns what a practice has that is not for it alone, and Give makes
	// it so; with the service for administrators and the system alone.
	NotFor(cfg config.Config, practice string) ([]string, error)
	Give(cfg config.Config, practice string) error
	// PlainKey reports whether a key opens on any machine, although this one could
	// protect it.
	PlainKey(cfg config.Config, practice string) (bool, error)
	// Signed returns why nobody can tell who made a program.
	Signed(file string) error
}

// The keys that the checks read.
const (
	winlogonKey    = `HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion\Winlogon`
	terminalPolicy = `HKLM\SOFTWARE\Policies\Microsoft\Windows NT\Terminal Services`
	terminalKey    = `HKLM\SYSTEM\CurrentControlSet\Control\Terminal Server`
	listenerKey    = terminalKey + `\WinStations\RDP-Tcp`
	allowListKey   = `HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion\Terminal Server\TSAppAllowList`
	lsaKey         = `HKLM\SYSTEM\CurrentControlSet\Control\Lsa`
	servicesKey    = `HKLM\SYSTEM\CurrentControlSet\Services`
	providersKey   = `HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Authentication\Credential Providers`
	classesKey     = `HKLM\SOFTWARE\Classes\CLSID`
	debuggersKey   = `HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion\Image File Execution Options`
	tasksKey       = `HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion\Schedule\TaskCache`
	commandPolicy  = `\SOFTWARE\Policies\Microsoft\Windows\System`
	userSystemKey  = `\SOFTWARE\Microsoft\Windows\CurrentVersion\Policies\System`
)

const windowsGate = "tfa-logon.exe"

// Windows is a host as the checks see it.
type Windows struct {
	Registry
	Files
	// Folder is where our programs stand.
	Folder string
	// Mending are the accounts that a fault must not lock out.
	Mending []string
	// File is the configuration, "" for the host's own.
	File string
	Now  func() time.Time
}

// Checks returns the checks of a Windows host, for Run. What they mean for a
// session is known from Microsoft's documents, not tried on a server.
func (w Windows) Checks() []Check {
	return slices.Concat(w.ourChecks(), w.rightsChecks(), w.gateChecks(), w.sessionChecks(), w.besideChecks())
}

func (w Windows) gateChecks() []Check {
	return []Check{
		{"win-userinit", "The gate is what Windows starts after the password",
			"A password alone is enough for a desktop.",
			"As administrator: tfa-admin gate install",
			w.userinit},
		{"win-gate-file", "The gate is there, and only administrators can change it",
			"When Windows can't start it, it starts the shell without a code.",
			"Install Two Factor RDP again below C:\\Program Files, and let virus scanners leave it alone.",
			w.gateFile},
		{"win-shell", "The shell is Windows' own, for everybody",
			"Another shell can start before the code was asked, or instead of the desktop.",
			`Set Shell in ` + winlogonKey + ` to explorer.exe, and take it out of the users' own registry.`,
			w.shell},
		{"win-debuggers", "Nothing replaces the gate or the logon screen's tools",
			"A \"debugger\" replaces the program: the gate, or the on-screen keyboard at the logon screen.",
			`Take the value Debugger away below ` + debuggersKey + `.`,
			w.debuggers},
		{"win-command-prompt", "Nobody is kept from cmd.exe, which starts the gate",
			"The account gets an empty screen after its password, and can't log on.",
			`Exempt the account from the policy "Prevent access to the command prompt" (DisableCMD).`,
			w.commandPrompt},
		{"win-task-manager", "People have no Task Manager while the gate waits",
			"Ctrl+Shift+Esc opens it beside the gate, and it starts programs.",
			`The policy "Remove Task Manager" (DisableTaskMgr=1) for the accounts of practices.`,
			w.taskManager},
	}
}

func (w Windows) sessionChecks() []Check {
	return []Check{
		{"win-start-program", "A client can't name a program to start",
			"What the client names runs in place of the desktop. With the gate in Userinit it comes after the code.",
			`The policy "Always show desktop on connection" (fTurnOffSingleAppMode=1); tfa-admin gate install sets it.`,
			w.startProgram},
		{"win-remoteapp", "No RemoteApp starts without the gate",
			"A RemoteApp has a logon of its own, which does not go through Userinit: a password alone is enough.",
			"Publish none, or only programs that tfa-logon.exe starts; fAllowUnlistedRemotePrograms=0 and fDisabledAllowList=0.",
			w.remoteApp},
		{"win-reconnect", "A password alone gets nobody into a session that was left",
			"Reconnecting starts no Userinit, so asks for no code.",
			`The policies "Restrict users to a single session" off and "Set time limit for disconnected sessions" 1 minute; tfa-admin gate install sets both.`,
			w.reconnect},
		{"win-nla", "Passwords and codes travel encrypted (NLA and TLS)",
			"Without it everybody sees a logon screen, or can stand between client and server.",
			"UserAuthentication=1, SecurityLayer=2 and MinEncryptionLevel=3 in " + listenerKey + ".",
			w.nla},
		{"win-restricted-admin", "Restricted Admin is off",
			"Administrators log on with a hash instead of a password, and no code.",
			"DisableRestrictedAdmin=1 in " + lsaKey + ".",
			w.number(lsaKey, "DisableRestrictedAdmin", "1", "1", Warning)},
		{"win-lsa-protection", "Only Windows itself reads passwords in memory",
			"An administrator's program can take the passwords of all that are logged on.",
			"RunAsPPL=1 in " + lsaKey + ", then start the server again.",
			w.number(lsaKey, "RunAsPPL", "0", "1 2", Warning)},
	}
}

func (w Windows) besideChecks() []Check {
	return []Check{
		{"win-batch", "Accounts of practices can't leave jobs behind",
			"A task \"at log on\" runs beside the gate; a task at night needs no logon at all.",
			`secpol.msc, User Rights Assignment: "Deny log on as a batch job" for the groups of the practices.`,
			w.denied("SeDenyBatchLogonRight")},
		{"win-network", "Accounts of practices can't log on over the network",
			"File shares, PowerShell and WMI ask for a password only. Try RDP after the change.",
			`secpol.msc, User Rights Assignment: "Deny access to this computer from the network" for the groups of the practices.`,
			w.denied("SeDenyNetworkLogonRight")},
		{"win-logon-tasks", "No task starts at a logon but Windows' own",
			"It runs beside the gate (CVE-2023-23192 was that).",
			"Look at the tasks that are named in the Task Scheduler: who made them, and as whom they run.",
			w.logonTasks},
		{"win-providers", "No other software takes part in the logon screen",
			"A provider that somebody else made can let people in by other means, or hide the password.",
			"Take away what you don't know; leave what you do.",
			w.providers},
		{"win-clock", "Something keeps the clock of this host right",
			"A code counts for 30 seconds: when the clock drifts off, right codes are refused.",
			"w32tm /config /syncfromflags:domhier /update, or /manualpeerlist; and the service W32Time on automatic.",
			w.clock},
		{"win-other-doors", "No other service lets accounts in",
			"It asks for no code.",
			"Stop and disable the service.",
			w.otherDoors},
	}
}

// value returns a value, or what Windows takes without it.
func (w Windows) value(r *result, key, name, otherwise string) string {
	value, ok, err := w.Value(key, name)
	if err != nil {
		r.add(Unknown, "%v", err)
	}
	if !ok || err != nil {
		return otherwise
	}
	return value
}

// number returns a look at a value that must be one of good.
func (w Windows) number(key, name, otherwise, good string, bad State) func(context.Context) result {
	return func(context.Context) (r result) {
		if value := w.value(&r, key, name, otherwise); !slices.Contains(strings.Fields(good), value) {
			r.add(bad, "%s is %s", name, value)
		}
		return r
	}
}

// command is one entry of Userinit: a program and its arguments.
type command struct{ program, arguments string }

// commands splits Userinit at the commas that are not in quotes. A program
// without quotes may have blanks in its path: it ends with .exe.
func commands(userinit string) []command {
	var list []command
	quoted := false
	for _, entry := range strings.FieldsFunc(userinit, func(r rune) bool {
		if r == '"' {
			quoted = !quoted
		}
		return r == ',' && !quoted
	}) {
		entry = strings.TrimSpace(entry)
		if entry == "" {
			continue
		}
		var c command
		if after, ok := strings.CutPrefix(entry, `"`); ok {
			c.program, c.arguments, _ = strings.Cut(after, `"`)
		} else if end := strings.Index(strings.ToLower(entry), ".exe"); end >= 0 {
			c = command{entry[:end+4], entry[end+4:]}
		} else {
			c.program, c.arguments, _ = strings.Cut(entry, " ")
		}
		c.arguments = strings.TrimSpace(c.arguments)
		list = append(list, c)
	}
	return list
}

// base returns the name of a program without its folder, in small letters.
func base(program string) string {
	return strings.ToLower(path.Base(strings.ReplaceAll(strings.Trim(program, `"`), `\`, "/")))
}

// wrapped is what follows cmd.exe in Userinit as assets/packaging/windows sets it:
// /d leaves out what the account has cmd.exe run first, and of the quotes cmd.exe
// takes away the first and the last.
var wrapped = regexp.MustCompile(`(?i)^/d /e:on /v:off /c ""([^"]+\\)logon\.cmd"" [^" ]+$`)

// gateFiles returns the files by which a command starts the gate; none, if it
// does not.
func gateFiles(c command) []string {
	if base(c.program) == windowsGate {
		return []string{c.program}
	}
	if match := wrapped.FindStringSubmatch(c.arguments); match != nil && base(c.program) == "cmd.exe" {
		return []string{match[1] + "logon.cmd", match[1] + windowsGate}
	}
	return nil
}

func (w Windows) userinit(context.Context) (r result) {
	value := w.value(&r, winlogonKey, "Userinit", "")
	list := commands(value)
	if len(list) == 0 || gateFiles(list[0]) == nil {
		r.add(Hole, "Userinit is %s", value)
		return r
	}
	if base(list[0].program) == windowsGate {
		rest, ok := strings.CutPrefix(list[0].arguments, "-- ")
		switch next := commands(rest); {
		case !ok:
			r.add(Hole, "after %s there is no --, so it starts no desktop: %s", windowsGate, value)
		case len(next) == 0 || base(next[0].program) != "userinit.exe":
			r.add(Hole, "%s starts something else than userinit.exe: %s", windowsGate, value)
		default:
			r.add(Warning, "%s stands in Userinit itself: when it can't be started, Windows starts the desktop", windowsGate)
		}
	}
	for _, c := range list[1:] {
		r.add(Hole, "%s is started too, beside the gate", c.program)
	}
	return r
}

func (w Windows) gateFile(context.Context) (r result) {
	list := commands(w.value(&r, winlogonKey, "Userinit", ""))
	if len(list) == 0 || gateFiles(list[0]) == nil {
		return found(NotApplicable, "the gate is not in Userinit")
	}
	for _, file := range gateFiles(list[0]) {
		if !strings.Contains(file, `:\`) {
			r.add(Hole, "%s stands in Userinit without its folder", file)
		} else if err := w.Guarded(file); err != nil {
			r.add(Hole, "%s: %v", file, err)
		}
	}
	return r
}

// commandPrompt looks for people whose policy keeps cmd.exe from them: the gate
// is started by it.
func (w Windows) commandPrompt(context.Context) (r result) {
	for _, sid := range w.users(&r) {
		if value := w.value(&r, `HKU\`+sid+commandPolicy, "DisableCMD", "0"); value != "0" {
			r.add(Hole, "%s has the policy DisableCMD: it gets an empty screen", sid)
		}
	}
	return r
}

// users returns the keys of the people whose registry is loaded.
func (w Windows) users(r *result) []string {
	keys, err := w.Keys("HKU")
	if err != nil {
		r.add(Unknown, "%v", err)
	}
	return slices.DeleteFunc(keys, func(sid string) bool {
		return !strings.HasPrefix(sid, "S-1-5-21-") && !strings.HasPrefix(sid, "S-1-12-1-") || strings.HasSuffix(sid, "_Classes")
	})
}

func (w Windows) shell(context.Context) (r result) {
	if value := w.value(&r, winlogonKey, "Shell", "explorer.exe"); base(value) != "explorer.exe" {
		r.add(Hole, "Shell is %s", value)
	}
	for _, sid := range w.users(&r) {
		for _, key := range []string{`\SOFTWARE\Microsoft\Windows NT\CurrentVersion\Winlogon`, userSystemKey} {
			if value := w.value(&r, `HKU\`+sid+key, "Shell", ""); value != "" {
				r.add(Warning, "%s has a Shell of its own: %s", sid, value)
			}
		}
	}
	return r
}

func (w Windows) debuggers(context.Context) (r result) {
	for _, program := range []string{windowsGate, "userinit.exe", "explorer.exe", "sethc.exe", "utilman.exe", "osk.exe", "magnify.exe", "narrator.exe", "displayswitch.exe", "atbroker.exe"} {
		if value := w.value(&r, debuggersKey+`\`+program, "Debugger", ""); value != "" {
			r.add(Hole, "%s is replaced by %s", program, value)
		}
	}
	return r
}

func (w Windows) taskManager(context.Context) (r result) {
	if w.value(&r, `HKLM`+userSystemKey, "DisableTaskMgr", "0") == "1" {
		return r
	}
	users := w.users(&r)
	for _, sid := range users {
		if w.value(&r, `HKU\`+sid+userSystemKey, "DisableTaskMgr", "0") != "1" {
			r.add(Warning, "%s has Task Manager; it may be an administrator", sid)
		}
	}
	if len(users) == 0 {
		r.add(Unknown, "nobody is logged on whose policy could be read")
	}
	return r
}

func isZero(value string) bool {
	n, err := strconv.ParseInt(value, 10, 64)
	return err != nil || n == 0
}
