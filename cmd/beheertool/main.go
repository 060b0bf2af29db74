// Command beheertool opens the management tool of a practice: its accounts, QR
// codes, live codes and log.
//
//	beheertool [--config FILE]
//	beheertool --demo [--language nl|en]
//
// --config names another configuration file than the host's own. --demo makes a
// throw-away practice with accounts in every state, opens the tool on it, and
// removes it afterwards.
//
// On Windows the window is a process of its own, which reports by --report. If
// it crashes, hangs, or finds no OpenGL, the same program in the folder mesa
// takes its place, which brings its own.
//
// Exit status: 0 the window was closed; 2 a fault, said on standard error; 3 no
// window can be opened here.
package main

import (
	"flag"
	"os"

	"evry.nl/tfa/cmd/internal/display"
	"evry.nl/tfa/cmd/internal/handover"
)

func main() {
	var o options
	flags := flag.NewFlagSet("beheertool", flag.ContinueOnError)
	flags.StringVar(&o.config, "config", "", "configuration `file`")
	flags.BoolVar(&o.demo, "demo", false, "open the tool on a throw-away practice")
	flags.StringVar(&o.language, "language", "nl", "language of the demo: nl or en")
	report := flags.String("report", "", "for the tool itself: the `file` by which a window reports to the process that started it")
	switch err := flags.Parse(os.Args[1:]); {
	case err == flag.ErrHelp:
		os.Exit(0)
	case err != nil:
		os.Exit(exitFault)
	case flags.NArg() > 0:
		display.Message("beheertool: error: unexpected argument "+flags.Arg(0), "hint: see beheertool --help")
		os.Exit(exitFault)
	}
	if *report == "" && startsAnew {
		os.Exit(supervise())
	}
	var err error
	if o.report, err = handover.NewReport(*report); err != nil {
		display.Message("beheertool: error: "+err.Error(), "")
		os.Exit(exitFault)
	}
	os.Exit(run(o))
}
