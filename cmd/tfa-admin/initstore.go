package main

import (
	"fmt"
	"path/filepath"
	"slices"

	"evry.nl/tfa/cmd/internal/stores"
	"evry.nl/tfa/core"
)

// practicesOfHost returns the accounts of each practice, in order.
func (s *setup) practicesOfHost() (map[string][]string, error) {
	accounts, err := s.host.accounts()
	if err != nil {
		return nil, err
	}
	slices.SortFunc(accounts, core.CompareNames)
	for _, hint := range s.host.told() {
		fmt.Fprintf(s.err, "%s: hint: %s\n", program, hint)
	}
	practices := map[string][]string{}
	for _, account := range slices.Compact(accounts) {
		if practice, err := s.cfg.Rules().PracticeOf(account); err == nil {
			practices[practice] = append(practices[practice], account)
		}
	}
	return practices, nil
}

// planPractice plans what a practice lacks. Its accounts have a group, by which
// sshd knows them, and reach the store; with tfa-service it is root's alone.
func (s *setup) planPractice(practice string, accounts []string) error {
	group, given := s.flags.groupOf(practice)
	if given && !s.host.isGroup(group) {
		return refusal("there is no group " + group)
	}
	if !given {
		if err := s.planGroup(group, practice, accounts); err != nil {
			return err
		}
	}
	if s.cfg.Service != "" {
		group = ""
	}
	whose := nobodyElse
	if group != "" {
		whose = "group " + group
	}
	wrong, err := stores.NotFor(*s.cfg, practice, group)
	if err != nil {
		return err
	}
	if len(wrong) > 0 {
		s.add(func() error { return stores.Give(*s.cfg, practice, group) }, "give the store of practice %s in %s, and its key, to %s (files and folders: %d)",
			practice, filepath.Dir(s.cfg.StorePath(practice)), whose, len(wrong))
	}
	known, err := s.knownAccounts(practice)
	if err != nil && len(wrong) > 0 { // half of it was given: it opens when all is
		s.add(func() error { return s.addMissing(practice, accounts) }, "add to the store of practice %s the accounts that it lacks", practice)
		return nil
	}
	if err != nil {
		return err
	}
	if !stores.Exists(*s.cfg, practice) {
		s.add(func() error { return s.makeStore(practice, group) }, "make the store of practice %s in %s, for %s",
			practice, filepath.Dir(s.cfg.StorePath(practice)), whose)
	}
	for _, account := range accounts {
		if !slices.Contains(known, account) {
			s.add(func() error { return s.addAccount(practice, account) }, "add account %s to the store", account)
		}
	}
	return s.planKey(practice)
}

// planKey has the machine protect a key that was made before it could.
func (s *setup) planKey(practice string) error {
	if !stores.Exists(*s.cfg, practice) {
		return nil
	}
	plain, err := stores.IsPlain(*s.cfg, practice)
	if plain {
		s.add(func() error { return stores.Protect(s.ctx, *s.cfg, practice) }, "protect the key of practice %s, so that it opens on this machine only", practice)
	}
	return err
}

// planGroup plans the group of a practice, with its accounts in it.
func (s *setup) planGroup(group, practice string, accounts []string) error {
	members, found, err := s.host.group(group)
	if err != nil {
		return err
	}
	if !found {
		s.add(func() error { return s.host.addGroup(group) }, "make group %s", group)
	}
	for _, account := range accounts {
		if !slices.Contains(members, account) {
			s.add(func() error { return s.host.addMember(group, account) }, "put account %s in group %s", account, group)
		}
	}
	for _, member := range members {
		if !slices.Contains(accounts, member) {
			fmt.Fprintf(s.err, "%s: hint: %s is in group %s and can read its store, but is no account of practice %s\n",
				program, member, group, practice)
		}
	}
	return nil
}

// knownAccounts returns the accounts in the store of a practice; none without a
// store.
func (s *setup) knownAccounts(practice string) ([]string, error) {
	if !stores.Exists(*s.cfg, practice) {
		return nil, nil
	}
	store, err := s.open(practice)
	if err != nil {
		return nil, err
	}
	defer store.Close()
	_, accounts, err := store.View(s.ctx)
	return names(accounts), err
}

func (s *setup) makeStore(practice, group string) error {
	store, err := stores.Create(s.ctx, *s.cfg, practice, group)
	if err != nil {
		return err
	}
	return store.Close()
}

func (s *setup) addAccount(practice, account string) error {
	store, err := s.open(practice)
	if err != nil {
		return err
	}
	defer store.Close()
	_, err = s.helpdesk(store).AddAccount(s.ctx, s.actor, account)
	return err
}

// addMissing adds the accounts that are not in the store.
func (s *setup) addMissing(practice string, accounts []string) error {
	known, err := s.knownAccounts(practice)
	for _, account := range accounts {
		if err == nil && !slices.Contains(known, account) {
			err = s.addAccount(practice, account)
		}
	}
	return err
}
