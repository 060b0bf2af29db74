package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// tally counts tests by the events of go test -json (go doc test2json).
type tally struct {
	passed, failed int
	skipped        []string
}

// testEvent is one line of go test -json.
type testEvent struct {
	Action     string
	Package    string
	ImportPath string // of build output
	Test       string
	Output     string
}

// running is what is known of a package whose tests run.
type running struct {
	output map[string]*strings.Builder // by test, until it ends
	ended  map[string]string           // test → pass, fail or skip
	names  []string                    // of tests, as they begin
	failed int
}

// read counts the events in r, and prints to w what go test prints without
// -json: packages, and failed tests in full.
func (c *tally) read(r io.Reader, w io.Writer) error {
	packages := map[string]*running{}
	decoder := json.NewDecoder(r)
	for {
		var e testEvent
		if err := decoder.Decode(&e); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return fmt.Errorf("reading go test -json: %w", err)
		}
		p := packages[e.Package]
		if p == nil {
			p = &running{output: map[string]*strings.Builder{}, ended: map[string]string{}}
			packages[e.Package] = p
		}
		switch {
		case e.Action == "build-output":
			io.WriteString(w, e.Output)
		case e.Test != "":
			p.test(e, w)
		case e.Action == "output" && e.Output != "PASS\n":
			io.WriteString(w, e.Output)
		case e.Action == "pass", e.Action == "fail", e.Action == "skip":
			p.printUnfinished(w)
			c.end(e, p)
			delete(packages, e.Package)
		}
	}
	delete(packages, "")            // of build output
	for path, p := range packages { // go test itself broke off
		p.printUnfinished(w)
		c.end(testEvent{Action: "fail", Package: path}, p)
	}
	return nil
}

// test takes an event of one test.
func (p *running) test(e testEvent, w io.Writer) {
	out := p.output[e.Test]
	if out == nil {
		out = new(strings.Builder)
		p.output[e.Test] = out
	}
	switch e.Action {
	case "run":
		p.names = append(p.names, e.Test)
	case "output":
		if !strings.HasPrefix(e.Output, "=== ") { // RUN, PAUSE, CONT, NAME
			out.WriteString(e.Output)
		}
	case "pass", "fail", "skip":
		p.ended[e.Test] = e.Action
		if e.Action != "pass" {
			io.WriteString(w, out.String())
		}
		delete(p.output, e.Test)
	}
}

// printUnfinished prints what tests said that never ended: a crash stands there.
func (p *running) printUnfinished(w io.Writer) {
	for _, name := range p.names {
		if out := p.output[name]; out != nil && p.ended[name] == "" {
			io.WriteString(w, out.String())
		}
	}
}

// end counts the tests of a package that has ended. A test with parts counts
// by its parts, and itself only if it failed and none of them did.
func (c *tally) end(e testEvent, p *running) {
	for _, name := range p.names {
		isPart := func(other string) bool { return strings.HasPrefix(other, name+"/") }
		parts := slices.ContainsFunc(p.names, isPart)
		full := e.Package + " " + name
		switch p.ended[name] {
		case "pass":
			if !parts {
				c.passed++
			}
		case "skip":
			c.failed++
			p.failed++
			c.skipped = append(c.skipped, full)
		case "fail":
			partFailed := slices.ContainsFunc(p.names, func(other string) bool { return isPart(other) && p.ended[other] != "pass" })
			if !partFailed {
				c.failed++
				p.failed++
			}
		default: // it was running when the package ended: a crash, or time was up
			if !parts {
				c.failed++
				p.failed++
			}
		}
	}
	if e.Action == "fail" && p.failed == 0 {
		c.failed++ // it was not built, or failed beside its tests
	}
}

// fail counts something else that failed.
func (c *tally) fail(what, why string) {
	c.failed++
	say("%s: %s", what, why)
}

// print ends the output: what was skipped, and the count as the last line.
func (c *tally) print() {
	for _, name := range c.skipped {
		fmt.Printf("skipped, which counts as failed: %s\n", name)
	}
	fmt.Printf("%d passed, %d failed\n", c.passed, c.failed)
}
