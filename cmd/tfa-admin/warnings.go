package main

import (
	"fmt"
	"strings"
	"time"

	"evry.nl/tfa/core"
)

// soon is how many days before its end a transition is worth a call.
const soon = 3

// The codes of warnings. They stand in scripts, so they never change.
const (
	transitionEnds = "transition_ends" // args: days, unconfirmed, accounts
	transitionOver = "transition_over" // args: unconfirmed, accounts
	clockIsBehind  = "clock_behind"    // args: seen
	accountsLocked = "accounts_locked" // args: locked
	offMandatory   = "off_mandatory"
)

// warning is what the helpdesk should look at, for scripts by its code.
type warning struct {
	Code string         `json:"code"`
	Args map[string]any `json:"args"`
}

// warningsOf returns what is worth a call about a practice; an empty list if
// nothing is.
func warningsOf(o core.Overview, rules core.Rules, now time.Time) []warning {
	warnings := []warning{}
	warn := func(code string, args map[string]any) { warnings = append(warnings, warning{code, args}) }
	unconfirmed, locked := 0, []string{}
	for _, account := range o.Accounts {
		if !account.Confirmed {
			unconfirmed++
		}
		if account.IsLocked(now) {
			locked = append(locked, account.Name)
		}
	}
	behind := map[string]any{"unconfirmed": unconfirmed, "accounts": len(o.Accounts)}
	switch {
	case !o.Practice.Enabled && (o.Practice.Mandatory || rules.Mandatory):
		warn(offMandatory, map[string]any{})
	case !o.Practice.Enabled, unconfirmed == 0, o.DaysLeft > soon:
	case o.DaysLeft < 0:
		warn(transitionOver, behind)
	default:
		behind["days"] = o.DaysLeft
		warn(transitionEnds, behind)
	}
	if o.ClockBehind {
		warn(clockIsBehind, map[string]any{"seen": utc(o.Practice.Seen)})
	}
	if len(locked) > 0 {
		warn(accountsLocked, map[string]any{"locked": locked})
	}
	return warnings
}

// sentence says a warning to a person.
func (w warning) sentence() string {
	scanned := fmt.Sprintf("%v of %v have not scanned", w.Args["unconfirmed"], w.Args["accounts"])
	switch w.Code {
	case transitionEnds:
		return transitionEnd(w.Args["days"].(int)) + " and " + scanned
	case transitionOver:
		return "transition is over and " + scanned
	case clockIsBehind:
		return "clock is behind the last entry in the log: see practice accept-clock"
	case accountsLocked:
		locked := w.Args["locked"].([]string)
		if more := len(locked) - 3; more > 0 {
			return fmt.Sprintf("locked: %s and %d more", strings.Join(locked[:3], ", "), more)
		}
		return "locked: " + strings.Join(locked, ", ")
	}
	return "off though mandatory: whoever logs on must switch it on first"
}

func transitionEnd(days int) string {
	switch days {
	case 0:
		return "transition ends today"
	case 1:
		return "transition ends tomorrow"
	}
	return fmt.Sprintf("transition ends in %d days", days)
}

// sentences says warnings a line each.
func sentences(warnings []warning) string {
	var lines []string
	for _, w := range warnings {
		lines = append(lines, cut(w.sentence(), widest-farthestIndent-2))
	}
	return strings.Join(lines, "\n")
}
