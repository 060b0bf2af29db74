// Command tfa-service keeps the stores and keys of a host to itself, answers the
// gate and the tool, and ends the sessions that go round the gate.
//
//	tfa-service [--config FILE] [--group NAME] [--log-level LEVEL] [--log-format FORMAT]
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
// HUP has it read its configuration anew; TERM ends it. Where the store, the key
// and the socket are does not change while it runs. It takes the socket that
// systemd holds, if it holds one, and tells systemd how it does.
//
// It writes its log to standard error, a line a decision: --log-level is debug,
// info, warn or error, --log-format is text or json.
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
	config, group string
	level         slog.Level
	format        string
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
	flags.StringVar(&o.group, "group", "/tfa", "`name` of the control group that holds the sessions")
	flags.TextVar(&o.level, "log-level", slog.LevelInfo, "least `level` that is written down")
	flags.StringVar(&o.format, "log-format", "text", "`format` of the log")
	switch err := flags.Parse(os.Args[1:]); {
	case err == flag.ErrHelp:
		os.Exit(0)
	case err != nil:
		os.Exit(exitFault)
	}
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
