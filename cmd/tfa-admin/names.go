package main

import (
	"fmt"
	"slices"

	"evry.nl/tfa/cmd/internal/config"
	"evry.nl/tfa/core"
)

type (
	accountRename struct {
		Account string `arg:"" help:"Name of the account, like EV-0000-3."`
		Name    string `arg:"" help:"Its new name, of the same practice."`
	}
	accountRemove struct {
		Account string `arg:"" help:"Name of the account, like EV-0000-3."`
		Yes     bool   `help:"Don't ask."`
	}
)

// Help is the text of account rename --help. The parser asks for it.
func (accountRename) Help() string {
	return `The account keeps its QR code, its lock, and the codes that were used. Rename it in
the operating system too, best before anybody logs on:

    usermod --login EV-0000-9 EV-0000-3
    tfa-admin account rename EV-0000-3 EV-0000-9`
}

// Help is the text of account remove --help. The parser asks for it.
func (accountRemove) Help() string {
	return `Its lines in the log stay. It is refused while the operating system has the account:
its next logon would begin anew with a QR code. When somebody leaves, use
"tfa-admin account leave" first.

    tfa-admin account remove EV-0000-3`
}

func (c accountRename) Run(d *desk) error {
	return d.onAccount(c.Account, func(h core.Helpdesk, actor core.Actor, name string) error {
		fresh := config.Fold(c.Name)
		if err := h.Rename(d.ctx, actor, name, fresh); err != nil {
			return err
		}
		if slices.Contains(slices.Concat(d.cfg.Owners, d.cfg.Exempt), name) {
			fmt.Fprintf(d.err, "%s: hint: %s still names %s; write %s there\n", program, d.cfg.File, name, fresh)
		}
		if !userExists(d.ctx, fresh) {
			fmt.Fprintf(d.err, "%s: hint: the operating system has no account %s yet\n", program, fresh)
		}
		return d.printAccount(h, actor, fresh)
	})
}

// removedDocument is an account that was forgotten, in JSON.
type removedDocument struct {
	Account  string `json:"account"`
	Practice string `json:"practice"`
	Removed  bool   `json:"removed"`
}

func (c accountRemove) Run(d *desk) error {
	return d.onAccount(c.Account, func(h core.Helpdesk, actor core.Actor, name string) error {
		if userExists(d.ctx, name) {
			return hinted{refusal("the operating system still has the account " + name),
				"take it away there first, or clear its QR code with " + program + " account leave " + name}
		}
		if !c.Yes {
			if err := d.confirm("forget "+name+", its QR code and its lock", name); err != nil {
				return err
			}
		}
		if err := h.Remove(d.ctx, actor, name); err != nil {
			return err
		}
		practice, err := h.Rules.PracticeOf(name)
		if err != nil {
			return err
		}
		if d.json {
			return d.printJSON(removedDocument{Account: name, Practice: practice, Removed: true})
		}
		_, err = fmt.Fprintf(d.out, "%s is forgotten; its lines in the log stay\n", name)
		return err
	})
}
