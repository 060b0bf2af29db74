//go:build unix

package handover

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"strconv"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// endsWithin is how long a front may take to end once it has said yes.
const endsWithin = 2 * time.Second

// reportFD is the file of a front on which it reports.
const reportFD = 3

// attempt runs a front and returns what became of it.
func attempt(f Front, environment []string) (Answer, error) {
	// The kernel ends it with the thread that started it.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	// Whoever types Ctrl-C means the front, which decides.
	typed := make(chan os.Signal, 1)
	signal.Notify(typed, os.Interrupt, syscall.SIGQUIT)
	defer signal.Stop(typed)

	read, write, err := os.Pipe()
	if err != nil {
		return Answer{}, fmt.Errorf("making a pipe: %w", err)
	}
	defer read.Close()
	cmd := exec.Command(f.Program, append([]string{ReportFlag, strconv.Itoa(reportFD)}, f.Args...)...)
	cmd.Env, cmd.Stdin, cmd.Stdout, cmd.Stderr = environment, os.Stdin, os.Stdout, os.Stderr
	cmd.ExtraFiles = []*os.File{write}
	cmd.SysProcAttr = endsWithParent()
	err = cmd.Start()
	write.Close()
	if err != nil {
		return Answer{}, fmt.Errorf("starting %s: %w", f.Program, err)
	}
	answer := listen(read, func() { cmd.Process.Kill() })
	if answer.Yes {
		defer time.AfterFunc(endsWithin, func() { cmd.Process.Kill() }).Stop()
	}
	cmd.Wait()
	answer.Status = cmd.ProcessState.ExitCode()
	return answer, nil
}

// reportPipe returns the file that was told.
func reportPipe(told string) (*os.File, error) {
	var stat unix.Stat_t
	if told != strconv.Itoa(reportFD) || unix.Fstat(reportFD, &stat) != nil || stat.Mode&unix.S_IFMT != unix.S_IFIFO {
		return nil, errors.New(ReportFlag + " " + told + " is no pipe of ours")
	}
	unix.CloseOnExec(reportFD)
	return os.NewFile(reportFD, "report"), nil
}
