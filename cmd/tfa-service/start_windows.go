package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
	"time"

	"golang.org/x/sys/windows/svc"

	"evry.nl/tfa/cmd/internal/hostlog"
)

// serviceName is what Windows calls the service.
const serviceName = "tfa-service"

// start runs the service until Windows stops it, on a console until Ctrl+C.
func start(o options, log *slog.Logger) error {
	switch o.verb {
	case "install":
		return install(o)
	case "uninstall":
		return uninstall()
	case "":
	default:
		return fmt.Errorf("unexpected argument %q: it can be install or uninstall", o.verb)
	}
	isService, err := svc.IsWindowsService()
	if err != nil {
		return fmt.Errorf("asking Windows what this process is: %w", err)
	}
	if !isService {
		ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
		defer stop()
		return run(ctx, o, log, nil, func(state) {})
	}
	events, err := hostlog.NewHandler(o.level)
	if err != nil {
		return err
	}
	defer events.Close()
	return svc.Run(serviceName, &control{o, slog.New(events)})
}

// startIn is how long it may take until the service is ready.
const startIn = 20 * time.Second

// control is what Windows talks to.
type control struct {
	options options
	log     *slog.Logger
}

// Execute implements svc.Handler. A service that ends by a fault says so, and
// Windows starts it anew.
func (c *control) Execute(_ []string, requests <-chan svc.ChangeRequest, status chan<- svc.Status) (isOurs bool, exitCode uint32) {
	status <- svc.Status{State: svc.StartPending, WaitHint: uint32(startIn.Milliseconds())}
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	reload := make(chan struct{}, 1)
	changes := make(chan struct{}, 1)
	c.options.changes = changes
	done := make(chan error, 1)
	told := make(chan state)
	go func() { done <- run(ctx, c.options, c.log, reload, func(s state) { told <- s }) }()
	const accepted = svc.AcceptStop | svc.AcceptShutdown | svc.AcceptParamChange | svc.AcceptSessionChange
	for {
		select {
		case err := <-done:
			if err != nil {
				c.log.Error("ended", "error", err)
				return true, exitFault
			}
			return false, 0
		case s := <-told:
			if s == ready {
				status <- svc.Status{State: svc.Running, Accepts: accepted}
			}
		case request := <-requests:
			switch request.Cmd {
			case svc.Interrogate:
				status <- request.CurrentStatus
			case svc.Stop, svc.Shutdown:
				status <- svc.Status{State: svc.StopPending}
				stop()
			case svc.ParamChange:
				ask(reload)
			case svc.SessionChange:
				ask(changes) // which session it was, a look tells
			}
		}
	}
}

// ask asks for something to be done once more; what was asked for already and is
// not begun yet will do.
func ask(channel chan<- struct{}) {
	select {
	case channel <- struct{}{}:
	default:
	}
}
