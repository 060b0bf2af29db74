package core

import (
	"maps"
	"slices"
	"testing"
	"time"

	"evry.nl/tfa/core/otp"
	"pgregory.net/rapid"
)

// life is an account that all kinds of things happen to, and what must hold of
// it whatever they are.
type life struct {
	account  Account
	practice Practice
	rules    Rules
	now      time.Time
	jumps    int // how often the clock was turned back

	latest    time.Time    // that the clock has shown
	phones    []otp.Secret // that were in use, of this product or another
	accepted  map[opened]bool
	diagnosed map[opened]bool
	helper    string
	kept      HelperCode
}

// opened is a code of one secret at one step.
type opened struct {
	secret string
	step   otp.Step
}

// steps returns what the typed code stands for, as far as the clock may look.
func (l *life) steps(t *rapid.T, typed string, reach otp.Step) []otp.Step {
	if l.account.Secret.IsZero() || !otp.IsDigits(typed, otp.Digits) {
		return nil
	}
	current := otp.StepAt(l.now)
	hits, err := otp.Match(l.account.Secret, typed, current-reach, current+reach)
	if err != nil {
		t.Fatal(err)
	}
	return hits
}

// try types a code and checks the verdict against all that went before.
func (l *life) try(t *rapid.T, typed string) {
	before, secret := l.account, l.account.Secret
	near, far := l.steps(t, typed, window), l.steps(t, typed, driftWindow)
	verdict, err := l.account.Try(typed, l.now, l.rules)
	if err != nil {
		t.Fatal(err)
	}
	l.judge(t, before, verdict)
	switch {
	case verdict.By == LogonOTP:
		fresh := slices.DeleteFunc(near, func(s otp.Step) bool {
			return l.accepted[opened{secret.Base32(), s}] || l.diagnosed[opened{secret.Base32(), s}]
		})
		if len(fresh) == 0 {
			t.Fatalf("granted by a code that had been accepted or diagnosed, or is right at no time near now")
		}
		for _, step := range far {
			l.accepted[opened{secret.Base32(), step}] = true
		}
	case verdict.By == LogonHelper:
		if typed != l.helper || !before.Helper.open(l.now) || l.account.Helper.open(l.now) {
			t.Fatalf("granted by a helper code that was not open, or still is")
		}
	case verdict.Granted:
		t.Fatalf("a typed code granted by %s", verdict.By)
	case verdict.Reason == ClockWrong, verdict.Drift != 0:
		for _, step := range far {
			l.diagnosed[opened{secret.Base32(), step}] = true
		}
	}
}

// judge holds for every verdict.
func (l *life) judge(t *rapid.T, before Account, v Verdict) {
	a := l.account
	if v.Granted {
		if v.By == "" || v.Reason != "" || a.LastLogon != l.now {
			t.Fatalf("granted %+v, last logon %s", v, a.LastLogon)
		}
		return
	}
	if v.Reason == "" || v.By != "" {
		t.Fatalf("denied without a reason: %+v", v)
	}
	if a.LockedUntil.Before(before.LockedUntil) || a.LastLogon != before.LastLogon {
		t.Fatalf("a denial moved the lock from %s to %s", before.LockedUntil, a.LockedUntil)
	}
	if !a.Helper.Expires.Equal(before.Helper.Expires) || a.Helper.Tries < before.Helper.Tries {
		t.Fatal("a denial prolonged a helper code")
	}
	if a.State != before.State || a.Confirmed != before.Confirmed || !a.Secret.Equal(before.Secret) {
		t.Fatal("a denial changed the secret")
	}
	if v.Reason == TooMany && !v.Until.After(l.now) || v.Reason == Spent && v.Until.Before(l.now) {
		t.Fatalf("told to wait until %s, at %s", v.Until, l.now)
	}
}

func (l *life) tick(d time.Duration) {
	if d < 0 {
		l.jumps++
	}
	l.now = l.now.Add(d)
	l.latest = later(l.latest, l.now)
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// tryCodeWithin types the code of a step at most reach from now.
func (l *life) tryCodeWithin(t *rapid.T, reach int) {
	if l.account.Secret.IsZero() {
		t.Skip("no secret")
	}
	code, err := otp.Code(l.account.Secret, otp.StepAt(l.now)+otp.Step(rapid.IntRange(-reach, reach).Draw(t, "step")))
	if err != nil {
		t.Fatal(err)
	}
	l.try(t, code)
}

func (l *life) actions() map[string]func(*rapid.T) {
	return map[string]func(*rapid.T){
		"enrol": func(*rapid.T) {
			if l.account.Enrol(otp.NewSecret) {
				l.phones = append(l.phones, l.account.Secret)
			}
		},
		"import a secret of a phone": func(t *rapid.T) {
			l.phones = append(l.phones, otp.NewSecret())
			l.account.Import(rapid.SampledFrom(l.phones).Draw(t, "secret"), later(l.latest, l.now))
		},
		"reset": func(t *rapid.T) {
			spent, locked := slices.Clone(l.account.Spent), l.account.LockedUntil
			l.account.Reset()
			if !slices.Equal(spent, l.account.Spent) || locked != l.account.LockedUntil {
				t.Fatal("a reset forgot spent steps or a lock")
			}
		},
		"type a code of about now":    func(t *rapid.T) { l.tryCodeWithin(t, 3) }, // the same ones again and again
		"type a code of another time": func(t *rapid.T) { l.tryCodeWithin(t, 25) },
		"type anything": func(t *rapid.T) {
			l.try(t, rapid.OneOf(rapid.StringMatching(`[0-9]{6}`), rapid.StringMatching(`[0-9 ]{0,9}`), rapid.String()).Draw(t, "typed"))
		},
		"skip": func(t *rapid.T) {
			before, lastDay := l.account, l.practice.LastDay
			v := l.account.Skip(l.practice, l.now, l.rules)
			l.judge(t, before, v)
			if l.practice.LastDay != lastDay || v.Granted && before.IsLocked(l.now) {
				t.Fatalf("%+v, the last day went from %s to %s", v, lastDay, l.practice.LastDay)
			}
		},
		"wait":                func(t *rapid.T) { l.tick(time.Duration(rapid.IntRange(0, 200).Draw(t, "seconds")) * time.Second) },
		"wait long":           func(t *rapid.T) { l.tick(time.Duration(rapid.IntRange(0, 60).Draw(t, "hours")) * time.Hour) },
		"turn the clock back": func(t *rapid.T) { l.tick(-time.Duration(rapid.IntRange(1, 3000).Draw(t, "seconds")) * time.Second) },
		"unlock":              func(*rapid.T) { l.account.Unlock() },
		"get a helper code": func(t *rapid.T) {
			l.account.Helper = l.kept
			l.account.Helper.Expires = l.now.Add(time.Duration(rapid.IntRange(-5, 60).Draw(t, "minutes")) * time.Minute)
		},
		"type a helper code": func(t *rapid.T) {
			if rapid.IntRange(0, 29).Draw(t, "seldom") != 0 {
				t.Skip("slow")
			}
			l.try(t, rapid.SampledFrom([]string{l.helper, "00000000"}).Draw(t, "helper code"))
		},
		"": l.check,
	}
}

func (l *life) check(t *rapid.T) {
	a := l.account
	if (a.State == SecretNone) != a.Secret.IsZero() {
		t.Fatalf("state %s, and a secret: %v", a.State, !a.Secret.IsZero())
	}
	if !slices.IsSorted(a.Spent) || len(slices.Compact(slices.Clone(a.Spent))) != len(a.Spent) {
		t.Fatalf("spent steps out of order: %v", a.Spent)
	}
	// All steps from two windows ago to one ahead: what a clock that runs on
	// can leave. Each time it is turned back, as many may stay behind.
	if limit := (3*driftWindow + 1) * (1 + l.jumps); len(a.Spent) > limit {
		t.Fatalf("%d spent steps, after %d jumps back", len(a.Spent), l.jumps)
	}
	for used := range maps.Keys(l.accepted) {
		if used.secret == a.Secret.Base32() && !a.isSpent(used.step) {
			t.Fatalf("step %d opened a logon and is not spent", used.step)
		}
	}
	for used := range maps.Keys(l.diagnosed) {
		if used.secret == a.Secret.Base32() && !a.isSpent(used.step) {
			t.Fatalf("step %d was diagnosed and is not spent", used.step)
		}
	}
}

// No step is accepted twice, a diagnosed code never opens a logon, and a denial
// never lengthens the time allowed, whatever the clock does.
func TestWhateverHappensToAnAccount(t *testing.T) {
	helper, kept := oneHelper()
	rapid.Check(t, func(rt *rapid.T) {
		l := &life{
			account: NewAccount("EV-0000-1"), practice: inTransition(t), rules: rules(), now: noon(t),
			accepted: map[opened]bool{}, diagnosed: map[opened]bool{}, helper: helper, kept: kept,
		}
		rt.Repeat(l.actions())
	})
}

// FuzzTry types anything: only a code of about now or the helper code opens.
func FuzzTry(f *testing.F) {
	for _, typed := range []string{"", "123456", "123 456", "12345678", "１２３４５６", "\x00", "-12345", "0x1234", "755224"} {
		f.Add(typed, int64(1557914400))
	}
	f.Add("94287082"[2:], int64(59)) // right: RFC 6238 appendix B
	f.Fuzz(func(t *testing.T, typed string, seconds int64) {
		a, now := active(t), time.Unix(seconds%(1<<40), 0)
		if now.Unix() < 0 {
			return // before the epoch there are no codes
		}
		verdict, err := a.Try(typed, now, rules())
		if err != nil {
			t.Fatal(err)
		}
		code, current := otp.Typed(typed), otp.StepAt(now)
		right := false
		for step := max(0, current-window); step <= current+window; step++ {
			want, err := otp.Code(phone(t), step)
			if err != nil {
				t.Fatal(err)
			}
			right = right || want == code
		}
		if verdict.Granted != right || !verdict.Granted && verdict.Reason == "" {
			t.Fatalf("%q at %s: %+v", typed, now, verdict)
		}
		if again, _ := a.Try(typed, now, rules()); again.Granted {
			t.Fatalf("%q at %s opens twice", typed, now)
		}
	})
}
