//go:build linux

package sqlite

import (
	"database/sql"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"evry.nl/tfa/core"
	"evry.nl/tfa/storage/seal"
)

// prune deletes the events of addMany that are older than its nth.
func prune(t *testing.T, s core.Store, n int64) {
	t.Helper()
	must(t, s.PruneLog(t.Context(), time.Unix(1_700_000_000+n, 0), func(*core.Practice, int64) ([]core.Event, error) {
		return []core.Event{{At: upkeepNow, Kind: core.LogPruned}}, nil
	}))
}

// What is deleted for its age leaves an anchor, which nobody forges without the
// log key.
func TestAForgedAnchorIsFound(t *testing.T) {
	key := seal.NewKey()
	intact := mustOpen(t, filepath.Join(folder(t), "tfa.db"), key)
	addMany(t, intact, 2000)
	prune(t, intact, 500)
	if n, err := intact.VerifyLog(t.Context()); n != 1501 || err != nil {
		t.Fatalf("before: %d, %v", n, err)
	}
	must(t, intact.Close())
	const anchor600 = "UPDATE practice SET anchor_seq = 600, anchor_hash = (SELECT hash FROM event WHERE seq = 600); "
	const cut600 = "DELETE FROM event WHERE seq <= 600; "
	for name, test := range map[string]struct {
		tamper string
		seq    int64
	}{
		"more_is_deleted":             {cut600, 501},
		"the_anchor_is_moved":         {"UPDATE practice SET anchor_seq = 600; " + cut600, 601},
		"and_has_the_hash_of_there":   {anchor600 + cut600, 601},
		"and_the_hash_for_a_mark":     {anchor600 + cut600 + "UPDATE practice SET anchor_mark = anchor_hash", 601},
		"and_the_mark_of_the_head":    {anchor600 + cut600 + "UPDATE practice SET anchor_mark = head_hash", 601},
		"the_anchor_is_taken_away":    {"UPDATE practice SET anchor_seq = 0, anchor_hash = NULL, anchor_mark = NULL", 1},
		"the_anchor_has_another_hash": {"UPDATE practice SET anchor_hash = zeroblob(32)", 501},
		"the_anchor_has_another_mark": {"UPDATE practice SET anchor_mark = zeroblob(32)", 501},
		"a_deleted_event_comes_back": {
			"INSERT INTO event SELECT 500, at, kind, actor, account, server, session, client, detail, hash FROM event WHERE seq = 501", 500},
		"the_first_event_is_edited": {"UPDATE event SET actor = 'x' WHERE seq = 501", 501},
		"the_rest_is_deleted":       {"DELETE FROM event WHERE seq > 700", 701},
		"all_of_it_is_deleted":      {"DELETE FROM event", 501},
		"and_the_head_is_set_back": {
			"DELETE FROM event; UPDATE practice SET head_seq = 500, head_hash = anchor_hash", 501},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(folder(t), "tfa.db")
			putStore(t, path, contents(t, intact.path))
			s := mustOpen(t, path, key)
			tamper(t, s.path, "PRAGMA ignore_check_constraints = ON", test.tamper)
			_, err := s.VerifyLog(t.Context())
			var told *core.Error
			if !errors.As(err, &told) || told.Sentence != "log.broken" || told.Args["Seq"] != test.seq {
				t.Errorf("got %v, want the sentence log.broken with Seq %d", err, test.seq)
			}
			// Evidence is not deleted.
			err = s.PruneLog(t.Context(), time.Unix(1_700_001_000, 0), func(*core.Practice, int64) ([]core.Event, error) {
				t.Error("it was pruned")
				return nil, nil
			})
			wantSentence(t, err, "log.broken")
		})
	}
}

// It is in no file any more: not in the store's free pages, and not in what was
// written ahead.
func TestAPrunedEventCanNotBeReadAnyMore(t *testing.T) {
	s := newStore(t)
	const marker = "a name that nobody else has"
	must(t, s.ChangePractice(t.Context(), func(*core.Practice) ([]core.Event, error) {
		return []core.Event{{At: time.Unix(1_600_000_000, 0), Kind: core.AccountAdded, Account: marker, Actor: marker, Detail: core.Detail{"x": marker}}}, nil
	}))
	addMany(t, s, 3000)
	prune(t, s, 0)
	for _, path := range []string{s.path, s.path + walSuffix} {
		if strings.Contains(contentsElsewhere(t, path), marker) {
			t.Errorf("%s still holds the deleted event", filepath.Base(path))
		}
	}
}

// Somebody who reads the log for long keeps the pruning from ending, not from
// being done.
func TestALongReaderDoesNotFailThePruning(t *testing.T) {
	told := newSpec(t)
	s, other := openKeyed(t, told), openKeyed(t, told)
	addMany(t, s, 100)
	tx, err := other.open.db.BeginTx(t.Context(), &sql.TxOptions{ReadOnly: true})
	must(t, err)
	defer tx.Rollback()
	var n int
	must(t, tx.QueryRow("SELECT count(*) FROM event").Scan(&n))
	must(t, tweakPatience(s))
	prune(t, s, 50)
	if n, err := s.VerifyLog(t.Context()); n != 51 || err != nil {
		t.Errorf("%d events verify: %v", n, err)
	}
}

// tweakPatience has a store give up at once where SQLite makes it wait.
func tweakPatience(s *Store) error {
	_, err := s.open.db.Exec("PRAGMA busy_timeout = 1")
	return err
}
