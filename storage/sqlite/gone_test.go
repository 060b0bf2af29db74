package sqlite

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"evry.nl/tfa/core"
	"evry.nl/tfa/storage/seal"
)

// operations are all that a store can be asked, by name.
func operations(t *testing.T, s *Store) map[string]error {
	t.Helper()
	_, versionErr := s.Version(t.Context())
	_, _, viewErr := s.View(t.Context())
	_, eventsErr := s.Events(t.Context(), core.Query{})
	_, verifyErr := s.VerifyLog(t.Context())
	return map[string]error{
		"Version": versionErr, "View": viewErr, "Events": eventsErr, "VerifyLog": verifyErr,
		"ChangeAccount": tryAdd(t.Context(), s, practice+"-9"),
		"ChangePractice": s.ChangePractice(t.Context(), func(*core.Practice) ([]core.Event, error) {
			return []core.Event{{Kind: core.ClockSet}}, nil
		}),
	}
}

func wantGone(t *testing.T, s *Store) {
	t.Helper()
	for name, err := range operations(t, s) {
		wantSentence(t, err, "store.gone")
		if core.CodeOf(err) != core.Missing {
			t.Errorf("%s: the code is %q", name, core.CodeOf(err))
		}
	}
	if _, err := os.Stat(s.path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a store was made in place of the one that has gone: %v", err)
	}
}

func wantWorking(t *testing.T, s *Store) {
	t.Helper()
	for name, err := range operations(t, s) {
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func move(t *testing.T, from, to string) {
	t.Helper()
	if err := os.Rename(from, to); err != nil {
		t.Fatal(err)
	}
}

func TestAStoreThatComesBackWorksAgain(t *testing.T) {
	s := newStore(t)
	add(t, s, practice+"-1")
	move(t, s.path, s.path+".away")
	wantGone(t, s)
	move(t, s.path+".away", s.path)
	wantWorking(t, s)
}

func TestAFolderThatComesBackWorksAgain(t *testing.T) {
	s := mustOpen(t, filepath.Join(folderIn(t), "tfa.db"), seal.NewKey())
	add(t, s, practice+"-1")
	dir := filepath.Dir(s.path)
	move(t, dir, dir+".away")
	wantGone(t, s)
	move(t, dir+".away", dir)
	wantWorking(t, s)
}

// folderIn returns a folder of the practice that can be moved.
func folderIn(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(folder(t), practice)
	if err := errors.Join(os.Mkdir(dir, 0o700), os.Chmod(dir, 0o770|os.ModeSetgid)); err != nil {
		t.Fatal(err)
	}
	return dir
}

// The restored store is another file. The one that was open must not touch it
// when it is let go: neither its -wal nor what was written since.
func TestARestoredStoreIsOpenedInstead(t *testing.T) {
	key := seal.NewKey()
	s := mustOpen(t, filepath.Join(folder(t), "tfa.db"), key)
	add(t, s, practice+"-1")
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	backup := contents(t, s.path)
	s = mustOpen(t, s.path, key)
	add(t, s, practice+"-2") // in no backup
	before, err := s.Version(t.Context())
	if err != nil {
		t.Fatal(err)
	}

	if err := remove(s.path, s.path+walSuffix, s.path+indexSuffix); err != nil {
		t.Fatal(err)
	}
	wantGone(t, s)
	putStore(t, s.path, backup)
	other := mustOpen(t, s.path, key) // has the new -wal open, and writes to it
	add(t, other, practice+"-3")
	_, accounts, err := s.View(t.Context())
	if err != nil || len(accounts) != 2 || accounts[0].Name != practice+"-1" || accounts[1].Name != practice+"-3" {
		t.Fatalf("after restoring it holds %+v: %v", accounts, err)
	}
	if after, err := s.Version(t.Context()); err != nil || after == before {
		t.Errorf("the version is still %s: %v", after, err)
	}
	add(t, s, practice+"-4")
	add(t, other, practice+"-5")
	for _, store := range []*Store{s, other} {
		if n, err := store.VerifyLog(t.Context()); n != 4 || err != nil {
			t.Errorf("%d events verify: %v", n, err)
		}
	}
}

// Who restores a store holds its lock. A writer that waited meanwhile writes to
// the restored one, and nothing that it was told is stored gets lost.
func TestAWriterThatWaitedForARestoreWritesToTheRestoredStore(t *testing.T) {
	key := seal.NewKey()
	s := mustOpen(t, filepath.Join(folder(t), "tfa.db"), key)
	add(t, s, practice+"-1")
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	backup := contents(t, s.path)
	for round := range 20 {
		s := mustOpen(t, s.path, key)
		unlock, err := lock(t.Context(), s.path)
		if err != nil {
			t.Fatal(err)
		}
		stored := make(chan error, 1)
		go func() { stored <- tryAdd(t.Context(), s, practice+"-2") }()
		restored := s.path + ".restored"
		putStore(t, restored, backup)
		for s.open.db.Stats().InUse == 0 { // it waits for the lock once it has the connection
			runtime.Gosched()
		}
		if err := remove(s.path+walSuffix, s.path+indexSuffix); err != nil {
			t.Fatal(err)
		}
		move(t, restored, s.path)
		unlock()
		if err := <-stored; err != nil {
			t.Fatal(err)
		}
		if n, err := s.VerifyLog(t.Context()); n != 2 || err != nil {
			t.Errorf("round %d: %d events verify: %v", round, n, err)
		}
	}
}

// What comes back in the place is checked like any store.
func TestAWrongStoreInItsPlaceIsRefused(t *testing.T) {
	s := newStore(t)
	other := newStore(t)
	if err := other.Close(); err != nil {
		t.Fatal(err)
	}
	away := s.path + ".away"
	move(t, s.path, away)
	move(t, other.path, s.path)
	for _, err := range operations(t, s) {
		wantSentence(t, err, "key.wrong")
	}
	move(t, s.path, other.path)
	move(t, away, s.path)
	wantWorking(t, s)
}

// Nobody switches two-factor off by deleting the file.
func TestAStoreThatWasTakenFromUnderItsLogIsNotMadeAnew(t *testing.T) {
	key := seal.NewKey()
	s := mustOpen(t, filepath.Join(folder(t), "tfa.db"), key)
	add(t, s, practice+"-1")
	if err := remove(s.path); err != nil {
		t.Fatal(err)
	}
	_, err := Open(t.Context(), s.path, practice, key)
	wantSentence(t, err, "store.gone")
	wantGone(t, s)
}

func TestOpenExistingMakesNothing(t *testing.T) {
	path := filepath.Join(folder(t), "tfa.db")
	_, err := OpenExisting(t.Context(), path, practice, seal.NewKey())
	wantSentence(t, err, "store.gone")
	if files, err := os.ReadDir(filepath.Dir(path)); err != nil || len(files) != 0 {
		t.Errorf("it left %v, %v", files, err)
	}
}

// A process that dies while it makes a store leaves nothing that hinders.
func TestAStoreThatWasLeftHalfMadeIsMadeAnew(t *testing.T) {
	path := filepath.Join(folder(t), "tfa.db")
	for _, suffix := range []string{newSuffix, newSuffix + walSuffix, newSuffix + indexSuffix} {
		if err := os.WriteFile(path+suffix, []byte("half"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s := mustOpen(t, path, seal.NewKey())
	wantWorking(t, s)
	files, err := filepath.Glob(path + "*")
	if err != nil || len(files) != 4 {
		t.Errorf("the folder holds %v, %v", files, err)
	}
}

func TestALostLockFileIsMadeAgain(t *testing.T) {
	s := newStore(t)
	if err := remove(s.path + lockSuffix); err != nil {
		t.Fatal(err)
	}
	wantWorking(t, s)
}
