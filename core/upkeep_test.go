package core

import (
	"slices"
	"testing"
	"time"

	"evry.nl/tfa/core/otp"
)

// Which codes were used after the backup is lost, so all of them are refused:
// those of every step that a gate can have accepted. The next one opens.
func TestARestoredAccountRefusesAllThatCanHaveBeenUsed(t *testing.T) {
	a, now := active(t), noon(t)
	a.Helper = HelperCode{Salt: []byte("salt"), Hash: make([]byte, 32), Expires: now.Add(time.Hour)}
	a.Restore(now)
	if a.Helper.open(now) {
		t.Error("a helper code can still be used")
	}
	current := otp.StepAt(now)
	for step := current - window; step <= current+window; step++ {
		code, err := otp.Code(a.Secret, step)
		if err != nil {
			t.Fatal(err)
		}
		v := try(t, &a, code, now)
		if v.Granted || v.Reason != Spent || !v.Until.Equal((current + window + 1).Start()) {
			t.Errorf("the code of step %+d: %+v", step-current, v)
		}
	}
	next := (current + window + 1).Start()
	if v := try(t, &a, codeAt(t, a.Secret, next), next); !v.Granted {
		t.Errorf("the first code after that: %+v", v)
	}
	floor := a.Floor
	if a.Restore(now.Add(-time.Hour)); a.Floor < floor {
		t.Errorf("an earlier clock lowers the floor from %d to %d", floor, a.Floor)
	}
}

func TestARestoreIsInTheLogAndLowersNoClock(t *testing.T) {
	for name, test := range map[string]struct {
		r    Restoration
		lost string
		seen string
	}{
		"over_a_store_that_went_on":  {Restoration{LastSeq: 3, Readable: true, Lost: 7, Seen: moment(t, "2019-05-15 09:00:00")}, "7", "2019-05-15 09:00:00"},
		"over_one_of_an_hour_before": {Restoration{LastSeq: 3, Readable: true, Seen: moment(t, "2019-05-15 07:00:00")}, "0", "2019-05-15 08:29:00"},
		"over_one_that_is_lost":      {Restoration{LastSeq: 3}, "unknown", "2019-05-15 08:29:00"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t).enrolled()
			w.store.events = nil
			test.r.BackedUp = moment(t, "2019-05-14 01:00:00")
			if err := w.desk().Restore(w.Context(), w.helpdesk, test.r); err != nil {
				t.Fatal(err)
			}
			w.wantEvents("restored", "restored EV-0000-1")
			d := w.store.events[0].Detail
			if d["lost"] != test.lost || d["last_seq"] != "3" || d["backup"] != "2019-05-13T23:00:00Z" {
				t.Errorf("the log says %v", d)
			}
			if seen := moment(t, test.seen); !w.store.practice.Seen.Equal(seen) {
				t.Errorf("the store has seen %v, want %v", w.store.practice.Seen, seen)
			}
			if a := w.store.accounts["EV-0000-1"]; a.Floor != otp.StepAt(w.store.practice.Seen)+window+1 {
				t.Errorf("the floor is %d", a.Floor)
			}
		})
	}
}

func TestTheLogIsPrunedUpToATimeThatLiesAMonthBack(t *testing.T) {
	for name, test := range map[string]struct {
		before  time.Duration // back from now
		deleted int64
		want    Code
	}{
		"two_months_back":  {-60 * 24 * time.Hour, 2, ""},
		"exactly_30_days":  {-30 * 24 * time.Hour, 2, ""},
		"before_all":       {-365 * 24 * time.Hour, 0, ""},
		"29_days_back":     {-29 * 24 * time.Hour, 0, Invalid},
		"now":              {0, 0, Invalid},
		"a_day_in_future":  {24 * time.Hour, 0, Invalid},
		"an_age_in_future": {1 << 62, 0, Invalid},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			old := w.clock.AddDate(0, 0, -90)
			for _, at := range []time.Time{old, old, w.clock} {
				w.store.log([]Event{w.helpdesk.event(at.UTC(), AccountAdded, "", nil)})
			}
			deleted, err := w.desk().PruneLog(w.Context(), w.helpdesk, w.clock.Add(test.before))
			if deleted != test.deleted || CodeOf(err) != test.want {
				t.Fatalf("%d deleted, %v", deleted, err)
			}
			if deleted == 0 {
				w.wantEvents("account_added", "account_added", "account_added")
				return
			}
			w.wantEvents("account_added", "log_pruned")
			if d := w.last().Detail; d["deleted"] != "2" || d["before"] != w.clock.Add(test.before).UTC().Format(time.RFC3339) {
				t.Errorf("the log says %v", d)
			}
		})
	}
}

func TestABackupAndANewKeyAreInTheLog(t *testing.T) {
	w := newWorld(t)
	if err := w.desk().BackUp(w.Context(), w.helpdesk, "/backup/x", []string{"age1a", "age1b"}); err != nil {
		t.Fatal(err)
	}
	if d := w.last().Detail; d["file"] != "/backup/x" || d["sealed_for"] != "age1a age1b" {
		t.Errorf("the log says %v", d)
	}
	if err := w.desk().RotateKey(w.Context(), w.helpdesk); err != nil {
		t.Fatal(err)
	}
	w.wantEvents("backed_up", "key_rotated")
	unsealed := w.desk()
	unsealed.Store = struct{ Store }{w.store}
	if err := unsealed.RotateKey(w.Context(), w.helpdesk); CodeOf(err) != Invalid {
		t.Errorf("a store without a key: %v", err)
	}
}

func TestAQRCodeThatWasResetSinceTheBackupIsTold(t *testing.T) {
	account := func(name string, state SecretState, generation int) Account {
		return Account{Name: name, State: state, Generation: generation}
	}
	restored := []Account{
		account("a", SecretActive, 1), account("b", SecretActive, 1), account("c", SecretActive, 1),
		account("d", SecretNone, 1), account("e", SecretActive, 1), account("f", SecretShown, 1),
	}
	replaced := []Account{
		account("a", SecretActive, 1), account("b", SecretNone, 1), account("c", SecretActive, 2),
		account("d", SecretNone, 1), account("f", SecretActive, 1), account("g", SecretActive, 1),
	}
	if got := Revived(restored, replaced); !slices.Equal(got, []string{"b", "c"}) {
		t.Errorf("Revived returned %q", got)
	}
}
