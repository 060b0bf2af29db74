package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/windows"

	"evry.nl/tfa/cmd/internal/access"
	"evry.nl/tfa/cmd/internal/clock"
	"evry.nl/tfa/cmd/internal/config"
	"evry.nl/tfa/cmd/internal/rds"
	"evry.nl/tfa/cmd/internal/service"
)

// grace is what a session gets beyond the gate's own timeout.
const grace = time.Minute

// hostOptions are what only Windows tells.
type hostOptions struct {
	// changes gets a value when a session was opened, left, come back to or ended;
	// nil on a console, which is told nothing.
	changes <-chan struct{}
}

func (*hostOptions) define(*flag.FlagSet) {}

// openHost finds the sessions that run, and opens the pipe.
func openHost(o options, cfg config.Config, p parts) (host, error) {
	system, err := rds.NewWindows()
	if err != nil {
		return host{}, err
	}
	folder, err := sessionsFolder()
	if err != nil {
		return host{}, err
	}
	registry, err := rds.Open(system, folder, clock.Now)
	if err != nil {
		return host{}, fmt.Errorf("finding the sessions of this host: %w", err)
	}
	registry.SetGrace(cfg.ReconnectGrace)
	programs, err := programFolders()
	if err != nil {
		return host{}, err
	}
	accounts := service.NewAccounts(cfg.Rules(), clock.Now)
	watch := &rds.Watch{
		Registry: registry, Accounts: accounts, Policy: rds.NewPolicy(programs), Limit: cfg.Timeout + grace,
	}
	reports := newReports(p)
	watch.Report = func(e rds.Ended) { reports.add(endedOf(e)) }
	// What began while nobody watched is ended before anybody is answered.
	if err := watch.Look(); err != nil {
		reports.close()
		return host{}, err
	}
	listener, err := service.Listen(cfg.Service)
	if err != nil {
		reports.close()
		return host{}, err
	}
	closed := make(chan struct{})
	return host{
		listener: listener, owner: service.Owner,
		connected: func(ctx context.Context, conn net.Conn) context.Context {
			return service.WithPeer(ctx, conn)
		},
		caller: func(ctx context.Context, _ service.Claim) (service.Caller, error) {
			return service.Callers(ctx, registry, accounts)
		},
		standing: service.StandingOf(accounts),
		add:      func(*http.ServeMux, service.Handler) {},
		look:     watch.Look,
		guard:    func() error { return lookAtChanges(watch, o.changes, closed, p.log) },
		guardErr: func() error { return nil },
		count:    watch.Count,
		setRules: func(cfg config.Config) {
			accounts.SetRules(cfg.Rules())
			registry.SetGrace(cfg.ReconnectGrace)
		},
		close: func() { close(closed); reports.close() },
	}, nil
}

// lookAtChanges looks at every change of a session, until closed is.
func lookAtChanges(watch *rds.Watch, changes <-chan struct{}, closed <-chan struct{}, log *slog.Logger) error {
	for {
		select {
		case <-changes:
			if err := watch.Look(); err != nil {
				log.Error("looking at what runs", "error", err)
			}
		case <-closed:
			return nil
		}
	}
}

// sessionsFolder returns the folder for what must survive a service that is
// started anew. Everybody may make a folder in ProgramData, so it is looked at.
func sessionsFolder() (string, error) {
	folder := filepath.Join(filepath.Dir(config.DefaultFile()), "sessions")
	path, err := windows.UTF16PtrFromString(folder)
	if err != nil {
		return "", err
	}
	rights, err := windows.SecurityDescriptorFromString("D:P(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)")
	if err != nil {
		return "", fmt.Errorf("making the folder of sessions: %w", err)
	}
	attributes := &windows.SecurityAttributes{SecurityDescriptor: rights}
	if err := windows.CreateDirectory(path, attributes); err != nil && !errors.Is(err, windows.ERROR_ALREADY_EXISTS) {
		return "", fmt.Errorf("making the folder of sessions, %s: %w", folder, err)
	}
	if err := access.Private(folder); err != nil {
		return "", fmt.Errorf("looking at the folder of sessions: %w", err)
	}
	return folder, nil
}

// programFolders asks the system where programs stand: variables of the
// environment tell too, but can be set.
func programFolders() (rds.Folders, error) {
	root, err := windows.GetSystemWindowsDirectory()
	if err != nil {
		return rds.Folders{}, fmt.Errorf("finding Windows: %w", err)
	}
	program, err := os.Executable()
	if err != nil {
		return rds.Folders{}, fmt.Errorf("finding the program: %w", err)
	}
	f := rds.Folders{Windows: root, Ours: filepath.Dir(program)}
	for _, id := range []*windows.KNOWNFOLDERID{windows.FOLDERID_ProgramFiles, windows.FOLDERID_ProgramFilesX86} {
		if folder, err := windows.KnownFolderPath(id, 0); err == nil {
			f.Others = append(f.Others, folder)
		}
	}
	return f, nil
}

func endedOf(e rds.Ended) ended {
	return ended{e.Account, e.Station, e.Client, e.From, e.Program, string(e.Why), e.IsUnasked}
}
