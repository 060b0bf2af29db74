// Command tfa-logon is the gate between password and desktop: it asks for the
// code from the phone, and on yes runs COMMAND in its own place.
//
//	tfa-logon [--config FILE] [--tty] [--] COMMAND [ARG…]
//	tfa-logon [--config FILE] --pam
//
// --tty asks on the terminal instead of in a window, for ssh (ForceCommand) and
// consoles. --config names another configuration file than the host's own.
// Without COMMAND it only answers.
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
// "ready". If there is no window within 10 seconds, it ends with status 2.
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
	flags.BoolVar(&o.pam, "pam", false, "decide for pam_exec")
	switch err := flags.Parse(os.Args[1:]); {
	case err == flag.ErrHelp:
		os.Exit(exitNo) // nobody is let in for asking
	case err != nil:
		os.Exit(exitFault)
	}
	o.command = flags.Args()
	session, err := handover.Environment()
	if err == nil {
		err = shut()
	}
	if err != nil {
		systemLog(err.Error())
		os.Exit(exitFault)
	}
	o.session = session
	os.Exit(run(o))
}
