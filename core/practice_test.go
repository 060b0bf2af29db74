package core

import (
	"testing"
	"time"
)

// inTransition is a practice that was switched on at 15-5-2019, 08:28.
func inTransition(t testing.TB) Practice {
	t.Helper()
	p := Practice{Name: "EV-0000"}
	if !p.SwitchOn("EV-0000-1", moment(t, "2019-05-15 08:28:00"), rules()) {
		t.Fatal("not switched on")
	}
	return p
}

func TestMaySkip(t *testing.T) {
	for name, test := range map[string]struct {
		now      string
		seen     string // the latest time that the store has seen
		want     bool
		daysLeft int
	}{
		"on the first day":                              {"2019-05-15 08:28:00", "", true, 14},
		"on the day before the last":                    {"2019-05-28 23:59:59", "", true, 1},
		"at the beginning of the last day":              {"2019-05-29 00:00:00", "", true, 0},
		"in the last second of the last day":            {"2019-05-29 23:59:59", "", true, 0},
		"not at midnight after it":                      {"2019-05-30 00:00:00", "", false, -1},
		"not a year later":                              {"2020-05-29 12:00:00", "", false, -366},
		"not after turning the clock back from the end": {"2019-05-20 08:00:00", "2019-05-30 00:00:00", false, -1},
		"the days left don't grow by turning it back":   {"2019-05-15 09:00:00", "2019-05-28 12:00:00", true, 1},
	} {
		t.Run(name, func(t *testing.T) {
			p := inTransition(t)
			if test.seen != "" {
				p.Seen = moment(t, test.seen)
			}
			now := moment(t, test.now)
			if got := p.MaySkip(now, amsterdam); got != test.want {
				t.Errorf("may skip: %v", got)
			}
			if got := p.DaysLeft(now, amsterdam); got != test.daysLeft {
				t.Errorf("%d days left, want %d", got, test.daysLeft)
			}
			if got := p.MaySkip(now.UTC(), amsterdam); got != test.want {
				t.Error("the zone of the clock made a difference")
			}
		})
	}
}

// The last day ends at another UTC hour in summer than in winter.
func TestLastDayEndsInTheZoneOfTheServer(t *testing.T) {
	for name, test := range map[string]struct{ switchedOn, lastSecond string }{
		"summer time": {"2019-05-15 08:28:00", "2019-05-29T21:59:59Z"},
		"winter time": {"2019-01-15 08:28:00", "2019-01-29T22:59:59Z"},
		"the day on which summer time begins, 23 hours": {"2019-03-17 08:28:00", "2019-03-31T21:59:59Z"},
		"the day on which it ends, 25 hours":            {"2019-10-13 08:28:00", "2019-10-27T22:59:59Z"},
	} {
		t.Run(name, func(t *testing.T) {
			var p Practice
			p.SwitchOn("x", moment(t, test.switchedOn), rules())
			last, err := time.Parse(time.RFC3339, test.lastSecond)
			if err != nil {
				t.Fatal(err)
			}
			if !p.MaySkip(last, amsterdam) || p.MaySkip(last.Add(time.Second), amsterdam) {
				t.Errorf("skipping does not end after %s", last)
			}
		})
	}
}

func TestPracticeThatIsOffHasNothingToSkip(t *testing.T) {
	p := inTransition(t)
	now := moment(t, "2019-05-16 08:00:00")
	p.Enabled = false
	if p.MaySkip(now, amsterdam) {
		t.Error("may skip while off")
	}
	if (Practice{Enabled: true}).MaySkip(now, amsterdam) {
		t.Error("may skip without a last day")
	}
}

func TestSwitchOnTwiceKeepsTheLastDay(t *testing.T) {
	p := inTransition(t)
	before := p
	if p.SwitchOn("EV-0000-2", moment(t, "2019-05-20 08:00:00"), rules()) || p != before {
		t.Errorf("switched on again: %+v", p)
	}
	if p.EnabledBy != "EV-0000-1" || !p.EnabledAt.Equal(moment(t, "2019-05-15 08:28:00")) {
		t.Errorf("switched on by %s at %s", p.EnabledBy, p.EnabledAt)
	}
}

func TestTransitionOfNoDaysEndsToday(t *testing.T) {
	r := rules()
	r.TransitionDays = 0
	var p Practice
	p.SwitchOn("x", moment(t, "2019-05-15 08:28:00"), r)
	if !p.MaySkip(moment(t, "2019-05-15 23:59:59"), amsterdam) || p.MaySkip(moment(t, "2019-05-16 00:00:00"), amsterdam) {
		t.Errorf("last day %s", p.LastDay)
	}
}

func TestClockBehind(t *testing.T) {
	seen := moment(t, "2019-05-15 08:28:00")
	for name, test := range map[string]struct {
		now  time.Time
		want bool
	}{
		"the same time is right":                    {seen, false},
		"later is right":                            {seen.Add(time.Hour), false},
		"a minute behind is what NTP leaves":        {seen.Add(-time.Minute), false},
		"more than a minute behind is wrong":        {seen.Add(-time.Minute - time.Millisecond), true},
		"a year behind is wrong":                    {seen.AddDate(-1, 0, 0), true},
		"the same moment in another zone is right":  {seen.UTC(), false},
		"the zero time is wrong once something was": {time.Time{}, true},
	} {
		t.Run(name, func(t *testing.T) {
			if got := (Practice{Seen: seen}).ClockBehind(test.now); got != test.want {
				t.Errorf("got %v", got)
			}
		})
	}
	if (Practice{}).ClockBehind(seen) {
		t.Error("a store that has seen nothing calls the clock wrong")
	}
}
