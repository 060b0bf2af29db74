//go:build unix

package handover

import (
	"fmt"
	"io"
	"os"
	"strconv"
	"syscall"
)

func systemRules() (rules, error) { return forUnix(), nil }

// startAnew runs this program again, in its own place, with a clean environment
// and the session's own in a pipe. It returns only if it can't. The fronts come
// later: a process can't be trusted with their answer that was told what to load.
func startAnew(r rules, session []string, _ []Front) error {
	program, err := os.Executable()
	if err != nil {
		return fmt.Errorf("finding the program: %w", err)
	}
	read, write, err := os.Pipe()
	if err != nil {
		return fmt.Errorf("making a pipe: %w", err)
	}
	text := join(session)
	if len(text) > pipeSize {
		return fmt.Errorf("the environment has %d bytes, at most %d are taken", len(text), pipeSize)
	}
	if _, err := io.WriteString(write, text); err != nil {
		return fmt.Errorf("writing the environment: %w", err)
	}
	write.Close()
	fd, err := syscall.Dup(int(read.Fd())) // without close-on-exec
	if err != nil {
		return fmt.Errorf("making a pipe: %w", err)
	}
	environment := append(r.clean(session), variable+"="+strconv.Itoa(fd))
	return fmt.Errorf("starting anew: %w", syscall.Exec(program, os.Args, environment))
}

// pipeSize is what a pipe holds without anybody reading (pipe(7)).
const pipeSize = 64 << 10

// receive reads the session's environment.
func receive(fd string) ([]string, error) {
	number, err := strconv.Atoi(fd)
	if err != nil || number < 3 {
		return nil, fmt.Errorf("%s=%q is no file descriptor of ours", variable, fd)
	}
	pipe := os.NewFile(uintptr(number), "session")
	defer pipe.Close()
	sent, err := io.ReadAll(io.LimitReader(pipe, pipeSize))
	if err != nil {
		return nil, err
	}
	return split(string(sent)), nil
}

// become runs the program at path in this program's place, and returns only if
// it can't.
func become(path string, command, session []string) (status int, err error) {
	return 0, syscall.Exec(path, command, session)
}
