package main

import (
	"errors"
	"fmt"
	"image"
	"io/fs"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"evry.nl/tfa/cmd/internal/clock"
	"evry.nl/tfa/cmd/internal/config"
	"evry.nl/tfa/cmd/internal/stores"
	"evry.nl/tfa/core"
	"evry.nl/tfa/core/otp"
)

// host is a host as tfa-admin makes it, with accounts of the operating system.
type host struct {
	t      *testing.T
	file   string // the configuration
	folder string // of the stores
}

// newHost makes the accounts, and lets tfa-admin set the host up for them.
func newHost(t *testing.T, accounts ...string) *host {
	t.Helper()
	if os.Getuid() != 0 {
		t.Fatal("this test makes accounts of the operating system: run the tests as root")
	}
	root := t.TempDir()
	must(t, openPath(root))
	must(t, os.Chmod(root, 0o755))
	h := &host{t: t, file: filepath.Join(root, "tfa.toml"), folder: filepath.Join(root, "stores")}
	for _, account := range accounts {
		h.addAccount(account)
	}
	must(t, os.WriteFile(h.file, fmt.Appendf(nil, "store = %q\nkey_file = %q\n",
		"sqlite://"+filepath.Join(h.folder, "{practice}", "tfa.db"), filepath.Join(h.folder, "{practice}", "tfa.key")), 0o644))
	h.admin("init")
	for _, account := range accounts {
		practice, err := core.DefaultRules().PracticeOf(account)
		must(t, err)
		t.Cleanup(func() { exec.Command("groupdel", "tfa-"+practice).Run() })
	}
	return h
}

func (h *host) addAccount(account string) {
	h.t.Helper()
	h.run("useradd", "--no-create-home", "--shell", "/usr/sbin/nologin", account)
	h.t.Cleanup(func() { h.run("userdel", account) })
}

func (h *host) run(name string, args ...string) {
	h.t.Helper()
	if out, err := exec.Command(name, args...).CombinedOutput(); err != nil {
		h.t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
}

// admin runs the helpdesk's command.
func (h *host) admin(args ...string) {
	h.t.Helper()
	h.run("go", append([]string{"run", "../tfa-admin", "--config", h.file}, args...)...)
}

// as returns what a process needs to run as an account.
func (h *host) as(account string) *syscall.Credential {
	h.t.Helper()
	found, err := user.Lookup(account)
	must(h.t, err)
	number := func(s string) uint32 {
		n, err := strconv.ParseUint(s, 10, 32)
		must(h.t, err)
		return uint32(n)
	}
	groups, err := found.GroupIds()
	must(h.t, err)
	credential := &syscall.Credential{Uid: number(found.Uid), Gid: number(found.Gid)}
	for _, group := range groups {
		credential.Groups = append(credential.Groups, number(group))
	}
	return credential
}

// logOn lets an account enrol and log on with a code.
func (h *host) logOn(account string) {
	h.t.Helper()
	cfg, err := config.Load(h.file)
	must(h.t, err)
	practice, err := cfg.Rules().PracticeOf(account)
	must(h.t, err)
	store, err := stores.Open(h.t.Context(), cfg, practice)
	must(h.t, err)
	defer store.Close()
	now := clock.Now()
	gate := core.Gate{Direct: core.Direct{Store: store, Rules: cfg.Rules(), Now: clock.Now}}
	prompt, err := gate.Prompt(h.t.Context(), core.Actor{Account: account})
	must(h.t, err)
	code, err := otp.Code(prompt.Secret, otp.StepAt(now))
	must(h.t, err)
	verdict, err := gate.Verify(h.t.Context(), core.Actor{Account: account}, code)
	must(h.t, err)
	if !verdict.Granted {
		h.t.Fatalf("%s was not let in: %s", account, verdict.Reason)
	}
}

// Two accounts of a practice, two tools, one store: what one does, the other
// sees. An account of another practice reads nothing.
func TestTwoAccountsShareAStoreAndAThirdDoesNot(t *testing.T) {
	practice, other := fmt.Sprintf("EVW%d", os.Getpid()), fmt.Sprintf("EVX%d", os.Getpid())
	h := newHost(t, practice+"-1", practice+"-2", other+"-1")
	h.admin("practice", "enable", practice)
	h.logOn(practice + "-1")
	h.logOn(practice + "-2")

	receptionist := start(t, []string{"FYNE_THEME=light"}, h.as(practice+"-1"), "--config", h.file)
	colleague := start(t, []string{"FYNE_THEME=light"}, h.as(practice+"-2"), "--config", h.file)
	own := receptionist.codeIsRight()
	colleague.press("Tab", "Down")
	must(t, colleague.desk.Type("-1"))
	colleague.press("Return")
	colleague.waitFor("the QR code of the other account", func(img *image.RGBA) bool {
		_, secret := colleague.secret(img)
		return secret == own
	})

	receptionist.press("Tab", "Tab", "Tab", "Tab", "Tab", "Tab", "Return") // Reset QR Code
	receptionist.says("Annuleren")
	receptionist.press("Tab", "Return")
	for _, p := range []*tool{receptionist, colleague} {
		p.says("nog geen QR-code")
		img, err := p.desk.Screenshot()
		must(t, err)
		if _, secret := p.secret(img); secret != "" {
			t.Error("a QR code is still there after the reset")
		}
	}
	h.nothingReadable(practice, h.as(other+"-1"))
	h.addAccount(practice + "-3") // its name says so, but nobody let it in
	h.refused(h.as(practice + "-3"))
}

// nothingReadable tries to read every file of a practice as somebody else.
func (h *host) nothingReadable(practice string, as *syscall.Credential) {
	h.t.Helper()
	files := 0
	must(h.t, filepath.WalkDir(filepath.Join(h.folder, practice), func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		files++
		cat := exec.Command("cat", path)
		cat.SysProcAttr = &syscall.SysProcAttr{Credential: as}
		if out, err := cat.Output(); err == nil || len(out) > 0 {
			h.t.Errorf("another practice reads %d bytes of %s", len(out), filepath.Base(path))
		}
		return nil
	}))
	if files < 3 {
		h.t.Errorf("only %d files were tried", files)
	}
}

// refused opens the tool as somebody who may not.
func (h *host) refused(as *syscall.Credential) {
	h.t.Helper()
	desk := startDesk(h.t)
	cmd := desk.Command(h.t.Context(), program, "--config", h.file)
	cmd.Env = append(cmd.Env, "LANG=nl_NL.UTF-8", "HOME=/nonexistent", "XDG_RUNTIME_DIR=/nonexistent")
	cmd.SysProcAttr.Credential = as
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != exitFault || !strings.Contains(string(out), "helpdesk") {
		h.t.Errorf("%v, said %s", err, out)
	}
}
