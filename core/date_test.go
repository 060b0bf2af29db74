package core

import (
	"encoding/json"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestLastDay(t *testing.T) {
	for name, test := range map[string]struct {
		switchedOn, want string
	}{
		"switched on at 15-5-2019 the last day is 29-5-2019":          {"2019-05-15 08:28:00", "29-5-2019"},
		"a minute before midnight is still that day":                  {"2019-05-15 23:59:59", "29-5-2019"},
		"midnight is the next day":                                    {"2019-05-16 00:00:00", "30-5-2019"},
		"summer time beginning in between costs no day":               {"2019-03-20 23:30:00", "3-4-2019"},
		"summer time ending in between wins no day":                   {"2019-10-20 00:30:00", "3-11-2019"},
		"a leap day counts":                                           {"2020-02-20 12:00:00", "5-3-2020"},
		"the year turns":                                              {"2019-12-24 12:00:00", "7-1-2020"},
		"the hour that the clock shows twice is on the day it starts": {"2019-10-27 02:30:00", "10-11-2019"},
	} {
		t.Run(name, func(t *testing.T) {
			var p Practice
			if !p.SwitchOn("EV-0000-1", moment(t, test.switchedOn), rules()) {
				t.Fatal("not switched on")
			}
			if got := p.LastDay.String(); got != test.want {
				t.Errorf("last day %s, want %s", got, test.want)
			}
		})
	}
}

func TestDateForms(t *testing.T) {
	d := Date{2019, time.May, 29}
	if d.String() != "29-5-2019" || d.ISO() != "2019-05-29" {
		t.Errorf("got %s, %s", d, d.ISO())
	}
	if asJSON, err := json.Marshal(d); err != nil || string(asJSON) != `"2019-05-29"` {
		t.Errorf("JSON %s, %v", asJSON, err)
	}
	if none := (Date{}); !none.IsZero() || none.ISO() != "" || d.IsZero() {
		t.Errorf("the zero date is written %q", none.ISO())
	}
}

func TestParseDate(t *testing.T) {
	if d, err := ParseDate("2019-05-29"); err != nil || d != (Date{2019, time.May, 29}) {
		t.Errorf("got %v, %v", d, err)
	}
	for _, text := range []string{"", "29-5-2019", "2019-5-29", "2019-02-29", "2019-05-29 ", "2019-05-29T00:00:00Z", "morgen"} {
		d, err := ParseDate(text)
		wantCode(t, err, Invalid)
		if !d.IsZero() {
			t.Errorf("%q is read as %v", text, d)
		}
	}
}

func TestDaysAreAddedAndCountedAlike(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		at := time.Unix(rapid.Int64Range(0, 4e9).Draw(t, "seconds"), 0)
		n := rapid.IntRange(-5000, 5000).Draw(t, "days")
		d := DateOf(at, amsterdam)
		later := d.AddDays(n)
		if later.DaysSince(d) != n || d.DaysSince(later) != -n || later.After(d) != (n > 0) {
			t.Fatalf("%v + %d days = %v", d, n, later)
		}
		if read, err := ParseDate(later.ISO()); err != nil || read != later {
			t.Fatalf("%v is read back as %v, %v", later, read, err)
		}
	})
}
