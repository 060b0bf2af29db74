//go:build linux

package sqlite

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"evry.nl/tfa/core"
)

const (
	crashActs   = 1200 // acknowledged ones
	crashActors = 4    // processes at a time
	crashEvery  = 12   // one act in so many ends in a kill
)

// TestNothingIsHalfDoneWhenProcessesAreKilled has processes act on one store
// and kills them at random moments. What the log tells must be what the tables
// hold, and what was acknowledged must be in both.
func TestNothingIsHalfDoneWhenProcessesAreKilled(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	told := newSpec(t)
	s := mustOpen(t, told.Path, keyOf(t, told))
	c := &crash{t: t, told: told, seed: seed}
	var all sync.WaitGroup
	for n := range crashActors {
		all.Go(func() { c.drive(uint64(n)) })
	}
	all.Wait()
	t.Logf("%d acts were acknowledged, %d processes killed", len(c.acked), c.kills.Load())
	if c.kills.Load() < 50 {
		t.Error("too few processes were killed to say anything")
	}

	log := wholeLog(t, s)
	if n, err := s.VerifyLog(t.Context()); err != nil || n != int64(len(log)) {
		t.Errorf("%d of %d events verify: %v", n, len(log), err)
	}
	c.acknowledgedAreLogged(log)
	logTellsTheTables(t, s, log)
	whole(t, s)
	for path, bytes := range map[string]string{"the store": contentsElsewhere(t, told.Path), "its -wal": contentsElsewhere(t, told.Path+walSuffix)} {
		for _, secret := range c.secrets {
			if found := readable(bytes, secret); found != "" {
				t.Errorf("a secret can be read in %s, as %s", path, found)
			}
		}
	}
}

// crash drives processes until enough acts are acknowledged.
type crash struct {
	t     *testing.T
	told  spec
	seed  uint64
	clock atomic.Int64 // acts so far: each has its own time
	kills atomic.Int64

	mu      sync.Mutex
	acked   map[string][]core.Kind // by session
	secrets []string
}

func (c *crash) drive(n uint64) {
	chance := rand.New(rand.NewPCG(c.seed, n))
	for {
		told := c.told
		told.Seed = chance.Uint64()
		worker := start(c.t, "acts", told)
		for {
			o := c.next()
			if chance.IntN(crashEvery) == 0 {
				c.kill(worker, o, time.Duration(chance.IntN(1500))*time.Microsecond)
				break
			}
			var reply outcome
			if err := worker.ask(o, &reply); err != nil || reply.Err != "" {
				c.t.Errorf("an act: %s, %v", reply.Err, err)
				return
			}
			if c.ack(o, reply) >= crashActs {
				worker.stop(c.t)
				return
			}
		}
	}
}

// next returns a job at a time of its own, 31 seconds after the one before,
// so that codes are fresh; every hundredth lies back.
func (c *crash) next() job {
	n := c.clock.Add(1)
	now := time.Date(2019, time.May, 15, 8, 0, 0, 0, time.UTC).Add(time.Duration(n) * 31 * time.Second)
	if n%100 == 0 {
		now = now.Add(-time.Hour)
	}
	return job{Session: strconv.FormatInt(n, 10), Now: now}
}

func (c *crash) ack(o job, reply outcome) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.acked == nil {
		c.acked = map[string][]core.Kind{}
	}
	c.acked[o.Session] = reply.Events
	if secret := string(reply.Secret); secret != "" && !slices.Contains(c.secrets, secret) {
		c.secrets = append(c.secrets, secret)
	}
	return len(c.acked)
}

// kill gives a job and kills the process while it is at it, or just before
// or after. The moment is random on purpose: it decides what is tested, not
// whether the test passes.
func (c *crash) kill(worker *child, o job, after time.Duration) {
	if err := worker.in.Encode(o); err != nil {
		c.t.Error(err)
	}
	<-time.After(after)
	worker.kill()
	c.kills.Add(1)
	var reply outcome
	if worker.out.Decode(&reply) == nil { // it had answered
		c.ack(o, reply)
	}
}

// acknowledgedAreLogged holds that no act lost its events, and that none has
// more than its own.
func (c *crash) acknowledgedAreLogged(log []core.Event) {
	kinds := map[string][]core.Kind{}
	for _, e := range log {
		if e.Kind != core.AccountLock { // comes along with some refusals
			kinds[e.Session] = append(kinds[e.Session], e.Kind)
		}
	}
	for session, want := range c.acked {
		if !slices.Equal(kinds[session], want) {
			c.t.Errorf("act %s was acknowledged with %v, the log has %v", session, want, kinds[session])
		}
	}
	if unacknowledged := len(kinds) - len(c.acked); unacknowledged > int(c.kills.Load()) {
		c.t.Errorf("the log has %d acts more than were begun", unacknowledged)
	}
}

// logTellsTheTables replays the log and compares.
func logTellsTheTables(t *testing.T, s *Store, log []core.Event) {
	t.Helper()
	practice, accounts, err := s.View(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	r := &replay{practice: core.Practice{Name: practice.Name}, accounts: map[string]*core.Account{}}
	for _, e := range log {
		r.play(t, e)
	}
	if r.practice != practice {
		t.Errorf("the log tells\n%+v, the table holds\n%+v", r.practice, practice)
	}
	if len(accounts) != len(r.accounts) {
		t.Errorf("the log tells of %d accounts, the table holds %d", len(r.accounts), len(accounts))
	}
	for _, a := range accounts {
		a.Spent, a.Floor = nil, 0 // the log never says which code it was
		if told := r.accounts[a.Name]; told == nil || !reflect.DeepEqual(*told, a) {
			t.Errorf("the log tells\n%+v, the table holds\n%+v", told, a)
		}
	}
}

// whole holds that SQLite finds no damage.
func whole(t *testing.T, s *Store) {
	t.Helper()
	var found []string
	rows, err := s.open.db.Query("PRAGMA integrity_check")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var line string
		if err := rows.Scan(&line); err != nil {
			t.Fatal(err)
		}
		found = append(found, line)
	}
	if text := strings.Join(found, "\n"); text != "ok" {
		t.Error(text)
	}
}

// wholeLog returns all events, the oldest first.
func wholeLog(t testing.TB, s core.Store) []core.Event {
	t.Helper()
	page, err := s.Events(t.Context(), core.Query{Oldest: true, Limit: 1 << 30})
	if err != nil || page.Total != len(page.Events) {
		t.Fatalf("%d of %d events: %v", len(page.Events), page.Total, err)
	}
	return page.Events
}

// replay is the state that a log tells.
type replay struct {
	practice core.Practice
	accounts map[string]*core.Account
}

func (r *replay) play(t *testing.T, e core.Event) {
	t.Helper()
	if e.At.After(r.practice.Seen) {
		r.practice.Seen = e.At
	}
	switch e.Kind {
	case core.SwitchedOn:
		r.practice.Enabled, r.practice.EnabledAt, r.practice.EnabledBy = true, e.At, e.Actor
		r.practice.LastDay = date(t, e.Detail["last_day"])
		return
	case core.SwitchedOff:
		r.practice.Enabled = false
		return
	}
	a := r.accounts[e.Account]
	if a == nil {
		fresh := core.NewAccount(e.Account)
		fresh.Known = true
		a = &fresh
		r.accounts[e.Account] = a
	}
	r.playAccount(t, a, e)
}

func (r *replay) playAccount(t *testing.T, a *core.Account, e core.Event) {
	t.Helper()
	switch e.Kind {
	case core.ShownAtLogon:
		if e.Detail["new"] == "true" {
			a.State, a.Confirmed, a.Generation = core.SecretShown, false, a.Generation+1
		}
	case core.LogonOTP, core.LogonSkipped:
		if e.Kind == core.LogonOTP {
			a.Confirmed = true
			a.Unlock()
		}
		a.LastLogon = e.At
		if a.State == core.SecretShown {
			a.State = core.SecretActive
		}
	case core.LogonOff:
		a.LastLogon = e.At
	case core.AccountLock:
		a.Failures = count(t, e.Detail["failures"])
		a.LockedUntil = instant(t, e.Detail["until"])
	case core.LogonRefused:
		// A right code is not counted, though the server's clock lies back.
		if core.Reason(e.Detail["reason"]) == core.WrongCode || e.Detail["drift"] != "" {
			a.Failures++
		}
	case core.WasReset:
		a.State, a.Confirmed = core.SecretNone, false
	case core.Unlocked:
		a.Unlock()
	case core.ShownInTool, core.CopiedURI:
	default:
		t.Fatal(fmt.Errorf("the acts don't yield %s", e.Kind))
	}
}
