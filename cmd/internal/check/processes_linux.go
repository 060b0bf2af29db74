package check

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// process is one that runs on the host.
type process struct {
	id, parent int
	name       string
	command    []string
	started    time.Time
}

// tick is the unit in which the kernel counts (USER_HZ; 100 on every Linux).
const tick = time.Second / 100

// processes returns what runs, from /proc.
func (l *Linux) processes() []process {
	var boot int64
	for line := range strings.Lines(l.read("/proc/stat")) {
		if seconds, ok := strings.CutPrefix(strings.TrimSpace(line), "btime "); ok {
			boot, _ = strconv.ParseInt(seconds, 10, 64) // 0 means that all started long ago
		}
	}
	folders, _ := filepath.Glob(l.path("/proc/[0-9]*")) // the pattern is a good one
	var running []process
	for _, folder := range folders {
		id, err := strconv.Atoi(filepath.Base(folder))
		if err != nil {
			continue
		}
		// "id (name) state parent …": a name may hold anything, so from the end.
		stat := l.read(filepath.Join("/proc", filepath.Base(folder), "stat"))
		open, end := strings.IndexByte(stat, '('), strings.LastIndexByte(stat, ')')
		if open < 0 || end < open {
			continue // it has ended meanwhile
		}
		fields := strings.Fields(stat[end+1:])
		if len(fields) < 20 {
			continue
		}
		parent, _ := strconv.Atoi(fields[1])
		ticks, _ := strconv.ParseInt(fields[19], 10, 64)
		command := strings.Split(strings.TrimRight(l.read(filepath.Join("/proc", filepath.Base(folder), "cmdline")), "\x00"), "\x00")
		running = append(running, process{id, parent, stat[open+1 : end], command, time.Unix(boot, 0).Add(time.Duration(ticks) * tick)})
	}
	return running
}

// runs reports whether a program runs, by the name that the kernel has for it:
// its first 15 letters.
func (l *Linux) runs(name string) bool {
	for _, p := range l.processes() {
		if p.name == name[:min(len(name), 15)] {
			return true
		}
	}
	return false
}

// isFile reports whether a file of the host is there and no folder.
func (l *Linux) isFile(name string) bool {
	info, err := os.Stat(l.path(name))
	return err == nil && info.Mode().IsRegular()
}
