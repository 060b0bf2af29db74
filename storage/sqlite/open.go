package sqlite

import (
	"context"
	"crypto/rand"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"evry.nl/tfa/core"
	"evry.nl/tfa/storage/durable"
	"evry.nl/tfa/storage/seal"
)

// applicationID marks our files among SQLite's: "TFA1".
const applicationID = 0x54464131

// smallestFile is the size of SQLite's smallest page. What is smaller, SQLite
// takes for a new database.
const smallestFile = 512

//go:embed migrations/*.sql
var migrationFiles embed.FS

// embedded returns the migrations in order. The nth leads to schema n; none is
// ever changed after its release.
func embedded() ([]string, error) {
	names, err := fs.Glob(migrationFiles, "migrations/*.sql") // sorted
	if err != nil {
		return nil, fmt.Errorf("listing migrations: %w", err)
	}
	var migrations []string
	for _, name := range names {
		text, err := migrationFiles.ReadFile(name)
		if err != nil {
			return nil, fmt.Errorf("reading migration: %w", err)
		}
		migrations = append(migrations, string(text))
	}
	return migrations, nil
}

// database returns the one connection to the file at path. It is made on first
// use, and never makes a file.
func database(path string) (*sql.DB, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("finding the store: %w", err)
	}
	path = filepath.ToSlash(path)
	if !strings.HasPrefix(path, "/") { // C:/… on Windows
		path = "/" + path
	}
	query := url.Values{"mode": {"rw"}, "_txlock": {"immediate"}, "_pragma": {
		fmt.Sprintf("busy_timeout(%d)", patience.Milliseconds()),
		"synchronous(FULL)",   // a logon that was let through is never forgotten
		"foreign_keys(ON)",    //
		"trusted_schema(OFF)", // the file is not ours alone
		"secure_delete(ON)",   // a cleared secret leaves the free pages too
	}}
	location := url.URL{Scheme: "file", Path: path, RawQuery: query.Encode()}
	db, err := sql.Open("sqlite", location.String())
	if err != nil {
		return nil, fmt.Errorf("opening database: %w", err)
	}
	db.SetMaxOpenConns(1) // within a process too, waiting is fairer than retrying
	return db, nil
}

// create makes the store unless there is one. It gets its name when it is
// complete, so that what stands at the path is a whole store or damaged.
func (s *Store) create(ctx context.Context, key seal.Key) error {
	if _, err := os.Stat(s.path); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	unlock, err := lock(ctx, s.path)
	if err != nil {
		return err
	}
	defer unlock()
	if _, err := os.Stat(s.path); !errors.Is(err, fs.ErrNotExist) {
		return err // another process made it meanwhile
	}
	if info, err := os.Stat(s.path + walSuffix); err == nil && info.Size() > 0 {
		// Somebody took a store away: its log must not end up in a new one, and
		// nobody switches two-factor off by deleting a file.
		return s.fault(core.Missing, "store.gone", fmt.Errorf("%s is still there", s.path+walSuffix))
	}
	fresh := s.path + newSuffix
	leftovers := []string{fresh, fresh + walSuffix, fresh + indexSuffix}
	if err := remove(leftovers...); err != nil { // of a process that died here
		return err
	}
	if err := s.fill(ctx, fresh, key); err != nil {
		return errors.Join(err, remove(leftovers...))
	}
	if err := os.Rename(fresh, s.path); err != nil {
		return err
	}
	return durable.SyncFolder(filepath.Dir(s.path))
}

// fill makes a complete store in the file fresh.
func (s *Store) fill(ctx context.Context, fresh string, key seal.Key) error {
	box, err := seal.NewBox(key)
	if err != nil {
		return err
	}
	if err := createShared(fresh, empty); err != nil {
		return err
	}
	db, err := database(fresh)
	if err != nil {
		return err
	}
	o := &opened{path: fresh, db: db, making: true}
	err = o.setWAL(ctx)
	if err == nil {
		err = o.inTx(ctx, writing, func(tx *sql.Tx) error { return s.writeFirst(ctx, tx, box) })
	}
	if closing := db.Close(); err == nil {
		err = closing
	}
	return err
}

// writeFirst writes the schema and the practice, two-factor off.
func (s *Store) writeFirst(ctx context.Context, tx *sql.Tx, box seal.Box) error {
	if _, err := tx.ExecContext(ctx, fmt.Sprintf("PRAGMA application_id = %d", applicationID)); err != nil {
		return err
	}
	if err := s.migrate(ctx, tx, 0); err != nil {
		return err
	}
	logKey := make([]byte, 32)
	rand.Read(logKey) // never fails: crypto/rand ends the program instead
	end := endOf(logKey, 0, firstHash(logKey, s.practice))
	_, err := tx.ExecContext(ctx, "INSERT INTO practice (only, name, log_key, head_hash) VALUES (1, ?, ?, ?)",
		s.practice, box.Seal(logKey, s.logKeyPlace()), end.hash)
	return err
}

// migrate brings the schema from a version to the newest.
func (s *Store) migrate(ctx context.Context, tx *sql.Tx, from int) error {
	for _, migration := range s.migrations[from:] {
		if _, err := tx.ExecContext(ctx, migration); err != nil {
			return fmt.Errorf("migrating: %w", err)
		}
	}
	_, err := tx.ExecContext(ctx, fmt.Sprintf("PRAGMA user_version = %d", len(s.migrations)))
	return err
}

// connect opens the file at the path, never makes one, and refuses what it
// can't trust. An older schema is migrated.
func (s *Store) connect(ctx context.Context) (*opened, error) {
	info, err := s.stat()
	if err != nil {
		return nil, err
	}
	if err := s.checkFile(info); err != nil {
		return nil, err
	}
	db, err := database(s.path)
	if err != nil {
		return nil, err
	}
	o := &opened{path: s.path, db: db, file: info, making: s.private}
	if err := s.admit(ctx, o); err != nil {
		db.Close()
		return nil, err
	}
	return o, nil
}

// admit checks a file and makes it ready. It takes the lock, because the first
// to open a file after a crash repairs it, and others would wait in disorder.
func (s *Store) admit(ctx context.Context, o *opened) error {
	if size := o.file.Size(); size < smallestFile {
		return s.fault(core.Internal, "store.corrupt", fmt.Errorf("the file has %d bytes", size))
	}
	err := o.inTx(ctx, writing, func(tx *sql.Tx) error {
		version, err := s.schema(ctx, tx)
		if err != nil {
			return err
		}
		if err := s.unlockLog(ctx, o, tx); err != nil {
			return err
		}
		if version == len(s.migrations) {
			return nil
		}
		return s.migrate(ctx, tx, version)
	})
	if err != nil {
		return err
	}
	return o.setWAL(ctx)
}

// schema returns the version of the schema. Errors: store.foreign, store.newer.
func (s *Store) schema(ctx context.Context, tx *sql.Tx) (int, error) {
	var id, version int
	if err := tx.QueryRowContext(ctx, "PRAGMA application_id").Scan(&id); err != nil {
		return 0, err
	}
	if id != applicationID {
		return 0, s.fault(core.Internal, "store.foreign", fmt.Errorf("application_id is %#x", id))
	}
	if err := tx.QueryRowContext(ctx, "PRAGMA user_version").Scan(&version); err != nil {
		return 0, err
	}
	switch {
	case version > len(s.migrations):
		return 0, s.newer(version)
	case version < 1:
		return 0, s.fault(core.Internal, "store.corrupt", fmt.Errorf("schema %d", version))
	}
	return version, nil
}

// unlockLog opens the log key, by which it knows whether practice and key are
// the right ones. It reads what every schema has. Errors: store.other_practice,
// key.wrong.
func (s *Store) unlockLog(ctx context.Context, o *opened, tx *sql.Tx) error {
	var name string
	err := tx.QueryRowContext(ctx, "SELECT name, log_key FROM practice").Scan(&name, &o.sealed)
	if errors.Is(err, sql.ErrNoRows) {
		return s.fault(core.Internal, "store.corrupt", err)
	}
	if err != nil {
		return err
	}
	if name != s.practice {
		return core.NewError(core.Internal, "store.other_practice",
			core.Args{"Path": s.path, "Practice": s.practice, "Other": name}, nil)
	}
	keys, err := s.keys.Keys() // once more: with the lock, nobody is changing them
	if err != nil {
		return err
	}
	for n, key := range keys {
		box, err := seal.NewBox(key)
		if err != nil {
			continue
		}
		logKey, err := box.Open(o.sealed, s.logKeyPlace())
		if err != nil {
			continue
		}
		o.key, o.box, o.logKey = key, box, logKey
		if file, ok := s.keys.(seal.KeyFile); ok && n > 0 {
			file.Adopt() // who may not, leaves it to somebody who may
		}
		return nil
	}
	return s.fault(core.Internal, "key.wrong", seal.ErrNotOpened)
}

// likeliest returns the key that a new store is sealed with. Errors: key.wrong,
// and those of the source.
func (s *Store) likeliest() (seal.Key, error) {
	keys, err := s.keys.Keys()
	if err != nil {
		return seal.Key{}, err
	}
	if len(keys) == 0 || keys[0].IsZero() {
		return seal.Key{}, s.fault(core.Internal, "key.wrong", errors.New("there is no key"))
	}
	return keys[0], nil
}

func (s *Store) logKeyPlace() seal.Place {
	return seal.Place{Practice: s.practice, Table: "practice", Column: "log_key", Row: s.practice}
}

// setWAL chooses the write-ahead log: readers and the writer don't wait for each
// other. The file keeps it, so this writes nothing but the first time.
func (o *opened) setWAL(ctx context.Context) error {
	var mode string
	if err := o.db.QueryRowContext(ctx, "PRAGMA journal_mode = WAL").Scan(&mode); err != nil {
		return fmt.Errorf("setting the journal mode: %w", err)
	}
	if mode != "wal" {
		return fmt.Errorf("setting the journal mode: it stays %s", mode)
	}
	return nil
}
