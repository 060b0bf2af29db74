package storagetest

import (
	"reflect"
	"slices"
	"testing"
	"time"
	"unicode"

	"pgregory.net/rapid"

	"evry.nl/tfa/core"
	"evry.nl/tfa/core/otp"
)

// text is what people and systems name things by: printable in any script.
func text() *rapid.Generator[string] {
	return rapid.StringOf(rapid.RuneFrom(nil, unicode.PrintRanges...))
}

// moments are times at the precision that core uses, or none.
func moments() *rapid.Generator[time.Time] {
	return rapid.Custom(func(t *rapid.T) time.Time {
		if rapid.Bool().Draw(t, "none") {
			return time.Time{}
		}
		from, to := time.Date(1900, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2200, 1, 1, 0, 0, 0, 0, time.UTC)
		return time.UnixMicro(rapid.Int64Range(from.UnixMicro(), to.UnixMicro()).Draw(t, "µs")).UTC()
	})
}

func dates() *rapid.Generator[core.Date] {
	return rapid.Custom(func(t *rapid.T) core.Date {
		at := moments().Draw(t, "day")
		if at.IsZero() {
			return core.Date{}
		}
		return core.DateOf(at, time.UTC)
	})
}

func practices() *rapid.Generator[core.Practice] {
	return rapid.Custom(func(t *rapid.T) core.Practice {
		return core.Practice{
			Name:      Practice,
			Enabled:   rapid.Bool().Draw(t, "Enabled"),
			EnabledAt: moments().Draw(t, "EnabledAt"),
			EnabledBy: text().Draw(t, "EnabledBy"),
			LastDay:   dates().Draw(t, "LastDay"),
			Mandatory: rapid.Bool().Draw(t, "Mandatory"),
			Seen:      moments().Draw(t, "Seen"),
		}
	})
}

func accounts(name string) *rapid.Generator[core.Account] {
	return rapid.Custom(func(t *rapid.T) core.Account {
		a := core.Account{
			Name:        name,
			Known:       true,
			State:       rapid.SampledFrom([]core.SecretState{core.SecretNone, core.SecretShown, core.SecretActive}).Draw(t, "State"),
			Generation:  rapid.IntRange(0, 1<<31).Draw(t, "Generation"),
			Confirmed:   rapid.Bool().Draw(t, "Confirmed"),
			LastLogon:   moments().Draw(t, "LastLogon"),
			Failures:    rapid.IntRange(0, 1<<31).Draw(t, "Failures"),
			LockedUntil: moments().Draw(t, "LockedUntil"),
			Spent:       steps(t),
			Floor:       otp.Step(rapid.Int64().Draw(t, "Floor")),
		}
		if a.State != core.SecretNone {
			key := rapid.SliceOfN(rapid.Byte(), 1, 64).Draw(t, "Secret")
			a.Secret, _ = otp.SecretFromBytes(key)
		}
		if rapid.Bool().Draw(t, "helper") {
			a.Helper = core.HelperCode{
				Salt:    rapid.SliceOfN(rapid.Byte(), 1, 16).Draw(t, "Salt"),
				Hash:    rapid.SliceOfN(rapid.Byte(), 1, 32).Draw(t, "Hash"),
				Expires: moments().Draw(t, "Expires"),
				Tries:   rapid.IntRange(0, 9).Draw(t, "Tries"),
			}
		}
		return a
	})
}

func steps(t *rapid.T) []otp.Step {
	numbers := rapid.SliceOfDistinct(rapid.Int64(), rapid.ID).Draw(t, "Spent")
	slices.Sort(numbers)
	var steps []otp.Step
	for _, n := range numbers {
		steps = append(steps, otp.Step(n))
	}
	return steps
}

// roundTrip writes one set of fields over another, so that a field which is
// forgotten when an account is changed shows as well.
func roundTrip(t *testing.T, open Open) {
	s := open(t)
	everyFieldIsMade(t)
	rapid.Check(t, func(rt *rapid.T) {
		practice := practices().Draw(rt, "practice")
		account := accounts(name(rapid.IntRange(1, 3).Draw(rt, "n"))).Draw(rt, "account")
		err := s.ChangeAccount(t.Context(), account.Name, func(p *core.Practice, a *core.Account) ([]core.Event, error) {
			*p, *a = practice, account
			return about(a.Name), nil
		})
		if err != nil {
			rt.Fatal(err)
		}
		p, a := load(rt, s, account.Name)
		if p != practice {
			rt.Errorf("the practice came back as\n%+v, not\n%+v", p, practice)
		}
		if !reflect.DeepEqual(a, account) {
			rt.Errorf("the account came back as\n%+v, not\n%+v", a, account)
		}
		other := practices().Draw(rt, "other practice")
		err = s.ChangePractice(t.Context(), func(p *core.Practice) ([]core.Event, error) {
			*p = other
			return about(""), nil
		})
		if p, a := load(rt, s, account.Name); err != nil || p != other || !reflect.DeepEqual(a, account) {
			rt.Errorf("ChangePractice left %+v and %+v: %v", p, a, err)
		}
	})
}

// everyFieldIsMade holds that the generators above know every field: one that
// core gets later is judged too.
func everyFieldIsMade(t *testing.T) {
	t.Helper()
	for _, example := range []func(seed int) any{
		func(seed int) any { return practices().Example(seed) },
		func(seed int) any { return accounts(name(1)).Example(seed) },
	} {
		made := map[string]bool{}
		for seed := range 100 {
			value := reflect.ValueOf(example(seed))
			for i := range value.NumField() {
				field := value.Type().Field(i).Name
				made[field] = made[field] || !value.Field(i).IsZero()
			}
		}
		for field, found := range made {
			if !found {
				t.Errorf("no example sets %s: add it to the generator", field)
			}
		}
	}
}

func viewHidesSecrets(t *testing.T, open Open) {
	s := open(t)
	secret := otp.NewSecret()
	err := s.ChangeAccount(t.Context(), name(1), func(_ *core.Practice, a *core.Account) ([]core.Event, error) {
		a.Enrol(func() otp.Secret { return secret })
		a.Helper = core.HelperCode{Salt: []byte("salt"), Hash: []byte("hash"), Expires: noon, Tries: 2}
		return about(a.Name), nil
	})
	if err != nil {
		t.Fatal(err)
	}
	_, accounts, err := s.View(t.Context())
	if err != nil || len(accounts) != 1 {
		t.Fatalf("got %v, %v", accounts, err)
	}
	a := accounts[0]
	if !a.Secret.IsZero() || a.Helper.Salt != nil || a.Helper.Hash != nil {
		t.Error("View hands out what could open a logon")
	}
	if a.State != core.SecretShown || !a.Helper.Expires.Equal(noon) || a.Helper.Tries != 2 || !a.Known {
		t.Errorf("View leaves out more than that: %+v", a)
	}
}
