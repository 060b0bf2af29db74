//go:build linux

package sqlite

import (
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"

	"evry.nl/tfa/core"
	"evry.nl/tfa/core/otp"
)

// later is how long it takes until a code can't by chance be one that was spent.
const later = 100 * otp.Period

// BenchmarkLogon is what a gate does: open, verify a right code, close.
func BenchmarkLogon(b *testing.B) {
	told := newSpec(b)
	key := keyOf(b, told)
	s := mustOpen(b, told.Path, key)
	now := testNow
	secret := enrolled(b, s, practice+"-1", now)
	if err := s.Close(); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		now = now.Add(later)
		code := codeAt(b, secret, now)
		s, err := OpenExisting(b.Context(), told.Path, practice, key)
		if err != nil {
			b.Fatal(err)
		}
		gate := core.Gate{Direct: core.Direct{Store: s, Rules: core.DefaultRules(), Now: func() time.Time { return now }}}
		if v, err := gate.Verify(b.Context(), core.Actor{Account: practice + "-1"}, code); err != nil || !v.Granted {
			b.Fatalf("%+v, %v", v, err)
		}
		if err := s.Close(); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkVerifyAfterADay is a right code on a store that is open, in a practice
// with 10,000 events: since its last logon the account has looked at its own code
// 10 times, and a colleague twice.
func BenchmarkVerifyAfterADay(b *testing.B) {
	s := usual(b, newSpec(b))
	account, now := practice+"-7", testNow.Add(later)
	gate := core.Gate{Direct: core.Direct{Store: s, Rules: core.DefaultRules(), Now: func() time.Time { return now }}}
	prompt, err := gate.Prompt(b.Context(), core.Actor{Account: account})
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		b.StopTimer()
		var day []core.Event
		for n := range 12 {
			actor := account
			if n >= 10 {
				actor = practice + "-8"
			}
			day = append(day, core.Event{At: now.Add(time.Hour), Kind: core.ShownInTool, Actor: actor, Account: account})
		}
		err := s.ChangePractice(b.Context(), func(*core.Practice) ([]core.Event, error) { return day, nil })
		if err != nil {
			b.Fatal(err)
		}
		now = now.Add(24 * time.Hour)
		code := codeAt(b, prompt.Secret, now)
		b.StartTimer()
		if v, err := gate.Verify(b.Context(), core.Actor{Account: account}, code); err != nil || !v.Granted {
			b.Fatalf("%+v, %v", v, err)
		}
	}
}

// BenchmarkLogonsAtOnce is what the gates of a practice do in the morning: 32
// stores are open, each as its own process would have it, and all get a right
// code at the same moment, each for an account of its own.
func BenchmarkLogonsAtOnce(b *testing.B) {
	const gates = 32
	told := newSpec(b)
	key := keyOf(b, told)
	now := testNow
	verifiers, actors, secrets := make([]core.Gate, gates), make([]core.Actor, gates), make([]otp.Secret, gates)
	for i := range gates {
		s := mustOpen(b, told.Path, key)
		verifiers[i] = core.Gate{Direct: core.Direct{Store: s, Rules: core.DefaultRules(), Now: func() time.Time { return now }}}
		actors[i].Account = fmt.Sprintf("%s-%d", practice, i+1)
		secrets[i] = enrolled(b, s, actors[i].Account, now)
	}
	var took []time.Duration
	for b.Loop() {
		now = now.Add(later)
		round := make([]time.Duration, gates)
		var start, end sync.WaitGroup
		start.Add(1)
		for i := range gates {
			code := codeAt(b, secrets[i], now)
			end.Go(func() {
				start.Wait()
				began := time.Now()
				if v, err := verifiers[i].Verify(b.Context(), actors[i], code); err != nil || !v.Granted {
					b.Errorf("%+v, %v", v, err)
				}
				round[i] = time.Since(began)
			})
		}
		start.Done()
		end.Wait()
		took = append(took, round...)
	}
	slices.Sort(took)
	for _, percent := range []int{50, 99} {
		at := took[(len(took)-1)*percent/100]
		b.ReportMetric(float64(at)/float64(time.Millisecond), fmt.Sprintf("p%d-ms", percent))
	}
}

func BenchmarkChangeAccount(b *testing.B) {
	s := newStore(b)
	for b.Loop() {
		add(b, s, practice+"-1")
	}
}

func BenchmarkVersion(b *testing.B) {
	s := newStore(b)
	addMany(b, s, 1000)
	for b.Loop() {
		if _, err := s.Version(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkCreate(b *testing.B) {
	told := newSpec(b)
	key := keyOf(b, told)
	n := 0
	for b.Loop() {
		n++
		s, err := Open(b.Context(), fmt.Sprintf("%s%d", told.Path, n), practice, key)
		if err != nil {
			b.Fatal(err)
		}
		s.Close()
	}
}

// BenchmarkBackup and the others are of a practice with 20 accounts and 10,000
// events.
func BenchmarkBackup(b *testing.B) {
	told := newSpec(b)
	s := usual(b, told)
	for b.Loop() {
		if _, err := s.Backup(b.Context(), io.Discard, upkeepNow); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkRestore(b *testing.B) {
	told := newSpec(b)
	s := usual(b, told)
	if err := backUp(b.Context(), s, told); err != nil {
		b.Fatal(err)
	}
	at := upkeepNow
	for b.Loop() {
		at = at.Add(time.Second) // which names what is replaced
		if _, err := restoreFile(b.Context(), told, at); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkRotateKey(b *testing.B) {
	told := newSpec(b)
	s := usual(b, told)
	for b.Loop() {
		if err := desk(s, upkeepNow).RotateKey(b.Context(), kees); err != nil {
			b.Fatal(err)
		}
	}
}

func usual(b *testing.B, told spec) *Store {
	b.Helper()
	s := openKeyed(b, told)
	addMany(b, s, 10_000)
	for n := range 20 {
		enrolled(b, s, fmt.Sprintf("%s-%d", practice, n), testNow)
	}
	return s
}

// million is how many events the log below has: twenty years of a large
// practice.
const million = 1_000_000

func BenchmarkMillionEvents(b *testing.B) {
	s := newStore(b)
	addMany(b, s, million)
	for name, query := range map[string]core.Query{
		"first_page":       {},
		"deepest_page":     {Offset: million - 100},
		"account":          {Account: practice + "-7"},
		"account_deep":     {Account: practice + "-7", Offset: 19_000},
		"kind":             {Kind: core.LogonOTP},
		"account_and_kind": {Account: practice + "-7", Kind: core.LogonOTP},
		"an_hour_long_ago": {From: time.Unix(1_700_000_000, 0), To: time.Unix(1_700_003_600, 0)}, // 3600 events
		"account_and_day":  {Account: practice + "-7", From: time.Unix(1_700_000_000, 0), To: time.Unix(1_700_086_400, 0)},
	} {
		b.Run("events/"+name, func(b *testing.B) {
			for b.Loop() {
				if page, err := s.Events(b.Context(), query); err != nil || len(page.Events) != 100 {
					b.Fatalf("%d events, %v", len(page.Events), err)
				}
			}
		})
	}
	b.Run("verify", func(b *testing.B) {
		highest := uint64(0)
		for b.Loop() {
			done := make(chan error, 1)
			go func() {
				n, err := s.VerifyLog(b.Context())
				if err == nil && n != million {
					err = fmt.Errorf("%d events", n)
				}
				done <- err
			}()
			highest = max(highest, heapUntil(b, done))
		}
		b.ReportMetric(float64(highest)/(1<<20), "heap-MB")
		if info, err := os.Stat(s.path); err == nil {
			b.ReportMetric(float64(info.Size())/million, "disk-B/event")
		}
	})
}

// heapUntil returns the most heap that was in use until done.
func heapUntil(b *testing.B, done <-chan error) (highest uint64) {
	b.Helper()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case err := <-done:
			if err != nil {
				b.Fatal(err)
			}
			return highest
		case <-tick.C:
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			highest = max(highest, m.HeapInuse)
		}
	}
}
