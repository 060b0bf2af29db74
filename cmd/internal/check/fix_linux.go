package check

import (
	"fmt"
	"os"
	"syscall"

	"golang.org/x/sys/unix"

	"evry.nl/tfa/cmd/internal/access"
)

// onFile runs act on the file or folder that stands at path itself. Members of a
// practice may write in its folder: since it was looked at, somebody may have
// put a link there to a file of the system, which root would then open to them.
func onFile(path string, act func(fd int) error) error {
	fd, err := unix.Open(path, unix.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		return &os.PathError{Op: "open", Path: path, Err: err}
	}
	defer unix.Close(fd)
	var s unix.Stat_t
	if err := unix.Fstat(fd, &s); err != nil {
		return &os.PathError{Op: "stat", Path: path, Err: err}
	}
	if kind := s.Mode & unix.S_IFMT; kind != unix.S_IFDIR && (kind != unix.S_IFREG || s.Nlink > 1) {
		return fmt.Errorf("%s: %w", path, access.ErrKind)
	}
	return act(fd)
}

func setMode(path string, mode os.FileMode) func() error {
	return func() error {
		return onFile(path, func(fd int) error { return unix.Fchmod(fd, permissions(mode)) })
	}
}

// setOwner gives a file to an account and a group; -1 leaves either.
func setOwner(path string, uid, gid int) func() error {
	return func() error {
		return onFile(path, func(fd int) error { return unix.Fchown(fd, uid, gid) })
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
