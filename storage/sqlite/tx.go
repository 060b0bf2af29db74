package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"github.com/gofrs/flock"

	"evry.nl/tfa/core"
)

// patience is how long a write waits for others before it gives up: longer than
// any queue of logons, shorter than a person's.
const patience = 10 * time.Second

// access says what a transaction is for.
type access bool

const (
	reading access = false // sees one state of the store, keeps nobody waiting
	writing access = true  // the only one that writes, among all processes
)

// inTx runs fn in a transaction, which is kept if fn returns nil, and undone if
// it errs or panics. A writer is alone: see there.
func (o *opened) inTx(ctx context.Context, for_ access, fn func(*sql.Tx) error) error {
	if for_ == writing {
		return o.alone(ctx, func(conn *sql.Conn) error { return transact(ctx, conn, writing, fn) })
	}
	conn, err := o.db.Conn(ctx)
	if err != nil {
		return fmt.Errorf("taking the connection: %w", err)
	}
	defer conn.Close()
	return transact(ctx, conn, reading, fn)
}

// alone runs fn while no other process writes. It waits at an advisory lock of
// the operating system, which serves in order: SQLite's own waiting lets some
// starve. It takes the connection first, so that nobody holds up other processes
// while waiting for this one.
func (o *opened) alone(ctx context.Context, fn func(*sql.Conn) error) error {
	conn, err := o.db.Conn(ctx)
	if err != nil {
		return fmt.Errorf("taking the connection: %w", err)
	}
	defer conn.Close()
	if !o.making {
		unlock, err := lock(ctx, o.path)
		if err != nil {
			return err
		}
		defer unlock()
		if info, err := os.Stat(o.path); err != nil || !os.SameFile(info, o.file) {
			return errReplaced // while waiting
		}
	}
	return fn(conn)
}

// transact is the only caller of Begin, Commit and Rollback.
func transact(ctx context.Context, conn *sql.Conn, for_ access, fn func(*sql.Tx) error) error {
	tx, err := conn.BeginTx(ctx, &sql.TxOptions{ReadOnly: for_ == reading})
	if err != nil {
		return fmt.Errorf("beginning transaction: %w", err)
	}
	defer tx.Rollback() // does nothing after Commit
	if err := fn(tx); err != nil {
		return err
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("committing: %w", err)
	}
	return nil
}

// lock takes the advisory lock of the store at path and returns how to let it
// go. Errors: store.busy when patience or ctx ends first.
func lock(ctx context.Context, path string) (unlock func(), err error) {
	file := flock.New(path+lockSuffix, flock.SetFlag(os.O_RDWR))
	got, err := file.TryLock()
	if errors.Is(err, fs.ErrNotExist) {
		if err := createShared(path+lockSuffix, empty); err != nil && !errors.Is(err, fs.ErrExist) {
			return nil, fmt.Errorf("creating lock file: %w", err)
		}
		got, err = file.TryLock()
	}
	switch {
	case err != nil:
		return nil, fmt.Errorf("locking: %w", err)
	case got:
		return func() { file.Unlock() }, nil
	}
	return waitForLock(ctx, path, file)
}

// waitForLock stands in the kernel's queue, which knows no deadline; so a
// goroutine stands there, and lets go at once if nobody waits for it any more.
func waitForLock(ctx context.Context, path string, file *flock.Flock) (unlock func(), err error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	result := make(chan error, 1)
	go func() { result <- file.Lock() }()
	select {
	case err := <-result:
		if err != nil {
			return nil, fmt.Errorf("locking: %w", err)
		}
		return func() { file.Unlock() }, nil
	case <-ctx.Done():
		go func() {
			if <-result == nil {
				file.Unlock()
			}
		}()
		if errors.Is(ctx.Err(), context.Canceled) {
			return nil, ctx.Err()
		}
		return nil, core.NewError(core.Locked, "store.busy", core.Args{"Path": path}, ctx.Err())
	}
}
