package main

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"evry.nl/tfa/cmd/internal/config"
	"evry.nl/tfa/core"
)

type logCommands struct {
	Show   logShow   `cmd:"" help:"Who did what, newest first."`
	Follow logFollow `cmd:"" help:"Show what happens as it happens, until Ctrl-C."`
	Export logExport `cmd:"" help:"Write the log for other programs, oldest first."`
	Verify logVerify `cmd:"" help:"Check that nobody changed the log. Status 1 if somebody did."`
	Prune  logPrune  `cmd:"" help:"Delete the oldest lines of the log; the rest still verifies."`
}

// logFilter is what can be asked of an event. It is part of several verbs.
type logFilter struct {
	Account string `help:"Only what was done to this account." placeholder:"NAME"`
	Kind    string `help:"Only events of this kind." placeholder:"KIND"`
}

// logPeriod is when an event can have been.
type logPeriod struct {
	Since moment `help:"Not before this day or time." placeholder:"DATE" aliases:"from"`
	Until moment `help:"Not after this day, or not at or after this time." placeholder:"DATE" aliases:"to"`
}

type (
	logShow struct {
		Practice string `arg:"" optional:"" help:"Name of the practice; without it, all of this host."`
		logFilter
		logPeriod
		Limit int `help:"How many events at most, from 1 to 100000." default:"100"`
	}
	logVerify struct {
		Practice string `arg:"" optional:"" help:"Name of the practice; without it, all of this host."`
	}
)

// mostEvents is how many events are held in memory at once.
const mostEvents = 100_000

// Validate is asked by the parser.
func (c logFilter) Validate() error {
	if c.Kind != "" && !slices.Contains(core.Kinds(), core.Kind(c.Kind)) {
		var kinds []string
		for _, kind := range core.Kinds() {
			kinds = append(kinds, string(kind))
		}
		return fmt.Errorf("--kind must be one of %s", strings.Join(kinds, ", "))
	}
	return nil
}

func (c logFilter) query() core.Query {
	return core.Query{Account: config.Fold(c.Account), Kind: core.Kind(c.Kind)}
}

// within narrows a query down to the period.
func (c logPeriod) within(query core.Query, zone *time.Location) core.Query {
	query.From, query.To = c.Since.start(zone), c.Until.end(zone)
	return query
}

// Validate is asked by the parser.
func (c logShow) Validate() error {
	if err := c.logFilter.Validate(); err != nil {
		return err
	}
	if c.Limit < 1 || c.Limit > mostEvents {
		return fmt.Errorf("--limit must be from 1 to %d", mostEvents)
	}
	return nil
}

// eventDocument is an event in JSON.
type eventDocument struct {
	Practice string `json:"practice"`
	core.Event
}

func newEventDocument(practice string, e core.Event) eventDocument {
	e.At = e.At.UTC().Truncate(time.Second)
	if e.Detail == nil {
		e.Detail = core.Detail{} // {} and not null
	}
	return eventDocument{Practice: practice, Event: e}
}

func (c logShow) Run(d *desk) error {
	if err := d.load(); err != nil {
		return err
	}
	practices, err := c.practices(d, c.Practice)
	if err != nil {
		return err
	}
	query := c.within(c.query(), d.cfg.Rules().Zone)
	query.Limit = c.Limit
	type found struct {
		practice string
		core.Page
	}
	pages, failed := each(d, practices, func(practice string, h core.Helpdesk) (found, error) {
		page, err := h.Store.Events(d.ctx, query)
		return found{practice, page}, err
	})
	events, total := []eventDocument{}, 0
	for _, page := range pages {
		for _, event := range page.Events {
			events = append(events, newEventDocument(page.practice, event))
		}
		total += page.Total
	}
	if failed != nil && len(events) == 0 {
		return failed
	}
	if len(practices) > 1 {
		slices.SortStableFunc(events, func(a, b eventDocument) int { return b.At.Compare(a.At) })
	}
	events = events[:min(len(events), c.Limit)]
	if d.json {
		err = d.printJSON(events)
	} else {
		err = d.printEvents(events, len(practices) > 1, total)
	}
	if failed != nil {
		return failed
	}
	return err
}

// practices returns the practices whose log is asked for: an account says which
// is its own, and may be one that has gone. Errors: those of onAccount, Refused
// if it is of another practice.
func (c logFilter) practices(d *desk, practice string) ([]string, error) {
	if c.Account == "" && practice == "" {
		return d.practices()
	}
	practice = config.Fold(practice)
	if c.Account == "" {
		return []string{practice}, nil
	}
	var own string
	err := d.onPastAccount(c.Account, func(h core.Helpdesk, _ core.Actor, name string) (err error) {
		own, err = h.Rules.PracticeOf(name)
		return err
	})
	if err == nil && practice != "" && practice != own {
		args := core.Args{"Account": c.Account, "Practice": practice}
		err = core.NewError(core.Refused, "denied.other_practice", args, nil)
	}
	return []string{own}, err
}

func (d *desk) printEvents(events []eventDocument, several bool, total int) error {
	t := table{
		header:  []string{"SEQ", "AT", "KIND", "ACTOR", "ACCOUNT", "FROM", "DETAIL"},
		elastic: []int{3, 4, 5}, spill: true,
	}
	for _, e := range events {
		account := e.Account
		if account == "" && several {
			account = e.Practice + " (all)"
		}
		t.add(strconv.FormatInt(e.Seq, 10), d.local(&e.At), string(e.Kind), e.Actor, account, origin(e.Event), details(e.Detail))
	}
	if hidden := total - len(events); hidden > 0 {
		fmt.Fprintf(d.err, "%s: hint: %d older events are not shown; --limit and --until show them\n", program, hidden)
	}
	return t.write(d.out)
}

// origin names where an actor acted from, as far as it is known.
func origin(e core.Event) string {
	return strings.Join(strings.Fields(e.Server+" "+e.Session+" "+e.Client), " ")
}

func details(detail core.Detail) string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(detail)) {
		parts = append(parts, name+"="+detail[name])
	}
	return strings.Join(parts, " ")
}

// verifyDocument is the state of a log in JSON.
type verifyDocument struct {
	Practice string `json:"practice"`
	Intact   bool   `json:"intact"`
	// Events is how many are in order, from the first on.
	Events int64 `json:"events"`
	// BrokenFrom is the first event that is not; null if there is none.
	BrokenFrom *int64 `json:"broken_from"`
}

func (c logVerify) Run(d *desk) error {
	practices := []string{c.Practice}
	if c.Practice == "" {
		var err error
		if practices, err = d.practices(); err != nil {
			return err
		}
	}
	documents, failed := each(d, practices, func(practice string, h core.Helpdesk) (verifyDocument, error) {
		events, err := h.Store.VerifyLog(d.ctx)
		document := verifyDocument{Practice: practice, Intact: err == nil, Events: events, BrokenFrom: brokenFrom(err)}
		if document.BrokenFrom == nil {
			return document, err // with an error: not looked at, which is no verdict
		}
		return document, nil
	})
	var broken error
	if slices.ContainsFunc(documents, func(v verifyDocument) bool { return !v.Intact }) {
		broken = hinted{refusal("a log was changed outside this program"), "compare it with the backup"}
	}
	if failed != nil && len(documents) == 0 {
		return failed
	}
	if err := d.printVerified(documents); err != nil {
		return err
	}
	if broken != nil && failed != nil {
		report(d.err, failed)
	}
	if broken != nil {
		return broken
	}
	return failed
}

// brokenFrom returns the event from which on a log is not right, or nil if err
// says something else.
func brokenFrom(err error) *int64 {
	var known *core.Error
	if !errors.As(err, &known) || known.Sentence != "log.broken" {
		return nil
	}
	seq, ok := known.Args["Seq"].(int64)
	if !ok {
		return nil
	}
	return &seq
}

func (d *desk) printVerified(documents []verifyDocument) error {
	if d.json {
		return d.printJSON(list(documents))
	}
	for _, v := range documents {
		verdict := "in order"
		if v.BrokenFrom != nil {
			verdict = fmt.Sprintf("in order, changed from event %d on", *v.BrokenFrom)
		}
		if _, err := fmt.Fprintf(d.out, "%s: %d events %s\n", v.Practice, v.Events, verdict); err != nil {
			return err
		}
	}
	return nil
}
