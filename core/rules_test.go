package core

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestLockoutDuration(t *testing.T) {
	for failures, want := range map[int]time.Duration{
		0: 0, 1: 0, 4: 0, 5: time.Minute, 6: 0, 9: 0, 10: 2 * time.Minute, 15: 4 * time.Minute,
		20: 8 * time.Minute, 25: 15 * time.Minute, 30: 15 * time.Minute, 5000: 15 * time.Minute,
	} {
		if got := rules().Lockout.duration(failures); got != want {
			t.Errorf("%d wrong codes lock for %s, want %s", failures, got, want)
		}
	}
}

func TestLockoutThatIsConfigured(t *testing.T) {
	const century = 100 * 365 * 24 * time.Hour
	for name, test := range map[string]struct {
		lockout  Lockout
		failures int
		want     time.Duration
	}{
		"a longest shorter than the first wins": {Lockout{5, time.Hour, time.Minute}, 5, time.Minute},
		"no attempts is no lock":                {Lockout{0, time.Minute, time.Hour}, 100, 0},
		"one attempt locks each time":           {Lockout{1, time.Minute, time.Hour}, 3, 4 * time.Minute},
		"a century does not overflow":           {Lockout{1, time.Hour, century}, 200, century},
	} {
		t.Run(name, func(t *testing.T) {
			if got := test.lockout.duration(test.failures); got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
}

func TestPracticeOf(t *testing.T) {
	for account, want := range map[string]string{
		"EV-0000-1":     "EV-0000",
		"EV-0000-12":    "EV-0000",
		"EV-1":          "EV",
		"A-1-2":         "A-1",
		"Praktijk Ö-3":  "Praktijk Ö",
		"a..b-1":        "a..b",
		"EV-0000":       "EV", // what the pattern says
		"EV":            "",
		"":              "",
		"-1":            "",
		"EV-0000-":      "",
		"EV-0000-1 ":    "",
		"EV-0000-1\n":   "",
		"EV-0000-x":     "",
		"EV-0000-1-x":   "",
		"EV-0000-١":     "",
		"Administrator": "",

		// The practice becomes a folder.
		"..-1":                           "",
		".-1":                            "",
		" -1":                            "",
		"EV.-1":                          "",
		".EV-1":                          "",
		"../EV-0000-1":                   "",
		"EV/../../etc-1":                 "",
		`EV\..\x-1`:                      "",
		"/etc-1":                         "",
		"C:EV-1":                         "",
		"EV\x00-1":                       "",
		"EV\u202e-1":                     "",
		"{practice}-1":                   "",
		"EV*-1":                          "",
		strings.Repeat("E", 62) + "-1":   strings.Repeat("E", 62),
		strings.Repeat("E", 63) + "-1":   "",
		strings.Repeat("E", 1<<16) + "-": "",
	} {
		got, err := rules().PracticeOf(account)
		if got != want || (err == nil) != (want != "") {
			t.Errorf("PracticeOf(%.80q) = %q, %v, want %q", account, got, err, want)
		}
		if want == "" {
			wantCode(t, err, Invalid)
		}
	}
}

func TestPatternWithoutPracticeMatchesNobody(t *testing.T) {
	r := rules()
	r.Pattern = regexp.MustCompile(`^(.+)-\d+$`)
	_, err := r.PracticeOf("EV-0000-1")
	wantCode(t, err, Invalid)
	r.Pattern = regexp.MustCompile(`^(?P<practice>.*?)-?\d+$`)
	_, err = r.PracticeOf("1") // matches, with an empty practice
	wantCode(t, err, Invalid)
}

// No name that passes leaves the folder it is put in.
func TestValidNameStaysInItsFolder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.OneOf(
			rapid.StringOf(rapid.SampledFrom([]rune(`./\: a-1{}~%C`))),
			rapid.String(),
		).Draw(t, "name")
		if !ValidName(name) {
			return
		}
		if strings.ContainsAny(name, "/\\:\x00\n\r") || name == "." || name == ".." || len(name) > 64 {
			t.Fatalf("%q is valid", name)
		}
	})
}
