package present

import (
	"context"
	"encoding/csv"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"evry.nl/tfa/assets/translations"
	"evry.nl/tfa/core"
)

// Log prepares the log's window: a page of plain sentences at a time, so that a
// log of a million events costs no more than one of a hundred.
type Log struct {
	Manager core.Manager
	Actor   core.Actor
	Texts   *translations.Texts
	Zone    *time.Location
}

// PageSize is how many rows are loaded at once: more than a screen holds.
const PageSize = 200

// Filter narrows the log down; empty fields don't.
type Filter struct {
	Account string
	Kind    core.Kind
}

// LogRow is a row of the table.
type LogRow struct{ At, What, From string }

// LogPage is a page of rows.
type LogPage struct {
	Filter Filter
	Number int // from 0
	Rows   []LogRow
	Total  int // of all rows that the filter lets through
}

// Page loads the page of that number, newest first.
func (l Log) Page(ctx context.Context, filter Filter, number int) (LogPage, error) {
	found, err := l.Manager.Log(ctx, l.Actor, core.Query{
		Account: filter.Account, Kind: filter.Kind, Offset: number * PageSize, Limit: PageSize,
	})
	if err != nil {
		return LogPage{}, err
	}
	page := LogPage{Filter: filter, Number: number, Total: found.Total}
	for _, event := range found.Events {
		page.Rows = append(page.Rows, LogRow{
			At: event.At.In(l.Zone).Format("2-1-2006 15:04:05"), What: l.Sentence(event), From: from(event),
		})
	}
	return page, nil
}

// Sentence says in plain words what an event is.
func (l Log) Sentence(e core.Event) string {
	args := core.Args{
		"Actor": e.Actor, "Account": e.Account, "Kind": string(e.Kind), "Failures": e.Detail["failures"],
		"Until": l.moment(e.Detail["until"]), "Expires": l.moment(e.Detail["expires"]),
		"LastDay": day(e.Detail["last_day"]), "Before": l.moment(day(e.Detail["before"])), // or an account's name
		"File": e.Detail["file"], "Backup": l.moment(e.Detail["backup"]), "Lost": l.count(e.Detail["lost"]),
		"Deleted": e.Detail["deleted"],
	}
	args["Reason"] = l.reason(e.Detail["reason"], args)
	key := "event." + string(e.Kind)
	switch {
	case e.Kind == core.MandatorySet:
		key += "." + e.Detail["mandatory"]
	case e.Kind == core.ShownAtLogon && e.Detail["new"] == "true":
		key += ".new"
	case e.Kind == core.Imported && e.Detail["replaced"] == "true":
		key += ".replaced"
	case e.Kind == core.Restored && e.Account != "":
		key += ".account"
	}
	if !l.Texts.Has(key) {
		key = "event.unknown" // of a newer version
	}
	return l.Texts.Text(key, args)
}

// KindName is what a filter calls a kind.
func (l Log) KindName(kind core.Kind) string { return l.Texts.Text("kind."+string(kind), nil) }

func (l Log) reason(reason string, args core.Args) string {
	key := "reason." + reason
	if !l.Texts.Has(key) {
		key = "reason.unknown"
	}
	return l.Texts.Text(key, args)
}

func (l Log) moment(s string) string {
	at, err := time.Parse(time.RFC3339, s)
	if err != nil {
		return s
	}
	return When(at, l.Zone)
}

// count is a number, or that nobody knows it.
func (l Log) count(s string) string {
	if s == "unknown" {
		return l.Texts.Text("log.unknown_count", nil)
	}
	return s
}

func day(s string) string {
	date, err := core.ParseDate(s)
	if err != nil {
		return s
	}
	return date.String()
}

// from names the place that an actor acted from, as far as it is known.
func from(e core.Event) string {
	parts := slices.DeleteFunc([]string{e.Server, e.Session, e.Client}, func(s string) bool { return s == "" })
	return strings.Join(parts, " ")
}

// WriteCSV writes all events that the filter lets through, oldest first, each
// with its sentence as the last field.
// Errors: of the store, or of w.
func (l Log) WriteCSV(ctx context.Context, w io.Writer, filter Filter) error {
	out := csv.NewWriter(w)
	if err := out.Write(append(core.RecordFields(), "text")); err != nil {
		return err
	}
	query := core.Query{Account: filter.Account, Kind: filter.Kind, Oldest: true, Limit: 1000}
	for {
		page, err := l.Manager.Log(ctx, l.Actor, query)
		if err != nil {
			return err
		}
		for _, event := range page.Events {
			if err := out.Write(core.Inert(append(event.Record(), l.Sentence(event)))); err != nil {
				return err
			}
		}
		if query.Offset += len(page.Events); len(page.Events) == 0 || query.Offset >= page.Total {
			out.Flush()
			return out.Error()
		}
	}
}

// Save writes the same into a file, whole or not at all. Error: of the store, or
// of the file system.
func (l Log) Save(ctx context.Context, path string, filter Filter) error {
	file, err := os.CreateTemp(filepath.Dir(path), ".log-*.csv")
	if err != nil {
		return fmt.Errorf("saving the log: %w", err)
	}
	defer os.Remove(file.Name()) // does nothing once it has its name
	err = l.WriteCSV(ctx, file, filter)
	if closed := file.Close(); err == nil {
		err = closed
	}
	if err == nil {
		err = os.Rename(file.Name(), path)
	}
	if err != nil {
		return fmt.Errorf("saving the log: %w", err)
	}
	return nil
}
