package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
)

// step is one thing that check does.
type step struct {
	name string
	env  []string
	args []string
	// silent means that any output is a finding, whatever the exit status.
	silent bool
	// offline holds words in the output of a command that could not reach its
	// data. It has then found nothing, and that is said, but no failure.
	offline []string
}

// onlyPure are the packages that must build without C for Windows: all but the
// windows themselves, and what tests stand on.
var onlyPure = []string{
	"./core/...", "./storage/...", "./ui/present/...", "./ui/console/...", "./cmd/tfa-admin/...", "./cmd/tfa-service", "./cmd/dev/...",
	"./cmd/tfa-web/...", "./assets/...",
	"./cmd/internal/access", "./cmd/internal/browser", "./cmd/internal/check", "./cmd/internal/clock", "./cmd/internal/config", "./cmd/internal/demo",
	"./cmd/internal/handover", "./cmd/internal/hostlog", "./cmd/internal/identity", "./cmd/internal/rds", "./cmd/internal/service",
	"./cmd/internal/sessions", "./cmd/internal/stores",
}

// noNetwork are words that net/http and the go command use.
var noNetwork = []string{"dial tcp", "no such host", "connection refused", "i/o timeout", "GOPROXY=off", "network is unreachable", "proxyconnect", "403 Forbidden", "502 Bad Gateway"}

func steps() []step {
	return []step{
		{name: "gofmt", args: []string{"gofmt", "-l", "."}, silent: true},
		{name: "vet", args: []string{"go", "vet", "./..."}},
		{name: "staticcheck", args: []string{"go", "tool", "staticcheck", "./..."}},
		{name: "vulnerabilities", args: []string{"go", "tool", "govulncheck", "./..."}, offline: noNetwork},
		{name: "go.mod", args: []string{"go", "mod", "tidy", "-diff"}, offline: noNetwork},
		{name: "boundaries", args: []string{"go", "test", "-count=1", "-run", "WhoMayImportWhom|DomainStands", "./core"}},
		{name: "pictures", args: []string{"go", "run", "./cmd/dev", "pictures", "--check"}},
		{name: "terminal", env: []string{"CGO_ENABLED=0"}, args: []string{"go", "vet", "-tags=terminal", "./cmd/tfa-logon"}},
		{name: "windows", env: []string{"GOOS=windows", "CGO_ENABLED=0"}, args: append([]string{"go", "vet"}, onlyPure...)},
	}
}

// check runs all steps, whatever the earlier ones find.
func check(ctx context.Context, args []string) error {
	if len(args) > 0 {
		return usageError("check takes no arguments")
	}
	if err := ensure(ctx, buildPackages); err != nil { // vet must compile what the windows import
		return err
	}
	var failed []string
	for _, s := range steps() {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if !s.run(ctx) {
			failed = append(failed, s.name)
		}
	}
	warnings, err := oversize(".")
	if err != nil {
		return err
	}
	for _, warning := range warnings {
		say("warning: %s", warning)
	}
	if len(failed) > 0 {
		return fmt.Errorf("found something: %s", strings.Join(failed, ", "))
	}
	return nil
}

// run runs the step, says what came of it, and reports whether all is well.
func (s step) run(ctx context.Context) bool {
	cmd := exec.CommandContext(ctx, s.args[0], s.args[1:]...)
	cmd.Env = append(os.Environ(), s.env...)
	out, err := cmd.CombinedOutput()
	out = bytes.TrimSpace(out)
	isOffline := slices.ContainsFunc(s.offline, func(word string) bool { return bytes.Contains(out, []byte(word)) })
	switch {
	case err != nil && isOffline:
		say("%s: not done, its data can't be reached from here", s.name)
		return true
	case err == nil && (!s.silent || len(out) == 0):
		say("%s: ok", s.name)
		return true
	}
	say("%s: %s", s.name, strings.Join(append(s.env, s.args...), " "))
	os.Stderr.Write(append(out, '\n'))
	return false
}
