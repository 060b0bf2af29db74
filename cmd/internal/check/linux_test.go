//go:build linux

package check

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
)

// hole is something planted, and what a check must say of it.
type hole struct {
	check string
	state State
	says  string
	plant func(h *planted)
}

// On a host that is set up as assets/packaging says, nothing is found.
func TestClosedHostIsGreen(t *testing.T) {
	h := closedHost(t)
	for _, f := range Run(context.Background(), h.host().Checks()) {
		if f.State.Worse(OK) || len(f.Fixes) > 0 {
			t.Errorf("%s is %s: %q, %d fixes", f.ID, f.State, f.Found, len(f.Fixes))
		}
	}
}

// Every hole is found by its check, on a host that had none: before it was
// planted the check was green, and where it can be fixed it is green again.
func TestPlantedHoleIsFound(t *testing.T) {
	for name, hole := range holes() {
		t.Run(name, func(t *testing.T) {
			h := closedHost(t)
			if before := h.find(hole.check); before.State.Worse(OK) {
				t.Fatalf("before, %s is %s: %q", hole.check, before.State, before.Found)
			}
			hole.plant(h)
			f := h.find(hole.check)
			if f.State != hole.state || !strings.Contains(strings.Join(f.Found, "\n"), hole.says) {
				t.Errorf("%s is %s: %q, want %s and %q", hole.check, f.State, f.Found, hole.state, hole.says)
			}
		})
	}
}

// Every check of the list has a hole that it must find.
func TestEveryCheckIsTriedBothWays(t *testing.T) {
	tried := map[string]bool{}
	for _, hole := range holes() {
		tried[hole.check] = tried[hole.check] || hole.state.Worse(OK)
	}
	for _, check := range closedHost(t).host().Checks() {
		if !tried[check.ID] {
			t.Errorf("nothing is planted for %s", check.ID)
		}
	}
}

// What can be fixed is green afterwards, and only that was touched.
func TestFixClosesTheHole(t *testing.T) {
	for name, test := range map[string]struct {
		check, step string
		plant       func(h *planted)
	}{
		"configuration_writable": {"config", "set the mode of /etc/tfa/tfa.toml to 0644 (was 0666)", func(h *planted) { h.chmod("/etc/tfa/tfa.toml", 0o666) }},
		"configuration_of_another": {"config", "give /etc/tfa/tfa.toml to root (was jan)", func(h *planted) {
			h.chown("/etc/tfa/tfa.toml", 1000, -1)
		}},
		"program_writable":      {"programs", "set the mode of /usr/bin/tfa-logon to 0755 (was 0777)", func(h *planted) { h.chmod("/usr/bin/tfa-logon", 0o777) }},
		"program_of_another":    {"programs", "give /usr/lib/tfa/ssh-session to root (was EV-0000-1)", func(h *planted) { h.chown("/usr/lib/tfa/ssh-session", 2001, -1) }},
		"settings_writable":     {"xrdp-files", "set the mode of /etc/xrdp/sesman.ini to 0644 (was 0664)", func(h *planted) { h.chmod("/etc/xrdp/sesman.ini", 0o664) }},
		"wrapper_not_runnable":  {"xrdp-wrapper", "set the mode of /etc/xrdp/startwm-gate.sh to 0755 (was 0644)", func(h *planted) { h.chmod("/etc/xrdp/startwm-gate.sh", 0o644) }},
		"store_readable":        {"stores", "tfa.db to 0660 (was 0664)", func(h *planted) { h.chmod("/var/lib/tfa/EV-0000/tfa.db", 0o664) }},
		"key_readable":          {"stores", "tfa.key to 0640 (was 0644)", func(h *planted) { h.chmod("/var/lib/tfa/EV-0000/tfa.key", 0o644) }},
		"key_of_another":        {"stores", "tfa.key to root (was EV-0000-1)", func(h *planted) { h.chown("/var/lib/tfa/EV-0000/tfa.key", 2001, -1) }},
		"folder_open":           {"stores", "EV-0000 to 2770 (was 2775)", func(h *planted) { h.chmod("/var/lib/tfa/EV-0000", os.ModeSetgid|0o775) }},
		"folder_without_setgid": {"stores", "EV-0000 to 2770 (was 0770)", func(h *planted) { h.chmod("/var/lib/tfa/EV-0000", 0o770) }},
		"folder_of_another":     {"stores", "EV-0000 to root (was EV-0000-1)", func(h *planted) { h.chown("/var/lib/tfa/EV-0000", 2001, -1) }},
		"store_of_no_group":     {"stores", "the group tfa-EV-0000 (was root)", func(h *planted) { h.chown("/var/lib/tfa/EV-0000/tfa.db", -1, 0) }},
		"folder_of_settings":    {"config", "set the mode of /etc/tfa to 0755 (was 0775)", func(h *planted) { h.chmod("/etc/tfa", 0o775) }},
		"program_behind_a_link": {"programs", "set the mode of /opt/tfa/tfa-logon to 0755 (was 0757)", func(h *planted) {
			h.write("/opt/tfa/tfa-logon", "", 0o757)
			h.remove("/usr/bin/tfa-logon")
			h.must(os.Symlink(h.path("/opt/tfa/tfa-logon"), h.path("/usr/bin/tfa-logon")))
		}},
		"folder_above_writable": {"store-folders", "/var/lib/tfa to 0755 (was 0777)", func(h *planted) { h.chmod("/var/lib/tfa", 0o777) }},
	} {
		t.Run(name, func(t *testing.T) {
			h := closedHost(t)
			test.plant(h)
			f := h.find(test.check)
			if f.State != Hole || len(f.Fixes) != 1 || !strings.Contains(f.Fixes[0].Step, test.step) {
				t.Fatalf("%s is %s with %+v, want %q", f.ID, f.State, f.Fixes, test.step)
			}
			h.must(f.Fixes[0].Do())
			if f := h.find(test.check); f.State.Worse(OK) || len(f.Fixes) > 0 {
				t.Errorf("after the fix %s is %s: %q", f.ID, f.State, f.Found)
			}
			if f := h.find("stores"); f.State != OK {
				t.Errorf("after the fix the store does not open: %q", f.Found)
			}
		})
	}
}

// A member of a practice who puts a link in its folder, before the look or after,
// gets nothing of the host by root's hand.
func TestFixFollowsNoLink(t *testing.T) {
	const store, system = "/var/lib/tfa/EV-0000/tfa.db", "/etc/shadow"
	links := map[string]func(h *planted) error{
		"symbolic": func(h *planted) error { return os.Symlink(h.path(system), h.path(store)) },
		"hard":     func(h *planted) error { return os.Link(h.path(system), h.path(store)) },
	}
	for name, link := range links {
		t.Run(name, func(t *testing.T) {
			h := closedHost(t)
			h.write(system, "root:x\n", 0o604)
			h.chmod(store, 0o666)
			f := h.find("stores")
			h.remove(store)
			h.must(link(h))
			if len(f.Fixes) == 0 {
				t.Fatal("there was nothing to fix")
			}
			for _, fix := range f.Fixes {
				if err := fix.Do(); err == nil {
					t.Errorf("it did not refuse to %s", fix.Step)
				}
			}
			if f := h.find("stores"); f.State != Hole || len(f.Fixes) > 0 || !strings.Contains(strings.Join(f.Found, "\n"), "is a link") {
				t.Errorf("stores is %s: %q, %d fixes", f.State, f.Found, len(f.Fixes))
			}
			info, err := os.Stat(h.path(system))
			h.must(err)
			if owner := ownerOf(info); info.Mode().Perm() != 0o604 || owner.Gid != 0 {
				t.Errorf("the system's file has mode %v and group %d", info.Mode(), owner.Gid)
			}
		})
	}
}

// This kernel answers, whatever it says.
func TestKernelIsAsked(t *testing.T) {
	kernel := ThisKernel()
	if _, err := kernel.Synchronised(); err != nil {
		t.Error(err)
	}
	if free, size, err := kernel.Free("/"); err != nil || free == 0 || size < free {
		t.Errorf("Free returned %d, %d, %v", free, size, err)
	}
	if err := kernel.Guard(); err != nil {
		t.Error(err)
	}
	if _, _, err := kernel.Free("/nonexistent"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("Free returned %v for what is not there", err)
	}
}

func TestFixThatFailsSaysWhat(t *testing.T) {
	h := closedHost(t)
	h.chmod("/usr/bin/tfa-logon", 0o777)
	f := h.find("programs")
	h.remove("/usr/bin/tfa-logon")
	if err := f.Fixes[0].Do(); !errors.Is(err, os.ErrNotExist) || !strings.Contains(err.Error(), "trying to set the mode of /usr/bin/tfa-logon") {
		t.Errorf("Do returned %v", err)
	}
}

func TestWorstComesFirst(t *testing.T) {
	h := closedHost(t)
	h.synchronised = false
	h.edit("/etc/xrdp/xrdp.ini", "rail=false", "rail=true")
	h.failing["version"] = errors.New("no version")
	var states []State
	for _, f := range Run(context.Background(), h.host().Checks()) {
		states = append(states, f.State)
	}
	if got := slices.Compact(states); !slices.Equal(got, []State{Hole, Warning, Unknown, OK, NotApplicable}) {
		t.Errorf("the states come as %q", got)
	}
}

// A host without xrdp or sshd has no holes in them.
func TestWhatIsNotThereIsNotApplicable(t *testing.T) {
	h := closedHost(t)
	for _, name := range []string{"/etc/xrdp", "/usr/sbin/xrdp-sesman", "/usr/sbin/sshd", "/usr/bin/crontab", "/usr/bin/at", "/usr/bin/su",
		"/usr/lib/systemd", "/etc/pam.d", "/usr/bin/tfa-admin", "/var/lib/tfa"} {
		h.remove(name)
	}
	h.passwd = h.passwd[:4]
	for _, f := range Run(context.Background(), h.host().Checks()) {
		area, _, _ := strings.Cut(f.ID, "-")
		if slices.Contains([]string{"xrdp", "ssh", "pam", "su", "console", "cron", "kill", "stores", "store", "practice", "linger"}, area) && f.State != NotApplicable {
			t.Errorf("%s is %s: %q", f.ID, f.State, f.Found)
		}
	}
}

// With very many accounts, sshd is asked about one of each practice.
func TestSSHAsksAboutOneOfEachPractice(t *testing.T) {
	h := closedHost(t)
	for i := range 400 {
		h.passwd = append(h.passwd, fmt.Sprintf("EV-%04d-%d:x:%d:2000::/home/x:/bin/sh", 1+i/200, i%200, 3000+i))
	}
	f := h.find("ssh-gate")
	if h.asked != 3 || f.State != OK || !strings.Contains(strings.Join(f.Found, ""), "3 of 402") {
		t.Errorf("sshd was asked %d times, %s: %q", h.asked, f.State, f.Found)
	}
}

func TestOlderVersions(t *testing.T) {
	for version, want := range map[string]bool{
		"0.9.21.1-1+deb12u3": true, "1:0.9.21": true, "0.9.22~rc1": false, "0.9.22": false, "0.9.22.1": false,
		"0.9.9": true, "0.10.1-3.1": false, "1.0": false, "0.9": true,
	} {
		if got := older(version, "0.9.22"); got != want {
			t.Errorf("older(%q, 0.9.22) = %v", version, got)
		}
	}
}

func TestSSHRefuses(t *testing.T) {
	groups := []string{"EV-0000-1", "tfa-EV-0000"}
	for name, test := range map[string]struct {
		setting, value string
		want           bool
	}{
		"nothing_said":                 {"port", "22", false},
		"group_is_denied":              {"denygroups", "tfa-*", true},
		"other_group_is_denied":        {"denygroups", "guests", false},
		"account_is_denied":            {"denyusers", "EV-0000-?", true},
		"denied_from_one_host_only":    {"denyusers", "EV-0000-1@10.0.0.1", false},
		"only_others_allowed":          {"allowusers", "jan", true},
		"allowed":                      {"allowusers", "EV-*", false},
		"allowed_from_one_host":        {"allowusers", "EV-0000-1@10.0.0.1", false},
		"only_other_groups_allowed":    {"allowgroups", "sudo", true},
		"group_allowed":                {"allowgroups", "tfa-EV-0000", false},
		"brackets_are_only_characters": {"denyusers", "EV-0000-[1]", false},
	} {
		t.Run(name, func(t *testing.T) {
			a := sshdAnswer{values: map[string][]string{test.setting: {test.value}}}
			if got := a.refuses("EV-0000-1", groups); got != test.want {
				t.Errorf("refuses returned %v", got)
			}
		})
	}
}

// The words of the checks are what people search for and monitors rely on.
func TestWordsOfTheChecks(t *testing.T) {
	judgeWords(t, closedHost(t).host().Checks())
	judgeWords(t, closedWindows(t).Checks())
}

func judgeWords(t *testing.T, checks []Check) {
	t.Helper()
	seen := map[string]bool{}
	for _, c := range checks {
		if seen[c.ID] || c.ID == "" || strings.Trim(c.ID, "abcdefghijklmnopqrstuvwxyz-") != "" {
			t.Errorf("%q is no id, or not the only one", c.ID)
		}
		seen[c.ID] = true
		if n := len(c.Title); n == 0 || n > 61 || strings.HasSuffix(c.Title, ".") {
			t.Errorf("the title of %s has %d letters: %q", c.ID, n, c.Title)
		}
		if !strings.HasSuffix(c.Meaning, ".") || c.Remedy == "" {
			t.Errorf("%s lacks words: %q, %q", c.ID, c.Meaning, c.Remedy)
		}
	}
}
