//go:build linux

// Command tfa-session stands where sessions begin.
//
//	tfa-session              what sesman starts as the window manager of an xrdp
//	                         session: asks for the second factor, and only on yes
//	                         starts the desktop
//	tfa-session desktop PID  the desktop; tfa-logon starts it on yes
//	tfa-session pam          tells tfa-service of a session that PAM opens or
//	                         closes, for pam_exec
//
// Everything ends in no, but the one way that tfa-logon opens: whatever is
// missing, the session ends with status 1. It is one static file, so that no
// environment makes it load something else.
//
// It must belong to root and be replaced by renaming only: if sesman can't run
// it, sesman starts an xterm instead.
package main

import (
	"fmt"
	"log/syslog"
	"os"
)

func main() {
	var err error
	switch args := os.Args[1:]; {
	case len(args) == 0:
		err = askAtTheGate()
	case len(args) == 2 && args[0] == "desktop":
		err = startDesktop(args[1])
	case len(args) == 1 && args[0] == "pam":
		err = tellService()
	default:
		err = fmt.Errorf("unexpected arguments %q", args)
	}
	if err != nil {
		complain(err)
		os.Exit(1)
	}
}

// complain writes into the log of the host, and to standard error, which xrdp
// keeps too.
func complain(err error) {
	line := fmt.Sprintf("no logon for user %d: %v", os.Getuid(), err)
	if log, err := syslog.New(syslog.LOG_AUTHPRIV|syslog.LOG_ERR, "tfa-session"); err == nil {
		log.Err(line)
		log.Close()
	}
	fmt.Fprintln(os.Stderr, "tfa-session: "+line)
}
