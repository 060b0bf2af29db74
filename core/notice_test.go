package core

import (
	"fmt"
	"slices"
	"testing"
	"time"
)

// logOn logs an account on with a code a minute later, and returns what it is
// told, a notice a line: kind, actor, days, times.
func (w *world) logOn(account string) []string {
	w.Helper()
	w.pass(time.Minute)
	v, err := w.gate().Verify(w.Context(), w.as(account), w.code(account))
	if err != nil || !v.Granted {
		w.Fatalf("%s at %v: %+v, %v", account, w.clock, v, err)
	}
	return lines(v)
}

func lines(v Verdict) (lines []string) {
	if v.Notices == nil {
		return nil
	}
	for _, n := range *v.Notices {
		lines = append(lines, fmt.Sprint(n.Kind, " ", n.Actor, " ", n.Days, " ", n.Times))
	}
	return lines
}

// show lets an account look at the code of another.
func (w *world) show(by, of string) {
	w.Helper()
	if _, err := w.tool().Show(w.Context(), w.as(by), of); err != nil {
		w.Fatal(err)
	}
}

// must ends the test if there is an error.
func (w *world) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

const day = 24 * time.Hour

// What happens between two logons of EV-0000-1, the first on 15-5 at 8:28, and
// what the second is told.
var told = map[string]struct {
	happens func(w *world)
	want    []string
}{
	"nothing happened": {func(*world) {}, nil},
	"a colleague looked": {func(w *world) { w.show("EV-0000-2", "EV-0000-1") },
		[]string{"shown_in_tool EV-0000-2 [17-5-2019] 1"}},
	"looking at one's own account is nobody's business": {func(w *world) { w.show("EV-0000-1", "EV-0000-1") }, nil},
	"looking at somebody else's neither":                {func(w *world) { w.show("EV-0000-1", "EV-0000-2") }, nil},
	"one who looks often is named once": {func(w *world) {
		w.show("EV-0000-2", "EV-0000-1")
		w.show("EV-0000-2", "EV-0000-1")
		w.pass(2 * day)
		w.show("EV-0000-2", "EV-0000-1")
	}, []string{"shown_in_tool EV-0000-2 [17-5-2019 19-5-2019] 3"}},
	"days are those of the server's zone": {func(w *world) {
		w.clock = moment(w, "2019-05-17 00:30:00") // still the 16th in UTC
		w.show("EV-0000-2", "EV-0000-1")
	}, []string{"shown_in_tool EV-0000-2 [17-5-2019] 1"}},
	"days rise even if the clock was turned back": {func(w *world) {
		w.show("EV-0000-2", "EV-0000-1")
		w.pass(-time.Minute - day)
		w.store.log([]Event{{At: w.clock.UTC(), Kind: ShownInTool, Actor: "EV-0000-2", Account: "EV-0000-1"}})
		w.pass(2 * day)
	}, []string{"shown_in_tool EV-0000-2 [16-5-2019 17-5-2019] 2"}},
	"seen among all others is seen": {func(w *world) {
		_, err := w.tool().ShowAll(w.Context(), w.as("EV-0000-2"))
		w.must(err)
		w.show("EV-0000-2", "EV-0000-1")
	}, []string{"shown_in_tool EV-0000-2 [17-5-2019] 2"}},
	"the gravest comes first": {func(w *world) {
		w.show("EV-0000-3", "EV-0000-1")
		for _, what := range []Copied{CopySecret, CopyURI} {
			_, err := w.tool().Copy(w.Context(), w.as("EV-0000-2"), "EV-0000-1", what)
			w.must(err)
		}
		_, err := w.desk().Export(w.Context(), w.helpdesk)
		w.must(err)
		w.show("EV-0000-2", "EV-0000-1")
	}, []string{
		"copied_secret EV-0000-2 [17-5-2019] 2", "exported helpdesk jan [17-5-2019] 1",
		"shown_in_tool EV-0000-2 [17-5-2019] 1", "shown_in_tool EV-0000-3 [17-5-2019] 1",
	}},
	"a colleague reset the QR code": {func(w *world) {
		w.must(w.tool().Reset(w.Context(), w.as("EV-0000-2"), "EV-0000-1"))
		_, err := w.gate().Prompt(w.Context(), w.actor)
		w.must(err)
	}, []string{"reset EV-0000-2 [17-5-2019] 1"}},
	"the helpdesk put another secret": {func(w *world) {
		_, err := w.desk().Import(w.Context(), w.helpdesk, "EV-0000-1", phone(w), ImportOptions{Replace: true})
		w.must(err)
	}, []string{"imported helpdesk jan [17-5-2019] 1"}},
	"a helper code was used": {func(w *world) { w.useHelper("EV-0000-1") },
		[]string{"logon_helper_code EV-0000-1 [17-5-2019] 1"}},
	"a helper code that was only made": {func(w *world) {
		_, err := w.desk().HelperCode(w.Context(), w.helpdesk, "EV-0000-1", time.Hour)
		w.must(err)
	}, nil},
	"wrong codes hide nothing": {func(w *world) {
		w.show("EV-0000-2", "EV-0000-1")
		for range 6 * firstOfPast {
			w.gate().Verify(w.Context(), w.actor, w.wrong())
		}
	}, []string{"shown_in_tool EV-0000-2 [17-5-2019] 1"}},
	"a new name hides nothing": {func(w *world) {
		w.show("EV-0000-2", "EV-0000-1")
		w.show("EV-0000-1", "EV-0000-1")
		w.must(w.desk().Rename(w.Context(), w.helpdesk, "EV-0000-1", "EV-0000-9"))
		w.show("EV-0000-3", "EV-0000-9")
		w.must(w.desk().Rename(w.Context(), w.helpdesk, "EV-0000-9", "EV-0000-1"))
	}, []string{"shown_in_tool EV-0000-3 [17-5-2019] 1", "shown_in_tool EV-0000-2 [17-5-2019] 1"}},
	"what was of another account of that name is not told": {func(w *world) {
		w.show("EV-0000-2", "EV-0000-1")
		w.must(w.desk().Rename(w.Context(), w.helpdesk, "EV-0000-1", "EV-0000-9"))
		w.first("EV-0000-1")
	}, nil},
	"nor what was of one that was removed": {func(w *world) {
		w.show("EV-0000-2", "EV-0000-1")
		w.must(w.desk().Remove(w.Context(), w.helpdesk, "EV-0000-1"))
		w.first("EV-0000-1")
	}, nil},
}

// first brings an account to where a logon with a code is its first.
func (w *world) first(account string) {
	w.Helper()
	_, err := w.gate().Prompt(w.Context(), w.as(account))
	w.must(err)
}

func (w *world) useHelper(account string) {
	w.Helper()
	code, err := w.desk().HelperCode(w.Context(), w.helpdesk, account, time.Hour)
	w.must(err)
	w.hide(code)
	if v, err := w.gate().Verify(w.Context(), w.as(account), code); err != nil || v.By != LogonHelper {
		w.Fatalf("%+v, %v", v, err)
	}
}

func TestALogonTellsWhatOthersDid(t *testing.T) {
	for name, test := range told {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t).enrolled()
			for _, other := range []string{"EV-0000-2", "EV-0000-3"} {
				w.first(other)
				w.logOn(other)
			}
			w.logOn("EV-0000-1")
			w.pass(2 * day)
			test.happens(w)
			w.pass(time.Hour) // a lock is over, and nobody looked just before the logon
			if got := w.logOn("EV-0000-1"); !slices.Equal(got, test.want) {
				t.Errorf("got  %q\nwant %q", got, test.want)
			}
			w.pass(day)
			if got := w.logOn("EV-0000-1"); got != nil {
				t.Errorf("once more, at the logon after: %q", got)
			}
		})
	}
}

// Who has the password and not the code learns nothing, and hides nothing.
func TestWhatIsNoLogonTellsNothing(t *testing.T) {
	w := newWorld(t).enrolled()
	w.pass(15 * day) // no skipping any more
	w.first("EV-0000-2")
	w.logOn("EV-0000-2")
	w.show("EV-0000-2", "EV-0000-1")
	ctx := w.Context()
	for range 2 {
		if _, err := w.gate().Prompt(ctx, w.actor); err != nil {
			t.Fatal(err)
		}
		for what, ask := range map[string]func() (Verdict, error){
			"a wrong code": func() (Verdict, error) { return w.gate().Verify(ctx, w.actor, w.wrong()) },
			"skipping":     func() (Verdict, error) { return w.gate().Skip(ctx, w.actor) },
		} {
			if v, err := ask(); err != nil || v.Granted || v.Notices != nil {
				t.Errorf("%s: %+v, %v", what, v, err)
			}
		}
		w.must(w.gate().Leave(ctx, w.actor, Closed))
		w.pass(day)
	}
	if got := w.logOn("EV-0000-1"); len(got) != 1 {
		t.Errorf("at last %q is told", got)
	}
}

// A colleague who knows the password looks, and logs on with what was read: the
// owner hears of it all the same.
func TestWhoLooksAndLogsOnAsTheOwnerHidesNothing(t *testing.T) {
	w := newWorld(t).enrolled()
	w.first("EV-0000-2")
	w.logOn("EV-0000-2")
	w.pass(day)
	w.show("EV-0000-2", "EV-0000-1")
	want := []string{"shown_in_tool EV-0000-2 [16-5-2019] 1"}
	if got := w.logOn("EV-0000-1"); !slices.Equal(got, want) {
		t.Errorf("the colleague is told %q", got)
	}
	w.pass(day)
	if got := w.logOn("EV-0000-1"); !slices.Equal(got, want) {
		t.Errorf("the owner is told %q", got)
	}
	w.pass(day)
	if got := w.logOn("EV-0000-1"); got != nil {
		t.Errorf("after that %q is told", got)
	}
}

// A logon without a code tells it too: the person is through the gate.
func TestSkippingTellsWhatOthersDid(t *testing.T) {
	w := newWorld(t).enrolled()
	w.first("EV-0000-2")
	w.logOn("EV-0000-2")
	w.show("EV-0000-2", "EV-0000-1")
	if v, err := w.gate().Skip(w.Context(), w.actor); err != nil || !v.Granted || len(lines(v)) != 1 {
		t.Errorf("%+v, %v", v, err)
	}
}

// A log that can't be read is a fault, and no fault opens the gate.
func TestALogThatCannotBeReadDenies(t *testing.T) {
	w := newWorld(t).enrolled()
	code := w.code("EV-0000-1")
	w.store.unreadable = errDisk
	if v, err := w.gate().Verify(w.Context(), w.actor, code); err == nil || v != (Verdict{}) {
		t.Errorf("%+v, %v", v, err)
	}
}
