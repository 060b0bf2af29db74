package sqlite

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"evry.nl/tfa/core"
	"evry.nl/tfa/storage/seal"
)

const practice = "EV-0000"

// testNow is a moment with patients waiting.
var testNow = time.Date(2019, time.May, 15, 8, 28, 0, 0, time.UTC)

// folder returns an empty folder as tfa-admin init makes one.
func folder(t testing.TB) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o770|os.ModeSetgid); err != nil {
		t.Fatal(err)
	}
	return dir
}

func mustOpen(t testing.TB, path string, key seal.Key) *Store {
	t.Helper()
	s, err := Open(t.Context(), path, practice, key)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// newStore returns an empty store.
func newStore(t testing.TB) *Store {
	t.Helper()
	return mustOpen(t, filepath.Join(folder(t), "tfa.db"), seal.NewKey())
}

// add stores an event about an account.
func add(t testing.TB, s core.Store, account string) {
	t.Helper()
	if err := tryAdd(t.Context(), s, account); err != nil {
		t.Fatal(err)
	}
}

func tryAdd(ctx context.Context, s core.Store, account string) error {
	return s.ChangeAccount(ctx, account, func(*core.Practice, *core.Account) ([]core.Event, error) {
		return []core.Event{{At: time.Unix(1_700_000_000, 0), Kind: core.AccountAdded, Account: account}}, nil
	})
}

// wantSentence holds that err tells the person the given sentence.
func wantSentence(t *testing.T, err error, sentence string) {
	t.Helper()
	var told *core.Error
	if !errors.As(err, &told) || told.Sentence != sentence {
		t.Errorf("got %v, want the sentence %s", err, sentence)
	}
}

// tamper runs SQL on the file of a store, as somebody who may write it could,
// after getting rid of the triggers that guard the log.
func tamper(t testing.TB, path string, statements ...string) {
	t.Helper()
	db, err := database(path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, statement := range append([]string{
		"DROP TRIGGER IF EXISTS event_is_not_changed",
		"DROP TRIGGER IF EXISTS event_is_not_deleted",
		"DROP TRIGGER IF EXISTS event_follows_the_last",
	}, statements...) {
		if _, err := db.Exec(statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
}

// contents returns all bytes of a file. Only for stores that this process has
// not open: closing a second descriptor drops SQLite's locks.
func contents(t testing.TB, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// putStore puts a store of these bytes at a path.
func putStore(t testing.TB, path, bytes string) {
	t.Helper()
	err := os.WriteFile(path, []byte(bytes), sharedMode)
	if err := errors.Join(err, os.Chmod(path, sharedMode)); err != nil { // the umask takes bits
		t.Fatal(err)
	}
}

// What is told was kept, with its number; what was not kept is not told.
func TestEachEventIsToldOnceItIsKept(t *testing.T) {
	var told []core.Event
	s := newStore(t)
	s.Told = func(e core.Event) { told = append(told, e) }
	add(t, s, practice+"-1")
	add(t, s, practice+"-2")
	errAct := errors.New("the act errs")
	err := s.ChangePractice(t.Context(), func(*core.Practice) ([]core.Event, error) {
		return []core.Event{{At: testNow, Kind: core.SwitchedOn}}, errAct
	})
	if !errors.Is(err, errAct) {
		t.Error(err)
	}
	if len(told) != 2 || told[0].Seq != 1 || told[0].Account != practice+"-1" || told[1].Seq != 2 {
		t.Errorf("told was %+v", told)
	}
}
