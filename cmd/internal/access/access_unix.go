//go:build unix

package access

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// Trusted reports whether what an open file says can be believed: it is a plain
// file of root or the caller that nobody else may write. It looks at the open
// file, so a path that is exchanged meanwhile changes nothing. Errors: ErrKind,
// ErrOwner, ErrWritable.
func Trusted(file *os.File) error {
	info, err := file.Stat()
	if err != nil {
		return err
	}
	uid, _, err := owner(info)
	switch {
	case err != nil:
		return err
	case !info.Mode().IsRegular():
		return fmt.Errorf("%s: %w", file.Name(), ErrKind)
	case uid != 0 && uid != os.Getuid():
		return fmt.Errorf("%s: %w", file.Name(), ErrOwner)
	case info.Mode().Perm()&0o022 != 0:
		return fmt.Errorf("%s: %w", file.Name(), ErrWritable)
	}
	return nil
}

// Official is Trusted for a file of the host itself: its owner is root, not
// just anybody who came here first. Errors: those of Trusted.
func Official(file *os.File) error {
	if err := Trusted(file); err != nil {
		return err
	}
	info, err := file.Stat()
	if err != nil {
		return err
	}
	if uid, _, err := owner(info); err != nil || uid != 0 {
		return errors.Join(err, fmt.Errorf("%s: %w", file.Name(), ErrOwner))
	}
	return nil
}

// Private reports whether a folder belongs to the caller and lets in nobody
// else: no link, no bit for group or others. Errors: those of os.Lstat, ErrKind,
// ErrOwner, ErrShared.
func Private(folder string) error {
	info, err := os.Lstat(folder)
	if err != nil {
		return err
	}
	uid, _, err := owner(info)
	switch {
	case err != nil:
		return err
	case !info.IsDir():
		return fmt.Errorf("%s: %w", folder, ErrKind)
	case uid != os.Getuid():
		return fmt.Errorf("%s: %w", folder, ErrOwner)
	case info.Mode().Perm()&0o077 != 0:
		return fmt.Errorf("%s: %w", folder, ErrShared)
	}
	return nil
}

// Own reports whether a file was made by the caller where it stands: no link to
// another file, by either kind of link, and nobody else's. Errors: those of
// os.Lstat, ErrKind, ErrOwner.
func Own(path string) error {
	info, err := os.Lstat(path)
	if err != nil {
		return err
	}
	uid, links, err := owner(info)
	switch {
	case err != nil:
		return err
	case !info.Mode().IsRegular(), links > 1:
		return fmt.Errorf("%s: %w", path, ErrKind)
	case uid != os.Getuid():
		return fmt.Errorf("%s: %w", path, ErrOwner)
	}
	return nil
}

// Administrator reports whether the process may do everything on this host.
func Administrator() bool { return os.Getuid() == 0 }

func owner(info fs.FileInfo) (uid, links int, err error) {
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return 0, 0, fmt.Errorf("%s: the system does not tell the owner", info.Name())
	}
	return int(stat.Uid), int(stat.Nlink), nil
}

// OnFile runs act on the file or folder that stands at path itself. Members of a
// practice may write in its folder: since it was looked at, somebody may have
// put a link there to a file of the system, which root would then open to them.
// Error: ErrKind for a link, or a file with a second name.
func OnFile(path string, act func(fd int) error) error {
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
		return fmt.Errorf("%s: %w", path, ErrKind)
	}
	return act(fd)
}
