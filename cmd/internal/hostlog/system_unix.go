//go:build unix

package hostlog

import (
	"errors"
	"fmt"
	"log/syslog"
	"net"
	"os"
	"time"

	"evry.nl/tfa/cmd/internal/clock"
)

// sockets are where a host's log listens, as log/syslog looks for them. That
// package is not used for writing, because it waits without end for a log that
// takes nothing: the gate would wait with it.
var sockets = []string{"/dev/log", "/var/run/syslog", "/var/run/log"}

// patience is how long a log may take.
const patience = time.Second

// write hands a line to the first log that takes it. Error: none does.
func write(source, line string, important bool) error {
	now := clock.Now()
	priority := syslog.LOG_AUTHPRIV | syslog.LOG_INFO
	if important {
		priority = syslog.LOG_AUTHPRIV | syslog.LOG_NOTICE
	}
	message := fmt.Sprintf("<%d>%s %s[%d]: %s\n", priority, now.Format(time.Stamp), source, os.Getpid(), line)
	for _, socket := range sockets {
		for _, network := range []string{"unixgram", "unix"} {
			if send(network, socket, message, now.Add(patience)) == nil {
				return nil
			}
		}
	}
	return errors.New("this host has no log")
}

func send(network, socket, message string, until time.Time) error {
	dialer := net.Dialer{Deadline: until}
	conn, err := dialer.Dial(network, socket)
	if err != nil {
		return err
	}
	defer conn.Close()
	if err := conn.SetDeadline(until); err != nil {
		return err
	}
	_, err = conn.Write([]byte(message))
	return err
}
