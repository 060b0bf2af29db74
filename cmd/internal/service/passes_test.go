//go:build linux

package service

import (
	"crypto/rand"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"evry.nl/tfa/cmd/internal/sessions"
)

const practiceAccount = "EV-0000-1"

// A pass that PAM was promised is taken once, in time, for its account, by the
// service that asked.
func TestAPromisedPassIsForOneSession(t *testing.T) {
	sesman, child := process{10, "1"}, process{11, "2"}
	monitor, asks := process{20, "3"}, process{21, "4"}
	other := process{30, "5"}
	for name, tc := range map[string]struct {
		by, above      process // who asked
		opener, parent process // who opens
		account        string
		after          time.Duration
		taken          bool
	}{
		"the_same_process":     {by: monitor, above: other, opener: monitor, parent: other, taken: true},
		"a_child_of_the_asker": {by: sesman, above: other, opener: child, parent: sesman, taken: true},
		"the_askers_parent":    {by: asks, above: monitor, opener: monitor, parent: other, taken: true},
		"another_process":      {by: sesman, above: monitor, opener: other, parent: process{31, "6"}},
		"a_reused_number":      {by: monitor, above: other, opener: process{20, "9"}, parent: process{30, "9"}},
		"another_account":      {by: monitor, above: other, opener: monitor, parent: other, account: "EV-0000-2"},
		"too_late":             {by: monitor, above: other, opener: monitor, parent: other, after: promisedFor},
	} {
		t.Run(name, func(t *testing.T) {
			now := time.Unix(0, 0)
			p := NewPasses(func() time.Time { return now })
			p.promise(practiceAccount, tc.by, tc.above)
			now = now.Add(tc.after)
			account := tc.account
			if account == "" {
				account = practiceAccount
			}
			if taken := p.take(account, tc.opener, tc.parent); taken != tc.taken {
				t.Errorf("taken: %v", taken)
			}
			if p.take(account, tc.opener, tc.parent) {
				t.Error("taken twice")
			}
		})
	}
}

// A connection counts for the process that made it, while that runs where it
// ran.
func TestAConnectionEndsWithItsProcess(t *testing.T) {
	own := "/tfa-test-" + strings.ToLower(rand.Text()[:10])
	registry, err := sessions.Open(own, t.TempDir(), time.Now)
	if err != nil {
		t.Fatal(err)
	}
	mount, err := exec.CommandContext(t.Context(), "findmnt", "-n", "-o", "TARGET", "-t", "cgroup2").Output()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.Remove(strings.Fields(string(mount))[0] + own) })
	self, _, err := lookAt(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	if p := (peer{process: self, registry: registry}); !p.isThere() {
		t.Error("this process is not there")
	}
	for name, p := range map[string]peer{
		"another_with_its_number": {process: process{self.pid, "1"}, registry: registry},
		"ended":                   {process: process{1 << 22, self.started}, registry: registry},
		"in_another_session":      {process: self, registry: registry, session: new(sessions.Session)},
	} {
		if p.isThere() {
			t.Errorf("%s is there", name)
		}
	}
}
