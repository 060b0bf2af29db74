//go:build linux

package sqlite

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"evry.nl/tfa/core"
	"evry.nl/tfa/storage/seal"
)

// Killed after it gave the old store its second name, a restore leaves two names
// for one store. The next restore takes the second away.
func TestARestoreThatWasInterruptedHarmsNothing(t *testing.T) {
	told := newSpec(t)
	s := openKeyed(t, told)
	enrolled(t, s, practice+"-1", testNow)
	must(t, backUp(t.Context(), s, told))
	killed := replacedAt(told.Path, upkeepNow)
	must(t, os.Link(told.Path, killed))
	must(t, os.WriteFile(told.Path+restoredSuffix, []byte("half"), 0o600))
	enrolled(t, s, practice+"-2", testNow)
	kept, err := restoreFile(t.Context(), told, upkeepNow.Add(time.Minute))
	must(t, err)
	if _, err := os.Stat(killed); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the second name is still there: %v", err)
	}
	copied := filepath.Join(folder(t), "tfa.db")
	putStore(t, copied, contents(t, kept))
	old, err := OpenExisting(t.Context(), copied, practice, seal.KeyFile(told.Key))
	must(t, err)
	defer old.Close()
	if len(secretsOf(t, old)) != 2 {
		t.Error("what was written ahead is not in the store that was replaced")
	}
	if len(secretsOf(t, s)) != 1 {
		t.Error("the backup was not restored")
	}
}

// What another program could read tomorrow is not replaced today.
func TestAStoreThatCanBeMendedIsNotReplaced(t *testing.T) {
	for name, test := range map[string]struct {
		spoil    func(*testing.T, spec)
		sentence string
	}{
		"a_newer_schema":   {func(t *testing.T, told spec) { headerField(t, told.Path, atUserVersion, 99) }, "store.newer"},
		"others_read_it":   {func(t *testing.T, told spec) { must(t, os.Chmod(told.Path, 0o664)) }, "store.mode"},
		"an_open_key":      {func(t *testing.T, told spec) { must(t, os.Chmod(told.Key, 0o644)) }, "key.mode"},
		"a_missing_folder": {func(t *testing.T, told spec) { must(t, os.RemoveAll(filepath.Dir(told.Path))) }, "store.no_folder"},
		"a_shared_folder":  {func(t *testing.T, told spec) { must(t, os.Chmod(filepath.Dir(told.Path), 0o777)) }, "store.mode"},
	} {
		t.Run(name, func(t *testing.T) {
			told := newSpec(t)
			s := openKeyed(t, told)
			must(t, backUp(t.Context(), s, told))
			must(t, s.Close())
			backup := contents(t, backupFile(told))
			test.spoil(t, told)
			before, _ := os.ReadFile(told.Path)
			_, err := restore(t.Context(), strings.NewReader(backup), told, upkeepNow)
			wantSentence(t, err, test.sentence)
			if after, _ := os.ReadFile(told.Path); string(after) != string(before) {
				t.Error("the store was changed")
			}
		})
	}
}

// How much is lost is told, whatever happened to the store since.
func TestARestoreKnowsWhatItReplaces(t *testing.T) {
	old := func(t *testing.T, s *Store) {
		t.Helper()
		must(t, s.ChangePractice(t.Context(), func(*core.Practice) ([]core.Event, error) {
			return []core.Event{{At: time.Unix(1_600_000_000, 0), Kind: core.AccountAdded}}, nil
		}))
	}
	for name, test := range map[string]struct {
		since func(*testing.T, *Store, spec)
		want  Replaced
	}{
		"nothing":      {func(*testing.T, *Store, spec) {}, Replaced{Found: true, Readable: true, SameLog: true}},
		"two_events":   {func(t *testing.T, s *Store, _ spec) { old(t, s); old(t, s) }, Replaced{Found: true, Readable: true, SameLog: true, Lost: 2}},
		"a_new_key":    {func(t *testing.T, s *Store, _ spec) { must(t, desk(s, upkeepNow).RotateKey(t.Context(), kees)) }, Replaced{Found: true, Readable: true, SameLog: true, Lost: 1}},
		"a_pruned_log": {func(t *testing.T, s *Store, _ spec) { old(t, s); prune(t, s, 0); prune(t, s, 1<<33) }, Replaced{Found: true, Readable: true, SameLog: true, Lost: 3}},
		"a_restore": {func(t *testing.T, s *Store, told spec) {
			_, err := restoreFile(t.Context(), told, upkeepNow)
			must(t, err)
			old(t, s)
		}, Replaced{Found: true, Readable: true, SameLog: true, Lost: 2}},
		"made_anew":      {func(t *testing.T, _ *Store, told spec) { must(t, madeAnew(t, told)); old(t, openKeyed(t, told)) }, Replaced{Found: true, Readable: true, Lost: 1}},
		"another's":      {func(t *testing.T, _ *Store, told spec) { must(t, putOther(t, told)) }, Replaced{Found: true}},
		"no_store":       {func(t *testing.T, _ *Store, told spec) { must(t, remove(told.Path, told.Path+walSuffix)) }, Replaced{}},
		"a_missing_key":  {func(t *testing.T, _ *Store, told spec) { must(t, os.Remove(told.Key)) }, Replaced{Found: true}},
		"a_broken_store": {func(t *testing.T, _ *Store, told spec) { overwrite(t, told.Path, 0, make([]byte, 100)) }, Replaced{Found: true}},
	} {
		t.Run(name, func(t *testing.T) {
			told := newSpec(t)
			s := openKeyed(t, told)
			old(t, s)
			must(t, backUp(t.Context(), s, told))
			file, err := os.Open(backupFile(told))
			must(t, err)
			defer file.Close()
			test.since(t, s, told)
			must(t, s.Close())
			u, err := Unpack(t.Context(), file, func(Manifest) (string, error) { return told.Path, nil }, false)
			must(t, err)
			defer u.Close()
			got, err := u.Look(t.Context(), seal.KeyFile(told.Key))
			must(t, err)
			if got.Readable == (got.Err != nil) && got.Found {
				t.Errorf("it can be read: %v, and %v", got.Readable, got.Err)
			}
			got.Practice, got.Accounts, got.Err = core.Practice{}, nil, nil
			if !reflect.DeepEqual(got, test.want) {
				t.Errorf("got %+v, want %+v", got, test.want)
			}
		})
	}
}
