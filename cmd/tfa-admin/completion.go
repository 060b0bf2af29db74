package main

import (
	_ "embed"
	"fmt"
	"slices"
	"strings"

	"github.com/alecthomas/kong"

	"evry.nl/tfa/cmd/internal/config"
	"evry.nl/tfa/core"
)

type completionCommand struct {
	Shell string `arg:"" enum:"bash,powershell" help:"bash or powershell."`
}

// Help is the text of completion --help. The parser asks for it.
func (completionCommand) Help() string {
	return `It prints what the shell must be told. For everybody on a Linux host:

    tfa-admin completion bash | sudo tee /etc/bash_completion.d/tfa-admin

In PowerShell, for the sessions of who runs this:

    tfa-admin completion powershell >> $PROFILE

Names of practices and accounts are completed for the administrator only.`
}

// What the shells are told. Both ask this program, so they know the same.
var (
	//go:embed completion.bash
	forBash string
	//go:embed completion.ps1
	forPowerShell string
)

func (c completionCommand) Run(d *desk) error {
	text := map[string]string{"bash": forBash, "powershell": forPowerShell}[c.Shell]
	_, err := fmt.Fprint(d.out, text)
	return err
}

// completeCommand answers the shells. Its first word is what is being typed, after
// a "=" because PowerShell drops empty arguments; the others are those before it.
type completeCommand struct {
	Words []string `arg:""`
}

// Run prints a candidate a line. What goes wrong is no news to who presses tab.
func (c completeCommand) Run(d *desk) error {
	typed := strings.TrimPrefix(c.Words[0], "=")
	for _, candidate := range d.complete(d.app.Node, c.Words[1:], typed) {
		if strings.HasPrefix(candidate, typed) {
			fmt.Fprintln(d.out, candidate)
		}
	}
	return nil
}

// complete returns what can stand in the place of what was typed, behind words.
func (d *desk) complete(node *kong.Node, words []string, typed string) []string {
	given := 0 // arguments
	var value *kong.Value
	for _, w := range words {
		flag := flagOf(node, w)
		child := slices.IndexFunc(node.Children, func(n *kong.Node) bool { return n.Name == w })
		switch {
		case w == "=": // bash makes it a word of its own
			continue
		case value != nil:
			if value.Name == "config" {
				d.file = w
			}
			value = nil
		case flag != nil:
			if name, text, found := strings.Cut(w, "="); found && name == "--config" {
				d.file = text
			} else if !found && !flag.IsBool() {
				value = flag.Value
			}
		case strings.HasPrefix(w, "-"):
		case child >= 0:
			node = node.Children[child]
		default:
			given++
		}
	}
	switch {
	case value != nil:
		return d.values(value, typed)
	case strings.HasPrefix(typed, "-"):
		return flagNames(node)
	case given < len(node.Positional):
		return d.values(node.Positional[given], typed)
	}
	var names []string
	for _, child := range node.Children {
		if !child.Hidden {
			names = append(names, child.Name)
		}
	}
	return names
}

func flagOf(node *kong.Node, word string) *kong.Flag {
	name, _, _ := strings.Cut(strings.TrimPrefix(word, "--"), "=")
	for _, group := range node.AllFlags(false) {
		for _, flag := range group {
			if strings.HasPrefix(word, "--") && (flag.Name == name || slices.Contains(flag.Aliases, name)) {
				return flag
			}
		}
	}
	return nil
}

func flagNames(node *kong.Node) (names []string) {
	for _, group := range node.AllFlags(true) {
		for _, flag := range group {
			names = append(names, "--"+flag.Name)
		}
	}
	return names
}

// values returns what a flag or an argument may be.
func (d *desk) values(value *kong.Value, typed string) []string {
	switch {
	case value.Enum != "":
		return value.EnumSlice()
	case value.Name == "kind":
		var kinds []string
		for _, kind := range core.Kinds() {
			kinds = append(kinds, string(kind))
		}
		return kinds
	}
	practices, err := d.practices()
	switch {
	case err != nil:
		return nil
	case value.Name == "practice":
		return practices
	case value.Name == "account":
		return d.accountsLike(practices, typed)
	}
	return nil
}

// fewPractices is in how many practices accounts are looked for while somebody
// waits with a finger on the tab key.
const fewPractices = 20

// accountsLike returns accounts that what was typed may become; of many practices
// their names, to go on from.
func (d *desk) accountsLike(practices []string, typed string) []string {
	typed = config.Fold(typed)
	like := slices.DeleteFunc(slices.Clone(practices), func(practice string) bool {
		return !strings.HasPrefix(practice, typed) && !strings.HasPrefix(typed, practice)
	})
	if len(like) > fewPractices {
		return like
	}
	var accounts []string
	for _, practice := range like {
		err := d.with(practice, func(h core.Helpdesk, actor core.Actor) error {
			overview, err := h.Overview(d.ctx, actor)
			accounts = append(accounts, names(overview.Accounts)...)
			return err
		})
		if err != nil {
			continue // the others are still worth knowing
		}
	}
	return accounts
}
