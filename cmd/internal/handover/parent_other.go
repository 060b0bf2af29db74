//go:build unix && !linux

package handover

import "syscall"

// endsWithParent does nothing: only Linux ends a process with its parent.
func endsWithParent() *syscall.SysProcAttr { return nil }
