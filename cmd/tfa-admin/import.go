package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"evry.nl/tfa/assets/translations"
	"evry.nl/tfa/cmd/internal/config"
	"evry.nl/tfa/core"
)

// importCommand takes over the secrets that the phones of a practice have.
type importCommand struct {
	Practice string `arg:"" help:"Name of the practice, like EV-0000."`
	File     string `arg:"" optional:"" default:"-" help:"What to import: lines with otpauth:// or otpauth-migration://. Without it, standard input."`
	Map      string `placeholder:"FILE" help:"Lines LABEL = ACCOUNT, for keys that are not called as their account; LABEL = - leaves one out."`
	Replace  bool   `help:"Also for accounts that have another QR code: phones with that one stop working."`
	DryRun   bool   `help:"Say what would be done, and do nothing."`
}

// importDocument is an imported key in JSON.
type importDocument struct {
	Account  string       `json:"account"`
	Practice string       `json:"practice"`
	Label    string       `json:"label"`
	Line     int          `json:"line"`
	Result   core.Outcome `json:"result"`
	// Written is false if nothing had to be stored, or with --dry-run.
	Written bool `json:"written"`
}

// Run imports all keys of the input, or none: every one is tried before the
// first is stored. What was stored when it is interrupted is unchanged when it
// runs again.
func (c importCommand) Run(d *desk) error {
	keys, wrong, err := c.read(d)
	if err != nil {
		return err
	}
	labels, err := c.labels()
	if err != nil {
		return err
	}
	return d.with(c.Practice, func(h core.Helpdesk, actor core.Actor) error {
		overview, err := h.Overview(d.ctx, actor)
		if err != nil {
			return err
		}
		plan, unmatched := match(overview, keys, labels)
		wrong = append(wrong, unmatched...)
		refused, err := c.try(d, h, actor, plan)
		if err != nil {
			return err
		}
		wrong = append(wrong, refused...)
		if len(wrong) > 0 {
			return d.refuse(wrong)
		}
		if len(plan) == 0 {
			return refusal("there is nothing to import")
		}
		return c.store(d, h, actor, plan)
	})
}

func (c importCommand) read(d *desk) ([]lineKey, []error, error) {
	input, name := d.in, "standard input"
	if c.File == "-" && isTerminal(d.in) {
		fmt.Fprintf(d.err, "%s: paste the lines, then press Ctrl-D on a line of its own\n", program)
	}
	if c.File != "-" {
		file, err := os.Open(c.File)
		if err != nil {
			return nil, nil, unreadable(err)
		}
		defer file.Close()
		input, name = file, c.File
	}
	keys, wrong, err := readKeys(input)
	if err != nil {
		return nil, nil, fmt.Errorf("reading %s: %w", name, err)
	}
	return keys, wrong, nil
}

// leftOut is what a label stands for that is not imported.
const leftOut = "-"

// mapped is what a line of --map says of a label.
type mapped struct {
	account string
	line    int // 0 if no line of it says so
}

// labels reads --map: which account a label stands for. It may be a file of
// secrets, by mistake: its lines are named, never quoted.
func (c importCommand) labels() (map[string]mapped, error) {
	labels := map[string]mapped{}
	if c.Map == "" {
		return labels, nil
	}
	file, err := os.Open(c.Map)
	if err != nil {
		return nil, unreadable(err)
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, mostInput))
	if err != nil {
		return nil, unreadable(err)
	}
	number := 0
	for line := range strings.Lines(strings.TrimPrefix(string(text), "\ufeff")) {
		number++
		if line = strings.TrimSpace(line); line == "" || line[0] == '#' {
			continue
		}
		at := strings.LastIndex(line, "=") // a label may hold one, an account seldom does
		if at < 0 {
			return nil, hinted{refusal(fmt.Sprintf("%s, line %d: it is not like LABEL = ACCOUNT", c.Map, number)), "write - for the account to leave a key out"}
		}
		label, account := strings.TrimSpace(line[:at]), strings.TrimSpace(line[at+1:])
		if first, twice := labels[label]; twice {
			return nil, refusal(fmt.Sprintf("%s, line %d: it has the label of line %d", c.Map, number, first.line))
		}
		labels[label] = mapped{config.Fold(account), number}
	}
	return labels, nil
}

// planned is a key with the account that it is for.
type planned struct {
	lineKey
	account string
}

// errUnmatched is an account that is not there: a label may stand for another.
var errUnmatched = errors.New("no account of the practice")

// match finds the account of each key, and says of which it found none.
func match(overview core.Overview, keys []lineKey, labels map[string]mapped) (plan []planned, wrong []error) {
	known := names(overview.Accounts)
	for _, key := range keys {
		named := accountOf(key, labels)
		account := named.account
		if account == leftOut {
			continue
		}
		complain := func(err error) { wrong = append(wrong, lineError{key.line, key.Label(), err}) }
		if !slices.Contains(known, account) {
			complain(unmatched(overview.Practice.Name, named, known))
			continue
		}
		i := slices.IndexFunc(plan, func(p planned) bool { return p.account == account })
		switch {
		case i < 0:
			plan = append(plan, planned{key, account})
		case !plan[i].Secret.Equal(key.Secret):
			complain(fmt.Errorf("line %d has another secret for %s", plan[i].line, account))
		}
	}
	return plan, wrong
}

// unmatched says that a practice has no such account.
func unmatched(practice string, named mapped, known []string) error {
	err := fmt.Errorf("%w %s is called %q", errUnmatched, practice, printable(named.account))
	switch {
	case named.line > 0:
		err = fmt.Errorf("%w %s is called what line %d of --map says", errUnmatched, practice, named.line)
	case named.account == "":
		err = fmt.Errorf("%w: it has no name", errUnmatched)
	}
	if near := near(named.account, known); len(near) > 0 {
		err = fmt.Errorf("%w; did you mean %s", err, near[0])
	}
	return err
}

// accountOf returns the account that a key is for by its label, without the
// domain that Windows puts before it.
func accountOf(key lineKey, labels map[string]mapped) mapped {
	for _, label := range []string{key.Label(), key.Account} {
		if named, ok := labels[label]; ok {
			return named
		}
	}
	return mapped{account: config.Fold(key.Account[strings.LastIndex(key.Account, `\`)+1:])}
}

// try asks of each what an import would do. What is refused belongs to its line;
// a fault is an error.
func (c importCommand) try(d *desk, h core.Helpdesk, actor core.Actor, plan []planned) (refused []error, err error) {
	for _, p := range plan {
		_, err := h.Import(d.ctx, actor, p.account, p.Secret, core.ImportOptions{Replace: c.Replace, Try: true})
		if err != nil && statusOf(err) == exitFault {
			return nil, err
		}
		if err != nil {
			refused = append(refused, lineError{p.line, p.Label(), err})
		}
	}
	return refused, nil
}

// refuse writes all that is wrong, and what to do about it.
func (d *desk) refuse(wrong []error) error {
	slices.SortStableFunc(wrong, func(a, b error) int { return lineOf(a) - lineOf(b) })
	unmatched, taken := false, false
	for _, err := range wrong {
		fmt.Fprintf(d.err, "%s: %s\n", program, sentenceOf(err))
		var known *core.Error
		unmatched = unmatched || errors.Is(err, errUnmatched)
		taken = taken || errors.As(err, &known) && known.Sentence == "conflict.has_secret"
	}
	if unmatched {
		fmt.Fprintf(d.err, "%s: hint: --map FILE with lines LABEL = ACCOUNT says whose they are; LABEL = - leaves one out\n", program)
		fmt.Fprintf(d.err, "%s: hint: an account that is new on this host is made known by %s init\n", program, program)
	}
	if taken {
		fmt.Fprintf(d.err, "%s: hint: --replace imports over a QR code that is there; phones that have it stop working\n", program)
	}
	return refusal("nothing was imported")
}

// sentenceOf returns an error in words of a person, with its line before it.
func sentenceOf(err error) string {
	var of lineError
	var known *core.Error
	if !errors.As(err, &of) || !errors.As(err, &known) {
		return err.Error()
	}
	texts, fault := translations.For("en")
	if fault != nil {
		return err.Error()
	}
	of.err = errors.New(strings.Join(split(texts.Text(known.Sentence, known.Args)), "; "))
	return of.Error()
}

// Unwrap returns what is wrong with the line.
func (e lineError) Unwrap() error { return e.err }

func (c importCommand) store(d *desk, h core.Helpdesk, actor core.Actor, plan []planned) error {
	documents := []importDocument{}
	var failed error
	for _, p := range plan {
		outcome, err := h.Import(d.ctx, actor, p.account, p.Secret, core.ImportOptions{Replace: c.Replace, Try: c.DryRun})
		if err != nil {
			failed = hinted{err, "what is listed was imported, the rest was not; the same command can run again"}
			break
		}
		documents = append(documents, importDocument{
			Account: p.account, Practice: config.Fold(c.Practice), Label: printable(p.Label()), Line: p.line,
			Result: outcome, Written: outcome != core.WasUnchanged && !c.DryRun,
		})
	}
	if err := d.printImported(documents, failed != nil); err != nil || failed != nil {
		return errors.Join(failed, err)
	}
	switch {
	case c.DryRun:
		fmt.Fprintf(d.err, "%s: nothing was imported: this was a dry run\n", program)
	case c.File != "-":
		fmt.Fprintf(d.err, "%s: hint: delete %s: whoever reads it can make these codes\n", program, c.File)
	}
	return nil
}

func (d *desk) printImported(documents []importDocument, failed bool) error {
	if d.json {
		if failed {
			return nil
		}
		return d.printJSON(documents)
	}
	t := table{header: []string{"ACCOUNT", "LABEL", "RESULT"}, elastic: []int{0, 1}}
	for _, i := range documents {
		t.add(i.Account, i.Label, string(i.Result))
	}
	return t.write(d.out)
}
