//go:build linux

package sqlite

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"evry.nl/tfa/core"
	"evry.nl/tfa/storage/seal"
)

// roleVariable makes the test binary a child with one part to play.
const roleVariable = "TFA_TEST_ROLE"

// spec is what a child is told first.
type spec struct {
	Path, Key string
	UID, GID  int // 0 stays root
	Umask     int
	Name      string
	Seed      uint64
	Older     bool   // with one migration more than the program has
	Act       string // of upkeep
}

// roles are the parts that children play. They read what to do and write what
// came of it, one JSON value each.
var roles = map[string]func(spec, *json.Decoder, *json.Encoder) error{
	"open": playOpener, "gate": playGate, "acts": playActor, "hold": playHolder,
	"upkeep": playUpkeep, "logons": playLogons,
	"upkeep on a full disk": playUpkeepOnFullDisk, "upkeep on a read-only disk": playUpkeepOnReadOnlyDisk,
	"full disk": playFullDisk, "read-only disk": playReadOnlyDisk,
}

func TestMain(m *testing.M) {
	role := os.Getenv(roleVariable)
	if role == "" {
		os.Exit(m.Run())
	}
	in, out := json.NewDecoder(os.Stdin), json.NewEncoder(os.Stdout)
	if err := play(role, in, out); err != nil {
		fmt.Fprintln(os.Stderr, role+":", err)
		os.Exit(1)
	}
}

func play(role string, in *json.Decoder, out *json.Encoder) error {
	var told spec
	if err := in.Decode(&told); err != nil {
		return err
	}
	syscall.Umask(told.Umask)
	if told.UID != 0 {
		for _, err := range []error{syscall.Setgroups([]int{told.GID}), syscall.Setgid(told.GID), syscall.Setuid(told.UID)} {
			if err != nil {
				return err
			}
		}
	}
	err := roles[role](told, in, out)
	if errors.Is(err, io.EOF) { // the parent has no more to ask
		return nil
	}
	return err
}

// openTold opens the store that a child was told of.
func openTold(told spec) (*Store, error) {
	migrations, err := embedded()
	if err != nil {
		return nil, err
	}
	if told.Older {
		migrations = append(migrations, laterMigration)
	}
	return openWith(context.Background(), told.Path, practice, seal.KeyFile(told.Key), true, migrations)
}

// child is another process of this test binary.
type child struct {
	cmd *exec.Cmd
	in  *json.Encoder
	out *json.Decoder
	end io.Closer // ends the child's input
}

func start(t testing.TB, role string, told spec, ready ...func(*exec.Cmd)) *child {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Fatal("this test plays several users: run it as root")
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), roleVariable+"="+role)
	cmd.Stderr = os.Stderr
	for _, prepare := range ready {
		prepare(cmd)
	}
	in, inErr := cmd.StdinPipe()
	out, outErr := cmd.StdoutPipe()
	if err := errors.Join(inErr, outErr, cmd.Start()); err != nil {
		t.Fatal(err)
	}
	c := &child{cmd, json.NewEncoder(in), json.NewDecoder(out), in}
	t.Cleanup(func() { c.kill() })
	if err := c.in.Encode(told); err != nil {
		t.Fatal(err)
	}
	return c
}

// ask tells a child what to do and waits for what came of it.
func (c *child) ask(message, reply any) error {
	if err := c.in.Encode(message); err != nil {
		return err
	}
	return c.out.Decode(reply)
}

// stop lets a child end by itself.
func (c *child) stop(t testing.TB) {
	t.Helper()
	c.end.Close()
	if err := c.cmd.Wait(); err != nil {
		t.Errorf("the child ended with %v", err)
	}
}

// kill is kill -9: the child gets no chance to tidy up.
func (c *child) kill() {
	c.cmd.Process.Kill()
	c.cmd.Wait()
}

// newSpec returns a folder of the practice with a key, and no store yet.
func newSpec(t testing.TB) spec {
	t.Helper()
	dir := folder(t)
	told := spec{Path: filepath.Join(dir, "tfa.db"), Key: filepath.Join(dir, "tfa.key"), Umask: 0o022}
	if err := seal.CreateKeyFile(told.Key); err != nil {
		t.Fatal(err)
	}
	return told
}

func keyOf(t testing.TB, told spec) seal.Key {
	t.Helper()
	key, err := seal.LoadKeyFile(told.Key)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// outcome is what a child says of an act.
type outcome struct {
	Sentence string // of the error, if there was one
	Err      string
	Granted  bool
	Reason   core.Reason
	Events   []core.Kind
	Secret   []byte // raw, so that the parent can look for it on the disk
}

func failed(err error) outcome {
	if err == nil {
		return outcome{}
	}
	var told *core.Error
	if errors.As(err, &told) {
		return outcome{Sentence: told.Sentence, Err: err.Error()}
	}
	return outcome{Sentence: "none", Err: err.Error()}
}

// playOpener opens the store when it is told to, and writes one event.
func playOpener(told spec, in *json.Decoder, out *json.Encoder) error {
	var now string
	if err := in.Decode(&now); err != nil {
		return err
	}
	store, err := openTold(told)
	if err != nil {
		return out.Encode(failed(err))
	}
	err = errors.Join(tryAdd(context.Background(), store, practice+"-1"), store.Close())
	return out.Encode(failed(err))
}

// playHolder takes the lock of the store and keeps it until it is told to end.
func playHolder(told spec, in *json.Decoder, out *json.Encoder) error {
	unlock, err := lock(context.Background(), told.Path)
	if err != nil {
		return err
	}
	defer unlock()
	if err := out.Encode(outcome{}); err != nil {
		return err
	}
	return in.Decode(new(string))
}

// attempt is one logon that a gate is asked to decide on.
type attempt struct {
	Now           time.Time
	Account, Code string
}

// playGate answers attempts over a store that it keeps open.
func playGate(told spec, in *json.Decoder, out *json.Encoder) error {
	store, err := openTold(told)
	if err != nil {
		return err
	}
	defer store.Close()
	for {
		var a attempt
		if err := in.Decode(&a); err != nil {
			return err
		}
		rules := core.DefaultRules()
		rules.Lockout.Attempts = 0
		gate := core.Gate{Direct: core.Direct{Store: store, Rules: rules, Now: func() time.Time { return a.Now }}}
		verdict, err := gate.Verify(context.Background(), core.Actor{Account: a.Account, Server: told.Name}, a.Code)
		reply := failed(err)
		reply.Granted, reply.Reason = verdict.Granted, verdict.Reason
		if err := out.Encode(reply); err != nil {
			return err
		}
	}
}
