//go:build unix

package handover

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// front makes this test program a front that does some things, one after the
// other.
const front = "front"

func beFront(told string, does []string) {
	report, err := NewReport(told)
	if err != nil {
		os.Exit(4)
	}
	for _, what := range does {
		switch what {
		case "asks":
			err = report.Asks()
		case "yes":
			err = report.Yes()
		case "cannot":
			err = report.Cannot(errors.New("no\nOpenGL"))
		case "crashes":
			syscall.Kill(os.Getpid(), syscall.SIGKILL)
		case "hangs":
			syscall.Pause()
		case "no":
			os.Exit(1)
		case "fault":
			os.Exit(2)
		case "babbles":
			fmt.Fprintln(report.pipe, "yes, perhaps")
		case "leaves_mark":
			err = os.WriteFile(os.Getenv("MARK"), nil, 0o600)
		}
		if err != nil {
			os.Exit(4)
		}
	}
	os.Exit(0)
}

// fronts are fronts that do what the words of a text say.
func fronts(t *testing.T, texts []string) (all []Front) {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range texts {
		if text == "missing" {
			all = append(all, Front{Program: "/nonexistent"})
			continue
		}
		all = append(all, Front{Program: program, Args: append([]string{front}, strings.Fields(text)...)})
	}
	return all
}

func TestTheFirstFrontThatCanAskDecides(t *testing.T) {
	patience := asksWithin
	asksWithin = 2 * time.Second
	t.Cleanup(func() { asksWithin = patience })
	t.Setenv("HOME", t.TempDir())
	for name, tc := range map[string]struct {
		fronts []string
		want   Answer
		isErr  bool
	}{
		"yes":                                     {[]string{"asks yes"}, Answer{Asked: true, Yes: true}, false},
		"yes_without_asking":                      {[]string{"yes", "asks no"}, Answer{Asked: true, Yes: true}, false},
		"no":                                      {[]string{"asks no", "yes"}, Answer{Asked: true, Status: 1}, false},
		"a_fault_that_was_shown":                  {[]string{"asks fault", "yes"}, Answer{Asked: true, Status: 2}, false},
		"status_0_is_no_yes":                      {[]string{"asks", "yes"}, Answer{Asked: true}, false},
		"nor_is_any_other_word":                   {[]string{"asks babbles", "yes"}, Answer{Asked: true}, false},
		"a_crash_while_it_asks_is_a_no":           {[]string{"asks crashes", "yes"}, Answer{Asked: true, Status: -1}, false},
		"a_crash_before_leaves_it_to_the_next":    {[]string{"crashes", "asks yes"}, Answer{Asked: true, Yes: true}, false},
		"and_to_the_one_after_that":               {[]string{"crashes", "missing", "fault", "asks no"}, Answer{Asked: true, Status: 1}, false},
		"one_that_hangs_is_ended":                 {[]string{"hangs", "asks yes"}, Answer{Asked: true, Yes: true}, false},
		"one_that_knows_why_says_so":              {[]string{"cannot fault", "asks no"}, Answer{Asked: true, Status: 1, Causes: []string{"no OpenGL"}}, false},
		"one_that_hangs_after_its_yes_is_ended":   {[]string{"asks yes hangs"}, Answer{Asked: true, Yes: true, Status: -1}, false},
		"none_can":                                {[]string{"crashes", "fault"}, Answer{Status: 2}, false},
		"none_is_there":                           {[]string{"missing", "missing"}, Answer{}, true},
		"there_is_no_front":                       {nil, Answer{}, false},
		"one_that_ends_without_a_word_is_no_yes":  {[]string{""}, Answer{}, false},
		"a_yes_counts_for_the_one_that_says_it":   {[]string{"asks no"}, Answer{Asked: true, Status: 1}, false},
		"what_comes_after_a_no_does_not_run":      {[]string{"asks no", "leaves_mark"}, Answer{Asked: true, Status: 1}, false},
		"what_comes_after_a_yes_does_not_run":     {[]string{"yes", "leaves_mark"}, Answer{Asked: true, Yes: true}, false},
		"what_comes_after_a_killed_one_does_not_": {[]string{"asks crashes", "leaves_mark"}, Answer{Asked: true, Status: -1}, false},
	} {
		t.Run(name, func(t *testing.T) {
			mark := filepath.Join(t.TempDir(), "mark")
			t.Setenv("MARK", mark)
			got, err := Ask(fronts(t, tc.fronts)...)
			if tc.want.Causes == nil {
				got.Causes = nil
			}
			if got.Asked != tc.want.Asked || got.Yes != tc.want.Yes || got.Status != tc.want.Status ||
				strings.Join(got.Causes, "|") != strings.Join(tc.want.Causes, "|") || (err != nil) != tc.isErr {
				t.Errorf("got %+v, %v, want %+v", got, err, tc.want)
			}
			if _, err := os.Stat(mark); err == nil {
				t.Error("a front ran that nobody needed")
			}
		})
	}
}

// A front that is told of anything but its pipe does not ask.
func TestAForgedReport(t *testing.T) {
	for _, told := range []string{"0", "1", "3", "-1", "three", "999"} {
		if report, err := NewReport(told); err == nil || report != nil {
			t.Errorf("%s: got a report", told)
		}
	}
	if report, err := NewReport(""); err != nil || report != nil || report.Yes() != nil {
		t.Errorf("a front that nobody waits for: %v, %v", report, err)
	}
}
