package story

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// Processes returns the numbers of an account's processes that run a program,
// or of all its processes with program "".
func (h *Host) Processes(account, program string) []string {
	h.T.Helper()
	uid := h.As(account).Uid
	folders, err := filepath.Glob("/proc/[0-9]*")
	Must(h.T, err)
	var found []string
	for _, folder := range folders {
		// Not who the folder belongs to: those of programs that nobody may look
		// into are root's.
		status, err := os.ReadFile(filepath.Join(folder, "status"))
		if err != nil || !strings.Contains(string(status), fmt.Sprintf("\nUid:\t%d\t", uid)) {
			continue // it has ended
		}
		// What has ended but was not asked for yet has no program.
		running, err := os.Readlink(filepath.Join(folder, "exe"))
		if err != nil {
			continue
		}
		if program == "" {
			found = append(found, filepath.Base(folder)+" "+running)
		} else if running == program {
			found = append(found, filepath.Base(folder))
		}
	}
	return found
}

// Signal sends a signal to every process of an account that runs a program.
// There must be one.
func (h *Host) Signal(account, program string, signal syscall.Signal) {
	h.T.Helper()
	processes := h.Processes(account, program)
	if len(processes) == 0 {
		h.T.Fatalf("%s runs no %s but %s", account, program, strings.Join(h.Processes(account, ""), ", "))
	}
	for _, process := range processes {
		number, err := strconv.Atoi(process)
		Must(h.T, err)
		Must(h.T, syscall.Kill(number, signal))
	}
}
