package main

import (
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"

	"evry.nl/tfa/cmd/internal/config"
)

// fakeDirectory is a Windows whose accounts and groups were written down.
type fakeDirectory struct {
	accounts []person
	groups   map[string][]person
	domain   map[string]person
	runs     person
	added    map[string][]string // SIDs by group
}

func (d fakeDirectory) local() ([]person, error) { return d.accounts, nil }
func (d fakeDirectory) remoteDesktopUsers() (string, error) {
	return "Extern bureaublad-gebruikers", nil
}
func (d fakeDirectory) isGroup(name string) bool { return d.groups[name] != nil }
func (d fakeDirectory) caller() (person, error)  { return d.runs, nil }
func (d fakeDirectory) addGroup(string) error    { return nil }

func (d fakeDirectory) members(group string) ([]person, bool, error) {
	members, found := d.groups[group]
	return members, found, nil
}

func (d fakeDirectory) find(name string) (person, error) {
	one, ok := d.domain[name]
	if !ok {
		return person{}, errors.New("looking for account " + name + ": no mapping")
	}
	return one, nil
}

func (d fakeDirectory) addMember(group, sid string) error {
	d.added[group] = append(d.added[group], sid)
	return nil
}

const (
	onHost   = "S-1-5-21-7-7-7-"
	inDomain = "S-1-5-21-1-2-3-"
)

// server is a host of the domain EVRY, with accounts of its own.
func server() fakeDirectory {
	return fakeDirectory{
		accounts: []person{{`TS1\Beheerder`, onHost + "500", false}, {`TS1\Gast`, onHost + "501", false}, {`TS1\EV-0000-1`, onHost + "1001", false}},
		groups: map[string][]person{
			"Extern bureaublad-gebruikers": {
				{`TS1\EV-0000-1`, onHost + "1001", false}, {`EVRY\EV-0000-2`, inDomain + "1201", false}, {`EVRY\rdp`, inDomain + "1300", true},
			},
			"tfa-EV-0000": {{`TS1\EV-0000-1`, onHost + "1001", false}, {`OLD\EV-0000-2`, "S-1-5-21-9-9-9-1201", false}, {`EVRY\jan`, inDomain + "1400", false}},
		},
		domain: map[string]person{
			`EVRY\EV-0000-3`: {`EVRY\EV-0000-3`, inDomain + "1203", false}, `EVRY\rdp`: {`EVRY\rdp`, inDomain + "1300", true},
			`EVRY\EV-0000-1`: {`EVRY\EV-0000-1`, inDomain + "1299", false},
		},
		runs: person{`EVRY\admin-piet`, inDomain + "1500", false}, added: map[string][]string{},
	}
}

func TestAccountsOfWindows(t *testing.T) {
	for name, test := range map[string]struct {
		named []string
		want  []string
		says  string // the refusal
	}{
		"host_and_remote_desktop_users": {nil, []string{"BEHEERDER", "GAST", "EV-0000-1", "EV-0000-2"}, ""},
		"typed":                         {[]string{`EVRY\EV-0000-3`}, []string{"BEHEERDER", "GAST", "EV-0000-1", "EV-0000-2", "EV-0000-3"}, ""},
		"typed_and_unknown":             {[]string{`EVRY\EV-0000-9`}, nil, "no mapping"},
		"typed_and_a_group":             {[]string{`EVRY\rdp`}, nil, "is no account"},
		"two_of_one_name":               {[]string{`EVRY\EV-0000-1`}, nil, `TS1\EV-0000-1 and EVRY\EV-0000-1 have one name`},
	} {
		t.Run(name, func(t *testing.T) {
			p := &people{directory: server(), named: test.named}
			names, err := p.accounts()
			if test.says != "" {
				if err == nil || statusOf(err) != exitRefused || !strings.Contains(err.Error(), test.says) {
					t.Fatalf("accounts returned %q, %v", names, err)
				}
				return
			}
			for i, name := range test.want {
				test.want[i] = config.Fold(name)
			}
			for i, name := range names {
				names[i] = config.Fold(strings.ToUpper(name)) // on Linux names keep their case
			}
			if err != nil || !slices.Equal(names, test.want) {
				t.Errorf("accounts returned %q, %v", names, err)
			}
			if hints := p.told(); len(hints) != 1 || !strings.Contains(hints[0], `EVRY\rdp is in Extern bureaublad-gebruikers, and is a group`) {
				t.Errorf("it says %q", hints)
			}
		})
	}
}

func TestAGroupKnowsItsOwnBySIDs(t *testing.T) {
	d := server()
	p := &people{directory: d}
	if _, err := p.accounts(); err != nil {
		t.Fatal(err)
	}
	names, found, err := p.group("tfa-EV-0000")
	if want := []string{"EV-0000-1", `OLD\EV-0000-2`, `EVRY\jan`}; err != nil || !found || !slices.Equal(names, want) {
		t.Errorf("group returned %q, %t, %v", names, found, err)
	}
	if _, found, err := p.group("tfa-EV-0001"); found || err != nil {
		t.Errorf("a group that is not there: %t, %v", found, err)
	}
	if err := p.addMember("tfa-EV-0000", "EV-0000-2"); err != nil || !maps.EqualFunc(d.added, map[string][]string{"tfa-EV-0000": {inDomain + "1201"}}, slices.Equal) {
		t.Errorf("addMember added %v, %v", d.added, err)
	}
}

func TestWhoMendsAWindowsHost(t *testing.T) {
	d := server()
	p := &people{directory: d}
	if names, err := p.mending(); err != nil || !slices.Equal(names, []string{config.Fold("Beheerder")}) {
		t.Errorf("mending returned %q, %v", names, err)
	}
	if name := p.login(); name != config.Fold("admin-piet") {
		t.Errorf("login returned %q", name)
	}
	d.runs = person{`NT AUTHORITY\SYSTEM`, systemSID, false}
	p.directory = d
	if name := p.login(); name != "" {
		t.Errorf("a package is exempt as %q", name)
	}
	d.accounts = nil // a domain controller has none
	p.directory = d
	if names, err := p.mending(); err != nil || len(names) != 0 {
		t.Errorf("mending returned %q, %v", names, err)
	}
}
