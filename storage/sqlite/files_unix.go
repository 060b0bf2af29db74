//go:build unix

package sqlite

import (
	"fmt"
	"os"
	"path/filepath"
	"syscall"

	"golang.org/x/sys/unix"

	"evry.nl/tfa/core"
)

const (
	// othersBits let in people of other practices.
	othersBits = 0o007
	groupBits  = 0o070
)

// share gives a new file the mode and group of the practice. The kernel does
// the latter itself where the folder has its setgid bit.
func share(file *os.File) error {
	if err := file.Chmod(sharedMode); err != nil {
		return err
	}
	folder, err := os.Stat(filepath.Dir(file.Name()))
	if err != nil {
		return err
	}
	info, err := file.Stat()
	if err != nil || owners(info).Gid == owners(folder).Gid {
		return err
	}
	return file.Chown(-1, int(owners(folder).Gid))
}

// checkFolderOwner refuses a folder that strangers own or may enter, and one
// in which SQLite's files would get a group that locks the colleagues out.
func checkFolderOwner(path string, info os.FileInfo) error {
	mode, owned := info.Mode(), owners(info)
	switch {
	case mode&othersBits != 0:
		return loose(path, mode)
	case owned.Uid != 0 && int(owned.Uid) != os.Geteuid():
		return foreign(path, owned)
	case mode&groupBits != 0 && mode&os.ModeSetgid == 0 && int(owned.Gid) != os.Getegid():
		return core.NewError(core.Internal, "store.setgid", core.Args{"Path": path}, nil)
	}
	return nil
}

// checkFile refuses a store that strangers may read or that has left the
// practice's group. Nothing is opened for it: closing a second descriptor of a
// store would drop the locks that SQLite holds through the first.
func (s *Store) checkFile(info os.FileInfo) error {
	folder, err := os.Stat(filepath.Dir(s.path))
	if err != nil {
		return s.explain(err)
	}
	switch {
	case !info.Mode().IsRegular():
		return s.fault(core.Internal, "store.corrupt", fmt.Errorf("%s is no file", s.path))
	case info.Mode()&othersBits != 0:
		return loose(s.path, info.Mode())
	case owners(info).Gid != owners(folder).Gid:
		return foreign(s.path, owners(info))
	}
	return s.checkAccess()
}

// checkAccess tells a store that can't be written from one that is not there
// for this person, which SQLite calls by one name.
func (s *Store) checkAccess() error {
	for _, path := range []string{s.path, filepath.Dir(s.path)} {
		if err := unix.Faccessat(unix.AT_FDCWD, path, unix.R_OK, unix.AT_EACCESS); err != nil {
			return s.explain(err)
		}
		if err := unix.Faccessat(unix.AT_FDCWD, path, unix.W_OK, unix.AT_EACCESS); err != nil {
			return s.fault(core.Internal, "store.readonly", err)
		}
	}
	return nil
}

func foreign(path string, owned *syscall.Stat_t) error {
	return core.NewError(core.Internal, "store.owner", core.Args{"Path": path, "Owner": owned.Uid, "Group": owned.Gid}, nil)
}

func owners(info os.FileInfo) *syscall.Stat_t { return info.Sys().(*syscall.Stat_t) }
