//go:build unix

package stores

import (
	"errors"
	"io/fs"
	"os"
	"slices"
	"syscall"

	"golang.org/x/sys/unix"

	"evry.nl/tfa/cmd/internal/access"
	"evry.nl/tfa/cmd/internal/config"
)

// NotFor returns the folders and files of a practice that are not for whom they
// should be: for group, or with group "" for root alone. Without a store there
// are none. What a group has is only missed where root alone has it, as the
// service left it: other groups are the administrator's to choose.
func NotFor(cfg config.Config, practice, group string) ([]string, error) {
	if !Exists(cfg, practice) {
		return nil, nil
	}
	paths, err := held(cfg, practice)
	if err != nil {
		return nil, err
	}
	var wrong []string
	for _, path := range paths {
		info, err := os.Lstat(path)
		if errors.Is(err, fs.ErrNotExist) { // SQLite's own come and go
			continue
		}
		if err != nil {
			return nil, err
		}
		if group == "" && !isPrivate(info) || group != "" && isClosed(info) {
			wrong = append(wrong, path)
		}
	}
	return wrong, nil
}

// isPrivate reports whether a file is for root alone. SQLite's files may be for
// the group, as long as that is root's.
func isPrivate(info os.FileInfo) bool {
	owned, mode := info.Sys().(*syscall.Stat_t), info.Mode()
	return owned.Uid == 0 && owned.Gid == 0 && mode.Perm()&0o007 == 0 && (!info.IsDir() || mode.Perm()&0o077 == 0)
}

// isClosed reports whether the service had the file.
func isClosed(info os.FileInfo) bool {
	return info.Sys().(*syscall.Stat_t).Gid == 0 || info.IsDir() && info.Mode().Perm()&0o070 == 0
}

// Give gives what NotFor found to whom it should be for. The folders come first
// when it is for root: whoever was let in before then changes nothing any more.
// What can't be given stays as it is, and does not keep the rest. Errors:
// access.ErrKind for a file with two names, and those of the system, for a link.
func Give(cfg config.Config, practice, group string) error {
	owned, err := ownership(group)
	if err != nil {
		return err
	}
	var failed []error
	for range 2 { // once more for what came while the folder was open
		wrong, err := NotFor(cfg, practice, group)
		if err != nil {
			return err
		}
		if owned.shared { // and last when it is for others
			slices.Reverse(wrong)
		}
		failed = nil
		for _, path := range wrong {
			if err := owned.giveTo(path, isKey(cfg, practice, path)); err != nil && !errors.Is(err, fs.ErrNotExist) {
				failed = append(failed, err)
			}
		}
	}
	return errors.Join(failed...)
}

// giveTo gives one folder or file to root alone, or to a group and root.
func (o owner) giveTo(path string, isKey bool) error {
	return access.OnFile(path, func(fd int) error {
		var s unix.Stat_t
		if err := unix.Fstat(fd, &s); err != nil {
			return err
		}
		gid, mode := 0, uint32(0o600)
		if s.Mode&unix.S_IFMT == unix.S_IFDIR {
			mode = privateFolder
		}
		switch {
		case !o.shared:
		case s.Mode&unix.S_IFMT == unix.S_IFDIR:
			gid, mode = o.gid, unix.S_ISGID|0o770
		case isKey:
			gid, mode = o.gid, sharedKey
		default:
			gid, mode = o.gid, 0o660
		}
		// Closed first, so that nobody gets in between: a change of owner leaves
		// the mode.
		if err := unix.Fchmod(fd, s.Mode&0o700); err != nil {
			return err
		}
		if err := unix.Fchown(fd, 0, gid); err != nil {
			return err
		}
		return unix.Fchmod(fd, mode)
	})
}
