package main

import (
	"os"
	"strings"
	"testing"

	"evry.nl/tfa/cmd/internal/check"
)

func finding(id string, state check.State, found ...string) check.Finding {
	return check.Finding{
		Check: check.Check{ID: id, Title: "All is well with " + id, Meaning: strings.Repeat("word ", 40) + "end.", Remedy: "Do something."},
		State: state, Found: found,
	}
}

func TestCheckStatusForMonitoring(t *testing.T) {
	ok, absent, warning := finding("a", check.OK), finding("b", check.NotApplicable), finding("c", check.Warning)
	unknown, hole := finding("d", check.Unknown), finding("e", check.Hole)
	for name, test := range map[string]struct {
		findings     []check.Finding
		plain, tight int
	}{
		"nothing_found":    {[]check.Finding{ok, absent}, exitDone, exitDone},
		"a_warning":        {[]check.Finding{warning, ok}, exitDone, exitRefused},
		"something_unseen": {[]check.Finding{unknown, ok}, exitDone, exitRefused},
		"a_hole":           {[]check.Finding{hole, ok}, exitRefused, exitRefused},
	} {
		t.Run(name, func(t *testing.T) {
			if got := statusOf(checkCommand{}.verdict(test.findings)); got != test.plain {
				t.Errorf("the status is %d, want %d", got, test.plain)
			}
			if got := statusOf(checkCommand{Strict: true}.verdict(test.findings)); got != test.tight {
				t.Errorf("with --strict the status is %d, want %d", got, test.tight)
			}
		})
	}
}

func TestFindingsAreReadable(t *testing.T) {
	many := make([]string, 20)
	for i := range many {
		many[i] = "EV-0000-" + strings.Repeat("1", i+1) + " is open"
	}
	var out strings.Builder
	p := printer{w: &out}
	for _, f := range []check.Finding{finding("first", check.Hole, many...), finding("second", check.OK), finding("third", check.NotApplicable, "there is none")} {
		p.finding(f)
	}
	for line := range strings.Lines(out.String()) {
		if n := len([]rune(strings.TrimRight(line, "\n"))); n > widest {
			t.Errorf("a line takes %d columns: %s", n, line)
		}
	}
	for _, want := range []string{
		"\nHOLE     first\n         should be  All is well with first\n         found      EV-0000-1 is open\n                    EV-0000-11 is open\n",
		"                    and 12 more: --json has all of them\n         so         word", " end.\n         to close   Do something.\n",
		"\n\nOK       second                        All is well with second\n", "N/A      third                         there is none\n",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is not in\n%s", want, out.String())
		}
	}
}

func TestColorsAreForTerminals(t *testing.T) {
	file, err := os.Create(t.TempDir() + "/out")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	terminal, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0) // a device, as a terminal is
	if err != nil {
		t.Fatal(err)
	}
	defer terminal.Close()
	t.Setenv("TERM", "xterm")
	t.Setenv("NO_COLOR", "")
	if isColorful(file) || isColorful(&strings.Builder{}) || !isColorful(terminal) {
		t.Error("colours go to files, or not to terminals")
	}
	t.Setenv("NO_COLOR", "1")
	if isColorful(terminal) {
		t.Error("NO_COLOR counts for nothing")
	}
	var out strings.Builder
	p := printer{w: &out, colored: true}
	p.finding(finding("first", check.Hole))
	if !strings.Contains(out.String(), "\x1b[1;31mHOLE\x1b[0m     first\n") {
		t.Errorf("the colour is wrong: %q", out.String())
	}
}
