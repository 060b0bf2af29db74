package seal

import (
	"encoding/base64"
	"errors"
	"os"
	"path/filepath"
	"strings"

	"evry.nl/tfa/core"
)

// protectedTag begins a key file whose key only this machine can open. What
// follows it is what the machine made of the key.
const protectedTag = "tfa-key-machine-1"

// machine ties what is written on a disk to the machine that it is in. It keeps
// nobody out who can run a program there.
type machine interface {
	// protect returns what unprotect, with the same purpose, makes plain again on
	// this machine and on no other.
	protect(plain, purpose []byte) ([]byte, error)
	unprotect(sealed, purpose []byte) ([]byte, error)
}

// errNoMachine says that this system can't protect anything so.
var errNoMachine = errors.New("this system can't tie a key to its machine")

// errOtherMachine says that a protected key does not open here.
var errOtherMachine = errors.New("the key was protected by another machine, or for another folder")

// purpose binds a protected key to its practice, by the name of the folder. It is
// no secret: it keeps a key from being taken for that of another practice.
func purpose(path string) []byte {
	return []byte(protectedTag + " " + strings.ToUpper(filepath.Base(filepath.Dir(path))))
}

// encode returns a key as its file holds it: protected, where m can do that.
func encode(m machine, key Key, path string) (string, error) {
	if key.IsZero() {
		return "", errors.New("writing a key: there is none")
	}
	sealed, err := m.protect(key.key[:], purpose(path))
	if err != nil { // a plain key beats none: its file is for few
		return plainText(key), nil
	}
	return protectedTag + " " + base64.StdEncoding.EncodeToString(sealed) + "\n", nil
}

// decode reads the line of a key file, protected or not. Its errors quote nothing
// of it. Error: errOtherMachine.
func decode(m machine, text, path string) (Key, error) {
	tag, encoded, _ := strings.Cut(strings.TrimRight(text, "\r\n"), " ")
	if tag != protectedTag {
		return parseKey(text)
	}
	sealed, err := base64.StdEncoding.Strict().DecodeString(encoded)
	if err != nil {
		return Key{}, errors.New("what follows " + protectedTag + " is no base64")
	}
	plain, err := m.unprotect(sealed, purpose(path))
	if err != nil {
		return Key{}, errors.Join(errOtherMachine, err)
	}
	if len(plain) != KeySize || [KeySize]byte(plain) == [KeySize]byte{} {
		return Key{}, errors.New("what was protected is no key")
	}
	key := [KeySize]byte(plain)
	return Key{&key}, nil
}

// ProtectsKeys reports whether this machine can protect keys.
func ProtectsKeys() bool {
	sealed, err := thisMachine{}.protect([]byte("probe"), []byte(protectedTag))
	if err != nil {
		return false
	}
	plain, err := thisMachine{}.unprotect(sealed, []byte(protectedTag))
	return err == nil && string(plain) == "probe"
}

// IsProtected reports whether only a machine can open the key in the file.
// Errors: those of LoadKeyFile for a file that can't be read.
func (f KeyFile) IsProtected() (bool, error) {
	file, err := openKeyFile(string(f))
	if err != nil {
		return false, err
	}
	defer file.Close()
	begin := make([]byte, len(protectedTag)+1)
	n, err := file.Read(begin)
	if err != nil {
		return false, core.NewError(core.Internal, "key.malformed", core.Args{"Path": string(f)}, err)
	}
	return string(begin[:n]) == protectedTag+" ", nil
}

// Protect writes the same key into its file anew, protected where this machine
// can. What stood there before is gone from the folder, and perhaps not from the
// disk: only Renew makes a key that never was on it plainly. Who may call it: see
// Renew.
func (f KeyFile) Protect() error {
	present, err := os.Stat(string(f))
	if err != nil {
		return unreadable(string(f), err)
	}
	key, err := LoadKeyFile(string(f))
	if err != nil {
		return err
	}
	if err := f.DropNext(); err != nil {
		return err
	}
	if err := createKeyFile(f.next(), key, func(file *os.File) error { return resemble(file, present) }); err != nil {
		return err
	}
	return f.Adopt()
}
