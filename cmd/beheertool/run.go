package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/app"

	"evry.nl/tfa/assets/icons"
	"evry.nl/tfa/assets/translations"
	"evry.nl/tfa/cmd/internal/clock"
	"evry.nl/tfa/cmd/internal/config"
	"evry.nl/tfa/cmd/internal/demo"
	"evry.nl/tfa/cmd/internal/display"
	"evry.nl/tfa/cmd/internal/handover"
	"evry.nl/tfa/cmd/internal/identity"
	"evry.nl/tfa/cmd/internal/service"
	"evry.nl/tfa/cmd/internal/stores"
	"evry.nl/tfa/core"
	"evry.nl/tfa/ui/clip"
	"evry.nl/tfa/ui/door"
	"evry.nl/tfa/ui/manager"
	"evry.nl/tfa/ui/present"
	"evry.nl/tfa/ui/widget"
)

const (
	exitFault = 2
	appID     = "nl.evry.tfa.beheertool"
	// quitWithin is how long Fyne may take to end: it has been seen to hang
	// after its last window was closed.
	quitWithin = 2 * time.Second
)

type options struct {
	config   string
	demo     bool
	language string
	report   *handover.Report // nil if nobody waits for it
}

// startsAnew says that the window is a process of its own: on Windows, where
// there is another way if its driver for graphics crashes.
const startsAnew = runtime.GOOS == "windows"

// supervise runs the tool in a process of its own, by the first way that can
// open its window, and returns its status.
func supervise() int {
	var fronts []handover.Front
	for _, program := range display.Programs() {
		fronts = append(fronts, handover.Front{Program: program, Args: os.Args[1:]})
	}
	answer, err := handover.Ask(fronts...)
	if answer.Asked {
		return answer.Status
	}
	texts, textsErr := translations.For("nl")
	if textsErr != nil {
		display.Message("beheertool", textsErr.Error())
		return exitFault
	}
	if err != nil {
		answer.Causes = append(answer.Causes, err.Error())
	}
	return noWindow(texts, strings.Join(answer.Causes, "; "))
}

// noWindow tells the person that no window can be opened here, and why.
func noWindow(texts *translations.Texts, cause string) int {
	return fail(texts, display.ExitNoWindow, core.NewError(core.Internal, "display.none", core.Args{"Cause": cause}, nil))
}

// run opens the tool and returns the exit status.
func run(o options) int {
	texts, err := translations.For("nl") // until the configuration says otherwise
	if err != nil {
		display.Message("beheertool", err.Error())
		return exitFault
	}
	if err := display.Probe(); err != nil {
		if o.report != nil {
			o.report.Cannot(err)
			return display.ExitNoWindow // who started this one says so, if nothing else can
		}
		return noWindow(texts, err.Error())
	}
	if o.demo {
		folder, err := makeDemo(&o)
		defer os.RemoveAll(folder)
		if err != nil {
			return o.fail(texts, err)
		}
	}
	if texts, err = o.open(texts); err != nil {
		return o.fail(texts, err)
	}
	return 0
}

// makeDemo makes the throw-away practice and points the options at it.
func makeDemo(o *options) (folder string, err error) {
	if folder, err = os.MkdirTemp("", "tfa-demo-"); err != nil {
		return "", err
	}
	if o.config, err = demo.Make(context.Background(), folder, o.language, clock.Now()); err == nil {
		fmt.Printf("demo: practice %s, configuration %s\n", demo.Practice, o.config)
	}
	return folder, err
}

// open shows the window until it is closed.
func (o options) open(texts *translations.Texts) (*translations.Texts, error) {
	cfg, err := config.Load(o.config)
	if err != nil {
		return texts, err
	}
	if texts, err = translations.For(cfg.Language); err != nil {
		return texts, err
	}
	actor, err := identity.Current(cfg)
	if err != nil {
		return texts, err
	}
	rules := cfg.Rules()
	practice, err := rules.PracticeOf(actor.Account)
	if err != nil {
		return texts, err
	}
	asked, closeStore, err := managerOf(cfg, practice)
	if err != nil {
		return texts, err
	}
	defer closeStore()
	if err := widget.UseLanguage(cfg.Language); err != nil {
		return texts, err
	}
	o.show(present.Tool{
		Manager: asked,
		Actor:   actor, Texts: texts, Now: clock.Now, Zone: rules.Zone,
		ManualURL: cfg.ManualURL, OTPURL: cfg.OTPURL, TransitionDays: rules.TransitionDays,
	})
	return texts, nil
}

// managerOf returns who is asked: the service, or core over the store.
func managerOf(cfg config.Config, practice string) (core.Manager, func() error, error) {
	if cfg.Service != "" {
		return service.Tool{Client: service.NewClient(cfg.Service)}, func() error { return nil }, nil
	}
	store, err := stores.Open(context.Background(), cfg, practice)
	if err != nil {
		return nil, nil, err
	}
	return core.Tool{Direct: core.Direct{Store: store, Rules: cfg.Rules(), Now: clock.Now}}, store.Close, nil
}

func (o options) show(tool present.Tool) {
	fyneApp := app.NewWithID(appID)
	fyneApp.SetIcon(fyne.NewStaticResource(icons.Name, icons.App))
	fyneApp.Settings().SetTheme(widget.NewTheme())
	board, err := clip.System()
	if err != nil {
		board = clip.Toolkit(fyneApp.Clipboard())
	}
	window := manager.New(fyneApp, tool, door.Background, board)
	ticking, stop := context.WithCancel(context.Background())
	// By then the window is made, in which a driver can crash that a probe finds
	// whole.
	fyneApp.Lifecycle().SetOnStarted(o.isOpen)
	fyneApp.Lifecycle().SetOnStopped(func() {
		stop()
		time.AfterFunc(quitWithin, func() { os.Exit(0) })
	})
	window.Start()
	door.EverySecond(ticking, clock.Now, window.Tick)
	fyneApp.Run()
}

// isOpen reports to who started this process that it needs no other. Nobody to
// report to is no reason to end.
func (o options) isOpen() {
	if err := o.report.Asks(); err != nil {
		fmt.Fprintf(os.Stderr, "beheertool: error: %v\n", err)
	}
}

// fail tells the person what is wrong in a way that needs no other process.
func (o options) fail(texts *translations.Texts, err error) int {
	o.isOpen()
	return fail(texts, exitFault, err)
}

// fail tells the person what is wrong, and the log why.
func fail(texts *translations.Texts, status int, err error) int {
	display.Message(texts.Text("tool.title", nil), present.Sentence(texts, err))
	var sentence *core.Error
	if !errors.As(err, &sentence) || sentence.Cause != nil {
		fmt.Fprintf(os.Stderr, "beheertool: error: %v\n", err)
	}
	return status
}
