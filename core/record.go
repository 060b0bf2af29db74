package core

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// RecordFields are the names of what Record returns, those of Event in JSON.
func RecordFields() []string {
	return []string{"seq", "at", "kind", "actor", "account", "server", "session", "client", "detail"}
}

// Record returns the event as a row of a table for other programs. Times are
// RFC 3339 in UTC; particulars stand as name=value with spaces between.
func (e Event) Record() []string {
	var detail []string
	for _, name := range slices.Sorted(maps.Keys(e.Detail)) {
		detail = append(detail, name+"="+e.Detail[name])
	}
	return []string{
		strconv.FormatInt(e.Seq, 10), e.At.UTC().Format(time.RFC3339), string(e.Kind), e.Actor, e.Account,
		e.Server, e.Session, e.Client, strings.Join(detail, " "),
	}
}

// Inert keeps a spreadsheet from taking the fields of a row for formulas: a
// client chooses the name of its computer itself (OWASP, CSV injection). It
// changes row and returns it.
func Inert(row []string) []string {
	for i, field := range row {
		if strings.IndexAny(field, "=+-@\t\r\n＝＋－＠") == 0 {
			row[i] = "'" + field
		}
	}
	return row
}
