package sqlite

import (
	"archive/tar"
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"evry.nl/tfa/core"
	"evry.nl/tfa/storage/seal"
)

// longestManifest is more than a manifest ever holds.
const longestManifest = 64 << 10

// Restoration is a backup that was unpacked beside the place it is for, and
// found to be whole. It must be closed.
type Restoration struct {
	Manifest Manifest
	// Accounts are those in the backup, without secrets.
	Accounts []core.Account
	Practice core.Practice

	path, fresh string
	store       *Store // of the file fresh
	key         seal.Key
	lastHash    []byte // of the last event
	unlock      func()
}

// Unpack reads what Backup wrote, to its end, and checks all of it: the store
// is sound, is of the practice, its log verifies, and the key opens each secret.
// Place says for which store it is, after a look at the manifest. With brokenLog
// a log that was changed before the backup was made is no hindrance.
//
// Nothing but new files beside that store is written, and Close removes them.
// Errors: backup.damaged, backup.newer, backup.broken_log; those of place; and
// those of the folder and the disk.
func Unpack(ctx context.Context, r io.Reader, place func(Manifest) (path string, err error), brokenLog bool) (*Restoration, error) {
	from := &source{r: r}
	u := &Restoration{unlock: func() {}}
	err := u.unpack(ctx, tar.NewReader(from), place)
	if err == nil {
		err = u.check(ctx, brokenLog)
	}
	if err == nil {
		_, err = io.Copy(io.Discard, from) // to its end: only then nothing is cut off
	}
	if from.err != nil {
		err = damaged(from.err)
	}
	if err != nil {
		return nil, errors.Join(u.explain(err), u.Close())
	}
	return u, nil
}

// source remembers why a backup can't be read: that it was changed shows when it
// is decrypted.
type source struct {
	r   io.Reader
	err error
}

// Read implements io.Reader.
func (s *source) Read(p []byte) (int, error) {
	n, err := s.r.Read(p)
	if err != nil && err != io.EOF {
		s.err = err
	}
	return n, err
}

// Close removes what was unpacked, unless it was installed.
func (u *Restoration) Close() error {
	var err error
	if u.store != nil {
		err = u.store.Close()
	}
	if u.fresh != "" {
		err = errors.Join(err, remove(u.leftovers()...))
	}
	u.unlock()
	u.store, u.fresh, u.unlock = nil, "", func() {}
	return err
}

func (u *Restoration) leftovers() []string {
	return []string{u.fresh, u.fresh + walSuffix, u.fresh + indexSuffix}
}

func (u *Restoration) unpack(ctx context.Context, in *tar.Reader, place func(Manifest) (string, error)) error {
	if err := u.readManifest(in); err != nil {
		return err
	}
	var err error
	if u.path, err = place(u.Manifest); err != nil {
		return err
	}
	if err := nextPart(in, keyPart); err != nil {
		return err
	}
	if u.key, err = seal.ReadKey(in); err != nil {
		return damaged(err)
	}
	if err := nextPart(in, storePart); err != nil {
		return err
	}
	migrations, err := embedded()
	if err != nil {
		return err
	}
	fresh := u.path + restoredSuffix
	u.store = &Store{path: fresh, practice: u.Manifest.Practice, keys: u.key, migrations: migrations, private: true}
	if err := u.store.checkFolder(); err != nil {
		return err
	}
	if u.unlock, err = lock(ctx, fresh); err != nil { // another restore
		u.unlock = func() {}
		return err
	}
	u.fresh = fresh
	if err := remove(u.leftovers()...); err != nil { // of a process that died here
		return err
	}
	return createShared(fresh, func(file *os.File) error {
		_, err := io.Copy(file, in)
		return err
	})
}

func (u *Restoration) readManifest(in *tar.Reader) error {
	if err := nextPart(in, manifestPart); err != nil {
		return err
	}
	text, err := io.ReadAll(io.LimitReader(in, longestManifest))
	if err != nil {
		return err
	}
	if err := json.Unmarshal(text, &u.Manifest); err != nil {
		return damaged(err)
	}
	migrations, err := embedded()
	if err != nil {
		return err
	}
	if m := u.Manifest; m.Form > backupForm || m.Schema > len(migrations) {
		return core.NewError(core.Internal, "backup.newer", nil, fmt.Errorf("form %d, schema %d", m.Form, m.Schema))
	}
	return nil
}

// nextPart goes to the next part of a backup, which must have that name.
func nextPart(in *tar.Reader, name string) error {
	header, err := in.Next()
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, tar.ErrHeader):
		return damaged(err)
	case err != nil:
		return err
	case header.Name != name || header.Typeflag != tar.TypeReg:
		return damaged(fmt.Errorf("it holds %q where %s should be", header.Name, name))
	}
	return nil
}

// check holds that the unpacked store is what the manifest says, and whole. An
// older schema is migrated.
func (u *Restoration) check(ctx context.Context, brokenLog bool) error {
	s := u.store
	var err error
	if s.open, err = s.connect(ctx); err != nil {
		return err
	}
	// Until it is in its place a power cut may take it. finish has it on the disk.
	if _, err := s.open.db.ExecContext(ctx, "PRAGMA synchronous = OFF"); err != nil {
		return err
	}
	err = s.inTx(ctx, reading, func(o *opened, tx *sql.Tx) error {
		if err := s.checkIntegrity(ctx, tx); err != nil {
			return err
		}
		var end head
		if u.Practice, end, err = s.loadPractice(ctx, o, tx); err != nil {
			return err
		}
		if !end.equal(head{u.Manifest.LastSeq, u.Manifest.HeadHash}) {
			return damaged(errors.New("the log does not end as the manifest says"))
		}
		if u.Accounts, err = viewAccounts(ctx, tx); err != nil {
			return err
		}
		for _, a := range u.Accounts {
			if _, err := s.loadAccount(ctx, o, tx, a.Name); err != nil {
				return err
			}
		}
		u.lastHash, err = hashOf(ctx, tx, end.seq)
		return err
	})
	if err != nil {
		return err
	}
	if _, err = s.VerifyLog(ctx); err != nil && brokenLog && isBroken(err) {
		return nil
	}
	return err
}

// hashOf returns the hash of an event, nil if there is none.
func hashOf(ctx context.Context, tx *sql.Tx, seq int64) (hash []byte, err error) {
	err = tx.QueryRowContext(ctx, "SELECT hash FROM event WHERE seq = ?", seq).Scan(&hash)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	return hash, err
}

func isBroken(err error) bool {
	var told *core.Error
	return errors.As(err, &told) && told.Sentence == "log.broken"
}

func damaged(cause error) error {
	return core.NewError(core.Internal, "backup.damaged", nil, cause)
}

// explain turns what the store says of the unpacked file into what it means for
// the backup. What is wrong with the folder or the disk stays what it is.
func (u *Restoration) explain(err error) error {
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, tar.ErrHeader) {
		return damaged(err)
	}
	about := &Store{path: u.path, practice: u.Manifest.Practice}
	err = about.explain(err)
	var told *core.Error
	if !errors.As(err, &told) {
		return fmt.Errorf("unpacking backup: %w", err)
	}
	switch told.Sentence {
	case "store.corrupt", "store.foreign", "store.other_practice", "store.secret", "key.wrong":
		return damaged(err)
	case "store.newer":
		return core.NewError(core.Internal, "backup.newer", nil, err)
	case "log.broken":
		return core.NewError(core.Conflict, "backup.broken_log", told.Args, err)
	}
	return err
}

// Replaced is what stands in the place that a backup is for.
type Replaced struct {
	// Found says that there is a store, and Readable that it can be opened.
	Found, Readable bool
	// SameLog says that its log goes on from that of the backup, and Lost how many
	// events only this store has.
	SameLog  bool
	Lost     int64
	Practice core.Practice
	Accounts []core.Account
	// Err says why it can't be read, and never will.
	Err error
}

// Look returns what stands in the place. Error: why it can't be opened now.
func (u *Restoration) Look(ctx context.Context, keys seal.Source) (Replaced, error) {
	return u.look(ctx, keys, false)
}

// look is Look; with locked, the caller holds the lock of the store.
func (u *Restoration) look(ctx context.Context, keys seal.Source, locked bool) (Replaced, error) {
	info, err := os.Lstat(u.path)
	if errors.Is(err, fs.ErrNotExist) {
		return Replaced{}, nil
	}
	if err != nil {
		return Replaced{}, err
	}
	if !info.Mode().IsRegular() {
		return Replaced{}, fmt.Errorf("%s is no file", filepath.Clean(u.path))
	}
	old := Replaced{Found: true}
	s := &Store{path: u.path, practice: u.Manifest.Practice, keys: keys, migrations: u.store.migrations, private: locked}
	if s.open, err = s.connect(ctx); err != nil {
		return old.unreadable(s.explain(err))
	}
	defer s.Close()
	err = s.inTx(ctx, reading, func(o *opened, tx *sql.Tx) error {
		var end head
		var err error
		if old.Practice, end, err = s.loadPractice(ctx, o, tx); err != nil {
			return err
		}
		if old.Accounts, err = viewAccounts(ctx, tx); err != nil {
			return err
		}
		if old.SameLog, err = u.goesOn(ctx, s, o, tx); err != nil {
			return err
		}
		old.Lost = end.seq
		if old.SameLog {
			old.Lost = end.seq - u.Manifest.LastSeq
		}
		return nil
	})
	if err != nil {
		return old.unreadable(s.explain(err))
	}
	old.Readable = true
	return old, nil
}

// goesOn reports whether the log of a store goes on from that of the backup. Its
// beginning may have been pruned since.
func (u *Restoration) goesOn(ctx context.Context, s *Store, o *opened, tx *sql.Tx) (bool, error) {
	from, err := s.loadAnchor(ctx, tx, o.logKey)
	if isBroken(err) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	if from.seq >= u.Manifest.LastSeq {
		return bytes.Equal(o.logKey, u.store.open.logKey), nil
	}
	hash, err := hashOf(ctx, tx, u.Manifest.LastSeq)
	return err == nil && bytes.Equal(hash, u.lastHash), err
}

// unreadable tells a store that is lost, which a restore may replace, from one
// that can't be opened now, which must be mended first.
func (r Replaced) unreadable(err error) (Replaced, error) {
	var told *core.Error
	if errors.As(err, &told) {
		switch told.Sentence {
		case "store.corrupt", "store.foreign", "store.other_practice", "key.wrong", "key.missing", "key.malformed", "key.machine":
			return Replaced{Found: true, Err: err}, nil
		}
	}
	return Replaced{}, err
}
