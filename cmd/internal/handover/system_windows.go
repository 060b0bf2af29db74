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

// startAnew runs the fronts, or this program again if there are none, with a
// clean environment and the session's own in a pipe, and ends with the status of
// the one that could ask. It returns only if none can be run.
func startAnew(r rules, session []string, fronts []Front) error {
	status, err := anew(r, session, fronts)
	if err != nil {
		return fmt.Errorf("starting anew: %w", err)
	}
	os.Exit(status)
	return nil
}

// noAnswer is the status of a no.
const noAnswer = 1

func anew(r rules, session []string, fronts []Front) (status int, err error) {
	if len(fronts) > 0 {
		answer, err := firstThatAsks(fronts, func(f Front) (Answer, error) {
			entry, pipe, err := sessionPipe(session)
			if err != nil {
				return Answer{}, err
			}
			return attempt(f, append(r.clean(session), entry), pipe)
		})
		if answer.Status == 0 && !answer.Yes { // it was ended as if all were well
			return noAnswer, err
		}
		return answer.Status, err
	}
	program, err := os.Executable()
	if err != nil {
		return 0, fmt.Errorf("finding the program: %w", err)
	}
	entry, pipe, err := sessionPipe(session)
	if err != nil {
		return 0, err
	}
	c, err := startChild(program, os.Args, append(r.clean(session), entry), pipe)
	if err != nil {
		return 0, err
	}
	return c.wait()
}

// sessionPipe returns a pipe that holds the session's environment, and the
// variable that names it to a program that inherits it.
func sessionPipe(session []string) (entry string, pipe windows.Handle, err error) {
	read, write, err := os.Pipe()
	if err != nil {
		return "", 0, fmt.Errorf("making a pipe: %w", err)
	}
	defer read.Close()
	if pipe, err = inheritable(windows.Handle(read.Fd())); err != nil {
		write.Close()
		return "", 0, fmt.Errorf("making a pipe: %w", err)
	}
	go func() { // the new program reads it; how much a pipe holds is not promised
		io.WriteString(write, join(session))
		write.Close()
	}()
	return variable + "=" + strconv.FormatUint(uint64(pipe), 10), pipe, nil
}

// receive reads the session's environment.
func receive(told string) ([]string, error) {
	handle, err := pipeOf(told)
	if err != nil {
		return nil, fmt.Errorf("%s=%q is no pipe of ours", variable, told)
	}
	pipe := os.NewFile(uintptr(handle), "session")
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
