package check

import (
	"context"
	"path/filepath"
	"slices"
	"strings"
)

func (l *Linux) accountChecks() []Check {
	return []Check{
		{"practice-admins", "No account of a practice is an administrator",
			"It can read all secrets, of other practices too, and switch the gate off.",
			"gpasswd -d ACCOUNT GROUP",
			l.practiceAdmins},
		{"cron", "Accounts of practices leave no jobs behind (cron, at)",
			"A job that was left in one session runs without a code, and can let somebody in later.",
			"Write the accounts that need it, or only root, into /etc/cron.allow and /etc/at.allow: others may not then.",
			l.cron},
		{"linger", "Nothing of an account runs while it is not logged on",
			"systemd starts services of the account at boot, without any logon.",
			"loginctl disable-linger ACCOUNT",
			l.linger},
		{"user-units", "No account of a practice has services of its own (systemd)",
			"They start at the logon, before or beside the gate.",
			"Look at what they do, and take them away.",
			l.userUnits},
		{"kill-user-processes", "What an account started ends with its session",
			"A program that was left in one session is there in the next, beside the gate.",
			"KillUserProcesses=yes in [Login] of /etc/systemd/logind.conf, then systemctl restart systemd-logind.",
			l.killUserProcesses},
		{"home-scripts", "No account of a practice has scripts to pass the gate",
			"These files run before the gate where one of the settings above is wrong. Somebody put them there.",
			"Ask whose they are, and take them away.",
			l.homeScripts},
	}
}

// powerful are groups whose members can do all that root can, or read all.
var powerful = []string{"root", "sudo", "wheel", "admin", "docker", "lxd", "incus-admin", "libvirt", "disk", "shadow"}

func (l *Linux) practiceAdmins(context.Context) result {
	return l.eachMember(func(r *result, p person) {
		if p.uid == "0" {
			r.add(Hole, "%s has uid 0: it is root", p.name)
		}
		for _, group := range l.groupsOf[p.name] {
			if slices.Contains(powerful, group) {
				r.add(Hole, "%s is in group %s", p.name, group)
			}
		}
	})
}

// scheduler is a program that runs jobs of accounts.
type scheduler struct {
	name, program string
	allow, deny   string
	jobs          []string // a pattern for the jobs of an account
}

var schedulers = []scheduler{
	{"cron", "/usr/bin/crontab", "/etc/cron.allow", "/etc/cron.deny", []string{"/var/spool/cron/crontabs/", "/var/spool/cron/"}},
	{"at", "/usr/bin/at", "/etc/at.allow", "/etc/at.deny", nil},
}

func (l *Linux) cron(context.Context) result {
	r := l.eachMember(func(r *result, p person) {
		for _, s := range schedulers {
			for _, folder := range s.jobs {
				if l.isFile(folder + p.name) {
					r.add(Warning, "%s has jobs in %s", p.name, folder+p.name)
				}
			}
		}
	})
	if len(l.members) == 0 || l.hostErr != nil {
		return r
	}
	installed := false
	for _, s := range schedulers {
		if !l.exists(s.program) {
			continue
		}
		installed = true
		may := 0
		for _, p := range l.members {
			if l.maySchedule(s, p.name) {
				may++
			}
		}
		if may > 0 {
			r.add(Warning, "%d of %d accounts of practices may use %s", may, len(l.members), s.name)
		}
	}
	if !installed && r.state == "" {
		r.add(NotApplicable, "neither cron nor at is installed")
	}
	return r
}

// maySchedule follows crontab(1) and at(1): with a list of who may, nobody else;
// with one of who may not, everybody else; with neither, Debian's cron takes
// everybody, and at nobody.
func (l *Linux) maySchedule(s scheduler, name string) bool {
	lists := func(file string) bool { return slices.Contains(strings.Fields(l.read(file)), name) }
	switch {
	case l.exists(s.allow):
		return lists(s.allow)
	case l.exists(s.deny):
		return !lists(s.deny)
	}
	return s.name == "cron"
}

func (l *Linux) linger(context.Context) result {
	return l.eachMember(func(r *result, p person) {
		if l.exists("/var/lib/systemd/linger/" + p.name) {
			r.add(Warning, "%s lingers", p.name)
		}
	})
}

func (l *Linux) userUnits(context.Context) result {
	return l.eachMember(func(r *result, p person) {
		for _, kind := range []string{"*.service", "*.timer", "*.socket", "*.path", "*/*.service"} {
			units, _ := filepath.Glob(filepath.Join(l.path(p.home), ".config/systemd/user", kind))
			for _, unit := range units {
				r.add(Warning, "%s has %s", p.name, l.show(unit))
			}
		}
	})
}

// logind returns a value of logind.conf: of the file and the pieces beside it,
// the last counts.
func (l *Linux) logind(key, otherwise string) string {
	pieces := []string{"/etc/systemd/logind.conf"}
	for _, folder := range []string{"/usr/lib/systemd", "/run/systemd", "/etc/systemd"} {
		files, _ := filepath.Glob(l.path(folder + "/logind.conf.d/*.conf"))
		for _, file := range files {
			pieces = append(pieces, l.show(file))
		}
	}
	for _, piece := range pieces {
		otherwise = parseINI(l.read(piece)).get("Login", key, otherwise)
	}
	return otherwise
}

func (l *Linux) killUserProcesses(context.Context) result {
	if l.firstOf("/usr/lib/systemd/systemd-logind", "/lib/systemd/systemd-logind") == "" {
		return found(NotApplicable, "systemd-logind is not installed")
	}
	if value := l.logind("KillUserProcesses", "no"); !isOn(value) {
		return found(Warning, "KillUserProcesses is %s", value)
	}
	return result{}
}

// tricks are files by which an account runs something before a gate that is not
// set up well. Who means no harm has none of them.
var tricks = []string{"startwm.sh", ".pam_environment", ".ssh/environment"}

func (l *Linux) homeScripts(context.Context) result {
	return l.eachMember(func(r *result, p person) {
		for _, name := range tricks {
			if file := filepath.Join(p.home, name); p.home != "" && l.isFile(file) {
				r.add(Warning, "%s has %s", p.name, file)
			}
		}
	})
}
