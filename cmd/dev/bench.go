package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
)

// benchmarks are what bench runs, and how many times: one after the other, so
// that ours and the peers' take turns, whatever else the machine does meanwhile.
// What waits for a minute is run once.
var benchmarks = []struct {
	times    int
	pattern  string
	packages []string
}{
	{5, "^(BenchmarkLogon|BenchmarkLogonsAtOnce)$", []string{"./cmd/tfa-logon", "./storage/sqlite"}},
	{5, "^BenchmarkFirstCode$", []string{"./cmd/tfa-web"}},
	{1, "^(BenchmarkWaiting|BenchmarkWaitingOverRDP)$", []string{"./cmd/tfa-logon"}},
}

const (
	oursLogon   = "BenchmarkLogon/gate=tfa-logon/"
	leanLogon   = "BenchmarkLogon/gate=tfa-logon_for_terminals/"
	theirsLogon = "BenchmarkLogon/gate=pam_google_authenticator/"
)

// figures are the rows of the table: what a benchmark measured, and beside it
// what one of the peer did, if there is one.
var figures = []struct {
	what, ours, peer, unit string
}{
	{"one logon, median", oursLogon + "together=1", theirsLogon + "together=1", "p50-ms"},
	{"32 logons at once, median", oursLogon + "together=32", theirsLogon + "together=32", "p50-ms"},
	{"32 logons at once, the slowest of a hundred", oursLogon + "together=32", theirsLogon + "together=32", "p99-ms"},
	{"the same, built for terminals alone", leanLogon + "together=32", theirsLogon + "together=32", "p99-ms"},
	{"the same in one process: 32 decisions on 32 stores", "BenchmarkLogonsAtOnce", "", "p99-ms"},
	{"web page to its first code, in a browser that has it", "BenchmarkFirstCode/from=kept", "", "p50-ms"},
	{"the same, all from the host", "BenchmarkFirstCode/from=host", "", "p50-ms"},
	{"the same, the browser has just started", "BenchmarkFirstCode/from=new_browser", "", "p50-ms"},
	{"waiting window: computes", "BenchmarkWaiting/front=window", "", "cpu-ms/min"},
	{"waiting window: wakes", "BenchmarkWaiting/front=window", "", "switches/s"},
	{"waiting window: memory", "BenchmarkWaiting/front=window", "", "pss-MB"},
	{"waiting terminal: computes", "BenchmarkWaiting/front=terminal", "", "cpu-ms/min"},
	{"waiting terminal: memory", "BenchmarkWaiting/front=terminal", "", "pss-MB"},
	{"waiting over RDP: computes", "BenchmarkWaitingOverRDP/transition=over", "", "cpu-ms/min"},
	{"waiting over RDP: sent to the client", "BenchmarkWaitingOverRDP/transition=over", "", "sent-B/min"},
	{"the same in the transition", "BenchmarkWaitingOverRDP/transition=on", "", "sent-B/min"},
}

// bench runs the benchmarks and prints a table of their medians.
func bench(ctx context.Context, args []string) error {
	if len(args) > 0 {
		return usageError("bench takes no arguments")
	}
	if err := ensure(ctx, slices.Concat(buildPackages, displayPackages, testPackages, browserPackages, peerPackages)); err != nil {
		return err
	}
	found := results{}
	for _, set := range benchmarks {
		for range set.times {
			if err := measure(ctx, found, set.pattern, set.packages); err != nil {
				return err
			}
		}
	}
	return found.print(os.Stdout)
}

// measure runs benchmarks and adds to what was found.
func measure(ctx context.Context, found results, pattern string, packages []string) error {
	if load, err := os.ReadFile("/proc/loadavg"); err == nil {
		say("the load of this machine is %s: what others do makes the figures worse", bytes.Fields(load)[0])
	}
	cmd := exec.CommandContext(ctx, "go", append([]string{"test", "-run=^$", "-bench=" + pattern, "-timeout=1h"}, packages...)...)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = io.MultiWriter(&out, os.Stderr), os.Stderr
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("running benchmarks: %w", err)
	}
	found.read(out.String())
	return nil
}

// results are measured values, by benchmark and unit.
type results map[[2]string][]float64

// read takes what go test -bench has printed.
func (r results) read(out string) {
	for line := range strings.Lines(out) {
		// BenchmarkName-2, how often, and then values with their units.
		fields := strings.Fields(line)
		if len(fields) < 4 || !strings.HasPrefix(fields[0], "Benchmark") {
			continue
		}
		name := fields[0]
		if end := strings.LastIndexByte(name, '-'); end > 0 { // how many processors there were
			if _, err := strconv.Atoi(name[end+1:]); err == nil {
				name = name[:end]
			}
		}
		for i := 2; i+1 < len(fields); i += 2 {
			if value, err := strconv.ParseFloat(fields[i], 64); err == nil {
				key := [2]string{name, fields[i+1]}
				r[key] = append(r[key], value)
			}
		}
	}
}

// median returns the value in the middle; ok is false if there is none.
func (r results) median(name, unit string) (value float64, ok bool) {
	values := slices.Sorted(slices.Values(r[[2]string{name, unit}]))
	if len(values) == 0 {
		return 0, false
	}
	return (values[(len(values)-1)/2] + values[len(values)/2]) / 2, true
}

// print writes the table. Error: a figure of it was not measured.
func (r results) print(w io.Writer) error {
	fmt.Fprint(w, "| what | unit | ours | peer | ours / peer |\n| --- | --- | ---: | ---: | ---: |\n")
	for _, f := range figures {
		ours, ok := r.median(f.ours, f.unit)
		if !ok {
			return fmt.Errorf("%s was not measured: %s %s", f.what, f.ours, f.unit)
		}
		peer, ratio := "", ""
		if f.peer != "" {
			theirs, ok := r.median(f.peer, f.unit)
			if !ok {
				return fmt.Errorf("%s was not measured: %s %s", f.what, f.peer, f.unit)
			}
			peer, ratio = fmt.Sprintf("%.4g", theirs), fmt.Sprintf("%.2f", ours/theirs)
		}
		fmt.Fprintf(w, "| %s | %s | %.4g | %s | %s |\n", f.what, f.unit, ours, peer, ratio)
	}
	return nil
}
