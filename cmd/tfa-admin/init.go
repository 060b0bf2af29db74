package main

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"evry.nl/tfa/cmd/internal/check"
	"evry.nl/tfa/cmd/internal/config"
	"evry.nl/tfa/cmd/internal/identity"
	"evry.nl/tfa/cmd/internal/stores"
	"evry.nl/tfa/core"
)

type initCommand struct {
	DryRun bool `help:"Show what would be done, and do nothing."`
	hostFlags
}

// Help is the text of init --help. The parser asks for it.
func (initCommand) Help() string {
	return `It looks at the accounts of this host that fit practice_pattern, and makes for
each practice what is missing: an operating system group tfa-PRACTICE with the
accounts in it, a folder that only this group may enter, a key and a store, and
the accounts in the store. Without a configuration file it writes one that
exempts root (on Windows: Administrator) and the administrator who runs it, so that nobody locks themselves
out; a file that is there it leaves alone, and says which line it lacks. It can
run again at any time: what is there stays as it is.

With service in the configuration, stores and keys are for root alone, and there
is no group; those that were a practice's before are taken back. Without it they
are given to the groups again.

On Windows folders and files get access lists in place of modes, and each key is
protected, so that it opens on this machine only. Accounts of a domain are found
if Remote Desktop Users names them, and else by --account.

    sudo tfa-admin init --dry-run
    sudo tfa-admin init`
}

// step is one thing that init does, and how it says so.
type step struct {
	Step string `json:"step"`
	Done bool   `json:"done"`
	do   func() error
}

// setup is what init found out, and what it will do about it.
type setup struct {
	*desk
	host  host
	flags hostFlags
	actor core.Actor
	steps []step
}

// host is what init asks of the operating system and has it do.
type host interface {
	// accounts returns the names of the accounts of people.
	accounts() ([]string, error)
	// group returns the members of a group, and false if there is none.
	group(name string) (members []string, found bool, err error)
	addGroup(name string) error
	addMember(group, account string) error
	// isGroup reports whether a group of any kind has that name.
	isGroup(name string) bool
	// mending returns the accounts that a broken store must not lock out.
	mending() ([]string, error)
	// login returns the account that runs this, "" if that is nobody's.
	login() string
	// told returns hints that came of all this.
	told() []string
}

func (c initCommand) Run(d *desk) error {
	host, err := thisHost(d.ctx, c.hostFlags)
	if err != nil {
		return err
	}
	if err := identity.Administrator(""); err != nil {
		return err
	}
	s := &setup{desk: d, host: host, flags: c.hostFlags}
	if s.actor, err = identity.Helpdesk(); err != nil {
		return err
	}
	if err := s.plan(); err != nil {
		return err
	}
	if c.DryRun {
		return s.show(true)
	}
	return s.act()
}

// act takes the steps in order. Those after one that fails are left for the
// next run.
func (s *setup) act() error {
	for i, step := range s.steps {
		if err := step.do(); err != nil {
			s.steps = s.steps[:i]
			if !s.json {
				err = errors.Join(err, s.show(false))
			}
			return hinted{fmt.Errorf("trying to %s: %w", step.Step, err), "mend that and run init again: it goes on from here"}
		}
		s.steps[i].Done = true
	}
	return errors.Join(s.show(false), s.showCheck())
}

// showCheck says on Windows, where one command follows another by hand, how the
// host stands now. On Linux the packages run check.
func (s *setup) showCheck() error {
	if !checksAfterInit {
		return nil
	}
	findings, err := s.lookAround()
	if err == nil {
		fmt.Fprintf(s.err, "%s: hint: this host has now %s: %s check tells which\n", program,
			countOf(tally(findings), check.Hole, check.Warning, check.Unknown), program)
	}
	return err
}

func (s *setup) add(do func() error, format string, args ...any) {
	s.steps = append(s.steps, step{Step: fmt.Sprintf(format, args...), do: do})
}

// plan looks and changes nothing.
func (s *setup) plan() error {
	if err := s.planConfig(); err != nil {
		return err
	}
	practices, err := s.practicesOfHost()
	if err != nil {
		return err
	}
	if len(practices) == 0 {
		fmt.Fprintf(s.err, "%s: hint: no account of this host fits practice_pattern, %s\n", program, s.cfg.PracticePattern)
	}
	for _, practice := range slices.SortedFunc(maps.Keys(practices), core.CompareNames) {
		if err := s.planPractice(practice, practices[practice]); err != nil {
			return fmt.Errorf("looking at practice %s: %w", practice, err)
		}
	}
	return nil
}

// planConfig loads the configuration, or plans to write one with the defaults.
func (s *setup) planConfig() error {
	path := s.file
	if path == "" {
		path = config.DefaultFile()
	}
	_, err := os.Lstat(path)
	if !errors.Is(err, fs.ErrNotExist) {
		if err := s.load(); err != nil {
			return err
		}
		s.hintExempt(path, s.host.login())
		return s.planParents(path)
	}
	defaults := config.Default()
	s.cfg = &defaults
	exempt, err := s.exempt(s.host.login())
	if err == nil {
		err = s.planParents(path)
	}
	if err != nil {
		return err
	}
	s.add(func() error { return writeConfig(path, exempt) }, "write %s, exempt: %q", path, exempt)
	return nil
}

// planParents closes the folders above those of practices to others, before
// anything is put there.
func (s *setup) planParents(file string) error {
	loose, err := stores.LooseParents(*s.cfg, file)
	for _, folder := range loose {
		s.add(func() error { return stores.CloseParent(folder) }, "have only administrators write in %s", folder)
	}
	return err
}

// exempt returns the accounts that a new configuration lets pass the gate: root,
// so that a broken store locks nobody out of the host, and the person who sets
// it up. The gate would turn that person away as of no practice, or ask for a
// code if the name looks like that of an account.
func (s *setup) exempt(login string) ([]string, error) {
	exempt, err := s.host.mending()
	if err != nil || slices.Contains(exempt, login) || !core.ValidName(login) || !userExists(s.ctx, login) {
		return exempt, err
	}
	if practice, err := s.cfg.Rules().PracticeOf(login); err == nil {
		fmt.Fprintf(s.err, "%s: hint: %s is exempt, because you run this as %s; if it is an account of practice %s, take it out of exempt\n",
			program, login, login, practice)
	}
	return append(exempt, login), nil
}

// hintExempt says which line a file lacks that would keep who runs this out. The
// file is the administrator's own, so it is not rewritten.
func (s *setup) hintExempt(path, login string) {
	if mending, err := s.host.mending(); login == "" && err == nil && len(mending) > 0 {
		login = mending[0]
	}
	if slices.Contains(s.cfg.Exempt, config.Fold(login)) || !core.ValidName(login) || !userExists(s.ctx, login) {
		return
	}
	var quoted []string
	for _, name := range append(slices.Clone(s.cfg.Exempt), login) {
		quoted = append(quoted, strconv.Quote(name))
	}
	fmt.Fprintf(s.err, "%s: hint: the gate would keep %s out, who runs this; write this line in %s:\nexempt = [%s]\n",
		program, login, path, strings.Join(quoted, ", "))
}

// writeConfig writes a file to begin with, complete or not at all.
func writeConfig(path string, exempt []string) error {
	folder := filepath.Dir(path)
	if err := stores.MakeParents(folder); err != nil {
		return err
	}
	file, err := os.CreateTemp(folder, ".tfa.toml.*")
	if err != nil {
		return err
	}
	defer os.Remove(file.Name())
	_, err = file.Write(config.Template(exempt))
	if err == nil {
		err = file.Chmod(0o644)
	}
	if closing := file.Close(); err == nil {
		err = closing
	}
	if err != nil {
		return err
	}
	return os.Link(file.Name(), path) // and not Rename: another init may have been first
}

// show says what was done, or would be.
func (s *setup) show(dry bool) error {
	if s.json {
		return s.printJSON(struct {
			DryRun bool   `json:"dry_run"`
			Steps  []step `json:"steps"`
		}{dry, append([]step{}, s.steps...)})
	}
	verb := "done: "
	if dry {
		verb = "would "
	}
	for _, step := range s.steps {
		if _, err := fmt.Fprintf(s.out, "%s%s\n", verb, step.Step); err != nil {
			return err
		}
	}
	if len(s.steps) == 0 {
		_, err := fmt.Fprintln(s.out, "nothing to do")
		return err
	}
	if !dry && s.cfg.Service == "" {
		fmt.Fprintf(s.err, "%s: hint: %d steps done; people who are logged on get their group at the next logon\n",
			program, len(s.steps))
	}
	return nil
}
