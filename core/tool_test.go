package core

import (
	"errors"
	"strings"
	"testing"
	"time"
)

func TestToolShowsACode(t *testing.T) {
	w := newWorld(t).enrolled()
	colleague := w.as("EV-0000-2") // anyone of the practice may see it
	shown, err := w.tool().Show(w.Context(), colleague, "EV-0000-1")
	secret := w.store.accounts["EV-0000-1"].Secret
	if err != nil || shown.Account != "EV-0000-1" || !shown.Secret.Equal(secret) || shown.Generation != 1 || !strings.Contains(shown.URI, secret.Base32()) {
		t.Errorf("shown for %s, %v", shown.Account, err)
	}
	w.wantEvents("shown_in_tool EV-0000-1")
	if w.last().Actor != "EV-0000-2" {
		t.Errorf("event by %s", w.last().Actor)
	}
}

func TestToolCopies(t *testing.T) {
	w := newWorld(t).enrolled()
	secret := w.store.accounts["EV-0000-1"].Secret
	if got, err := w.tool().Copy(w.Context(), w.actor, "EV-0000-1", CopySecret); err != nil || got != secret.Base32() {
		t.Errorf("not the secret: %v", err)
	}
	if got, err := w.tool().Copy(w.Context(), w.actor, "EV-0000-1", CopyURI); err != nil || !strings.HasPrefix(got, "otpauth://totp/Evry:EV-0000-1?secret="+secret.Base32()) {
		t.Errorf("not the URI: %v", err)
	}
	w.wantEvents("copied_secret EV-0000-1", "copied_uri EV-0000-1")
}

func TestToolHandsOutNothing(t *testing.T) {
	for name, test := range map[string]struct {
		prepare func(*world)
		account string
		want    Code
	}{
		"of an account that has no secret":           {func(*world) {}, "EV-0000-2", Missing},
		"of one that has been shown but not used":    {func(w *world) { w.gate().Prompt(w.Context(), w.as("EV-0000-2")) }, "EV-0000-2", Missing},
		"after a reset":                              {func(w *world) { w.tool().Reset(w.Context(), w.actor, "EV-0000-1") }, "EV-0000-1", Missing},
		"while two-factor is off":                    {func(w *world) { w.desk().SwitchOff(w.Context(), w.helpdesk) }, "EV-0000-1", Missing},
		"when the clock is behind":                   {func(w *world) { w.pass(-10 * time.Minute) }, "EV-0000-1", Conflict},
		"of another practice":                        {func(*world) {}, "EV-0001-1", Refused},
		"to another practice":                        {func(w *world) { w.actor = w.as("EV-0001-1") }, "EV-0000-1", Refused},
		"to another practice of its own account":     {func(w *world) { w.actor = w.as("EV-0001-1") }, "EV-0001-1", Refused},
		"to an account of no practice":               {func(w *world) { w.actor = w.as("root") }, "EV-0000-1", Invalid},
		"of a path":                                  {func(*world) {}, "../EV-0000-1", Invalid},
		"of no account":                              {func(*world) {}, "", Invalid},
		"of a practice that begins alike":            {func(*world) {}, "EV-0000-1-1", Refused},
		"to a practice that begins alike":            {func(w *world) { w.actor = w.as("EV-0000-1-1") }, "EV-0000-1", Refused},
		"when the store cannot write that it did so": {func(w *world) { w.store.broken = errDisk }, "EV-0000-1", Internal},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t).enrolled()
			test.prepare(w)
			before := len(w.store.events)
			shown, err := w.tool().Show(w.Context(), w.actor, test.account)
			wantCode(t, err, test.want)
			if shown != (Disclosure{}) {
				t.Error("it was shown")
			}
			copied, err := w.tool().Copy(w.Context(), w.actor, test.account, CopySecret)
			wantCode(t, err, test.want)
			if copied != "" {
				t.Error("it was copied")
			}
			if len(w.store.events) != before {
				t.Errorf("an event for what did not happen: %+v", w.last())
			}
		})
	}
}

func TestToolResets(t *testing.T) {
	w := newWorld(t).enrolled()
	ctx := w.Context()
	old := w.store.accounts["EV-0000-1"].Secret
	w.hide(old.Base32())
	if err := w.tool().Reset(ctx, w.as("EV-0000-2"), "EV-0000-1"); err != nil {
		t.Fatal(err)
	}
	w.wantEvents("reset EV-0000-1")
	// The phone stops working at once, and the next logon shows a new QR code.
	stale := codeAt(t, old, w.clock)
	if v, err := w.gate().Verify(ctx, w.actor, stale); err != nil || v != denied(NoSecret) {
		t.Errorf("got %+v, %v", v, err)
	}
	prompt, err := w.gate().Prompt(ctx, w.actor)
	if err != nil || prompt.Stage != StageEnrol || prompt.Secret.Equal(old) || prompt.LastDay.String() != "29-5-2019" {
		t.Errorf("stage %s, last day %s, %v", prompt.Stage, prompt.LastDay, err)
	}
	if v, err := w.gate().Verify(ctx, w.actor, stale); err != nil || v.Granted {
		t.Errorf("the old phone: %+v, %v", v, err)
	}
	if a := w.store.accounts["EV-0000-1"]; a.Generation != 2 || len(a.Spent) == 0 {
		t.Errorf("generation %d, %d spent steps", a.Generation, len(a.Spent))
	}
}

func TestToolRefusesToReset(t *testing.T) {
	for name, test := range map[string]struct {
		prepare func(*world)
		account string
		want    Code
	}{
		"what has no secret":           {func(*world) {}, "EV-0000-2", Missing},
		"an account of others":         {func(*world) {}, "EV-0001-1", Refused},
		"for another practice":         {func(w *world) { w.actor = w.as("EV-0001-1") }, "EV-0000-1", Refused},
		"for who is no owner":          {func(w *world) { w.rules.Owners = []string{"EV-0000-2"} }, "EV-0000-1", Refused},
		"when it can't write that":     {func(w *world) { w.store.broken = errDisk }, "EV-0000-1", Internal},
		"for an owner, what is not on": {func(w *world) { w.rules.Owners = []string{"EV-0000-1"} }, "EV-0000-7", Missing},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t).enrolled()
			test.prepare(w)
			wantCode(t, w.tool().Reset(w.Context(), w.actor, test.account), test.want)
			if w.store.accounts["EV-0000-1"].State != SecretActive {
				t.Error("it was reset")
			}
			w.wantEvents()
		})
	}
}

// Which of the two it is decides what the person can do about it.
func TestResetTellsWhatIsMissing(t *testing.T) {
	w := newWorld(t).enrolled()
	if _, err := w.desk().AddAccount(w.Context(), w.helpdesk, "EV-0000-2"); err != nil {
		t.Fatal(err)
	}
	for account, want := range map[string]string{"EV-0000-2": "missing.secret", "EV-0000-3": "missing.account"} {
		var refusal *Error
		if err := w.tool().Reset(w.Context(), w.actor, account); !errors.As(err, &refusal) || refusal.Sentence != want {
			t.Errorf("%s: got %v, want %s", account, err, want)
		}
	}
}

func TestOwnersManage(t *testing.T) {
	w := newWorld(t)
	w.rules.Owners = []string{"EV-0000-2"}
	wantCode(t, w.tool().SwitchOn(w.Context(), w.actor), Refused)
	wantCode(t, w.tool().SwitchOn(w.Context(), w.as("EV-0000-2")), "")
	w.wantEvents("switched_on")
	for account, want := range map[string]bool{"EV-0000-1": false, "EV-0000-2": true} {
		if o, err := w.tool().Overview(w.Context(), w.as(account)); err != nil || o.MayManage != want {
			t.Errorf("%s may manage: %v, %v", account, o.MayManage, err)
		}
	}
	// An owner of another practice owns nothing here.
	w.rules.Owners = append(w.rules.Owners, "EV-0001-1")
	wantCode(t, w.tool().Reset(w.Context(), w.as("EV-0001-1"), "EV-0000-1"), Refused)
}

func TestSwitchingOnInTheTool(t *testing.T) {
	w := newWorld(t)
	if err := w.tool().SwitchOn(w.Context(), w.actor); err != nil {
		t.Fatal(err)
	}
	wantCode(t, w.tool().SwitchOn(w.Context(), w.as("EV-0000-2")), Conflict)
	wantCode(t, w.tool().SwitchOn(w.Context(), w.as("EV-0001-1")), Refused)
	w.wantEvents("switched_on")
}

func TestOverview(t *testing.T) {
	w := newWorld(t).enrolled()
	for _, account := range []string{"EV-0000-10", "EV-0000-2"} {
		if _, err := w.gate().Prompt(w.Context(), w.as(account)); err != nil {
			t.Fatal(err)
		}
	}
	w.store.events = nil
	o, err := w.tool().Overview(w.Context(), w.actor)
	if err != nil || o.DaysLeft != 14 || o.ClockBehind || !o.MayManage || o.Practice.Name != "EV-0000" {
		t.Errorf("got %+v, %v", o, err)
	}
	var names []string
	for _, a := range o.Accounts {
		if names = append(names, a.Name); !a.Secret.IsZero() {
			t.Errorf("the secret of %s is in the overview", a.Name)
		}
	}
	if got := strings.Join(names, " "); got != "EV-0000-1 EV-0000-2 EV-0000-10" {
		t.Errorf("accounts %s", got)
	}
	w.pass(-time.Hour)
	if o, err := w.tool().Overview(w.Context(), w.actor); err != nil || !o.ClockBehind {
		t.Errorf("clock behind: %v, %v", o.ClockBehind, err)
	}
	w.wantEvents() // looking at it discloses nothing
}

func TestNobodySeesAnotherPractice(t *testing.T) {
	w := newWorld(t).enrolled()
	for account, want := range map[string]Code{"EV-0001-1": Refused, "EV-00000-1": Refused, "root": Invalid, "": Invalid} {
		overview, err := w.tool().Overview(w.Context(), w.as(account))
		wantCode(t, err, want)
		if overview.Accounts != nil || overview.Practice.Name != "" {
			t.Errorf("%q sees the practice", account)
		}
		page, err := w.tool().Log(w.Context(), w.as(account), Query{})
		wantCode(t, err, want)
		if page.Events != nil || page.Total != 0 {
			t.Errorf("%q sees the log", account)
		}
		prompt, err := w.gate().Prompt(w.Context(), w.as(account))
		if wantCode(t, err, want); prompt != (Prompt{}) {
			t.Errorf("%q is prompted", account)
		}
	}
	var refusal *Error
	if _, err := w.tool().Overview(w.Context(), w.as("EV-0001-1")); !errors.As(err, &refusal) || refusal.Sentence != "denied.other_practice" {
		t.Errorf("got %v", refusal)
	}
}

func TestToolReadsTheLog(t *testing.T) {
	w := newWorld(t).enrolled()
	w.gate().Skip(w.Context(), w.actor)
	if page, err := w.tool().Log(w.Context(), w.as("EV-0000-2"), Query{}); err != nil || page.Total != 1 {
		t.Errorf("%d events, %v", page.Total, err)
	}
}

// The clock is read once, so all that an act says carries the same time, at the
// precision of the stores.
func TestOneReadingOfTheClock(t *testing.T) {
	w := newWorld(t)
	reads := 0
	direct := Direct{Store: w.store, Rules: w.rules, Now: func() time.Time {
		reads++
		return w.clock.Add(time.Duration(reads)*time.Hour + 1234567*time.Nanosecond)
	}}
	if _, err := (Gate{direct}).SwitchOn(w.Context(), w.actor); err != nil {
		t.Fatal(err)
	}
	want := w.clock.Add(time.Hour + 1234*time.Microsecond)
	if reads != 1 || len(w.store.events) != 2 || !w.store.practice.Seen.Equal(want) {
		t.Errorf("the clock was read %d times, seen %s", reads, w.store.practice.Seen)
	}
	for _, e := range w.store.events {
		if !e.At.Equal(want) {
			t.Errorf("%s at %s, want %s", e.Kind, e.At, want)
		}
	}
}

func TestKindsAreListedOnce(t *testing.T) {
	seen := map[Kind]bool{}
	for _, kind := range Kinds() {
		if seen[kind] || kind == "" {
			t.Errorf("kind %q", kind)
		}
		seen[kind] = true
	}
	for _, kind := range []Kind{LogonOTP, LogonOff, LogonSkipped, LogonHelper, LogonExempt, LogonRefused, AccountLock, Kind(CopySecret), Kind(CopyURI)} {
		if !seen[kind] {
			t.Errorf("kind %s is missing", kind)
		}
	}
}
