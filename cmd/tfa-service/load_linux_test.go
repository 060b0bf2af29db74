package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"evry.nl/tfa/cmd/internal/story"
	"evry.nl/tfa/core"
)

// together is how many people log on at once.
const together = 1000

// again is how many of them have somebody look over their shoulder, who enters
// the same code in a session of their own.
const again = 100

// Everybody is let in once, and whoever has the code of another is not.
func TestAThousandLogonsAtOnce(t *testing.T) {
	if !story.Alone(t) {
		logArtifact(t, measured)
		return
	}
	h := newMachine(t, together/10)
	answers := h.logOnTogether()
	var granted, spent int
	byAccount := map[string]int{}
	for _, a := range answers {
		switch {
		case a.Granted:
			granted++
			byAccount[a.account]++
		case a.Reason == core.Spent:
			spent++
		default:
			t.Errorf("%s: %+v", a.account, a.said)
		}
	}
	if granted != together || spent != again || len(byAccount) != together {
		t.Errorf("%d of %d accounts are let in %d times, %d are told that the code is spent", len(byAccount), together, granted, spent)
	}
	h.logTells(byAccount)
	_, metrics := page("/metrics")
	for _, want := range []string{
		fmt.Sprintf(`tfa_logons_total{kind="logon_otp"} %d.0`, together),
		fmt.Sprintf(`tfa_logon_refusals_total{reason="spent"} %d.0`, again),
		fmt.Sprintf(`tfa_sessions{state="passed"} %d.0`, together),
		fmt.Sprintf(`tfa_sessions{state="at_gate"} %d.0`, again),
	} {
		if !strings.Contains(metrics, want+"\n") {
			t.Errorf("the metrics lack %s:\n%s", want, linesWith(metrics, "tfa_logon", "tfa_sessions", "tfa_overload", "tfa_request_errors"))
		}
	}
	took := times(answers)
	line := fmt.Sprintf("%d logons at once: median %v, 99 of 100 within %v, the last %v", len(took), took[len(took)/2], took[len(took)*99/100], took[len(took)-1])
	story.Must(t, os.WriteFile(filepath.Join(t.ArtifactDir(), measured), []byte(line), 0o644))
}

// measured is the file in which a test that runs alone tells what it measured.
const measured = "measured.txt"

// logArtifact prints what a test has written down where it ran alone.
func logArtifact(t *testing.T, name string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(t.ArtifactDir(), "_artifacts", "*", name))
	story.Must(t, err)
	for _, file := range files {
		text, err := os.ReadFile(file)
		story.Must(t, err)
		t.Logf("%s", text)
	}
}

func BenchmarkLogonsAtOnce(b *testing.B) {
	if !story.Alone(b) {
		return
	}
	h := newMachine(b, together/10)
	took := times(h.logOnTogether())
	b.ReportMetric(float64(took[len(took)/2])/1e6, "p50-ms")
	b.ReportMetric(float64(took[len(took)*99/100])/1e6, "p99-ms")
}

type answered struct {
	account string
	said
}

// logOnTogether brings everybody to the gate, and then has all of them enter
// their codes at once.
func (h *machine) logOnTogether() []answered {
	h.t.Helper()
	accounts := slices.Sorted(func(yield func(string) bool) {
		for account := range h.secrets {
			if !yield(account) {
				return
			}
		}
	})
	accounts = append(accounts, accounts[:again]...)
	gates := make([]*gate, len(accounts))
	var starting sync.WaitGroup
	turns := make(chan struct{}, 8) // a host starts so many sessions at once
	for i, account := range accounts {
		starting.Go(func() {
			turns <- struct{}{}
			defer func() { <-turns }()
			var err error
			if gates[i], err = h.startGate(account); err != nil {
				h.t.Error(err)
			}
		})
	}
	starting.Wait()
	if h.t.Failed() {
		h.t.FailNow()
	}
	codes := map[string]string{}
	for account, secret := range h.secrets {
		codes[account], _, _ = next(secret, 0)
	}
	answers := make([]answered, len(gates))
	var asking sync.WaitGroup
	for i, g := range gates {
		asking.Go(func() {
			said, err := g.does(told{Code: codes[g.account]})
			if err != nil {
				h.t.Error(err)
			}
			answers[i] = answered{g.account, said}
		})
	}
	asking.Wait()
	return answers
}

// logTells holds that the logs tell of as many logons as there were.
func (h *machine) logTells(byAccount map[string]int) {
	h.t.Helper()
	for account, n := range h.logons() {
		if n != byAccount[account] {
			h.t.Errorf("the log tells of %d logons of %s, which was let in %d times", n, account, byAccount[account])
		}
	}
}

// logons returns how many logons the logs tell of, since the accounts were made.
func (h *machine) logons() map[string]int {
	h.t.Helper()
	logged := map[string]int{}
	for practice := range practicesOf(h.secrets) {
		store := h.store(practice)
		page, err := store.Events(h.t.Context(), core.Query{Kind: core.LogonOTP, Limit: 1000})
		story.Must(h.t, err)
		for _, e := range page.Events {
			logged[e.Account]++
		}
		_, err = store.VerifyLog(h.t.Context())
		story.Must(h.t, err)
	}
	for account := range logged {
		logged[account]-- // from when it was made
	}
	return logged
}

func practicesOf[V any](accounts map[string]V) map[string]bool {
	practices := map[string]bool{}
	for account := range accounts {
		practice, _, _ := strings.Cut(account[len("EV-"):], "-")
		practices["EV-"+practice] = true
	}
	return practices
}

func times(answers []answered) []time.Duration {
	var took []time.Duration
	for _, a := range answers {
		took = append(took, a.Took)
	}
	slices.Sort(took)
	return took
}

// linesWith returns the lines of a text that begin with one of these.
func linesWith(text string, beginnings ...string) string {
	var found []string
	for line := range strings.Lines(text) {
		if slices.ContainsFunc(beginnings, func(b string) bool { return strings.HasPrefix(line, b) }) {
			found = append(found, line)
		}
	}
	return strings.Join(found, "")
}
