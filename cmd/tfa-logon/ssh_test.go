package main

import (
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"evry.nl/tfa/cmd/internal/clock"
	"evry.nl/tfa/cmd/internal/desktop"
	"evry.nl/tfa/cmd/internal/story"
	"evry.nl/tfa/core"
)

// reachesShell holds that the account's own shell takes what is typed, with the
// session's environment, and that its status is the client's.
func (c *client) reachesShell(account string) {
	c.t.Helper()
	c.types("echo shell of $(id -un) $SSH_TTY $SHLVL; exit 7\r")
	c.says("shell of " + account + " /dev/pts/")
	if status := c.ends(); status != 7 {
		c.t.Errorf("status %d", status)
	}
}

// denied holds that the client has ended with the gate's no.
func (c *client) denied() {
	c.t.Helper()
	if status := c.ends(); status != exitNo {
		c.t.Errorf("status %d:\n%s", status, c.all)
	}
}

// logSays waits until the last line of the log is that: who is cut off does not
// hear when the gate has written it.
func (h *sshHost) logSays(t *testing.T, kind core.Kind, reason core.Reason) {
	t.Helper()
	store := h.Direct(h.account).Store
	again, late := time.NewTicker(20*time.Millisecond), time.NewTimer(story.Patience)
	defer again.Stop()
	defer late.Stop()
	for {
		page, err := store.Events(t.Context(), core.Query{Limit: 1})
		story.Must(t, err)
		event := page.Events[0]
		if event.Kind == kind && event.Detail["reason"] == string(reason) && event.Account == h.account &&
			strings.HasPrefix(event.Session, "pts/") && event.Client == "127.0.0.1" {
			return
		}
		select {
		case <-again.C:
		case <-late.C:
			t.Fatalf("the log says %+v", event)
		}
	}
}

var typedOver = regexp.MustCompile(`[A-Z2-7]{4}( [A-Z2-7]{4}){7}`)

// codeOf returns the code that a phone with the secret shows whose clock is
// ahead.
func codeOf(t *testing.T, secret string, ahead time.Duration) string {
	t.Helper()
	code, err := desktop.OathCode(t.Context(), strings.ReplaceAll(secret, " ", ""), clock.Now().Add(ahead))
	story.Must(t, err)
	return code
}

// A practice switches on; its account enrols at the next logon, and types a code
// at the one after that.
func TestSSHFromSwitchingOnToTheSecondLogon(t *testing.T) {
	onSSHHosts(t, "/bin/sh", false, sshSwitchOnAndEnrol)
}

func sshSwitchOnAndEnrol(t *testing.T, h *sshHost) {
	off := h.logOn(t)
	off.says("Uw praktijk gebruikt nog geen Two Factor Authenticatie.")
	off.says("Uw keuze: ")
	off.types("1\r")
	off.says("Typ 1 om in te schakelen")
	off.types("1\r")
	off.reachesShell(h.account)

	first := h.logOn(t)
	if before := first.says("Of typ over: "); !strings.Contains(before, "█") || !strings.Contains(before, "0 = Log nu nog in") {
		t.Errorf("the first logon shows\n%s", before)
	}
	secret := typedOver.FindString(first.says("Voer uw OTP (one-time password) in: "))
	first.types(codeOf(t, secret, 0) + "\r")
	first.reachesShell(h.account)
	h.logSays(t, core.LogonOTP, "")

	second := h.logOn(t)
	if before := second.says("Voer uw OTP (one-time password) in: "); strings.Contains(before, "█") || typedOver.MatchString(before) {
		t.Errorf("the second logon shows\n%s", before)
	}
	second.types(codeOf(t, secret, 30*time.Second) + "\r") // the step of the first is spent
	second.reachesShell(h.account)
}

func TestSSHSkipping(t *testing.T) { onSSHHosts(t, "/bin/bash", true, sshSkip) }

func sshSkip(t *testing.T, h *sshHost) {
	c := h.logOn(t)
	c.says("in: ")
	c.types("0\r")
	c.reachesShell(h.account)
	h.logSays(t, core.LogonSkipped, "")
}

// Whatever a person does but answer is a no, and stands in the log.
func TestSSHLeaving(t *testing.T) { onSSHHosts(t, "/bin/sh", true, sshLeave) }

func sshLeave(t *testing.T, h *sshHost) {
	for name, leave := range map[string]func(*client){
		"ctrl_c":            func(c *client) { c.types("\x03"); c.denied() },
		"ctrl_backslash":    func(c *client) { c.types("\x1c"); c.denied() },
		"end_of_file":       func(c *client) { c.types("\x04"); c.denied() },
		"client_is_gone":    func(c *client) { story.Must(c.t, c.cmd.Process.Kill()); c.ends() },
		"client_is_hung_up": func(c *client) { story.Must(c.t, c.cmd.Process.Signal(syscall.SIGHUP)); c.ends() },
	} {
		t.Run(name, func(t *testing.T) {
			before := h.logons(t)
			c := h.logOn(t)
			c.says("in: ")
			leave(c)
			h.logSays(t, core.LogonRefused, core.Closed)
			if after := h.logons(t); after != before {
				t.Errorf("%d logons, before %d", after, before)
			}
		})
	}
}

// logons counts those that the log has.
func (h *sshHost) logons(t *testing.T) (n int) {
	t.Helper()
	for _, kind := range []core.Kind{core.LogonOTP, core.LogonOff, core.LogonSkipped, core.LogonHelper, core.LogonExempt} {
		page, err := h.Direct(h.account).Store.Events(t.Context(), core.Query{Kind: kind})
		story.Must(t, err)
		n += page.Total
	}
	return n
}

func TestSSHLocked(t *testing.T) { onSSHHosts(t, "/bin/sh", true, sshLock) }

func sshLock(t *testing.T, h *sshHost) {
	c := h.logOn(t)
	for range 4 {
		c.says("in: ")
		c.types("00000000\r")
		c.says("Deze code klopt niet.")
	}
	c.says("in: ")
	c.types("00000000\r")
	c.says("Er zijn te veel foute codes getypt.")
	c.says("Voer de hulpcode van de helpdesk in (8 cijfers): ")
	c.types("0\r") // skipping is not on offer
	c.says("Voer de hulpcode van de helpdesk in (8 cijfers): ")
	c.types("\x04")
	c.denied()

	again := h.logOn(t) // the lock is the account's, not the connection's
	again.says("Er zijn te veel foute codes getypt.")
	again.types("\x03")
	again.denied()
}

// What ssh can do besides a shell gets no further either. Each client has no
// terminal to answer on, only an input that ends.
func TestSSHNothingGetsAroundTheGate(t *testing.T) { onSSHHosts(t, "/bin/sh", true, sshGoAround) }

func sshGoAround(t *testing.T, h *sshHost) {
	inside, err := net.Listen("tcp", "127.0.0.1:0")
	story.Must(t, err)
	defer inside.Close()
	who := h.account + "@127.0.0.1"
	local := filepath.Join(t.TempDir(), "local")
	story.Must(t, os.WriteFile(local, []byte("planted"), 0o600))
	touch := "echo got in; touch " + h.home + "/planted"
	for name, tc := range map[string]struct {
		program string
		args    []string
	}{
		"command":              {"ssh", []string{who, touch}},
		"shell_without_one":    {"ssh", []string{"-T", who}},
		"sftp_subsystem":       {"ssh", []string{"-s", who, "sftp"}},
		"other_subsystem":      {"ssh", []string{"-s", who, "/bin/sh"}},
		"sftp":                 {"sftp", []string{who + ":/etc/passwd", local + ".got"}},
		"scp":                  {"scp", []string{local, who + ":planted"}},
		"old_scp":              {"scp", []string{"-O", local, who + ":planted"}},
		"forwarding_to_inside": {"ssh", []string{"-W", inside.Addr().String(), who}},
		"forwarding_back":      {"ssh", []string{"-o", "ExitOnForwardFailure=yes", "-N", "-R", "127.0.0.1:0:" + inside.Addr().String(), who}},
		"environment":          {"ssh", []string{"-o", "SetEnv=BASH_ENV=/etc/profile SHLVL=0 LC_ALL=C TFA_LOGON_SESSION_FD=0", who, touch}},
	} {
		t.Run(name, func(t *testing.T) {
			before := h.logons(t)
			nothing, err := os.Open(os.DevNull)
			story.Must(t, err)
			defer nothing.Close()
			c := h.connect(t, nothing, tc.program, tc.args...)
			if status := c.ends(); status == 0 {
				t.Errorf("status 0: %s", &c.out)
			}
			if strings.Contains(c.out.String(), "got in\n") {
				t.Errorf("the command ran: %s", &c.out)
			}
			for _, path := range []string{filepath.Join(h.home, "planted"), local + ".got"} {
				if info, err := os.Stat(path); err == nil && info.Size() >= 0 {
					t.Errorf("%s is there", path)
				}
			}
			if after := h.logons(t); after != before {
				t.Errorf("%d logons, before %d", after, before)
			}
		})
	}
}

// A command that was asked for runs after a yes, with its own status.
func TestSSHCommandAfterAYes(t *testing.T) { onSSHHosts(t, "/bin/sh", true, sshRunACommand) }

func sshRunACommand(t *testing.T, h *sshHost) {
	c := h.connect(t, strings.NewReader("0\nfor the command\n"), "ssh", h.account+"@127.0.0.1", `echo got in; cat; exit 5`)
	if status := c.ends(); status != 5 || !strings.HasSuffix(c.out.String(), "got in\nfor the command\n") {
		t.Errorf("status %d: %s", status, &c.out)
	}
}

// Files of the account that ssh or its shell would run do not run before a yes:
// they would outlive the logon in which somebody wrote them.
func TestSSHFilesOfTheAccountDoNotRunBefore(t *testing.T) {
	for _, shell := range []string{"/bin/sh", "/bin/bash"} {
		t.Run(filepath.Base(shell), func(t *testing.T) { onSSHHosts(t, shell, true, sshPlant) })
	}
}

func sshPlant(t *testing.T, h *sshHost) {
	story.Must(t, os.Mkdir(filepath.Join(h.home, ".ssh"), 0o755))
	for _, name := range []string{".bashrc", ".profile", ".bash_profile", ".shinit", ".ssh/rc", ".ssh/environment"} {
		story.Must(t, os.WriteFile(filepath.Join(h.home, name), []byte("touch ~/ran\nENV=~/.shinit\n"), 0o755))
	}
	c := h.logOn(t)
	c.says("in: ")
	c.types("\x03")
	c.denied()
	if _, err := os.Stat(filepath.Join(h.home, "ran")); err == nil {
		t.Error("a file of the account ran before the gate")
	}
}
