package main

import (
	"fmt"
	"slices"
	"time"

	"evry.nl/tfa/cmd/internal/clock"
	"evry.nl/tfa/core"
)

type accountShow struct {
	Account string `arg:"" help:"Name of the account, like EV-0000-1."`
}

// accountDetails is an account in JSON with what the log knows of it.
type accountDetails struct {
	accountDocument
	// HelperExpires is until when a helper code waits to be used; null if none.
	HelperExpires *time.Time `json:"helper_expires"`
	Exempt        bool       `json:"exempt"`
	SeenBy        []sighting `json:"seen_by"`
}

func (c accountShow) Run(d *desk) error {
	return d.onAccount(c.Account, func(h core.Helpdesk, actor core.Actor, name string) error {
		overview, err := h.Overview(d.ctx, actor)
		if err != nil {
			return err
		}
		i := slices.IndexFunc(overview.Accounts, func(a core.Account) bool { return a.Name == name })
		log, err := newPast(d.ctx, h.Store)
		if err != nil {
			return err
		}
		now := clock.Now()
		account := overview.Accounts[i]
		details := accountDetails{
			accountDocument: newAccountDocument(overview.Practice.Name, account, now),
			Exempt:          slices.Contains(h.Rules.Exempt, name),
		}
		if account.Helper.Expires.After(now) {
			details.HelperExpires = utc(account.Helper.Expires)
		}
		if details.SeenBy, err = log.whoSaw(name, now); err != nil {
			return err
		}
		if d.json {
			return d.printJSON(details)
		}
		return details.print(d)
	})
}

func (a accountDetails) print(d *desk) error {
	qr := map[core.SecretState]string{
		core.SecretNone:   "none yet: the next logon shows one",
		core.SecretShown:  "shown at a logon that was not completed",
		core.SecretActive: "active, but nobody has used a code of it yet",
	}[a.Secret]
	if a.Confirmed {
		qr = "active, scanned"
	}
	rows := [][2]string{
		{"account", a.Account}, {"practice", a.Practice}, {"QR code", qr}, {"last logon", orNone(d.local(a.LastLogon))},
		{"wrong codes", fmt.Sprint(a.Failures)},
	}
	if a.LockedUntil != nil {
		rows = append(rows, [2]string{"locked until", d.local(a.LockedUntil)})
	}
	if a.HelperExpires != nil {
		rows = append(rows, [2]string{"helper code", "waits to be used, until " + d.local(a.HelperExpires)})
	}
	if a.Exempt {
		rows = append(rows, [2]string{"exempt", "the gate asks it for no code: see exempt in " + d.cfg.File})
	}
	for _, row := range rows {
		if _, err := fmt.Fprintf(d.out, "%-15s %s\n", row[0], row[1]); err != nil {
			return err
		}
	}
	return d.printSightings(d.out, a.Account, a.SeenBy)
}

func orNone(text string) string {
	if text == "" {
		return "none"
	}
	return text
}
