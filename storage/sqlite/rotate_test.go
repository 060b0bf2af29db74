//go:build linux

package sqlite

import (
	"database/sql"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"evry.nl/tfa/storage/seal"
)

// sealedWithNext takes a change of keys as far as just before its end: sealed,
// and the new key beside the old one.
func sealedWithNext(t *testing.T, s *Store, told spec) {
	t.Helper()
	next, err := seal.KeyFile(told.Key).Renew()
	must(t, err)
	must(t, s.inTx(t.Context(), writing, func(o *opened, tx *sql.Tx) error { return s.reseal(t.Context(), o, tx, next) }))
}

// Whoever is killed while it changes the key leaves one of these.
func TestAChangeOfKeysThatWasInterruptedHarmsNothing(t *testing.T) {
	for name, interrupt := range map[string]func(*testing.T, *Store, spec){
		"while_the_new_key_was_written": func(t *testing.T, _ *Store, told spec) {
			must(t, os.WriteFile(told.Key+".new", []byte("tfa-key-1 AAA"), 0o600))
		},
		"before_it_sealed_anything": func(t *testing.T, _ *Store, told spec) {
			_, err := seal.KeyFile(told.Key).Renew()
			must(t, err)
		},
		"before_the_new_key_had_its_name": sealedWithNext,
	} {
		for _, first := range []string{"opened", "rotated_where_it_was_open", "restored", "backed_up_where_it_was_open"} {
			t.Run(name+"_then_"+first, func(t *testing.T) {
				told := newSpec(t)
				s := openKeyed(t, told)
				enrolled(t, s, practice+"-1", testNow)
				must(t, backUp(t.Context(), s, told))
				want := secretsOf(t, s)
				interrupt(t, s, told)
				switch first {
				case "rotated_where_it_was_open":
					must(t, desk(s, upkeepNow).RotateKey(t.Context(), kees))
				case "restored":
					_, err := restoreFile(t.Context(), told, upkeepNow)
					must(t, err)
				case "backed_up_where_it_was_open":
					must(t, backUp(t.Context(), s, told))
				}
				fresh := openKeyed(t, told)
				for what, store := range map[string]*Store{"the open store": s, "a fresh one": fresh} {
					if !reflect.DeepEqual(secretsOf(t, store), want) {
						t.Errorf("%s has other secrets", what)
					}
				}
				must(t, desk(fresh, upkeepNow).RotateKey(t.Context(), kees))
				if _, err := os.Stat(told.Key + ".new"); !errors.Is(err, fs.ErrNotExist) {
					t.Errorf("two keys are left: %v", err)
				}
				if !reflect.DeepEqual(secretsOf(t, s), want) {
					t.Error("after one more change the open store has other secrets")
				}
			})
		}
	}
}

func TestANewKeyIsNewAndHasTheOwnersOfTheOld(t *testing.T) {
	told := newSpec(t)
	must(t, os.Chown(told.Key, 0, 4711))
	s := openKeyed(t, told)
	enrolled(t, s, practice+"-1", testNow)
	old := keyOf(t, told)
	sealed := sealedSecrets(t, s)
	must(t, desk(s, upkeepNow).RotateKey(t.Context(), kees))
	info, err := os.Stat(told.Key)
	if err != nil || info.Mode() != 0o640 || owners(info).Gid != 4711 {
		t.Errorf("the new key is %v, %v", info, err)
	}
	if keyOf(t, told).Equal(old) {
		t.Error("the key is the old one")
	}
	_, err = Open(t.Context(), told.Path, practice, old)
	wantSentence(t, err, "key.wrong")
	must(t, s.Close())
	if strings.Contains(contents(t, told.Path), sealed[0]) {
		t.Error("what the old key opens is still in the file")
	}
}

// The store that was replaced can be opened only with the key of its time.
func TestTheOldKeyIsKeptForWhatWasReplaced(t *testing.T) {
	told := newSpec(t)
	s := openKeyed(t, told)
	enrolled(t, s, practice+"-1", testNow)
	must(t, backUp(t.Context(), s, told))
	kept, err := restoreFile(t.Context(), told, upkeepNow)
	must(t, err)
	must(t, desk(s, upkeepNow.Add(time.Hour)).RotateKey(t.Context(), kees))
	copied := filepath.Join(folder(t), "tfa.db")
	putStore(t, copied, contents(t, kept))
	keys, err := ReplacedBeside(told.Key)
	if err != nil || len(keys) != 1 {
		t.Fatalf("beside the key stand %q, %v", keys, err)
	}
	old, err := OpenExisting(t.Context(), copied, practice, seal.KeyFile(keys[0]))
	must(t, err)
	defer old.Close()
	if len(secretsOf(t, old)) != 1 {
		t.Error("the secret of the replaced store is lost")
	}
}

func TestAKeyThatIsNotTheStoresIsNotReplaced(t *testing.T) {
	told := newSpec(t)
	s := openKeyed(t, told)
	must(t, os.Remove(told.Key))
	must(t, seal.CreateKeyFile(told.Key))
	before := contents(t, told.Key)
	wantSentence(t, desk(s, upkeepNow).RotateKey(t.Context(), kees), "key.wrong")
	if contents(t, told.Key) != before {
		t.Error("the key was replaced")
	}
	if err := desk(newStore(t), upkeepNow).RotateKey(t.Context(), kees); !errors.Is(err, errNoKeyFile) {
		t.Errorf("a store without a key file: %v", err)
	}
}

func TestASecretThatDoesNotOpenIsNotSealedAnew(t *testing.T) {
	told := newSpec(t)
	s := openKeyed(t, told)
	enrolled(t, s, practice+"-1", testNow)
	enrolled(t, s, practice+"-2", testNow)
	tamper(t, told.Path, "UPDATE account SET secret = zeroblob(49) WHERE name = 'EV-0000-1'")
	before := contentsElsewhere(t, told.Key)
	wantSentence(t, desk(s, upkeepNow).RotateKey(t.Context(), kees), "store.secret")
	if contents(t, told.Key) != before {
		t.Error("the key was replaced")
	}
	if _, err := os.Stat(told.Key + ".new"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a key is left: %v", err)
	}
	add(t, s, practice+"-2")
}
