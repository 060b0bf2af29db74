package main

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"evry.nl/tfa/cmd/internal/apart"
	"evry.nl/tfa/cmd/internal/clock"
	"evry.nl/tfa/cmd/internal/config"
	"evry.nl/tfa/cmd/internal/identity"
	"evry.nl/tfa/cmd/internal/stores"
	"evry.nl/tfa/core"
	"evry.nl/tfa/core/otp"
)

func TestMain(m *testing.M) {
	if strings.HasSuffix(os.Args[0], ".test") { // and not one of the commands below
		apart.Start()
	}
	testscript.Main(m, map[string]func(){program: main, "gate": gate})
}

// gate is what a person of a practice runs in the stories: it opens the store
// as the account that the system says it is, and asks what to show.
func gate() {
	cfg, err := config.Load(os.Args[1])
	if err == nil {
		err = look(cfg)
	}
	if err != nil {
		os.Exit(report(os.Stderr, err))
	}
}

func look(cfg config.Config) error {
	actor, err := identity.Current(cfg)
	if err != nil {
		return err
	}
	practice, err := cfg.Rules().PracticeOf(actor.Account)
	if err != nil {
		return err
	}
	if len(os.Args) > 2 { // somebody else's
		practice = os.Args[2]
	}
	store, err := stores.Open(context.Background(), cfg, practice)
	if err != nil {
		return err
	}
	defer store.Close()
	direct := core.Direct{Store: store, Rules: cfg.Rules(), Now: clock.Now}
	prompt, err := core.Gate{Direct: direct}.Prompt(context.Background(), actor)
	if err == nil {
		fmt.Println(prompt.Account, prompt.Stage)
	}
	return err
}

// recorder is a testing.T that keeps what the stories print.
type recorder struct {
	*testing.T
	told *strings.Builder
}

func (r recorder) Log(args ...any) {
	r.T.Helper()
	fmt.Fprintln(r.told, args...)
	r.T.Log(args...)
}

// Run implements testscript.T.
func (r recorder) Run(name string, f func(testscript.T)) {
	r.T.Run(name, func(t *testing.T) { f(recorder{t, r.told}) })
}

// Parallel does nothing: the stories share the host's accounts and this log.
func (r recorder) Parallel() {}

// Verbose makes testscript log all that was printed, not only what failed.
func (r recorder) Verbose() bool { return true }

// secrets are what must never be seen, and what may be seen once.
type secrets struct {
	mu          sync.Mutex
	never, once []string
}

func (s *secrets) add(never ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.never = append(s.never, never...)
}

// TestStories runs every story of testdata/script with the real command, and
// then looks for the secrets that came into being in all that was printed and
// written. The stories need root, because the command does.
func TestStories(t *testing.T) {
	if os.Getuid() != 0 {
		t.Fatal("the stories make accounts and act as them: run the tests as root")
	}
	root, err := os.MkdirTemp("", "tfa-stories-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(root); err != nil {
			t.Error(err)
		}
	})
	if err := os.Chmod(root, 0o755); err != nil { // other accounts pass through
		t.Fatal(err)
	}
	s := &stage{root: root, practice: fmt.Sprintf("EVT%d", os.Getpid())}
	told := &strings.Builder{}
	testscript.RunT(recorder{t, told}, testscript.Params{
		Dir: "testdata/script", WorkdirRoot: root, Setup: s.setup, Cmds: s.commands(),
	})
	if len(s.never) == 0 || len(s.once) == 0 {
		t.Fatal("the stories made no secrets: there was nothing to look for")
	}
	for _, secret := range s.never {
		if n := count(told.String(), secret); n != 0 {
			t.Errorf("a secret was printed %d times", n)
		}
	}
	for _, code := range s.once {
		if n := count(told.String(), code); n != 1 {
			t.Errorf("a helper code was printed %d times, want once", n)
		}
	}
	s.searchFiles(t, append(s.never, s.once...))
}

// count counts how often a secret stands in a text. A code counts when it stands
// by itself: six digits inside a longer number are none.
func count(text, secret string) int {
	if otp.IsDigits(secret, len(secret)) {
		return len(regexp.MustCompile(`\b`+secret+`\b`).FindAllStringIndex(text, -1))
	}
	return strings.Count(text, secret)
}

// searchFiles looks for secrets in the stores, keys and whatever else there is.
func (s *stage) searchFiles(t *testing.T, secrets []string) {
	searched := 0
	err := filepath.WalkDir(s.root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() || filepath.Dir(path) == s.bin() {
			return err
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		searched++
		for _, secret := range secrets {
			// Six digits turn up by chance in a store, a secret does not.
			if len(secret) > 6 && bytes.Contains(data, []byte(secret)) {
				t.Errorf("%s holds a secret as it is", path)
			}
		}
		return nil
	})
	if err != nil || searched == 0 {
		t.Errorf("searched %d files: %v", searched, err)
	}
}
