// Package sqlite keeps a practice in one SQLite file, which the programs of all
// its accounts open themselves. Beside it stand SQLite's -wal and -shm, and a
// .lock on which writers wait.
package sqlite

import (
	"context"
	"database/sql"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"sync"

	"evry.nl/tfa/core"
	"evry.nl/tfa/storage/seal"
)

// Store is the store of one practice. It may be used by many goroutines.
type Store struct {
	path, practice string
	keys           seal.Source
	migrations     []string
	// Told, if set before the store is used, is told each event once it is kept.
	Told func(core.Event)
	// private says that nobody else knows of the file yet, or can get at it.
	private bool

	mu   sync.Mutex
	open *opened // nil once closed
	// stale says that open has a key of yesterday.
	stale bool
}

// opened is a file that passed the checks, with its one connection.
type opened struct {
	path string
	db   *sql.DB
	// file tells this file from one that later stands at the same path.
	file os.FileInfo
	// key is what the store is sealed with, and sealed the log key as it stood in
	// the file then: another one says that the key was changed.
	key    seal.Key
	box    seal.Box
	sealed []byte
	logKey []byte
	// making says that nobody else knows of this file yet.
	making bool
}

var _ core.Store = (*Store)(nil)

// Open opens the store of a practice at path, and makes it if it is missing.
// The folder must be there. The errors are of type *core.Error where the person
// can do something; whatever is refused is left as it was.
func Open(ctx context.Context, path, practice string, keys seal.Source) (*Store, error) {
	return open(ctx, path, practice, keys, true)
}

// OpenExisting is Open for who must not make a store: to the gate a missing one
// is a fault, for in a new one two-factor is off. Error: Missing.
func OpenExisting(ctx context.Context, path, practice string, keys seal.Source) (*Store, error) {
	return open(ctx, path, practice, keys, false)
}

func open(ctx context.Context, path, practice string, keys seal.Source, make bool) (*Store, error) {
	migrations, err := embedded()
	if err != nil {
		return nil, err
	}
	return openWith(ctx, path, practice, keys, make, migrations)
}

// openWith is open with the migrations handed in.
func openWith(ctx context.Context, path, practice string, keys seal.Source, make bool, migrations []string) (*Store, error) {
	s := &Store{path: path, practice: practice, keys: keys, migrations: migrations}
	key, err := s.likeliest()
	if err != nil {
		return nil, err
	}
	if err := s.checkFolder(); err != nil {
		return nil, err
	}
	if make {
		if err := s.create(ctx, key); err != nil {
			return nil, fmt.Errorf("creating store: %w", s.explain(err))
		}
	}
	if s.open, err = s.connect(ctx); err != nil {
		return nil, fmt.Errorf("opening store: %w", s.explain(err))
	}
	return s, nil
}

// Close implements core.Store. Closing again does nothing.
func (s *Store) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.open == nil {
		return nil
	}
	err := s.open.db.Close()
	s.open = nil
	if err != nil {
		return fmt.Errorf("closing store: %w", s.explain(err))
	}
	return nil
}

// Version implements core.Store. There is no change without an event, so the
// end of the log says it all: also to another process, and after reopening.
func (s *Store) Version(ctx context.Context) (core.Version, error) {
	var end head
	err := s.inTx(ctx, reading, func(_ *opened, tx *sql.Tx) (err error) {
		end, err = loadHead(ctx, tx)
		return err
	})
	if err != nil {
		return "", fmt.Errorf("asking for the version: %w", err)
	}
	return core.Version(fmt.Sprintf("%d-%s", end.seq, base64.RawURLEncoding.EncodeToString(end.hash))), nil
}

// View implements core.Store.
func (s *Store) View(ctx context.Context) (core.Practice, []core.Account, error) {
	var practice core.Practice
	var accounts []core.Account
	err := s.inTx(ctx, reading, func(o *opened, tx *sql.Tx) (err error) {
		if practice, _, err = s.loadPractice(ctx, o, tx); err != nil {
			return err
		}
		accounts, err = viewAccounts(ctx, tx)
		return err
	})
	if err != nil {
		return core.Practice{}, nil, fmt.Errorf("viewing practice: %w", err)
	}
	return practice, accounts, nil
}

// ChangePractice implements core.Store.
func (s *Store) ChangePractice(ctx context.Context, act func(*core.Practice) ([]core.Event, error)) error {
	return s.change(ctx, func(_ *opened, _ *sql.Tx, p *core.Practice) ([]core.Event, error) { return act(p) })
}

// ChangeAccount implements core.Store.
func (s *Store) ChangeAccount(ctx context.Context, account string, act func(*core.Practice, *core.Account) ([]core.Event, error)) error {
	return s.change(ctx, func(o *opened, tx *sql.Tx, p *core.Practice) ([]core.Event, error) {
		before, err := s.loadAccount(ctx, o, tx, account)
		if err != nil {
			return nil, err
		}
		after := before.Account
		events, err := act(p, &after)
		if err != nil || len(events) == 0 {
			return nil, err
		}
		switch {
		case after.Name == account:
			return events, s.saveAccount(ctx, o, tx, before, after)
		case !before.Known:
			return nil, errRenamed
		case after.Name == "":
			return events, removeAccount(ctx, tx, account)
		}
		return events, s.renameAccount(ctx, o, tx, account, after)
	})
}

// change runs act on the practice and stores what it made of it with its
// events, or nothing.
func (s *Store) change(ctx context.Context, act func(*opened, *sql.Tx, *core.Practice) ([]core.Event, error)) error {
	var events []core.Event
	err := s.inTx(ctx, writing, func(o *opened, tx *sql.Tx) (err error) {
		events, err = s.changeIn(ctx, o, tx, act)
		return err
	})
	if errors.Is(err, errNoEvent) {
		return nil
	}
	if err == nil {
		s.tell(events)
	}
	return err
}

// tell tells of events that are kept.
func (s *Store) tell(events []core.Event) {
	for _, event := range events {
		if s.Told != nil {
			s.Told(event)
		}
	}
}

// changeIn is change in a transaction, and returns what it has written into the
// log. Error: errNoEvent, to undo it.
func (s *Store) changeIn(ctx context.Context, o *opened, tx *sql.Tx, act func(*opened, *sql.Tx, *core.Practice) ([]core.Event, error)) ([]core.Event, error) {
	practice, end, err := s.loadPractice(ctx, o, tx)
	if err != nil {
		return nil, err
	}
	name := practice.Name
	events, err := act(o, tx, &practice)
	switch {
	case err != nil:
		return nil, err
	case len(events) == 0:
		return nil, errNoEvent
	case practice.Name != name:
		return nil, errRenamed
	}
	if end, err = s.appendEvents(ctx, tx, o.logKey, end, events); err != nil {
		return nil, err
	}
	return events, savePractice(ctx, tx, practice, end)
}

// inTx runs fn in a transaction on the file that stands at the path now.
func (s *Store) inTx(ctx context.Context, for_ access, fn func(*opened, *sql.Tx) error) error {
	return s.onCurrent(ctx, func(now *opened) error {
		return now.inTx(ctx, for_, func(tx *sql.Tx) error { return fn(now, tx) })
	})
}

// onCurrent runs fn on the file that stands at the path now, once more if it was
// replaced or sealed with another key meanwhile.
func (s *Store) onCurrent(ctx context.Context, fn func(*opened) error) error {
	for {
		now, err := s.current(ctx)
		if err != nil {
			return err
		}
		err = fn(now)
		if errors.Is(err, errResealed) {
			s.outdated(now)
			continue
		}
		if !errors.Is(err, errReplaced) {
			return s.explain(err)
		}
	}
}

// outdated has the next act open the file anew, with the key of today.
func (s *Store) outdated(o *opened) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stale = s.stale || s.open == o
}

// current returns the open file, after opening it anew if another stands in its
// place or its key was changed. Errors: Missing while there is none, those of Open.
func (s *Store) current(ctx context.Context) (*opened, error) {
	info, err := s.stat()
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.open == nil:
		return nil, errStoreShut
	case !s.stale && os.SameFile(info, s.open.file):
		return s.open, nil
	}
	fresh, err := s.connect(ctx)
	if err != nil {
		return nil, fmt.Errorf("reopening store: %w", s.explain(err))
	}
	// SQLite sees that the old file has lost its name, and leaves the -wal that
	// now belongs to the new one.
	s.open.db.Close()
	s.open, s.stale = fresh, false
	return fresh, nil
}
