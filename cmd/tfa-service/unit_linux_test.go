package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"evry.nl/tfa/cmd/internal/story"
)

const (
	packaging = "../../assets/packaging/service"
	unit      = packaging + "/tfa-service.service"
	// exposure is what systemd-analyze security may say of the unit, in tenths. It
	// must see all processes and file systems, guard what starts, and end it.
	exposure = 27
)

func TestTheUnitIsHardened(t *testing.T) {
	out, err := exec.Command("systemd-analyze", "security", "--offline=true", "--no-pager", "--threshold="+strconv.Itoa(exposure), unit).CombinedOutput()
	t.Logf("%s", regexp.MustCompile(`Overall exposure level.*`).Find(out))
	if err != nil {
		t.Errorf("it is more than %d tenths: %v\n%s", exposure, err, out)
	}
}

func TestTheUnitsAreValid(t *testing.T) {
	if !story.Alone(t) {
		return
	}
	h := &machine{t: t}
	h.install(story.Path("tfa-service"), "/usr/bin/tfa-service")
	const folder = "/etc/systemd/system"
	story.Must(t, os.MkdirAll(folder, 0o755))
	for _, name := range []string{"tfa-service.service", "tfa-service.socket"} {
		h.install(filepath.Join(packaging, name), filepath.Join(folder, name))
	}
	h.run("chmod", "644", folder+"/tfa-service.service", folder+"/tfa-service.socket")
	out, err := exec.Command("systemd-analyze", "verify", "--man=no", folder+"/tfa-service.service", folder+"/tfa-service.socket").CombinedOutput()
	if err != nil || len(bytes.TrimSpace(out)) > 0 {
		t.Errorf("%v\n%s", err, out)
	}
}

// setting returns what the unit says of a setting.
func setting(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(unit)
	story.Must(t, err)
	found := regexp.MustCompile(`(?m)^` + name + `=(.*)$`).FindSubmatch(text)
	if found == nil {
		t.Fatalf("the unit sets no %s", name)
	}
	return string(found[1])
}

// The service does its work with the rights that the unit leaves it: its
// capabilities, system files that it can't write, and mounts of its own, into
// which those come that are made later.
func TestTheServiceWorksAsItsUnitConfinesIt(t *testing.T) {
	if !story.Alone(t) {
		return
	}
	capabilities := "-all"
	for _, name := range strings.Fields(setting(t, "CapabilityBoundingSet")) {
		capabilities += ",+" + strings.ToLower(strings.TrimPrefix(name, "CAP_"))
	}
	h := newMachine(t, 1)
	h.killService()
	h.run("mount", "--make-rshared", "/")
	h.wrap = []string{"unshare", "--mount", "--propagation", "slave", "sh", "-c",
		`for f in /usr /etc /home; do mount -o remount,bind,ro $f; done && exec setpriv --no-new-privs --bounding-set ` + capabilities + ` "$@"`, "sh"}
	h.startService()
	g, err := h.startGate(receptionist)
	story.Must(t, err)
	code, _, _ := next(h.secrets[receptionist], 0)
	if answer, err := g.does(told{Code: code}); err != nil || !answer.Granted {
		t.Errorf("%+v, %v", answer, err)
	}
	h.endsAStranger()

	// A file system of the account alone, which is there later than the guard.
	home := filepath.Join("/run/user", strconv.Itoa(firstUID+1))
	story.Must(t, os.MkdirAll(home, 0o755))
	h.run("mount", "-t", "tmpfs", "-o", "mode=700,uid="+strconv.Itoa(firstUID+1), "tmpfs", home)
	program := filepath.Join(home, "program")
	h.install(story.Path("tfa-session"), program) // needs no loader, which lies elsewhere
	h.until("it is guarded too", func() bool {    // the next look marks it
		cmd := exec.CommandContext(t.Context(), program)
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: firstUID + 1, Gid: firstUID + 1}}
		return cmd.Run() != nil && cmd.ProcessState == nil
	})
	h.logSays("program=" + program)
}
