package check

import (
	"context"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"evry.nl/tfa/assets/packaging"
)

// What xrdp reads, and what starts when it may not start the gate.
const (
	sesmanProgram = "/usr/sbin/xrdp-sesman"
	sesmanFile    = "/etc/xrdp/sesman.ini"
	xrdpFile      = "/etc/xrdp/xrdp.ini"
	xrdpFolder    = "/etc/xrdp"
)

func (l *Linux) xrdpChecks() []Check {
	checks := []Check{
		{"xrdp-gate", "The gate is what xrdp starts after the password",
			"A password alone is enough for a desktop.",
			"Put DefaultWindowManager=/etc/xrdp/startwm-gate.sh in [Globals] of /etc/xrdp/sesman.ini, and install the script; with the service /usr/bin/tfa-session.",
			l.xrdpGate},
		{"xrdp-wrapper", "xrdp can run the gate's script, and only root can change it",
			"When sesman can't run it, it starts an xterm instead: a shell without a code.",
			"Install startwm-gate.sh again (root, mode 755) by renaming, on a file system without noexec.",
			l.xrdpWrapper},
		{"xrdp-files", "Only root can change xrdp's settings and what it starts",
			"Who can write them can take the gate away.",
			"chown root FILE; chmod go-w FILE",
			l.xrdpFiles},
		{"xrdp-parts", "What the gate needs for its window is installed",
			"The gate has no window, so nobody can log on by RDP.",
			"apt-get install --no-install-recommends openbox xauth libgl1-mesa-dri, and copy openbox-gate.xml to /etc/xrdp.",
			l.xrdpParts},
		{"xrdp-session-types", "xrdp knows no session types but Xorg",
			"The \"any\" types lead to other hosts without a session here that could ask, and Xvnc is not ended at disconnecting.",
			"Take the sections that are named out of /etc/xrdp/xrdp.ini.",
			l.xrdpSessionTypes},
		{"xrdp-xterm", "There is no xterm that xrdp could fall back on",
			"sesman starts an xterm when it can't start the gate.",
			"apt-get remove xterm, if nobody needs it.",
			l.xrdpXterm},
		{"xrdp-running", "The xrdp that runs has read these settings",
			"What was changed in the files counts only after a restart.",
			"systemctl restart xrdp-sesman xrdp, when nobody works: it ends sessions.",
			l.xrdpRunning},
	}
	checks = append(checks, l.xrdpVersionChecks()...)
	checks = append(checks, l.xrdpSettingChecks()...)
	for i, check := range checks {
		checks[i].look = l.whereXrdp(check)
	}
	return checks
}

// beforeSession are the holes that PAM closes, where it asks for the code.
var beforeSession = []string{
	"xrdp-gate", "xrdp-wrapper", "xrdp-alternate-shell", "xrdp-alternate-shell-version", "xrdp-user-window-manager",
	"xrdp-remoteapp", "xrdp-policy", "xrdp-session-types",
}

// whereXrdp makes a check apply to hosts with xrdp, and makes a warning of a
// hole that PAM closes.
func (l *Linux) whereXrdp(check Check) func(context.Context) result {
	return func(ctx context.Context) result {
		if l.firstOf(sesmanFile, sesmanProgram) == "" {
			return found(NotApplicable, "xrdp is not installed")
		}
		r := check.look(ctx)
		if r.state == Hole && slices.Contains(beforeSession, check.ID) && l.asksInPAM("xrdp-sesman") {
			r.state = Warning
			r.found = append(r.found, "PAM asks for the code before the session: this is the second lock")
		}
		if r.state == Hole && slices.Contains(endedByService, check.ID) && l.watched(ctx) {
			r.state = Warning
			r.found = append(r.found, "tfa-service ends such a session: this is the second lock")
		}
		return r
	}
}

// endedByService are the holes by which a program starts that the service does
// not let start before the gate was passed.
var endedByService = []string{
	"xrdp-alternate-shell", "xrdp-alternate-shell-version", "xrdp-user-window-manager", "xrdp-remoteapp",
}

// watched reports whether the service watches the sessions of xrdp.
func (l *Linux) watched(ctx context.Context) bool {
	return l.cfg.Service != "" && l.service(ctx).state == "" && l.serviceKernel(ctx).state == "" &&
		slices.ContainsFunc(l.sessionLines("xrdp-sesman"), tellsService)
}

func (l *Linux) sesman() ini { return parseINI(l.read(sesmanFile)) }

// windowManager returns what sesman starts.
func (l *Linux) windowManager() string {
	path := l.sesman().get("Globals", "DefaultWindowManager", "")
	if path == "" {
		path = "startwm.sh"
	}
	if !filepath.IsAbs(path) {
		path = filepath.Join(xrdpFolder, path)
	}
	return path
}

// callsGate finds the gate as a word of a script, not of a comment.
var callsGate = regexp.MustCompile(`(?m)^[^#\n]*\btfa-logon\b`)

func (l *Linux) xrdpGate(context.Context) (r result) {
	wrapper := l.windowManager()
	switch text := l.read(wrapper); {
	case wrapper == sessionProgram && l.exists(wrapper):
	case l.cfg.Service != "":
		r.add(Hole, "DefaultWindowManager is %s, not %s: the service ends its session", wrapper, sessionProgram)
	case filepath.Base(wrapper) == filepath.Base(gateProgram):
		r.add(Hole, "DefaultWindowManager is the gate itself: on any fault of it xrdp starts an xterm")
	case text == "":
		r.add(Hole, "DefaultWindowManager is %s, which is not there", wrapper)
	case !callsGate.MatchString(text):
		r.add(Hole, "DefaultWindowManager is %s, which does not start tfa-logon", wrapper)
	case text != packaging.Wrapper:
		r.add(Warning, "%s starts tfa-logon, but is not the script of this version: compare the two", wrapper)
	}
	return r
}

func (l *Linux) xrdpWrapper(context.Context) (r result) {
	wrapper := l.windowManager()
	info, err := os.Stat(l.path(wrapper))
	if err != nil {
		return found(Hole, "%s is not there", wrapper)
	}
	if mode := info.Mode(); mode.Perm()&0o111 != 0o111 || !mode.IsRegular() {
		r.add(Hole, "not everybody may run %s (mode %s)", wrapper, octal(mode))
		if mode.IsRegular() {
			r.fix(setMode(l.path(wrapper), mode|0o555),
				"set the mode of %s to %s (was %s)", wrapper, octal(mode|0o555), octal(mode))
		}
	}
	l.guard(&r, l.path(wrapper))
	if mount := l.mountOf(wrapper); slices.Contains(mount.options, "noexec") {
		r.add(Hole, "%s is on %s, which is mounted with noexec", wrapper, mount.point)
	}
	return r
}

// mount is a mounted file system.
type mount struct {
	point   string
	options []string
}

// mountOf returns the file system that a file of the host is on.
func (l *Linux) mountOf(path string) mount {
	var best mount
	for line := range strings.Lines(l.read("/proc/self/mounts")) {
		fields := strings.Fields(line)
		if len(fields) < 4 {
			continue
		}
		point := strings.ReplaceAll(fields[1], `\040`, " ")
		if inside := point == "/" || path == point || strings.HasPrefix(path, point+"/"); inside && len(point) >= len(best.point) {
			best = mount{point, strings.Split(fields[3], ",")}
		}
	}
	return best
}

func (l *Linux) xrdpFiles(context.Context) (r result) {
	names := []string{"sesman.ini", "xrdp.ini", "startwm.sh", "reconnectwm.sh", "openbox-gate.xml"}
	for _, name := range names {
		if file := filepath.Join(xrdpFolder, name); l.exists(file) {
			l.guard(&r, l.path(file))
		}
	}
	return r
}

func (l *Linux) xrdpParts(context.Context) (r result) {
	for _, file := range []string{"/usr/bin/openbox", "/etc/xrdp/openbox-gate.xml", "/etc/xrdp/startwm.sh", "/usr/bin/xauth"} {
		if !l.exists(file) {
			r.add(Hole, "there is no %s", file)
		}
	}
	for _, pattern := range []string{"/usr/lib/*/dri/swrast_dri.so", "/usr/lib/*/libgallium-*.so", "/usr/lib*/dri/swrast_dri.so"} {
		if drawing, _ := filepath.Glob(l.path(pattern)); len(drawing) > 0 {
			return r
		}
	}
	r.add(Hole, "there is no OpenGL that draws in software (package libgl1-mesa-dri)")
	return r
}

// proxies are the modules that lead away from a session of this host.
var proxies = []string{"libxrdpneutrinordp.so", "libvnc.so"}

func (l *Linux) xrdpSessionTypes(context.Context) (r result) {
	xrdp := parseINI(l.read(xrdpFile))
	for section, settings := range xrdp {
		library := settings["lib"]
		switch {
		case library == "" || library == "libxup.so":
		case slices.Contains(proxies, library) && settings["port"] != "-1":
			r.add(Hole, "[%s] leads on to another host, or past the gate (ip is %s)", section, settings["ip"])
		default:
			r.add(Warning, "[%s] starts sessions by %s", section, library)
		}
	}
	slices.Sort(r.found)
	return r
}

func (l *Linux) xrdpXterm(context.Context) (r result) {
	for _, folder := range []string{"/sbin", "/bin", "/usr/bin", "/usr/local/bin"} { // sesman's own PATH
		if file := folder + "/xterm"; l.exists(file) && len(r.found) == 0 {
			r.add(Warning, "%s is installed", file)
		}
	}
	return r
}
