package present

import (
	"slices"
	"testing"
	"time"

	"evry.nl/tfa/assets/translations"
	"evry.nl/tfa/core"
	"evry.nl/tfa/storage/practicetest"
)

func june(days ...int) (all []core.Date) {
	for _, day := range days {
		all = append(all, core.Date{Year: 2019, Month: time.June, Day: day})
	}
	return all
}

const (
	heading = "Dit is er gebeurd met uw account"
	advice  = "Wist u dit niet? Vraag het na. Bij twijfel: reset uw QR-code in het Two Factor RDP beheertool, of laat dat doen."
)

func TestWhatIsToldAfterAYes(t *testing.T) {
	last := time.Date(2019, 6, 3, 14, 5, 0, 0, time.UTC)
	looked := func(who string, times int, days ...int) core.Notice {
		return core.Notice{Kind: core.ShownInTool, Actor: who, Days: june(days...), Times: times}
	}
	for name, tc := range map[string]struct {
		language string
		told     core.Notices
		want     []string // before the advice
	}{
		"one_look":      {"nl", core.Notices{looked("EV-0000-2", 1, 3)}, []string{"EV-0000-2 heeft op 3-6 uw code bekeken."}},
		"in_english":    {"en", core.Notices{looked("EV-0000-2", 1, 3)}, []string{"EV-0000-2 looked at your code on 3-6."}},
		"on_two_days":   {"nl", core.Notices{looked("EV-0000-2", 7, 3, 5)}, []string{"EV-0000-2 heeft op 3-6 en 5-6 uw code bekeken."}},
		"on_three_days": {"nl", core.Notices{looked("EV-0000-2", 3, 3, 4, 5)}, []string{"EV-0000-2 heeft op 3-6, 4-6 en 5-6 uw code bekeken."}},
		"on_four_days":  {"nl", core.Notices{looked("EV-0000-2", 4, 1, 3, 4, 5)}, []string{"EV-0000-2 heeft op 3-6, 4-6, 5-6 en nog 1 andere dag uw code bekeken."}},
		"on_many_days":  {"nl", core.Notices{looked("EV-0000-2", 9, 1, 2, 3, 4, 5)}, []string{"EV-0000-2 heeft op 3-6, 4-6, 5-6 en nog 2 andere dagen uw code bekeken."}},
		"in_another_year": {"nl", core.Notices{{Kind: core.ShownInTool, Actor: "EV-0000-2", Days: []core.Date{{Year: 2018, Month: 12, Day: 31}, june(1)[0]}}},
			[]string{"EV-0000-2 heeft op 31-12-2018 en 1-6 uw code bekeken."}},
		"every_kind": {"nl", core.Notices{
			{Kind: core.LogonHelper, Actor: "EV-0000-1", Days: june(3), Last: last},
			{Kind: core.CopiedSecret, Actor: "EV-0000-2", Days: june(3)},
			{Kind: core.Exported, Actor: "helpdesk jan", Days: june(3)},
			{Kind: core.Imported, Actor: "helpdesk jan", Days: june(3)},
			{Kind: core.WasReset, Actor: "EV-0000-2", Days: june(3)},
		}, []string{
			"Op 3-6-2019 14:05 is met een hulpcode van de helpdesk ingelogd op dit account. Was u dat niet, en ook geen collega? Bel dan de helpdesk.",
			"EV-0000-2 heeft op 3-6 het secret van uw account gekopieerd. Wie het secret heeft, kan zelf codes maken.",
			"De helpdesk (jan) heeft op 3-6 het secret van uw account geëxporteerd.",
			"De helpdesk (jan) heeft op 3-6 een ander secret ingelezen voor uw account.",
			"EV-0000-2 heeft op 3-6 uw QR-code gereset.",
		}},
		"of_many_people_only_some": {"nl", core.Notices{
			looked("EV-0000-2", 1, 3), looked("EV-0000-3", 1, 3), looked("EV-0000-4", 1, 3), looked("EV-0000-5", 1, 3),
			looked("EV-0000-6", 1, 3), looked("EV-0000-7", 2, 3), looked("EV-0000-8", 1, 3),
		}, []string{
			"EV-0000-2 heeft op 3-6 uw code bekeken.", "EV-0000-3 heeft op 3-6 uw code bekeken.", "EV-0000-4 heeft op 3-6 uw code bekeken.",
			"EV-0000-5 heeft op 3-6 uw code bekeken.", "EV-0000-6 heeft op 3-6 uw code bekeken.",
			"En nog 3 keer. Alles staat in het log van het Two Factor RDP beheertool.",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			texts, err := translations.For(tc.language)
			if err != nil {
				t.Fatal(err)
			}
			l := Logon{Texts: texts, Zone: time.UTC, Actor: practicetest.Actor("EV-0000-1"), Now: func() time.Time { return last.AddDate(0, 0, 7) }}
			got := l.granted(core.Verdict{Granted: true, Notices: &tc.told})
			if tc.language == "nl" {
				tc.want = append(tc.want, advice)
				if got.Heading != heading || got.Account != "Account: EV-0000-1" {
					t.Errorf("%+v", got)
				}
			} else {
				got.Text = got.Text[:len(got.Text)-1]
			}
			if got.Outcome != Yes || !slices.Equal(got.Text, tc.want) {
				t.Errorf("got  %q\nwant %q", got.Text, tc.want)
			}
		})
	}
}

func TestEveryNoticeHasWords(t *testing.T) {
	for _, language := range translations.Languages() {
		texts, err := translations.For(language)
		if err != nil {
			t.Fatal(err)
		}
		for _, kind := range core.NoticeKinds() {
			if !texts.Has("logon.notices." + string(kind)) {
				t.Errorf("%s: no sentence for %s", language, kind)
			}
		}
	}
}

// A look is told once the code was typed, and not to who only has the password.
func TestALookIsToldAfterTheCode(t *testing.T) {
	p := practicetest.SwitchedOn(t)
	secret := p.LogOn("EV-0000-4")
	p.Now = p.Now.AddDate(0, 0, 1)
	_, err := p.Tool().Show(t.Context(), practicetest.Actor("EV-0000-2"), "EV-0000-4")
	p.Must(err)
	l := gate(p, "EV-0000-4")
	screen := l.Start(t.Context())
	before := screen.Text
	screen = l.Enter(t.Context(), screen, p.Code(secret))
	want := []string{"EV-0000-2 heeft op 16-5 uw code bekeken.", advice}
	if screen.Outcome != Yes || !slices.Equal(screen.Text, want) {
		t.Errorf("after: %+v", screen)
	}
	if slices.ContainsFunc(before, func(text string) bool { return slices.Contains(want, text) }) {
		t.Errorf("before: %q", before)
	}
}
