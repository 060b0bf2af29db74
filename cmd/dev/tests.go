package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
)

// raced are the rooms whose tests run with the race detector: there goroutines
// share something. Windows are left out of it: their tests do everything in
// place, on one thread, and it makes Fyne's drawing too slow to wait for.
var raced = []string{
	"evry.nl/tfa/core", "evry.nl/tfa/storage",
	"evry.nl/tfa/cmd/internal/rds", "evry.nl/tfa/cmd/internal/service", "evry.nl/tfa/cmd/internal/sessions",
}

// slow are the rooms whose tests build whole packages, and install them under
// Wine. They run with --all only.
var slow = []string{"evry.nl/tfa/cmd/internal/release", "evry.nl/tfa/cmd/internal/wine"}

// parseTests takes a command line apart, into flags of go test and packages.
func parseTests(args []string) (flags, patterns []string, all bool, err error) {
	for _, arg := range args {
		switch {
		case arg == "--all":
			all = true
		case strings.HasPrefix(arg, "-"):
			flags = append(flags, arg)
		case strings.HasPrefix(arg, "."), strings.HasPrefix(arg, "evry.nl/"):
			patterns = append(patterns, arg)
		default:
			return nil, nil, false, usageError(fmt.Sprintf("%q is no package and no flag: write packages as ./core/..., flags as -run=Name", arg))
		}
	}
	return flags, patterns, all, nil
}

// test runs all tests, or those of the packages that are named.
func test(ctx context.Context, args []string) error {
	flags, patterns, all, err := parseTests(args)
	if err != nil {
		return err
	}
	named := len(patterns) > 0
	if !named {
		patterns = []string{"./..."}
	}
	packages, err := list(ctx, patterns)
	if err != nil {
		return err
	}
	isSlow := func(path string) bool { return isIn(slow, path) }
	if !all && !named {
		packages = slices.DeleteFunc(packages, isSlow)
	}
	needed := slices.Concat(buildPackages, displayPackages, testPackages, browserPackages)
	if slices.ContainsFunc(packages, isSlow) {
		needed = slices.Concat(needed, windowsPackages)
	}
	if !there("node") || !there("npm") { // often from elsewhere, and then Debian's can't stand beside it
		needed = slices.Concat(needed, nodePackages)
	}
	if err := ensure(ctx, needed); err != nil {
		return err
	}
	var count tally
	if err := vet(ctx, patterns); err != nil {
		count.fail("go vet", err.Error())
	}
	withRace, plain := split(packages)
	for _, set := range []struct {
		packages, flags []string
	}{{withRace, []string{"-race"}}, {plain, nil}} {
		if len(set.packages) == 0 {
			continue
		}
		// Not from the cache: it does not know of the programs that tests build
		// and run.
		args := slices.Concat([]string{"test", "-json", "-count=1", "-timeout=" + longest}, set.flags, flags, set.packages)
		if err := goTest(ctx, args, &count); err != nil {
			return err
		}
	}
	count.print()
	if count.failed > 0 {
		return errCounted
	}
	return nil
}

// longest is how long the tests of one package may take, on a slow machine: the
// crashes of the store and the logons over RDP take minutes on any.
const longest = "40m"

// errCounted means that all that is wrong has been printed, and that nothing may
// come after the count.
var errCounted = errors.New("tests failed")

// list returns the packages that patterns stand for.
func list(ctx context.Context, patterns []string) ([]string, error) {
	cmd := exec.CommandContext(ctx, "go", append([]string{"list", "-e"}, patterns...)...)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("listing packages: %w", err)
	}
	packages := strings.Fields(string(out))
	if len(packages) == 0 {
		return nil, fmt.Errorf("no packages in %s", strings.Join(patterns, " "))
	}
	return packages, nil
}

func vet(ctx context.Context, patterns []string) error {
	cmd := exec.CommandContext(ctx, "go", append([]string{"vet"}, patterns...)...)
	cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
	return cmd.Run()
}

// split returns the packages to test with the race detector, and the others.
func split(packages []string) (withRace, plain []string) {
	for _, path := range packages {
		if isIn(raced, path) {
			withRace = append(withRace, path)
		} else {
			plain = append(plain, path)
		}
	}
	return withRace, plain
}

// isIn reports whether a package is one of the rooms, or below one.
func isIn(rooms []string, path string) bool {
	return slices.ContainsFunc(rooms, func(room string) bool { return path == room || strings.HasPrefix(path, room+"/") })
}

// goTest runs go test and counts what it says.
func goTest(ctx context.Context, args []string, count *tally) error {
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return fmt.Errorf("running tests: %w", err)
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("running tests: %w", err)
	}
	before := count.failed
	if err := count.read(out, os.Stdout); err != nil {
		cmd.Process.Kill()
		cmd.Wait()
		return fmt.Errorf("running tests: %w", err)
	}
	// Its status says no more than the count, unless it could not even begin.
	if err := cmd.Wait(); err != nil && count.failed == before {
		count.fail("go test", err.Error())
	}
	return ctx.Err()
}
