package check

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"evry.nl/tfa/cmd/internal/stores"
)

// What the service and the sessions that it watches begin with.
const (
	serviceProgram = "/usr/bin/tfa-service"
	sessionProgram = "/usr/bin/tfa-session"
	serviceUnit    = "tfa-service.service"
)

// sessionLine is what PAM must run when it opens and closes a session.
const sessionLine = "session required pam_exec.so quiet /usr/bin/tfa-session pam"

func (l *Linux) serviceChecks() []Check {
	checks := []Check{
		{"service", "tfa-service answers, and its socket is root's",
			"Nobody logs on while it does not answer; who can exchange its socket answers yes.",
			"systemctl start tfa-service, and see why it stopped: journalctl -u tfa-service",
			l.service},
		{"service-sessions", "PAM tells tfa-service of each session",
			"A session that it does not know may start nothing; by su, a session starts programs of another account.",
			"Put \"" + sessionLine + "\" last in the files of /etc/pam.d that are named.",
			l.serviceSessions},
		{"service-kernel", "This kernel can ask tfa-service before a program starts",
			"The service does not start without control groups of version 2 and fanotify that can refuse.",
			"A kernel with CONFIG_FANOTIFY_ACCESS_PERMISSIONS and cgroup2, as Debian's own.",
			l.serviceKernel},
		{"service-unit", "tfa-service starts with the host",
			"After the next start of the host nobody logs on.",
			"systemctl enable --now tfa-service",
			l.serviceUnit},
	}
	for i, check := range checks {
		checks[i].look = func(ctx context.Context) result {
			if l.cfg.Service == "" {
				return found(NotApplicable, "the configuration names no service")
			}
			return check.look(ctx)
		}
	}
	return checks
}

func (l *Linux) service(context.Context) (r result) {
	socket := l.path(l.cfg.Service)
	info, err := os.Lstat(socket)
	if err != nil {
		return found(Hole, "there is no socket %s", l.cfg.Service)
	}
	if info.Mode().Type() != os.ModeSocket {
		return found(Hole, "%s is no socket", l.cfg.Service)
	}
	if uid := ownerOf(info).Uid; uid != 0 {
		r.add(Hole, "%s belongs to %s, not to root", l.cfg.Service, l.nameOf(uid))
	}
	if info.Mode().Perm()&0o666 != 0o666 {
		r.add(Hole, "not everybody may ask at %s (mode %s)", l.cfg.Service, octal(info.Mode()))
	}
	for folder := filepath.Dir(socket); ; folder = filepath.Dir(folder) {
		l.guardOne(&r, folder, false)
		if l.show(folder) == "/" || folder == filepath.Clean(l.Root) {
			break
		}
	}
	uid, err := l.Kernel.Listener(socket)
	switch {
	case err != nil:
		r.add(Hole, "it does not answer: %v", err)
	case uid != 0:
		r.add(Hole, "%s answers, not root", l.nameOf(uid))
	}
	return r
}

// serviceSessions looks where sessions of practices may begin. Without a session
// that the service knows of, the account starts nothing: that keeps people out of
// RDP and ssh, and jobs and consoles shut. su alone goes on in the session of
// whoever calls it.
func (l *Linux) serviceSessions(context.Context) (r result) {
	needed := map[string]State{}
	if l.firstOf(sesmanFile, sesmanProgram) != "" {
		needed["xrdp-sesman"] = Hole
	}
	if l.exists("/usr/sbin/sshd") && l.comeBySSH() {
		needed["sshd"] = Hole
	}
	if l.everybodyMaySu() {
		needed["su"], needed["su-l"] = Warning, Warning
	}
	for _, service := range []string{"xrdp-sesman", "sshd", "su", "su-l", "login", "cron", "atd"} {
		lines := l.sessionLines(service)
		at := slices.IndexFunc(lines, tellsService)
		state, must := needed[service]
		switch {
		case len(lines) == 0:
		case at < 0 && must:
			r.add(state, "/etc/pam.d/%s does not tell it", service)
		case at < 0:
			r.add(OK, "/etc/pam.d/%s does not tell it: accounts of practices start nothing there", service)
		case !mustPass(lines[at].control):
			r.add(Hole, "/etc/pam.d/%s: the line is %s, not required: its no does not count", service, lines[at].control)
		case slices.ContainsFunc(lines[at+1:], func(p pamLine) bool { return p.module == "pam_systemd.so" }):
			r.add(Hole, "/etc/pam.d/%s: pam_systemd.so comes after the line and moves the session away", service)
		}
	}
	return r
}

// sessionLines returns the session lines of a service of PAM, in their order,
// with those of the files that it includes.
func (l *Linux) sessionLines(service string) (lines []pamLine) {
	for _, line := range l.pam(service) {
		switch line.kind {
		case "@include":
			if line.module != service {
				lines = append(lines, l.sessionLines(line.module)...)
			}
		case "session":
			lines = append(lines, line)
		}
	}
	return lines
}

// tellsService reports whether a line tells the service of its session.
func tellsService(p pamLine) bool {
	at := slices.Index(p.options, sessionProgram)
	return p.module == "pam_exec.so" && at >= 0 && slices.Equal(p.options[at+1:], []string{"pam"}) &&
		!slices.ContainsFunc(p.options[:at], func(option string) bool { return strings.HasPrefix(option, "type=") })
}

func (l *Linux) serviceKernel(context.Context) (r result) {
	if !strings.Contains(l.read("/proc/self/mountinfo"), " - cgroup2 ") {
		r.add(Hole, "control groups of version 2 are not mounted")
	}
	if err := l.Kernel.Guard(); err != nil {
		r.add(Hole, "fanotify can't refuse: %v", err)
	}
	return r
}

func (l *Linux) serviceUnit(context.Context) result {
	if !l.exists("/run/systemd/system") {
		return found(NotApplicable, "systemd does not run here")
	}
	answer, err := l.Run("systemctl", "show", "--property=UnitFileState", "--value", serviceUnit)
	if state := strings.TrimSpace(answer); err == nil && state != "enabled" {
		if state == "" {
			state = "not installed"
		}
		return found(Warning, "%s is %s", serviceUnit, state)
	}
	return fromError(err)
}

// seclude notes what of a practice others than root can reach, where the service
// alone should.
func (l *Linux) seclude(r *result, practice string) {
	open, err := stores.NotFor(*l.cfg, practice, "")
	if err != nil {
		r.add(Unknown, "%v", err)
	}
	for _, path := range open {
		info, err := os.Lstat(path)
		if err != nil {
			continue // SQLite's own come and go
		}
		owner := ownerOf(info)
		if !info.IsDir() && (!info.Mode().IsRegular() || owner.Nlink > 1) {
			r.add(Hole, "%s is a link, or no file", path)
			continue
		}
		was := "mode " + octal(info.Mode()) + ", " + l.nameOf(owner.Uid) + ", group " + l.groupName(owner.Gid)
		r.add(Hole, "%s is not root's alone (%s)", path, was)
		mode := os.FileMode(0o600)
		if info.IsDir() {
			mode = 0o700
		}
		r.fix(func() error { return errors.Join(setMode(path, mode)(), setOwner(path, 0, 0)()) },
			"give %s to root alone (was %s)", path, was)
	}
}
