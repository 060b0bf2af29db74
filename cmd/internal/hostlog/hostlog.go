// Package hostlog writes into the log of the host (syslog or the journal, on
// Windows the event log), where people of a practice can't take anything back:
// faults, and a copy of what happened.
package hostlog

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"

	"evry.nl/tfa/core"
)

// source is what the host's log calls the copies of events.
const source = "tfa"

// Write writes what a program has to tell the helpdesk. Where the host has no
// log, standard error must do.
func Write(program, line string) {
	if write(program, line, true) != nil {
		fmt.Fprintln(os.Stderr, program+": "+line)
	}
}

// Events returns what writes an event of a practice into the log of this host.
// A host without a log, or whose log takes nothing, keeps nobody from their
// work: the practice's own log has the event already.
func Events(practice string) func(core.Event) {
	return func(e core.Event) { write(source, Line(practice, e), false) }
}

// Line is an event as the host's log has it: one line of name=value, the fields
// of Event.Record in their order, then the particulars. What is more than a word
// stands in quotes, as Go writes them.
func Line(practice string, e core.Event) string {
	var b strings.Builder
	b.WriteString(source + " event practice=" + value(practice))
	record := e.Record()
	for i, name := range core.RecordFields() {
		if name != "detail" {
			b.WriteString(" " + name + "=" + value(record[i]))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(e.Detail)) {
		b.WriteString(" detail." + name + "=" + value(e.Detail[name]))
	}
	return b.String()
}

// value keeps a text that somebody else chose within its field and its line.
func value(s string) string {
	plain := func(r rune) bool {
		return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || strings.ContainsRune("._:/@+#-", r)
	}
	if s != "" && !strings.ContainsFunc(s, func(r rune) bool { return !plain(r) }) {
		return s
	}
	return strconv.Quote(s)
}
