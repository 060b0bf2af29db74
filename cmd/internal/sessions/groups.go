//go:build linux

package sessions

import (
	"bufio"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// findMount returns where control groups of version 2 are mounted: on a host
// that still has version 1 they stand beside it.
func findMount(mountinfo string) (string, error) {
	file, err := os.Open(mountinfo)
	if err != nil {
		return "", fmt.Errorf("listing mounts: %w", err)
	}
	defer file.Close()
	for lines := bufio.NewScanner(file); lines.Scan(); {
		mounted, kind, _ := strings.Cut(lines.Text(), " - ")
		fields := strings.Fields(mounted)
		if strings.HasPrefix(kind, "cgroup2 ") && len(fields) > 4 {
			return fields[4], nil
		}
	}
	return "", errors.New("this system has no control groups of version 2 (cgroup2)")
}

// groupOf returns the control group of a process, as a path below the mount.
func groupOf(pid int) (string, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/cgroup", pid))
	if err != nil {
		return "", fmt.Errorf("asking for the control group of a process: %w", err)
	}
	for line := range strings.Lines(string(text)) {
		if group, found := strings.CutPrefix(strings.TrimSuffix(line, "\n"), "0::"); found {
			return filepath.Clean(group), nil
		}
	}
	return "", errors.New("asking for the control group of a process: it has none")
}

// isScope reports whether a control group is a session of logind.
func isScope(group string) bool {
	name := filepath.Base(group)
	return strings.HasPrefix(name, "session-") && strings.HasSuffix(name, ".scope")
}

// makeGroup makes a control group that had no session before.
func (r *Registry) makeGroup() (string, error) {
	group := r.own + "/" + strings.ToLower(rand.Text()[:12])
	if err := os.Mkdir(r.mount+group, 0o755); err != nil {
		return "", fmt.Errorf("making a control group: %w", err)
	}
	return group, nil
}

// enter moves a process into a group; what it starts from then on is in there.
func (r *Registry) enter(group string, pid int) error {
	if err := tell(r.mount+group, "cgroup.procs", strconv.Itoa(pid)); err != nil {
		return fmt.Errorf("moving a process into its control group: %w", err)
	}
	return nil
}

// tell writes to a control file.
func tell(folder, name, text string) error {
	file, err := os.OpenFile(filepath.Join(folder, name), os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = file.WriteString(text)
	if closing := file.Close(); err == nil {
		err = closing
	}
	return err
}

func inodeOf(path string) (uint64, error) {
	var stat syscall.Stat_t
	err := syscall.Stat(path, &stat)
	return stat.Ino, err
}

// processesIn returns the processes of a group and the groups below it.
func processesIn(folder string) ([]int, error) {
	var pids []int
	err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.IsDir() {
			return err
		}
		text, err := os.ReadFile(filepath.Join(path, "cgroup.procs"))
		for _, field := range strings.Fields(string(text)) {
			pid, err := strconv.Atoi(field)
			if err != nil {
				return err
			}
			pids = append(pids, pid)
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("listing the processes of a control group: %w", err)
	}
	return pids, nil
}
