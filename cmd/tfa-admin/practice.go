package main

import (
	"fmt"
	"strconv"
	"time"

	"evry.nl/tfa/cmd/internal/clock"
	"evry.nl/tfa/core"
)

type practiceCommands struct {
	List        practiceList        `cmd:"" help:"All practices of this host."`
	Show        practiceShow        `cmd:"" help:"How a practice stands."`
	Enable      practiceEnable      `cmd:"" help:"Switch two-factor on; the transition begins."`
	Disable     practiceDisable     `cmd:"" help:"Switch two-factor off; QR codes stay."`
	Extend      practiceExtend      `cmd:"" help:"Set a later last day for the transition."`
	Mandatory   practiceMandatory   `cmd:"" help:"Say whether the practice may put off switching on."`
	AcceptClock practiceAcceptClock `cmd:"" help:"Believe this server's clock, after it ran ahead."`
}

type (
	practiceList struct{}
	practiceShow struct {
		Practice string `arg:"" help:"Name of the practice, like EV-0000."`
	}
	practiceEnable struct {
		Practice string `arg:"" help:"Name of the practice."`
	}
	practiceDisable struct {
		Practice string `arg:"" help:"Name of the practice."`
		Yes      bool   `help:"Don't ask."`
	}
	practiceExtend struct {
		Practice string `arg:"" help:"Name of the practice."`
		Date     day    `arg:"" help:"The new last day, like 2019-05-29."`
	}
	practiceMandatory struct {
		Practice string `arg:"" help:"Name of the practice."`
		State    string `arg:"" enum:"on,off" help:"on or off."`
	}
	practiceAcceptClock struct {
		Practice string `arg:"" help:"Name of the practice."`
	}
)

// practiceDocument is a practice in JSON. While two-factor is off, nobody has
// switched it on and no transition ends.
type practiceDocument struct {
	Practice  string     `json:"practice"`
	Enabled   bool       `json:"enabled"`
	EnabledAt *time.Time `json:"enabled_at"`
	EnabledBy string     `json:"enabled_by"`
	LastDay   *core.Date `json:"transition_last_day"`
	// Mandatory holds by the practice's own switch or by the configuration.
	Mandatory   bool `json:"mandatory"`
	Accounts    int  `json:"accounts"`
	Confirmed   int  `json:"confirmed"`
	ClockBehind bool `json:"clock_behind"`
	// LastLogon is that of whichever account.
	LastLogon *time.Time `json:"last_logon"`
	Warnings  []warning  `json:"warnings"`
}

func newPracticeDocument(o core.Overview, rules core.Rules) practiceDocument {
	p := o.Practice
	document := practiceDocument{
		Practice: p.Name, Enabled: p.Enabled, Mandatory: p.Mandatory || rules.Mandatory,
		Accounts: len(o.Accounts), ClockBehind: o.ClockBehind, Warnings: warningsOf(o, rules, clock.Now()),
	}
	var last time.Time
	for _, account := range o.Accounts {
		if account.Confirmed {
			document.Confirmed++
		}
		if account.LastLogon.After(last) {
			last = account.LastLogon
		}
	}
	document.LastLogon = utc(last)
	if p.Enabled {
		document.EnabledAt, document.EnabledBy, document.LastDay = utc(p.EnabledAt), p.EnabledBy, &p.LastDay
	}
	return document
}

func (practiceList) Run(d *desk) error {
	practices, err := d.practices()
	if err != nil {
		return err
	}
	documents, failed := each(d, practices, func(_ string, h core.Helpdesk) (practiceDocument, error) {
		overview, err := h.Overview(d.ctx, core.Actor{Helpdesk: true})
		return newPracticeDocument(overview, h.Rules), err
	})
	if failed != nil && len(documents) == 0 {
		return failed
	}
	if d.json {
		err = d.printJSON(list(documents))
	} else {
		err = d.printPractices(documents)
	}
	if failed != nil {
		return failed
	}
	return err
}

func (d *desk) printPractices(documents []practiceDocument) error {
	if len(documents) == 0 {
		fmt.Fprintf(d.err, "%s: hint: no practice has a store here; %s init makes them\n", program, program)
		return nil
	}
	t := table{
		header:  []string{"PRACTICE", "TWO-FACTOR", "LAST DAY", "MANDATORY", "ACCOUNTS", "CONFIRMED", "LAST LOGON", "WARNINGS"},
		elastic: []int{0}, spill: true,
	}
	for _, p := range documents {
		t.add(p.Practice, onOff(p.Enabled), iso(p.LastDay), yesNo(p.Mandatory), strconv.Itoa(p.Accounts),
			strconv.Itoa(p.Confirmed), d.local(p.LastLogon), sentences(p.Warnings))
	}
	return t.write(d.out)
}

func (c practiceShow) Run(d *desk) error {
	return d.with(c.Practice, func(h core.Helpdesk, _ core.Actor) error { return d.showPractice(h) })
}

// showPractice prints how a practice stands now.
func (d *desk) showPractice(h core.Helpdesk) error {
	overview, err := h.Overview(d.ctx, core.Actor{Helpdesk: true})
	if err != nil {
		return err
	}
	p := newPracticeDocument(overview, h.Rules)
	if d.json {
		return d.printJSON(p)
	}
	rows := [][2]string{{"practice", p.Practice}, {"two-factor", onOff(p.Enabled)}}
	if p.Enabled {
		rows = append(rows, [][2]string{
			{"since", d.local(p.EnabledAt)}, {"switched on by", p.EnabledBy},
			{"last day", iso(p.LastDay) + lastDayNote(overview.DaysLeft)},
		}...)
	}
	rows = append(rows, [][2]string{
		{"mandatory", yesNo(p.Mandatory)},
		{"accounts", fmt.Sprintf("%d, %d with a confirmed QR code", p.Accounts, p.Confirmed)},
	}...)
	if p.LastLogon != nil {
		rows = append(rows, [2]string{"last logon", d.local(p.LastLogon)})
	}
	for _, w := range p.Warnings {
		rows = append(rows, [2]string{"warning", w.sentence()})
	}
	for _, row := range rows {
		if _, err := fmt.Fprintf(d.out, "%-15s %s\n", row[0], row[1]); err != nil {
			return err
		}
	}
	return nil
}

func lastDayNote(daysLeft int) string {
	switch {
	case daysLeft < 0:
		return " (over)"
	case daysLeft == 0:
		return " (today)"
	}
	return ""
}

// actOnPractice does something to a practice and shows how it stands then.
func (d *desk) actOnPractice(practice string, act func(core.Helpdesk, core.Actor) error) error {
	return d.with(practice, func(h core.Helpdesk, actor core.Actor) error {
		if err := act(h, actor); err != nil {
			return err
		}
		return d.showPractice(h)
	})
}

func (c practiceEnable) Run(d *desk) error {
	return d.actOnPractice(c.Practice, func(h core.Helpdesk, actor core.Actor) error {
		return h.SwitchOn(d.ctx, actor)
	})
}

func (c practiceDisable) Run(d *desk) error {
	return d.actOnPractice(c.Practice, func(h core.Helpdesk, actor core.Actor) error {
		overview, err := h.Overview(d.ctx, actor)
		if err != nil {
			return err
		}
		if overview.Practice.Enabled && !c.Yes {
			if err := d.confirm("switch two-factor off for all of the practice", overview.Practice.Name); err != nil {
				return err
			}
		}
		return h.SwitchOff(d.ctx, actor)
	})
}

func (c practiceExtend) Run(d *desk) error {
	return d.actOnPractice(c.Practice, func(h core.Helpdesk, actor core.Actor) error {
		return h.Extend(d.ctx, actor, c.Date.Date)
	})
}

func (c practiceMandatory) Run(d *desk) error {
	return d.actOnPractice(c.Practice, func(h core.Helpdesk, actor core.Actor) error {
		if h.Rules.Mandatory {
			return hinted{refusal("it is mandatory for all practices"), "take mandatory out of " + d.cfg.File}
		}
		return h.SetMandatory(d.ctx, actor, c.State == "on")
	})
}

func (c practiceAcceptClock) Run(d *desk) error {
	return d.actOnPractice(c.Practice, func(h core.Helpdesk, actor core.Actor) error {
		if !d.json {
			fmt.Fprintf(d.err, "%s: the clock says %s\n", program, clock.Now().Format(time.RFC1123))
		}
		return h.AcceptClock(d.ctx, actor)
	})
}
