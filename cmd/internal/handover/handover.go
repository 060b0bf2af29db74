// Package handover keeps the environment of a session away from a program that
// runs in it, and gives it back to the command that takes the program's place.
package handover

import (
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
)

// variable names, for a program that has started itself anew, the pipe by which
// the session's environment reaches it.
const variable = "TFA_LOGON_SESSION_FD"

// Environment returns the environment that the session has, with nothing of it
// left in this process. What a linker or a C library reads is read before main,
// so the program starts itself anew, and gets the session's environment by a
// pipe. It must be the first thing that main does.
//
// Where a program must wait for what it starts, on Windows, the fronts are what
// it starts: the first of them that can ask, in its place.
func Environment(fronts ...Front) (session []string, err error) {
	rules, err := systemRules()
	if err != nil {
		return nil, err
	}
	environment, pipe := os.Environ(), os.Getenv(variable)
	unclean := rules.unclean(environment)
	if len(unclean) > 0 && (pipe == "" || !rules.added) || rules.added && pipe == "" && len(fronts) > 0 {
		return nil, startAnew(rules, environment, fronts)
	}
	for _, entry := range unclean {
		name, _, _ := strings.Cut(entry, "=")
		os.Unsetenv(name)
	}
	for _, entry := range rules.fixed { // what was clean already may lack them
		name, value, _ := strings.Cut(entry, "=")
		os.Setenv(name, value)
	}
	if os.Unsetenv(variable); pipe == "" {
		return environment, nil
	}
	if session, err = receive(pipe); err != nil {
		return nil, fmt.Errorf("taking over the environment: %w", err)
	}
	return session, nil
}

// Run runs the command with the session's environment in this program's place,
// and returns only if it can't. On Windows no program can take another's place:
// there it waits for the command and returns its status.
func Run(command, session []string) (status int, err error) {
	path, err := exec.LookPath(command[0])
	if err != nil {
		return 0, fmt.Errorf("finding the command: %w", err)
	}
	if status, err = become(path, command, session); err != nil {
		return 0, fmt.Errorf("running %s: %w", path, err)
	}
	return status, nil
}

// join makes one text of the entries of an environment, for the pipe.
func join(environment []string) string { return strings.Join(environment, "\x00") }

// split cuts what came through the pipe into its entries.
func split(sent string) []string {
	return slices.DeleteFunc(strings.Split(sent, "\x00"), func(entry string) bool { return entry == "" })
}
