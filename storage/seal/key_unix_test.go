//go:build unix

package seal

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"evry.nl/tfa/core"
)

// wantSentence holds that err tells the person the given sentence.
func wantSentence(t *testing.T, err error, code core.Code, sentence string) {
	t.Helper()
	var told *core.Error
	if !errors.As(err, &told) || told.Sentence != sentence || told.Code != code {
		t.Errorf("got %v, want %s: %s", err, code, sentence)
	}
}

func createdKey(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "tfa.key")
	if err := CreateKeyFile(path); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestACreatedKeyIsLoaded(t *testing.T) {
	path := createdKey(t)
	one, err := LoadKeyFile(path)
	if err != nil || one.IsZero() {
		t.Fatalf("got %v", err)
	}
	if again, err := LoadKeyFile(path); err != nil || *again.key != *one.key {
		t.Errorf("loading twice yields two keys: %v", err)
	}
	if other, err := LoadKeyFile(createdKey(t)); err != nil || *other.key == *one.key {
		t.Errorf("two files hold one key: %v", err)
	}
}

func TestAKeyFileHasItsModeUnderEveryUmask(t *testing.T) {
	for _, umask := range []int{0, 0o022, 0o077, 0o777} {
		before := syscall.Umask(umask)
		dir := t.TempDir()
		os.Chmod(dir, 0o700)
		path := filepath.Join(dir, "tfa.key")
		err := CreateKeyFile(path)
		syscall.Umask(before)
		if err != nil {
			t.Fatal(err)
		}
		if info, err := os.Stat(path); err != nil || info.Mode() != keyMode {
			t.Errorf("umask %o: the mode is %v, %v", umask, info.Mode(), err)
		}
	}
}

func TestAnExistingKeyIsKept(t *testing.T) {
	path := createdKey(t)
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	wantSentence(t, CreateKeyFile(path), core.Conflict, "key.exists")
	if after, err := os.ReadFile(path); err != nil || string(after) != string(before) {
		t.Errorf("the key was changed: %v", err)
	}
}

func TestAKeyInAMissingFolderIsNotMade(t *testing.T) {
	path := filepath.Join(t.TempDir(), "none", "tfa.key")
	wantSentence(t, CreateKeyFile(path), core.Missing, "store.no_folder")
}

func TestBadKeyFilesAreRefused(t *testing.T) {
	needRoot(t)
	text := func(text string) func(*testing.T, string) {
		return func(t *testing.T, path string) {
			if err := os.WriteFile(path, []byte(text), keyMode); err != nil {
				t.Fatal(err)
			}
		}
	}
	mode := func(mode os.FileMode) func(*testing.T, string) {
		return func(t *testing.T, path string) {
			if err := os.Chmod(path, mode); err != nil {
				t.Fatal(err)
			}
		}
	}
	const zeros = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
	for name, test := range map[string]struct {
		spoil    func(*testing.T, string)
		code     core.Code
		sentence string
	}{
		"missing":         {func(_ *testing.T, path string) { os.Remove(path) }, core.Missing, "key.missing"},
		"empty":           {text(""), core.Internal, "key.malformed"},
		"other_text":      {text("hello\n"), core.Internal, "key.malformed"},
		"a_later_form":    {text("tfa-key-2 AAAA\n"), core.Internal, "key.malformed"},
		"too_short":       {text("tfa-key-1 QUJD\n"), core.Internal, "key.malformed"},
		"no_base64":       {text("tfa-key-1 ***\n"), core.Internal, "key.malformed"},
		"all_zeros":       {text("tfa-key-1 " + zeros + "\n"), core.Internal, "key.malformed"},
		"very_long":       {text("tfa-key-1 " + strings.Repeat("A", 1<<20)), core.Internal, "key.malformed"},
		"a_folder":        {func(_ *testing.T, path string) { os.Remove(path); os.Mkdir(path, 0o700) }, core.Internal, "key.malformed"},
		"others_read":     {mode(0o644), core.Internal, "key.mode"},
		"others_write":    {mode(0o642), core.Internal, "key.mode"},
		"group_writes":    {mode(0o660), core.Internal, "key.mode"},
		"somebody_else's": {func(_ *testing.T, path string) { os.Chown(path, 4711, -1) }, core.Internal, "key.owner"},
	} {
		t.Run(name, func(t *testing.T) {
			path := createdKey(t)
			test.spoil(t, path)
			key, err := LoadKeyFile(path)
			wantSentence(t, err, test.code, test.sentence)
			if !key.IsZero() {
				t.Error("a key came with the error")
			}
		})
	}
}

func TestAKeyMayBelongToTheOwnerOfItsFolder(t *testing.T) {
	needRoot(t)
	path := createdKey(t)
	for _, path := range []string{path, filepath.Dir(path)} {
		if err := os.Chown(path, 4711, -1); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := LoadKeyFile(path); err != nil {
		t.Error(err)
	}
}

func needRoot(t *testing.T) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Fatal("this test makes files of other users: run it as root")
	}
}
