package story

import (
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"evry.nl/tfa/cmd/internal/clock"
	"evry.nl/tfa/cmd/internal/config"
	"evry.nl/tfa/cmd/internal/stores"
	"evry.nl/tfa/core"
	"evry.nl/tfa/core/otp"
)

// Host is a host as tfa-admin makes it, with accounts of the operating system.
type Host struct {
	T testing.TB
	// File is the configuration, Folder that of the stores.
	File, Folder string

	servers map[string]*exec.Cmd // by name
}

// NewHost makes the accounts, and lets tfa-admin set the host up for them. Main
// must have built it. The test needs root.
func NewHost(t testing.TB, accounts ...string) *Host {
	t.Helper()
	if os.Getuid() != 0 {
		t.Fatal("this test makes accounts of the operating system: run the tests as root")
	}
	root := t.TempDir()
	Must(t, os.Chmod(filepath.Dir(root), 0o755))
	Must(t, os.Chmod(root, 0o755))
	h := &Host{T: t, File: filepath.Join(root, "tfa.toml"), Folder: filepath.Join(root, "stores")}
	Must(t, os.WriteFile(h.File, fmt.Appendf(nil, "store = %q\nkey_file = %q\n",
		"sqlite://"+filepath.Join(h.Folder, "{practice}", "tfa.db"), filepath.Join(h.Folder, "{practice}", "tfa.key")), 0o644))
	for _, account := range accounts {
		practice, err := core.DefaultRules().PracticeOf(account)
		Must(t, err)
		t.Cleanup(func() { exec.Command("groupdel", "tfa-"+practice).Run() }) // the first of a practice does it
		h.AddAccount(account)
	}
	h.Admin("init")
	return h
}

// AddAccount makes one account more, which nobody has let in.
func (h *Host) AddAccount(account string) {
	h.T.Helper()
	h.run("useradd", "--no-create-home", "--shell", "/usr/sbin/nologin", account)
	// By force: another test's process may have been left with the number that
	// this account was then given.
	h.T.Cleanup(func() { h.run("userdel", "--force", account) })
}

func (h *Host) run(name string, args ...string) {
	h.T.Helper()
	if out, err := exec.Command(name, args...).CombinedOutput(); err != nil {
		h.T.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
}

// Admin runs the helpdesk's command.
func (h *Host) Admin(args ...string) {
	h.T.Helper()
	h.run(Path("tfa-admin"), append([]string{"--config", h.File}, args...)...)
}

// As returns what a process needs to run as an account.
func (h *Host) As(account string) *syscall.Credential {
	h.T.Helper()
	found, err := user.Lookup(account)
	Must(h.T, err)
	number := func(s string) uint32 {
		n, err := strconv.ParseUint(s, 10, 32)
		Must(h.T, err)
		return uint32(n)
	}
	groups, err := found.GroupIds()
	Must(h.T, err)
	credential := &syscall.Credential{Uid: number(found.Uid), Gid: number(found.Gid)}
	for _, group := range groups {
		credential.Groups = append(credential.Groups, number(group))
	}
	return credential
}

// Direct opens the store of an account's practice, as root.
func (h *Host) Direct(account string) core.Direct {
	h.T.Helper()
	cfg, err := config.Load(h.File)
	Must(h.T, err)
	practice, err := cfg.Rules().PracticeOf(account)
	Must(h.T, err)
	store, err := stores.Open(h.T.Context(), cfg, practice)
	Must(h.T, err)
	h.T.Cleanup(func() { store.Close() })
	return core.Direct{Store: store, Rules: cfg.Rules(), Now: clock.Now}
}

// LogOn lets an account enrol and log on with a code, and returns its secret.
func (h *Host) LogOn(account string) otp.Secret {
	h.T.Helper()
	return LogOn(h.T, h.Direct(account), account)
}

// LogOn lets an account enrol and log on with the code of now, and returns its
// secret.
func LogOn(t testing.TB, direct core.Direct, account string) otp.Secret {
	t.Helper()
	now := direct.Now()
	direct.Now = func() time.Time { return now } // no new step between here and there
	gate := core.Gate{Direct: direct}
	prompt, err := gate.Prompt(t.Context(), core.Actor{Account: account})
	Must(t, err)
	code, err := otp.Code(prompt.Secret, otp.StepAt(now))
	Must(t, err)
	verdict, err := gate.Verify(t.Context(), core.Actor{Account: account}, code)
	Must(t, err)
	if !verdict.Granted {
		t.Fatalf("%s was not let in: %s", account, verdict.Reason)
	}
	return prompt.Secret
}

// EndTransition lets the transition of an account's practice be over since
// yesterday, as if time had passed.
func (h *Host) EndTransition(account string) {
	h.T.Helper()
	direct := h.Direct(account)
	yesterday := core.DateOf(direct.Now(), direct.Rules.Zone).AddDays(-1)
	Must(h.T, direct.Store.ChangePractice(h.T.Context(), func(p *core.Practice) ([]core.Event, error) {
		p.LastDay = yesterday
		return []core.Event{{At: direct.Now(), Kind: core.Extended, Actor: "test", Detail: core.Detail{"last_day": yesterday.ISO()}}}, nil
	}))
}
