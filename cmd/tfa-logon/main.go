// Command tfa-logon is the gate between password and desktop: it asks for the
// code from the phone, and on yes runs COMMAND in its own place.
//
//	tfa-logon [--config FILE] [--tty | --plain] [--] COMMAND [ARG…]
//	tfa-logon [--config FILE] --pam
//
// --tty asks on the terminal instead of in a window, for ssh (ForceCommand) and
// consoles. --plain asks without OpenGL: on the terminal if there is one, or else
// in lines of text that cover the screen. --config names another configuration
// file than the host's own. Without COMMAND it only answers.
//
// The window is a process of its own, which reports by --report. If it crashes,
// hangs, or finds no OpenGL before anybody can see it, the next takes its place:
// on Windows the same program in the folder mesa, which brings its own OpenGL,
// and at last --plain. What ends without its report has said no.
//
// --pam decides for pam_exec, before there is a session: password and code come
// in one field, on standard input. See assets/packaging/pam.
//
// On Windows no program can take another's place: there it starts COMMAND, waits,
// and ends with its status. A gate that is ended takes COMMAND with it, but not
// what COMMAND started.
//
// COMMAND gets the environment that the session had. The gate itself runs with
// little of it, because much of what can stand there makes a program load or
// do other things than its own.
//
// When its window is painted and has the keyboard, or its terminal waits for
// the first answer, it writes a line to standard error that begins with
// "ready". A window that is not there within 10 seconds hangs.
//
// Built with the tag terminal it has no window, and needs no libraries: for hosts
// where people log on by ssh, at a console or through PAM alone.
//
// Exit status: COMMAND's own, or 0 without COMMAND, on yes; 1 on no; 2 on a
// fault, which is a no too: a sentence for the person, the cause for the log.
package main

import (
	"flag"
	"os"

	"evry.nl/tfa/cmd/internal/handover"
)

func main() {
	flags := flag.NewFlagSet("tfa-logon", flag.ContinueOnError)
	var o options
	flags.StringVar(&o.config, "config", "", "configuration `file`")
	flags.BoolVar(&o.tty, "tty", false, "ask on the terminal")
	flags.BoolVar(&o.plain, "plain", false, "ask without OpenGL")
	flags.BoolVar(&o.pam, "pam", false, "decide for pam_exec")
	report := flags.String("report", "", "for the gate itself: the `file` by which a window reports to the process that started it")
	switch err := flags.Parse(os.Args[1:]); {
	case err == flag.ErrHelp:
		os.Exit(exitNo) // nobody is let in for asking
	case err != nil:
		os.Exit(exitFault)
	}
	o.command = flags.Args()
	session, err := handover.Environment(o.fronts(*report)...)
	if err == nil {
		err = shut()
	}
	if err == nil {
		o.report, err = handover.NewReport(*report)
	}
	if err != nil {
		systemLog(err.Error())
		os.Exit(exitFault)
	}
	o.session = session
	os.Exit(run(o))
}
