//go:build !terminal

package main

import (
	"context"
	"fmt"
	"os"

	"golang.org/x/term"

	"evry.nl/tfa/assets/translations"
	"evry.nl/tfa/cmd/internal/display"
	"evry.nl/tfa/cmd/internal/handover"
	"evry.nl/tfa/ui/console"
	"evry.nl/tfa/ui/present"
	"evry.nl/tfa/ui/screen"
)

// fronts returns what asks instead of this process, the best first; none if this
// process asks by itself.
func (o options) fronts(report string) (fronts []handover.Front) {
	programs := display.Programs()
	if o.tty || o.pam || report != "" || len(programs) == 0 {
		return nil
	}
	args := o.forFront()
	if !o.plain {
		for _, program := range programs {
			fronts = append(fronts, handover.Front{Program: program, Args: args})
		}
	}
	return append(fronts, handover.Front{Program: programs[0], Args: append([]string{"--plain"}, args...)})
}

// supervise has a front ask, and on its yes runs the command in this process's
// place.
func supervise(o options) int {
	answer, err := handover.Ask(o.fronts("")...)
	for _, cause := range answer.Causes {
		systemLog("a way to ask is missing: " + cause)
	}
	switch {
	case err != nil:
		systemLog(err.Error())
		return exitFault
	case answer.Yes:
		return goOn(o)
	case answer.Status == exitNo:
		return exitNo
	}
	return exitFault // it was killed while it asked, showed a fault, or could show nothing
}

// plainly asks without OpenGL.
func (g gate) plainly() int {
	systemLog("asks without OpenGL")
	if hasTerminal() {
		return g.onTerminal()
	}
	texts := g.logon.Texts
	s, err := screen.Open(texts.Text("logon.title", nil), texts.Text("console.leave", nil))
	if err != nil {
		g.options.cannotAsk(err)
		return fault(options{tty: true}, texts, err)
	}
	outcome := console.Console{
		Logon: g.logon, Terminal: s, Timeout: g.cfg.Timeout, Waits: true,
		Ready: func() { g.options.isReady("ready screen") },
	}.Run(context.Background())
	s.Close() // where the gate waits for the command, it would cover it
	if outcome == present.Yes {
		g.closeStore()
		return goOn(g.options)
	}
	if outcome == present.Fault {
		return exitFault
	}
	return exitNo
}

// hasTerminal reports whether a person sits at the terminal that started the
// gate.
func hasTerminal() bool {
	return term.IsTerminal(int(os.Stdin.Fd())) && term.IsTerminal(int(os.Stdout.Fd()))
}

// showFaultPlainly shows a fault without OpenGL, and reports whether it could.
func showFaultPlainly(o options, texts *translations.Texts, fault present.Screen) bool {
	if hasTerminal() {
		return false
	}
	s, err := screen.Open(texts.Text("logon.title", nil), "")
	if err != nil {
		return false
	}
	defer s.Close()
	o.isReady("ready fault")
	ctx, cancel := context.WithTimeout(context.Background(), faultShown)
	defer cancel()
	console.Console{Logon: present.Logon{Texts: texts}, Terminal: s, Waits: true}.Show(ctx, fault)
	return true
}

// cannotAsk reports why a front can't ask.
func (o options) cannotAsk(cause error) {
	if err := o.report.Cannot(cause); err != nil {
		systemLog(cause.Error())
	}
}

// isReady reports that somebody can see a front.
func (o options) isReady(ready string) {
	if err := o.report.Asks(); err != nil {
		systemLog("reporting a screen: " + err.Error())
		os.Exit(exitFault)
	}
	fmt.Fprintln(os.Stderr, ready)
}
