// Package seal protects secrets at rest. A Key stands in a file beside the
// store; a Box made from it seals values, each for one place in the store.
package seal

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"evry.nl/tfa/core"
	"evry.nl/tfa/storage/durable"
)

const (
	// KeySize is the length of a key in bytes: AES-256.
	KeySize = 32
	// keyTag begins a key file and tells the version of its form.
	keyTag = "tfa-key-1"
	// longestKeyFile is more than a key file ever holds, so that a wrong path
	// does not read a whole disk.
	longestKeyFile = 1024
)

// Key seals the secrets of a practice. It prints as "[key]" in every form, so
// that it reaches no log or error by accident: fmt does not ask Format about an
// unexported field of somebody's struct, but prints no more of a pointer in it
// than its address. The zero Key is no key.
type Key struct{ key *[KeySize]byte }

// NewKey returns a key from crypto/rand.
func NewKey() Key {
	var key [KeySize]byte
	rand.Read(key[:]) // never fails: crypto/rand ends the program instead
	return Key{&key}
}

// IsZero reports whether there is no key.
func (k Key) IsZero() bool { return k.key == nil }

// Format implements fmt.Formatter for all verbs and hides the key.
func (k Key) Format(f fmt.State, _ rune) { io.WriteString(f, "[key]") }

// MarshalText implements encoding.TextMarshaler and hides the key, in JSON and
// in log/slog too.
func (k Key) MarshalText() ([]byte, error) { return []byte("[key]"), nil }

// Equal reports whether both are the same key.
func (k Key) Equal(other Key) bool {
	return !k.IsZero() && !other.IsZero() && subtle.ConstantTimeCompare(k.key[:], other.key[:]) == 1
}

// WriteKey writes a key in the plain form of a key file, which every machine can
// read: to where only those read who
// may read the secrets.
func WriteKey(w io.Writer, key Key) error {
	if key.IsZero() {
		return errors.New("writing a key: there is none")
	}
	_, err := io.WriteString(w, plainText(key))
	return err
}

func plainText(key Key) string {
	return keyTag + " " + base64.StdEncoding.EncodeToString(key.key[:]) + "\n"
}

// ReadKey reads what WriteKey wrote. Its errors quote nothing of it.
func ReadKey(r io.Reader) (Key, error) {
	text, err := io.ReadAll(io.LimitReader(r, longestKeyFile))
	if err != nil {
		return Key{}, err
	}
	return parseKey(string(text))
}

// CreateKeyFile makes a new key and keeps it in path, mode 0640 whatever the
// umask. When it returns, the file is on the disk for good: a store whose key
// was lost in a power cut can't be read by anybody. Errors: Conflict if the
// file exists; those of LoadKeyFile where the folder would make it unfit.
func CreateKeyFile(path string) error {
	return createKeyFile(path, NewKey(), func(*os.File) error { return nil })
}

// createKeyFile keeps a key in a new file, whose owner give may set.
func createKeyFile(path string, key Key, give func(*os.File) error) error {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	switch {
	case errors.Is(err, fs.ErrExist):
		return core.NewError(core.Conflict, "key.exists", core.Args{"Path": path}, err)
	case errors.Is(err, fs.ErrNotExist):
		return core.NewError(core.Missing, "store.no_folder", core.Args{"Path": filepath.Dir(path)}, err)
	case err != nil:
		return unreadable(path, err)
	}
	err = fillKeyFile(file, path, key, give)
	if closing := file.Close(); err == nil {
		err = closing
	}
	if err == nil {
		err = durable.SyncFolder(filepath.Dir(path))
	}
	if err != nil { // a half-written key would be taken for a broken one
		os.Remove(path)
		return fmt.Errorf("creating key file: %w", err)
	}
	return nil
}

func fillKeyFile(file *os.File, path string, key Key, give func(*os.File) error) error {
	if err := restrict(file); err != nil {
		return err
	}
	if err := give(file); err != nil {
		return err
	}
	if err := checkFile(file, path); err != nil {
		return err
	}
	text, err := encode(thisMachine{}, key, path)
	if err != nil {
		return err
	}
	if _, err := file.WriteString(text); err != nil {
		return err
	}
	return file.Sync()
}

// LoadKeyFile reads a key. The errors are of type *core.Error: Missing if there
// is no file, Internal if it holds no key or one of another machine, if others may
// read or change it, if its group may change it, or if it belongs to somebody who
// is neither the administrator nor the owner of its folder.
func LoadKeyFile(path string) (Key, error) {
	file, err := openKeyFile(path)
	if err != nil {
		return Key{}, err
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, longestKeyFile))
	if err != nil {
		return Key{}, unreadable(path, err)
	}
	key, err := decode(thisMachine{}, string(text), path)
	switch {
	case errors.Is(err, errOtherMachine):
		return Key{}, core.NewError(core.Internal, "key.machine", core.Args{"Path": path}, err)
	case err != nil:
		return Key{}, core.NewError(core.Internal, "key.malformed", core.Args{"Path": path}, err)
	}
	return key, nil
}

// openKeyFile opens a key file that is for whom it should be.
func openKeyFile(path string) (*os.File, error) {
	file, err := os.Open(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, core.NewError(core.Missing, "key.missing", core.Args{"Path": path}, err)
	case err != nil:
		return nil, unreadable(path, err)
	}
	if err := checkFile(file, path); err != nil {
		file.Close()
		return nil, err
	}
	return file, nil
}

// parseKey reads the one line of a plain key file. Its errors quote nothing of it.
func parseKey(text string) (Key, error) {
	tag, encoded, found := strings.Cut(strings.TrimRight(text, "\r\n"), " ")
	if !found || tag != keyTag {
		return Key{}, errors.New("the line does not begin with " + keyTag)
	}
	raw, err := base64.StdEncoding.Strict().DecodeString(encoded)
	if err != nil || len(raw) != KeySize {
		return Key{}, fmt.Errorf("what follows %s is no base64 of %d bytes", keyTag, KeySize)
	}
	key := [KeySize]byte(raw)
	if key == [KeySize]byte{} {
		return Key{}, errors.New("the key is all zeros")
	}
	return Key{&key}, nil
}

func unreadable(path string, cause error) error {
	return core.NewError(core.Internal, "key.unreadable", core.Args{"Path": path}, cause)
}
