package check

import (
	"compress/gzip"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// xrdpSetting is one value that decides whether the gate can be passed by.
type xrdpSetting struct {
	id, title, meaning string
	file, section, key string
	otherwise          string // what xrdp takes without the key
	want               []string
	bad                State
	isSwitch           bool
	alsoBad            string // a value that is a hole all the same
	because            string // added to the remedy
}

// xrdpSettings are in the order of what they cost. The defaults are those of the
// source of xrdp 0.9.21, 0.9.24 and 0.10.
var xrdpSettings = []xrdpSetting{
	{id: "xrdp-alternate-shell", title: "A client can't name a program to start instead of the gate",
		meaning: "Whoever knows a password starts any program without a code: an RDP file with an alternate shell is enough.",
		file:    sesmanFile, section: "Security", key: "AllowAlternateShell", otherwise: "true", want: []string{"false"}, isSwitch: true, bad: Hole,
		because: "xrdp 0.9.21 does not know this line: it needs a newer xrdp too."},
	{id: "xrdp-user-window-manager", title: "A script in somebody's home can't replace the gate",
		meaning: "With an executable ~/startwm.sh, put there in the transition period, an account never sees the gate again.",
		file:    sesmanFile, section: "Globals", key: "EnableUserWindowManager", otherwise: "false", want: []string{"false"}, isSwitch: true, bad: Hole},
	{id: "xrdp-remoteapp", title: "A client can't start programs beside the gate (RemoteApp)",
		meaning: "A client has xrdp's channel server start any program while the gate still waits.",
		file:    xrdpFile, section: "Channels", key: "rail", otherwise: "true", want: []string{"false"}, isSwitch: true, bad: Hole},
	{id: "xrdp-policy", title: "Each connection gets a session of its own, with a gate",
		meaning: "A second client takes over a running or left session, desktop and all, with the password alone.",
		file:    sesmanFile, section: "Sessions", key: "Policy", otherwise: "Default", want: []string{"UBC", "UBDC"}, bad: Hole,
		because: "With xrdp 0.10 Policy=Separate: each passes over the word of the other and shares sessions."},
	{id: "xrdp-kill-disconnected", title: "A session ends when its client has gone",
		meaning: "Nobody gets back into a session that was left, but its programs go on, and it takes up memory.",
		file:    sesmanFile, section: "Sessions", key: "KillDisconnected", otherwise: "false", want: []string{"true"}, isSwitch: true, bad: Warning,
		because: "With it goes DisconnectedTimeLimit=60."},
	{id: "xrdp-root-login", title: "root can't log on by RDP",
		meaning: "root is of no practice: where it is exempt, its password alone is enough.",
		file:    sesmanFile, section: "Security", key: "AllowRootLogin", otherwise: "false", want: []string{"false"}, isSwitch: true, bad: Warning},
	{id: "xrdp-security-layer", title: "Passwords and codes travel encrypted by TLS",
		meaning: "A client, or who stands between, can choose the encryption of 1998.",
		file:    xrdpFile, section: "Globals", key: "security_layer", otherwise: "rdp", want: []string{"tls", "hybrid"}, bad: Warning, alsoBad: "rdp"},
	{id: "xrdp-shell-variable", title: "A client can't set a variable of the session",
		meaning: "What the client names as its shell is put into a variable, before the gate starts.",
		file:    sesmanFile, section: anySection, key: "PassShellAsEnv", otherwise: "", want: []string{""}, bad: Warning},
}

func (l *Linux) xrdpSettingChecks() []Check {
	var checks []Check
	for _, s := range xrdpSettings {
		remedy := s.key + "=" + s.want[0] + " in [" + s.section + "] of " + s.file + ". " + s.because
		if s.want[0] == "" {
			remedy = "Take " + s.key + " out of " + s.file + "."
		}
		look := l.xrdpSetting
		if s.key == "Policy" {
			look = l.xrdpPolicy
		}
		checks = append(checks, Check{s.id, s.title, s.meaning, strings.TrimSpace(remedy), func(context.Context) result { return look(s) }})
	}
	return checks
}

func (l *Linux) xrdpSetting(s xrdpSetting) result {
	text, err := os.ReadFile(l.path(s.file))
	if err != nil {
		return fault(err)
	}
	const none = "\x00"
	value := parseINI(string(text)).get(s.section, s.key, none)
	seen := s.key + " is " + value
	if value == none {
		value = s.otherwise
		seen = s.key + " is not set, which means " + value
	}
	right := slices.ContainsFunc(s.want, func(want string) bool {
		return strings.EqualFold(value, want) || s.isSwitch && isOn(value) == isOn(want)
	})
	switch {
	case right:
		return result{}
	case s.alsoBad != "" && strings.EqualFold(value, s.alsoBad):
		return found(Hole, "%s", seen)
	case s.id == "xrdp-root-login" && slices.Contains(l.cfg.Exempt, "root"):
		return found(Hole, "%s, and root is exempt", seen)
	}
	return found(s.bad, "%s", seen)
}

// xrdpPolicy takes the word that this version of xrdp knows. 0.10 reads UBC as
// UB, and 0.9 reads Separate as Default, each with no more than a line in its log.
func (l *Linux) xrdpPolicy(s xrdpSetting) result {
	version, err := l.xrdpVersion()
	if err != nil {
		return fault(err)
	}
	if !older(version, "0.10") {
		s.want = []string{"Separate"}
	}
	r := l.xrdpSetting(s)
	if r.state == Hole {
		r.found = append(r.found, "xrdp "+version+" wants "+s.want[0])
	}
	return r
}

// flaw is a published hole in xrdp, with the first version without it.
type flaw struct {
	name, mended, what string
	state              State
}

// flaws that bear upon the gate or on who guesses passwords. Distributions mend
// them in older versions too, and name them in their change log.
var flaws = []flaw{
	{"CVE-2025-68670", "0.10.5", "a client without a password can run code in xrdp", Hole},
	{"CVE-2023-40184", "0.9.23", "a no of PAM to a session is passed over", Warning},
	{"CVE-2024-39917", "0.10.1", "MaxLoginRetry has no effect: passwords can be guessed without end", Warning},
}

func (l *Linux) xrdpVersionChecks() []Check {
	return []Check{
		{"xrdp-alternate-shell-version", "This xrdp can be told not to start a client's program",
			"xrdp before 0.9.22 passes over AllowAlternateShell=false and starts what the client names, without a code.",
			"Install xrdp 0.9.22 or later; Debian 12 has 0.9.24 in bookworm-backports: apt-get install -t bookworm-backports xrdp",
			func(context.Context) result {
				version, err := l.xrdpVersion()
				if err == nil && older(version, "0.9.22") {
					return found(Hole, "this is xrdp %s", version)
				}
				return fromError(err)
			}},
		{"xrdp-vulnerabilities", "This xrdp has none of the published holes that matter",
			"They let clients run code, or take away a lock that stands beside the gate.",
			"Install the security updates: apt-get update && apt-get upgrade xrdp",
			l.xrdpVulnerabilities},
	}
}

// fromError is OK, or what could not be seen.
func fromError(err error) result {
	if err != nil {
		return fault(err)
	}
	return result{}
}

func (l *Linux) xrdpVulnerabilities(context.Context) (r result) {
	version, err := l.xrdpVersion()
	if err != nil {
		return fault(err)
	}
	log := l.changeLog("xrdp")
	for _, f := range flaws {
		if older(version, f.mended) && !strings.Contains(log, f.name) {
			r.add(f.state, "xrdp %s has %s: %s", version, f.name, f.what)
		}
	}
	if log == "" && r.state != "" {
		r.add(r.state, "there is no change log of the package, which would tell whether they were mended")
	}
	return r
}

// xrdpVersion asks the package, or else the program.
func (l *Linux) xrdpVersion() (string, error) {
	if version, err := l.Run("dpkg-query", "--show", "--showformat=${Version}", "xrdp"); err == nil && version != "" {
		return version, nil
	}
	answer, err := l.Run("xrdp-sesman", "--version")
	if fields := strings.Fields(answer); err == nil && len(fields) > 1 {
		return fields[1], nil
	}
	return "", errors.Join(errors.New("xrdp does not say its version"), err)
}

// longestLog is far more than a change log has.
const longestLog = 16 << 20

// changeLog returns what a Debian package says of its changes, "" if nothing.
func (l *Linux) changeLog(name string) string {
	file, err := os.Open(l.path(filepath.Join("/usr/share/doc", name, "changelog.Debian.gz")))
	if err != nil {
		return ""
	}
	defer file.Close()
	unpacked, err := gzip.NewReader(file)
	if err != nil {
		return ""
	}
	text, err := io.ReadAll(io.LimitReader(unpacked, longestLog))
	if err != nil {
		return ""
	}
	return string(text)
}

// older reports whether a version, with an epoch and what distributions add to
// it, comes before another that is numbers and points alone.
func older(version, than string) bool {
	if _, after, ok := strings.Cut(version, ":"); ok {
		version = after
	}
	end := strings.IndexFunc(version, func(r rune) bool { return (r < '0' || r > '9') && r != '.' })
	if end >= 0 {
		version = version[:end]
	}
	return slices.Compare(numbers(version), numbers(than)) < 0
}

func numbers(version string) []int {
	var list []int
	for part := range strings.SplitSeq(version, ".") {
		n, _ := strconv.Atoi(part) // "" is 0
		list = append(list, n)
	}
	return list
}

func (l *Linux) xrdpRunning(context.Context) (r result) {
	running := false
	all := l.processes()
	names := map[int]string{}
	for _, p := range all {
		names[p.id] = p.name
	}
	for _, p := range all {
		files := map[string]string{"xrdp-sesman": sesmanFile, "xrdp": xrdpFile}
		file, ours := files[p.name]
		if !ours {
			continue
		}
		running = true
		for i, word := range p.command {
			if next := i + 1; (word == "-c" || word == "--config") && next < len(p.command) && p.command[next] != file {
				r.add(Warning, "process %d, %s, reads %s, which was not looked at", p.id, p.name, p.command[next])
			}
		}
		if info, err := os.Stat(l.path(file)); err == nil && info.ModTime().After(p.started.Add(time.Second)) && names[p.parent] != p.name {
			r.add(Warning, "%s was changed after process %d, %s, was started", file, p.id, p.name)
		}
	}
	if !running {
		r.add(NotApplicable, "xrdp does not run")
	}
	return r
}
