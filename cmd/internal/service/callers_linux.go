package service

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"

	"golang.org/x/sys/unix"

	"evry.nl/tfa/cmd/internal/config"
	"evry.nl/tfa/cmd/internal/identity"
	"evry.nl/tfa/cmd/internal/sessions"
	"evry.nl/tfa/core"
)

// peer is the process at the other end of a connection, when it connected.
type peer struct {
	process
	uid uint32
	// session is the one that it ran in; nil if that is none.
	session  *sessions.Session
	registry *sessions.Registry
}

// isThere reports whether the process that connected still runs, where it ran. A
// connection that it has handed to another ends with it: as long as it runs, it
// could as well ask for the other, and when it has ended nobody can.
func (p peer) isThere() bool {
	now, _, err := lookAt(p.pid)
	if err != nil || now != p.process {
		return false
	}
	session, none := p.registry.Of(p.pid)
	if none != nil {
		session = nil
	}
	return session == p.session
}

// WithPeer returns a context that says who is at the other end, for
// http.Server.ConnContext. It looks while it holds on to the process: a number
// is given to another when its process has ended.
func WithPeer(ctx context.Context, conn net.Conn, registry *sessions.Registry) context.Context {
	p, err := peerOf(conn, registry)
	if err != nil {
		return context.WithValue(ctx, peerKey{}, err)
	}
	return context.WithValue(ctx, peerKey{}, p)
}

func peerFrom(ctx context.Context) (peer, error) {
	switch value := ctx.Value(peerKey{}).(type) {
	case peer:
		return value, nil
	case error:
		return peer{}, value
	}
	return peer{}, errors.New("the connection is no local socket")
}

func peerOf(conn net.Conn, registry *sessions.Registry) (p peer, err error) {
	if held, ok := conn.(*heldConn); ok {
		conn = held.NetConn()
	}
	local, ok := conn.(*net.UnixConn)
	if !ok {
		return peer{}, errors.New("the connection is no local socket")
	}
	raw, err := local.SyscallConn()
	if err != nil {
		return peer{}, fmt.Errorf("looking at a connection: %w", err)
	}
	controlErr := raw.Control(func(fd uintptr) {
		var held int
		if held, err = hold(int(fd)); err != nil {
			return
		}
		defer unix.Close(held)
		var credentials *unix.Ucred
		if credentials, err = unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED); err != nil {
			return
		}
		p = peer{uid: credentials.Uid, registry: registry}
		if p.process, _, err = lookAt(int(credentials.Pid)); err != nil {
			return
		}
		session, none := registry.Of(p.pid)
		if none == nil {
			p.session = session
		}
		err = unix.PidfdSendSignal(held, 0, nil, 0) // is it still that process?
	})
	if err == nil {
		err = controlErr
	}
	if err != nil {
		return peer{}, fmt.Errorf("finding out who connects: %w", err)
	}
	return p, nil
}

// Owner tells whose a connection is, for Connections. Root's are not counted: it
// tells of every logon, and is nobody's enemy here.
func Owner(conn net.Conn) (owner string, counted bool, err error) {
	local, ok := conn.(*net.UnixConn)
	if !ok {
		return "", false, errors.New("the connection is no local socket")
	}
	raw, err := local.SyscallConn()
	if err != nil {
		return "", false, fmt.Errorf("looking at a connection: %w", err)
	}
	var credentials *unix.Ucred
	if controlErr := raw.Control(func(fd uintptr) {
		credentials, err = unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED)
	}); err == nil {
		err = controlErr
	}
	if err != nil {
		return "", false, fmt.Errorf("finding out who connects: %w", err)
	}
	return strconv.FormatUint(uint64(credentials.Uid), 10), credentials.Uid != 0, nil
}

// StandingOf tells what the process at the other end may learn of the service.
func StandingOf(ctx context.Context, accounts sessions.Accounts) Standing {
	p, err := peerFrom(ctx)
	if err != nil {
		return Watched
	}
	if p.uid == 0 {
		return Administrator
	}
	if _, protected := accounts.Protected(p.uid); protected {
		return Watched
	}
	return Outside
}

// soPeerPidfd is SO_PEERPIDFD, which Linux has since 6.5.
const soPeerPidfd = 77

// hold returns a file descriptor of the process that connected. Before Linux
// 6.5 it is the process that has the number now, some microseconds later.
func hold(socket int) (int, error) {
	fd, err := unix.GetsockoptInt(socket, unix.SOL_SOCKET, soPeerPidfd)
	if !errors.Is(err, unix.ENOPROTOOPT) {
		return fd, err
	}
	credentials, err := unix.GetsockoptUcred(socket, unix.SOL_SOCKET, unix.SO_PEERCRED)
	if err != nil {
		return 0, err
	}
	return unix.PidfdOpen(int(credentials.Pid), 0)
}

// Callers tells who asks, from what WithPeer has put into the context. A claim to
// speak for another account is heard from PAM alone. Errors: Refused for a
// process that runs in no session of its account, or speaks for another.
func Callers(ctx context.Context, accounts sessions.Accounts, passes *Passes, claim Claim) (Caller, error) {
	p, err := peerFrom(ctx)
	if err != nil {
		return Caller{}, err
	}
	server, err := os.Hostname()
	if err != nil {
		return Caller{}, fmt.Errorf("asking the name of this server: %w", err)
	}
	actor := core.Actor{Server: server, Session: identity.SessionName(claim.Terminal)}
	if claim.For != "" {
		actor.Account, actor.Client = config.Fold(claim.For), claim.Client
		return p.inPAM(actor, passes)
	}
	account, protected := accounts.Protected(p.uid)
	if account == "" {
		return Caller{}, fmt.Errorf("user %d has no account", p.uid)
	}
	actor.Account = account
	switch {
	case !p.isThere():
		return Caller{}, noSession(fmt.Errorf("process %d has gone elsewhere", p.pid))
	case p.session != nil && p.session.UID == p.uid:
		actor.Client = p.session.From()
		return Caller{actor, p.session, !protected}, nil
	case protected:
		return Caller{}, noSession(fmt.Errorf("process %d", p.pid))
	}
	return Caller{actor, unwatched{}, true}, nil
}

func noSession(cause error) error {
	return core.NewError(core.Refused, "denied.no_session", nil, cause)
}

// inPAM returns the caller for an account that is about to have a session.
func (p peer) inPAM(actor core.Actor, passes *Passes) (Caller, error) {
	if p.uid != 0 || p.session != nil || !p.isThere() {
		return Caller{}, core.NewError(core.Refused, "denied.not_administrator", nil, fmt.Errorf("process %d of user %d", p.pid, p.uid))
	}
	by, above, err := servedBy(p.pid)
	if err != nil {
		return Caller{}, err
	}
	session := promised{passes: passes, account: actor.Account, by: by, above: above}
	return Caller{Actor: actor, Session: session}, nil
}
