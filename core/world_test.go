package core

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
	_ "time/tzdata" // the zone of the dates, on machines that have no zone files

	"evry.nl/tfa/core/otp"
)

// memory is the smallest Store. storage tests the real ones.
type memory struct {
	practice Practice
	accounts map[string]Account
	events   []Event
	seq      int64
	// broken, if set, is the answer to every commit: a full disk.
	broken error
	// unreadable, if set, is the answer to every question about events.
	unreadable error
}

var _ Store = (*memory)(nil)

func (m *memory) ChangePractice(_ context.Context, act func(*Practice) ([]Event, error)) error {
	p := m.practice
	events, err := act(&p)
	if err != nil || len(events) == 0 {
		return err
	}
	if m.broken != nil {
		return m.broken
	}
	m.practice = p
	m.log(events)
	return nil
}

func (m *memory) ChangeAccount(_ context.Context, account string, act func(*Practice, *Account) ([]Event, error)) error {
	p, a := m.practice, NewAccount(account)
	if stored, ok := m.accounts[account]; ok {
		a = stored
		a.Spent, a.Known = slices.Clone(a.Spent), true
	}
	events, err := act(&p, &a)
	if err != nil || len(events) == 0 {
		return err
	}
	if m.broken != nil {
		return m.broken
	}
	if _, taken := m.accounts[a.Name]; taken && a.Name != account {
		return NewError(Conflict, "conflict.account", nil, nil)
	}
	delete(m.accounts, account)
	if m.practice = p; a.Name != "" {
		m.accounts[a.Name] = a
	}
	m.log(events)
	return nil
}

func (m *memory) log(events []Event) {
	for i := range events {
		m.seq++
		events[i].Seq = m.seq
	}
	m.events = append(m.events, events...)
}

func (m *memory) View(context.Context) (Practice, []Account, error) {
	var accounts []Account
	for _, name := range slices.SortedFunc(maps.Keys(m.accounts), CompareNames) {
		a := m.accounts[name]
		a.Secret, a.Known = otp.Secret{}, true
		accounts = append(accounts, a)
	}
	return m.practice, accounts, nil
}

// Events takes the account, the kind, the beginning and the place of a query only.
func (m *memory) Events(_ context.Context, q Query) (Page, error) {
	if m.unreadable != nil {
		return Page{}, m.unreadable
	}
	var page Page
	for _, e := range slices.Backward(m.events) {
		if (q.Account == "" || e.Account == q.Account) && (q.Kind == "" || e.Kind == q.Kind) && !e.At.Before(q.From) {
			page.Events = append(page.Events, e)
		}
	}
	page.Total = len(page.Events)
	page.Events = page.Events[min(q.Offset, page.Total):]
	if q.Uncounted {
		page.Total = 0
	}
	if q.Limit > 0 {
		page.Events = page.Events[:min(q.Limit, len(page.Events))]
	}
	return page, nil
}

func (m *memory) VerifyLog(context.Context) (int64, error) { return int64(len(m.events)), nil }

func (m *memory) PruneLog(_ context.Context, before time.Time, act func(*Practice, int64) ([]Event, error)) error {
	n := slices.IndexFunc(m.events, func(e Event) bool { return !e.At.Before(before) })
	if n < 0 {
		n = len(m.events) - 1
	}
	if n <= 0 {
		return nil
	}
	p := m.practice
	events, err := act(&p, int64(n))
	if err != nil || len(events) == 0 {
		return err
	}
	m.practice = p
	m.log(events)
	m.events = m.events[n:]
	return nil
}

func (m *memory) RotateKey(ctx context.Context, act func(*Practice) ([]Event, error)) error {
	return m.ChangePractice(ctx, act)
}

func (m *memory) Version(context.Context) (Version, error) {
	return Version(strconv.Itoa(len(m.events))), nil
}
func (m *memory) Close() error { return nil }

var amsterdam = func() *time.Location {
	zone, err := time.LoadLocation("Europe/Amsterdam")
	if err != nil {
		panic(err) // tzdata is linked in
	}
	return zone
}()

// moment reads a time on the wall clock of the server.
func moment(t testing.TB, s string) time.Time {
	t.Helper()
	at, err := time.ParseInLocation("2006-01-02 15:04:05", s, amsterdam)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

// rules are the defaults on a server in Amsterdam.
func rules() Rules {
	r := DefaultRules()
	r.Zone = amsterdam
	return r
}

// codeAt returns what a phone with the secret shows at a time.
func codeAt(t testing.TB, secret otp.Secret, at time.Time) string {
	t.Helper()
	code, err := otp.Code(secret, otp.StepAt(at))
	if err != nil {
		t.Fatal(err)
	}
	return code
}

// world is practice EV-0000 on a server, with a clock that the test turns.
type world struct {
	*testing.T
	store    *memory
	rules    Rules
	clock    time.Time
	actor    Actor
	helpdesk Actor
	// hidden are the secrets and codes of the story so far.
	hidden []string
}

// newWorld opens on the day that the design uses as its example. No event may
// hold a secret or a code at the end of it.
func newWorld(t *testing.T) *world {
	w := &world{
		T:     t,
		store: &memory{practice: Practice{Name: "EV-0000"}, accounts: map[string]Account{}},
		rules: rules(), clock: moment(t, "2019-05-15 08:28:00"),
		actor:    Actor{Account: "EV-0000-1", Server: "ts1", Session: ":10", Client: "192.0.2.7"},
		helpdesk: Actor{Account: "jan", Server: "ts1", Helpdesk: true},
	}
	t.Cleanup(w.wantNothingHiddenInLog)
	return w
}

func (w *world) direct() Direct {
	return Direct{Store: w.store, Rules: w.rules, Now: func() time.Time { return w.clock }}
}
func (w *world) gate() Gate     { return Gate{w.direct()} }
func (w *world) tool() Tool     { return Tool{w.direct()} }
func (w *world) desk() Helpdesk { return Helpdesk{w.direct()} }

// as returns an actor of another account in the same place.
func (w *world) as(account string) Actor {
	actor := w.actor
	actor.Account = account
	return actor
}

// pass moves the clock on.
func (w *world) pass(d time.Duration) { w.clock = w.clock.Add(d) }

// hide names texts that may stand in no event.
func (w *world) hide(texts ...string) { w.hidden = append(w.hidden, texts...) }

// code returns what the phone of account shows now.
func (w *world) code(account string) string {
	w.Helper()
	code := codeAt(w, w.store.accounts[account].Secret, w.clock)
	w.hide(code)
	return code
}

// enrolled switches the practice on and lets EV-0000-1 log on with a code; the
// clock is then at the beginning of a step whose code is not spent.
func (w *world) enrolled() *world {
	w.Helper()
	ctx := w.Context()
	if _, err := w.gate().SwitchOn(ctx, w.actor); err != nil {
		w.Fatal(err)
	}
	if _, err := w.gate().Prompt(ctx, w.actor); err != nil {
		w.Fatal(err)
	}
	if v, err := w.gate().Verify(ctx, w.actor, w.code("EV-0000-1")); err != nil || !v.Granted {
		w.Fatalf("the first logon: %+v, %v", v, err)
	}
	w.pass(time.Minute)
	w.store.events = nil
	return w
}

// wantEvents checks the kinds and accounts of all events so far, and that each
// says who, where and when.
func (w *world) wantEvents(want ...string) {
	w.Helper()
	var got []string
	for _, e := range w.store.events {
		got = append(got, strings.TrimSpace(string(e.Kind)+" "+e.Account))
		if e.Actor == "" || e.Server != "ts1" || e.At.IsZero() || e.At.Location() != time.UTC {
			w.Errorf("event without who, where or when: %+v", e)
		}
	}
	if !slices.Equal(got, want) {
		w.Errorf("events %q, want %q", got, want)
	}
}

// last returns the newest event.
func (w *world) last() Event {
	w.Helper()
	if len(w.store.events) == 0 {
		w.Fatal("no event at all")
	}
	return w.store.events[len(w.store.events)-1]
}

func (w *world) wantNothingHiddenInLog() {
	hidden := slices.Clone(w.hidden)
	for _, a := range w.store.accounts {
		if !a.Secret.IsZero() {
			hidden = append(hidden, a.Secret.Base32(), hex.EncodeToString(a.Secret.Bytes()))
		}
	}
	for _, e := range w.store.events {
		text, err := json.Marshal(e)
		if err != nil {
			w.Fatal(err)
		}
		for _, forbidden := range append(hidden, "otpauth") {
			if strings.Contains(string(text)+fmt.Sprintf("%+v", e), forbidden) {
				w.Errorf("event %d, %s, holds a secret or code", e.Seq, e.Kind)
			}
		}
	}
}

// wantCode checks the code of an error.
func wantCode(t testing.TB, err error, want Code) {
	t.Helper()
	if got := CodeOf(err); got != want {
		t.Errorf("got error code %q (%v), want %q", got, err, want)
	}
}

var errDisk = errors.New("disk full")
