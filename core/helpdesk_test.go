package core

import (
	"testing"
	"time"

	"evry.nl/tfa/core/otp"
)

// helpdeskActs are what the helpdesk does and tries, and what the log then says.
var helpdeskActs = map[string]struct {
	act    func(*world) error
	want   Code
	events []string
	detail Detail // of the last event
}{
	"switches off": {
		func(w *world) error { return w.desk().SwitchOff(w.Context(), w.helpdesk) }, "", []string{"switched_off"}, nil,
	},
	"does not switch off what is off": {
		func(w *world) error {
			w.store.practice.Enabled = false
			return w.desk().SwitchOff(w.Context(), w.helpdesk)
		}, Conflict, nil, nil,
	},
	"switches on, where owners would have to": {
		func(w *world) error {
			w.store.practice.Enabled, w.rules.Owners = false, []string{"EV-0000-9"}
			return w.desk().SwitchOn(w.Context(), w.helpdesk)
		}, "", []string{"switched_on"}, Detail{"last_day": "2019-05-29"},
	},
	"does not switch on what is on": {
		func(w *world) error { return w.desk().SwitchOn(w.Context(), w.helpdesk) }, Conflict, nil, nil,
	},
	"extends the transition": {
		func(w *world) error { return w.desk().Extend(w.Context(), w.helpdesk, Date{2019, time.June, 7}) }, "",
		[]string{"extended"}, Detail{"last_day": "2019-06-07", "before": "2019-05-29"},
	},
	"does not shorten it": {
		func(w *world) error { return w.desk().Extend(w.Context(), w.helpdesk, Date{2019, time.May, 28}) }, Invalid, nil, nil,
	},
	"does not extend it to the same day": {
		func(w *world) error { return w.desk().Extend(w.Context(), w.helpdesk, Date{2019, time.May, 29}) }, Invalid, nil, nil,
	},
	"does not extend it to no day": {
		func(w *world) error { return w.desk().Extend(w.Context(), w.helpdesk, Date{}) }, Invalid, nil, nil,
	},
	"extends no transition that has not begun": {
		func(w *world) error {
			w.store.practice.Enabled = false
			return w.desk().Extend(w.Context(), w.helpdesk, Date{2019, time.June, 7})
		}, Conflict, nil, nil,
	},
	"makes it mandatory": {
		func(w *world) error { return w.desk().SetMandatory(w.Context(), w.helpdesk, true) }, "", []string{"mandatory"}, Detail{"mandatory": "true"},
	},
	"does not make it mandatory twice": {
		func(w *world) error { return w.desk().SetMandatory(w.Context(), w.helpdesk, false) }, Conflict, nil, nil,
	},
	"accepts a clock that was ahead": {
		func(w *world) error {
			w.pass(-time.Hour)
			return w.desk().AcceptClock(w.Context(), w.helpdesk)
		}, "", []string{"clock_accepted"}, Detail{"seen": "2019-05-15T06:28:00Z"},
	},
	"does not accept a clock that is right": {
		func(w *world) error { return w.desk().AcceptClock(w.Context(), w.helpdesk) }, Conflict, nil, nil,
	},
	"resets": {
		func(w *world) error { return w.desk().Reset(w.Context(), w.helpdesk, "EV-0000-1") }, "", []string{"reset EV-0000-1"}, nil,
	},
	"does not reset what is not there": {
		func(w *world) error { return w.desk().Reset(w.Context(), w.helpdesk, "EV-0000-2") }, Missing, nil, nil,
	},
	"does not reset an account of another practice": {
		func(w *world) error { return w.desk().Reset(w.Context(), w.helpdesk, "EV-0001-1") }, Refused, nil, nil,
	},
	"unlocks": {
		func(w *world) error {
			for range 5 {
				w.gate().Verify(w.Context(), w.actor, w.wrong())
			}
			w.store.events = nil
			return w.desk().Unlock(w.Context(), w.helpdesk, "EV-0000-1")
		}, "", []string{"unlocked EV-0000-1"}, nil,
	},
	"does not unlock what is not locked": {
		func(w *world) error { return w.desk().Unlock(w.Context(), w.helpdesk, "EV-0000-1") }, Conflict, nil, nil,
	},
	"does not unlock what nobody knows": {
		func(w *world) error { return w.desk().Unlock(w.Context(), w.helpdesk, "EV-0000-2") }, Missing, nil, nil,
	},
	"makes no helper code while two-factor is off": {
		func(w *world) error {
			w.store.practice.Enabled = false
			_, err := w.desk().HelperCode(w.Context(), w.helpdesk, "EV-0000-1", time.Hour)
			return err
		}, Conflict, nil, nil,
	},
	"makes no helper code for what nobody knows": {
		func(w *world) error {
			code, err := w.desk().HelperCode(w.Context(), w.helpdesk, "EV-0000-2", time.Hour)
			if code != "" {
				w.Error("a code came with the error")
			}
			return err
		}, Missing, nil, nil,
	},
	"makes no helper code that is over at once": {
		func(w *world) error {
			_, err := w.desk().HelperCode(w.Context(), w.helpdesk, "EV-0000-1", ShortestHelper-1)
			return err
		}, Invalid, nil, nil,
	},
	"makes no helper code for days": {
		func(w *world) error {
			_, err := w.desk().HelperCode(w.Context(), w.helpdesk, "EV-0000-1", LongestHelper+1)
			return err
		}, Invalid, nil, nil,
	},
	"renames": {
		func(w *world) error { return w.desk().Rename(w.Context(), w.helpdesk, "EV-0000-1", "EV-0000-9") },
		"", []string{"account_renamed EV-0000-9"}, Detail{"before": "EV-0000-1"},
	},
	"does not rename to the same name": {
		func(w *world) error { return w.desk().Rename(w.Context(), w.helpdesk, "EV-0000-1", "EV-0000-1") }, Conflict, nil, nil,
	},
	"does not rename into another practice": {
		func(w *world) error { return w.desk().Rename(w.Context(), w.helpdesk, "EV-0000-1", "EV-0001-1") }, Refused, nil, nil,
	},
	"does not rename to what is no account": {
		func(w *world) error { return w.desk().Rename(w.Context(), w.helpdesk, "EV-0000-1", "reception") }, Invalid, nil, nil,
	},
	"does not rename what nobody knows": {
		func(w *world) error { return w.desk().Rename(w.Context(), w.helpdesk, "EV-0000-2", "EV-0000-9") }, Missing, nil, nil,
	},
	"removes": {
		func(w *world) error { return w.desk().Remove(w.Context(), w.helpdesk, "EV-0000-1") },
		"", []string{"account_removed EV-0000-1"}, nil,
	},
	"does not remove what nobody knows": {
		func(w *world) error { return w.desk().Remove(w.Context(), w.helpdesk, "EV-0000-2") }, Missing, nil, nil,
	},
}

// A new name opens no door: what was spent stays spent, and a lock goes along.
func TestRenamedAccountKeepsItsSecondFactor(t *testing.T) {
	w := newWorld(t).enrolled()
	ctx := w.Context()
	code := w.code("EV-0000-1")
	if v, err := w.gate().Verify(ctx, w.actor, code); err != nil || !v.Granted {
		t.Fatalf("%+v, %v", v, err)
	}
	if err := w.desk().Rename(ctx, w.helpdesk, "EV-0000-1", "EV-0000-9"); err != nil {
		t.Fatal(err)
	}
	if v, err := w.gate().Verify(ctx, w.as("EV-0000-9"), code); err != nil || v.Reason != Spent {
		t.Errorf("a spent code under the new name: %+v, %v", v, err)
	}
	w.pass(time.Minute)
	if v, err := w.gate().Verify(ctx, w.as("EV-0000-9"), w.code("EV-0000-9")); err != nil || !v.Granted {
		t.Errorf("a fresh code under the new name: %+v, %v", v, err)
	}
	if prompt, err := w.gate().Prompt(ctx, w.actor); err != nil || prompt.Stage != StageEnrol {
		t.Errorf("under the old name: %+v, %v", prompt.Stage, err)
	}
}

func TestHelpdeskActsAndTheirEvents(t *testing.T) {
	for name, test := range helpdeskActs {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t).enrolled()
			wantCode(t, test.act(w), test.want)
			w.wantEvents(test.events...)
			for key, want := range test.detail {
				if got := w.last().Detail[key]; got != want {
					t.Errorf("detail %s is %q, want %q", key, got, want)
				}
			}
			if len(w.store.events) > 0 && w.last().Actor != "helpdesk jan" {
				t.Errorf("the actor is %q", w.last().Actor)
			}
		})
	}
}

func TestHelpdeskAddsAnAccountOnce(t *testing.T) {
	w := newWorld(t)
	for _, want := range []bool{true, false} {
		if added, err := w.desk().AddAccount(w.Context(), w.helpdesk, "EV-0000-3"); err != nil || added != want {
			t.Errorf("added %v, %v", added, err)
		}
	}
	w.wantEvents("account_added EV-0000-3")
	if a := w.store.accounts["EV-0000-3"]; a.State != SecretNone {
		t.Errorf("state %s", a.State)
	}
	w.store.broken = errDisk
	if added, err := w.desk().AddAccount(w.Context(), w.helpdesk, "EV-0000-4"); err == nil || added {
		t.Errorf("added %v, %v", added, err)
	}
}

// A transition that was extended lasts until then, for accounts of later too.
func TestExtendedTransition(t *testing.T) {
	w := newWorld(t).enrolled()
	w.pass(20 * 24 * time.Hour) // 4-6-2019
	if v, err := w.gate().Skip(w.Context(), w.actor); err != nil || v.Granted {
		t.Fatalf("%+v, %v", v, err)
	}
	if err := w.desk().Extend(w.Context(), w.helpdesk, Date{2019, time.June, 4}); err != nil {
		t.Fatal(err)
	}
	if v, err := w.gate().Skip(w.Context(), w.actor); err != nil || !v.Granted {
		t.Errorf("on the new last day: %+v, %v", v, err)
	}
}

func TestHelperCodeFromHelpdeskToLogon(t *testing.T) {
	w := newWorld(t).enrolled()
	ctx := w.Context()
	for range 5 {
		w.gate().Verify(ctx, w.actor, w.wrong())
	}
	first, err := w.desk().HelperCode(ctx, w.helpdesk, "EV-0000-1", 15*time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	code, err := w.desk().HelperCode(ctx, w.helpdesk, "EV-0000-1", 15*time.Minute)
	if err != nil || !otp.IsDigits(code, HelperDigits) || w.last().Detail["expires"] != "2019-05-15T06:44:00Z" {
		t.Fatalf("%v, %+v", err, w.last())
	}
	w.hide(first, code)
	w.store.events = nil
	for _, test := range []struct {
		actor Actor
		typed string
		want  Verdict
	}{
		{w.as("EV-0000-2"), code, Verdict{Reason: WrongCode, TriesLeft: 4}}, // it is for one account
		{w.actor, first, Verdict{Reason: TooMany, Until: w.clock.Add(time.Minute).UTC()}},
		{w.actor, code, granted(LogonHelper)},
		{w.actor, code, Verdict{Reason: WrongCode, TriesLeft: 4}},
	} {
		if got, err := w.gate().Verify(ctx, test.actor, test.typed); err != nil || got != test.want {
			t.Errorf("%s: got %+v, %v, want %+v", test.actor.Account, got, err, test.want)
		}
	}
	w.wantEvents("logon_refused EV-0000-2", "logon_refused EV-0000-1", "logon_helper_code EV-0000-1", "logon_refused EV-0000-1")
}
