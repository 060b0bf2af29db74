//go:build linux

package sqlite

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"evry.nl/tfa/core"
	"evry.nl/tfa/storage/seal"
)

// overwrite puts bytes at an offset of a file.
func overwrite(t *testing.T, path string, offset int64, bytes []byte) {
	t.Helper()
	file, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if _, err := file.WriteAt(bytes, offset); err != nil {
		t.Fatal(err)
	}
}

// headerField is a 4-byte number in SQLite's file header.
func headerField(t *testing.T, path string, offset int64, value uint32) {
	t.Helper()
	overwrite(t, path, offset, binary.BigEndian.AppendUint32(nil, value))
}

// Offsets in the header, https://sqlite.org/fileformat.html section 1.3.
const (
	atUserVersion   = 60
	atApplicationID = 68
)

// refusal is something wrong with a store, and what the person is told.
type refusal struct {
	spoil    func(t *testing.T, path string)
	sentence string
}

func refusals() map[string]refusal {
	write := func(text string) func(*testing.T, string) {
		return func(t *testing.T, path string) {
			if err := os.WriteFile(path, []byte(text), sharedMode); err != nil {
				t.Fatal(err)
			}
		}
	}
	must := func(t *testing.T, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	return map[string]refusal{
		"a_newer_schema":     {func(t *testing.T, path string) { headerField(t, path, atUserVersion, 99) }, "store.newer"},
		"schema_0":           {func(t *testing.T, path string) { headerField(t, path, atUserVersion, 0) }, "store.corrupt"},
		"another_program's":  {func(t *testing.T, path string) { headerField(t, path, atApplicationID, 1) }, "store.foreign"},
		"no_database":        {write(strings.Repeat("no database at all. ", 1000)), "store.corrupt"},
		"a_few_bytes":        {write("x"), "store.corrupt"},
		"emptied":            {write(""), "store.corrupt"},
		"truncated":          {func(t *testing.T, path string) { must(t, os.Truncate(path, 8192)) }, "store.corrupt"},
		"truncated_within":   {func(t *testing.T, path string) { must(t, os.Truncate(path, 5000)) }, "store.corrupt"},
		"a_damaged_header":   {func(t *testing.T, path string) { overwrite(t, path, 16, []byte{0xff, 0xff, 0xff}) }, "store.corrupt"},
		"a_damaged_schema":   {func(t *testing.T, path string) { overwrite(t, path, 100, make([]byte, 4)) }, "store.corrupt"},
		"a_folder":           {func(t *testing.T, path string) { must(t, os.Remove(path)); must(t, os.Mkdir(path, 0o770)) }, "store.corrupt"},
		"no_practice":        {func(t *testing.T, path string) { tamper(t, path, "PRAGMA foreign_keys = OFF", "DELETE FROM practice") }, "store.corrupt"},
		"others_read_it":     {func(t *testing.T, path string) { must(t, os.Chmod(path, 0o664)) }, "store.mode"},
		"others_write_it":    {func(t *testing.T, path string) { must(t, os.Chmod(path, 0o662)) }, "store.mode"},
		"others_enter":       {func(t *testing.T, path string) { must(t, os.Chmod(filepath.Dir(path), 0o771|os.ModeSetgid)) }, "store.mode"},
		"a_stranger's_group": {func(t *testing.T, path string) { must(t, os.Chown(path, -1, 4711)) }, "store.owner"},
		"a_stranger's_folder": {func(t *testing.T, path string) {
			must(t, os.Chown(filepath.Dir(path), 4711, 0))
			must(t, os.Chmod(filepath.Dir(path), 0o770|os.ModeSetgid)) // chown took it
		}, "store.owner"},
		"a_folder_that_has_gone": {func(t *testing.T, path string) { must(t, os.RemoveAll(filepath.Dir(path))) }, "store.no_folder"},
	}
}

func TestWhatCanNotBeTrustedIsRefusedAndLeftAsItWas(t *testing.T) {
	for name, test := range refusals() {
		t.Run(name, func(t *testing.T) {
			told := newSpec(t)
			key := keyOf(t, told)
			s := mustOpen(t, told.Path, key)
			add(t, s, practice+"-1")
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			test.spoil(t, told.Path)
			before, _ := os.ReadFile(told.Path) // may be a folder, or gone
			_, err := Open(t.Context(), told.Path, practice, key)
			wantSentence(t, err, test.sentence)
			if after, _ := os.ReadFile(told.Path); string(after) != string(before) {
				t.Error("the store was changed")
			}
		})
	}
}

func TestTheWrongKeyAndTheWrongPracticeAreRefused(t *testing.T) {
	told := newSpec(t)
	key := keyOf(t, told)
	if err := mustOpen(t, told.Path, key).Close(); err != nil {
		t.Fatal(err)
	}
	before := contents(t, told.Path)
	for name, test := range map[string]struct {
		practice, sentence string
		key                seal.Key
	}{
		"a_wrong_key":      {practice, "key.wrong", seal.NewKey()},
		"no_key":           {practice, "key.wrong", seal.Key{}},
		"another_practice": {"EV-0001", "store.other_practice", key},
		"both":             {"EV-0001", "store.other_practice", seal.NewKey()},
	} {
		_, err := Open(t.Context(), told.Path, test.practice, test.key)
		t.Run(name, func(t *testing.T) { wantSentence(t, err, test.sentence) })
	}
	if contents(t, told.Path) != before {
		t.Error("the store was changed")
	}
}

// Renaming the practice in the file does not make its key fit.
func TestAStoreIsNotPassedOffAsAnotherPractice(t *testing.T) {
	told := newSpec(t)
	key := keyOf(t, told)
	mustOpen(t, told.Path, key).Close()
	tamper(t, told.Path, "UPDATE practice SET name = 'EV-0001'")
	_, err := Open(t.Context(), told.Path, "EV-0001", key)
	wantSentence(t, err, "key.wrong")
}

// Damage that opening does not meet is met when it is read.
func TestDamageIsToldWhenItIsMet(t *testing.T) {
	told := newSpec(t)
	key := keyOf(t, told)
	s := mustOpen(t, told.Path, key)
	addMany(t, s, 3000)
	add(t, s, practice+"-1")
	var pages []int64
	for _, table := range []string{"event", "account"} {
		var page int64
		if err := s.open.db.QueryRow("SELECT rootpage FROM sqlite_schema WHERE name = ?", table).Scan(&page); err != nil {
			t.Fatal(err)
		}
		pages = append(pages, page)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	for _, page := range pages {
		overwrite(t, told.Path, (page-1)*4096, []byte(strings.Repeat("\xff", 4096)))
	}
	before := contents(t, told.Path)
	s = mustOpen(t, told.Path, key)
	_, _, viewErr := s.View(t.Context())
	_, eventsErr := s.Events(t.Context(), core.Query{Account: practice + "-1"})
	_, verifyErr := s.VerifyLog(t.Context())
	for name, err := range map[string]error{
		"View": viewErr, "Events": eventsErr, "VerifyLog": verifyErr, "ChangeAccount": tryAdd(t.Context(), s, practice+"-1"),
	} {
		t.Run(name, func(t *testing.T) { wantSentence(t, err, "store.corrupt") })
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if contents(t, told.Path) != before {
		t.Error("the store was changed")
	}
}

// A secret that stands in another account's row opens nothing there.
func TestASecretMovedToAnotherAccountIsRefused(t *testing.T) {
	told := newSpec(t)
	s := mustOpen(t, told.Path, keyOf(t, told))
	for _, account := range []string{practice + "-1", practice + "-2"} {
		enrolled(t, s, account, testNow)
	}
	tamper(t, told.Path, "UPDATE account SET secret = (SELECT secret FROM account WHERE name = 'EV-0000-1') WHERE name = 'EV-0000-2'")
	wantSentence(t, tryAdd(t.Context(), s, practice+"-2"), "store.secret")
	add(t, s, practice+"-1")
}

// A program that runs on after another has migrated its store must not write:
// it would leave out what it does not know.
func TestAStoreThatWasMigratedMeanwhileIsRefused(t *testing.T) {
	told := newSpec(t)
	s := mustOpen(t, told.Path, keyOf(t, told))
	told.Older = true
	newer, err := openTold(told)
	if err != nil {
		t.Fatal(err)
	}
	defer newer.Close()
	wantSentence(t, tryAdd(t.Context(), s, practice+"-1"), "store.newer")
	_, _, err = s.View(t.Context())
	wantSentence(t, err, "store.newer")
	add(t, newer, practice+"-1")
}
