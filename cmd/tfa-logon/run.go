package main

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"slices"

	"evry.nl/tfa/assets/translations"
	"evry.nl/tfa/cmd/internal/clock"
	"evry.nl/tfa/cmd/internal/config"
	"evry.nl/tfa/cmd/internal/handover"
	"evry.nl/tfa/cmd/internal/hostlog"
	"evry.nl/tfa/cmd/internal/identity"
	"evry.nl/tfa/cmd/internal/service"
	"evry.nl/tfa/cmd/internal/stores"
	"evry.nl/tfa/core"
	"evry.nl/tfa/ui/present"
)

// The exit statuses, but those of COMMAND.
const (
	exitYes   = 0
	exitNo    = 1
	exitFault = 2
)

type options struct {
	config  string
	tty     bool
	plain   bool
	pam     bool
	command []string
	// report is where a front reports; nil where nobody has started it for that.
	report  *handover.Report
	session []string // the environment for the command
}

// gate is what a front needs to ask for a code.
type gate struct {
	logon   present.Logon
	cfg     config.Config
	options options
	// closeStore lets go of the store, if it was opened here.
	closeStore func() error
}

// run asks, and on yes runs the command. It returns the exit status.
func run(o options) int {
	// A window that waits, and a statement to the store, wake other goroutines all
	// the time. None of them is worth another thread.
	runtime.GOMAXPROCS(1)
	if !o.tty && !o.pam && o.report == nil {
		return supervise(o)
	}
	texts, err := translations.For("nl") // until the configuration says otherwise
	if err != nil {
		return fault(o, nil, err)
	}
	cfg, err := config.Load(o.config)
	if err != nil {
		return fault(o, texts, err)
	}
	if texts, err = translations.For(cfg.Language); err != nil {
		return fault(o, texts, err)
	}
	actor, err := whoIs(o, cfg)
	if err != nil {
		return fault(o, texts, err)
	}
	rules := cfg.Rules()
	practice, err := rules.PracticeOf(actor.Account)
	if slices.Contains(rules.Exempt, actor.Account) && err != nil {
		// Of no practice, so there is no log but the host's.
		if o.pam {
			return exemptInPAM(o, actor, os.Stdin)
		}
		systemLog(fmt.Sprintf("%s on %s goes on without a code: exempt", actor.Account, actor.Session))
		return goOn(o)
	}
	if err != nil {
		return fault(o, texts, err)
	}
	verifier, closeStore, err := open(cfg, practice, o.pam)
	if err != nil {
		return fault(o, texts, err)
	}
	defer closeStore()
	g := gate{cfg: cfg, closeStore: closeStore, options: o, logon: present.Logon{
		Verifier: verifier,
		Actor:    actor, Texts: texts, Now: clock.Now, Zone: rules.Zone,
		ManualURL: cfg.ManualURL, TransitionDays: rules.TransitionDays,
		Report: func(err error) { systemLog(err.Error()) },
	}}
	switch {
	case o.pam:
		return aside(func() int { return g.inPAM(os.Stdin) })
	case o.tty:
		return aside(g.onTerminal)
	case o.plain:
		return aside(g.plainly)
	}
	return g.inWindow()
}

// aside runs a front that has no window, so that its decision is the work of one
// thread. While it lasts the store is locked, and a gate that has to wait for a
// processor in between keeps all others waiting that log on now.
func aside(front func() int) int {
	// The program ends long before it has made 16 MB of garbage, so it does not
	// begin to collect when it is about to answer.
	debug.SetGCPercent(400)
	// Fyne has tied this goroutine to the main thread, and whatever it waits for
	// then changes threads twice.
	status := make(chan int)
	go func() { status <- front() }()
	return <-status
}

// open returns who decides: the service, or core over the store.
func open(cfg config.Config, practice string, pam bool) (core.Verifier, func() error, error) {
	if cfg.Service != "" {
		return service.Gate{Client: service.NewClient(cfg.Service), PAM: pam}, func() error { return nil }, nil
	}
	store, err := stores.Open(context.Background(), cfg, practice)
	if err != nil {
		return nil, nil, err
	}
	direct := core.Direct{Store: store, Rules: cfg.Rules(), Now: clock.Now}
	return core.Gate{Direct: direct}, store.Close, nil
}

// whoIs returns the account that is logging on.
func whoIs(o options, cfg config.Config) (core.Actor, error) {
	if o.pam {
		return pamActor(o.session)
	}
	return identity.Current(cfg)
}

// goOn runs the command, or has it run by the process that waits for a yes.
func goOn(o options) int {
	if err := o.report.Yes(); err != nil {
		systemLog("reporting a yes: " + err.Error())
		return exitFault
	}
	if len(o.command) == 0 {
		return exitYes
	}
	status, err := handover.Run(o.command, o.session)
	if err != nil {
		systemLog(err.Error())
		return exitFault
	}
	return status
}

// systemLog writes a line into the log of the host.
func systemLog(line string) { hostlog.Write("tfa-logon", line) }

// fault tells the person that it does not work, and the log why. The cause may
// name files, but never a secret: no error of ours holds one.
func fault(o options, texts *translations.Texts, err error) int {
	systemLog(err.Error())
	if texts == nil || o.pam { // nobody sees it
		return exitFault
	}
	screen := present.Logon{Texts: texts}.Broken(err)
	if o.tty || !showFault(o, texts, screen) {
		for _, line := range append([]string{screen.Heading}, screen.Text...) {
			fmt.Fprintln(os.Stderr, line)
		}
	}
	return exitFault
}
