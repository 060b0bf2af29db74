package handover

import "syscall"

// endsWithParent has a process killed when the one that started it ends.
func endsWithParent() *syscall.SysProcAttr { return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} }
