package core

import (
	"errors"
	"testing"
	"time"
)

func TestPromptShowsTheRowOfTheLogonTable(t *testing.T) {
	for name, test := range map[string]struct {
		prepare func(*world)
		want    Prompt // its secret and URI are checked apart
		events  []string
	}{
		"off offers both ways": {
			func(*world) {}, Prompt{Stage: StageOff, MaySkip: true, MaySwitchOn: true}, nil,
		},
		"off but mandatory offers no skipping": {
			func(w *world) { w.store.practice.Mandatory = true }, Prompt{Stage: StageOff, MaySwitchOn: true}, nil,
		},
		"off but mandatory on this server too": {
			func(w *world) { w.rules.Mandatory = true }, Prompt{Stage: StageOff, MaySwitchOn: true}, nil,
		},
		"off with owners offers others no switch": {
			func(w *world) { w.rules.Owners = []string{"EV-0000-9"} }, Prompt{Stage: StageOff, MaySkip: true}, nil,
		},
		"an exempt account goes on at once": {
			func(w *world) { w.enrolled().rules.Exempt = []string{"EV-0000-1"} },
			Prompt{Stage: StageExempt, MaySwitchOn: true, LastDay: Date{2019, time.May, 29}}, nil,
		},
		"on without a secret shows a new one": {
			func(w *world) { w.enrolled().actor = w.as("EV-0000-2") },
			Prompt{Stage: StageEnrol, MaySkip: true, MaySwitchOn: true, LastDay: Date{2019, time.May, 29}, DaysLeft: 14},
			[]string{"shown_at_logon EV-0000-2"},
		},
		"on with an active secret shows none": {
			func(w *world) { w.enrolled() },
			Prompt{Stage: StageCode, MaySkip: true, MaySwitchOn: true, LastDay: Date{2019, time.May, 29}, DaysLeft: 14}, nil,
		},
		"after the transition nothing skips": {
			func(w *world) { w.enrolled().pass(15 * 24 * time.Hour) },
			Prompt{Stage: StageCode, MaySwitchOn: true, LastDay: Date{2019, time.May, 29}, DaysLeft: -1}, nil,
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			test.prepare(w)
			got, err := w.gate().Prompt(w.Context(), w.actor)
			if err != nil {
				t.Fatal(err)
			}
			if shown := !got.Secret.IsZero(); shown != (got.Stage == StageEnrol) || shown != (got.URI != "") {
				t.Errorf("stage %s, secret shown: %v", got.Stage, shown)
			}
			got.Secret, got.URI, test.want.Account = test.want.Secret, "", w.actor.Account
			if got != test.want {
				t.Errorf("got %+v, want %+v", got, test.want)
			}
			w.wantEvents(test.events...)
		})
	}
}

func TestTwoPeopleAtTheirFirstLogonSeeTheSameCode(t *testing.T) {
	w := newWorld(t).enrolled()
	ctx, second := w.Context(), w.as("EV-0000-2")
	one, err := w.gate().Prompt(ctx, second)
	if err != nil || w.last().Detail["new"] != "true" {
		t.Fatalf("%v, %v", err, w.last())
	}
	two, err := w.gate().Prompt(ctx, second)
	if err != nil || one.URI != two.URI || w.last().Detail["new"] != "false" {
		t.Fatalf("another QR code, %v, %v", err, w.last())
	}
	// The first of them completes a logon; after that the QR code is not shown.
	if v, err := w.gate().Verify(ctx, second, w.code("EV-0000-2")); err != nil || !v.Granted {
		t.Fatalf("%+v, %v", v, err)
	}
	if three, err := w.gate().Prompt(ctx, second); err != nil || three.Stage != StageCode || three.URI != "" {
		t.Errorf("stage %s, %v", three.Stage, err)
	}
	w.wantEvents("shown_at_logon EV-0000-2", "shown_at_logon EV-0000-2", "logon_otp EV-0000-2")
}

// gateAnswers are the ways a logon can end, and what the log then says.
var gateAnswers = map[string]struct {
	act    func(*world) (Verdict, error)
	want   Verdict
	events []string
	detail Detail // of the last event
}{
	"a right code": {
		func(w *world) (Verdict, error) { return w.gate().Verify(w.Context(), w.actor, w.code("EV-0000-1")) },
		granted(LogonOTP), []string{"logon_otp EV-0000-1"}, nil,
	},
	"a wrong code": {
		func(w *world) (Verdict, error) { return w.gate().Verify(w.Context(), w.actor, w.wrong()) },
		Verdict{Reason: WrongCode, TriesLeft: 4}, []string{"logon_refused EV-0000-1"}, Detail{"reason": "wrong_code"},
	},
	"a code of a phone that is five minutes ahead": {
		func(w *world) (Verdict, error) {
			return w.gate().Verify(w.Context(), w.actor, codeAt(w, w.store.accounts["EV-0000-1"].Secret, w.clock.Add(5*time.Minute)))
		},
		Verdict{Reason: ClockWrong, TriesLeft: 4, Drift: 5 * time.Minute},
		[]string{"logon_refused EV-0000-1"}, Detail{"reason": "clock_wrong", "drift": "5m0s"},
	},
	"no code": {
		func(w *world) (Verdict, error) { return w.gate().Verify(w.Context(), w.actor, "geen idee") },
		denied(Malformed), []string{"logon_refused EV-0000-1"}, Detail{"reason": "malformed"},
	},
	"the wrong code that locks": {
		func(w *world) (Verdict, error) {
			a := w.store.accounts["EV-0000-1"]
			a.Failures = 4
			w.store.accounts["EV-0000-1"] = a
			return w.gate().Verify(w.Context(), w.actor, w.wrong())
		},
		Verdict{Reason: TooMany, Until: time.Date(2019, 5, 15, 6, 30, 0, 0, time.UTC)},
		[]string{"locked EV-0000-1", "logon_refused EV-0000-1"},
		Detail{"reason": "locked", "until": "2019-05-15T06:30:00Z"},
	},
	"skipping in the transition": {
		func(w *world) (Verdict, error) { return w.gate().Skip(w.Context(), w.actor) },
		granted(LogonSkipped), []string{"logon_skipped EV-0000-1"}, nil,
	},
	"skipping after it": {
		func(w *world) (Verdict, error) {
			w.pass(15 * 24 * time.Hour)
			return w.gate().Skip(w.Context(), w.actor)
		},
		denied(NoSkip), []string{"logon_refused EV-0000-1"}, Detail{"reason": "no_skip"},
	},
	"skipping by who is exempt": {
		func(w *world) (Verdict, error) {
			w.rules.Exempt = []string{"EV-0000-1"}
			w.pass(15 * 24 * time.Hour)
			return w.gate().Skip(w.Context(), w.actor)
		},
		granted(LogonExempt), []string{"logon_exempt EV-0000-1"}, nil,
	},
	"closing the window": {
		func(w *world) (Verdict, error) {
			return denied(Closed), w.gate().Leave(w.Context(), w.actor, Closed)
		},
		denied(Closed), []string{"logon_refused EV-0000-1"}, Detail{"reason": "closed"},
	},
	"no answer": {
		func(w *world) (Verdict, error) {
			return denied(TimedOut), w.gate().Leave(w.Context(), w.actor, TimedOut)
		},
		denied(TimedOut), []string{"logon_refused EV-0000-1"}, Detail{"reason": "timed_out"},
	},
	"a code while two-factor is off": {
		func(w *world) (Verdict, error) {
			w.store.practice.Enabled = false
			return w.gate().Verify(w.Context(), w.actor, w.code("EV-0000-1"))
		},
		denied(NoSecret), []string{"logon_refused EV-0000-1"}, Detail{"reason": "no_secret"},
	},
}

func TestGateLogsEveryAnswer(t *testing.T) {
	for name, test := range gateAnswers {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t).enrolled()
			got, err := test.act(w)
			if err != nil || got != test.want {
				t.Errorf("got %+v, %v, want %+v", got, err, test.want)
			}
			w.wantEvents(test.events...)
			for key, want := range test.detail {
				if got := w.last().Detail[key]; got != want {
					t.Errorf("detail %s is %q, want %q", key, got, want)
				}
			}
			if e := w.last(); e.Actor != "EV-0000-1" || e.Session != ":10" || e.Client != "192.0.2.7" || !e.At.Equal(w.clock) {
				t.Errorf("event %+v", e)
			}
		})
	}
}

// wrong is a code that is right at no time near now.
func (w *world) wrong() string {
	code := wrongCode(w, w.store.accounts["EV-0000-1"].Secret, w.clock)
	w.hide(code)
	return code
}

func TestWrongCodesAreStored(t *testing.T) {
	w := newWorld(t).enrolled()
	for want := 1; want <= 3; want++ {
		w.gate().Verify(w.Context(), w.actor, w.wrong())
		if got := w.store.accounts["EV-0000-1"].Failures; got != want {
			t.Fatalf("%d wrong codes stored, want %d", got, want)
		}
	}
}

func TestOneCodeOpensOneLogonOfASharedAccount(t *testing.T) {
	w := newWorld(t).enrolled()
	code := w.code("EV-0000-1")
	if v, err := w.gate().Verify(w.Context(), w.actor, code); err != nil || !v.Granted {
		t.Fatalf("%+v, %v", v, err)
	}
	other := w.actor
	other.Server, other.Client = "ts1", "192.0.2.8"
	w.pass(5 * time.Second)
	v, err := w.gate().Verify(w.Context(), other, code)
	if err != nil || v.Reason != Spent || v.Until.Sub(w.clock) != 25*time.Second {
		t.Errorf("got %+v, %v", v, err)
	}
	w.wantEvents("logon_otp EV-0000-1", "logon_refused EV-0000-1")
}

func TestSwitchingOnAtTheGate(t *testing.T) {
	w := newWorld(t)
	if v, err := w.gate().Skip(w.Context(), w.actor); err != nil || v != granted(LogonOff) {
		t.Fatalf("off: %+v, %v", v, err)
	}
	if v, err := w.gate().SwitchOn(w.Context(), w.actor); err != nil || v != granted(LogonOff) {
		t.Fatalf("switching on does not let this logon go on: %+v, %v", v, err)
	}
	if p := w.store.practice; !p.Enabled || p.EnabledBy != "EV-0000-1" || p.LastDay.String() != "29-5-2019" {
		t.Errorf("practice %+v", p)
	}
	w.wantEvents("logon_off EV-0000-1", "switched_on", "logon_off EV-0000-1")
	if got := w.store.events[1].Detail["last_day"]; got != "2019-05-29" {
		t.Errorf("last day %q", got)
	}
	// A colleague who was looking at the same screen:
	v, err := w.gate().SwitchOn(w.Context(), w.as("EV-0000-2"))
	if wantCode(t, err, Conflict); v.Granted {
		t.Error("switching on twice lets on")
	}
}

func TestOnlyOwnersSwitchOnAtTheGate(t *testing.T) {
	w := newWorld(t)
	w.rules.Owners = []string{"EV-0000-2"}
	if v, err := w.gate().SwitchOn(w.Context(), w.actor); err != nil || v != denied(NotOwner) || w.store.practice.Enabled {
		t.Errorf("got %+v, %v", v, err)
	}
	if v, err := w.gate().SwitchOn(w.Context(), w.as("EV-0000-2")); err != nil || !v.Granted {
		t.Errorf("the owner: %+v, %v", v, err)
	}
	w.wantEvents("logon_refused EV-0000-1", "switched_on", "logon_off EV-0000-2")
}

// The last day would be counted from a wrong day.
func TestClockThatIsBehindSwitchesNothingOn(t *testing.T) {
	w := newWorld(t)
	w.store.practice.Seen = w.clock.Add(2 * time.Minute)
	v, err := w.gate().SwitchOn(w.Context(), w.actor)
	wantCode(t, err, Conflict)
	wantCode(t, w.tool().SwitchOn(w.Context(), w.actor), Conflict)
	if v.Granted || w.store.practice.Enabled {
		t.Errorf("got %+v", v)
	}
	w.wantEvents()
}

func TestClockTurnedBackAtTheGate(t *testing.T) {
	w := newWorld(t).enrolled()
	w.pass(15 * 24 * time.Hour)
	if v, err := w.gate().Skip(w.Context(), w.actor); err != nil || v.Granted {
		t.Fatalf("%+v, %v", v, err)
	}
	w.pass(-10 * 24 * time.Hour)
	if v, err := w.gate().Skip(w.Context(), w.actor); err != nil || v != denied(NoSkip) {
		t.Errorf("turned back: %+v, %v", v, err)
	}
	if prompt, err := w.gate().Prompt(w.Context(), w.actor); err != nil || prompt.MaySkip || prompt.DaysLeft != -1 {
		t.Errorf("turned back: %+v, %v", prompt, err)
	}
}

// What the store could not keep was not decided.
func TestFaultDenies(t *testing.T) {
	for name, act := range map[string]func(*world) (Verdict, error){
		"a right code":     func(w *world) (Verdict, error) { return w.gate().Verify(w.Context(), w.actor, w.code("EV-0000-1")) },
		"skipping":         func(w *world) (Verdict, error) { return w.gate().Skip(w.Context(), w.actor) },
		"another practice": func(w *world) (Verdict, error) { return w.gate().Skip(w.Context(), w.as("EV-0001-1")) },
		"no practice":      func(w *world) (Verdict, error) { return w.gate().Skip(w.Context(), w.as("root")) },
		"a path":           func(w *world) (Verdict, error) { return w.gate().Skip(w.Context(), w.as("../EV-0000-1")) },
		"switching on": func(w *world) (Verdict, error) {
			w.store.practice.Enabled = false
			return w.gate().SwitchOn(w.Context(), w.actor)
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t).enrolled()
			w.store.broken = errDisk
			v, err := act(w)
			if err == nil || v != (Verdict{}) {
				t.Errorf("got %+v, %v", v, err)
			}
			w.wantEvents()
		})
	}
	w := newWorld(t).enrolled()
	w.store.broken = errDisk
	prompt, err := w.gate().Prompt(w.Context(), w.as("EV-0000-2"))
	if !errors.Is(err, errDisk) || prompt != (Prompt{}) {
		t.Error("a secret was shown that was not stored")
	}
}

func TestComingBackAfterADisconnect(t *testing.T) {
	const account = "EV-0000-1"
	for name, tc := range map[string]struct {
		meanwhile func(w *world) error
		want      Verdict
		events    []string
	}{
		"nothing_happened": {nil, granted(LogonResumed), []string{"logon_resumed " + account}},
		"colleague_reset_it": {func(w *world) error {
			return w.tool().Reset(w.Context(), w.as("EV-0000-2"), account)
		}, denied(NoSecret), []string{"reset " + account}},
		"reset_and_enrolled_by_another": {func(w *world) error {
			if err := w.tool().Reset(w.Context(), w.as("EV-0000-2"), account); err != nil {
				return err
			}
			if _, err := w.gate().Prompt(w.Context(), w.actor); err != nil {
				return err
			}
			_, err := w.gate().Verify(w.Context(), w.actor, w.code(account))
			return err
		}, denied(NoSecret), []string{"reset " + account, "shown_at_logon " + account, "logon_otp " + account}},
		"locked": {func(w *world) error {
			a := w.store.accounts[account]
			a.LockedUntil = w.clock.Add(time.Minute)
			w.store.accounts[account] = a
			return nil
		}, denied(NoSecret), nil},
		"switched_off": {func(w *world) error {
			return w.desk().SwitchOff(w.Context(), w.helpdesk)
		}, denied(NoSecret), []string{"switched_off"}},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t).enrolled()
			passed := w.clock
			w.pass(time.Minute)
			if tc.meanwhile != nil {
				if err := tc.meanwhile(w); err != nil {
					t.Fatal(err)
				}
			}
			logon := w.store.accounts[account].LastLogon
			if got, err := w.gate().Resume(w.Context(), w.actor, passed); err != nil || got != tc.want {
				t.Errorf("got %+v, %v, want %+v", got, err, tc.want)
			}
			w.wantEvents(tc.events...)
			if !w.store.accounts[account].LastLogon.Equal(logon) {
				t.Error("it counts as the last logon, which is what the screen tells of")
			}
		})
	}
}
