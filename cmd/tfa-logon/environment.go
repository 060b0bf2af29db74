package main

import (
	"fmt"
	"os"
	"slices"
	"strings"
)

// kept are the variables that the gate runs with: what tells it where its screen
// or terminal is. Everything else could make it, or a library of its, load or do
// something else: LD_PRELOAD, GTK_MODULES, FYNE_THEME, GODEBUG and many more.
var kept = []string{
	"DISPLAY", "XAUTHORITY", "HOME", "USER", "LOGNAME", "LANG", "TERM", "XDG_RUNTIME_DIR", "XRDP_SESSION",
	"SystemRoot", "SystemDrive", "TEMP", "TMP", "USERPROFILE", "APPDATA", "LOCALAPPDATA", "ProgramData", "SESSIONNAME",
}

// fixed are the variables that the gate sets for itself: no program is looked
// for in folders of the session's choice, no bus is asked for settings, and no
// compiled code is taken from a cache below HOME.
var fixed = []string{
	"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "DBUS_SESSION_BUS_ADDRESS=disabled:", "MESA_SHADER_CACHE_DISABLE=true",
}

// sessionFD names the file descriptor by which the session's environment
// reaches a gate that has started itself anew.
const sessionFD = "TFA_LOGON_SESSION_FD"

// clean returns what the gate keeps of an environment.
func clean(environment []string) []string {
	cleaned := slices.Clone(fixed)
	for _, entry := range environment {
		if name, _, _ := strings.Cut(entry, "="); slices.Contains(kept, name) {
			cleaned = append(cleaned, entry)
		}
	}
	return cleaned
}

// isClean reports whether an environment holds nothing that clean would not
// leave in it.
func isClean(environment []string) bool {
	allowed := append(clean(environment), sessionFD+"=")
	return !slices.ContainsFunc(environment, func(entry string) bool {
		return !slices.Contains(allowed, entry) && !strings.HasPrefix(entry, sessionFD+"=")
	})
}

// cleanEnvironment returns the environment that the session has, with nothing
// of it left in this process. What a linker reads is read before main, so the
// program starts itself anew, and gets the session's environment by a pipe.
func cleanEnvironment() (session []string, err error) {
	environment := os.Environ()
	if !isClean(environment) {
		return nil, startAnew(environment)
	}
	for _, entry := range fixed { // what was clean already may lack them
		name, value, _ := strings.Cut(entry, "=")
		os.Setenv(name, value)
	}
	fd := os.Getenv(sessionFD)
	if os.Unsetenv(sessionFD); fd == "" {
		return environment, nil
	}
	if session, err = receive(fd); err != nil {
		return nil, fmt.Errorf("taking over the environment: %w", err)
	}
	return session, nil
}

// split cuts what came through the pipe into its entries.
func split(sent string) []string {
	return slices.DeleteFunc(strings.Split(sent, "\x00"), func(entry string) bool { return entry == "" })
}
