package handover

import (
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"unsafe"

	"golang.org/x/sys/windows"
)

// limits of the job that a child runs in. When this process ends, by whichever
// way, the system closes the job, and that ends the child: a killed gate leaves
// no gate behind that asks on.
//
// What the child itself starts is outside of the job from its first moment. The
// child is userinit.exe, which ends by itself once it has started the desktop.
// Lifting the limit at that end instead would leave the desktop in a job for the
// whole session, and kill it with a gate that is killed a moment earlier, long
// after the yes. Before the yes there is no child but the gate itself, which
// starts nothing.
const limits = windows.JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE | windows.JOB_OBJECT_LIMIT_SILENT_BREAKAWAY_OK

// child is a process in a job of its own.
type child struct {
	job     windows.Handle
	process windows.ProcessInformation
}

// runChild runs a program in a job and returns its status.
func runChild(path string, args, environment []string) (status int, err error) {
	c, err := startChild(path, args, environment)
	if err != nil {
		return 0, err
	}
	return c.wait()
}

// startChild starts a program in a job. It closes the handles that the program
// inherits, besides the standard ones.
func startChild(path string, args, environment []string, inherited ...windows.Handle) (c child, err error) {
	if c.job, err = newJob(); err != nil {
		return child{}, err
	}
	if c.process, err = start(path, args, environment, inherited); err != nil {
		windows.CloseHandle(c.job)
		return child{}, err
	}
	if err := windows.AssignProcessToJobObject(c.job, c.process.Process); err != nil {
		windows.TerminateProcess(c.process.Process, 1)
		c.close()
		return child{}, fmt.Errorf("putting it into a job: %w", err)
	}
	// Up to here not one instruction of it has run.
	if _, err := windows.ResumeThread(c.process.Thread); err != nil {
		c.close()
		return child{}, fmt.Errorf("letting it run: %w", err)
	}
	return c, nil
}

// wait waits for the program and returns its status.
func (c child) wait() (status int, err error) {
	defer c.close()
	// Ctrl+C and the closing of a console reach the child too, which decides.
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	defer signal.Stop(signals)
	if _, err := windows.WaitForSingleObject(c.process.Process, windows.INFINITE); err != nil {
		return 0, fmt.Errorf("waiting for it: %w", err)
	}
	var code uint32
	if err := windows.GetExitCodeProcess(c.process.Process, &code); err != nil {
		return 0, fmt.Errorf("asking for its status: %w", err)
	}
	return int(code), nil
}

// end ends the program.
func (c child) end() { windows.TerminateProcess(c.process.Process, 1) }

// close lets go of the program, and ends it if it still runs.
func (c child) close() {
	for _, handle := range []windows.Handle{c.process.Process, c.process.Thread, c.job} {
		windows.CloseHandle(handle)
	}
}

// newJob returns a job without a name that no child inherits: this process has
// the only handle to it.
func newJob() (windows.Handle, error) {
	job, err := windows.CreateJobObject(nil, nil)
	if err != nil {
		return 0, fmt.Errorf("making a job: %w", err)
	}
	info := windows.JOBOBJECT_EXTENDED_LIMIT_INFORMATION{
		BasicLimitInformation: windows.JOBOBJECT_BASIC_LIMIT_INFORMATION{LimitFlags: limits},
	}
	_, err = windows.SetInformationJobObject(job, windows.JobObjectExtendedLimitInformation,
		uintptr(unsafe.Pointer(&info)), uint32(unsafe.Sizeof(info)))
	if err != nil {
		windows.CloseHandle(job)
		return 0, fmt.Errorf("limiting a job: %w", err)
	}
	return job, nil
}

// start makes a process that does not run yet. It inherits the standard files
// and the given handles, and nothing else; they are closed here.
func start(path string, args, environment []string, inherited []windows.Handle) (process windows.ProcessInformation, err error) {
	startup := windows.StartupInfoEx{StartupInfo: windows.StartupInfo{Flags: windows.STARTF_USESTDHANDLES}}
	startup.Cb = uint32(unsafe.Sizeof(startup))
	for place, standard := range map[*windows.Handle]windows.Handle{
		&startup.StdInput: windows.Stdin, &startup.StdOutput: windows.Stdout, &startup.StdErr: windows.Stderr,
	} {
		// A program without a console may have none of them.
		if handle, err := inheritable(standard); err == nil {
			*place = handle
			inherited = append(inherited, handle)
		}
	}
	defer func() {
		for _, handle := range inherited {
			windows.CloseHandle(handle)
		}
	}()
	attributes, err := windows.NewProcThreadAttributeList(1)
	if err != nil {
		return process, fmt.Errorf("listing what it inherits: %w", err)
	}
	defer attributes.Delete()
	if len(inherited) > 0 {
		err = attributes.Update(windows.PROC_THREAD_ATTRIBUTE_HANDLE_LIST,
			unsafe.Pointer(&inherited[0]), uintptr(len(inherited))*unsafe.Sizeof(inherited[0]))
		if err != nil {
			return process, fmt.Errorf("listing what it inherits: %w", err)
		}
	}
	startup.ProcThreadAttributeList = attributes.List()
	program, err := windows.UTF16PtrFromString(path)
	if err != nil {
		return process, err
	}
	line, err := windows.UTF16PtrFromString(windows.ComposeCommandLine(args))
	if err != nil {
		return process, err
	}
	block, err := environmentBlock(environment)
	if err != nil {
		return process, err
	}
	err = windows.CreateProcess(program, line, nil, nil, len(inherited) > 0,
		windows.CREATE_SUSPENDED|windows.CREATE_UNICODE_ENVIRONMENT|windows.EXTENDED_STARTUPINFO_PRESENT,
		&block[0], nil, &startup.StartupInfo, &process)
	return process, err
}

// inheritable returns a copy of a handle that a child can inherit.
func inheritable(handle windows.Handle) (windows.Handle, error) {
	if handle == 0 || handle == windows.InvalidHandle {
		return 0, windows.ERROR_INVALID_HANDLE
	}
	var copied windows.Handle
	self := windows.CurrentProcess()
	err := windows.DuplicateHandle(self, handle, self, &copied, 0, true, windows.DUPLICATE_SAME_ACCESS)
	return copied, err
}

// environmentBlock writes an environment as CreateProcess takes it: each entry
// ends with a zero, and the whole with one more.
func environmentBlock(environment []string) ([]uint16, error) {
	var block []uint16
	for _, entry := range environment {
		text, err := windows.UTF16FromString(entry)
		if err != nil {
			return nil, fmt.Errorf("writing the environment: %w", err)
		}
		block = append(block, text...)
	}
	if len(block) == 0 {
		block = append(block, 0)
	}
	return append(block, 0), nil
}
