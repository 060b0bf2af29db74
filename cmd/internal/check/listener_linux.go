package check

import (
	"context"
	"errors"
	"net"
	"net/http"
	"time"

	"golang.org/x/sys/unix"
)

// answersWithin is how long the service may take to answer at all.
const answersWithin = 5 * time.Second

// listener asks at a socket, and returns the user that listens there. Any answer
// is one: what is asked for need not exist.
func listener(socket string) (uid uint32, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), answersWithin)
	defer cancel()
	client := http.Client{Transport: &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			conn, err := new(net.Dialer).DialContext(ctx, "unix", socket)
			if err != nil {
				return nil, err
			}
			if uid, err = peerOf(conn); err != nil {
				conn.Close()
				return nil, err
			}
			return conn, nil
		},
	}}
	asked, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://tfa-service/", nil)
	if err != nil {
		return 0, err
	}
	answer, err := client.Do(asked)
	if err != nil {
		return 0, err
	}
	return uid, answer.Body.Close()
}

// peerOf returns the user at the other end of a local connection.
func peerOf(conn net.Conn) (uint32, error) {
	local, ok := conn.(*net.UnixConn)
	if !ok {
		return 0, errors.New("the connection is no local one")
	}
	raw, err := local.SyscallConn()
	if err != nil {
		return 0, err
	}
	var peer *unix.Ucred
	controlled := raw.Control(func(fd uintptr) { peer, err = unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED) })
	if err = errors.Join(err, controlled); err != nil {
		return 0, err
	}
	return peer.Uid, nil
}
