package service

import (
	"context"
	"errors"
	"fmt"
	"net"

	"github.com/Microsoft/go-winio"
	"golang.org/x/sys/windows"
)

// mayAsk are the rights on the pipe that a client needs: to read and write, but
// not to make an instance of it (FILE_CREATE_PIPE_INSTANCE), which would be a
// service of its own.
const mayAsk = windows.FILE_GENERIC_READ | windows.FILE_GENERIC_WRITE&^windows.FILE_APPEND_DATA

// pipeRights is who reaches the pipe: nobody over the network; the system, whose
// it is; and whoever has logged on to this host, with mayAsk. Only the system may
// make something that belongs to it, so this is the owner that dial asks for.
const pipeRights = "O:SYG:SYD:P(D;;GA;;;NU)(A;;GA;;;SY)(A;;0x12019b;;;AU)"

// Listen opens the pipe of the service. It fails if there is a pipe of that name
// already, whoever made it, and for everybody but the system.
func Listen(pipe string) (net.Listener, error) {
	listener, err := winio.ListenPipe(pipe, &winio.PipeConfig{SecurityDescriptor: pipeRights})
	if err != nil {
		return nil, fmt.Errorf("opening the pipe, which LocalSystem may: %w", err)
	}
	return listener, nil
}

// dial connects to the service. It says nothing to a pipe of somebody else's, who
// was there first. The service learns who asks, and can do nothing in their name.
func dial(ctx context.Context, pipe string) (net.Conn, error) {
	conn, err := winio.DialPipeAccessImpLevel(ctx, pipe, mayAsk, winio.PipeImpLevelIdentification)
	if err != nil {
		return nil, fmt.Errorf("opening the pipe: %w", err)
	}
	if err := isSystems(conn); err != nil {
		conn.Close()
		return nil, err
	}
	return conn, nil
}

// isSystems holds that a pipe is the system's. Its owner tells; who may look into
// the process at the other end is an administrator.
func isSystems(conn net.Conn) error {
	pipe, err := handleOf(conn)
	if err != nil {
		return err
	}
	descriptor, err := windows.GetSecurityInfo(pipe, windows.SE_KERNEL_OBJECT, windows.OWNER_SECURITY_INFORMATION)
	if err != nil {
		return fmt.Errorf("asking whose pipe it is: %w", err)
	}
	owner, _, err := descriptor.Owner()
	if err != nil {
		return fmt.Errorf("asking whose pipe it is: %w", err)
	}
	if owner == nil || !owner.IsWellKnown(windows.WinLocalSystemSid) {
		return fmt.Errorf("the pipe is not the system's, but that of %s", owner)
	}
	return nil
}

// handleOf returns the handle of a connection by pipe.
func handleOf(conn net.Conn) (windows.Handle, error) {
	if held, ok := conn.(*heldConn); ok {
		conn = held.NetConn()
	}
	pipe, ok := conn.(interface{ Fd() uintptr })
	if !ok {
		return 0, errors.New("the connection is no pipe")
	}
	return windows.Handle(pipe.Fd()), nil
}
