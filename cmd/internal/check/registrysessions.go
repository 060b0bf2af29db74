package check

import (
	"context"
	"slices"
	"strconv"
	"strings"
)

func (w Windows) startProgram(context.Context) (r result) {
	if w.value(&r, terminalPolicy, "fTurnOffSingleAppMode", "0") == "1" {
		return r
	}
	program := w.value(&r, terminalPolicy, "InitialProgram", "")
	if program == "" {
		program = w.value(&r, listenerKey, "InitialProgram", "")
	}
	inherits := w.value(&r, listenerKey, "fInheritInitialProgram", "1")
	switch {
	case program != "" && inherits == "0" && base(commands(program)[0].program) != windowsGate:
		r.add(Warning, "every session starts %s", program)
	case program == "" || inherits != "0":
		r.add(Warning, "fTurnOffSingleAppMode is not 1, fInheritInitialProgram is %s: a client's program is taken", inherits)
	}
	return r
}

func (w Windows) remoteApp(context.Context) (r result) {
	if w.value(&r, terminalPolicy, "fAllowUnlistedRemotePrograms", "0") != "0" {
		r.add(Hole, "fAllowUnlistedRemotePrograms is on: a client may start any program")
	}
	if w.value(&r, allowListKey, "fDisabledAllowList", "0") != "0" {
		r.add(Hole, "fDisabledAllowList is on: a client may start any program")
	}
	programs, err := w.Keys(allowListKey + `\Applications`)
	if err != nil {
		r.add(Unknown, "%v", err)
	}
	for _, name := range programs {
		if file := w.value(&r, allowListKey+`\Applications\`+name, "Path", ""); base(file) != windowsGate {
			r.add(Hole, "RemoteApp %s starts %s", name, file)
		}
	}
	return r
}

// longestLeft is how long a left session may stay, in milliseconds, before that
// is worth a line.
const longestLeft = 60_000

func (w Windows) reconnect(context.Context) (r result) {
	if w.value(&r, terminalPolicy, "fSingleSessionPerUser", w.value(&r, terminalKey, "fSingleSessionPerUser", "1")) != "0" {
		r.add(Hole, "fSingleSessionPerUser is on: a second client takes over a running session")
	}
	limit := w.value(&r, terminalPolicy, "MaxDisconnectionTime", "")
	if isZero(limit) {
		limit = w.value(&r, listenerKey, "MaxDisconnectionTime", "0")
		if w.value(&r, listenerKey, "fInheritMaxDisconnectionTime", "1") != "0" {
			limit = "0"
		}
	}
	switch n, _ := strconv.Atoi(limit); {
	case isZero(limit):
		r.add(Hole, "MaxDisconnectionTime is not set: a left session stays")
	case n > longestLeft:
		r.add(Warning, "a left session stays for %d minutes", n/60_000)
	}
	return r
}

func (w Windows) nla(context.Context) (r result) {
	for _, setting := range []struct {
		name, otherwise string
		least           int
	}{{"UserAuthentication", "0", 1}, {"SecurityLayer", "1", 2}, {"MinEncryptionLevel", "1", 3}} {
		value := w.value(&r, terminalPolicy, setting.name, w.value(&r, listenerKey, setting.name, setting.otherwise))
		if n, err := strconv.Atoi(value); err != nil || n < setting.least {
			r.add(Warning, "%s is %s", setting.name, value)
		}
	}
	return r
}

// everybody are the SIDs of groups that ordinary accounts are in: Everyone,
// Authenticated Users, Users, Remote Desktop Users.
var everybody = []string{"*S-1-1-0", "*S-1-5-11", "*S-1-5-32-545", "*S-1-5-32-555"}

// nobodyYet are the SIDs that Windows itself denies: Guests, Guest.
func nobodyYet(sid string) bool {
	return sid == "*S-1-5-32-546" || strings.EqualFold(sid, "Guest") || strings.HasPrefix(sid, "*S-1-5-21-") && strings.HasSuffix(sid, "-501")
}

// denied returns a look at a right to be denied. Which accounts are in a group is
// not followed: that is for a person to see.
func (w Windows) denied(right string) func(context.Context) result {
	return func(context.Context) result {
		who, err := w.Right(right)
		if err != nil {
			return fault(err)
		}
		who = slices.DeleteFunc(slices.Clone(who), nobodyYet)
		switch {
		case slices.ContainsFunc(who, func(sid string) bool { return slices.Contains(everybody, sid) }):
			return result{}
		case len(who) > 0:
			return found(Unknown, "%s is denied: see that all accounts of practices are in it", strings.Join(who, ", "))
		}
		return found(Warning, "nobody is denied by %s", right)
	}
}

func (w Windows) logonTasks(context.Context) (r result) {
	ids, err := w.Keys(tasksKey + `\Logon`)
	if err != nil {
		return fault(err)
	}
	for _, id := range ids {
		name := w.value(&r, tasksKey+`\Tasks\`+id, "Path", id)
		if !strings.HasPrefix(name, `\Microsoft\Windows\`) {
			r.add(Warning, "%s, made by %s", name, w.value(&r, tasksKey+`\Tasks\`+id, "Author", "somebody unknown"))
		}
	}
	return r
}

func (w Windows) providers(context.Context) (r result) {
	ids, err := w.Keys(providersKey)
	if err != nil {
		return fault(err)
	}
	for _, id := range ids {
		library := strings.ToLower(w.value(&r, classesKey+`\`+id+`\InprocServer32`, "", ""))
		own := strings.HasPrefix(library, `%systemroot%\system32\`) || strings.HasPrefix(library, `c:\windows\system32\`) || !strings.Contains(library, `\`)
		if w.value(&r, providersKey+`\`+id, "Disabled", "0") == "0" && !own {
			r.add(Warning, "%s: %s", w.value(&r, providersKey+`\`+id, "", id), library)
		}
	}
	return r
}

// off is the start of a service that is disabled.
const off = "4"

func (w Windows) clock(context.Context) (r result) {
	if w.value(&r, servicesKey+`\W32Time`, "Start", off) == off {
		r.add(Warning, "the service W32Time is disabled")
	}
	if source := w.value(&r, servicesKey+`\W32Time\Parameters`, "Type", "NoSync"); strings.EqualFold(source, "NoSync") {
		r.add(Warning, "W32Time asks nobody for the time")
	}
	return r
}

// windowsDoors are services by which people get in, by the name of the service.
var windowsDoors = []struct {
	service, what string
	state         State
}{
	{"sshd", "OpenSSH gives a shell for a password", Hole},
	{"TlntSvr", "telnet gives a shell for a password", Hole},
	{"ftpsvc", "FTP gives files for a password", Warning},
	{"W3SVC", "IIS runs: see whether it logs accounts in (RD Web, WebDAV)", Warning},
	{"uvnc_service", "UltraVNC", Warning},
	{"tvnserver", "TightVNC", Warning},
	{"vncserver", "RealVNC", Warning},
	{"TeamViewer", "TeamViewer", Warning},
	{"AnyDesk", "AnyDesk", Warning},
	{"RustDesk", "RustDesk", Warning},
}

func (w Windows) otherDoors(context.Context) (r result) {
	for _, d := range windowsDoors {
		if w.value(&r, servicesKey+`\`+d.service, "Start", off) != off {
			r.add(d.state, "service %s: %s", d.service, d.what)
		}
	}
	return r
}
