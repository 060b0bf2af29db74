//go:build unix

package main

import (
	"fmt"
	"io"
	"log/syslog"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
)

// startAnew runs this program again, in its own place, with a clean environment
// and the session's own in a pipe. It returns only if it can't.
func startAnew(session []string) error {
	program, err := os.Executable()
	if err != nil {
		return fmt.Errorf("finding the program: %w", err)
	}
	read, write, err := os.Pipe()
	if err != nil {
		return fmt.Errorf("making a pipe: %w", err)
	}
	text := strings.Join(session, "\x00")
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
	environment := append(clean(session), sessionFD+"="+strconv.Itoa(fd))
	return fmt.Errorf("starting anew: %w", syscall.Exec(program, os.Args, environment))
}

// pipeSize is what a pipe holds without anybody reading (pipe(7)).
const pipeSize = 64 << 10

// receive reads the session's environment.
func receive(fd string) ([]string, error) {
	number, err := strconv.Atoi(fd)
	if err != nil || number < 3 {
		return nil, fmt.Errorf("%s=%q is no file descriptor of ours", sessionFD, fd)
	}
	pipe := os.NewFile(uintptr(number), "session")
	defer pipe.Close()
	sent, err := io.ReadAll(io.LimitReader(pipe, pipeSize))
	if err != nil {
		return nil, err
	}
	return split(string(sent)), nil
}

// handOver runs the command in this program's place.
func handOver(command, session []string) (status int, err error) {
	path, err := exec.LookPath(command[0])
	if err != nil {
		return exitFault, fmt.Errorf("finding the command: %w", err)
	}
	return exitFault, fmt.Errorf("running %s: %w", path, syscall.Exec(path, command, session))
}

// systemLog writes a line into the log of the host, which practices can't write
// to; where there is none, standard error must do.
func systemLog(line string) {
	if log, err := syslog.New(syslog.LOG_AUTHPRIV|syslog.LOG_NOTICE, "tfa-logon"); err == nil {
		defer log.Close()
		if log.Notice(line) == nil {
			return
		}
	}
	fmt.Fprintln(os.Stderr, "tfa-logon: "+line)
}
