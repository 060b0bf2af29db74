package core

import (
	"testing"
	"time"

	"evry.nl/tfa/core/otp"
)

func TestImportedSecretIsInUseAtOnce(t *testing.T) {
	w := newWorld(t).enrolled()
	ctx, secret, actor := w.Context(), otp.NewSecret(), w.as("EV-0000-2")
	w.hide(secret.Base32())
	if _, err := w.desk().AddAccount(ctx, w.helpdesk, "EV-0000-2"); err != nil {
		t.Fatal(err)
	}
	outcome, err := w.desk().Import(ctx, w.helpdesk, "EV-0000-2", secret, ImportOptions{})
	if err != nil || outcome != WasImported {
		t.Fatalf("%s, %v", outcome, err)
	}
	w.wantEvents("account_added EV-0000-2", "imported EV-0000-2")
	if a := w.store.accounts["EV-0000-2"]; a.State != SecretActive || a.Confirmed || a.Generation != 1 || w.last().Detail["replaced"] != "false" {
		t.Errorf("state %s, confirmed %v, generation %d, detail %v", a.State, a.Confirmed, a.Generation, w.last().Detail)
	}
	// No QR code at the next logon, and the phone's code opens it.
	if prompt, err := w.gate().Prompt(ctx, actor); err != nil || prompt.Stage != StageCode || prompt.URI != "" {
		t.Errorf("stage %s, %v", prompt.Stage, err)
	}
	code := codeAt(t, secret, w.clock)
	w.hide(code)
	if v, err := w.gate().Verify(ctx, actor, code); err != nil || v.By != LogonOTP {
		t.Errorf("%+v, %v", v, err)
	}
	if !w.store.accounts["EV-0000-2"].Confirmed {
		t.Error("a code was accepted, and it is not confirmed")
	}
}

func TestImportingAgainChangesNothing(t *testing.T) {
	w := newWorld(t).enrolled()
	secret := w.store.accounts["EV-0000-1"].Secret
	for _, how := range []ImportOptions{{}, {Replace: true}, {Try: true}} {
		if outcome, err := w.desk().Import(w.Context(), w.helpdesk, "EV-0000-1", secret, how); err != nil || outcome != WasUnchanged {
			t.Errorf("%+v: %s, %v", how, outcome, err)
		}
	}
	w.wantEvents()
	if !w.store.accounts["EV-0000-1"].Confirmed {
		t.Error("it is no longer confirmed")
	}
}

func TestImportReplacesWhenAskedTo(t *testing.T) {
	for name, prepare := range map[string]func(*world){
		"one_in_use": func(*world) {},
		"one_only_shown": func(w *world) {
			w.tool().Reset(w.Context(), w.actor, "EV-0000-1")
			w.gate().Prompt(w.Context(), w.actor)
		},
		"one_when_it_off": func(w *world) { w.desk().SwitchOff(w.Context(), w.helpdesk) },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t).enrolled()
			prepare(w)
			w.store.events = nil
			old, secret := w.store.accounts["EV-0000-1"].Secret, otp.NewSecret()
			w.hide(old.Base32())
			_, err := w.desk().Import(w.Context(), w.helpdesk, "EV-0000-1", secret, ImportOptions{})
			wantCode(t, err, Conflict)
			outcome, err := w.desk().Import(w.Context(), w.helpdesk, "EV-0000-1", secret, ImportOptions{Replace: true, Try: true})
			if err != nil || outcome != WasReplaced || !w.store.accounts["EV-0000-1"].Secret.Equal(old) {
				t.Fatalf("trying it: %s, %v", outcome, err)
			}
			w.wantEvents()
			outcome, err = w.desk().Import(w.Context(), w.helpdesk, "EV-0000-1", secret, ImportOptions{Replace: true})
			if err != nil || outcome != WasReplaced || !w.store.accounts["EV-0000-1"].Secret.Equal(secret) {
				t.Errorf("%s, %v", outcome, err)
			}
			w.wantEvents("imported EV-0000-1")
			if w.last().Detail["replaced"] != "true" {
				t.Errorf("detail %v", w.last().Detail)
			}
		})
	}
}

func TestImportIsRefused(t *testing.T) {
	ahead := func(w *world) { // a logon while the clock was a year ahead
		w.pass(365 * 24 * time.Hour)
		w.gate().Verify(w.Context(), w.actor, w.code("EV-0000-1"))
		w.pass(24 * time.Hour)
		w.gate().Verify(w.Context(), w.actor, w.code("EV-0000-1"))
		w.pass(-366 * 24 * time.Hour)
		w.desk().AcceptClock(w.Context(), w.helpdesk)
		w.store.events = nil
	}
	for name, test := range map[string]struct {
		prepare func(*world)
		account string
		secret  otp.Secret
		want    Code
	}{
		"of_nothing":               {func(*world) {}, "EV-0000-1", otp.Secret{}, Internal},
		"for_what_nobody_knows":    {func(*world) {}, "EV-0000-2", otp.NewSecret(), Missing},
		"for_another_practice":     {func(*world) {}, "EV-0001-1", otp.NewSecret(), Refused},
		"when_the_clock_is_behind": {func(w *world) { w.pass(-time.Hour) }, "EV-0000-1", otp.NewSecret(), Conflict},
		"when_it_ran_ahead":        {ahead, "EV-0000-1", otp.NewSecret(), Conflict},
		"by_a_full_disk":           {func(w *world) { w.store.broken = errDisk }, "EV-0000-1", otp.NewSecret(), Internal},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t).enrolled()
			test.prepare(w)
			before := w.store.accounts["EV-0000-1"]
			outcome, err := w.desk().Import(w.Context(), w.helpdesk, test.account, test.secret, ImportOptions{Replace: true})
			wantCode(t, err, test.want)
			if outcome != "" || !w.store.accounts["EV-0000-1"].Secret.Equal(before.Secret) {
				t.Errorf("it was %s", outcome)
			}
			w.wantEvents()
		})
	}
}

// A code that was overseen before is worth nothing after its secret came back.
func TestImportBringsNoSpentCodeBack(t *testing.T) {
	w := newWorld(t).enrolled()
	ctx, secret := w.Context(), w.store.accounts["EV-0000-1"].Secret
	code := w.code("EV-0000-1")
	if v, err := w.gate().Verify(ctx, w.actor, code); err != nil || !v.Granted {
		t.Fatalf("%+v, %v", v, err)
	}
	w.desk().Reset(ctx, w.helpdesk, "EV-0000-1")
	if _, err := w.desk().Import(ctx, w.helpdesk, "EV-0000-1", secret, ImportOptions{}); err != nil {
		t.Fatal(err)
	}
	if v, err := w.gate().Verify(ctx, w.actor, code); err != nil || v.Reason != Spent {
		t.Errorf("%+v, %v", v, err)
	}
}

// threeStates enrols -2 too; -3 has seen its QR code, -4 is known.
func threeStates(t *testing.T) *world {
	w := newWorld(t).enrolled()
	ctx := w.Context()
	w.gate().Prompt(ctx, w.as("EV-0000-2"))
	w.gate().Verify(ctx, w.as("EV-0000-2"), w.code("EV-0000-2"))
	w.gate().Prompt(ctx, w.as("EV-0000-3"))
	w.desk().AddAccount(ctx, w.helpdesk, "EV-0000-4")
	w.store.events = nil
	return w
}

// handOuts are the two ways to get all secrets at once.
var handOuts = map[string]struct {
	kind Kind
	call func(*world) ([]Disclosure, error)
}{
	"shown_in_the_tool": {ShownAll, func(w *world) ([]Disclosure, error) { return w.tool().ShowAll(w.Context(), w.as("EV-0000-4")) }},
	"exported":          {Exported, func(w *world) ([]Disclosure, error) { return w.desk().Export(w.Context(), w.helpdesk) }},
}

func TestAllSecretsAtOnce(t *testing.T) {
	for name, way := range handOuts {
		t.Run(name, func(t *testing.T) {
			w := threeStates(t)
			all, err := way.call(w)
			if err != nil || len(all) != 2 {
				t.Fatalf("%d, %v", len(all), err)
			}
			for i, account := range []string{"EV-0000-1", "EV-0000-2"} {
				key, err := otp.ParseURI(all[i].URI)
				if err != nil || all[i].Account != account || key.Label() != "Evry:"+account || !key.Secret.Equal(w.store.accounts[account].Secret) {
					t.Errorf("%s: %s, %v", account, key.Label(), err)
				}
			}
			w.wantEvents(string(way.kind)+" EV-0000-1", string(way.kind)+" EV-0000-2")
		})
	}
}

func TestNoSecretsAtOnce(t *testing.T) {
	for name, way := range handOuts {
		for state, test := range map[string]struct {
			prepare func(*world)
			want    Code
		}{
			"without_any": {func(w *world) {
				w.desk().Reset(w.Context(), w.helpdesk, "EV-0000-1")
				w.desk().Reset(w.Context(), w.helpdesk, "EV-0000-2")
			}, Missing},
			"when_the_log_can_not_be_written": {func(w *world) { w.store.broken = errDisk }, Internal},
		} {
			t.Run(name+"/"+state, func(t *testing.T) {
				w := threeStates(t)
				test.prepare(w)
				w.store.events = nil
				all, err := way.call(w)
				if wantCode(t, err, test.want); all != nil {
					t.Error("secrets came with the error")
				}
				w.wantEvents()
			})
		}
	}
}

func TestToolShowsAllToThePracticeOnly(t *testing.T) {
	for name, test := range map[string]struct {
		prepare func(*world)
		want    Code
	}{
		"not to another practice":      {func(w *world) { w.actor = w.as("EV-0001-1") }, Refused},
		"not while two-factor is off":  {func(w *world) { w.desk().SwitchOff(w.Context(), w.helpdesk) }, Missing},
		"not when the clock is behind": {func(w *world) { w.pass(-time.Hour) }, Conflict},
		"to who is no owner too":       {func(w *world) { w.rules.Owners = []string{"EV-0000-9"} }, ""},
	} {
		t.Run(name, func(t *testing.T) {
			w := threeStates(t)
			test.prepare(w)
			all, err := w.tool().ShowAll(w.Context(), w.actor)
			if wantCode(t, err, test.want); (all != nil) != (test.want == "") {
				t.Errorf("%d secrets", len(all))
			}
		})
	}
	// The provider moves a practice whether it is on or not.
	w := threeStates(t)
	w.desk().SwitchOff(w.Context(), w.helpdesk)
	if all, err := w.desk().Export(w.Context(), w.helpdesk); err != nil || len(all) != 2 {
		t.Errorf("%d secrets, %v", len(all), err)
	}
}
