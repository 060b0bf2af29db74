package core

import (
	"slices"
	"testing"
	"time"

	"evry.nl/tfa/core/otp"
)

// phone is the secret of RFC 6238's test values.
func phone(t testing.TB) otp.Secret {
	t.Helper()
	secret, err := otp.SecretFromBytes([]byte("12345678901234567890"))
	if err != nil {
		t.Fatal(err)
	}
	return secret
}

// active is an account whose phone was scanned and used.
func active(t testing.TB) Account {
	t.Helper()
	a := NewAccount("EV-0000-1")
	a.Enrol(func() otp.Secret { return phone(t) })
	a.State, a.Confirmed = SecretActive, true
	return a
}

func try(t testing.TB, a *Account, typed string, now time.Time) Verdict {
	t.Helper()
	verdict, err := a.Try(typed, now, rules())
	if err != nil {
		t.Fatal(err)
	}
	return verdict
}

// noon is the beginning of a step.
func noon(t testing.TB) time.Time { return moment(t, "2019-05-15 12:00:00") }

// wrongCode is a code that is right at no time near now.
func wrongCode(t testing.TB, secret otp.Secret, now time.Time) string {
	t.Helper()
	for _, code := range []string{"000000", "111111", "222222"} {
		hits, err := otp.Match(secret, code, otp.StepAt(now)-1000, otp.StepAt(now)+1000)
		if err != nil {
			t.Fatal(err)
		}
		if len(hits) == 0 {
			return code
		}
	}
	t.Fatal("three codes that are all right")
	return ""
}

func TestTryOfOneCode(t *testing.T) {
	now := noon(t).Add(12 * time.Second)
	phoneAt := func(drift time.Duration) string { return codeAt(t, phone(t), now.Add(drift)) }
	spaced := phoneAt(0)[:3] + " " + phoneAt(0)[3:]
	yes := granted(LogonOTP)
	wrong := Verdict{Reason: WrongCode, TriesLeft: 4}
	drifted := func(drift time.Duration) Verdict {
		return Verdict{Reason: ClockWrong, TriesLeft: 4, Drift: drift}
	}
	for name, test := range map[string]struct {
		typed string
		want  Verdict
	}{
		"the code of now opens":                           {phoneAt(0), yes},
		"spaces are ignored":                              {spaced, yes},
		"white space around is ignored":                   {"\t" + phoneAt(0) + "\u00a0\r\n", yes},
		"the code before opens":                           {phoneAt(-30 * time.Second), yes},
		"the next code opens":                             {phoneAt(30 * time.Second), yes},
		"two steps late is the clock":                     {phoneAt(-time.Minute), drifted(-time.Minute)},
		"two steps early is the clock":                    {phoneAt(time.Minute), drifted(time.Minute)},
		"ten minutes late is the clock":                   {phoneAt(-10 * time.Minute), drifted(-10 * time.Minute)},
		"ten minutes early is the clock":                  {phoneAt(10 * time.Minute), drifted(10 * time.Minute)},
		"more than ten minutes late is wrong":             {phoneAt(-10*time.Minute - 30*time.Second), wrong},
		"more than ten minutes early is wrong":            {phoneAt(10*time.Minute + 30*time.Second), wrong},
		"a wrong code is wrong":                           {wrongCode(t, phone(t), now), wrong},
		"eight digits without a helper code are wrong":    {"12345678", wrong},
		"nothing is no attempt":                           {"", denied(Malformed)},
		"five digits are no attempt":                      {phoneAt(0)[:5], denied(Malformed)},
		"seven digits are no attempt":                     {phoneAt(0) + "0", denied(Malformed)},
		"letters are no attempt":                          {"12345o", denied(Malformed)},
		"digits of another script are no attempt":         {"１２３４５６", denied(Malformed)},
		"a code with a zero byte is no attempt":           {phoneAt(0)[:5] + "\x00", denied(Malformed)},
		"a right code with something behind is malformed": {phoneAt(0) + "\x00", denied(Malformed)},
	} {
		t.Run(name, func(t *testing.T) {
			a := active(t)
			if got := try(t, &a, test.typed, now); got != test.want {
				t.Errorf("got %+v, want %+v", got, test.want)
			}
			if counted := a.Failures == 1; counted != (test.want.TriesLeft > 0) {
				t.Errorf("%d wrong codes counted", a.Failures)
			}
			if a.LastLogon.IsZero() == test.want.Granted {
				t.Errorf("last logon %s", a.LastLogon)
			}
		})
	}
}

func TestEmptySecretTakesNoCode(t *testing.T) {
	a := NewAccount("EV-0000-1")
	// The code that pquerna/otp computes for an empty key is public.
	for _, code := range []string{"743009", "000000"} {
		if got := try(t, &a, code, noon(t)); got != denied(NoSecret) {
			t.Errorf("got %+v", got)
		}
	}
}

func TestOneCodeOpensOneLogon(t *testing.T) {
	a, now := active(t), noon(t).Add(12*time.Second)
	code := codeAt(t, phone(t), now)
	if !try(t, &a, code, now).Granted {
		t.Fatal("the first person is refused")
	}
	for name, test := range map[string]struct {
		code  string
		at    time.Time
		until time.Time
	}{
		"the second person waits for the next code": {code, now.Add(3 * time.Second), noon(t).Add(30 * time.Second)},
		"the code is spent in the next step too":    {code, now.Add(30 * time.Second), now.Add(30 * time.Second)},
		"a clock turned back does not help":         {code, now.Add(-30 * time.Second), noon(t).Add(30 * time.Second)},
	} {
		t.Run(name, func(t *testing.T) {
			b := a
			got := try(t, &b, test.code, test.at)
			if want := (Verdict{Reason: Spent, Until: test.until.UTC()}); got.Reason != Spent || !got.Until.Equal(want.Until) {
				t.Errorf("got %+v, want %+v", got, want)
			}
			if b.Failures != 0 {
				t.Error("waiting counts as a wrong code")
			}
		})
	}
	if next := now.Add(30 * time.Second); !try(t, &a, codeAt(t, phone(t), next), next).Granted {
		t.Error("the next code is refused")
	}
}

// Two phones of one account, one a step ahead of the other.
func TestSecondPersonIsToldWhenTheNextFreshCodeBegins(t *testing.T) {
	a, now := active(t), noon(t)
	next := codeAt(t, phone(t), now.Add(30*time.Second))
	for _, code := range []string{codeAt(t, phone(t), now), next} {
		if !try(t, &a, code, now).Granted {
			t.Fatal("refused")
		}
	}
	if got := try(t, &a, codeAt(t, phone(t), now), now); !got.Until.Equal(now.Add(time.Minute)) {
		t.Errorf("told to wait until %s, but the code of then is spent too", got.Until)
	}
}

// Who tells codes of other times apart from wrong ones could keep them.
func TestDriftedCodeIsSpent(t *testing.T) {
	a, now := active(t), noon(t)
	later := now.Add(10 * time.Minute)
	code := codeAt(t, phone(t), later)
	if got := try(t, &a, code, now); got.Reason != ClockWrong {
		t.Fatalf("got %+v", got)
	}
	if got := try(t, &a, code, later); got.Granted || got.Reason != Spent {
		t.Errorf("got %+v", got)
	}
}

// The list of spent steps is read and written with every logon.
func TestSpentStepsStayFewAndStaySpent(t *testing.T) {
	a, first := active(t), noon(t)
	for now := first; now.Before(first.AddDate(0, 0, 1)); now = now.Add(time.Minute) {
		if !try(t, &a, codeAt(t, phone(t), now), now).Granted {
			t.Fatal("refused")
		}
	}
	if len(a.Spent) > 2*driftWindow+1 {
		t.Errorf("%d spent steps are kept", len(a.Spent))
	}
	if got := try(t, &a, codeAt(t, phone(t), first), first); got.Granted || got.Reason != ClockWrong {
		t.Errorf("the first code, the clock turned back: %+v", got)
	}
}

func TestLockout(t *testing.T) {
	a, now := active(t), noon(t)
	wrong := wrongCode(t, phone(t), now)
	for i, lock := range []time.Duration{1, 2, 4, 8, 15, 15} {
		lock *= time.Minute
		for left := 4; left >= 1; left-- {
			if got := try(t, &a, wrong, now); got != (Verdict{Reason: WrongCode, TriesLeft: left}) {
				t.Fatalf("lock %d: got %+v, want %d tries left", i+1, got, left)
			}
		}
		until := now.Add(lock)
		if got := try(t, &a, wrong, now); got != (Verdict{Reason: TooMany, Until: until}) {
			t.Fatalf("lock %d: got %+v, want until %s", i+1, got, until)
		}
		before := a
		for name, typed := range map[string]string{"a right code": codeAt(t, phone(t), now), "a wrong code": wrong, "nothing": "", "a helper code": "12345678"} {
			if got := try(t, &a, typed, until.Add(-time.Second)); got != (Verdict{Reason: TooMany, Until: until}) {
				t.Errorf("locked, %s: got %+v", name, got)
			}
		}
		if a.Failures != before.Failures || a.LockedUntil != before.LockedUntil || !slices.Equal(a.Spent, before.Spent) {
			t.Error("an attempt while locked was counted")
		}
		now = until // the lock ends at this moment, not after it
	}
	if !try(t, &a, codeAt(t, phone(t), now), now).Granted || a.Failures != 0 || !a.LockedUntil.IsZero() {
		t.Errorf("a right code does not begin anew: %d wrong codes", a.Failures)
	}
}

func TestDriftedCodesLockToo(t *testing.T) {
	a, now := active(t), noon(t)
	code := codeAt(t, phone(t), now.Add(5*time.Minute))
	for range 4 {
		try(t, &a, code, now)
	}
	if got := try(t, &a, code, now); got.Reason != TooMany || !a.IsLocked(now) {
		t.Errorf("got %+v", got)
	}
}

func TestUnlock(t *testing.T) {
	a := active(t)
	a.Failures, a.LockedUntil = 7, noon(t).Add(time.Hour)
	if a.Unlock(); a.IsLocked(noon(t)) || a.Failures != 0 {
		t.Errorf("%d wrong codes, locked until %s", a.Failures, a.LockedUntil)
	}
}

func TestSecretStates(t *testing.T) {
	a, now := NewAccount("EV-0000-1"), noon(t)
	if a.State != SecretNone || !a.Secret.IsZero() || a.Confirmed {
		t.Fatalf("new account: %+v", a)
	}
	if !a.Enrol(otp.NewSecret) || a.State != SecretShown || a.Confirmed || a.Generation != 1 {
		t.Fatalf("enrolled: %+v", a)
	}
	secret := a.Secret
	if a.Enrol(otp.NewSecret) || !a.Secret.Equal(secret) || a.Generation != 1 {
		t.Error("the second person at a first logon sees another QR code")
	}
	if got := try(t, &a, wrongCode(t, secret, now), now); got.Granted || a.State != SecretShown || a.Confirmed {
		t.Errorf("a wrong code made the secret %s, confirmed %v", a.State, a.Confirmed)
	}
	if got := try(t, &a, codeAt(t, secret, now), now); !got.Granted || a.State != SecretActive || !a.Confirmed || a.LastLogon != now {
		t.Errorf("%+v made the secret %s, confirmed %v", got, a.State, a.Confirmed)
	}
	if a.Enrol(otp.NewSecret) || !a.Secret.Equal(secret) {
		t.Error("an active secret is replaced")
	}
}

func TestSkippingActivatesButDoesNotConfirm(t *testing.T) {
	a, now := NewAccount("EV-0000-1"), noon(t)
	a.Enrol(otp.NewSecret)
	if got := a.Skip(inTransition(t), now, rules()); got != granted(LogonSkipped) {
		t.Fatalf("got %+v", got)
	}
	if a.State != SecretActive || a.Confirmed || a.LastLogon != now {
		t.Errorf("state %s, confirmed %v, last logon %s", a.State, a.Confirmed, a.LastLogon)
	}
}

func TestResetKeepsWhatMayNotBeGotRidOf(t *testing.T) {
	a, now := active(t), noon(t)
	code := codeAt(t, phone(t), now)
	try(t, &a, code, now)
	a.Failures, a.LockedUntil, a.Floor = 5, now.Add(time.Minute), 7
	a.Helper = HelperCode{Hash: make([]byte, 32), Expires: now.Add(time.Hour)}
	spent := slices.Clone(a.Spent)
	a.Reset()
	if a.State != SecretNone || !a.Secret.IsZero() || a.Confirmed || a.Helper.open(now) {
		t.Errorf("not cleared: %+v", a)
	}
	if !slices.Equal(a.Spent, spent) || a.Floor != 7 || !a.IsLocked(now) || a.Failures != 5 {
		t.Errorf("spent steps %v, %d wrong codes, locked until %s", a.Spent, a.Failures, a.LockedUntil)
	}
	a.Unlock()
	if a.Enrol(func() otp.Secret { return phone(t) }); a.Generation != 2 {
		t.Errorf("generation %d", a.Generation)
	}
	if got := try(t, &a, code, now); got.Reason != Spent {
		t.Errorf("a code from before the reset: %+v", got)
	}
}

func TestSkip(t *testing.T) {
	now := moment(t, "2019-05-20 08:28:00")
	on, off := inTransition(t), Practice{Name: "EV-0000"}
	mandatory := rules()
	mandatory.Mandatory = true
	locked := now.Add(time.Minute)
	for name, test := range map[string]struct {
		practice Practice
		rules    Rules
		now      time.Time
		locked   time.Time
		want     Verdict
	}{
		"off lets on":                                {off, rules(), now, time.Time{}, granted(LogonOff)},
		"off lets a locked account on":               {off, rules(), now, locked, granted(LogonOff)},
		"off but mandatory for the practice refuses": {Practice{Mandatory: true}, rules(), now, time.Time{}, denied(NoSkip)},
		"off but mandatory on the server refuses":    {off, mandatory, now, time.Time{}, denied(NoSkip)},
		"in the transition skips":                    {on, rules(), now, time.Time{}, granted(LogonSkipped)},
		"mandatory does not shorten a transition":    {on, mandatory, now, time.Time{}, granted(LogonSkipped)},
		"in the transition, locked, waits":           {on, rules(), now, locked, Verdict{Reason: TooMany, Until: locked}},
		"after the transition refuses":               {on, rules(), now.AddDate(0, 0, 10), time.Time{}, denied(NoSkip)},
		"on without a last day refuses":              {Practice{Enabled: true}, rules(), now, time.Time{}, denied(NoSkip)},
		"no rules at all are off":                    {Practice{}, Rules{}, now, time.Time{}, granted(LogonOff)},
	} {
		t.Run(name, func(t *testing.T) {
			a := active(t)
			a.LockedUntil = test.locked
			before := a
			got := a.Skip(test.practice, test.now, test.rules)
			if got != test.want {
				t.Errorf("got %+v, want %+v", got, test.want)
			}
			if got.Granted != (a.LastLogon == test.now) || a.LockedUntil != before.LockedUntil || a.State != before.State {
				t.Errorf("account after it: %+v", a)
			}
		})
	}
}

func TestSkippingWhileOffMakesNoSecretActive(t *testing.T) {
	a := NewAccount("EV-0000-1")
	a.Enrol(otp.NewSecret)
	a.Skip(Practice{}, noon(t), rules())
	if a.State != SecretShown {
		t.Errorf("state %s", a.State)
	}
}

func TestZeroVerdictDenies(t *testing.T) {
	if (Verdict{}).Granted {
		t.Error("it grants")
	}
	for _, reason := range []Reason{WrongCode, Malformed, Spent, ClockWrong, TooMany, NoSecret, NoSkip, NotOwner, Closed, TimedOut} {
		if denied(reason).Granted || reason == "" {
			t.Errorf("reason %q", reason)
		}
	}
}

// A clock that ran years ahead must not keep an account out for years: waiting
// would not help, so it is not offered, and a new secret does.
func TestAClockThatRanAheadKeepsNobodyOut(t *testing.T) {
	a, r, ahead := NewAccount("EV-0000-1"), rules(), noon(t).AddDate(10, 0, 0)
	a.Enrol(otp.NewSecret)
	logOn := func(at time.Time) Verdict {
		code, err := otp.Code(a.Secret, otp.StepAt(at))
		if err != nil {
			t.Fatal(err)
		}
		verdict, err := a.Try(code, at, r)
		if err != nil {
			t.Fatal(err)
		}
		return verdict
	}
	if !logOn(ahead).Granted || !logOn(ahead.Add(time.Hour)).Granted {
		t.Fatal("the clock that runs ahead lets nobody in")
	}
	if v := logOn(noon(t)); v.Granted || v.Reason != ClockWrong {
		t.Errorf("after the clock is right again: %+v", v)
	}
	a.Reset()
	a.Enrol(otp.NewSecret)
	if v := logOn(noon(t)); !v.Granted {
		t.Errorf("with a new secret: %+v", v)
	}
}
