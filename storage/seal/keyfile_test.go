//go:build unix

package seal

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"evry.nl/tfa/core"
)

func keysOf(t *testing.T, path string) []Key {
	t.Helper()
	keys, err := KeyFile(path).Keys()
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

func TestANextKeyStandsBesideThePresentOneUntilItIsAdopted(t *testing.T) {
	needRoot(t)
	path := createdKey(t)
	for _, err := range []error{os.Chown(path, 0, 4711), os.Chmod(path, 0o600)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	present := keysOf(t, path)
	next, err := KeyFile(path).Renew()
	if err != nil {
		t.Fatal(err)
	}
	if keys := keysOf(t, path); len(present) != 1 || len(keys) != 2 || !keys[0].Equal(present[0]) || !keys[1].Equal(next) || next.Equal(present[0]) {
		t.Errorf("there are %d keys, then %d", len(present), len(keys))
	}
	if err := KeyFile(path).Adopt(); err != nil {
		t.Fatal(err)
	}
	if keys := keysOf(t, path); len(keys) != 1 || !keys[0].Equal(next) {
		t.Errorf("afterwards there are %d keys", len(keys))
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode() != 0o600 || info.Sys().(*syscall.Stat_t).Gid != 4711 {
		t.Errorf("the next key is %v, %v", info, err)
	}
}

func TestANextKeyThatCanNotBeTrustedIsPassedOver(t *testing.T) {
	needRoot(t)
	for name, spoil := range map[string]func(string) error{
		"half_written":    func(next string) error { return os.WriteFile(next, []byte("tfa-key-1 AA"), 0o640) },
		"others_read_it":  func(next string) error { return os.Chmod(next, 0o644) },
		"somebody_else's": func(next string) error { return os.Chown(next, 4711, -1) },
		"a_folder":        func(next string) error { os.Remove(next); return os.Mkdir(next, 0o700) },
	} {
		t.Run(name, func(t *testing.T) {
			path := createdKey(t)
			if _, err := KeyFile(path).Renew(); err != nil {
				t.Fatal(err)
			}
			if err := spoil(path + nextSuffix); err != nil {
				t.Fatal(err)
			}
			if keys := keysOf(t, path); len(keys) != 1 {
				t.Errorf("there are %d keys", len(keys))
			}
		})
	}
}

func TestAKeyIsPutOnlyWhereNoneIs(t *testing.T) {
	needRoot(t)
	folder := t.TempDir()
	if err := os.Chown(folder, 0, 4711); err != nil {
		t.Fatal(err)
	}
	path, key := filepath.Join(folder, "tfa.key"), NewKey()
	if err := KeyFile(path).Put(key); err != nil {
		t.Fatal(err)
	}
	wantSentence(t, KeyFile(path).Put(NewKey()), core.Conflict, "key.exists")
	if keys := keysOf(t, path); len(keys) != 1 || !keys[0].Equal(key) {
		t.Errorf("there are %d keys", len(keys))
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode() != keyMode || info.Sys().(*syscall.Stat_t).Gid != 4711 {
		t.Errorf("the key is %v, %v", info, err)
	}
}

func TestAWrittenKeyIsRead(t *testing.T) {
	var line strings.Builder
	key := NewKey()
	if err := WriteKey(&line, key); err != nil {
		t.Fatal(err)
	}
	if read, err := ReadKey(strings.NewReader(line.String())); err != nil || !read.Equal(key) {
		t.Errorf("another key is read: %v", err)
	}
	if err := WriteKey(&line, Key{}); err == nil {
		t.Error("no key is written")
	}
	if (Key{}).Equal(Key{}) {
		t.Error("no key is the same as no key")
	}
}
