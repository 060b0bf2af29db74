// Command tfa-service keeps the stores and keys of a host to itself, answers the
// gate and the tool, and ends the sessions that go round the gate.
//
//	tfa-service [--config FILE] [--group NAME]
//
// It runs as root, started by systemd, and reads the same configuration as the
// other commands; there, service names the socket that it listens on. --group
// names the folder of its control groups.
//
// Who asks is taken from the kernel. A session of an account that must pass the
// gate gets nothing but the gate before it has passed, and may start nothing
// else. If the service stops, nobody passes; sessions that have passed go on,
// and it knows them when it is back.
//
// HUP has it read its configuration anew; TERM ends it. It writes its log to
// standard error, a line an event, as key=value.
//
// Exit status: 0 it was ended; 2 a fault, said on standard error.
package main

import (
	"flag"
	"log/slog"
	"os"
)

const exitFault = 2

type options struct{ config, group string }

func main() {
	flags := flag.NewFlagSet("tfa-service", flag.ContinueOnError)
	var o options
	flags.StringVar(&o.config, "config", "", "configuration `file`")
	flags.StringVar(&o.group, "group", "/tfa", "`name` of the control group that holds the sessions")
	switch err := flags.Parse(os.Args[1:]); {
	case err == flag.ErrHelp:
		os.Exit(0)
	case err != nil:
		os.Exit(exitFault)
	}
	log := slog.New(slog.NewTextHandler(os.Stderr, nil))
	if err := start(o, log); err != nil {
		log.Error("ended", "error", err)
		os.Exit(exitFault)
	}
}
