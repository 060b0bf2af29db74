package storagetest

import (
	"context"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"evry.nl/tfa/core"
	"evry.nl/tfa/core/otp"
)

// Answer returns what answers the gate and the tool of an empty store of
// Practice, under these rules and this clock.
type Answer func(t *testing.T, rules core.Rules, now func() time.Time) (core.Verifier, core.Manager)

// RunRules holds the rules of the logon over a whole house, by what its two
// interfaces show, whoever stands behind them.
func RunRules(t *testing.T, answer Answer) {
	t.Run("no_step_is_accepted_twice_and_no_denial_or_clock_lengthens_the_time_allowed", func(t *testing.T) {
		rapid.Check(t, func(rt *rapid.T) {
			w := &world{
				now: noon, accounts: []string{name(1), name(2)},
				spent: map[string]map[otp.Step]bool{}, secrets: map[string][]otp.Secret{},
			}
			rules := core.DefaultRules()
			rules.Zone, rules.TransitionDays = time.UTC, 2
			w.gate, w.tool = answer(t, rules, func() time.Time { return w.now })
			rt.Repeat(map[string]func(*rapid.T){
				"clock_runs":   w.clockRuns,
				"clock_is_set": w.clockIsSet,
				"switch_on":    w.switchOn,
				"prompt":       w.prompt,
				"show":         w.show,
				"verify_right": w.verifyRight,
				"verify_again": w.verifyAgain,
				"verify_wrong": w.verifyWrong,
				"skip":         w.skip,
				"reset":        w.reset,
				"leave":        w.leave,
				"verify_twice": w.twoInARow,
			})
		})
	})
}

// world drives a house and remembers what the rules speak of.
type world struct {
	gate     core.Verifier
	tool     core.Manager
	now      time.Time
	seen     time.Time // the latest moment at which something was stored, if anything was
	accounts []string
	lastDay  core.Date
	// spent are the steps that opened a logon by the secret that an account has;
	// secrets are all that it had; typed are codes that were used, right ones mostly.
	spent   map[string]map[otp.Step]bool
	secrets map[string][]otp.Secret
	typed   []string
}

func (w *world) actor(t *rapid.T) core.Actor {
	return core.Actor{Account: rapid.SampledFrom(w.accounts).Draw(t, "account"), Server: "RDS1", Session: "3", Client: "10.0.0.7"}
}

// look returns what the tool shows, and one account of it.
func (w *world) look(t *rapid.T, account string) (core.Practice, core.Account) {
	overview, err := w.tool.Overview(context.Background(), core.Actor{Account: account})
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range overview.Accounts {
		if a.Name == account {
			return overview.Practice, a
		}
	}
	return overview.Practice, core.NewAccount(account)
}

// stored notes that the store has seen the clock.
func (w *world) stored() {
	if w.now.After(w.seen) {
		w.seen = w.now
	}
}

func (w *world) clockRuns(t *rapid.T) {
	w.now = w.now.Add(time.Duration(rapid.IntRange(0, 90).Draw(t, "seconds")) * time.Second)
}

// clockIsSet turns the clock anywhere within some days, back as well. The jumps
// are drawn from a list because rapid prefers small numbers.
func (w *world) clockIsSet(t *rapid.T) {
	const day = 24 * time.Hour
	jumps := []time.Duration{-4 * day, -day, -time.Hour, -2 * otp.Period, time.Hour, day, 4 * day}
	w.now = w.now.Add(rapid.SampledFrom(jumps).Draw(t, "jump"))
}

func (w *world) switchOn(t *rapid.T) {
	before, _ := w.look(t, w.accounts[0])
	verdict, err := w.gate.SwitchOn(context.Background(), w.actor(t))
	switch {
	case err != nil && core.CodeOf(err) != core.Conflict:
		t.Fatal(err)
	case err != nil && verdict.Granted:
		t.Fatal("an error came with a yes")
	case err == nil && before.Enabled:
		t.Fatal("two-factor was switched on twice")
	case err == nil:
		w.stored()
		after, _ := w.look(t, w.accounts[0])
		w.lastDay = after.LastDay
		if want := core.DateOf(w.now, time.UTC).AddDays(2); w.lastDay != want {
			t.Fatalf("the last day is %v, not %v", w.lastDay, want)
		}
	}
	w.lastDayStays(t)
}

// lastDayStays holds that nothing moves the end of the transition.
func (w *world) lastDayStays(t *rapid.T) {
	t.Helper()
	if practice, _ := w.look(t, w.accounts[0]); practice.LastDay != w.lastDay {
		t.Fatalf("the last day went from %v to %v", w.lastDay, practice.LastDay)
	}
}

func (w *world) prompt(t *rapid.T) {
	actor := w.actor(t)
	prompt, err := w.gate.Prompt(context.Background(), actor)
	if err != nil {
		t.Fatal(err)
	}
	if prompt.Stage == core.StageEnrol {
		w.stored()
		w.keep(actor.Account, prompt.Secret)
	}
	w.lastDayStays(t)
}

// keep notes a secret that was shown. A new one has other codes, so none of its
// steps has opened anything.
func (w *world) keep(account string, secret otp.Secret) {
	if !slices.ContainsFunc(w.secrets[account], secret.Equal) {
		w.secrets[account] = append(w.secrets[account], secret)
		w.spent[account] = map[otp.Step]bool{}
	}
}

func (w *world) show(t *rapid.T) {
	actor := w.actor(t)
	shown, err := w.tool.Show(context.Background(), actor, actor.Account)
	if err == nil {
		w.stored()
		w.keep(actor.Account, shown.Secret)
	} else if core.CodeOf(err) == core.Internal {
		t.Fatal(err)
	}
}

// code returns a code of a secret that the account had, near the present step.
func (w *world) code(t *rapid.T, account string, steps int) (string, bool) {
	secrets := w.secrets[account]
	if len(secrets) == 0 {
		return "", false
	}
	secret := secrets[len(secrets)-1]
	if rapid.IntRange(0, 9).Draw(t, "old secret") == 0 {
		secret = rapid.SampledFrom(secrets).Draw(t, "secret")
	}
	step := otp.StepAt(w.now) + otp.Step(rapid.IntRange(-steps, steps).Draw(t, "step"))
	code, err := otp.Code(secret, step)
	if err != nil {
		t.Fatal(err)
	}
	return code, true
}

func (w *world) verifyRight(t *rapid.T) {
	actor := w.actor(t)
	if code, found := w.code(t, actor.Account, 1); found {
		w.verify(t, actor, code)
	}
}

// verifyAgain types a code that was typed before, at whatever time that was.
func (w *world) verifyAgain(t *rapid.T) {
	if len(w.typed) > 0 {
		w.verify(t, w.actor(t), rapid.SampledFrom(w.typed).Draw(t, "typed before"))
	}
}

// verifyWrong types anything, mostly a code of another time.
func (w *world) verifyWrong(t *rapid.T) {
	actor := w.actor(t)
	code, found := w.code(t, actor.Account, 30)
	if !found || rapid.Bool().Draw(t, "guess") {
		code = rapid.SampledFrom([]string{"000000", "1234567", "12345678", "", "abcdef"}).Draw(t, "guessed")
	}
	w.verify(t, actor, code)
}

func (w *world) twoInARow(t *rapid.T) {
	actor := w.actor(t)
	if code, found := w.code(t, actor.Account, 1); found {
		w.verify(t, actor, code)
		w.now = w.now.Add(otp.Period)
		w.verify(t, actor, code)
	}
}

func (w *world) verify(t *rapid.T, actor core.Actor, code string) {
	practice, before := w.look(t, actor.Account)
	verdict, err := w.gate.Verify(context.Background(), actor, code)
	if err != nil {
		t.Fatal(err)
	}
	w.stored()
	if len(code) == otp.Digits {
		w.typed = append(w.typed, code)
	}
	if !verdict.Granted {
		w.notLengthened(t, practice, before)
		return
	}
	if !practice.Enabled || before.State == core.SecretNone {
		t.Fatalf("a code opened a logon of an account in state %s, enabled %v", before.State, practice.Enabled)
	}
	w.spend(t, actor.Account, code)
}

// spend holds that an accepted code stands for a step that had opened nothing.
func (w *world) spend(t *rapid.T, account, code string) {
	t.Helper()
	secrets := w.secrets[account]
	now := otp.StepAt(w.now)
	hits, err := otp.Match(secrets[len(secrets)-1], code, now-1, now+1)
	if err != nil {
		t.Fatal(err)
	}
	spent := w.spent[account]
	fresh := slices.DeleteFunc(slices.Clone(hits), func(s otp.Step) bool { return spent[s] })
	if len(fresh) == 0 {
		t.Fatalf("the code of steps %v opened a logon at step %d, again", hits, now)
	}
	for _, step := range hits {
		spent[step] = true
	}
	w.lastDayStays(t)
}

// notLengthened holds that a denial moved no end that somebody hopes for.
func (w *world) notLengthened(t *rapid.T, practice core.Practice, before core.Account) {
	t.Helper()
	p, after := w.look(t, before.Name)
	switch {
	case p.LastDay != practice.LastDay:
		t.Fatalf("a denial moved the last day from %v to %v", practice.LastDay, p.LastDay)
	case after.LockedUntil.Before(before.LockedUntil):
		t.Fatalf("a denial ended a lock earlier: at %v, not %v", after.LockedUntil, before.LockedUntil)
	case after.Failures < before.Failures:
		t.Fatalf("a denial forgave %d wrong codes", before.Failures-after.Failures)
	case after.Helper.Expires.After(before.Helper.Expires):
		t.Fatal("a denial lengthened a helper code")
	case !after.LastLogon.Equal(before.LastLogon):
		t.Fatal("a denial counts as a logon")
	}
}

func (w *world) skip(t *rapid.T) {
	actor := w.actor(t)
	practice, before := w.look(t, actor.Account)
	verdict, err := w.gate.Skip(context.Background(), actor)
	if err != nil {
		t.Fatal(err)
	}
	w.stored()
	if !verdict.Granted {
		w.notLengthened(t, practice, before)
		return
	}
	if practice.Enabled && core.DateOf(w.seen, time.UTC).After(w.lastDay) {
		t.Fatalf("a logon was skipped after %v, when the store had seen %v", w.lastDay, w.seen)
	}
	w.lastDayStays(t)
}

func (w *world) reset(t *rapid.T) {
	actor := w.actor(t)
	err := w.tool.Reset(context.Background(), actor, actor.Account)
	if err == nil {
		w.stored()
	} else if core.CodeOf(err) != core.Missing {
		t.Fatal(err)
	}
	if _, a := w.look(t, actor.Account); a.State != core.SecretNone {
		t.Fatalf("after a reset the secret is %s", a.State)
	}
	w.lastDayStays(t)
}

func (w *world) leave(t *rapid.T) {
	actor := w.actor(t)
	practice, before := w.look(t, actor.Account)
	if err := w.gate.Leave(context.Background(), actor, core.Closed); err != nil {
		t.Fatal(err)
	}
	w.stored()
	w.notLengthened(t, practice, before)
}
