package present

import (
	"errors"
	"strings"
	"testing"
	"time"
	_ "time/tzdata" // a bare machine may have no zones

	"evry.nl/tfa/assets/translations"
	"evry.nl/tfa/core"
)

func dutch(t *testing.T) *translations.Texts {
	t.Helper()
	texts, err := translations.For("nl")
	if err != nil {
		t.Fatal(err)
	}
	return texts
}

func TestSentencesOfTheLog(t *testing.T) {
	amsterdam, err := time.LoadLocation("Europe/Amsterdam")
	if err != nil {
		t.Fatal(err)
	}
	log := Log{Texts: dutch(t), Zone: amsterdam}
	for name, tc := range map[string]struct {
		event core.Event
		want  string
	}{
		"refused_with_a_reason": {
			core.Event{Kind: core.LogonRefused, Account: "EV-0000-1", Detail: core.Detail{"reason": "spent"}},
			"EV-0000-1 is niet toegelaten: de code was al gebruikt."},
		"ended_by_the_service": {
			core.Event{Kind: core.SessionEnded, Account: "EV-0000-1", Detail: core.Detail{"reason": "abandoned"}},
			"De server heeft een sessie van EV-0000-1 beëindigd: na een verbroken verbinding kwam niemand op tijd terug."},
		"locked_until_local_time": {
			core.Event{Kind: core.AccountLock, Account: "EV-0000-1", Detail: core.Detail{"until": "2019-06-03T06:28:00Z", "failures": "5"}},
			"EV-0000-1 is geblokkeerd tot 3-6-2019 08:28, na 5 foute codes."},
		"switched_on_with_its_last_day": {
			core.Event{Kind: core.SwitchedOn, Actor: "EV-0000-1", Detail: core.Detail{"last_day": "2019-05-29"}},
			"EV-0000-1 heeft Two Factor Authenticatie ingeschakeld voor de praktijk. Laatste dag van de overgang: 29-5-2019."},
		"of_the_helpdesk": {
			core.Event{Kind: core.WasReset, Actor: "helpdesk jan", Account: "EV-0000-3"},
			"helpdesk jan heeft de QR-code van EV-0000-3 gereset."},
		"imported_over_another": {
			core.Event{Kind: core.Imported, Actor: "helpdesk jan", Account: "EV-0000-3", Detail: core.Detail{"replaced": "true"}},
			"helpdesk jan heeft een bestaand secret ingelezen voor EV-0000-3; het vorige is vervangen."},
		"restored_with_what_was_lost": {
			core.Event{Kind: core.Restored, Actor: "helpdesk jan", Detail: core.Detail{"backup": "2019-06-03T06:28:00Z", "lost": "7"}},
			"helpdesk jan heeft de praktijk teruggezet uit de back-up van 3-6-2019 08:28. Aantal regels van het log dat daardoor weg is: 7."},
		"restored_over_a_store_that_can't_be_read": {
			core.Event{Kind: core.Restored, Actor: "helpdesk jan", Detail: core.Detail{"backup": "2019-06-03T06:28:00Z", "lost": "unknown"}},
			"helpdesk jan heeft de praktijk teruggezet uit de back-up van 3-6-2019 08:28. Aantal regels van het log dat daardoor weg is: onbekend."},
		"an_account_that_was_restored": {
			core.Event{Kind: core.Restored, Actor: "helpdesk jan", Account: "EV-0000-3"},
			"EV-0000-3 komt uit een back-up: eerdere codes en een hulpcode gelden niet meer."},
		"pruned_up_to_a_time": {
			core.Event{Kind: core.LogPruned, Actor: "helpdesk jan", Detail: core.Detail{"before": "2019-05-31T22:00:00Z", "deleted": "7"}},
			"helpdesk jan heeft 7 regels van het log verwijderd, van vóór 1-6-2019 00:00."},
		"a_kind_of_a_newer_version": {
			core.Event{Kind: "teleported", Actor: "EV-0000-1", Account: "EV-0000-2"},
			"EV-0000-1: teleported EV-0000-2"},
		"a_reason_of_a_newer_version": {
			core.Event{Kind: core.LogonRefused, Account: "EV-0000-1", Detail: core.Detail{"reason": "eclipse"}},
			"EV-0000-1 is niet toegelaten: onbekende reden."},
	} {
		t.Run(name, func(t *testing.T) {
			if got := log.Sentence(tc.event); got != tc.want {
				t.Errorf("%q, want %q", got, tc.want)
			}
		})
	}
}

// No sentence of any kind has a hole where a name should be.
func TestEverySentenceIsWhole(t *testing.T) {
	log := Log{Texts: dutch(t), Zone: time.UTC}
	for _, kind := range core.Kinds() {
		event := core.Event{Kind: kind, Actor: "EV-0000-1", Account: "EV-0000-2", Detail: core.Detail{
			"reason": "locked", "until": "2019-06-03T06:28:00Z", "failures": "5", "last_day": "2019-05-29", "before": "2019-05-29",
			"expires": "2019-06-03T06:28:00Z", "mandatory": "true", "new": "true", "seen": "2019-06-03T06:28:00Z",
			"file": "/backup/EV-0000", "backup": "2019-06-03T06:28:00Z", "lost": "unknown", "deleted": "7",
		}}
		if got := log.Sentence(event); strings.Contains(got, "<no value>") || strings.Contains(got, "event.") || !strings.HasSuffix(got, ".") {
			t.Errorf("%s: %q", kind, got)
		}
	}
}

func TestSentenceOfAnError(t *testing.T) {
	texts := dutch(t)
	refused := core.NewError(core.Refused, "denied.not_owner", nil, nil)
	for name, tc := range map[string]struct {
		err  error
		want string
	}{
		"core's_own":           {refused, "Alleen de eigenaren van uw praktijk mogen dit doen. Vraag het aan een van hen."},
		"wrapped":              {errors.Join(errors.New("x"), refused), "Alleen de eigenaren van uw praktijk mogen dit doen. Vraag het aan een van hen."},
		"foreign":              {errors.New("disk on fire at /dev/sda"), texts.Text("internal", nil)},
		"without_its_sentence": {core.NewError(core.Internal, "no.such", nil, nil), texts.Text("internal", nil)},
	} {
		t.Run(name, func(t *testing.T) {
			if got := Sentence(texts, tc.err); got != tc.want {
				t.Errorf("%q", got)
			}
		})
	}
}

func TestManyUnscannedAccountsAreCounted(t *testing.T) {
	tool := Tool{Texts: dutch(t)}
	overview := core.Overview{Practice: core.Practice{Enabled: true}, DaysLeft: 3}
	for _, name := range strings.Split("a b c d e f g h i j k", " ") {
		overview.Accounts = append(overview.Accounts, core.Account{Name: name})
	}
	_, got := tool.transition(overview)
	if got != "11 accounts hebben nog niet gescand: a, b, c, d, e, f, g, h en nog 3." {
		t.Errorf("%q", got)
	}
	for i := range overview.Accounts {
		overview.Accounts[i].Confirmed = true
	}
	if _, got = tool.transition(overview); got != "Alle accounts hebben gescand." {
		t.Errorf("%q", got)
	}
}
