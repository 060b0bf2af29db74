package main

import (
	"fmt"
	"slices"
	"strings"

	"evry.nl/tfa/cmd/internal/config"
)

// groupPrefix begins the name of a practice's group.
const groupPrefix = "tfa-"

// person is an account of Windows, or a group that stands in its place.
type person struct {
	name    string // DOMAIN\NAME
	sid     string
	isGroup bool
}

// directory is what init asks of Windows and has it do.
type directory interface {
	// local returns the accounts of this host itself.
	local() ([]person, error)
	// remoteDesktopUsers returns what that group is called in the language of this
	// Windows.
	remoteDesktopUsers() (string, error)
	// members returns who is in a local group, and false if there is none.
	members(group string) ([]person, bool, error)
	find(name string) (person, error)
	isGroup(name string) bool
	caller() (person, error)
	addGroup(name string) error
	addMember(group, sid string) error
}

// people is the host that init sets up, on Windows. An account is known by its
// name without the domain, as the gate knows it.
type people struct {
	directory
	named []string // accounts that somebody typed
	known map[string]person
	// hints are what accounts found that nobody asked for.
	hints []string
}

// bareName cuts the domain off a name and folds it.
func bareName(name string) string {
	return config.Fold(name[strings.LastIndex(name, `\`)+1:])
}

// accounts returns those of this host, those that may log on over RDP by name,
// and those that somebody typed. Error: two of them have one name, and the gate
// can't tell them apart.
func (p *people) accounts() ([]string, error) {
	found, err := p.directory.local()
	if err != nil {
		return nil, err
	}
	group, err := p.remoteDesktopUsers()
	if err != nil {
		return nil, fmt.Errorf("looking for the group Remote Desktop Users: %w", err)
	}
	remote, _, err := p.members(group)
	if err != nil {
		return nil, err
	}
	for _, r := range remote {
		if r.isGroup {
			p.hints = append(p.hints, fmt.Sprintf("%s is in %s, and is a group: Windows does not list its accounts, so name them with --account", r.name, group))
			continue
		}
		found = append(found, r)
	}
	for _, name := range p.named {
		one, err := p.find(name)
		switch {
		case err != nil:
			return nil, hinted{refusal(err.Error()), `write it as DOMAIN\NAME`}
		case one.isGroup:
			return nil, refusal(name + " is no account")
		}
		found = append(found, one)
	}
	return p.take(found)
}

func (p *people) take(found []person) ([]string, error) {
	p.known = map[string]person{}
	var names []string
	for _, one := range found {
		name := bareName(one.name)
		other, is := p.known[name]
		switch {
		case !is:
			p.known[name] = one
			names = append(names, name)
		case other.sid != one.sid:
			return nil, hinted{refusal(fmt.Sprintf("%s and %s have one name, and the gate can't tell them apart", other.name, one.name)),
				"rename or delete one of them"}
		}
	}
	return names, nil
}

// group returns the members of a practice's group: by the name that accounts
// gave, and whoever else is there with the domain.
func (p *people) group(name string) (names []string, found bool, err error) {
	members, found, err := p.members(name)
	for _, m := range members {
		if p.known[bareName(m.name)].sid == m.sid {
			names = append(names, bareName(m.name))
		} else {
			names = append(names, m.name)
		}
	}
	return names, found, err
}

func (p *people) addMember(group, account string) error {
	return p.directory.addMember(group, p.known[account].sid)
}

// numberOfAdministrator ends the SID of the account that Windows made first.
const numberOfAdministrator = "-500"

// systemSID is that of Windows itself, which runs what a package starts.
const systemSID = "S-1-5-18"

// mending returns the account that a host can always be mended with.
func (p *people) mending() ([]string, error) {
	found, err := p.directory.local()
	if err != nil {
		return nil, err
	}
	at := slices.IndexFunc(found, func(one person) bool { return strings.HasSuffix(one.sid, numberOfAdministrator) })
	if at < 0 {
		return nil, nil
	}
	return []string{bareName(found[at].name)}, nil
}

// login returns who runs this, "" for Windows itself.
func (p *people) login() string {
	caller, err := p.caller()
	if err != nil || caller.sid == systemSID {
		return ""
	}
	return bareName(caller.name)
}

func (p *people) told() []string { return p.hints }
