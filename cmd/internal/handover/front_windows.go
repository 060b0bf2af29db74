package handover

import (
	"errors"
	"fmt"
	"os"
	"strconv"

	"golang.org/x/sys/windows"
)

// attempt runs a front and returns what became of it. The front inherits these
// handles besides, which are closed here.
func attempt(f Front, environment []string, inherited ...windows.Handle) (Answer, error) {
	read, write, err := os.Pipe()
	if err != nil {
		return Answer{}, fmt.Errorf("making a pipe: %w", err)
	}
	defer read.Close()
	report, err := inheritable(windows.Handle(write.Fd()))
	write.Close()
	if err != nil {
		return Answer{}, fmt.Errorf("making a pipe: %w", err)
	}
	args := append([]string{f.Program, ReportFlag, strconv.FormatUint(uint64(report), 10)}, f.Args...)
	c, err := startChild(f.Program, args, environment, append(inherited, report)...)
	if err != nil {
		return Answer{}, fmt.Errorf("starting %s: %w", f.Program, err)
	}
	answer := listen(read, c.end)
	answer.Status, err = c.wait()
	return answer, err
}

// reportPipe returns the pipe that was told.
func reportPipe(told string) (*os.File, error) {
	handle, err := pipeOf(told)
	if err != nil {
		return nil, errors.New(ReportFlag + " " + told + " is no pipe of ours")
	}
	return os.NewFile(uintptr(handle), "report"), nil
}

// pipeOf returns the pipe that a number stands for.
func pipeOf(told string) (windows.Handle, error) {
	number, err := strconv.ParseUint(told, 10, 32) // handles have 32 bits that count
	if err != nil {
		return 0, err
	}
	if kind, err := windows.GetFileType(windows.Handle(number)); err != nil || kind != windows.FILE_TYPE_PIPE {
		return 0, windows.ERROR_INVALID_HANDLE
	}
	return windows.Handle(number), nil
}
