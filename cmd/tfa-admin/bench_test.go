//go:build linux

package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"filippo.io/age"

	"evry.nl/tfa/cmd/internal/clock"
	"evry.nl/tfa/cmd/internal/stores"
	"evry.nl/tfa/core"
)

// A provider's night: so many practices with so many accounts each.
const (
	nightPractices = 1000
	nightAccounts  = 20
)

// BenchmarkNight runs the real command over all practices of a provider, and
// reports how long it took and how much memory it had at most.
//
//	go test ./cmd/tfa-admin -run '^$' -bench Night -benchtime 1x
func BenchmarkNight(b *testing.B) {
	s := newShelf(b)
	built := build(b)
	numbers := make(chan int)
	var all sync.WaitGroup
	for range 4 { // making a store waits for the disk
		all.Go(func() {
			for n := range numbers {
				s.practice(fmt.Sprintf("EV-%04d", n))
			}
		})
	}
	for n := range nightPractices {
		numbers <- n
	}
	close(numbers)
	all.Wait()
	recipient, err := age.GenerateX25519Identity()
	s.must(err)
	for _, verb := range []string{
		"practice list", "log verify", "backup --all --to " + b.TempDir() + " --recipient " + recipient.Recipient().String(),
	} {
		name, _, _ := strings.Cut(verb, " --")
		b.Run(strings.ReplaceAll(name, " ", "_"), func(b *testing.B) {
			s.run(b, built, "EV-0999", strings.Fields(verb)...)
		})
	}
}

// BenchmarkExportMillion writes a log of a million events.
func BenchmarkExportMillion(b *testing.B) {
	s := newShelf(b)
	for range 10 {
		s.add("EV-0000", 100_000)
	}
	built := build(b)
	for name, args := range map[string][]string{
		"csv":      {"log", "export", "EV-0000"},
		"jsonl":    {"--json", "log", "export", "EV-0000"},
		"filtered": {"log", "export", "EV-0000", "--kind", "logon_otp"},
	} {
		b.Run(name, func(b *testing.B) { s.run(b, built, "EV-0000-1", args...) })
	}
}

// practice makes a practice whose accounts each were added and logged on.
func (s *shelf) practice(name string) {
	store, err := stores.Create(s.Context(), s.cfg, name, "")
	if err != nil {
		s.Error(err)
		return
	}
	defer store.Close()
	direct := core.Direct{Store: store, Rules: s.cfg.Rules(), Now: clock.Now}
	for n := range nightAccounts {
		account := fmt.Sprintf("%s-%d", name, n+1)
		_, err := core.Helpdesk{Direct: direct}.AddAccount(context.Background(), core.Actor{Account: "test", Helpdesk: true}, account)
		if err == nil {
			_, err = core.Gate{Direct: direct}.Skip(context.Background(), core.Actor{Account: account, Server: "ts01"})
		}
		if err != nil {
			s.Error(err)
		}
	}
}

// build builds the command as it is shipped.
func build(b *testing.B) string {
	b.Helper()
	path := filepath.Join(b.TempDir(), program)
	if out, err := exec.Command("go", "build", "-o", path, ".").CombinedOutput(); err != nil {
		b.Fatalf("%v\n%s", err, out)
	}
	return path
}

// run runs the command once a loop. Its output must say a word.
func (s *shelf) run(b *testing.B, built, word string, args ...string) {
	var peak int64
	began := clock.Now()
	for b.Loop() {
		cmd := exec.Command(built, append([]string{"--config", s.file}, args...)...)
		cmd.Stderr = os.Stderr
		out, err := cmd.StdoutPipe()
		s.must(err)
		s.must(cmd.Start())
		if !says(out, word) {
			b.Errorf("the output says nothing of %s", word)
		}
		s.must(cmd.Wait())
		peak = max(peak, cmd.ProcessState.SysUsage().(*syscall.Rusage).Maxrss)
	}
	b.ReportMetric(clock.Now().Sub(began).Seconds()/float64(b.N), "s/run")
	b.ReportMetric(float64(peak)/1024, "peak-MB")
	b.ReportMetric(0, "ns/op")
}

// says reads all there is, in little memory, and reports whether a word is in it.
func says(r io.Reader, word string) bool {
	found, kept := false, ""
	for buffer := make([]byte, 64<<10); ; {
		n, err := r.Read(buffer)
		kept += string(buffer[:n])
		found = found || strings.Contains(kept, word)
		kept = kept[max(0, len(kept)-len(word)):]
		if err != nil {
			return found
		}
	}
}
