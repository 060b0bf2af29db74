//go:build linux

package sessions

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
)

// guarded lets a guard watch over the host by a policy. From then on this process
// must start no other: while it starts one a thread stands still until the guard
// has answered, and with it the garbage collector, and so the guard.
func (h *host) guarded(policy Policy) {
	h.t.Helper()
	for range 16 {
		h.waiting = append(h.waiting, h.start())
	}
	guard, err := NewGuard(h.watch(policy))
	if err != nil {
		h.t.Fatal(err)
	}
	var done sync.WaitGroup
	done.Go(func() {
		if err := guard.Run(); err != nil {
			h.t.Error(err)
		}
	})
	h.t.Cleanup(func() { guard.Close(); done.Wait() })
}

// A shell that is there for one command gets no other, nor more behind it, and
// no environment that has it do more.
func TestGuardHoldsAShellToItsCommand(t *testing.T) {
	h := newHost(t)
	h.guarded(NewPolicy(
		[]Link{{"/usr/bin/setpriv", nil}, {"/usr/bin/dash", nil}, {"/usr/bin/bash", regexp.MustCompile(`^echo \d+$`)}},
		[]Link{{"/usr/bin/dash", nil}, {"/usr/bin/env", nil}, {"/usr/bin/bash", regexp.MustCompile(`^echo \d+$`)}},
	))
	for name, tc := range map[string]struct {
		says string
		may  bool
	}{
		"the_command":          {"/usr/bin/bash -c 'echo 1'", true},
		"behind_dashes":        {"/usr/bin/bash -c -- 'echo 1'", true},
		"more":                 {"/usr/bin/bash -c 'echo 1; echo 2'", false},
		"a_line_more":          {"/usr/bin/bash -c 'echo 1\necho 2'", false},
		"an_option":            {"/usr/bin/bash -xc 'echo 1'", false},
		"an_argument":          {"/usr/bin/bash -c 'echo 1' evil", false},
		"no_command":           {"/usr/bin/bash </dev/null; echo 1", false},
		"a_clean_environment":  {"/usr/bin/env -i A=1 /usr/bin/bash -c 'echo 1'", true},
		"a_library":            {"/usr/bin/env LD_PRELOAD=/nonexistent.so /usr/bin/bash -c 'echo 1'", false},
		"a_file_to_read_first": {"/usr/bin/env BASH_ENV=/etc/profile /usr/bin/bash -c 'echo 1'", false},
		"a_function":           {"/usr/bin/env 'BASH_FUNC_echo%%=() { :; }' /usr/bin/bash -c 'echo 1'", false},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := h.logOn().says(tc.says)
			if (err == nil) != tc.may || tc.may && got != "1" || !tc.may && got != "" {
				t.Errorf("it says %q, %v", got, err)
			}
		})
	}
}

// What runs from memory is not asked for by the kernel; the next look finds it.
func TestWatchEndsWhatRunsFromMemory(t *testing.T) {
	h := newHost(t)
	program := t.TempDir() + "/intruder" // go keeps its own from other users
	build := exec.CommandContext(t.Context(), "go", "build", "-o", program, "./testdata/memory")
	build.Env = append(os.Environ(), "CGO_ENABLED=0") // the guard would hold the loader
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if err := errors.Join(os.Chmod(filepath.Dir(program), 0o755), os.Chmod(filepath.Dir(filepath.Dir(program)), 0o755)); err != nil {
		t.Fatal(err)
	}
	policy := NewPolicy([]Link{{"/usr/bin/setpriv", nil}, {"/usr/bin/dash", nil}, {program, nil}})
	h.guarded(policy)
	u := h.logOn()
	if got, err := u.says("exec 2>&1; " + program + " &"); err != nil || got != "in memory" {
		t.Fatalf("it does not run from memory: %q, %v", got, err)
	}
	if err := h.watch(policy).Look(); err != nil {
		t.Fatal(err)
	}
	if got, err := u.says("echo there"); err == nil {
		t.Errorf("the session goes on: %q", got)
	}
}

// A program of the user's own under the name of one that may run.
func TestWatchEndsWhatIsMountedOverAProgram(t *testing.T) {
	h := newHost(t)
	u := h.logOn()
	const spoof = "/usr/bin/unshare --user --map-root-user --mount /usr/bin/dash -c '" +
		"/usr/bin/mount --bind /usr/bin/sleep /usr/bin/dash && echo mounted && exec /usr/bin/dash 1000' 2>&1 &"
	if got, err := u.says(spoof); err != nil || got != "mounted" {
		t.Fatalf("it can't be mounted: %q, %v", got, err)
	}
	w := h.watch(NewPolicy([]Link{{"/usr/bin/setpriv", nil}, {"/usr/bin/dash", nil}}))
	h.until("it looks like a program that may run", func() bool {
		all, err := processesIn(h.mount + u.Group)
		if err != nil {
			t.Fatal(err)
		}
		for _, pid := range all {
			p, err := lookAt(pid)
			args, _ := wordsOf(pid, "cmdline")
			if err == nil && p.program == "/usr/bin/dash" && len(args) > 1 && args[1] == "1000" {
				return true
			}
		}
		return false
	})
	if err := w.Look(); err != nil {
		t.Fatal(err)
	}
	if got, err := u.says("echo there"); err == nil {
		t.Errorf("the session goes on: %q", got)
	}
}

// Nobody but root moves a process out of its session.
func TestAProcessCannotLeaveItsGroup(t *testing.T) {
	h := newHost(t)
	u := h.logOn()
	for _, group := range []string{"", h.own, u.Group} {
		got, err := u.says("echo $$ 2>&1 >" + h.mount + group + "/cgroup.procs; echo $?")
		if err != nil || got == "0" {
			t.Errorf("it moves to %q: %q, %v", group, got, err)
		}
		for !isNumber(got) { // the shell's complaint comes first, if it comes here
			if got, err = u.says(""); err != nil {
				t.Fatal(err)
			}
		}
	}
	if s, err := h.Of(u.cmd.Process.Pid); err != nil || s != u.Session {
		t.Errorf("it is in session %v: %v", s, err)
	}
}

func isNumber(text string) bool { return text != "" && strings.Trim(text, "0123456789") == "" }

// A session that has ended without PAM's word has no pass any more, whoever still
// holds on to it.
func TestAForgottenSessionHasNoPass(t *testing.T) {
	h := newHost(t)
	u := h.logOn()
	if err := u.Pass(); err != nil {
		t.Fatal(err)
	}
	if err := u.End(); err != nil {
		t.Fatal(err)
	}
	u.cmd.Wait()
	h.until("it is forgotten", func() bool {
		running, err := h.Sessions()
		return err == nil && len(running) == 0
	})
	if u.Passed() {
		t.Error("it has a pass")
	}
}

// The commands of the programs of Debian 12, as they were seen.
func TestDefaultPolicyKnowsTheCommandsOfDebian(t *testing.T) {
	for command, only := range map[string]*regexp.Regexp{
		`xauth -q -f .Xauthority add :10 . 0123456789abcdef0123456789abcdef`: addsCookie,
		`"/usr/bin/xkbcomp" -w 1 "-R/usr/share/X11/xkb" -xkm "-" -em1 "The XKEYBOARD keymap compiler (xkbcomp) reports:" ` +
			`-emp "> " -eml "Errors from xkbcomp are not fatal to the X server" "/tmp/server-10.xkm"`: compilesKeys,
		`exec /usr/bin/tfa-logon --tty -- /usr/lib/tfa/ssh-session`:                            asksOnTerminal,
		`exec /usr/bin/tfa-logon --tty --config /etc/tfa/tfa.toml -- /usr/lib/tfa/ssh-session`: asksOnTerminal,
	} {
		if !isTold([]string{"sh", "-c", command}, nil, only) {
			t.Errorf("it may not say %s", command)
		}
		for _, more := range []string{"; id", "\nid", " $(id)", " `id`", " >x", " & id"} {
			if isTold([]string{"sh", "-c", command + more}, nil, only) {
				t.Errorf("it may say %s", command+more)
			}
		}
	}
}
