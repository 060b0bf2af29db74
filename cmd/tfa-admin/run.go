package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"

	"github.com/alecthomas/kong"

	"evry.nl/tfa/cmd/internal/clock"
	"evry.nl/tfa/cmd/internal/config"
	"evry.nl/tfa/cmd/internal/identity"
	"evry.nl/tfa/cmd/internal/stores"
	"evry.nl/tfa/core"
)

// commands is the command line.
type commands struct {
	Config string `placeholder:"FILE" help:"The configuration file, instead of ${default_file}."`
	JSON   bool   `name:"json" help:"Print one JSON document."`

	Account    accountCommands   `cmd:"" group:"Accounts:" help:"Accounts: QR codes, locks, helper codes."`
	Practice   practiceCommands  `cmd:"" group:"Practices:" help:"Two-factor of a practice: how it stands, on, off."`
	Backup     backupCommand     `cmd:"" group:"Practices:" help:"Write encrypted backups of practices, while they are in use."`
	Restore    restoreCommand    `cmd:"" group:"Practices:" help:"Put a practice back from a backup."`
	Key        keyCommands       `cmd:"" group:"Practices:" help:"The key that seals the secrets of a practice."`
	Import     importCommand     `cmd:"" group:"Practices:" help:"Take over the secrets of phones from another product."`
	Export     exportCommand     `cmd:"" group:"Practices:" help:"Hand out all secrets of a practice, for another product."`
	Log        logCommands       `cmd:"" group:"Log:" help:"Who did what, and whether the log is whole."`
	Init       initCommand       `cmd:"" group:"This host:" help:"Find the practices of this host and make what they lack."`
	Gate       gateCommands      `cmd:"" group:"This host:" help:"The gate between password and desktop of Windows."`
	Check      checkCommand      `cmd:"" group:"This host:" help:"Is this host tight? Look for ways past the gate."`
	Completion completionCommand `cmd:"" group:"This program:" help:"Have a shell complete verbs, flags and names."`
	Man        manCommand        `cmd:"" group:"This program:" help:"The manual, for man."`
	Version    versionCommand    `cmd:"" group:"This program:" help:"The version of this program."`
	Complete   completeCommand   `cmd:"" name:"__complete" hidden:"" passthrough:""`
}

// description opens --help and the manual.
const description = `The helpdesk's command of Two Factor RDP, for root. A practice is named like
EV-0000, an account like EV-0000-1.

She forgot her phone, or is locked out:

    tfa-admin account show EV-0000-1
    tfa-admin account helper-code EV-0000-1

She has a new phone, or somebody leaves:

    tfa-admin account reset EV-0000-1
    tfa-admin account leave EV-0000-3

Which practices need a call, and who did what there:

    tfa-admin practice list
    tfa-admin log show EV-0000 --since 2019-05-29`

// terminal is where a command reads and writes.
type terminal struct {
	in       io.Reader
	out, err io.Writer
}

// desk is what the verbs work with.
type desk struct {
	terminal
	ctx  context.Context
	cfg  *config.Config // nil before load
	json bool
	app  *kong.Application
	// file is the value of --config.
	file string
}

// run executes one command line and returns the exit status.
func run(ctx context.Context, args []string, t terminal) int {
	err := execute(ctx, args, t)
	if err == nil {
		return exitDone
	}
	return report(t.err, err)
}

func execute(ctx context.Context, args []string, t terminal) error {
	var line commands
	parser, err := kong.New(&line, kong.Name(program), kong.Writers(t.out, t.err), kong.ConfigureHelp(kong.HelpOptions{Compact: true, FlagsLast: true}),
		kong.Description(description), kong.Vars{"default_file": config.DefaultFile()})
	if err != nil {
		return fmt.Errorf("reading our own command line: %w", err)
	}
	parser.Model.HelpFlag.Help = "Explain this command, with examples."
	parsed, err := parser.Parse(args)
	if err != nil {
		return hinted{err, help(err)}
	}
	return parsed.Run(&desk{terminal: t, ctx: ctx, json: line.JSON, app: parser.Model, file: line.Config})
}

// help returns the command that explains the one which was mistyped.
func help(err error) string {
	var parse *kong.ParseError
	if errors.As(err, &parse) && parse.Context != nil {
		if node := parse.Context.Selected(); node != nil {
			return node.FullPath() + " --help"
		}
	}
	return program + " --help"
}

// load reads the configuration. Verbs do it themselves, because version and
// --help must work on a host whose file is broken.
func (d *desk) load() error {
	if d.cfg != nil {
		return nil
	}
	cfg, err := config.Load(d.file)
	if err == nil {
		d.cfg = &cfg
	}
	return err
}

// with opens the store of a practice and runs act on it.
func (d *desk) with(practice string, act func(core.Helpdesk, core.Actor) error) (err error) {
	if err := d.load(); err != nil {
		return err
	}
	store, err := d.openNamed(practice)
	if err != nil {
		return err
	}
	defer func() {
		if closing := store.Close(); err == nil {
			err = closing
		}
	}()
	actor, err := identity.Helpdesk()
	if err != nil {
		return err
	}
	return act(d.helpdesk(store), actor)
}

// openNamed opens the store of a practice that somebody named. If there is none,
// it says which were perhaps meant.
func (d *desk) openNamed(practice string) (core.Store, error) {
	practice = config.Fold(practice)
	store, err := d.open(practice)
	if isMissingPractice(err) {
		err = d.nearPractice(practice, err)
	}
	return store, err
}

// open opens the store of a practice for an administrator, and nobody else.
func (d *desk) open(practice string) (core.Store, error) {
	if err := identity.Administrator(filepath.Dir(d.cfg.StorePath(practice))); err != nil {
		return nil, err
	}
	return stores.Open(d.ctx, *d.cfg, practice)
}

func (d *desk) helpdesk(store core.Store) core.Helpdesk {
	return core.Helpdesk{Direct: core.Direct{Store: store, Rules: d.cfg.Rules(), Now: clock.Now}}
}

// practices returns the practices of this host to an administrator; to others
// those that are their own. Error: Refused if that is none.
func (d *desk) practices() ([]string, error) {
	if err := d.load(); err != nil {
		return nil, err
	}
	all, err := stores.Practices(*d.cfg)
	if err != nil {
		return nil, err
	}
	refused := identity.Administrator("")
	if refused == nil {
		return all, nil
	}
	var own []string
	for _, practice := range all {
		if identity.Administrator(filepath.Dir(d.cfg.StorePath(practice))) == nil {
			own = append(own, practice)
		}
	}
	if len(own) == 0 {
		return nil, refused
	}
	return own, nil
}
