package core

import (
	"bytes"
	"sync"
	"testing"
	"time"

	"evry.nl/tfa/core/otp"
)

// oneHelper is the helper code of all tests that need just any: hashing takes as
// long as it must.
var oneHelper = sync.OnceValues(func() (string, HelperCode) {
	code, kept, err := NewHelperCode(time.Time{})
	if err != nil {
		return "", HelperCode{} // opens nothing
	}
	return code, kept
})

// withHelper is an active account with a helper code that is valid for an hour.
func withHelper(t testing.TB) (a Account, code, wrong string) {
	t.Helper()
	a = active(t)
	code, a.Helper = oneHelper()
	a.Helper.Expires = noon(t).Add(time.Hour)
	if wrong = "00000000"; wrong == code {
		wrong = "00000001"
	}
	return a, code, wrong
}

func TestHelperCode(t *testing.T) {
	fresh, code, wrong := withHelper(t)
	now := noon(t)
	if !otp.IsDigits(code, 8) || bytes.Contains(fresh.Helper.Hash, []byte(code)) || len(fresh.Helper.Salt) != 16 {
		t.Fatal("not 8 digits, or not hashed with a salt")
	}
	locked := now.Add(time.Minute)
	for name, test := range map[string]struct {
		typed  string
		now    time.Time
		locked time.Time
		tries  int
		want   Verdict
	}{
		"opens":                                {code, now, time.Time{}, 0, granted(LogonHelper)},
		"opens with spaces":                    {code[:4] + " " + code[4:], now, time.Time{}, 0, granted(LogonHelper)},
		"opens while the account is locked":    {code, now, locked, 0, granted(LogonHelper)},
		"opens in its last second":             {code, now.Add(time.Hour - time.Second), time.Time{}, 0, granted(LogonHelper)},
		"is over when it expires":              {code, now.Add(time.Hour), time.Time{}, 0, Verdict{Reason: WrongCode, TriesLeft: 4}},
		"opens after four wrong ones":          {code, now, time.Time{}, 4, granted(LogonHelper)},
		"is void after five wrong ones":        {code, now, time.Time{}, 5, Verdict{Reason: WrongCode, TriesLeft: 4}},
		"a void one does not pass a lock":      {code, now, locked, 5, Verdict{Reason: TooMany, Until: locked}},
		"an expired one does not pass a lock":  {code, now.Add(2 * time.Hour), now.Add(3 * time.Hour), 0, Verdict{Reason: TooMany, Until: now.Add(3 * time.Hour)}},
		"a wrong one is a wrong code":          {wrong, now, time.Time{}, 0, Verdict{Reason: WrongCode, TriesLeft: 4}},
		"a wrong one while locked stays there": {wrong, now, locked, 0, Verdict{Reason: TooMany, Until: locked}},
	} {
		t.Run(name, func(t *testing.T) {
			a := fresh
			a.LockedUntil, a.Helper.Tries = test.locked, test.tries
			got := try(t, &a, test.typed, test.now)
			if got != test.want {
				t.Fatalf("got %+v, want %+v", got, test.want)
			}
			if used := len(a.Helper.Hash) == 0; used != got.Granted {
				t.Errorf("used up: %v", used)
			}
			if got.Granted && (a.IsLocked(now) || a.Failures != 0 || a.LastLogon != test.now) {
				t.Errorf("after a logon: %d wrong codes, locked until %s", a.Failures, a.LockedUntil)
			}
			if !got.Granted && !a.Helper.Expires.Equal(fresh.Helper.Expires) {
				t.Error("a denial changed when the helper code expires")
			}
		})
	}
}

func TestHelperCodeOpensOneLogon(t *testing.T) {
	a, code, _ := withHelper(t)
	if !try(t, &a, code, noon(t)).Granted {
		t.Fatal("refused")
	}
	if got := try(t, &a, code, noon(t)); got.Granted {
		t.Error("opened a second logon")
	}
}

// Guessing helper codes must end although it passes the lock.
func TestWrongHelperCodesVoidTheRightOne(t *testing.T) {
	a, code, wrong := withHelper(t)
	now := noon(t)
	a.LockedUntil = now.Add(time.Hour)
	a.Helper.Tries = 3
	for range 2 {
		try(t, &a, wrong, now)
	}
	if got := try(t, &a, code, now); got.Granted {
		t.Error("the right one still opens")
	}
	if a.Failures != 0 {
		t.Error("wrong helper codes lengthened a lock")
	}
}

func TestHelperCodeActivatesAShownSecret(t *testing.T) {
	a, code, _ := withHelper(t)
	a.State, a.Confirmed = SecretShown, false
	if got := try(t, &a, code, noon(t)); !got.Granted || a.State != SecretActive || a.Confirmed {
		t.Errorf("%+v made the secret %s, confirmed %v", got, a.State, a.Confirmed)
	}
}

func TestHelperCodesDiffer(t *testing.T) {
	one, _ := oneHelper()
	two, kept, err := NewHelperCode(noon(t))
	if err != nil || one == two || !kept.Expires.Equal(noon(t)) {
		t.Errorf("two helper codes are alike: %v, or this one expires at %s, %v", one == two, kept.Expires, err)
	}
}
