package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"evry.nl/tfa/cmd/internal/clock"
	"evry.nl/tfa/cmd/internal/story"
	"evry.nl/tfa/core/otp"
)

// askInPAM has a service of PAM ask for password and code in one field, as the
// README of the packaging says.
func askInPAM(t *testing.T, name string) {
	t.Helper()
	replace(t, "/etc/pam.d/"+name, "@include common-auth",
		"auth required pam_exec.so expose_authtok quiet "+installedGate+" --pam\nauth optional pam_permit.so")
}

// newPAMHost makes a host with the service, where PAM asks and sshd has no other
// gate. The account has enrolled. It returns codes that are right, and not spent.
func newPAMHost(t *testing.T) (h *sshHost, code func() string) {
	t.Helper()
	h = newServedSSHHost(t, "/bin/bash", true)
	h.EndTransition(h.account)
	askInPAM(t, "sshd")
	replace(t, h.config, "Include", "#Include")
	replace(t, h.config, "Subsystem sftp internal-sftp", "Subsystem sftp /usr/lib/openssh/sftp-server")
	used := map[otp.Step]bool{otp.StepAt(clock.Now()): true}
	secret := h.LogOn(h.account)
	used[otp.StepAt(clock.Now())] = true // one step or the next was spent
	return h, func() string { return freshCode(t, secret, used) }
}

// What PAM has asked a code for has passed the gate: with the code behind the
// password a command, files and a shell are there; with the password alone not.
func TestSSHByPAM(t *testing.T) {
	local := func(t *testing.T) string {
		path := filepath.Join(t.TempDir(), "local")
		story.Must(t, os.WriteFile(path, []byte("sent"), 0o600))
		return path
	}
	for name, tc := range map[string]struct {
		program string
		args    func(t *testing.T, who string) []string
		// questions says that sshd has PAM ask by itself.
		questions bool
	}{
		"command":   {"ssh", func(_ *testing.T, who string) []string { return []string{who, "echo sent >sent"} }, false},
		"scp":       {"scp", func(t *testing.T, who string) []string { return []string{local(t), who + ":sent"} }, false},
		"old_scp":   {"scp", func(t *testing.T, who string) []string { return []string{"-O", local(t), who + ":sent"} }, false},
		"questions": {"ssh", func(_ *testing.T, who string) []string { return []string{who, "echo sent >sent"} }, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if !story.Alone(t) {
				return
			}
			h, code := newPAMHost(t)
			if tc.questions {
				replace(t, h.config, "PasswordAuthentication yes\nKbdInteractiveAuthentication no", "PasswordAuthentication no\nKbdInteractiveAuthentication yes")
				h.asks = "Password:"
			}
			sent := func(typed string) bool {
				h.typed = typed
				c := h.connect(t, strings.NewReader(""), tc.program, append([]string{"-o", "NumberOfPasswordPrompts=1"}, tc.args(t, h.account+"@127.0.0.1")...)...)
				c.ends()
				_, err := os.Stat(h.home + "/sent")
				return err == nil
			}
			if sent(sshPassword) {
				t.Error("the password alone is enough")
			}
			if !sent(sshPassword + code()) {
				t.Error("password and code are not enough")
			}
		})
	}
}

// A pass that PAM was promised is for the session that the same process opens,
// and for no other of the account: not for one that a key opens, which PAM asks
// for nothing.
func TestSSHByAKeyHasNoPass(t *testing.T) {
	t.Parallel()
	if !story.Alone(t) {
		return
	}
	h, code := newPAMHost(t)
	key := filepath.Join(h.home, "key")
	execute(t, "", "ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key)
	story.Must(t, os.Mkdir(h.home+"/.ssh", 0o755))
	story.Must(t, os.Rename(key+".pub", h.home+"/.ssh/authorized_keys"))
	if !authenticates(t, pamService(t, installedGate), h.account, sshPassword+code()) {
		t.Fatal("PAM says no")
	}
	cmd := exec.CommandContext(t.Context(), "ssh", "-F", "/dev/null", "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null",
		"-o", "BatchMode=yes", "-i", key, "-p", h.port, h.account+"@127.0.0.1", "echo got in")
	out, err := cmd.CombinedOutput()
	if err == nil || strings.Contains(string(out), "got in") || h.Ended(h.account) == 0 {
		t.Errorf("%v, %d sessions were ended: %s", err, h.Ended(h.account), out)
	}
}

// A file of the account that Debian's PAM reads for sshd tells the gate's shell
// to load a library.
func TestSSHLibraryInTheEnvironment(t *testing.T) {
	t.Parallel()
	if !story.Alone(t) {
		return
	}
	h := newServedSSHHost(t, "/bin/bash", true)
	story.Must(t, os.MkdirAll(marks, 0o777))
	story.Must(t, os.Chmod(marks, 0o777))
	compile(t, "preload.c", marks+"/preload.so")
	story.Must(t, os.WriteFile(h.home+"/.pam_environment", fmt.Appendf(nil, "LD_PRELOAD DEFAULT=%s/preload.so\n", marks), 0o644))
	if status := h.logOn(t).ends(); status == 0 || h.Ended(h.account) == 0 {
		t.Errorf("status %d, %d sessions were ended", status, h.Ended(h.account))
	}
	if n := dots(); n > 0 {
		t.Errorf("the library left %d marks", n)
	}
}

// People log on by RDP where PAM asks and nothing else does.
func TestRDPByPAM(t *testing.T) {
	t.Parallel()
	if !story.Alone(t) {
		return
	}
	packaging := t.TempDir()
	story.Must(t, os.CopyFS(packaging, os.DirFS(xrdpPackaging)))
	replace(t, packaging+"/sesman.ini", "/etc/xrdp/startwm-gate.sh", "/etc/xrdp/startwm.sh")
	askInPAM(t, "xrdp-sesman")
	h := story.NewRDPHost(t, packaging, true, receptionist)
	h.EndTransition(receptionist)
	secret := enrolled(h)
	s := h.ConnectWith(receptionist, story.Password+phone(t, secret, 1))
	s.ReachesDesktop()
	logOut(s)
	if n := h.Ended(receptionist); n > 0 {
		t.Errorf("%d sessions were ended, %+v", n, newest(h))
	}
}
