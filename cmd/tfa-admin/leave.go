package main

import (
	"fmt"
	"io"
	"strings"

	"evry.nl/tfa/cmd/internal/clock"
	"evry.nl/tfa/core"
)

type accountLeave struct {
	Account string `arg:"" help:"Name of the account of who leaves, like EV-0000-3."`
	Yes     bool   `help:"Don't ask."`
}

// Help is the text of account leave --help. The parser asks for it.
func (accountLeave) Help() string {
	return `It clears the account's QR code, so that the leaver's phone stops working, says
who saw the account's code or secret in the last 30 days, and what else there is
to do: the leaver may have seen the secrets of other accounts.

    tfa-admin account leave EV-0000-3`
}

// The codes of what else is to do. They stand in scripts, so they never change.
const (
	endSessions   = "end_sessions"
	lockAccount   = "lock_os_account"
	resetOther    = "reset_other"
	removeAccount = "remove_account"
)

// todo is one thing more that the helpdesk should do.
type todo struct {
	Code    string `json:"code"`
	Account string `json:"account"`
	Command string `json:"command"`
	why     string
}

// leaveDocument is what leaving comes down to, in JSON.
type leaveDocument struct {
	Account  string `json:"account"`
	Practice string `json:"practice"`
	// Reset is false if there was no QR code to clear.
	Reset  bool       `json:"reset"`
	SeenBy []sighting `json:"seen_by"`
	Saw    []sighting `json:"saw"`
	Todo   []todo     `json:"todo"`
}

func (c accountLeave) Run(d *desk) error {
	return d.onAccount(c.Account, func(h core.Helpdesk, actor core.Actor, name string) error {
		if !c.Yes {
			if err := d.confirm("clear the QR code of "+name+", because its owner leaves", name); err != nil {
				return err
			}
		}
		document, err := d.leaving(h, actor, name)
		if err != nil {
			return err
		}
		if err := h.Reset(d.ctx, actor, name); err == nil {
			document.Reset = true
		} else if core.CodeOf(err) != core.Missing {
			return err
		}
		if d.json {
			return d.printJSON(document)
		}
		return document.print(d)
	})
}

// leaving says what the log knows of a leaver.
func (d *desk) leaving(h core.Helpdesk, actor core.Actor, name string) (leaveDocument, error) {
	overview, err := h.Overview(d.ctx, actor)
	if err != nil {
		return leaveDocument{}, err
	}
	document := leaveDocument{Account: name, Practice: overview.Practice.Name}
	log, err := newPast(d.ctx, h.Store)
	if err != nil {
		return leaveDocument{}, err
	}
	if document.SeenBy, err = log.whoSaw(name, clock.Now()); err != nil {
		return leaveDocument{}, err
	}
	if document.Saw, err = log.whatSaw(name, overview.Accounts); err != nil {
		return leaveDocument{}, err
	}
	document.Todo = d.todos(name, document.Saw)
	return document, nil
}

// todos lists what the helpdesk does by hand: this program gives and takes no
// accounts of the operating system.
func (d *desk) todos(name string, saw []sighting) []todo {
	list := []todo{}
	if userExists(d.ctx, name) {
		list = append(list,
			todo{endSessions, name, sessionsCommand(name), "end its sessions: somebody may be logged on"},
			todo{lockAccount, name, lockCommand(name), "lock the account of the operating system; if colleagues share it, give it another password instead"})
	}
	for _, s := range saw {
		list = append(list, todo{resetOther, s.Account, program + " account reset " + word(s.Account), name + " saw the secret of " + s.Account})
	}
	return append(list, todo{removeAccount, name, program + " account remove " + word(name), "later, when the account of the operating system has gone"})
}

func (l leaveDocument) print(d *desk) error {
	var b strings.Builder
	if l.Reset {
		fmt.Fprintf(&b, "%s: the QR code is cleared; every phone that has it stops working\n", l.Account)
	} else {
		fmt.Fprintf(&b, "%s: there was no QR code to clear\n", l.Account)
	}
	if err := d.printSightings(&b, l.Account, l.SeenBy); err != nil {
		return err
	}
	b.WriteString("\nWhat else to do:\n")
	for i, t := range l.Todo {
		fmt.Fprintf(&b, "%d. %s\n   %s\n", i+1, t.why, t.Command)
	}
	_, err := io.WriteString(d.out, b.String())
	return err
}

// printSightings says who saw the code or secret of an account lately.
func (d *desk) printSightings(w io.Writer, account string, seen []sighting) error {
	if len(seen) == 0 {
		_, err := fmt.Fprintln(w, "\nNobody saw its code or secret in the last 30 days.")
		return err
	}
	fmt.Fprintln(w, "\nIts code or secret was seen in the last 30 days:")
	t := table{header: []string{"BY", "TIMES", "LAST", "HOW"}, elastic: []int{0}, spill: true}
	for _, s := range seen {
		by := s.Actor
		if by == account {
			by += " itself"
		}
		var how []string
		for _, kind := range s.Kinds {
			how = append(how, string(kind))
		}
		t.add(by, fmt.Sprint(s.Times), d.local(s.Last), strings.Join(how, " "))
	}
	return t.write(w)
}
