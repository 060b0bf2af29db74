package main

import (
	"context"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"

	"evry.nl/tfa/cmd/internal/clock"
	"evry.nl/tfa/cmd/internal/config"
	"evry.nl/tfa/cmd/internal/stores"
	"evry.nl/tfa/core"
	"evry.nl/tfa/core/otp"
)

// stage is what the stories share.
type stage struct {
	secrets
	root string
	// practice begins the names of practices whose accounts the host really has.
	practice string
}

func (s *stage) bin() string { return filepath.Join(s.root, "bin") }

// setup prepares the folder of a story: its configuration names its own stores.
func (s *stage) setup(env *testscript.Env) error {
	env.Setenv("TZ", "UTC")
	env.Setenv("EVT", s.practice)
	packaging, err := filepath.Abs("../../assets/packaging")
	if err != nil {
		return err
	}
	env.Setenv("PACKAGING", packaging)
	file := filepath.Join(env.WorkDir, "tfa.toml")
	if _, err := os.Stat(file); errors.Is(err, os.ErrNotExist) {
		if err := os.WriteFile(file, []byte("@STORES@"), 0o644); err != nil {
			return err
		}
	}
	files, err := filepath.Glob(filepath.Join(env.WorkDir, "*.toml"))
	if err != nil {
		return err
	}
	where := fmt.Sprintf("store = 'sqlite://%[1]s/lib/{practice}/tfa.db'\nkey_file = '%[1]s/lib/{practice}/tfa.key'\n", env.WorkDir)
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		filled := strings.NewReplacer("@STORES@", where, "@EVT@", s.practice).Replace(string(text))
		if err := errors.Join(os.WriteFile(file, []byte(filled), 0o644), os.Chmod(file, 0o644)); err != nil {
			return err
		}
	}
	return s.copyPrograms()
}

// copyPrograms puts the programs where other accounts can run them: testscript's
// own folder is root's alone.
func (s *stage) copyPrograms() error {
	if _, err := os.Stat(s.bin()); err == nil {
		return nil
	}
	if err := os.Mkdir(s.bin(), 0o755); err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	data, err := os.ReadFile(self)
	if err != nil {
		return err
	}
	first := filepath.Join(s.bin(), program)
	return errors.Join(os.WriteFile(first, data, 0o755), os.Chmod(first, 0o755), os.Link(first, filepath.Join(s.bin(), "gate")))
}

func (s *stage) commands() map[string]func(*testscript.TestScript, bool, []string) {
	return map[string]func(*testscript.TestScript, bool, []string){
		"status":   s.status,
		"accounts": s.accounts,
		"practice": s.makePractice,
		"logon":    s.logon,
		"wrong":    s.wrong,
		"tool":     s.tool,
		"helped":   s.helped,
		"without":  s.without,
		"fields":   fields,
		"once":     s.keepOnce,
		"sql":      runSQL,
		"narrow":   narrow,
		"owner":    owner,
		"agekey":   s.agekey, "one": one, "none": none, "flip": flip, "used": s.used, "oldevents": s.oldEvents, "daysago": daysAgo, "killed": s.killed, "restorable": restorable,
	}
}

// status N [as ACCOUNT] PROGRAM ARG… runs a program, as another account if asked
// for, and compares its exit status.
func (s *stage) status(ts *testscript.TestScript, _ bool, args []string) {
	want, command := args[0], args[1:]
	if command[0] == "as" {
		u, err := user.Lookup(command[1])
		ts.Check(err)
		if command = command[2:]; command[0] == program || command[0] == "gate" {
			command[0] = filepath.Join(s.bin(), command[0])
		}
		command = append([]string{"setpriv", "--reuid", u.Uid, "--regid", u.Gid, "--init-groups", "--"}, command...)
	}
	err := ts.Exec(command[0], command[1:]...)
	got := "0"
	if err != nil {
		var exit *exec.ExitError
		if !errors.As(err, &exit) {
			ts.Fatalf("%v", err)
		}
		got = strconv.Itoa(exit.ExitCode())
	}
	if got != want {
		ts.Fatalf("exit status %s, want %s\n%s", got, want, ts.ReadFile("stderr"))
	}
}

// accounts PRACTICE N… makes accounts of the operating system, and sees to it
// that they and the group of the practice go away.
func (s *stage) accounts(ts *testscript.TestScript, _ bool, args []string) {
	group := "tfa-" + args[0]
	ts.Defer(func() {
		if _, err := user.LookupGroup(group); err == nil {
			ts.Check(ts.Exec("groupdel", group))
		}
	})
	for _, number := range args[1:] {
		name := args[0] + "-" + number
		ts.Check(ts.Exec("useradd", "--no-create-home", "--shell", "/usr/sbin/nologin", name))
		// By force: another test's process may have the number of this account.
		ts.Defer(func() { ts.Check(ts.Exec("userdel", "--force", name)) })
	}
}

// at opens the store of a practice as the story configures it.
func (s *stage) at(ts *testscript.TestScript, practice string) (core.Direct, func()) {
	cfg, err := config.Load(ts.MkAbs("tfa.toml"))
	ts.Check(err)
	store, err := stores.Create(context.Background(), cfg, practice, "")
	ts.Check(err)
	return core.Direct{Store: store, Rules: cfg.Rules(), Now: clock.Now}, func() { ts.Check(store.Close()) }
}

// practice NAME N… makes a private practice with accounts.
func (s *stage) makePractice(ts *testscript.TestScript, _ bool, args []string) {
	direct, done := s.at(ts, args[0])
	defer done()
	for _, number := range args[1:] {
		_, err := core.Helpdesk{Direct: direct}.AddAccount(context.Background(), core.Actor{Account: "setup", Helpdesk: true}, args[0]+"-"+number)
		ts.Check(err)
	}
}

// actor returns an account at its own terminal server.
func (s *stage) actor(ts *testscript.TestScript, account string) (core.Actor, string) {
	practice, err := core.DefaultRules().PracticeOf(account)
	ts.Check(err)
	return core.Actor{Account: account, Server: "ts01", Session: ":40.0", Client: "192.0.2.7"}, practice
}

// logon ACCOUNT scans the QR code at the logon screen and types a code.
func (s *stage) logon(ts *testscript.TestScript, _ bool, args []string) {
	actor, practice := s.actor(ts, args[0])
	direct, done := s.at(ts, practice)
	defer done()
	gate := core.Gate{Direct: direct}
	prompt, err := gate.Prompt(context.Background(), actor)
	ts.Check(err)
	code, err := otp.Code(prompt.Secret, otp.StepAt(clock.Now()))
	ts.Check(err)
	verdict, err := gate.Verify(context.Background(), actor, code)
	ts.Check(err)
	if !verdict.Granted {
		ts.Fatalf("the logon of %s was denied: %s", args[0], verdict.Reason)
	}
	raw := prompt.Secret.Bytes()
	s.add(prompt.Secret.Base32(), prompt.URI, string(raw), hex.EncodeToString(raw), code)
}

// tool ACTOR show|copy ACCOUNT looks at an account in the management tool.
func (s *stage) tool(ts *testscript.TestScript, _ bool, args []string) {
	actor, practice := s.actor(ts, args[0])
	direct, done := s.at(ts, practice)
	defer done()
	var err error
	if tool := (core.Tool{Direct: direct}); args[1] == "copy" {
		_, err = tool.Copy(context.Background(), actor, args[2], core.CopySecret)
	} else {
		_, err = tool.Show(context.Background(), actor, args[2])
	}
	ts.Check(err)
}

// without ACCOUNT sees the QR code at the logon screen and logs on without a code.
func (s *stage) without(ts *testscript.TestScript, _ bool, args []string) {
	actor, practice := s.actor(ts, args[0])
	direct, done := s.at(ts, practice)
	defer done()
	gate := core.Gate{Direct: direct}
	_, err := gate.Prompt(context.Background(), actor)
	ts.Check(err)
	verdict, err := gate.Skip(context.Background(), actor)
	ts.Check(err)
	if !verdict.Granted {
		ts.Fatalf("the logon of %s was denied: %s", args[0], verdict.Reason)
	}
}

// helped ACCOUNT logs on with the helper code that was made last.
func (s *stage) helped(ts *testscript.TestScript, _ bool, args []string) {
	actor, practice := s.actor(ts, args[0])
	direct, done := s.at(ts, practice)
	defer done()
	s.mu.Lock()
	code := s.once[len(s.once)-1]
	s.mu.Unlock()
	verdict, err := core.Gate{Direct: direct}.Verify(context.Background(), actor, code)
	ts.Check(err)
	if verdict.By != core.LogonHelper {
		ts.Fatalf("the helper code of %s opened nothing: %s", args[0], verdict.Reason)
	}
}

// wrong ACCOUNT N types N wrong codes.
func (s *stage) wrong(ts *testscript.TestScript, _ bool, args []string) {
	actor, practice := s.actor(ts, args[0])
	direct, done := s.at(ts, practice)
	defer done()
	n, err := strconv.Atoi(args[1])
	ts.Check(err)
	for range n { // no helper code waits, so these are wrong whatever they say
		_, err := core.Gate{Direct: direct}.Verify(context.Background(), actor, "00000000")
		ts.Check(err)
	}
}

// fields NAME… holds that the last output is one JSON document, an object or a
// list of at least one, with exactly these fields.
func fields(ts *testscript.TestScript, _ bool, args []string) {
	decoder := json.NewDecoder(strings.NewReader(ts.ReadFile("stdout")))
	var document any
	ts.Check(decoder.Decode(&document))
	if _, err := decoder.Token(); err != io.EOF {
		ts.Fatalf("more than one document: %v", err)
	}
	list, isList := document.([]any)
	if !isList {
		list = []any{document}
	}
	if len(list) == 0 {
		ts.Fatalf("an empty list")
	}
	slices.Sort(args)
	for _, element := range list {
		object, ok := element.(map[string]any)
		if got := slices.Sorted(maps.Keys(object)); !ok || !slices.Equal(got, args) {
			ts.Fatalf("the fields are %q, want %q", got, args)
		}
	}
}

// once keeps the helper code of the last output: it must never be seen again.
func (s *stage) keepOnce(ts *testscript.TestScript, _ bool, _ []string) {
	out := ts.ReadFile("stdout")
	code, _, _ := strings.Cut(out, "\n") // in two groups, for reading out
	var document helperDocument
	if err := json.Unmarshal([]byte(out), &document); err == nil {
		code = document.HelperCode
	} else {
		s.add(strings.ReplaceAll(code, " ", ""))
	}
	if !otp.IsDigits(otp.Typed(code), core.HelperDigits) {
		ts.Fatalf("no helper code was printed")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.once = append(s.once, code)
}

// sql PRACTICE STATEMENT… changes a store behind the program's back.
func runSQL(ts *testscript.TestScript, _ bool, args []string) {
	db, err := sql.Open("sqlite", ts.MkAbs(filepath.Join("lib", args[0], "tfa.db")))
	ts.Check(err)
	defer db.Close()
	for _, statement := range args[1:] {
		_, err := db.Exec(statement)
		ts.Check(err)
	}
}

// narrow holds that the last output fits a table's width.
func narrow(ts *testscript.TestScript, _ bool, _ []string) {
	for line := range strings.Lines(ts.ReadFile("stdout")) {
		if n := len([]rune(strings.TrimRight(line, "\n"))); n > widest {
			ts.Fatalf("a line takes %d columns: %s", n, line)
		}
	}
}

// owner ACCOUNT FILE… gives files to an account.
func owner(ts *testscript.TestScript, _ bool, args []string) {
	u, err := user.Lookup(args[0])
	ts.Check(err)
	uid, err := strconv.Atoi(u.Uid)
	ts.Check(err)
	for _, file := range args[1:] {
		ts.Check(os.Chown(ts.MkAbs(file), uid, -1))
	}
}
