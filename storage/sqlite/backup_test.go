//go:build linux

package sqlite

import (
	"archive/tar"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"evry.nl/tfa/core"
	"evry.nl/tfa/core/otp"
	"evry.nl/tfa/storage/seal"
)

// gateAt is the gate on a store, at a time.
func gateAt(s core.Store, now time.Time) core.Gate { return core.Gate{Direct: desk(s, now).Direct} }

// verified types the code of an account at a time.
func verified(t *testing.T, s *Store, account string, now time.Time) core.Verdict {
	t.Helper()
	secret, err := otp.SecretFromBytes([]byte(secretsOf(t, s)[account]))
	if err != nil {
		t.Fatal(err)
	}
	v, err := gateAt(s, now).Verify(t.Context(), core.Actor{Account: account}, codeAt(t, secret, now))
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// TestDrill backs a practice up while people log on, loses it all, and puts it
// back: every code and every event is the same, and no used code opens a logon.
func TestDrill(t *testing.T) {
	for name, lose := range map[string]func(*testing.T, spec){
		"the_store_was_deleted": func(t *testing.T, told spec) { must(t, remove(told.Path, told.Path+walSuffix, told.Path+indexSuffix)) },
		"only_its_wal_was_left": leaveWAL,
		"the_folder_is_empty": func(t *testing.T, told spec) {
			must(t, errors.Join(os.RemoveAll(filepath.Dir(told.Path)), emptyFolder(told)))
		},
		"the_store_was_damaged": func(t *testing.T, told spec) { overwrite(t, told.Path, 0, bytes.Repeat([]byte{0xff}, 4096)) },
		"the_store_was_emptied": func(t *testing.T, told spec) { must(t, os.Truncate(told.Path, 0)) },
		"the_key_was_deleted":   func(t *testing.T, told spec) { must(t, os.Remove(told.Key)) },
		"the_key_was_damaged":   func(t *testing.T, told spec) { must(t, os.WriteFile(told.Key, []byte("x"), 0o640)) },
		"the_key_was_exchanged": func(t *testing.T, told spec) { must(t, errors.Join(os.Remove(told.Key), seal.CreateKeyFile(told.Key))) },
		"another_practice's":    func(t *testing.T, told spec) { must(t, putOther(t, told)) },
		"nothing_was_lost":      func(*testing.T, spec) {},
		"the_key_was_rotated": func(t *testing.T, told spec) {
			must(t, desk(openKeyed(t, told), upkeepNow).RotateKey(t.Context(), kees))
		},
		"made_anew_by_init_once": func(t *testing.T, told spec) { must(t, madeAnew(t, told)) },
	} {
		t.Run(name, func(t *testing.T) { drill(t, lose) })
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// emptyFolder makes the folder of a practice, and keeps its backup.
func emptyFolder(told spec) error {
	dir := filepath.Dir(told.Path)
	return errors.Join(os.Mkdir(dir, 0o700), os.Chmod(dir, 0o770|os.ModeSetgid))
}

func putOther(t *testing.T, told spec) error {
	must(t, remove(told.Path, told.Path+walSuffix, told.Path+indexSuffix))
	other, err := Open(t.Context(), told.Path, "EV-0001", seal.NewKey())
	must(t, err)
	return other.Close()
}

func madeAnew(t *testing.T, told spec) error {
	must(t, remove(told.Path, told.Path+walSuffix, told.Path+indexSuffix, told.Key))
	must(t, seal.CreateKeyFile(told.Key))
	return openKeyed(t, told).Close()
}

// leaveWAL deletes the store of a process that had written ahead and was killed.
func leaveWAL(t *testing.T, told spec) {
	s := openKeyed(t, told)
	addMany(t, s, 100)
	ahead := contentsElsewhere(t, told.Path+walSuffix)
	must(t, s.Close())
	must(t, os.Remove(told.Path))
	putStore(t, told.Path+walSuffix, ahead)
}

func drill(t *testing.T, lose func(*testing.T, spec)) {
	told := newSpec(t)
	s := openKeyed(t, told)
	now := upkeepNow
	for n := range 20 {
		enrolled(t, s, fmt.Sprintf("%s-%d", practice, n), now)
	}
	if v := verified(t, s, practice+"-1", now); !v.Granted { // before the backup
		t.Fatalf("the first logon: %+v", v)
	}
	people := &logons{worker: start(t, "logons", told), stored: map[string]string{}}
	done, ended := make(chan struct{}), make(chan error, 1)
	go func() { ended <- people.drive(done) }()
	must(t, backUp(t.Context(), s, told))
	close(done)
	must(t, <-ended)
	people.worker.stop(t)
	backup := contents(t, backupFile(told))
	want := unpacked(t, backup)
	if v := verified(t, s, practice+"-2", now); !v.Granted { // after the backup
		t.Fatalf("the second logon: %+v", v)
	}
	must(t, s.Close())

	lose(t, told)
	kept, err := restore(t.Context(), bytes.NewReader([]byte(backup)), told, now)
	must(t, err)
	if kept != "" {
		if _, err := os.Stat(kept); err != nil {
			t.Errorf("what was replaced is not beside it: %v", err)
		}
	}
	s = openKeyed(t, told)
	sameAsBackedUp(t, s, want)
	for _, account := range []string{practice + "-1", practice + "-2"} {
		if v := verified(t, s, account, now); v.Granted || v.Reason != core.Spent {
			t.Errorf("the code that %s has used: %+v", account, v)
		}
	}
	later := now.Add(2 * otp.Period)
	for n := range 20 {
		if v := verified(t, s, fmt.Sprintf("%s-%d", practice, n), later); !v.Granted {
			t.Errorf("a minute later account %d: %+v", n, v)
		}
	}
}

// backedUp is what a backup holds.
type backedUp struct {
	secrets  map[string]string
	accounts []core.Account
	log      []core.Event
}

func unpacked(t *testing.T, backup string) backedUp {
	t.Helper()
	path := filepath.Join(folder(t), "tfa.db")
	u, err := Unpack(t.Context(), bytes.NewReader([]byte(backup)), func(Manifest) (string, error) { return path, nil }, false)
	must(t, err)
	defer u.Close()
	return backedUp{secretsOf(t, u.store), u.Accounts, wholeLog(t, u.store)}
}

func sameAsBackedUp(t *testing.T, s *Store, want backedUp) {
	t.Helper()
	if got := secretsOf(t, s); !reflect.DeepEqual(got, want.secrets) {
		t.Errorf("%d secrets came back, want %d", len(got), len(want.secrets))
	}
	log := wholeLog(t, s)
	if n := len(want.log); len(log) != n+1+len(want.accounts) || !reflect.DeepEqual(log[:n], want.log) || log[n].Kind != core.Restored {
		t.Errorf("the log has %d events, the backup %d", len(log), n)
	}
	if n, err := s.VerifyLog(t.Context()); err != nil || n != int64(len(log)) {
		t.Errorf("%d of %d events verify: %v", n, len(log), err)
	}
	_, accounts, err := s.View(t.Context())
	must(t, err)
	for i := range accounts {
		accounts[i].Floor, want.accounts[i].Floor = 0, 0
		want.accounts[i].Helper = core.HelperCode{}
	}
	if !reflect.DeepEqual(accounts, want.accounts) {
		t.Errorf("the accounts came back as\n%+v, not\n%+v", accounts, want.accounts)
	}
}

// A tool that stays open through a restore goes on with the restored store, and
// one that stays open through a change of keys with the new key.
func TestOpenStoresGoOn(t *testing.T) {
	told := newSpec(t)
	s, open := openKeyed(t, told), openKeyed(t, told)
	enrolled(t, s, practice+"-1", testNow)
	must(t, backUp(t.Context(), s, told))
	enrolled(t, open, practice+"-2", testNow)
	_, err := restoreFile(t.Context(), told, testNow)
	must(t, err)
	enrolled(t, open, practice+"-3", testNow)
	if got := secretsOf(t, s); len(got) != 2 || got[practice+"-3"] == "" {
		t.Errorf("after the restore there are %d secrets", len(got))
	}
	for range 3 {
		must(t, desk(s, upkeepNow).RotateKey(t.Context(), kees))
		secret := enrolled(t, open, practice+"-4", testNow)
		must(t, core.Tool{Direct: desk(s, testNow).Direct}.Reset(t.Context(), core.Actor{Account: practice + "-4"}, practice+"-4"))
		if len(secretsOf(t, open)) != len(secretsOf(t, s)) || secret.IsZero() {
			t.Error("two open stores hold different secrets")
		}
	}
	fresh := openKeyed(t, told)
	if got := secretsOf(t, fresh); got[practice+"-1"] == "" || got[practice+"-3"] == "" {
		t.Error("the new key does not open all secrets")
	}
	if n, err := fresh.VerifyLog(t.Context()); err != nil || n == 0 {
		t.Errorf("%d events verify: %v", n, err)
	}
}

// remade returns a backup whose parts were changed.
func remade(t *testing.T, backup string, change func(name string, data []byte) (string, []byte)) []byte {
	t.Helper()
	in := tar.NewReader(bytes.NewReader([]byte(backup)))
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	for {
		header, err := in.Next()
		if errors.Is(err, io.EOF) {
			must(t, w.Close())
			return out.Bytes()
		}
		must(t, err)
		data, err := io.ReadAll(in)
		must(t, err)
		header.Name, data = change(header.Name, data)
		header.Size = int64(len(data))
		must(t, w.WriteHeader(header))
		_, err = w.Write(data)
		must(t, err)
	}
}

// badBackups are what becomes of a backup, and what the person is told.
func badBackups(t *testing.T, backup string) map[string]struct {
	backup   func(*testing.T) []byte
	sentence string
} {
	part := func(name string, change func([]byte) []byte) func(*testing.T) []byte {
		return func(t *testing.T) []byte {
			return remade(t, backup, func(n string, data []byte) (string, []byte) {
				if n == name {
					data = change(bytes.Clone(data))
				}
				return n, data
			})
		}
	}
	manifest := func(change func(*Manifest)) func(*testing.T) []byte {
		return part(manifestPart, func(data []byte) []byte {
			var m Manifest
			must(t, json.Unmarshal(data, &m))
			change(&m)
			data, err := json.Marshal(m)
			must(t, err)
			return data
		})
	}
	store := func(statements ...string) func(*testing.T) []byte {
		return part(storePart, func(data []byte) []byte {
			path := filepath.Join(folder(t), "tfa.db")
			putStore(t, path, string(data))
			tamper(t, path, statements...)
			return []byte(contents(t, path))
		})
	}
	cut := func(n int) func(*testing.T) []byte { return func(*testing.T) []byte { return []byte(backup)[:n] } }
	return map[string]struct {
		backup   func(*testing.T) []byte
		sentence string
	}{
		"empty":               {cut(0), "backup.damaged"},
		"cut_in_the_manifest": {cut(1600), "backup.damaged"},
		"cut_in_the_store":    {cut(len(backup) / 2), "backup.damaged"},
		"another_file":        {func(*testing.T) []byte { return bytes.Repeat([]byte("no tar "), 1000) }, "backup.damaged"},
		"no_manifest": {func(t *testing.T) []byte {
			return remade(t, backup, func(_ string, d []byte) (string, []byte) { return "x", d })
		}, "backup.damaged"},
		"a_later_form":               {manifest(func(m *Manifest) { m.Form = 2 }), "backup.newer"},
		"a_later_schema":             {manifest(func(m *Manifest) { m.Schema = 99 }), "backup.newer"},
		"the_manifest_of_another":    {manifest(func(m *Manifest) { m.Practice = "EV-0001" }), "backup.damaged"},
		"an_end_that_does_not_fit":   {manifest(func(m *Manifest) { m.LastSeq-- }), "backup.damaged"},
		"a_head_that_does_not_fit":   {manifest(func(m *Manifest) { m.HeadHash[0] ^= 1 }), "backup.damaged"},
		"no_manifest_at_all":         {part(manifestPart, func([]byte) []byte { return []byte("{") }), "backup.damaged"},
		"another_key":                {part(keyPart, func([]byte) []byte { return otherKey(t) }), "backup.damaged"},
		"no_key":                     {part(keyPart, func([]byte) []byte { return nil }), "backup.damaged"},
		"a_changed_page":             {part(storePart, func(d []byte) []byte { clear(d[2*4096 : 2*4096+64]); return d }), "backup.damaged"},
		"a_store_cut_short":          {part(storePart, func(d []byte) []byte { return d[:len(d)-4096] }), "backup.damaged"},
		"no_store":                   {part(storePart, func([]byte) []byte { return nil }), "backup.damaged"},
		"a_moved_secret":             {store("UPDATE account SET secret = zeroblob(49) WHERE name = 'EV-0000-1'"), "backup.damaged"},
		"a_changed_event":            {store("UPDATE event SET actor = 'x' WHERE seq = 7"), "backup.broken_log"},
		"an_index_that_does_not_fit": {store("PRAGMA writable_schema = ON", "UPDATE sqlite_schema SET rootpage = 2 WHERE name = 'event_at'"), "backup.damaged"},
	}
}

// What can't be trusted is not restored, and what stands in the place stays.
func TestABadBackupRestoresNothing(t *testing.T) {
	told := newSpec(t)
	s := openKeyed(t, told)
	addMany(t, s, 500)
	enrolled(t, s, practice+"-1", testNow)
	must(t, backUp(t.Context(), s, told))
	backup := contents(t, backupFile(told))
	must(t, remove(backupFile(told)))
	before, err := s.Version(t.Context())
	must(t, err)
	for name, test := range badBackups(t, backup) {
		t.Run(name, func(t *testing.T) {
			kept, err := restore(t.Context(), bytes.NewReader(test.backup(t)), told, upkeepNow)
			wantSentence(t, err, test.sentence)
			if kept != "" {
				t.Error("something was replaced")
			}
			files, err := filepath.Glob(filepath.Dir(told.Path) + "/*")
			if err != nil || len(files) > 6 { // store, -wal, -shm, .lock, key, and the lock of restores
				t.Errorf("the folder holds %q, %v", files, err)
			}
		})
	}
	if after, err := s.Version(t.Context()); err != nil || after != before {
		t.Errorf("the store changed: %v", err)
	}
}

func otherKey(t *testing.T) []byte {
	var line bytes.Buffer
	must(t, seal.WriteKey(&line, seal.NewKey()))
	return line.Bytes()
}

// A log that had been changed before may be what there is: it can be had.
func TestABrokenLogIsRestoredWhenThatIsAsked(t *testing.T) {
	told := newSpec(t)
	s := openKeyed(t, told)
	addMany(t, s, 50)
	must(t, backUp(t.Context(), s, told))
	tamper(t, told.Path, "UPDATE event SET actor = 'x' WHERE seq = 7")
	must(t, backUp(t.Context(), s, told))
	file, err := os.Open(backupFile(told))
	must(t, err)
	defer file.Close()
	u, err := Unpack(t.Context(), file, func(Manifest) (string, error) { return told.Path, nil }, true)
	must(t, err)
	defer u.Close()
	if u.Manifest.LastSeq != 52 || u.Practice.Name != practice {
		t.Errorf("it holds %+v", u.Manifest)
	}
}

// A damaged store is not backed up: the copy would push the good ones out.
func TestADamagedStoreIsNotBackedUp(t *testing.T) {
	told := newSpec(t)
	s := openKeyed(t, told)
	addMany(t, s, 3000)
	var page int64
	must(t, s.open.db.QueryRow("SELECT rootpage FROM sqlite_schema WHERE name = 'event_at'").Scan(&page))
	must(t, s.Close())
	overwrite(t, told.Path, (page-1)*4096, bytes.Repeat([]byte{0xff}, 4096))
	_, err := openKeyed(t, told).Backup(t.Context(), io.Discard, upkeepNow)
	wantSentence(t, err, "store.corrupt")
}

// A store of an older schema comes back as one of today's.
func TestABackupOfAnOlderSchemaIsRestored(t *testing.T) {
	told := newSpec(t)
	putStore(t, told.Path, contents(t, fixture(1)+".db"))
	data := contents(t, fixture(1)+".key")
	must(t, os.WriteFile(told.Key, []byte(data), 0o640))
	migrations, err := embedded()
	must(t, err)
	old, err := openWith(t.Context(), told.Path, practice, seal.KeyFile(told.Key), false, migrations[:1])
	must(t, err)
	defer old.Close()
	var out bytes.Buffer
	_, err = old.Backup(t.Context(), &out, upkeepNow)
	must(t, err)
	must(t, old.Close())
	must(t, remove(told.Path))
	_, err = restore(t.Context(), &out, told, upkeepNow)
	must(t, err)
	if n, err := openKeyed(t, told).VerifyLog(t.Context()); n != 3+3 || err != nil {
		t.Errorf("%d events verify: %v", n, err)
	}
}
