package check

import (
	"fmt"
	"os"
	"syscall"

	"golang.org/x/sys/unix"

	"evry.nl/tfa/cmd/internal/access"
)

func setMode(path string, mode os.FileMode) func() error {
	return func() error {
		return access.OnFile(path, func(fd int) error { return unix.Fchmod(fd, permissions(mode)) })
	}
}

// setOwner gives a file to an account and a group; -1 leaves either.
func setOwner(path string, uid, gid int) func() error {
	return func() error {
		return access.OnFile(path, func(fd int) error { return unix.Fchown(fd, uid, gid) })
	}
}

func ownerOf(info os.FileInfo) *syscall.Stat_t { return info.Sys().(*syscall.Stat_t) }

// permissions returns a mode as chmod(2) takes it.
func permissions(mode os.FileMode) uint32 {
	bits := uint32(mode.Perm())
	for flag, bit := range map[os.FileMode]uint32{os.ModeSetuid: unix.S_ISUID, os.ModeSetgid: unix.S_ISGID, os.ModeSticky: unix.S_ISVTX} {
		if mode&flag != 0 {
			bits |= bit
		}
	}
	return bits
}

func octal(mode os.FileMode) string { return fmt.Sprintf("%04o", permissions(mode)) }
