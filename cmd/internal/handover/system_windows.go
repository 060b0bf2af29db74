package handover

import (
	"fmt"
	"io"
	"os"
	"strconv"

	"golang.org/x/sys/windows"
)

// systemRules asks the system where Windows is: %SystemRoot% itself is the
// session's to set.
func systemRules() (rules, error) {
	folder, err := windows.GetSystemWindowsDirectory()
	if err != nil {
		return rules{}, fmt.Errorf("finding Windows: %w", err)
	}
	return forWindows(folder), nil
}

// startAnew runs this program again, with a clean environment and the session's
// own in a pipe, and ends with its status. It returns only if it can't.
func startAnew(r rules, session []string) error {
	program, err := os.Executable()
	if err != nil {
		return fmt.Errorf("finding the program: %w", err)
	}
	read, write, err := os.Pipe()
	if err != nil {
		return fmt.Errorf("making a pipe: %w", err)
	}
	inherited, err := inheritable(windows.Handle(read.Fd()))
	if err != nil {
		return fmt.Errorf("making a pipe: %w", err)
	}
	go func() { // the new program reads it; how much a pipe holds is not promised
		io.WriteString(write, join(session))
		write.Close()
	}()
	environment := append(r.clean(session), variable+"="+strconv.FormatUint(uint64(inherited), 10))
	status, err := runChild(program, os.Args, environment, inherited)
	if err != nil {
		return fmt.Errorf("starting anew: %w", err)
	}
	os.Exit(status)
	return nil
}

// receive reads the session's environment.
func receive(handle string) ([]string, error) {
	number, err := strconv.ParseUint(handle, 10, 32) // handles have 32 bits that count
	if err != nil {
		return nil, fmt.Errorf("%s=%q is no handle", variable, handle)
	}
	if kind, err := windows.GetFileType(windows.Handle(number)); err != nil || kind != windows.FILE_TYPE_PIPE {
		return nil, fmt.Errorf("%s=%q is no pipe of ours", variable, handle)
	}
	pipe := os.NewFile(uintptr(number), "session")
	defer pipe.Close()
	sent, err := io.ReadAll(pipe)
	if err != nil {
		return nil, err
	}
	return split(string(sent)), nil
}

// become runs the program at path, waits for it and returns its status: no
// program can take another's place here. Error: it did not run.
func become(path string, command, session []string) (status int, err error) {
	return runChild(path, command, session)
}
