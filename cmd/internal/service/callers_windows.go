package service

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"runtime"
	"strconv"
	"sync"
	"unsafe"

	"golang.org/x/sys/windows"

	"evry.nl/tfa/cmd/internal/rds"
	"evry.nl/tfa/core"
)

var (
	impersonateNamedPipeClient  = windows.NewLazySystemDLL("advapi32.dll").NewProc("ImpersonateNamedPipeClient")
	getNamedPipeClientSessionID = windows.NewLazySystemDLL("kernel32.dll").NewProc("GetNamedPipeClientSessionId")
)

// peer is who opened a pipe, as the token says with which it was opened. The
// number of the process would say less: it is given to another when its process
// has ended.
type peer struct {
	sid     string
	session uint32
	pid     uint32
	started windows.Filetime
	// isAdministrator means that it may do everything on this host.
	isAdministrator bool
}

// isThere reports whether the process that connected still runs. A connection that
// it has handed to another ends with it: as long as it runs, it could as well ask
// for the other, and when it has ended nobody can.
func (p peer) isThere() bool {
	started, err := startOf(p.pid)
	return err == nil && started == p.started
}

// startOf returns when a process that runs was started.
func startOf(pid uint32) (started windows.Filetime, err error) {
	process, err := windows.OpenProcess(windows.PROCESS_QUERY_LIMITED_INFORMATION|windows.SYNCHRONIZE, false, pid)
	if err != nil {
		return started, fmt.Errorf("finding out who connects: %w", err)
	}
	defer windows.CloseHandle(process)
	var ended, kernel, user windows.Filetime
	if err := windows.GetProcessTimes(process, &started, &ended, &kernel, &user); err != nil {
		return started, fmt.Errorf("finding out who connects: %w", err)
	}
	if event, err := windows.WaitForSingleObject(process, 0); err != nil || event != uint32(windows.WAIT_TIMEOUT) {
		return started, errors.New("the process that connected has ended")
	}
	return started, nil
}

// WithPeer returns a context that says who is at the other end, for
// http.Server.ConnContext. It looks at the first request: Windows tells only
// after something was read.
func WithPeer(ctx context.Context, conn net.Conn) context.Context {
	return context.WithValue(ctx, peerKey{}, sync.OnceValues(func() (peer, error) { return peerOf(conn) }))
}

func peerOf(conn net.Conn) (peer, error) {
	pipe, err := handleOf(conn)
	if err != nil {
		return peer{}, err
	}
	opened, err := sessionOf(pipe)
	if err != nil {
		return peer{}, err
	}
	token, err := clientToken(pipe)
	if err != nil {
		return peer{}, fmt.Errorf("finding out who connects: %w", err)
	}
	defer token.Close()
	user, err := token.GetTokenUser()
	if err != nil {
		return peer{}, fmt.Errorf("finding out who connects: %w", err)
	}
	p := peer{sid: user.User.Sid.String()}
	if err := windows.GetNamedPipeClientProcessId(pipe, &p.pid); err != nil {
		return peer{}, fmt.Errorf("finding out who connects: %w", err)
	}
	if p.started, err = startOf(p.pid); err != nil {
		return peer{}, err
	}
	var size uint32
	err = windows.GetTokenInformation(token, windows.TokenSessionId, (*byte)(unsafe.Pointer(&p.session)), uint32(unsafe.Sizeof(p.session)), &size)
	if err != nil {
		return peer{}, fmt.Errorf("finding out who connects: %w", err)
	}
	// A process may borrow a token of its own user's in another session.
	if p.session != opened {
		return peer{}, fmt.Errorf("a process of session %d connects with a token of session %d", opened, p.session)
	}
	administrators, err := windows.CreateWellKnownSid(windows.WinBuiltinAdministratorsSid)
	if err == nil {
		p.isAdministrator, err = token.IsMember(administrators)
	}
	return p, err
}

// sessionOf returns the session of the process that opened a pipe.
func sessionOf(pipe windows.Handle) (session uint32, err error) {
	if ok, _, err := getNamedPipeClientSessionID.Call(uintptr(pipe), uintptr(unsafe.Pointer(&session))); ok == 0 {
		return 0, fmt.Errorf("finding out from which session somebody connects: %w", err)
	}
	return session, nil
}

// Owner tells whose a connection is, for Connections: which user's, Windows says
// only after something was read, but a session has one. What is in none, like
// Windows' own services, is not counted.
func Owner(conn net.Conn) (owner string, counted bool, err error) {
	pipe, err := handleOf(conn)
	if err != nil {
		return "", false, err
	}
	session, err := sessionOf(pipe)
	return strconv.FormatUint(uint64(session), 10), session != 0, err
}

// clientToken returns the token with which the pipe was opened.
func clientToken(pipe windows.Handle) (windows.Token, error) {
	type taken struct {
		token windows.Token
		err   error
	}
	done := make(chan taken)
	// A thread that can't become itself again must not go on: it ends with this
	// goroutine, which is tied to it.
	go func() {
		runtime.LockOSThread()
		if ok, _, err := impersonateNamedPipeClient.Call(uintptr(pipe)); ok == 0 {
			runtime.UnlockOSThread()
			done <- taken{err: err}
			return
		}
		var t taken
		t.err = windows.OpenThreadToken(windows.CurrentThread(), windows.TOKEN_QUERY, true, &t.token)
		if windows.RevertToSelf() == nil {
			runtime.UnlockOSThread()
		}
		done <- t
	}()
	t := <-done
	return t.token, t.err
}

// StandingOf returns what tells what the process at the other end may learn of
// the service.
func StandingOf(accounts rds.Accounts) func(context.Context) Standing {
	return func(ctx context.Context) Standing {
		p, err := peerFrom(ctx)
		if err != nil {
			return Watched
		}
		if p.isAdministrator {
			return Administrator
		}
		if _, protected := accounts.Protected(p.sid); protected {
			return Watched
		}
		return Outside
	}
}

func peerFrom(ctx context.Context) (peer, error) {
	find, ok := ctx.Value(peerKey{}).(func() (peer, error))
	if !ok {
		return peer{}, errors.New("the connection is no pipe")
	}
	return find()
}

// Callers tells who asks, from what WithPeer has put into the context. Errors:
// Refused for a process that runs in no session of its account.
func Callers(ctx context.Context, registry *rds.Registry, accounts rds.Accounts) (Caller, error) {
	p, err := peerFrom(ctx)
	if err != nil {
		return Caller{}, err
	}
	account, protected := accounts.Protected(p.sid)
	if account == "" {
		return Caller{}, fmt.Errorf("user %s has no account", p.sid)
	}
	server, err := os.Hostname()
	if err != nil {
		return Caller{}, fmt.Errorf("asking the name of this server: %w", err)
	}
	caller := Caller{core.Actor{Account: account, Server: server}, unwatched{}, !protected}
	if !protected {
		return caller, nil
	}
	session, err := registry.Of(p.session)
	switch {
	case err != nil:
	case !p.isThere():
		err = fmt.Errorf("process %d has gone", p.pid)
	case session.SID != p.sid:
		err = fmt.Errorf("session %d is not that of user %s", p.session, p.sid)
	}
	if err != nil {
		return Caller{}, core.NewError(core.Refused, "denied.no_session", nil, err)
	}
	caller.Session = session
	caller.Actor.Session, caller.Actor.Client = session.Place()
	return caller, nil
}
