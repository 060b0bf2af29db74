// Package check looks for the known ways past the gate: those that a file, a
// process, a setting of the kernel or a value of the registry gives away.
//
// Linux sees the host through a folder and a few functions, Windows through an
// interface, so that tests can plant what each check must find.
package check

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"evry.nl/tfa/assets/translations"
	"evry.nl/tfa/core"
)

// State is what a check found, as a traffic light.
type State string

// The states, from good to bad.
const (
	// NotApplicable: the host has no such thing.
	NotApplicable State = "not_applicable"
	OK            State = "ok"
	// Unknown: this program could not see it; somebody must look.
	Unknown State = "unknown"
	// Warning: it lets nobody past the gate, but something runs beside it, is
	// weaker than it could be, or will go wrong.
	Warning State = "warning"
	// Hole: a password alone is enough for a session or a command, or others
	// can read or change what the gate stands on, or nobody can log on.
	Hole State = "hole"
)

var order = []State{NotApplicable, OK, Unknown, Warning, Hole}

// Worse reports whether s is worse than other.
func (s State) Worse(other State) bool {
	return slices.Index(order, s) > slices.Index(order, other)
}

// Check is one thing to look at. ID, once released, keeps its meaning.
type Check struct {
	ID string
	// Title says what should be so.
	Title string
	// Meaning is what comes of it if it is not so, Remedy how to make it so.
	Meaning, Remedy string

	look func(context.Context) result
}

// Finding is what came of a check.
type Finding struct {
	Check
	State State
	// Found lists what was seen, a line each: the reasons for the state.
	Found []string
	// Fixes is what this program can do about it.
	Fixes []Fix
}

// Fix is a change of the mode or owner of a file of ours, to what our programs
// need and no more: it breaks no logon. Step says what changes and what was
// there before, to turn it back.
type Fix struct {
	Step string
	do   func() error
}

// Do makes the change.
func (f Fix) Do() error {
	if err := f.do(); err != nil {
		return fmt.Errorf("trying to %s: %w", f.Step, err)
	}
	return nil
}

// Run looks at everything. The worst comes first, and else the order of checks.
func Run(ctx context.Context, checks []Check) []Finding {
	findings := make([]Finding, 0, len(checks))
	for _, check := range checks {
		r := check.look(ctx)
		if r.state == "" {
			r.state = OK
		}
		findings = append(findings, Finding{check, r.state, r.found, r.fixes})
	}
	slices.SortStableFunc(findings, func(a, b Finding) int {
		return cmp.Compare(slices.Index(order, b.State), slices.Index(order, a.State))
	})
	return findings
}

// result is what a look found: OK, if nothing was added.
type result struct {
	state State
	found []string
	fixes []Fix
}

// add notes something that was seen. The worst that was added counts.
func (r *result) add(state State, format string, args ...any) {
	r.found = append(r.found, fmt.Sprintf(format, args...))
	if r.state == "" || state.Worse(r.state) {
		r.state = state
	}
}

func (r *result) fix(do func() error, format string, args ...any) {
	r.fixes = append(r.fixes, Fix{fmt.Sprintf(format, args...), do})
}

func found(state State, format string, args ...any) result {
	var r result
	r.add(state, format, args...)
	return r
}

// fault is the result of a look that could not be had.
func fault(err error) result { return found(Unknown, "%v", err) }

// sentence returns what a person can read of an error. Who reads it is the
// helpdesk, and need not be told to call it.
func sentence(err error) string {
	var known *core.Error
	texts, fault := translations.For("en")
	if !errors.As(err, &known) || fault != nil || !texts.Has(known.Sentence) {
		return err.Error()
	}
	return strings.ReplaceAll(texts.Text(known.Sentence, known.Args), "Call the helpdesk: ", "To mend it: ")
}
