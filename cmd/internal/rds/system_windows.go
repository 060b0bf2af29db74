package rds

import (
	"errors"
	"fmt"
	"sync"
	"unsafe"

	"github.com/Microsoft/go-winio"
	"golang.org/x/sys/windows"
)

// Windows is the System of this host. It is safe for use by several goroutines.
type Windows struct {
	mu sync.Mutex
	// known holds what does not change of a process while it runs.
	known map[processKey]Process
}

var _ System = (*Windows)(nil)

// NewWindows returns the System of this host. Error: this process may not look
// into every other one, whatever that has set.
func NewWindows() (*Windows, error) {
	if err := winio.EnableProcessPrivileges([]string{"SeDebugPrivilege"}); err != nil {
		return nil, fmt.Errorf("asking for the right to look into processes: %w", err)
	}
	return &Windows{known: map[processKey]Process{}}, nil
}

// Processes lists them all, and asks about each that is new. One that Windows
// protects from us has no user here, which no person's has.
func (w *Windows) Processes() ([]Process, error) {
	list, err := systemProcesses()
	if err != nil {
		return nil, err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	known := make(map[processKey]Process, len(list))
	var found []Process
	for _, p := range list {
		if before, is := w.known[p.key()]; is {
			p = before
		} else if !p.describe() {
			continue // it has ended
		}
		if p.SID != "" && (p.Command != "" || !p.isPersons()) { // else it is asked again
			known[p.key()] = p
		}
		found = append(found, p)
	}
	w.known = known
	return found, nil
}

// systemProcesses lists processes by what the kernel says of all at once.
func systemProcesses() ([]Process, error) {
	buffer := make([]byte, 1<<20)
	for {
		var size uint32
		err := windows.NtQuerySystemInformation(windows.SystemProcessInformation, unsafe.Pointer(&buffer[0]), uint32(len(buffer)), &size)
		if err == nil {
			break
		}
		if !errors.Is(err, windows.STATUS_INFO_LENGTH_MISMATCH) {
			return nil, err
		}
		buffer = make([]byte, 2*max(len(buffer), int(size)))
	}
	var list []Process
	for at := uintptr(0); ; {
		p := (*windows.SYSTEM_PROCESS_INFORMATION)(unsafe.Pointer(&buffer[at]))
		// One without threads has ended, or can't do anything yet.
		if p.NumberOfThreads > 0 && p.UniqueProcessID != 0 {
			list = append(list, Process{
				PID: uint32(p.UniqueProcessID), Parent: uint32(p.InheritedFromUniqueProcessID), Session: p.SessionID, Started: p.CreateTime,
			})
		}
		if p.NextEntryOffset == 0 {
			return list, nil
		}
		at += uintptr(p.NextEntryOffset)
	}
}

// describe asks whose the process is and what it runs. It returns false if the
// process is gone.
func (p *Process) describe() bool {
	handle, err := windows.OpenProcess(windows.PROCESS_QUERY_LIMITED_INFORMATION, false, p.PID)
	if err != nil {
		return errors.Is(err, windows.ERROR_ACCESS_DENIED)
	}
	defer windows.CloseHandle(handle)
	if !isOf(handle, *p) {
		return false
	}
	var path [windows.MAX_LONG_PATH]uint16
	size := uint32(len(path))
	if windows.QueryFullProcessImageName(handle, 0, &path[0], &size) == nil {
		p.Program = windows.UTF16ToString(path[:size])
	}
	p.Command = commandOf(handle)
	var token windows.Token
	if windows.OpenProcessToken(handle, windows.TOKEN_QUERY, &token) != nil {
		return true
	}
	defer token.Close()
	if user, err := token.GetTokenUser(); err == nil {
		p.SID = user.User.Sid.String()
	}
	return true
}

// isOf reports whether a handle is of this process, and of no other that has got
// its number.
func isOf(handle windows.Handle, p Process) bool {
	var started, ended, kernel, user windows.Filetime
	if windows.GetProcessTimes(handle, &started, &ended, &kernel, &user) != nil {
		return false
	}
	return int64(started.HighDateTime)<<32|int64(started.LowDateTime) == p.Started
}

// commandOf returns the command line that a process was started with; "" if
// Windows does not tell.
func commandOf(process windows.Handle) string {
	buffer := make([]uint64, 1<<13) // as long as one can be, and as a UNICODE_STRING must stand
	var size uint32
	err := windows.NtQueryInformationProcess(process, windows.ProcessCommandLineInformation,
		unsafe.Pointer(&buffer[0]), uint32(len(buffer)*8), &size)
	if err != nil {
		return ""
	}
	return (*windows.NTUnicodeString)(unsafe.Pointer(&buffer[0])).String()
}

// Kill implements System.
func (w *Windows) Kill(p Process) error {
	handle, err := windows.OpenProcess(windows.PROCESS_TERMINATE|windows.PROCESS_QUERY_LIMITED_INFORMATION, false, p.PID)
	if errors.Is(err, windows.ERROR_INVALID_PARAMETER) {
		return nil // it has ended
	}
	if err != nil {
		return fmt.Errorf("ending %s: %w", p.Program, err)
	}
	defer windows.CloseHandle(handle)
	if !isOf(handle, p) {
		return nil
	}
	err = windows.TerminateProcess(handle, 1)
	if errors.Is(err, windows.ERROR_ACCESS_DENIED) {
		var code uint32
		if windows.GetExitCodeProcess(handle, &code) == nil && code != stillActive {
			return nil // it is ending
		}
	}
	if err != nil {
		return fmt.Errorf("ending %s: %w", p.Program, err)
	}
	return nil
}

// stillActive is the status of a process that runs (STILL_ACTIVE).
const stillActive = 259

// Sessions implements System.
func (w *Windows) Sessions() ([]State, error) {
	var list *windows.WTS_SESSION_INFO
	var count uint32
	if err := windows.WTSEnumerateSessions(0, 0, 1, &list, &count); err != nil {
		return nil, err
	}
	defer windows.WTSFreeMemory(uintptr(unsafe.Pointer(list)))
	var found []State
	for _, session := range unsafe.Slice(list, count) {
		switch session.State {
		case windows.WTSActive, windows.WTSConnected, windows.WTSShadow, windows.WTSDisconnected:
		default:
			continue // it listens, or is about to begin or end
		}
		state, err := w.Session(session.SessionID)
		if errors.Is(err, ErrNone) {
			continue
		}
		if err != nil {
			return nil, err
		}
		found = append(found, state)
	}
	return found, nil
}
