package check

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

func (l *Linux) pamChecks() []Check {
	return []Check{
		{"pam-gate", "Where PAM asks for the code, nothing gets past it",
			"A module before ours that is enough by itself takes the password alone.",
			"Set the lines as in assets/packaging/pam/README.md, with nothing before and no common-auth.",
			l.pamGate},
		{"pam-user-environment", "PAM reads no environment from the account's own file",
			"With LD_PRELOAD in ~/.pam_environment, a program of the account runs before the gate.",
			"Take user_readenv=1 out of the lines with pam_env.so in the files that are named. Debian's sshd has it.",
			l.pamUserEnvironment},
		{"console", "Accounts of practices can't log on at the console",
			"At the console, also the one in the panel of the hypervisor, a password is enough.",
			"\"account required pam_access.so\" in /etc/pam.d/login, and in /etc/security/access.conf: -:ALL EXCEPT root (sudo):LOCAL",
			l.console},
		{"su", "Accounts of practices can't become a colleague with su",
			"Who is in a session of one account gets into another one with its password alone.",
			"\"auth required pam_wheel.so\" in /etc/pam.d/su, above @include common-auth.",
			l.su},
	}
}

// pamLine is a line of a service of PAM. An @include has the kind "@include" and
// the file for a module.
type pamLine struct {
	kind, control, module string
	options               []string
}

func (l *Linux) pam(service string) []pamLine {
	var lines []pamLine
	for line := range strings.Lines(l.read(filepath.Join("/etc/pam.d", service))) {
		line, _, _ = strings.Cut(line, "#")
		fields := strings.Fields(line)
		if len(fields) == 2 && fields[0] == "@include" {
			lines = append(lines, pamLine{kind: fields[0], module: fields[1]})
			continue
		}
		if len(fields) > 1 && strings.HasPrefix(fields[1], "[") { // [success=1 default=ignore] is one word
			end := slices.IndexFunc(fields, func(word string) bool { return strings.HasSuffix(word, "]") })
			if end > 1 {
				fields = append([]string{fields[0], strings.Join(fields[1:end+1], " ")}, fields[end+1:]...)
			}
		}
		if len(fields) >= 3 {
			lines = append(lines, pamLine{strings.TrimPrefix(fields[0], "-"), fields[1], filepath.Base(fields[2]), fields[3:]})
		}
	}
	return lines
}

// isGate reports whether a line has our gate decide.
func (p pamLine) isGate() bool {
	return p.kind == "auth" && p.module == "pam_exec.so" && slices.Contains(p.options, "--pam") &&
		slices.ContainsFunc(p.options, func(word string) bool { return filepath.Base(word) == filepath.Base(gateProgram) })
}

func mustPass(control string) bool { return control == "required" || control == "requisite" }

// asksInPAM reports whether nobody passes a service without our gate.
func (l *Linux) asksInPAM(service string) bool {
	var r result
	return l.judgePAM(&r, service) && r.state == ""
}

// judgePAM notes what is wrong with our gate in a service, and returns false if
// it is not there.
func (l *Linux) judgePAM(r *result, service string) bool {
	lines := l.pam(service)
	at := slices.IndexFunc(lines, pamLine.isGate)
	if at < 0 {
		return false
	}
	gate := lines[at]
	if !mustPass(gate.control) {
		r.add(Hole, "%s: the gate is %s, not required: its no does not count", service, gate.control)
	}
	if !slices.Contains(gate.options, "expose_authtok") {
		r.add(Hole, "%s: expose_authtok is missing, so that the gate gets no password and refuses everybody", service)
	}
	for _, line := range lines[:at] {
		switch {
		case line.kind == "@include":
			r.add(Hole, "%s: @include %s stands before the gate and may be enough by itself", service, line.module)
		case line.kind == "auth" && !mustPass(line.control) && line.control != "optional":
			r.add(Hole, "%s: %s (%s) stands before the gate and may be enough by itself", service, line.module, line.control)
		}
	}
	for _, line := range lines[at+1:] {
		if line.kind == "@include" && line.module == "common-auth" {
			r.add(Hole, "%s: common-auth after the gate takes password and code for a wrong password: nobody gets in", service)
		}
	}
	return true
}

func (l *Linux) pamGate(context.Context) (r result) {
	services, _ := filepath.Glob(l.path("/etc/pam.d/*")) // the pattern is a good one
	used := false
	for _, service := range services {
		used = l.judgePAM(&r, filepath.Base(service)) || used
	}
	if !used {
		r.add(NotApplicable, "PAM does not ask for codes here")
	}
	return r
}

func (l *Linux) pamUserEnvironment(context.Context) (r result) {
	doors := []string{"xrdp-sesman", "sshd", "login", "su", "su-l", "common-auth", "common-session"}
	services := false
	for _, service := range doors {
		for _, line := range l.pam(service) {
			services = true
			if line.module == "pam_env.so" && slices.Contains(line.options, "user_readenv=1") {
				state := Warning // no gate stands behind it
				if service == "xrdp-sesman" || service == "sshd" && l.comeBySSH() {
					state = Hole
				}
				r.add(state, "/etc/pam.d/%s: user_readenv=1", service)
			}
		}
	}
	if !services {
		r.add(NotApplicable, "this host has no PAM services")
	}
	return r
}

// shut reports whether a module that keeps accounts out must be passed.
func (l *Linux) shut(service, kind string, modules ...string) (string, bool) {
	for _, line := range l.pam(service) {
		if line.kind == kind && mustPass(line.control) && slices.Contains(modules, line.module) {
			return line.module, true
		}
	}
	return "", false
}

func (l *Linux) console(context.Context) (r result) {
	if !l.exists("/etc/pam.d/login") {
		return found(NotApplicable, "there is no login at a console")
	}
	if l.cfg.Service != "" {
		return found(OK, "tfa-service lets accounts of practices start nothing there")
	}
	if l.asksInPAM("login") {
		return r
	}
	if module, ok := l.shut("login", "account", "pam_access.so", "pam_listfile.so", "pam_succeed_if.so"); ok {
		return found(Unknown, "%s in /etc/pam.d/login keeps some accounts out: see for yourself which", module)
	}
	r.add(Warning, "/etc/pam.d/login lets every account in")
	return r
}

func (l *Linux) su(context.Context) result {
	switch told := l.cfg.Service != "" && slices.ContainsFunc(l.sessionLines("su"), tellsService); {
	case !l.exists("/usr/bin/su"):
		return found(NotApplicable, "su is not installed")
	case l.everybodyMaySu() && !told:
		return found(Warning, "everybody may use su")
	}
	return result{}
}

// everybodyMaySu reports whether not only root, or a group that root chose, can
// become another account with its password.
func (l *Linux) everybodyMaySu() bool {
	info, err := os.Stat(l.path("/usr/bin/su"))
	if err != nil || info.Mode()&os.ModeSetuid == 0 || info.Mode().Perm()&0o001 == 0 {
		return false
	}
	_, shut := l.shut("su", "auth", "pam_wheel.so")
	return !shut && !l.asksInPAM("su")
}
