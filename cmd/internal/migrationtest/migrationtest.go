// Package migrationtest asks another implementation, of npm, for its opinion on
// migration codes.
package migrationtest

import (
	"bytes"
	"embed"
	"encoding/json"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"evry.nl/tfa/cmd/internal/npm"
	"evry.nl/tfa/core/otp"
)

//go:embed npm
var npmFiles embed.FS

// Code is a migration code as another implementation reads it.
type Code struct {
	Accounts []struct {
		Name, Issuer, Algorithm, Type string
		Digits                        int // 1 stands for six
		SecretBase32                  string
	}
	// Numbers are the fields of the message that are there, by number; those
	// that are not are not.
	Numbers map[int]int
}

// Read lets gauth-decode, of npm, read migration codes. They go through
// a pipe, because they are secrets.
func Read(t *testing.T, uris ...string) []Code {
	t.Helper()
	input, err := json.Marshal(uris)
	must(t, err)
	cmd := exec.CommandContext(t.Context(), "node", filepath.Join(npmFolder(t), "migration.cjs"))
	cmd.Stdin = bytes.NewReader(input)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	must(t, err)
	var codes []Code
	must(t, json.Unmarshal(out, &codes))
	if len(codes) != len(uris) {
		t.Fatalf("%d codes were read of %d", len(codes), len(uris))
	}
	return codes
}

// Keys returns what a code hands over. It must be of the one kind that we have.
func (c Code) Keys(t *testing.T) []otp.Key {
	t.Helper()
	var keys []otp.Key
	for _, a := range c.Accounts {
		if a.Algorithm != "ALGO_SHA1" || a.Digits != 1 || a.Type != "OTP_TOTP" {
			t.Errorf("%s has algorithm %s, digits %d, type %s", a.Name, a.Algorithm, a.Digits, a.Type)
		}
		key, err := otp.ParseURI("otpauth://totp/?secret=" + a.SecretBase32)
		must(t, err)
		keys = append(keys, otp.Key{Issuer: a.Issuer, Account: a.Name, Secret: key.Secret})
	}
	return keys
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// npmFolder returns a folder with the packages of the folder npm installed.
func npmFolder(t *testing.T) string {
	t.Helper()
	files, err := fs.Sub(npmFiles, "npm")
	must(t, err)
	folder, err := npm.Folder(t.Context(), files)
	must(t, err)
	return folder
}
