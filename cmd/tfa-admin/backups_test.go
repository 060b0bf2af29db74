package main

import (
	"context"
	"errors"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"

	"filippo.io/age"
	"github.com/rogpeppe/go-internal/testscript"

	"evry.nl/tfa/cmd/internal/clock"
	"evry.nl/tfa/core"
	"evry.nl/tfa/core/otp"
)

// agekey NAME makes a key pair of age: NAME.key is the private one, NAME.pub and
// $NAME the public one.
func (s *stage) agekey(ts *testscript.TestScript, _ bool, args []string) {
	identity, err := age.GenerateX25519Identity()
	ts.Check(err)
	name := args[0]
	ts.Check(os.WriteFile(ts.MkAbs(name+".key"), []byte("# made by a test\n"+identity.String()+"\n"), 0o600))
	ts.Check(os.WriteFile(ts.MkAbs(name+".pub"), []byte("# the helpdesk\n"+identity.Recipient().String()+"\n"), 0o644))
	ts.Setenv(name, identity.Recipient().String())
}

// one PATTERN NAME gives the one file that fits a name of its own.
func one(ts *testscript.TestScript, _ bool, args []string) {
	files, err := filepath.Glob(ts.MkAbs(args[0]))
	ts.Check(err)
	if len(files) != 1 {
		ts.Fatalf("%d files fit %s: %q", len(files), args[0], files)
	}
	ts.Check(os.Rename(files[0], ts.MkAbs(args[1])))
}

// none PATTERN holds that no file fits.
func none(ts *testscript.TestScript, _ bool, args []string) {
	files, err := filepath.Glob(ts.MkAbs(args[0]))
	ts.Check(err)
	if len(files) != 0 {
		ts.Fatalf("there are %q", files)
	}
}

// flip FILE OFFSET changes a bit; a negative offset counts from the end.
func flip(ts *testscript.TestScript, _ bool, args []string) {
	data, err := os.ReadFile(ts.MkAbs(args[0]))
	ts.Check(err)
	offset, err := strconv.Atoi(args[1])
	ts.Check(err)
	data[(offset+len(data))%len(data)] ^= 1
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), data, 0o600))
}

// used ACCOUNT types the code of its last logon once more, and holds that it was
// used.
func (s *stage) used(ts *testscript.TestScript, _ bool, args []string) {
	actor, practice := s.actor(ts, args[0])
	direct, done := s.at(ts, practice)
	defer done()
	var account core.Account
	ts.Check(direct.Store.ChangeAccount(context.Background(), args[0], func(_ *core.Practice, a *core.Account) ([]core.Event, error) {
		account = *a
		return nil, nil
	}))
	// As at that logon, however long a story takes.
	direct.Now = func() time.Time { return account.LastLogon }
	code, err := otp.Code(account.Secret, otp.StepAt(account.LastLogon))
	ts.Check(err)
	verdict, err := core.Gate{Direct: direct}.Verify(context.Background(), actor, code)
	ts.Check(err)
	// After a restore all steps up to it are spent, some of which are yet to come
	// then: that reads as a clock which ran ahead.
	if verdict.Granted || verdict.Reason != core.Spent && verdict.Reason != core.ClockWrong {
		ts.Fatalf("the code of %s was not used: %s", args[0], verdict.Reason)
	}
}

// oldevents PRACTICE N DAYS writes events that lie days back.
func (s *stage) oldEvents(ts *testscript.TestScript, _ bool, args []string) {
	direct, done := s.at(ts, args[0])
	defer done()
	n, err := strconv.Atoi(args[1])
	ts.Check(err)
	days, err := strconv.Atoi(args[2])
	ts.Check(err)
	ts.Check(direct.Store.ChangePractice(context.Background(), func(*core.Practice) (events []core.Event, err error) {
		for range n {
			events = append(events, core.Event{At: direct.Now().AddDate(0, 0, -days), Kind: core.LogonOff, Actor: "long ago", Account: args[0] + "-1"})
		}
		return events, nil
	}))
}

// daysago NAME N sets a variable to the day that lies N days back.
func daysAgo(ts *testscript.TestScript, _ bool, args []string) {
	n, err := strconv.Atoi(args[1])
	ts.Check(err)
	ts.Setenv(args[0], core.DateOf(clock.Now(), time.UTC).AddDays(-n).ISO())
}

// killed N PROGRAM ARG… runs a program again and again and kills it at random
// moments, until N of them had not ended before. The moment decides what is
// tested, not whether the story passes.
func (s *stage) killed(ts *testscript.TestScript, _ bool, args []string) {
	n, err := strconv.Atoi(args[0])
	ts.Check(err)
	patience := 100 * time.Millisecond
	for killed := 0; killed < n; {
		cmd := exec.Command(filepath.Join(s.bin(), args[1]), args[2:]...)
		cmd.Dir, cmd.Env = ts.Getenv("WORK"), append(os.Environ(), "TZ=UTC")
		ts.Check(cmd.Start())
		kill := time.AfterFunc(rand.N(patience), func() { cmd.Process.Kill() })
		err := cmd.Wait()
		kill.Stop()
		var exit *exec.ExitError
		switch {
		case err == nil, errors.As(err, &exit) && exit.ExitCode() == exitRefused:
			// It was done before, or a backup of this second was: less time for the next.
			patience = max(patience*4/5, time.Millisecond)
		case errors.As(err, &exit) && exit.ExitCode() < 0:
			killed++
			patience = patience * 5 / 4
		default:
			ts.Fatalf("it ended by itself: %v", err)
		}
	}
}

// restorable DIR KEY holds that there are backups in a folder, and that each of
// them can be restored.
func restorable(ts *testscript.TestScript, _ bool, args []string) {
	files, err := filepath.Glob(filepath.Join(ts.MkAbs(args[0]), "*.tfa-backup"))
	ts.Check(err)
	if len(files) == 0 {
		ts.Fatalf("there are no backups")
	}
	for _, file := range files {
		ts.Check(ts.Exec(program, "--config", "tfa.toml", "restore", file, "--identity", args[1], "--dry-run"))
	}
}
