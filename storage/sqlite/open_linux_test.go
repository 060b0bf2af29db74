package sqlite

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"evry.nl/tfa/core"
	"evry.nl/tfa/storage/seal"
)

// group is the group of the practice in these tests; its members are users of
// their own. Numbers are enough for the kernel.
const (
	group    = 20_000
	member1  = 20_001
	member2  = 20_002
	stranger = 20_003
)

// shared returns a folder as tfa-admin init makes one: root's, mode 2770, of
// the practice's group, with a key that the group may read.
func shared(t *testing.T) spec {
	t.Helper()
	told := newSpec(t)
	dir := filepath.Dir(told.Path)
	for _, err := range []error{
		os.Chmod(filepath.Dir(dir), 0o755), // testing made it for one user alone
		os.Chown(dir, 0, group), os.Chown(told.Key, 0, group),
		os.Chmod(dir, 0o770|os.ModeSetgid),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	return told
}

// openAs opens the store as a user of a group.
func openAs(t *testing.T, told spec, uid, gid, umask int) outcome {
	t.Helper()
	told.UID, told.GID, told.Umask = uid, gid, umask
	c := start(t, "open", told)
	var reply outcome
	if err := c.ask("go", &reply); err != nil {
		t.Fatal(err)
	}
	c.stop(t)
	return reply
}

func TestColleaguesShareAStoreWhateverTheirUmask(t *testing.T) {
	told := shared(t)
	for _, user := range []struct{ uid, umask int }{{member1, 0o077}, {member2, 0o777}, {member1, 0}, {0, 0o077}, {member2, 0o077}} {
		gid := group
		if user.uid == 0 {
			gid = 0
		}
		if got := openAs(t, told, user.uid, gid, user.umask); got.Sentence != "" {
			t.Fatalf("user %d with umask %o: %s", user.uid, user.umask, got.Err)
		}
	}
}

// The first process is killed, so that its -wal and -shm stay for the second.
func TestAColleagueGoesOnWhereAnotherWasKilled(t *testing.T) {
	told := shared(t)
	told.UID, told.GID, told.Umask = member1, group, 0o077
	c := start(t, "gate", told)
	if err := c.ask(attempt{Account: practice + "-1", Code: "123456"}, &outcome{}); err != nil {
		t.Fatal(err)
	}
	for _, suffix := range []string{"", walSuffix, indexSuffix, lockSuffix} {
		info, err := os.Stat(told.Path + suffix)
		if err != nil || info.Mode() != sharedMode || owners(info).Gid != group {
			t.Errorf("%s: %v, group %d, %v", told.Path+suffix, info.Mode(), owners(info).Gid, err)
		}
	}
	c.kill()
	if got := openAs(t, told, member2, group, 0o077); got.Sentence != "" {
		t.Error(got.Err)
	}
}

func TestUsersWithoutTheRightsAreTold(t *testing.T) {
	for name, test := range map[string]struct {
		spoil    func(spec) error
		uid, gid int
		sentence string
	}{
		"a_stranger_to_the_folder": {func(spec) error { return nil }, stranger, stranger, "key.unreadable"},
		"a_file_of_mode_0440":      {func(s spec) error { return os.Chmod(s.Path, 0o440) }, member1, group, "store.readonly"},
		"a_folder_of_mode_2750":    {func(s spec) error { return os.Chmod(filepath.Dir(s.Path), 0o750|os.ModeSetgid) }, member1, group, "store.readonly"},
		"a_file_of_mode_0600":      {func(s spec) error { return os.Chmod(s.Path, 0o600) }, member1, group, "store.denied"},
		"a_folder_without_setgid":  {func(s spec) error { return os.Chmod(filepath.Dir(s.Path), 0o770) }, 0, 0, "store.setgid"},
		"a_folder_of_a_member":     {func(s spec) error { return os.Chown(filepath.Dir(s.Path), member2, group) }, member1, group, "store.owner"},
	} {
		t.Run(name, func(t *testing.T) {
			told := shared(t)
			if got := openAs(t, told, 0, 0, 0o022); got.Sentence != "" {
				t.Fatal(got.Err)
			}
			if err := test.spoil(told); err != nil {
				t.Fatal(err)
			}
			before := contents(t, told.Path)
			if got := openAs(t, told, test.uid, test.gid, 0o022); got.Sentence != test.sentence {
				t.Errorf("got %s (%s), want %s", got.Sentence, got.Err, test.sentence)
			}
			if contents(t, told.Path) != before {
				t.Error("the store was changed")
			}
		})
	}
}

func TestSixtyFourProcessesMakeOneStore(t *testing.T) {
	told := newSpec(t)
	openTogether(t, told)
	s := mustOpen(t, told.Path, keyOf(t, told))
	if n, err := s.VerifyLog(t.Context()); n != 64 || err != nil {
		t.Errorf("%d of 64 events are in the log: %v", n, err)
	}
}

// laterMigration fails when it runs twice.
const laterMigration = "CREATE TABLE later (n INTEGER PRIMARY KEY) STRICT; INSERT INTO later VALUES (1);"

func TestSixtyFourProcessesMigrateOnce(t *testing.T) {
	told := newSpec(t)
	if err := mustOpen(t, told.Path, keyOf(t, told)).Close(); err != nil {
		t.Fatal(err)
	}
	told.Older = true
	openTogether(t, told)
	told.Older = false
	_, err := openTold(told)
	wantSentence(t, err, "store.newer")
	told.Older = true
	s, err := openTold(told)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if n, err := s.VerifyLog(t.Context()); n != 64 || err != nil {
		t.Errorf("%d of 64 events are in the log: %v", n, err)
	}
}

// openTogether has 64 processes open a store at the same moment.
func openTogether(t *testing.T, told spec) {
	t.Helper()
	var children []*child
	for range 64 {
		children = append(children, start(t, "open", told))
	}
	for _, c := range children {
		if err := c.in.Encode("go"); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range children {
		var reply outcome
		if err := c.out.Decode(&reply); err != nil || reply.Sentence != "" {
			t.Errorf("a process got %s, %v", reply.Err, err)
		}
		c.stop(t)
	}
}

// onOwnDisk plays a role in a mount namespace of its own, where the store's
// folder is a small disk.
func onOwnDisk(t *testing.T, role string) {
	t.Helper()
	c := start(t, role, newSpec(t), func(cmd *exec.Cmd) {
		cmd.SysProcAttr = &syscall.SysProcAttr{Unshareflags: syscall.CLONE_NEWNS}
	})
	var problems []string
	if err := c.out.Decode(&problems); err != nil {
		t.Fatal(err)
	}
	for _, problem := range problems {
		t.Error(problem)
	}
}

func TestAFullDiskChangesNothing(t *testing.T) { onOwnDisk(t, "full disk") }

func TestAReadOnlyDiskIsTold(t *testing.T) { onOwnDisk(t, "read-only disk") }

// disk is a small disk with a store on it, and what went wrong so far.
type disk struct {
	told     spec
	key      seal.Key
	problems []string
}

// newDisk mounts a disk over the store's folder, for this process alone.
func newDisk(told spec) (*disk, error) {
	key, err := seal.LoadKeyFile(told.Key)
	if err != nil {
		return nil, err
	}
	dir := filepath.Dir(told.Path)
	return &disk{told: told, key: key}, errors.Join(
		syscall.Mount("none", "/", "", syscall.MS_REC|syscall.MS_PRIVATE, ""),
		syscall.Mount("tfa", dir, "tmpfs", 0, "size=1m,mode=2770"))
}

// expect notes a problem unless err tells the sentence, "" for none.
func (d *disk) expect(what string, err error, sentence string) {
	if got := failed(err); got.Sentence != sentence {
		d.problems = append(d.problems, fmt.Sprintf("%s: got %v, want %q", what, err, sentence))
	}
}

// fillUp writes a file until nothing fits any more.
func (d *disk) fillUp() error {
	ballast, err := os.Create(d.ballast())
	if err != nil {
		return err
	}
	defer ballast.Close()
	for {
		if _, err := ballast.Write(make([]byte, 512)); errors.Is(err, syscall.ENOSPC) {
			return nil
		} else if err != nil {
			return err
		}
	}
}

func (d *disk) ballast() string { return filepath.Join(filepath.Dir(d.told.Path), "ballast") }

func (d *disk) free() error { return os.Remove(d.ballast()) }

func playFullDisk(told spec, _ *json.Decoder, out *json.Encoder) error {
	d, err := newDisk(told)
	if err != nil {
		return err
	}
	ctx := context.Background()
	_, err = Open(ctx, filepath.Join(told.Path, "x", "tfa.db"), practice, d.key)
	d.expect("opening in no folder", err, "store.no_folder")

	d.expect("filling up", d.fillUp(), "")
	_, err = Open(ctx, told.Path, practice, d.key)
	d.expect("making a store", err, "store.full")
	d.expect("freeing space", d.free(), "")
	store, err := Open(ctx, told.Path, practice, d.key)
	if err != nil {
		return err
	}

	stored := int64(0)
	d.expect("filling up", d.fillUp(), "")
	for err = nil; err == nil; {
		if err = tryAdd(ctx, store, practice+"-1"); err == nil {
			stored++
		}
	}
	d.expect("changing", err, "store.full")
	d.expect("changing again", tryAdd(ctx, store, practice+"-2"), "store.full")
	d.verify(store, stored)
	d.expect("freeing space", d.free(), "")
	d.expect("changing with space", tryAdd(ctx, store, practice+"-2"), "")
	d.verify(store, stored+1)
	d.expect("closing", store.Close(), "")

	before, _ := os.ReadFile(told.Path)
	d.expect("filling up", d.fillUp(), "")
	_, err = Open(ctx, told.Path, practice, d.key)
	d.expect("opening", err, "store.full")
	if after, _ := os.ReadFile(told.Path); string(after) != string(before) {
		d.problems = append(d.problems, "opening on a full disk changed the store")
	}
	d.expect("freeing space", d.free(), "")
	if store, err = Open(ctx, told.Path, practice, d.key); err != nil {
		return err
	}
	d.verify(store, stored+1)
	d.expect("closing", store.Close(), "")
	return out.Encode(d.problems)
}

// verify notes a problem unless the log holds this many events and reads well.
func (d *disk) verify(store core.Store, want int64) {
	n, err := store.VerifyLog(context.Background())
	if n != want || err != nil {
		d.problems = append(d.problems, fmt.Sprintf("%d of %d events verify: %v", n, want, err))
	}
	page, err := store.Events(context.Background(), core.Query{Limit: 1})
	if int64(page.Total) != want || err != nil {
		d.problems = append(d.problems, fmt.Sprintf("%d of %d events are there: %v", page.Total, want, err))
	}
}

func playReadOnlyDisk(told spec, _ *json.Decoder, out *json.Encoder) error {
	d, err := newDisk(told)
	if err != nil {
		return err
	}
	remount := func(flags uintptr) error {
		return syscall.Mount("tfa", filepath.Dir(told.Path), "tmpfs", syscall.MS_REMOUNT|flags, "")
	}
	d.expect("remounting", remount(syscall.MS_RDONLY), "")
	_, err = Open(context.Background(), told.Path, practice, d.key)
	d.expect("making a store", err, "store.readonly")
	d.expect("remounting", remount(0), "")
	store, err := Open(context.Background(), told.Path, practice, d.key)
	if err != nil {
		return err
	}
	d.expect("changing", tryAdd(context.Background(), store, practice+"-1"), "")
	d.expect("closing", store.Close(), "")
	before, _ := os.ReadFile(told.Path)
	d.expect("remounting", remount(syscall.MS_RDONLY), "")
	_, err = Open(context.Background(), told.Path, practice, d.key)
	d.expect("opening", err, "store.readonly")
	if after, _ := os.ReadFile(told.Path); string(after) != string(before) {
		d.problems = append(d.problems, "the store was changed")
	}
	return out.Encode(d.problems)
}

// The tool asks for the version every second, on every desktop.
func TestAskingForTheVersionReadsNoDisk(t *testing.T) {
	s := newStore(t)
	addMany(t, s, 1000)
	ask := func() {
		if _, err := s.Version(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	ask() // the pages are in memory from here on
	before := bytesRead(t)
	for range 1000 {
		ask()
	}
	if read := bytesRead(t) - before; read > 4096 { // reading the counter counts too
		t.Errorf("asking 1000 times read %d bytes", read)
	}
}

// bytesRead returns how many bytes this process has asked the kernel for.
func bytesRead(t *testing.T) (n int64) {
	t.Helper()
	if _, err := fmt.Sscanf(contents(t, "/proc/self/io"), "rchar: %d", &n); err != nil {
		t.Fatal(err)
	}
	return n
}
