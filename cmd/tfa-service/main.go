// Command tfa-service keeps the stores and keys of a host to itself, answers the
// gate and the tool, and ends the sessions that go round the gate.
//
//	tfa-service [--config FILE] [--group NAME] [--log-level LEVEL] [--log-format FORMAT]
//	tfa-service [--config FILE] install|uninstall
//
// It runs as root, started by systemd, on Windows as LocalSystem, started by
// Windows; there, install and uninstall tell Windows of it. It reads the same
// configuration as the other commands, in which service names the socket, or on
// Windows the pipe, that it listens on. --group names the folder of its control
// groups on Linux.
//
// Who asks is taken from the kernel. A session of an account that must pass the
// gate gets nothing but the gate before it has passed, and may start nothing
// else. If the service stops, nobody passes; sessions that have passed go on,
// and it knows them when it is back.
//
// HUP has it read its configuration anew, on Windows "sc control tfa-service
// paramchange"; TERM ends it. Where the store, the key and the socket are does
// not change while it runs. It takes the socket that systemd holds, if it holds
// one, and tells systemd how it does.
//
// It writes its log to standard error, a line a decision, on Windows into the
// event log: --log-level is debug, info, warn or error, --log-format is text or
// json.
//
// The socket answers GET /health to everybody who need not pass the gate, with
// 200 or 503, and GET /metrics to root, as OpenMetrics text:
//
//	curl --unix-socket /run/tfa/service.sock http://tfa-service/metrics
//
// Exit status: 0 it was ended; 2 a fault, said on standard error.
package main

import (
	"flag"
	"fmt"
	"log/slog"
	"os"
)

const exitFault = 2

type options struct {
	config string
	level  slog.Level
	format string
	// verb is what is asked for instead of to serve; "" to serve.
	verb string
	hostOptions
}

// log returns the log that the options ask for.
func (o options) log() (*slog.Logger, error) {
	how := &slog.HandlerOptions{Level: o.level}
	switch o.format {
	case "text":
		return slog.New(slog.NewTextHandler(os.Stderr, how)), nil
	case "json":
		return slog.New(slog.NewJSONHandler(os.Stderr, how)), nil
	}
	return nil, fmt.Errorf("the format of a log is text or json, not %q", o.format)
}

func main() {
	flags := flag.NewFlagSet("tfa-service", flag.ContinueOnError)
	var o options
	flags.StringVar(&o.config, "config", "", "configuration `file`")
	flags.TextVar(&o.level, "log-level", slog.LevelInfo, "least `level` that is written down")
	flags.StringVar(&o.format, "log-format", "text", "`format` of the log")
	o.define(flags)
	switch err := flags.Parse(os.Args[1:]); {
	case err == flag.ErrHelp:
		os.Exit(0)
	case err != nil:
		os.Exit(exitFault)
	case flags.NArg() > 1:
		flags.Usage()
		os.Exit(exitFault)
	}
	o.verb = flags.Arg(0)
	log, err := o.log()
	if err != nil {
		fmt.Fprintln(os.Stderr, "tfa-service:", err)
		os.Exit(exitFault)
	}
	if err := start(o, log); err != nil {
		log.Error("ended", "error", err)
		os.Exit(exitFault)
	}
}
