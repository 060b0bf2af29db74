// Command dev does the tasks of developers, and of continuous integration:
//
//	go run ./cmd/dev VERB
//
//	demo                 build the management tool and open it on a throw-away
//	                     practice; without a display, on one of its own, where
//	                     dev looks for itself and leaves a picture
//	test [ARG…]          run all tests, with real windows and real users; ARGs
//	                     are packages and flags of go test, as -run=Name; --all
//	                     also runs what is slow: see slow in tests.go
//	check                run what finds mistakes without running the program
//	bench                measure, beside what people would use instead, and print
//	                     a table; takes about ten minutes
//	shots DIR            draw every screen into DIR
//	pictures [--check]   draw the screens that the manual shows into its folder;
//	                     or only tell which of them are out of date
//	package [FLAG…]      build what is installed on Windows, from the newest
//	                     commit; package --help tells the flags
//	manual DIR           print the manual into DIR, a PDF a language
//
// On Debian and its kin, dev installs the packages that a verb needs, and says
// which. It needs Go and nothing else to begin with.
//
// Exit status: 0 done, 1 something failed, 2 the command line makes no sense.
// (go run turns both into 1, and says "exit status 2".)
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

// verbs are what dev can do.
var verbs = map[string]func(ctx context.Context, args []string) error{
	"demo":  demo,
	"test":  test,
	"check": check,
	"bench": bench,
	"shots": shots,

	"pictures": pictures,
	"manual":   manual,
	"package":  pack,
}

// usageError is a mistake on the command line.
type usageError string

func (e usageError) Error() string { return string(e) }

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:]))
}

// run does what the command line says and returns the exit status.
func run(ctx context.Context, args []string) int {
	err := dispatch(ctx, args)
	var usage usageError
	switch {
	case err == nil:
		return 0
	case errors.Is(err, errCounted):
		return 1
	case errors.As(err, &usage):
		fmt.Fprintf(os.Stderr, "dev: error: %v\nhint: go doc ./cmd/dev tells what it can do\n", err)
		return 2
	}
	fmt.Fprintf(os.Stderr, "dev: error: %v\n", err)
	return 1
}

func dispatch(ctx context.Context, args []string) error {
	if len(args) == 0 {
		return usageError("no verb: say demo, test, check, bench, shots, pictures, package or manual")
	}
	verb, ok := verbs[args[0]]
	if !ok {
		return usageError(fmt.Sprintf("no verb %q: say demo, test, check, bench, shots, pictures, package or manual", args[0]))
	}
	if _, err := os.Stat("go.mod"); err != nil {
		return usageError("run it in the root of the repository, where go.mod is")
	}
	return verb(ctx, args[1:])
}

// say tells what dev is doing, beside the output of what it runs.
func say(format string, args ...any) { fmt.Fprintf(os.Stderr, "dev: "+format+"\n", args...) }
