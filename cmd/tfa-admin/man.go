package main

import (
	"fmt"
	"strings"

	"github.com/alecthomas/kong"
)

type manCommand struct{}

// Help is the text of man --help. The parser asks for it.
func (manCommand) Help() string {
	return `To read it, or to install it for everybody:

    tfa-admin man | man -l -
    tfa-admin man | sudo tee /usr/local/share/man/man8/tfa-admin.8`
}

// Run prints the manual in the language of man(7). What --help says stands here
// once, so that the two can't differ.
func (manCommand) Run(d *desk) error {
	var page manual
	page.line(`.TH TFA-ADMIN 8 "" "Two Factor RDP"`)
	page.section("NAME")
	page.line(program + ` \- the helpdesk's command of Two Factor RDP`)
	page.section("SYNOPSIS")
	page.line(`.B ` + program)
	page.text(`[--config FILE] [--json] VERB`)
	page.section("DESCRIPTION")
	page.prose(d.app.Help)
	page.section("FLAGS")
	page.flags(d.app.Node)
	page.section("VERBS")
	for _, verb := range d.app.Leaves(true) {
		page.verb(verb)
	}
	page.section("EXIT STATUS")
	for _, status := range [][2]string{
		{"0", "done"}, {"1", "refused, or not found; for log verify: the log was changed"},
		{"2", "a fault: usage, configuration, store or system; or interrupted on the way"},
	} {
		page.item(status[0], status[1])
	}
	page.section("SEE ALSO")
	page.text("Each verb tells more with --help.")
	_, err := fmt.Fprint(d.out, page.String())
	return err
}

// manual is a page that is being written.
type manual struct{ strings.Builder }

func (m *manual) line(request string) { m.WriteString(request + "\n") }

func (m *manual) section(name string) { m.line(".SH " + name) }

// text writes a line of text. A dot or quote at its start would be a request, a
// backslash begins an escape, and a bare - is a hyphen that nobody can copy.
func (m *manual) text(s string) {
	s = strings.NewReplacer(`\`, `\e`, "-", `\-`, "…", `\[u2026]`).Replace(s)
	if strings.HasPrefix(s, ".") || strings.HasPrefix(s, "'") {
		s = `\&` + s
	}
	m.line(s)
}

// prose writes paragraphs, and what is indented as it stands.
func (m *manual) prose(text string) {
	for paragraph := range strings.SplitSeq(text, "\n\n") {
		example := strings.HasPrefix(paragraph, "    ")
		if m.line(".PP"); example {
			m.line(".RS 4\n.nf")
		}
		for line := range strings.SplitSeq(paragraph, "\n") {
			m.text(strings.TrimSpace(line))
		}
		if example {
			m.line(".fi\n.RE")
		}
	}
}

func (m *manual) item(name, text string) {
	m.line(".TP")
	m.text(name)
	m.text(text)
}

func (m *manual) flags(node *kong.Node) {
	for _, flag := range node.Flags {
		if !flag.Hidden {
			m.item(flag.String(), flag.Help)
		}
	}
}

func (m *manual) verb(verb *kong.Node) {
	m.line(".SS " + strings.ReplaceAll(strings.TrimSuffix(verb.Summary(), " [flags]"), "-", `\-`))
	m.prose(verb.Help)
	if verb.Detail != "" {
		m.prose(verb.Detail)
	}
	for _, argument := range verb.Positional {
		m.item(argument.Summary(), argument.Help)
	}
	m.flags(verb)
}
