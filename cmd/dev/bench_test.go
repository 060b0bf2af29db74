package main

import (
	"strings"
	"testing"
)

// measured is what go test -bench prints of every figure, three times.
func measured() string {
	var out strings.Builder
	out.WriteString("goos: linux\nBenchmarkBroken-2 \t--- FAIL\n")
	for _, values := range []string{"30", "10", "20"} {
		for _, f := range figures {
			out.WriteString(f.ours + "-2 \t 12\t 5 ns/op\t " + values + " " + f.unit + "\n")
			if f.peer != "" {
				out.WriteString(f.peer + "-2 \t 12\t 5 ns/op\t 40 " + f.unit + "\n")
			}
		}
	}
	return out.String()
}

func TestTableOfBenchmarks(t *testing.T) {
	found := results{}
	found.read(measured())
	var table strings.Builder
	if err := found.print(&table); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"| one logon, median | p50-ms | 20 | 40 | 0.50 |\n",
		"| waiting over RDP: sent to the client | sent-B/min | 20 |  |  |\n",
	} {
		if !strings.Contains(table.String(), want) {
			t.Errorf("the table lacks %q:\n%s", want, table.String())
		}
	}
}

func TestWhatWasNotMeasuredIsSaid(t *testing.T) {
	for name, missing := range map[string]string{"ours": figures[0].ours, "the_peers": figures[0].peer} {
		t.Run(name, func(t *testing.T) {
			found := results{}
			found.read(strings.ReplaceAll(measured(), missing+"-2", "BenchmarkOther-2"))
			if err := found.print(new(strings.Builder)); err == nil || !strings.Contains(err.Error(), missing) {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestMedian(t *testing.T) {
	for name, tc := range map[string]struct {
		values []float64
		want   float64
	}{"one": {[]float64{7}, 7}, "odd": {[]float64{9, 1, 2}, 2}, "even": {[]float64{4, 1, 2, 9}, 3}} {
		t.Run(name, func(t *testing.T) {
			if got, ok := (results{{"B", "ms"}: tc.values}).median("B", "ms"); got != tc.want || !ok {
				t.Errorf("got %v, %v, want %v", got, ok, tc.want)
			}
		})
	}
}
