package seal

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"evry.nl/tfa/core"
	"evry.nl/tfa/storage/durable"
)

// Source is where a store finds its key: a Key itself, or a KeyFile.
type Source interface {
	// Keys returns the keys that may be the right one, the likeliest first.
	// Errors: those of LoadKeyFile.
	Keys() ([]Key, error)
}

// Keys implements Source.
func (k Key) Keys() ([]Key, error) { return []Key{k}, nil }

// KeyFile is the path of a key file. While a store is sealed with a new key,
// that key stands in a second file beside the first, which it replaces when all
// is sealed. Whoever is killed in between leaves both, and one of them fits.
type KeyFile string

// nextSuffix marks the key that is to take the place of the other.
const nextSuffix = ".new"

func (f KeyFile) next() string { return string(f) + nextSuffix }

// Keys implements Source. A next key that can't be read, or is half written,
// seals nothing and is passed over.
func (f KeyFile) Keys() ([]Key, error) {
	key, err := LoadKeyFile(string(f))
	if err != nil {
		return nil, err
	}
	if next, err := LoadKeyFile(f.next()); err == nil {
		return []Key{key, next}, nil
	}
	return []Key{key}, nil
}

// Renew makes a new key and keeps it beside the present one, with the same mode
// and owner, in place of one that was left there. When it returns, the file is
// on the disk for good. Only who holds the lock of the store may call it, and
// only if the present key is the one that seals the store.
func (f KeyFile) Renew() (Key, error) {
	present, err := os.Stat(string(f))
	if err != nil {
		return Key{}, unreadable(string(f), err)
	}
	if err := f.DropNext(); err != nil {
		return Key{}, err
	}
	key := NewKey()
	if err := createKeyFile(f.next(), key, func(file *os.File) error { return resemble(file, present) }); err != nil {
		return Key{}, fmt.Errorf("renewing key: %w", err)
	}
	return key, nil
}

// DropNext deletes the next key.
func (f KeyFile) DropNext() error {
	if err := os.Remove(f.next()); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("deleting key: %w", err)
	}
	return nil
}

// Adopt puts the next key in the place of the present one. Who may call it: see
// Renew.
func (f KeyFile) Adopt() error {
	if err := os.Rename(f.next(), string(f)); err != nil {
		return fmt.Errorf("replacing key: %w", err)
	}
	return durable.SyncFolder(filepath.Dir(string(f)))
}

// Keep gives the present key a second name.
func (f KeyFile) Keep(name string) error {
	if err := os.Link(string(f), name); err != nil {
		return fmt.Errorf("keeping key: %w", err)
	}
	return nil
}

// Put keeps a key in the file if there is none, mode 0640 and of the group of the
// folder. It gets its name when it is complete. Error: Conflict.
func (f KeyFile) Put(key Key) error {
	if _, err := os.Lstat(string(f)); !errors.Is(err, fs.ErrNotExist) {
		return core.NewError(core.Conflict, "key.exists", core.Args{"Path": string(f)}, err)
	}
	if err := createKeyFile(f.next(), key, giveFolderGroup); err != nil {
		return fmt.Errorf("putting key: %w", err)
	}
	return f.Adopt()
}

// SetAside renames the present key, if there is one.
func (f KeyFile) SetAside(to string) error { return setAside(string(f), to) }

// SetNextAside renames the next key, if there is one.
func (f KeyFile) SetNextAside(to string) error { return setAside(f.next(), to) }

func setAside(from, to string) error {
	if err := os.Rename(from, to); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("setting key aside: %w", err)
	}
	return nil
}
