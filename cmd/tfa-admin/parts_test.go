package main

import (
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"evry.nl/tfa/cmd/internal/config"
	"evry.nl/tfa/core"
)

func TestTablesFitWhateverTheNames(t *testing.T) {
	long := strings.Repeat("é", 64)
	wide := table{header: []string{"A", "B", "C", "D"}, elastic: []int{0, 2}, spill: true}
	wide.add(long, "2026-11-24 08:28:00", long, "expires=2026-11-24T08:28:00Z reason=wrong_code")
	wide.add("EV-0000-1", "", "x", "short")
	var out strings.Builder
	if err := wide.write(&out); err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(out.String()) {
		if n := len([]rune(strings.TrimRight(line, "\n"))); n > widest {
			t.Errorf("a line takes %d columns: %s", n, line)
		}
	}
	if !strings.Contains(out.String(), "reason=wrong_code\n") || !strings.Contains(out.String(), "é…") {
		t.Errorf("the table is\n%s", out.String())
	}
}

func TestNearNames(t *testing.T) {
	candidates := []string{"EV-0000-1", "EV-0000-2", "EV-0000-10", "Bakkerij-1"}
	for typed, want := range map[string][]string{
		"EV-0000-1":  {"EV-0000-1", "EV-0000-2", "EV-0000-10"},
		"ev-0000-10": {"EV-0000-10", "EV-0000-1", "EV-0000-2"},
		"EV0000-2":   {"EV-0000-2", "EV-0000-1", "EV-0000-10"},
		"bakerij-1":  {"Bakkerij-1"},
		"root":       nil,
	} {
		if got := near(typed, candidates); !slices.Equal(got, want) {
			t.Errorf("near(%q) = %q, want %q", typed, got, want)
		}
	}
}

func TestMessagesAreCutFromSentences(t *testing.T) {
	for text, want := range map[string][]string{
		"The store is busy. Wait a moment and try again.": {"the store is busy", "wait a moment and try again"},
		"/etc/tfa.toml, line 3: key_file must be this.":   {"/etc/tfa.toml, line 3: key_file must be this"},
		"EV-0000-1 is none.":                              {"EV-0000-1 is none"},
	} {
		if got := split(text); !slices.Equal(got, want) {
			t.Errorf("split(%q) = %q, want %q", text, got, want)
		}
	}
}

func TestStatusTellsRequestsFromHosts(t *testing.T) {
	for name, test := range map[string]struct {
		err  error
		want int
	}{
		"done":              {nil, exitDone},
		"refused":           {core.NewError(core.Refused, "denied.not_administrator", nil, nil), exitRefused},
		"not_found":         {core.NewError(core.Missing, "missing.account", nil, nil), exitRefused},
		"changed_meanwhile": {core.NewError(core.Conflict, "conflict.off", nil, nil), exitRefused},
		"with_a_hint":       {hinted{refusal("no"), "yes"}, exitRefused},
		"bad_configuration": {core.NewError(core.Invalid, "config.store", nil, nil), exitFault},
		"missing_key":       {core.NewError(core.Missing, "key.missing", nil, nil), exitFault},
		"busy_store":        {core.NewError(core.Locked, "store.busy", nil, nil), exitFault},
		"foreign":           {os.ErrPermission, exitFault},
	} {
		if got := statusOf(test.err); got != test.want {
			t.Errorf("%s: status %d, want %d", name, got, test.want)
		}
	}
}

// A name is whose it was when something happened.
func TestPastFollowsNames(t *testing.T) {
	renamed := func(seq int64, before, now string) core.Event {
		return core.Event{Seq: seq, Kind: core.Renamed, Account: now, Detail: core.Detail{"before": before}}
	}
	p := past{turns: []core.Event{
		renamed(10, "a", "b"),
		{Seq: 20, Kind: core.Removed, Account: "b"},
		renamed(30, "c", "a"), renamed(40, "a", "d"), renamed(50, "e", "a"),
	}}
	for name, test := range map[string]struct {
		name string
		seq  int64
		want string
	}{
		"renamed_and_then_removed":   {"a", 5, ""},
		"removed":                    {"b", 15, ""},
		"of_another_with_that_name":  {"b", 25, "b"},
		"renamed_twice":              {"c", 5, "d"},
		"between_the_renames":        {"a", 35, "d"},
		"whose_name_it_is_now":       {"a", 55, "a"},
		"the_last_one_with_the_name": {"e", 5, "a"},
		"never_renamed":              {"f", 5, "f"},
	} {
		if got := p.now(test.name, test.seq); got != test.want {
			t.Errorf("%s: %q of event %d is %q now, want %q", name, test.name, test.seq, got, test.want)
		}
	}
	for name, want := range map[string]string{"a": "d", "c": "d", "e": "a", "b": "", "f": ""} {
		if got := p.called(name); got != want {
			t.Errorf("%q is called %q, want %q", name, got, want)
		}
	}
}

func TestWarnings(t *testing.T) {
	now := time.Date(2019, time.May, 26, 8, 28, 0, 0, time.UTC)
	on, off := core.Practice{Enabled: true}, core.Practice{}
	scanned, not := core.Account{Name: "x-1", Confirmed: true}, core.Account{Name: "x-2"}
	locked := core.Account{Name: "x-3", Confirmed: true, LockedUntil: now.Add(time.Minute)}
	for name, test := range map[string]struct {
		overview  core.Overview
		mandatory bool
		want      string
	}{
		"all_is_well":            {core.Overview{Practice: on, Accounts: []core.Account{scanned}}, false, ""},
		"off":                    {core.Overview{Practice: off, Accounts: []core.Account{not}}, false, ""},
		"days_left":              {core.Overview{Practice: on, DaysLeft: 4, Accounts: []core.Account{not}}, false, ""},
		"three_days_left":        {core.Overview{Practice: on, DaysLeft: 3, Accounts: []core.Account{scanned, not}}, false, "transition ends in 3 days and 1 of 2 have not scanned"},
		"one_day_left":           {core.Overview{Practice: on, DaysLeft: 1, Accounts: []core.Account{not}}, false, "transition ends tomorrow and 1 of 1 have not scanned"},
		"last_day":               {core.Overview{Practice: on, Accounts: []core.Account{not}}, false, "transition ends today and 1 of 1 have not scanned"},
		"over":                   {core.Overview{Practice: on, DaysLeft: -1, Accounts: []core.Account{not}}, false, "transition is over and 1 of 1 have not scanned"},
		"over_and_all_scanned":   {core.Overview{Practice: on, DaysLeft: -1, Accounts: []core.Account{scanned}}, false, ""},
		"off_though_mandatory":   {core.Overview{Practice: core.Practice{Mandatory: true}}, false, "off though mandatory: whoever logs on must switch it on first"},
		"off_though_all_must":    {core.Overview{Practice: off}, true, "off though mandatory: whoever logs on must switch it on first"},
		"locked":                 {core.Overview{Practice: on, Accounts: []core.Account{locked}}, false, "locked: x-3"},
		"more_than_three_locked": {core.Overview{Practice: on, Accounts: []core.Account{locked, locked, locked, locked, locked}}, false, "locked: x-3, x-3, x-3 and 2 more"},
		"clock_and_lock": {core.Overview{Practice: on, ClockBehind: true, Accounts: []core.Account{locked}}, false,
			"clock is behind the last entry in the log: see practice accept-clock\nlocked: x-3"},
	} {
		if got := sentences(warningsOf(test.overview, core.Rules{Mandatory: test.mandatory}, now)); got != test.want {
			t.Errorf("%s: %q, want %q", name, got, test.want)
		}
	}
}

func TestDaysOfTheLogAreThoseOfTheServer(t *testing.T) {
	zone := time.FixedZone("CEST", 2*60*60)
	var m moment
	if err := m.UnmarshalText([]byte("2019-05-29")); err != nil {
		t.Fatal(err)
	}
	if got := m.start(zone).UTC().Format(time.RFC3339); got != "2019-05-28T22:00:00Z" {
		t.Errorf("the day starts at %s", got)
	}
	if got := m.end(zone).UTC().Format(time.RFC3339); got != "2019-05-29T22:00:00Z" {
		t.Errorf("the day ends at %s", got)
	}
	if !(moment{}).start(zone).IsZero() || !(moment{}).end(zone).IsZero() {
		t.Error("what was not typed limits the log")
	}
}

func TestInitWritesAFileThatLoads(t *testing.T) {
	path := filepath.Join(t.TempDir(), "etc", "tfa.toml")
	if err := writeConfig(path, []string{"root", "jan"}); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o644 {
		t.Errorf("the file is %v, %v", info, err)
	}
	cfg, err := config.Load(path)
	if err != nil || !slices.Equal(cfg.Exempt, []string{"root", "jan"}) || cfg.Store != config.Default().Store {
		t.Errorf("Load returned %+v, %v", cfg, err)
	}
	if err := writeConfig(path, nil); err == nil {
		t.Error("a file that was there was overwritten")
	}
	if left, err := filepath.Glob(filepath.Join(filepath.Dir(path), ".*")); err != nil || len(left) != 0 {
		t.Errorf("there are files left: %q, %v", left, err)
	}
}

// fakeHost is a host whose accounts are a list.
type fakeHost struct {
	host
	names []string
}

func (h fakeHost) accounts() ([]string, error) { return h.names, nil }

func (h fakeHost) mending() ([]string, error) { return []string{"root"}, nil }

func (h fakeHost) told() []string { return nil }

func TestInitKeepsToAccountsOfPractices(t *testing.T) {
	defaults := config.Default()
	s := &setup{desk: &desk{cfg: &defaults}, host: fakeHost{names: []string{"EV-0000-10", "jan", "EV-0000-2", "EV-0001-1", "EV-0000-2", "../x-1"}}}
	practices, err := s.practicesOfHost()
	if err != nil || len(practices) != 2 || !slices.Equal(practices["EV-0000"], []string{"EV-0000-2", "EV-0000-10"}) {
		t.Errorf("practicesOfHost returned %q, %v", practices, err)
	}
}

func TestInitExemptsWhoSetsTheHostUp(t *testing.T) {
	defaults := config.Default()
	s := &setup{desk: &desk{ctx: t.Context(), cfg: &defaults, terminal: terminal{err: io.Discard}}, host: fakeHost{}}
	for login, want := range map[string][]string{
		"":             {"root"},
		"root":         {"root"},
		"nobody-known": {"root"},
		"no/name":      {"root"},
		"daemon":       {"root", "daemon"},
	} {
		if got, err := s.exempt(login); err != nil || !slices.Equal(got, want) {
			t.Errorf("for %q exempt returned %q, want %q", login, got, want)
		}
	}
}

// The administrator may have a name like that of an account.
func TestInitExemptsAnAdministratorWhomTheGateWouldAsk(t *testing.T) {
	cfg, err := config.Load(writeFile(t, `practice_pattern = '^(?P<practice>dae)mon$'`))
	if err != nil {
		t.Fatal(err)
	}
	var said strings.Builder
	s := &setup{desk: &desk{ctx: t.Context(), cfg: &cfg, terminal: terminal{err: &said}}, host: fakeHost{}}
	if got, err := s.exempt("daemon"); err != nil || !slices.Equal(got, []string{"root", "daemon"}) || !strings.Contains(said.String(), "account of practice dae") {
		t.Errorf("exempt returned %q and said %s", got, said.String())
	}
}

func TestInitSaysWhichLineAFileLacks(t *testing.T) {
	for name, test := range map[string]struct{ file, login, want string }{
		"nobody_is_exempt":      {"", "daemon", `exempt = ["daemon"]`},
		"others_are":            {"exempt = ['root', 'jan']", "daemon", `exempt = ["root", "jan", "daemon"]`},
		"root_itself":           {"exempt = ['jan']", "", `exempt = ["jan", "root"]`},
		"who_runs_it_is_exempt": {"exempt = ['daemon']", "daemon", ""},
		"no_login_and_root_is":  {"exempt = ['root']", "", ""},
		"a_login_that_is_gone":  {"", "nobody-known", ""},
	} {
		t.Run(name, func(t *testing.T) {
			file := writeFile(t, test.file)
			cfg, err := config.Load(file)
			if err != nil {
				t.Fatal(err)
			}
			var said strings.Builder
			s := &setup{desk: &desk{ctx: t.Context(), cfg: &cfg, terminal: terminal{err: &said}}, host: fakeHost{}}
			s.hintExempt(file, test.login)
			if got := said.String(); (got == "") != (test.want == "") || !strings.Contains(got, test.want) {
				t.Errorf("it says %q, want %q", got, test.want)
			}
		})
	}
}

func writeFile(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "tfa.toml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
