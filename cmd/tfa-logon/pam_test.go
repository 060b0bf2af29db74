package main

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"evry.nl/tfa/cmd/internal/clock"
	"evry.nl/tfa/cmd/internal/story"
	"evry.nl/tfa/core"
	"evry.nl/tfa/core/otp"
)

const (
	password = "Wachtwoord1"
	// installedGate is the gate on an installed host.
	installedGate = "/usr/bin/tfa-logon --config /etc/tfa/tfa.toml"
)

// pamService installs a PAM service that asks the gate, and returns its name.
func pamService(t *testing.T, gate string) string {
	t.Helper()
	name := fmt.Sprintf("tfa-test-%d", os.Getpid())
	file := "/etc/pam.d/" + name
	story.Must(t, os.WriteFile(file, fmt.Appendf(nil,
		"auth required pam_exec.so expose_authtok quiet %s --pam\naccount required pam_permit.so\n", gate), 0o644))
	t.Cleanup(func() { os.Remove(file) })
	return name
}

// authenticates reports whether PAM lets an account in with what was typed.
func authenticates(t *testing.T, service, account, typed string) bool {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "pamtester", service, account, "authenticate")
	cmd.Stdin = strings.NewReader(typed + "\n")
	out, err := cmd.CombinedOutput()
	if err != nil && !strings.Contains(string(out), "System error") { // pam_exec's word for a no
		t.Fatalf("pamtester: %v: %s", err, out)
	}
	return err == nil
}

// freshCode returns a code that is right now and that has opened no logon yet.
// That of the step before comes last: it may be too old when it is asked.
func freshCode(t *testing.T, secret otp.Secret, used map[otp.Step]bool) string {
	t.Helper()
	current := otp.StepAt(clock.Now())
	for _, step := range []otp.Step{current, current + 1, current - 1} {
		if !used[step] {
			used[step] = true
			code, err := otp.Code(secret, step)
			story.Must(t, err)
			return code
		}
	}
	t.Fatal("all codes of now have been used")
	return ""
}

func TestPAMTakesPasswordAndCodeInOneField(t *testing.T) {
	t.Run("direct", func(t *testing.T) {
		h, account := practice(t)
		pamInOneField(t, h, account, story.Path("tfa-logon")+" --config "+h.File)
	})
	t.Run("with_the_service", func(t *testing.T) {
		t.Parallel()
		if !story.Alone(t) {
			return
		}
		h := story.NewInstalledHost(t, true, receptionist)
		pamInOneField(t, h, receptionist, installedGate)
	})
}

// No answer of the service is a no, also where the password alone would do.
func TestPAMWithoutTheService(t *testing.T) {
	t.Parallel()
	if !story.Alone(t) {
		return
	}
	h := story.NewInstalledHost(t, true, receptionist)
	service := pamService(t, installedGate)
	for _, running := range []bool{true, false, true} {
		if authenticates(t, service, receptionist, story.Password) != running {
			t.Errorf("let in while the service runs: %v", !running)
		}
		if running {
			h.KillService()
		} else {
			h.StartService()
		}
	}
}

func pamInOneField(t *testing.T, h *story.Host, account, gate string) {
	setPassword(t, account)
	service := pamService(t, gate)
	try := func(what, typed string, want bool) {
		t.Helper()
		if authenticates(t, service, account, typed) != want {
			t.Errorf("%s: let in %v, want %v", what, !want, want)
		}
	}
	try("off, the password", password, true)
	try("off, a wrong password", "Wachtwoord2", false)
	try("off, nothing", "", false)

	h.Admin("practice", "enable", strings.TrimSuffix(account, "-1"))
	try("in the transition, the password", password, true)
	h.EndTransition(account)
	try("the transition is over, no secret yet", password, false)

	used := map[otp.Step]bool{otp.StepAt(clock.Now()): true}
	secret := h.LogOn(account)
	used[otp.StepAt(clock.Now())] = true
	try("the password alone", password, false)
	try("a wrong code", password+"000000", false)
	code := freshCode(t, secret, used)
	try("a wrong password with the right code", "Wachtwoord2"+code, false)
	try("the password and the code", password+code, true)
	try("the same again", password+code, false)

	helper, err := core.Helpdesk{Direct: h.Direct(account)}.HelperCode(t.Context(), core.Actor{Account: "test", Helpdesk: true}, account, time.Hour)
	story.Must(t, err)
	try("a helper code", password+helper, true)
	try("the helper code again", password+helper, false)
	story.Must(t, os.Rename(h.File, h.File+".away"))
	try("without the configuration", password+freshCode(t, secret, used), false)
}

func setPassword(t *testing.T, account string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "chpasswd")
	cmd.Stdin = strings.NewReader(account + ":" + password + "\n")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("chpasswd: %v: %s", err, out)
	}
}
