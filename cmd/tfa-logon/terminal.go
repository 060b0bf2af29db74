package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"evry.nl/tfa/ui/console"
	"evry.nl/tfa/ui/present"
)

// onTerminal asks on the terminal, and on yes runs the command.
func (g gate) onTerminal() int {
	// Whoever leaves, by whichever way, has said no, and the log says so.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGQUIT, syscall.SIGHUP, syscall.SIGTERM)
	outcome := console.Console{
		Logon: g.logon, Terminal: newTerminal(os.Stdin, os.Stdout), Timeout: g.cfg.Timeout,
		Ready: g.ready,
	}.Run(ctx)
	stop()
	switch outcome {
	case present.Yes:
		g.closeStore()
		return goOn(g.options)
	case present.Fault:
		return exitFault
	}
	return exitNo
}

// ready tells the program that started the gate, if there is one: on a terminal
// the line would stand in the person's answer.
func (g gate) ready() {
	if err := g.options.report.Asks(); err != nil {
		systemLog("reporting a terminal: " + err.Error())
		os.Exit(exitFault)
	}
	if info, err := os.Stderr.Stat(); err == nil && info.Mode()&os.ModeCharDevice == 0 {
		fmt.Fprintln(os.Stderr, "ready terminal")
	}
}

// longestLine is more than any answer; a longer line is nobody's typing.
const longestLine = 1000

// terminal reads lines from one file and writes to another.
type terminal struct {
	*os.File
	wanted chan struct{}
	lines  chan string
	ended  chan struct{} // closed when there are no more lines
	asked  bool          // for a line that has not come yet
}

// newTerminal returns a terminal. It reads a line only when one is asked for:
// what is typed after the last answer is for the command.
func newTerminal(in, out *os.File) *terminal {
	t := &terminal{File: out, wanted: make(chan struct{}), lines: make(chan string), ended: make(chan struct{})}
	go t.read(in)
	return t
}

func (t *terminal) read(in *os.File) {
	defer close(t.ended)
	var one [1]byte // a buffer would swallow what is for the command
	for range t.wanted {
		var line []byte
		for {
			if n, err := in.Read(one[:]); n == 0 || err != nil || len(line) > longestLine {
				return
			}
			if one[0] == '\n' {
				break
			}
			line = append(line, one[0])
		}
		t.lines <- string(line)
	}
}

// ReadLine implements console.Terminal.
func (t *terminal) ReadLine(ctx context.Context) (string, error) {
	if !t.asked {
		select {
		case t.wanted <- struct{}{}:
			t.asked = true
		case <-t.ended:
			return "", console.ErrClosed
		case <-ctx.Done():
			return "", ctx.Err()
		}
	}
	select {
	case line := <-t.lines:
		t.asked = false
		return line, nil
	case <-t.ended:
		return "", console.ErrClosed
	case <-ctx.Done():
		return "", ctx.Err()
	}
}
