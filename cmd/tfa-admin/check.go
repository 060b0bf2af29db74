package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"unicode/utf8"

	"evry.nl/tfa/cmd/internal/check"
	"evry.nl/tfa/cmd/internal/identity"
)

type checkCommand struct {
	Fix    bool `help:"Set modes and owners of our own files right, then look again."`
	DryRun bool `help:"With --fix: show what would be changed, and change nothing."`
	Strict bool `help:"End with status 1 on a warning, or what could not be seen, too."`
}

// Help is the text of check --help. The parser asks for it.
func (checkCommand) Help() string {
	return `It looks for the known ways past the gate: in our own files, xrdp, ssh, PAM, the
accounts of practices, and the host. It reads, and changes nothing without --fix.

	HOLE      a password alone is enough, or others can change or read what the
	          gate stands on, or nobody can log on: close it now
	WARNING   nobody gets past the gate, but something is weaker than it could be
	UNKNOWN   this program can't see it: look yourself
	OK, N/A   nothing to do

--fix changes only modes and owners of our own files, and says what was there
before. Everything else is for you to do: it could break a logon.

The exit status is 1 with at least one hole, with --strict on a warning too.`
}

// findingDocument is a finding in JSON.
type findingDocument struct {
	ID      string        `json:"id"`
	Title   string        `json:"title"`
	State   check.State   `json:"state"`
	Found   []string      `json:"found"`
	Meaning string        `json:"meaning"`
	Remedy  string        `json:"remedy"`
	Fixable bool          `json:"fixable"`
	Fixes   []fixDocument `json:"fixes"`
}

// fixDocument is something that --fix does.
type fixDocument struct {
	Step string `json:"step"`
	Done bool   `json:"done"`
}

func (c checkCommand) Run(d *desk) error {
	if c.DryRun && !c.Fix {
		return hinted{errors.New("--dry-run goes with --fix"), program + " check changes nothing by itself"}
	}
	if err := identity.Administrator(""); err != nil {
		return err
	}
	findings, err := d.lookAround()
	if err != nil {
		return err
	}
	done := map[string][]fixDocument{}
	var failed error
	if c.Fix && !c.DryRun {
		done, failed = fixAll(findings)
		if findings, err = d.lookAround(); err != nil {
			return err
		}
	}
	if d.json {
		err = d.printJSON(newFindingDocuments(findings, done))
	} else {
		err = c.print(d, findings, done)
	}
	if err := errors.Join(failed, err); err != nil {
		return err
	}
	return c.verdict(findings)
}

func (d *desk) lookAround() ([]check.Finding, error) {
	checks, err := d.hostChecks()
	if err != nil {
		return nil, err
	}
	return check.Run(d.ctx, checks), d.ctx.Err()
}

// fixAll makes all changes that it can, and returns them by check.
func fixAll(findings []check.Finding) (map[string][]fixDocument, error) {
	done := map[string][]fixDocument{}
	var errs []error
	made := map[string]bool{} // two checks may look at one file
	for _, finding := range findings {
		for _, fix := range finding.Fixes {
			if made[fix.Step] {
				continue
			}
			made[fix.Step] = true
			if err := fix.Do(); err != nil {
				errs = append(errs, err)
				continue
			}
			done[finding.ID] = append(done[finding.ID], fixDocument{fix.Step, true})
		}
	}
	return done, errors.Join(errs...)
}

func newFindingDocuments(findings []check.Finding, done map[string][]fixDocument) []findingDocument {
	documents := make([]findingDocument, 0, len(findings))
	for _, f := range findings {
		document := findingDocument{
			ID: f.ID, Title: f.Title, State: f.State, Found: append([]string{}, f.Found...),
			Meaning: f.Meaning, Remedy: f.Remedy, Fixable: len(f.Fixes) > 0, Fixes: append([]fixDocument{}, done[f.ID]...),
		}
		for _, fix := range f.Fixes {
			document.Fixes = append(document.Fixes, fixDocument{Step: fix.Step})
		}
		documents = append(documents, document)
	}
	return documents
}

// verdict is an error if the exit status must not be 0.
func (c checkCommand) verdict(findings []check.Finding) error {
	n := tally(findings)
	switch {
	case n[check.Hole] > 0:
		return refusal("this host is not tight: " + countOf(n, check.Hole, check.Warning))
	case c.Strict && n[check.Warning]+n[check.Unknown] > 0:
		return refusal("this host is not as tight as it can be: " + countOf(n, check.Warning, check.Unknown))
	}
	return nil
}

func tally(findings []check.Finding) map[check.State]int {
	n := map[check.State]int{}
	for _, f := range findings {
		n[f.State]++
	}
	return n
}

// labels are the states as a person reads them: one, and several.
var labels = map[check.State]struct{ one, many, tag, color string }{
	check.Hole:          {"hole", "holes", "HOLE", "\x1b[1;31m"},
	check.Warning:       {"warning", "warnings", "WARNING", "\x1b[33m"},
	check.Unknown:       {"not seen", "not seen", "UNKNOWN", "\x1b[36m"},
	check.OK:            {"ok", "ok", "OK", "\x1b[32m"},
	check.NotApplicable: {"not applicable", "not applicable", "N/A", "\x1b[2m"},
}

func countOf(n map[check.State]int, states ...check.State) string {
	var parts []string
	for _, state := range states {
		name := labels[state].many
		if n[state] == 1 {
			name = labels[state].one
		}
		parts = append(parts, fmt.Sprintf("%d %s", n[state], name))
	}
	return strings.Join(parts, ", ")
}

func (c checkCommand) print(d *desk, findings []check.Finding, done map[string][]fixDocument) error {
	p := printer{w: d.out, colored: isColorful(d.out), dry: c.DryRun}
	for _, f := range findings {
		for _, fix := range done[f.ID] {
			p.line("done: " + fix.Step)
		}
	}
	if c.Fix && !c.DryRun && len(done) == 0 {
		p.line("nothing was changed: no mode or owner of our files is wrong")
	}
	p.line(countOf(tally(findings), check.Hole, check.Warning, check.Unknown, check.OK, check.NotApplicable))
	for _, f := range findings {
		p.finding(f)
	}
	return p.err
}

// printer writes findings. The first error stays.
type printer struct {
	w       io.Writer
	colored bool
	dry     bool // --dry-run
	listing bool // what is well takes a line each
	err     error
}

func (p *printer) line(text string) {
	if p.err == nil {
		_, p.err = fmt.Fprintln(p.w, text)
	}
}

// Where the columns of a finding begin.
const (
	idColumn   = 9
	textColumn = idColumn + 11
)

// mostFound is how many lines of one finding a person gets; --json has all.
const mostFound = 8

func (p *printer) finding(f check.Finding) {
	label := labels[f.State]
	tag := label.tag
	if p.colored {
		tag = label.color + tag + "\x1b[0m"
	}
	tag += strings.Repeat(" ", idColumn-len(label.tag))
	if !f.State.Worse(check.OK) {
		text := f.Title
		if f.State == check.NotApplicable && len(f.Found) > 0 {
			text = f.Found[0]
		}
		if !p.listing {
			p.line("")
		}
		p.listing = true
		p.line(fmt.Sprintf("%s%-28s  %s", tag, f.ID, cut(text, widest-idColumn-30)))
		return
	}
	p.line("")
	p.line(tag + f.ID)
	p.part("should be", f.Title)
	for i, text := range f.Found {
		if i == mostFound && len(f.Found) > mostFound+1 {
			p.part("", fmt.Sprintf("and %d more: --json has all of them", len(f.Found)-i))
			break
		}
		p.part([]string{"found", ""}[min(i, 1)], text)
	}
	p.part("so", f.Meaning)
	p.part("to close", f.Remedy)
	for _, fix := range f.Fixes {
		if p.dry {
			p.part("would", fix.Step)
		} else {
			p.part("--fix can", fix.Step)
		}
	}
}

// part writes a named text, wrapped.
func (p *printer) part(name, text string) {
	line := strings.Repeat(" ", idColumn) + name
	line += strings.Repeat(" ", textColumn-len(line)-1)
	for word := range strings.FieldsSeq(text) {
		if used := utf8.RuneCountInString(line); used >= textColumn && used+1+utf8.RuneCountInString(word) > widest {
			p.line(line)
			line = strings.Repeat(" ", textColumn-1)
		}
		line += " " + word
	}
	p.line(line)
}

// isColorful reports whether colours are understood and welcome there
// (no-color.org).
func isColorful(w io.Writer) bool {
	file, ok := w.(*os.File)
	if !ok || os.Getenv("NO_COLOR") != "" || os.Getenv("TERM") == "dumb" || runtime.GOOS == "windows" {
		return false
	}
	info, err := file.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
