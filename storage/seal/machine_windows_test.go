package seal

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Run on Windows, or under Wine: go test -c, then the program that this makes.
func TestThisWindowsProtectsAKey(t *testing.T) {
	if !ProtectsKeys() {
		t.Fatal("DPAPI can't be had")
	}
	folder, err := os.MkdirTemp("", "EV-0000-") // t.TempDir deletes in a way that Wine 8 can't
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(folder, "tfa.key")
	t.Cleanup(func() {
		if err := errors.Join(os.Remove(path), os.Remove(folder)); err != nil {
			t.Error(err)
		}
	})
	if err := CreateKeyFile(path); err != nil {
		t.Fatal(err)
	}
	key, err := LoadKeyFile(path)
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil || !strings.HasPrefix(string(text), protectedTag+" ") {
		t.Errorf("the file is not protected: %d bytes, %v", len(text), err)
	}
	if len(text) > longestKeyFile/2 {
		t.Errorf("the file has %d bytes, and %d are read", len(text), longestKeyFile)
	}
	if _, err := decode(thisMachine{}, string(text), filepath.Join(folder, "x", "tfa.key")); err == nil {
		t.Error("it opens in another folder")
	}
	// A key of before is read, and protected without becoming another.
	if err := os.WriteFile(path, []byte(plainText(key)), 0o600); err != nil {
		t.Fatal(err)
	}
	if protected, err := KeyFile(path).IsProtected(); err != nil || protected {
		t.Errorf("a plain key is protected: %t, %v", protected, err)
	}
	if err := KeyFile(path).Protect(); err != nil {
		t.Fatal(err)
	}
	if protected, err := KeyFile(path).IsProtected(); err != nil || !protected {
		t.Errorf("it is protected now: %t, %v", protected, err)
	}
	if again, err := LoadKeyFile(path); err != nil || !again.Equal(key) {
		t.Errorf("it became another: %v", err)
	}
	if next, err := KeyFile(path).Renew(); err != nil || next.Equal(key) {
		t.Errorf("it was not renewed: %v", err)
	}
	if err := KeyFile(path).Adopt(); err != nil {
		t.Error(err)
	}
}
