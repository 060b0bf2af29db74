// Package stores finds, makes and opens the stores of practices where the
// configuration says they are.
package stores

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"evry.nl/tfa/cmd/internal/config"
	"evry.nl/tfa/cmd/internal/hostlog"
	"evry.nl/tfa/core"
	"evry.nl/tfa/storage/seal"
	"evry.nl/tfa/storage/sqlite"
)

// Open opens the store of a practice. It never makes one: in a new store
// two-factor is off, so a lost store must be missed. Errors: Invalid for a name
// that can be no practice, Missing if there is no store, Refused if this
// account may not see it, and those of the key and the store.
func Open(ctx context.Context, cfg config.Config, practice string) (core.Store, error) {
	if !core.ValidName(practice) {
		return nil, core.NewError(core.Invalid, "invalid.practice", core.Args{"Practice": practice}, nil)
	}
	args := core.Args{"Practice": practice}
	_, err := os.Stat(cfg.StorePath(practice))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, core.NewError(core.Missing, "missing.practice", args, err)
	case errors.Is(err, fs.ErrPermission):
		return nil, core.NewError(core.Refused, "denied.store", args, err)
	case err != nil:
		return nil, err
	}
	store, err := sqlite.OpenExisting(ctx, cfg.StorePath(practice), practice, seal.KeyFile(cfg.KeyPath(practice)))
	if err != nil {
		return nil, err // a nil *sqlite.Store would be a core.Store that is not nil
	}
	return tellHost(store, cfg, practice), nil
}

// Tell has the log of this host keep a copy of events that were written into a
// store before it was opened here.
func Tell(cfg config.Config, practice string, events []core.Event) {
	if cfg.Identity.Account == "" {
		for _, event := range events {
			hostlog.Events(practice)(event)
		}
	}
}

// tellHost has the log of this host keep a copy of a practice's events, but not
// of those of demos and tests, where an account stands in.
func tellHost(store *sqlite.Store, cfg config.Config, practice string) *sqlite.Store {
	if cfg.Identity.Account == "" {
		store.Told = hostlog.Events(practice)
	}
	return store
}

// Practices returns the practices that have a store which this account can see,
// in the order of core.CompareNames.
func Practices(cfg config.Config) ([]string, error) {
	parent, prefix, suffix := cfg.StoreFolders()
	entries, err := os.ReadDir(parent)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var practices []string
	for _, entry := range entries {
		name := entry.Name()
		if len(name) <= len(prefix)+len(suffix) || !strings.HasPrefix(name, prefix) || !strings.HasSuffix(name, suffix) {
			continue
		}
		practice := config.Fold(name[len(prefix) : len(name)-len(suffix)])
		if core.ValidName(practice) && Exists(cfg, practice) {
			practices = append(practices, practice)
		}
	}
	slices.SortFunc(practices, core.CompareNames)
	return practices, nil
}

// Exists reports whether a practice has a store that this account can see.
func Exists(cfg config.Config, practice string) bool {
	info, err := os.Stat(cfg.StorePath(practice))
	return err == nil && info.Mode().IsRegular()
}

// ProtectsKeys reports whether this machine can protect keys.
func ProtectsKeys() bool { return seal.ProtectsKeys() }

// IsPlain reports whether the key of a practice can be read on any machine,
// although this one could protect it.
func IsPlain(cfg config.Config, practice string) (bool, error) {
	if !seal.ProtectsKeys() {
		return false, nil
	}
	protected, err := seal.KeyFile(cfg.KeyPath(practice)).IsProtected()
	return !protected && err == nil, err
}

// Protect has this machine protect the key of a practice.
func Protect(ctx context.Context, cfg config.Config, practice string) error {
	store, err := sqlite.OpenExisting(ctx, cfg.StorePath(practice), practice, seal.KeyFile(cfg.KeyPath(practice)))
	if err != nil {
		return err
	}
	return errors.Join(store.ProtectKey(ctx), store.Close())
}

// Create makes what a practice lacks of folder, key and store, and opens the
// store. The practice's accounts reach it by being members of group; with group
// "" it is the caller's alone. A key or store that stands there stays as it is;
// a store without its key is refused, because a new key does not open it.
func Create(ctx context.Context, cfg config.Config, practice, group string) (core.Store, error) {
	owned, err := makePlace(cfg, practice, group)
	if err != nil {
		return nil, err
	}
	keyPath := cfg.KeyPath(practice)
	if _, err := os.Stat(keyPath); errors.Is(err, fs.ErrNotExist) && !Exists(cfg, practice) {
		if err := makeKey(keyPath, owned); err != nil {
			return nil, err
		}
	}
	store, err := sqlite.Open(ctx, cfg.StorePath(practice), practice, seal.KeyFile(keyPath))
	if err != nil {
		return nil, err
	}
	return tellHost(store, cfg, practice), nil
}

// MakePlace makes the folders of a practice that are missing, for a store that
// is put there. Errors: those of Create.
func MakePlace(cfg config.Config, practice, group string) error {
	_, err := makePlace(cfg, practice, group)
	return err
}

func makePlace(cfg config.Config, practice, group string) (owner, error) {
	if !core.ValidName(practice) {
		return owner{}, core.NewError(core.Invalid, "invalid.practice", core.Args{"Practice": practice}, nil)
	}
	owned, err := ownership(group)
	if err != nil {
		return owner{}, err
	}
	for _, path := range []string{cfg.StorePath(practice), cfg.KeyPath(practice)} {
		if err := makeFolder(filepath.Dir(path), owned); err != nil {
			return owner{}, err
		}
	}
	return owned, nil
}

// makeFolder makes a folder for one practice, and the folders above it for
// everybody to pass through. One that is there stays as it is: the store judges
// it when it is opened. The folder gets its name last, so that a power cut
// leaves none that is half made.
func makeFolder(folder string, owned owner) error {
	if _, err := os.Stat(folder); err == nil || !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := MakeParents(filepath.Dir(folder)); err != nil {
		return err
	}
	unnamed, err := os.MkdirTemp(filepath.Dir(folder), ".new-*")
	if err != nil {
		return err
	}
	if err := owned.giveFolder(unnamed); err != nil {
		os.Remove(unnamed)
		return err
	}
	if err := os.Rename(unnamed, folder); err != nil {
		os.Remove(unnamed)
		return err
	}
	return nil
}

// MakeParents is os.MkdirAll for what all may read and administrators alone may
// change, whatever the umask.
func MakeParents(folder string) error {
	if _, err := os.Stat(folder); err == nil || !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := MakeParents(filepath.Dir(folder)); err != nil {
		return err
	}
	if err := makeParent(folder); !errors.Is(err, fs.ErrExist) {
		return err
	}
	return nil // another process made it meanwhile
}

// held returns the folders of a practice, and after them what is in them: store
// and key with all that stands beside them, also of yesterday.
func held(cfg config.Config, practice string) ([]string, error) {
	folders := []string{filepath.Dir(cfg.StorePath(practice)), filepath.Dir(cfg.KeyPath(practice))}
	folders = slices.Compact(folders)
	paths := slices.Clone(folders)
	for _, folder := range folders {
		entries, err := os.ReadDir(folder)
		if err != nil {
			return nil, err
		}
		for _, entry := range entries {
			paths = append(paths, filepath.Join(folder, entry.Name()))
		}
	}
	return paths, nil
}

// isKey reports whether a file is a key, of today or before.
func isKey(cfg config.Config, practice, path string) bool {
	return strings.HasPrefix(path, cfg.KeyPath(practice))
}

func makeKey(path string, owned owner) error {
	if err := seal.CreateKeyFile(path); err != nil {
		return err
	}
	return owned.giveKey(path)
}
