package check

import (
	"context"
	"fmt"
	"path"
	"slices"
	"strings"
)

const sshdProgram = "/usr/sbin/sshd"

// mostSSH is how many accounts sshd is asked about; it takes some 20 ms each.
// Where there are more, one of each practice stands for the others.
const mostSSH = 300

func (l *Linux) sshChecks() []Check {
	checks := []Check{
		{"ssh-gate", "ssh asks accounts of practices for a code, or refuses them",
			"A password, or a key, is enough for a shell and for all files of the account.",
			"Install assets/packaging/ssh (ssh-session and tfa.conf), or keep them out: DenyGroups tfa-*",
			l.sshGate},
		{"ssh-forwarding", "ssh forwards nothing for accounts of practices",
			"Connections are forwarded without a session, so without the gate: a password reaches the network inside.",
			"DisableForwarding yes and PermitTunnel no, under Match Group tfa-* as in assets/packaging/ssh/tfa.conf.",
			l.eachSSH(sshForwarding)},
		{"ssh-environment", "Nobody sets variables for the shell that starts the gate",
			"A variable like LD_PRELOAD or BASH_ENV runs a program of the account before the gate.",
			"PermitUserEnvironment no, and AcceptEnv LANG LC_* and nothing else, in sshd_config.",
			l.eachSSH(sshEnvironment)},
		{"ssh-shells", "No shell reads files of the account before the gate",
			"What stands in the file runs before the gate, and can let anybody in who knows the password.",
			"bash: SetEnv SHLVL=1 beside ForceCommand. Others: usermod --shell /bin/sh ACCOUNT, and start theirs from ssh-session.",
			l.eachSSH(sshShell)},
		{"ssh-user-rc", "ssh runs no ~/.ssh/rc",
			"sshd leaves it out before a forced command by itself; this line says so for certain.",
			"PermitUserRC no, under Match Group tfa-*.",
			l.eachSSH(func(r *result, p person, a sshdAnswer) {
				if a.first("permituserrc") != "no" {
					r.add(Warning, "%s: PermitUserRC is %s", p.name, a.first("permituserrc"))
				}
			})},
		{"ssh-sessions", "One connection by ssh is one session",
			"Each session asks for a code of its own, but many can wait at the gate over one connection.",
			"MaxSessions 1, under Match Group tfa-*.",
			l.eachSSH(func(r *result, p person, a sshdAnswer) {
				if a.first("maxsessions") != "1" {
					r.add(Warning, "%s: MaxSessions is %s", p.name, a.first("maxsessions"))
				}
			})},
	}
	for i, check := range checks {
		look := check.look
		checks[i].look = func(ctx context.Context) result {
			if !l.exists(sshdProgram) {
				return found(NotApplicable, "sshd is not installed")
			}
			return look(ctx)
		}
	}
	return checks
}

// sshdAnswer is what holds for one account: the values of each setting, by its
// name in small letters.
type sshdAnswer struct {
	values map[string][]string
	err    error
}

// first returns the value of a setting that has one.
func (a sshdAnswer) first(name string) string {
	if len(a.values[name]) == 0 {
		return ""
	}
	return a.values[name][0]
}

// askSSHD has sshd itself say what holds for an account, with every Match and
// Include.
func (l *Linux) askSSHD(p person) sshdAnswer {
	if known, ok := l.sshd[p.name]; ok {
		return known
	}
	a := sshdAnswer{values: map[string][]string{}}
	out, err := l.Run("sshd", "-T", "-C", "user="+p.name+",host=client.example,addr=192.0.2.1")
	if err != nil {
		a.err = fmt.Errorf("asking sshd about %s: %w", p.name, err)
	}
	for line := range strings.Lines(out) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), " ")
		a.values[strings.ToLower(name)] = append(a.values[strings.ToLower(name)], value)
	}
	l.sshd[p.name] = a
	return a
}

// asked returns the accounts that sshd is asked about.
func (l *Linux) asked() []person {
	if len(l.members) <= mostSSH {
		return l.members
	}
	var some []person
	for _, members := range l.practices() {
		some = append(some, members[0])
	}
	slices.SortFunc(some, func(a, b person) int { return strings.Compare(a.name, b.name) })
	return some
}

// comeBySSH reports whether sshd lets an account of a practice in, as far as it
// can be asked.
func (l *Linux) comeBySSH() bool {
	return slices.ContainsFunc(l.asked(), func(p person) bool {
		a := l.askSSHD(p)
		return a.err != nil || !a.refuses(p.name, l.groupsOf[p.name])
	})
}

// overSSH runs look for each account that sshd lets in.
func (l *Linux) overSSH(look func(*result, person, sshdAnswer)) result {
	r, ok := l.needHost()
	if !ok {
		return r
	}
	accounts := l.asked()
	letIn := 0
	for _, p := range accounts {
		a := l.askSSHD(p)
		if a.err != nil {
			return fault(a.err)
		}
		if !a.refuses(p.name, l.groupsOf[p.name]) {
			letIn++
			look(&r, p, a)
		}
	}
	if letIn == 0 {
		r.add(NotApplicable, "sshd lets in no account of a practice")
	}
	if len(accounts) < len(l.members) && letIn > 0 {
		r.add(OK, "sshd was asked about %d of %d accounts, one of each practice", len(accounts), len(l.members))
	}
	return r
}

func (l *Linux) eachSSH(look func(*result, person, sshdAnswer)) func(context.Context) result {
	return func(context.Context) result { return l.overSSH(look) }
}

func (l *Linux) sshGate(context.Context) result {
	return l.overSSH(func(r *result, p person, a sshdAnswer) {
		command := a.first("forcecommand")
		asks := callsGate.MatchString(command) && slices.Contains(strings.Fields(command), "--tty")
		passwordOnly := a.first("pubkeyauthentication") == "no" && a.first("gssapiauthentication") != "yes" &&
			a.first("hostbasedauthentication") != "yes" && a.first("usepam") == "yes"
		switch {
		case asks || passwordOnly && l.asksInPAM("sshd"):
		case command == "" || command == "none":
			r.add(Hole, "%s gets a shell: no ForceCommand holds for it", p.name)
		default:
			r.add(Hole, "%s: ForceCommand is %s, which does not ask", p.name, command)
		}
	})
}

func sshForwarding(r *result, p person, a sshdAnswer) {
	if tunnel := a.first("permittunnel"); tunnel != "no" {
		r.add(Hole, "%s: PermitTunnel is %s", p.name, tunnel)
	}
	if a.first("disableforwarding") == "yes" {
		return
	}
	var open []string
	for _, name := range []string{"AllowTcpForwarding", "AllowStreamLocalForwarding", "X11Forwarding", "AllowAgentForwarding"} {
		if value := a.first(strings.ToLower(name)); value != "no" {
			open = append(open, name+" "+value)
		}
	}
	if len(open) > 0 {
		r.add(Hole, "%s: %s", p.name, strings.Join(open, ", "))
	}
}

// harmless are variables that a client may send: no shell runs what they say.
func harmless(name string) bool { return name == "LANG" || strings.HasPrefix(name, "LC_") }

func sshEnvironment(r *result, p person, a sshdAnswer) {
	if value := a.first("permituserenvironment"); value != "no" {
		r.add(Hole, "%s: PermitUserEnvironment is %s", p.name, value)
	}
	for _, line := range a.values["acceptenv"] {
		for name := range strings.FieldsSeq(line) {
			if !harmless(name) {
				r.add(Hole, "%s: AcceptEnv %s", p.name, name)
			}
		}
	}
}

// Shells, by what they read of the account's before the first command.
var (
	quietShells = []string{"sh", "dash", "nologin", "false", ""}
	bashes      = []string{"bash", "rbash"}
)

func sshShell(r *result, p person, a sshdAnswer) {
	shell := path.Base(p.shell)
	if p.shell == "" || slices.Contains(quietShells, shell) || !strings.Contains(a.first("forcecommand"), "tfa-logon") {
		return // the check of the gate itself speaks for the last
	}
	if !slices.Contains(bashes, shell) {
		r.add(Hole, "%s has %s", p.name, p.shell)
		return
	}
	for _, line := range a.values["setenv"] {
		for entry := range strings.FieldsSeq(line) {
			if level, ok := strings.CutPrefix(entry, "SHLVL="); ok && level != "0" && level != "" {
				return
			}
		}
	}
	r.add(Hole, "%s has bash, which reads ~/.bashrc: SetEnv SHLVL=1 does not hold for it", p.name)
}

// refuses reports whether sshd keeps an account out: DenyUsers, AllowUsers,
// DenyGroups and AllowGroups, in that order (sshd_config(5)).
func (a sshdAnswer) refuses(name string, groups []string) bool {
	users, inGroups := []string{name}, groups
	if anyMatch(a.values["denyusers"], users) || anyMatch(a.values["denygroups"], inGroups) {
		return true
	}
	allowed := func(patterns, names []string) bool { return len(patterns) == 0 || anyMatch(bareUsers(patterns), names) }
	return !allowed(a.values["allowusers"], users) || !allowed(a.values["allowgroups"], inGroups)
}

// bareUsers takes the hosts off patterns: who is let in from some hosts is let in.
func bareUsers(patterns []string) []string {
	var bare []string
	for _, pattern := range patterns {
		user, _, _ := strings.Cut(pattern, "@")
		bare = append(bare, user)
	}
	return bare
}

// anyMatch reports whether a pattern with * and ? fits one of names. Lists with
// a ! are left: sshd gives them a meaning that differs by version.
func anyMatch(patterns, names []string) bool {
	return slices.ContainsFunc(patterns, func(pattern string) bool {
		return slices.ContainsFunc(names, func(name string) bool {
			fits, err := path.Match(strings.NewReplacer("[", `\[`, `\`, `\\`).Replace(pattern), name)
			return err == nil && fits
		})
	})
}
