package sqlite

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"evry.nl/tfa/core"
	"evry.nl/tfa/storage/seal"
)

// addMany stores n events about a few accounts, a thousand at a time.
func addMany(t testing.TB, s core.Store, n int) {
	t.Helper()
	for done := 0; done < n; done += 1000 {
		err := s.ChangePractice(t.Context(), func(*core.Practice) ([]core.Event, error) {
			var events []core.Event
			for i := done; i < min(done+1000, n); i++ {
				events = append(events, core.Event{
					At: time.Unix(int64(1_700_000_000+i), 0), Kind: core.Kinds()[i%7], Actor: fmt.Sprintf("EV-0000-%d", i%50),
					Account: fmt.Sprintf("EV-0000-%d", i%50), Server: "RDS1", Session: "rdp-tcp#3", Client: "10.0.0.7",
					Detail: core.Detail{"reason": "wrong_code"},
				})
			}
			return events, nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

func TestVerifyLogNamesTheFirstBrokenEvent(t *testing.T) {
	key := seal.NewKey()
	intact := mustOpen(t, filepath.Join(folder(t), "tfa.db"), key)
	addMany(t, intact, 2000)
	if n, err := intact.VerifyLog(t.Context()); n != 2000 || err != nil {
		t.Fatalf("before: %d, %v", n, err)
	}
	if err := intact.Close(); err != nil {
		t.Fatal(err)
	}
	shift := "UPDATE event SET seq = seq + 100000 WHERE seq >= 3; UPDATE event SET seq = seq - 99999 WHERE seq > 100000;"
	for name, test := range map[string]struct {
		tamper string
		seq    int64
	}{
		"an_edited_time":         {"UPDATE event SET at = at + 1 WHERE seq = 3", 3},
		"an_edited_kind":         {"UPDATE event SET kind = 'reset' WHERE seq = 3", 3},
		"an_edited_actor":        {"UPDATE event SET actor = 'EV-0000-9' WHERE seq = 3", 3},
		"an_edited_account":      {"UPDATE event SET account = '' WHERE seq = 3", 3},
		"an_edited_server":       {"UPDATE event SET server = 'RDS2' WHERE seq = 3", 3},
		"an_edited_session":      {"UPDATE event SET session = '' WHERE seq = 3", 3},
		"an_edited_client":       {"UPDATE event SET client = '10.0.0.8' WHERE seq = 3", 3},
		"an_edited_detail":       {"UPDATE event SET detail = '' WHERE seq = 3", 3},
		"a_moved_border":         {"UPDATE event SET server = 'RDS1r', session = 'dp-tcp#3' WHERE seq = 3", 3},
		"an_edited_hash":         {"UPDATE event SET hash = zeroblob(32) WHERE seq = 3", 3},
		"an_edited_last_hash":    {"UPDATE event SET hash = zeroblob(32) WHERE seq = 2000", 2000},
		"a_deleted_event":        {"DELETE FROM event WHERE seq = 3", 3},
		"a_deleted_first_event":  {"DELETE FROM event WHERE seq = 1", 1},
		"a_closed_gap":           {"DELETE FROM event WHERE seq = 2000; UPDATE practice SET head_seq = 1999", 2000},
		"an_event_put_in":        {shift + "INSERT INTO event SELECT 3, at, kind, actor, account, server, session, client, detail, hash FROM event WHERE seq = 2", 3},
		"an_event_put_at_end":    {"INSERT INTO event SELECT 2001, at, kind, actor, account, server, session, client, detail, hash FROM event WHERE seq = 2000", 2001},
		"swapped_events":         {"UPDATE event SET seq = -seq WHERE seq IN (3, 4); UPDATE event SET seq = 7 + seq WHERE seq < 0", 3},
		"a_truncated_tail":       {"DELETE FROM event WHERE seq > 1500", 1501},
		"a_tail_cut_at_a_batch":  {"DELETE FROM event WHERE seq > 1000", 1001},
		"an_emptied_log":         {"DELETE FROM event", 1},
		"a_reset_head":           {"DELETE FROM event; UPDATE practice SET head_seq = 0", 1},
		"a_head_set_back":        {"UPDATE practice SET head_seq = 1500", 1501},
		"a_head_of_another_hash": {"UPDATE practice SET head_hash = (SELECT hash FROM event WHERE seq = 2000)", 2001},
		"a_tail_cut_and_head_set_to_the_hash_there": {
			"DELETE FROM event WHERE seq > 1500; UPDATE practice SET head_seq = 1500, head_hash = (SELECT hash FROM event WHERE seq = 1500)", 1501},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(folder(t), "tfa.db")
			putStore(t, path, contents(t, intact.path))
			s := mustOpen(t, path, key)
			// -seq breaks a CHECK that a forger would switch off too
			tamper(t, s.path, "PRAGMA ignore_check_constraints = ON", test.tamper)
			n, err := s.VerifyLog(t.Context())
			var told *core.Error
			if !errors.As(err, &told) || told.Sentence != "log.broken" || told.Args["Seq"] != test.seq {
				t.Errorf("got %v, want the sentence log.broken with Seq %d", err, test.seq)
			}
			if n != test.seq-1 {
				t.Errorf("%d events are called in order, want %d", n, test.seq-1)
			}
		})
	}
}

// A program that went on from a tampered end would cover it up.
func TestNothingIsAppendedToATamperedEnd(t *testing.T) {
	for name, statement := range map[string]string{
		"a_truncated_tail": "DELETE FROM event WHERE seq > 5",
		"a_changed_end":    "UPDATE event SET hash = zeroblob(32) WHERE seq = 10",
		"a_head_set_back":  "UPDATE practice SET head_seq = 5",
	} {
		t.Run(name, func(t *testing.T) {
			s := newStore(t)
			addMany(t, s, 10)
			tamper(t, s.path, statement)
			wantSentence(t, tryAdd(t.Context(), s, "EV-0000-1"), "log.broken")
		})
	}
}

func TestTheLogGrowsAtItsEndOnly(t *testing.T) {
	s := newStore(t)
	addMany(t, s, 10)
	for _, statement := range []string{
		"UPDATE event SET actor = 'x' WHERE seq = 3",
		"DELETE FROM event WHERE seq = 10",
		"DELETE FROM event",
		"INSERT OR REPLACE INTO event SELECT seq, at, kind, 'x', account, server, session, client, detail, hash FROM event WHERE seq = 10",
		"INSERT INTO event SELECT 12, at, kind, actor, account, server, session, client, detail, hash FROM event WHERE seq = 10",
	} {
		if _, err := s.open.db.Exec(statement); err == nil || !strings.Contains(err.Error(), "the log") {
			t.Errorf("%s: %v", statement, err)
		}
	}
	if n, err := s.VerifyLog(t.Context()); n != 10 || err != nil {
		t.Errorf("%d events verify: %v", n, err)
	}
}

// A million events are verified in pieces: a logon gets its turn in between.
func TestVerifyingLeavesRoomForLogons(t *testing.T) {
	s := newStore(t)
	addMany(t, s, 5*verifyBatch)
	done := make(chan error, 1)
	go func() {
		_, err := s.VerifyLog(t.Context())
		done <- err
	}()
	logons := 0
	for {
		add(t, s, "EV-0000-1")
		logons++
		select {
		case err := <-done:
			if err != nil || logons < 2 {
				t.Errorf("%d logons went in between: %v", logons, err)
			}
			return
		default:
		}
	}
}

func TestEveryKindOfPageUsesAnIndex(t *testing.T) {
	s := newStore(t)
	add(t, s, "EV-0000-1")
	at := time.Unix(1_700_000_000, 0)
	for name, query := range map[string]core.Query{
		"account":          {Account: "EV-0000-1"},
		"kind":             {Kind: core.LogonOTP},
		"account_and_kind": {Account: "EV-0000-1", Kind: core.LogonOTP},
		"time":             {From: at, To: at.Add(time.Hour)},
	} {
		where, args := conditions(query)
		for _, statement := range []string{"SELECT count(*) FROM event WHERE " + where, "SELECT * FROM event WHERE " + where + " ORDER BY seq DESC LIMIT 100"} {
			plan := explainPlan(t, s, statement, args...)
			if !strings.Contains(plan, "USING INDEX") && !strings.Contains(plan, "USING COVERING INDEX") {
				t.Errorf("%s: %s\n%s", name, statement, plan)
			}
			if strings.Contains(plan, "TEMP B-TREE") && name != "time" {
				t.Errorf("%s is sorted: %s\n%s", name, statement, plan)
			}
		}
	}
}

func explainPlan(t *testing.T, s *Store, statement string, args ...any) string {
	t.Helper()
	rows, err := s.open.db.Query("EXPLAIN QUERY PLAN "+statement, args...)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var plan []string
	for rows.Next() {
		var id, parent, unused int
		var detail string
		if err := rows.Scan(&id, &parent, &unused, &detail); err != nil {
			t.Fatal(err)
		}
		plan = append(plan, detail)
	}
	return strings.Join(plan, "\n")
}

// An event that gets a field must get a column, or the log would lose it
// without a word.
func TestALineHoldsEveryFieldOfAnEvent(t *testing.T) {
	want := core.Event{
		Seq: 1, At: time.UnixMicro(1_700_000_000_000_001).UTC(), Kind: core.LogonOTP, Actor: "a", Account: "b",
		Server: "c", Session: "d", Client: "e", Detail: core.Detail{"f": "<g>&\u2028"},
	}
	value := reflect.ValueOf(want)
	for i := range value.NumField() {
		if value.Field(i).IsZero() {
			t.Errorf("this test leaves out %s", value.Type().Field(i).Name)
		}
	}
	s := newStore(t)
	err := s.ChangePractice(context.Background(), func(*core.Practice) ([]core.Event, error) { return []core.Event{want}, nil })
	page, readErr := s.Events(t.Context(), core.Query{})
	if err != nil || readErr != nil || !reflect.DeepEqual(page.Events, []core.Event{want}) {
		t.Errorf("got %+v: %v, %v", page.Events, err, readErr)
	}
}
