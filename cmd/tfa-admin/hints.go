package main

import (
	"errors"
	"slices"
	"strings"

	"evry.nl/tfa/cmd/internal/config"
	"evry.nl/tfa/core"
)

// farthest is how many keystrokes a name may be off to be meant all the same.
const farthest = 3

// isMissingPractice reports whether err is that this host has no such practice.
func isMissingPractice(err error) bool {
	var known *core.Error
	return errors.As(err, &known) && known.Sentence == "missing.practice"
}

// nearPractice adds the practices that were perhaps meant.
func (d *desk) nearPractice(name string, err error) error {
	practices, fault := d.practices()
	if fault != nil {
		return err
	}
	return hint(err, "did you mean", near(name, practices))
}

// nearAccount adds the accounts that were perhaps meant, of the practice whose
// name comes nearest to what was typed.
func (d *desk) nearAccount(name, practice string, err error) error {
	practices, fault := d.practices()
	if fault != nil {
		return err
	}
	nearest := near(practice, practices)
	if len(nearest) == 0 { // what was typed may end in an account's number
		nearest = near(strings.TrimRight(practice, "0123456789-_. "), practices)
	}
	if len(nearest) == 0 {
		return err
	}
	var meant []string
	fault = d.with(nearest[0], func(h core.Helpdesk, actor core.Actor) error {
		overview, err := h.Overview(d.ctx, actor)
		meant = near(name, names(overview.Accounts))
		return err
	})
	if fault != nil {
		return err
	}
	return hint(err, "did you mean", meant)
}

// hint adds up to three names to an error; none, if there are none.
func hint(err error, intro string, names []string) error {
	if len(names) == 0 {
		return err
	}
	names = names[:min(len(names), 3)]
	text := names[len(names)-1]
	if first := names[:len(names)-1]; len(first) > 0 {
		text = strings.Join(first, ", ") + " or " + text
	}
	return hinted{err, intro + " " + text}
}

// bare takes a hint off again.
func bare(err error) error {
	var h hinted
	if errors.As(err, &h) {
		return h.error
	}
	return err
}

func names(accounts []core.Account) []string {
	list := make([]string, 0, len(accounts))
	for _, account := range accounts {
		list = append(list, account.Name)
	}
	return list
}

// near returns the candidates that are at most farthest keystrokes off, the
// nearest first. A name in the wrong case is no keystroke off.
func near(name string, candidates []string) []string {
	fold := func(s string) string { return strings.ToLower(config.Fold(s)) }
	off := map[string]int{}
	var found []string
	for _, candidate := range candidates {
		off[candidate] = distance([]rune(fold(name)), []rune(fold(candidate)))
		if off[candidate] <= min(farthest, len(candidate)/2) {
			found = append(found, candidate)
		}
	}
	slices.SortStableFunc(found, func(a, b string) int { return off[a] - off[b] })
	return found
}

// distance is Levenshtein's: how many letters to add, drop or change.
func distance(a, b []rune) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i, letter := range a {
		diagonal := row[0]
		row[0] = i + 1
		for j := range b {
			change := diagonal
			if letter != b[j] {
				change++
			}
			diagonal = row[j+1]
			row[j+1] = min(change, row[j]+1, diagonal+1)
		}
	}
	return row[len(b)]
}
