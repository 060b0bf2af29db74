package sqlite

import (
	"archive/tar"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"evry.nl/tfa/core"
	"evry.nl/tfa/storage/seal"
)

// backupForm tells the version of the form of a backup.
const backupForm = 1

// The parts of a backup, in this order.
const (
	manifestPart = "manifest.json"
	keyPart      = "tfa.key"
	storePart    = "tfa.db"
)

// Manifest says what a backup holds. It comes first in it.
type Manifest struct {
	Form     int       `json:"form"`
	Practice string    `json:"practice"`
	Schema   int       `json:"schema"`
	At       time.Time `json:"at"`
	// LastSeq and HeadHash are the end of the log.
	LastSeq  int64  `json:"last_seq"`
	HeadHash []byte `json:"head_hash"`
	// Size is how many bytes the store has.
	Size int64 `json:"size"`
}

// Backup writes all that a restore needs to w, as tar: a manifest, the key, and
// the store as it stands at one moment. It holds the key beside what the key
// seals, so w must encrypt. At is the time that the manifest bears.
//
// The pages of the store are read in one read transaction, which SQLite's
// write-ahead log keeps apart from all that is written meanwhile: nobody waits,
// and no copy ever lies on the disk. A damaged store is refused, or a copy of it
// would push the good backups out. Errors: store.corrupt, and those of w.
func (s *Store) Backup(ctx context.Context, w io.Writer, at time.Time) (Manifest, error) {
	m := Manifest{Form: backupForm, Practice: s.practice, Schema: len(s.migrations), At: at.UTC().Truncate(time.Second)}
	err := s.inTx(ctx, reading, func(o *opened, tx *sql.Tx) error {
		_, end, err := s.loadPractice(ctx, o, tx)
		if err != nil {
			return err
		}
		if err := s.checkIntegrity(ctx, tx); err != nil {
			return err
		}
		m.LastSeq, m.HeadHash = end.seq, end.hash
		query := "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size"
		if err := tx.QueryRowContext(ctx, query).Scan(&m.Size); err != nil {
			return err
		}
		return m.write(ctx, w, tx, o.key)
	})
	if err != nil {
		return Manifest{}, fmt.Errorf("backing up: %w", err)
	}
	return m, nil
}

func (m Manifest) write(ctx context.Context, w io.Writer, tx *sql.Tx, key seal.Key) error {
	out := tar.NewWriter(w)
	part := func(name string, size int64) error {
		return out.WriteHeader(&tar.Header{Name: name, Mode: 0o600, Size: size, ModTime: m.At, Format: tar.FormatPAX})
	}
	manifest, err := json.Marshal(m)
	if err != nil {
		return fmt.Errorf("writing manifest: %w", err)
	}
	var line strings.Builder
	if err := seal.WriteKey(&line, key); err != nil {
		return err
	}
	for _, p := range []struct{ name, text string }{{manifestPart, string(manifest)}, {keyPart, line.String()}} {
		if err := part(p.name, int64(len(p.text))); err != nil {
			return err
		}
		if _, err := io.WriteString(out, p.text); err != nil {
			return err
		}
	}
	if err := part(storePart, m.Size); err != nil {
		return err
	}
	if err := writePages(ctx, out, tx); err != nil {
		return err
	}
	return out.Close()
}

// writePages writes all pages of the store, as sqlite3_serialize would in
// memory.
func writePages(ctx context.Context, w io.Writer, tx *sql.Tx) error {
	rows, err := tx.QueryContext(ctx, "SELECT data FROM sqlite_dbpage ORDER BY pgno")
	if err != nil {
		return fmt.Errorf("reading pages: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var page sql.RawBytes
		if err := rows.Scan(&page); err != nil {
			return fmt.Errorf("reading pages: %w", err)
		}
		if _, err := w.Write(page); err != nil {
			return err
		}
	}
	return rows.Err()
}

// checkIntegrity has SQLite look at every page. Error: store.corrupt.
func (s *Store) checkIntegrity(ctx context.Context, tx *sql.Tx) error {
	var found string
	if err := tx.QueryRowContext(ctx, "PRAGMA integrity_check(1)").Scan(&found); err != nil {
		return err
	}
	if found != "ok" {
		return s.fault(core.Internal, "store.corrupt", fmt.Errorf("integrity_check: %s", found))
	}
	return nil
}
