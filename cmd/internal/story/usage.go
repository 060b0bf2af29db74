package story

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

const (
	// settling is how long a program may take to come to rest once its screen is
	// there.
	settling = 5 * time.Second
	// watched is how long a program that waits is then watched.
	watched = time.Minute
)

// ReportWaiting watches a process that waits for a person for a minute, and
// reports what that costs.
func ReportWaiting(b *testing.B, process int) {
	b.Helper()
	cpu, switches := used(b, process)
	time.Sleep(watched)
	cpuAfter, switchesAfter := used(b, process)
	b.ReportMetric(float64((cpuAfter-cpu)/time.Millisecond)/watched.Minutes(), "cpu-ms/min")
	b.ReportMetric(float64(switchesAfter-switches)/watched.Seconds(), "switches/s")
	b.ReportMetric(float64(number(b, process, "smaps_rollup", `(?m)^Pss: +(\d+) kB`))/1024, "pss-MB")
	b.ReportMetric(0, "ns/op") // which says nothing here
}

// Settle waits until what has been drawn is drawn everywhere.
func Settle() { time.Sleep(settling) }

// tick is the unit of the times in /proc/PID/stat: USER_HZ, on all of Linux.
const tick = 10 * time.Millisecond

// used returns the time that a process has computed, in its own code and for it
// in the kernel's, and how often its threads have been woken.
func used(b *testing.B, process int) (cpu time.Duration, switches int) {
	b.Helper()
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", process))
	Must(b, err)
	// The name, which stands between brackets, may hold anything.
	fields := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:]))
	for _, field := range fields[11:13] {
		ticks, err := strconv.Atoi(field)
		Must(b, err)
		cpu += time.Duration(ticks) * tick
	}
	threads, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*", process))
	Must(b, err)
	for _, thread := range threads {
		switches += number(b, process, "task/"+filepath.Base(thread)+"/status", `(?m)^voluntary_ctxt_switches:\t(\d+)$`)
	}
	return cpu, switches
}

// number reads a number from one of the kernel's files about a process.
func number(b *testing.B, process int, file, pattern string) int {
	b.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/%s", process, file))
	Must(b, err)
	match := regexp.MustCompile(pattern).FindSubmatch(text)
	if match == nil {
		b.Fatalf("/proc/%d/%s does not hold %s:\n%s", process, file, pattern, text)
	}
	n, err := strconv.Atoi(string(match[1]))
	Must(b, err)
	return n
}
