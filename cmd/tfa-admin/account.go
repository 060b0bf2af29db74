package main

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"evry.nl/tfa/cmd/internal/clock"
	"evry.nl/tfa/cmd/internal/config"
	"evry.nl/tfa/core"
)

type accountCommands struct {
	List       accountList       `cmd:"" help:"The accounts of a practice."`
	Show       accountShow       `cmd:"" help:"How an account stands, and who saw its code."`
	Reset      accountReset      `cmd:"" help:"Clear the QR code of an account: all phones that have it stop working."`
	Unlock     accountUnlock     `cmd:"" help:"End a lock after wrong codes."`
	HelperCode accountHelperCode `cmd:"" help:"Make a code for one logon, to read out by phone."`
	Leave      accountLeave      `cmd:"" help:"Somebody leaves: clear the QR code, and say what else to do."`
	Rename     accountRename     `cmd:"" help:"Give an account another name; its QR code stays."`
	Remove     accountRemove     `cmd:"" help:"Forget an account that the operating system has no more."`
}

type (
	accountList struct {
		Practice string `arg:"" help:"Name of the practice, like EV-0000."`
	}
	accountReset struct {
		Account string `arg:"" help:"Name of the account, like EV-0000-1."`
		Yes     bool   `help:"Don't ask."`
	}
	accountUnlock struct {
		Account string `arg:"" help:"Name of the account."`
	}
	accountHelperCode struct {
		Account string        `arg:"" help:"Name of the account."`
		Valid   time.Duration `default:"15m" help:"How long the code can be used, from 1m to 24h."`
	}
)

// Validate is asked by the parser. A code that is valid for days is a password.
func (c accountHelperCode) Validate() error {
	if c.Valid < core.ShortestHelper || c.Valid > core.LongestHelper {
		return errors.New("--valid must be from 1m to 24h")
	}
	return nil
}

// accountDocument is an account in JSON.
type accountDocument struct {
	Account     string           `json:"account"`
	Practice    string           `json:"practice"`
	Secret      core.SecretState `json:"secret"`
	Confirmed   bool             `json:"confirmed"`
	LastLogon   *time.Time       `json:"last_logon"`
	Failures    int              `json:"failures"`
	LockedUntil *time.Time       `json:"locked_until"` // null once it has passed
}

func newAccountDocument(practice string, a core.Account, now time.Time) accountDocument {
	document := accountDocument{
		Account: a.Name, Practice: practice, Secret: a.State, Confirmed: a.Confirmed,
		LastLogon: utc(a.LastLogon), Failures: a.Failures,
	}
	if a.IsLocked(now) {
		document.LockedUntil = utc(a.LockedUntil)
	}
	return document
}

func (c accountList) Run(d *desk) error {
	return d.with(c.Practice, func(h core.Helpdesk, actor core.Actor) error {
		overview, err := h.Overview(d.ctx, actor)
		if err != nil {
			return err
		}
		return d.printAccounts(overview)
	})
}

func (d *desk) printAccounts(overview core.Overview) error {
	now := clock.Now()
	documents := []accountDocument{}
	for _, account := range overview.Accounts {
		documents = append(documents, newAccountDocument(overview.Practice.Name, account, now))
	}
	if d.json {
		return d.printJSON(documents)
	}
	t := table{header: []string{"ACCOUNT", "SECRET", "CONFIRMED", "LAST LOGON", "FAILURES", "LOCKED UNTIL"}, elastic: []int{0}}
	for _, a := range documents {
		t.add(a.Account, string(a.Secret), yesNo(a.Confirmed), d.local(a.LastLogon), strconv.Itoa(a.Failures), d.local(a.LockedUntil))
	}
	return t.write(d.out)
}

// onAccount runs act on an account that the store knows. core says that an
// account has no QR code where there is no such account; a mistyped name
// deserves better.
func (d *desk) onAccount(name string, act func(core.Helpdesk, core.Actor, string) error) error {
	return d.find(name, func(h core.Helpdesk, actor core.Actor, name string) error {
		if err := d.known(h, actor, name); err != nil {
			return err
		}
		return act(h, actor, name)
	})
}

// onPastAccount does the same for an account that the log knows, too.
func (d *desk) onPastAccount(name string, act func(core.Helpdesk, core.Actor, string) error) error {
	return d.find(name, func(h core.Helpdesk, actor core.Actor, name string) error {
		page, err := h.Store.Events(d.ctx, core.Query{Account: name, Limit: 1})
		if err == nil && page.Total == 0 {
			err = d.known(h, actor, name)
		}
		if err != nil {
			return err
		}
		return act(h, actor, name)
	})
}

// known refuses an account that the store does not know, and says which were
// perhaps meant.
func (d *desk) known(h core.Helpdesk, actor core.Actor, name string) error {
	overview, err := h.Overview(d.ctx, actor)
	if err != nil || slices.ContainsFunc(overview.Accounts, func(a core.Account) bool { return a.Name == name }) {
		return err
	}
	log, err := newPast(d.ctx, h.Store)
	if err != nil {
		return err
	}
	missing := core.NewError(core.Missing, "missing.account", core.Args{"Account": name}, nil)
	if now := log.called(name); now != "" {
		return hinted{missing, "it was renamed to " + now}
	}
	return hint(missing, "did you mean", near(name, names(overview.Accounts)))
}

// find runs act on the practice that the name of an account says.
func (d *desk) find(name string, act func(core.Helpdesk, core.Actor, string) error) error {
	if err := d.load(); err != nil {
		return err
	}
	name = config.Fold(name)
	practice, err := d.cfg.Rules().PracticeOf(name)
	if err != nil {
		return d.nearAccount(name, name, err)
	}
	err = d.with(practice, func(h core.Helpdesk, actor core.Actor) error { return act(h, actor, name) })
	if isMissingPractice(err) {
		return d.nearAccount(name, practice, bare(err))
	}
	return err
}

// actOnAccount does something to an account and shows how it stands then.
func (d *desk) actOnAccount(name string, act func(core.Helpdesk, core.Actor, string) error) error {
	return d.onAccount(name, func(h core.Helpdesk, actor core.Actor, name string) error {
		if err := act(h, actor, name); err != nil {
			return err
		}
		return d.printAccount(h, actor, name)
	})
}

// printAccount shows how one account stands.
func (d *desk) printAccount(h core.Helpdesk, actor core.Actor, name string) error {
	overview, err := h.Overview(d.ctx, actor)
	if err != nil {
		return err
	}
	overview.Accounts = slices.DeleteFunc(overview.Accounts, func(a core.Account) bool { return a.Name != name })
	if d.json && len(overview.Accounts) == 1 {
		return d.printJSON(newAccountDocument(overview.Practice.Name, overview.Accounts[0], clock.Now()))
	}
	return d.printAccounts(overview)
}

func (c accountReset) Run(d *desk) error {
	return d.actOnAccount(c.Account, func(h core.Helpdesk, actor core.Actor, name string) error {
		if !c.Yes {
			if err := d.confirm("clear the QR code of "+name+": every phone that has it stops working", name); err != nil {
				return err
			}
		}
		return h.Reset(d.ctx, actor, name)
	})
}

func (c accountUnlock) Run(d *desk) error {
	return d.actOnAccount(c.Account, func(h core.Helpdesk, actor core.Actor, name string) error {
		return h.Unlock(d.ctx, actor, name)
	})
}

// helperDocument is a helper code in JSON: the one place where it ever stands.
type helperDocument struct {
	Account    string     `json:"account"`
	HelperCode string     `json:"helper_code"`
	Expires    *time.Time `json:"expires"`
}

func (c accountHelperCode) Run(d *desk) error {
	return d.onAccount(c.Account, func(h core.Helpdesk, actor core.Actor, name string) error {
		code, err := h.HelperCode(d.ctx, actor, name, c.Valid)
		if err != nil {
			return err
		}
		expires := utc(clock.Now().Add(c.Valid))
		if d.json {
			return d.printJSON(helperDocument{Account: name, HelperCode: code, Expires: expires})
		}
		_, err = fmt.Fprintf(d.out, "%s %s\nopens one logon of %s, until %s\n", code[:4], code[4:], name, d.local(expires))
		return err
	})
}
