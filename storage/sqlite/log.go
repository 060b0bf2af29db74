package sqlite

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"evry.nl/tfa/core"
)

// head is the end of the log: the number of its last event, and a hash over
// that and the event's own. Without the log key nobody makes one for a log
// that was cut short.
type head struct {
	seq  int64
	hash []byte
}

// What a hash is over, so that none of them passes for another.
const (
	hashesFirst = "tfa-log-1 first"
	hashesEvent = "tfa-log-1 event"
	hashesEnd   = "tfa-log-1 end"
	// hashesAnchor is over the last event that was deleted for its age.
	hashesAnchor = "tfa-log-1 anchor"
)

// line is an event as it stands in the table.
type line struct {
	seq, at                                       int64
	kind, actor, account, server, session, client string
	detail                                        string
	hash                                          []byte
}

const lineColumns = "seq, at, kind, actor, account, server, session, client, detail, hash"

func (l *line) scan(scan func(...any) error) error {
	return scan(&l.seq, &l.at, &l.kind, &l.actor, &l.account, &l.server, &l.session, &l.client, &l.detail, &l.hash)
}

// keyed is HMAC-SHA-256 over parts with their lengths before them, so that no
// two lists of parts yield the same bytes.
func keyed(logKey []byte, parts ...[]byte) []byte {
	mac := hmac.New(sha256.New, logKey)
	var length [8]byte
	for _, part := range parts {
		binary.BigEndian.PutUint64(length[:], uint64(len(part)))
		mac.Write(length[:])
		mac.Write(part)
	}
	return mac.Sum(nil)
}

func number(n int64) []byte { return binary.BigEndian.AppendUint64(nil, uint64(n)) }

// firstHash stands before the first event.
func firstHash(logKey []byte, practice string) []byte {
	return keyed(logKey, []byte(hashesFirst), []byte(practice))
}

// after returns the hash of a line that follows the line with hash previous.
func (l line) after(previous, logKey []byte) []byte {
	return keyed(logKey, []byte(hashesEvent), previous, number(l.seq), number(l.at),
		[]byte(l.kind), []byte(l.actor), []byte(l.account), []byte(l.server), []byte(l.session), []byte(l.client),
		[]byte(l.detail))
}

func endOf(logKey []byte, seq int64, last []byte) head {
	return head{seq, keyed(logKey, []byte(hashesEnd), number(seq), last)}
}

func (h head) equal(other head) bool { return h.seq == other.seq && hmac.Equal(h.hash, other.hash) }

// broken names the first event that is not what was written.
func (s *Store) broken(seq int64) error {
	return core.NewError(core.Internal, "log.broken", core.Args{"Seq": seq, "Practice": s.practice}, nil)
}

// appendEvents writes events behind the end of the log and returns the new end.
// It refuses to go on from an end that was tampered with: the new end would
// cover it up. Error: log.broken.
func (s *Store) appendEvents(ctx context.Context, tx *sql.Tx, logKey []byte, end head, events []core.Event) (head, error) {
	last := firstHash(logKey, s.practice)
	if end.seq > 0 {
		err := tx.QueryRowContext(ctx, "SELECT hash FROM event WHERE seq = ?", end.seq).Scan(&last)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return head{}, fmt.Errorf("reading the end of the log: %w", err)
		}
	}
	if !endOf(logKey, end.seq, last).equal(end) {
		return head{}, s.broken(end.seq)
	}
	seq := end.seq
	for i := range events {
		seq++
		events[i].Seq = seq
		l, err := lineOf(events[i])
		if err != nil {
			return head{}, err
		}
		last = l.after(last, logKey)
		_, err = tx.ExecContext(ctx, "INSERT INTO event ("+lineColumns+") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
			l.seq, l.at, l.kind, l.actor, l.account, l.server, l.session, l.client, l.detail, last)
		if err != nil {
			return head{}, fmt.Errorf("writing event: %w", err)
		}
	}
	return endOf(logKey, seq, last), nil
}

func lineOf(e core.Event) (line, error) {
	l := line{
		seq: e.Seq, at: e.At.UnixMicro(), kind: string(e.Kind), actor: e.Actor, account: e.Account,
		server: e.Server, session: e.Session, client: e.Client,
	}
	if len(e.Detail) > 0 {
		detail, err := json.Marshal(e.Detail)
		if err != nil {
			return line{}, fmt.Errorf("writing detail: %w", err)
		}
		l.detail = string(detail)
	}
	return l, nil
}

func (l line) event() (core.Event, error) {
	e := core.Event{
		Seq: l.seq, At: time.UnixMicro(l.at).UTC(), Kind: core.Kind(l.kind), Actor: l.actor, Account: l.account,
		Server: l.server, Session: l.session, Client: l.client,
	}
	if l.detail == "" {
		return e, nil
	}
	if err := json.Unmarshal([]byte(l.detail), &e.Detail); err != nil {
		return core.Event{}, fmt.Errorf("reading detail of event %d: %w", l.seq, err)
	}
	return e, nil
}

// verifyBatch is how many events are checked in one transaction: a million must
// neither fill the memory nor keep a logon waiting for the connection.
const verifyBatch = 1000

// VerifyLog implements core.Store. Error: log.broken with the Seq of the first
// event that was edited, deleted, moved or put in between; one past the last if
// the end itself is wrong, one past the anchor if that is.
func (s *Store) VerifyLog(ctx context.Context) (int64, error) {
	w := &walk{}
	for w.seq == 0 || w.seq < w.end.seq {
		before := w.seq
		if err := s.inTx(ctx, reading, func(o *opened, tx *sql.Tx) error { return s.walkOn(ctx, o, tx, w) }); err != nil {
			return w.events, fmt.Errorf("verifying log: %w", err)
		}
		if w.seq == before { // cut off here
			break
		}
	}
	if w.highest > w.end.seq || !endOf(w.logKey, w.seq, w.last).equal(w.end) {
		return w.events, s.broken(w.seq + 1)
	}
	return w.events, nil
}

// walk is how far the log was verified.
type walk struct {
	seq, events, highest int64
	last, logKey         []byte // last is the hash of event seq
	end                  head   // as it stood at the first step
}

// walkOn checks the events that follow, verifyBatch at most. The log may have
// been pruned since the step before: what was deleted then was in order.
func (s *Store) walkOn(ctx context.Context, o *opened, tx *sql.Tx, w *walk) error {
	if w.logKey == nil {
		w.logKey = o.logKey
		var err error
		if w.end, err = loadHead(ctx, tx); err != nil {
			return err
		}
		if err := tx.QueryRowContext(ctx, "SELECT ifnull(max(seq), 0) FROM event").Scan(&w.highest); err != nil {
			return err
		}
	}
	from, err := s.loadAnchor(ctx, tx, w.logKey)
	if err != nil {
		return err
	}
	if from.seq >= w.seq {
		w.seq, w.last = from.seq, from.hash
	}
	var lowest int64
	if err := tx.QueryRowContext(ctx, "SELECT ifnull(min(seq), 0) FROM event").Scan(&lowest); err != nil {
		return err
	}
	if 0 < lowest && lowest <= from.seq { // what was deleted came back
		return s.broken(lowest)
	}
	rows, err := tx.QueryContext(ctx, "SELECT "+lineColumns+" FROM event WHERE seq > ? AND seq <= ? ORDER BY seq LIMIT ?",
		w.seq, w.end.seq, verifyBatch)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var l line
		if err := l.scan(rows.Scan); err != nil {
			return err
		}
		hash := l.after(w.last, w.logKey)
		if l.seq != w.seq+1 || !hmac.Equal(hash, l.hash) {
			return s.broken(w.seq + 1)
		}
		w.seq, w.last = l.seq, hash
		w.events++
	}
	return rows.Err()
}
