package sqlite

import (
	"context"
	"crypto/hmac"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"evry.nl/tfa/core"
)

// pruneBatch is how many events are deleted in one transaction: a few tenths of
// a second, which no logon notices.
const pruneBatch = 10_000

// anchor is what is left of the events that were deleted: the hash of the last.
// The zero seq stands before the first event of all.
type anchor struct {
	seq  int64
	hash []byte
}

func (a anchor) mark(logKey []byte, practice string) []byte {
	return keyed(logKey, []byte(hashesAnchor), []byte(practice), number(a.seq), a.hash)
}

// loadAnchor returns where the log begins. Error: log.broken if the anchor is
// none that was set with the log key.
func (s *Store) loadAnchor(ctx context.Context, tx *sql.Tx, logKey []byte) (anchor, error) {
	var a anchor
	var mark []byte
	err := tx.QueryRowContext(ctx, "SELECT anchor_seq, anchor_hash, anchor_mark FROM practice").Scan(&a.seq, &a.hash, &mark)
	if err != nil {
		return anchor{}, fmt.Errorf("reading the anchor of the log: %w", err)
	}
	if a.seq == 0 {
		return anchor{hash: firstHash(logKey, s.practice)}, nil
	}
	if !hmac.Equal(mark, a.mark(logKey, s.practice)) {
		return anchor{}, s.broken(a.seq + 1)
	}
	return a, nil
}

// PruneLog implements core.Store. What is deleted is overwritten, because
// secure_delete is on, and its pages hold the events to come: the file does not
// shrink. VACUUM would keep logons waiting while it writes everything anew.
func (s *Store) PruneLog(ctx context.Context, before time.Time, act func(*core.Practice, int64) ([]core.Event, error)) error {
	// A log that was tampered with is evidence.
	if _, err := s.VerifyLog(ctx); err != nil {
		return fmt.Errorf("pruning log: %w", err)
	}
	upTo, err := s.lastBefore(ctx, before)
	for pruned := true; err == nil && pruned; {
		pruned, err = s.prunePiece(ctx, upTo, act)
	}
	if err != nil {
		return fmt.Errorf("pruning log: %w", err)
	}
	err = s.onCurrent(ctx, func(o *opened) error {
		return o.alone(ctx, func(conn *sql.Conn) error { return emptyWAL(ctx, conn) })
	})
	if core.CodeOf(err) == core.Locked {
		return nil // somebody reads what the -wal holds: it goes when they are done
	}
	return err
}

// lastBefore returns the last event of those that stand before the first one
// which is not older than that time, or is the newest. They are fixed here: what
// is appended meanwhile changes nothing.
func (s *Store) lastBefore(ctx context.Context, before time.Time) (seq int64, err error) {
	err = s.inTx(ctx, reading, func(_ *opened, tx *sql.Tx) error {
		return tx.QueryRowContext(ctx, `SELECT min(ifnull((SELECT min(seq) FROM event WHERE at >= ?), head_seq), head_seq) - 1
			FROM practice`, ceilMicros(before)).Scan(&seq)
	})
	return seq, err
}

// prunePiece deletes the oldest events, none after upTo, and reports whether it
// deleted any.
func (s *Store) prunePiece(ctx context.Context, upTo int64, act func(*core.Practice, int64) ([]core.Event, error)) (pruned bool, err error) {
	err = s.change(ctx, func(o *opened, tx *sql.Tx, p *core.Practice) ([]core.Event, error) {
		from, err := s.loadAnchor(ctx, tx, o.logKey)
		if err != nil {
			return nil, err
		}
		to := anchor{seq: min(upTo, from.seq+pruneBatch)}
		deleted := to.seq - from.seq
		if deleted <= 0 {
			return nil, nil
		}
		events, err := act(p, deleted)
		if err != nil || len(events) == 0 {
			return nil, err
		}
		err = tx.QueryRowContext(ctx, "SELECT hash FROM event WHERE seq = ?", to.seq).Scan(&to.hash)
		if errors.Is(err, sql.ErrNoRows) {
			return nil, s.broken(to.seq)
		}
		if err != nil {
			return nil, err
		}
		pruned = true
		return events, s.deleteUpTo(ctx, tx, to, o.logKey)
	})
	return pruned && err == nil, err
}

func (s *Store) deleteUpTo(ctx context.Context, tx *sql.Tx, to anchor, logKey []byte) error {
	_, err := tx.ExecContext(ctx, "UPDATE practice SET anchor_seq = ?, anchor_hash = ?, anchor_mark = ?",
		to.seq, to.hash, to.mark(logKey, s.practice))
	if err == nil {
		_, err = tx.ExecContext(ctx, "DELETE FROM event WHERE seq <= ?", to.seq)
	}
	if err != nil {
		return fmt.Errorf("deleting events: %w", err)
	}
	return nil
}

// emptyWAL writes what stands in the -wal into the file, and truncates it. It
// waits for readers. Error: context.DeadlineExceeded if they take too long.
func emptyWAL(ctx context.Context, conn *sql.Conn) error {
	var busy, frames, written int
	err := conn.QueryRowContext(ctx, "PRAGMA wal_checkpoint(TRUNCATE)").Scan(&busy, &frames, &written)
	if err != nil {
		return fmt.Errorf("emptying the write-ahead log: %w", err)
	}
	if busy != 0 {
		return fmt.Errorf("emptying the write-ahead log: %w", context.DeadlineExceeded)
	}
	return nil
}
