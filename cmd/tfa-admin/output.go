package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/term"

	"evry.nl/tfa/core"
)

// printJSON writes the one document of a command.
func (d *desk) printJSON(document any) error {
	encoder := json.NewEncoder(d.out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(document)
}

// list is documents as JSON has them: none are [] and not null.
func list[T any](documents []T) []T { return append([]T{}, documents...) }

// confirm asks to type a name before something that can't be undone.
func (d *desk) confirm(what, name string) error {
	fmt.Fprintf(d.err, "%s: this will %s\nType %s to go on: ", program, what, name)
	typed, err := d.readLine()
	if err != nil {
		fmt.Fprintln(d.err)
		return err
	}
	if !strings.EqualFold(strings.TrimSpace(typed), name) {
		fmt.Fprintln(d.err)
		return hinted{refusal("that was not " + name + ": nothing was changed"), "--yes does it without asking"}
	}
	return nil
}

// readLine returns what was typed, "" at the end of the input. Error: ctx ended
// first.
func (d *desk) readLine() (string, error) {
	typed := make(chan string, 1)
	go func() {
		line, err := bufio.NewReader(d.in).ReadString('\n')
		if err != nil && err != io.EOF {
			line = ""
		}
		typed <- line
	}()
	select {
	case line := <-typed:
		return line, nil
	case <-d.ctx.Done():
		return "", refusal("interrupted: nothing was changed")
	}
}

// widest is how many columns a table takes: what a mail or ticket shows unbroken.
const widest = 100

// shortest is how far a cell may be cut, farthestIndent how far to the right a
// cell may stand that got lines of its own.
const (
	shortest       = 4
	farthestIndent = 20
)

// table is rows of text under a header. Only the columns in elastic are cut to
// make it fit; --json has everything.
type table struct {
	header  []string
	elastic []int
	// spill puts cells of the last column that don't fit on lines of their own.
	spill bool
	rows  [][]string
}

func (t *table) add(cells ...string) { t.rows = append(t.rows, cells) }

func (t *table) write(w io.Writer) error {
	widths := t.widths()
	for _, row := range append([][]string{t.header}, t.rows...) {
		if _, err := fmt.Fprintln(w, t.line(row, widths)); err != nil {
			return err
		}
	}
	return nil
}

// line sets a row.
func (t *table) line(row []string, widths []int) string {
	line := ""
	for i, cell := range row {
		if cell == "" {
			cell = "-"
		}
		switch spills := t.spill && i == len(row)-1; {
		case !spills:
			cell = cut(cell, widths[i])
		case utf8.RuneCountInString(line+cell) > widest || strings.Contains(cell, "\n"):
			indent := "\n" + strings.Repeat(" ", min(widths[0], farthestIndent)+2)
			return strings.TrimRight(line, " ") + indent + strings.ReplaceAll(cell, "\n", indent)
		}
		line += cell + strings.Repeat(" ", max(widths[i]-utf8.RuneCountInString(cell), 0)+2)
	}
	return strings.TrimRight(line, " ")
}

// widths returns how wide each column is, after the widest elastic ones gave way.
func (t *table) widths() []int {
	widths := make([]int, len(t.header))
	total := -2
	for i := range widths {
		widths[i] = utf8.RuneCountInString(t.header[i])
		for _, row := range t.rows {
			if !t.spill || i < len(widths)-1 {
				widths[i] = max(widths[i], utf8.RuneCountInString(row[i]))
			}
		}
		total += widths[i] + 2
	}
	for ; total > widest && len(t.elastic) > 0; total-- {
		giving := t.elastic[0]
		for _, i := range t.elastic {
			if widths[i] > widths[giving] {
				giving = i
			}
		}
		if widths[giving] <= shortest {
			break
		}
		widths[giving]--
	}
	return widths
}

// cut shortens s to n letters and shows that it did.
func cut(s string, n int) string {
	if runes := []rune(s); len(runes) > n {
		return string(runes[:n-1]) + "…"
	}
	return s
}

// utc is a time in JSON: whole seconds, which every reader of RFC 3339 takes;
// nil for none.
func utc(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC().Truncate(time.Second)
	return &t
}

// local is a time in tables, in the server's zone as on the screens.
func (d *desk) local(t *time.Time) string {
	if t == nil {
		return ""
	}
	return t.In(d.cfg.Rules().Zone).Format("2006-01-02 15:04:05")
}

func iso(date *core.Date) string {
	if date == nil {
		return ""
	}
	return date.ISO()
}

func onOff(on bool) string {
	if on {
		return "on"
	}
	return "off"
}

func yesNo(yes bool) string {
	if yes {
		return "yes"
	}
	return "no"
}

// day is a date on the command line.
type day struct{ core.Date }

// UnmarshalText implements encoding.TextUnmarshaler.
func (d *day) UnmarshalText(text []byte) error {
	date, err := core.ParseDate(string(text))
	if err != nil {
		return fmt.Errorf("%q is no date like 2019-05-29", text)
	}
	d.Date = date
	return nil
}

// moment is a day, or a time of a day, on the command line.
type moment struct {
	day core.Date
	at  time.Time
}

// UnmarshalText implements encoding.TextUnmarshaler.
func (m *moment) UnmarshalText(text []byte) error {
	if at, err := time.Parse(time.RFC3339, string(text)); err == nil {
		m.at = at
		return nil
	}
	date, err := core.ParseDate(string(text))
	if err != nil {
		return fmt.Errorf("%q is neither a date like 2019-05-29 nor a time like 2019-05-29T08:28:00Z", text)
	}
	m.day = date
	return nil
}

// start returns the moment, or the start of the day in zone.
func (m moment) start(zone *time.Location) time.Time {
	if m.day.IsZero() {
		return m.at
	}
	return time.Date(m.day.Year, m.day.Month, m.day.Day, 0, 0, 0, 0, zone)
}

// end returns the moment, or the end of the day in zone.
func (m moment) end(zone *time.Location) time.Time {
	if m.day.IsZero() {
		return m.at
	}
	return moment{day: m.day.AddDays(1)}.start(zone)
}

// isTerminal reports whether a person sits at that end.
func isTerminal(end any) bool {
	file, ok := end.(*os.File)
	return ok && term.IsTerminal(int(file.Fd()))
}
