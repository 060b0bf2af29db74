package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"evry.nl/tfa/core"
	"evry.nl/tfa/storage/durable"
	"evry.nl/tfa/storage/seal"
)

// Install puts the unpacked store in its place, while no other process writes
// there. Before, prepare changes it as a restored store must be, and is told
// what it replaces. What was replaced is kept beside it under a name that ends in
// the time at; Install returns that name, "" if there was nothing.
//
// Store and key are two files, so only one of them ever changes hands: the store
// is sealed with the key that stands there, and one rename puts it in place. Only
// where no key stands, and so no store works, the backup's own is put there
// first. Killed at any moment it leaves the old pair or the new one.
func (u *Restoration) Install(ctx context.Context, keys seal.KeyFile, at time.Time, prepare func(core.Store, Replaced) error) (kept string, err error) {
	unlock, err := lock(ctx, u.path)
	if err != nil {
		return "", u.explain(err)
	}
	defer unlock()
	if kept, err = u.install(ctx, keys, at, prepare); err != nil {
		about := &Store{path: u.path, practice: u.Manifest.Practice}
		return "", fmt.Errorf("restoring: %w", about.explain(err))
	}
	return kept, nil
}

// install is Install with the lock.
func (u *Restoration) install(ctx context.Context, keys seal.KeyFile, at time.Time, prepare func(core.Store, Replaced) error) (kept string, err error) {
	old, err := u.look(ctx, keys, true)
	if err != nil {
		return "", err
	}
	key, found, err := presentKey(keys)
	if err != nil {
		return "", err
	}
	if err := prepare(u.store, old); err != nil {
		return "", err
	}
	if err := u.finish(ctx, key); err != nil {
		return "", err
	}
	if !found {
		if err := putKey(keys, u.key, at); err != nil {
			return "", err
		}
	}
	if old.Found {
		kept, err = u.keep(ctx, at)
	} else { // of one that was deleted without it
		err = u.setWALAside(replacedAt(u.path, at))
	}
	if err != nil {
		return "", err
	}
	// The new store must not meet what was written ahead of the old one.
	if err := remove(u.path+walSuffix, u.path+indexSuffix); err != nil {
		return "", err
	}
	if err := os.Rename(u.fresh, u.path); err != nil {
		return "", err
	}
	if err := durable.SyncFolder(filepath.Dir(u.path)); err != nil {
		return "", err
	}
	// A key that was to come is of a store that was lost, if of any.
	return kept, setNextAside(keys, at)
}

// lostKey are the sentences of a key that no waiting and no rights bring back.
var lostKey = []string{"key.missing", "key.malformed", "key.machine"}

// presentKey returns the key that stands in its file, and false if none does.
func presentKey(keys seal.KeyFile) (key seal.Key, found bool, err error) {
	key, err = seal.LoadKeyFile(string(keys))
	var told *core.Error
	switch {
	case err == nil:
		return key, true, nil
	case errors.As(err, &told) && (slices.Contains(lostKey, told.Sentence)):
		return seal.Key{}, false, nil
	}
	return seal.Key{}, false, err // its mode or owner: that can be mended
}

// putKey puts a key where none is. What stands there all the same is set aside.
func putKey(keys seal.KeyFile, key seal.Key, at time.Time) error {
	if err := errors.Join(keys.SetAside(replacedAt(string(keys), at)), setNextAside(keys, at)); err != nil {
		return err
	}
	return keys.Put(key)
}

func setNextAside(keys seal.KeyFile, at time.Time) error {
	return keys.SetNextAside(replacedAt(string(keys)+newSuffix, at))
}

// finish seals the unpacked store with the key of its place, the zero Key for
// the backup's own, and leaves it in one file that is on the disk for good.
func (u *Restoration) finish(ctx context.Context, key seal.Key) error {
	s := u.store
	if !key.IsZero() && !key.Equal(u.key) {
		err := s.inTx(ctx, writing, func(o *opened, tx *sql.Tx) error { return s.reseal(ctx, o, tx, key) })
		if err != nil {
			return err
		}
	}
	err := s.onCurrent(ctx, func(o *opened) error {
		return o.alone(ctx, func(conn *sql.Conn) error { return emptyWAL(ctx, conn) })
	})
	if closing := s.Close(); err == nil {
		err = closing
	}
	if err != nil {
		return err
	}
	if err := remove(u.fresh+walSuffix, u.fresh+indexSuffix); err != nil {
		return err
	}
	return syncFile(u.fresh)
}

// syncFile has what was written to a file on the disk for good.
func syncFile(path string) error {
	file, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer file.Close()
	return file.Sync()
}

// keep gives the old store a second name, so that it never loses its first
// before the new one has it. Its -wal is written into it before; a damaged one,
// where SQLite can't, keeps its -wal under the same second name.
func (u *Restoration) keep(ctx context.Context, at time.Time) (kept string, err error) {
	if err := u.unlinkKilled(); err != nil {
		return "", err
	}
	kept = replacedAt(u.path, at)
	err = writeAhead(ctx, u.path)
	var told *core.Error
	if errors.As((&Store{path: u.path}).explain(err), &told) && told.Sentence == "store.corrupt" {
		err = u.setWALAside(kept)
	}
	if err != nil {
		return "", err
	}
	return kept, os.Link(u.path, kept)
}

// setWALAside renames the -wal, if there is one, as that of another store.
func (u *Restoration) setWALAside(store string) error {
	if err := os.Rename(u.path+walSuffix, store+walSuffix); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// unlinkKilled removes the second name of a store that is still in its place:
// the restore that gave it was killed.
func (u *Restoration) unlinkKilled() error {
	info, err := os.Stat(u.path)
	if err != nil {
		return err
	}
	names, err := ReplacedBeside(u.path)
	if err != nil {
		return err
	}
	for _, name := range names {
		if other, err := os.Stat(name); err == nil && os.SameFile(info, other) {
			if err := remove(name); err != nil {
				return err
			}
		}
	}
	return nil
}

// writeAhead writes what stands in the -wal of a store into it.
func writeAhead(ctx context.Context, path string) error {
	db, err := database(path)
	if err != nil {
		return err
	}
	defer db.Close()
	conn, err := db.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	return emptyWAL(ctx, conn)
}
