package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"

	"github.com/alecthomas/kong"

	"evry.nl/tfa/assets/web"
)

const program = "tfa-web"

// commands is the command line.
type commands struct {
	Serve  serveCommand  `cmd:"" help:"Be the web server of the pages."`
	Export exportCommand `cmd:"" help:"Write the pages as files, for another web server."`
}

// outlet is where a command writes.
type outlet struct {
	ctx      context.Context
	out, err io.Writer
}

func (o outlet) say(format string, args ...any) {
	fmt.Fprintf(o.err, program+": "+format+"\n", args...)
}

// refusal is what is asked for and not done.
type refusal string

func (r refusal) Error() string { return string(r) }

// run executes one command line and returns the exit status.
func run(ctx context.Context, args []string, out, errs io.Writer) int {
	o := outlet{ctx, out, errs}
	err := execute(o, args)
	var refused refusal
	switch {
	case err == nil:
		return 0
	case errors.As(err, &refused):
		o.say("%v", err)
		return 1
	}
	o.say("%v", err)
	var parse *kong.ParseError
	if errors.As(err, &parse) {
		o.say("hint: %s --help", program)
	}
	return 2
}

func execute(o outlet, args []string) error {
	var line commands
	asked := false // for help, which kong prints
	parser, err := kong.New(&line, kong.Name(program), kong.Writers(o.out, o.err), kong.Exit(func(int) { asked = true }),
		kong.Description("The web pages of Two Factor RDP: /otp shows codes to people without a phone, /tfa is the manual."),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true}))
	if err != nil {
		return fmt.Errorf("reading our own command line: %w", err)
	}
	parsed, err := parser.Parse(args)
	if asked {
		return nil
	}
	if err != nil {
		return err
	}
	return parsed.Run(o)
}

type serveCommand struct {
	Listen string `required:"" placeholder:"ADDR" help:"Where to listen, like :443 or 127.0.0.1:8080."`
	Cert   string `placeholder:"FILE" help:"The certificate, with the chain to its issuer (PEM)."`
	Key    string `placeholder:"FILE" help:"The key of the certificate (PEM)."`
}

// Run listens until the context ends.
func (c serveCommand) Run(o outlet) error {
	if (c.Cert == "") != (c.Key == "") {
		return refusal("--cert and --key go together")
	}
	files, err := web.Files()
	if err != nil {
		return err
	}
	server := newServer(files, c.Cert != "")
	if c.Cert != "" {
		if server.TLSConfig, err = tlsFrom(c.Cert, c.Key); err != nil {
			return err
		}
	}
	listener, err := net.Listen("tcp", c.Listen)
	if err != nil {
		return fmt.Errorf("listening: %w", err)
	}
	scheme := "http"
	if c.Cert != "" {
		scheme = "https"
	}
	fmt.Fprintf(o.out, "%s://%s/otp/\n", scheme, listener.Addr())
	if address, ok := listener.Addr().(*net.TCPAddr); ok && c.Cert == "" && !address.IP.IsLoopback() {
		o.say("without --cert and --key, browsers on other computers make no codes, unless a proxy before this speaks https")
	}
	return serve(o.ctx, server, listener)
}

type exportCommand struct {
	Dir string `arg:"" help:"Where to write; made if it is not there."`
}

// Run writes all files.
func (c exportCommand) Run(o outlet) error {
	files, err := web.Files()
	if err != nil {
		return err
	}
	if err := export(files, c.Dir); err != nil {
		return err
	}
	_, err = fmt.Fprintf(o.out, "%d files in %s\n", len(files), c.Dir)
	return err
}
