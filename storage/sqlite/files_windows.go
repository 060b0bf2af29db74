package sqlite

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"evry.nl/tfa/core"
	"evry.nl/tfa/storage/acl"
)

// share gives a new file the list of the practice. What SQLite makes beside it
// inherits that of the folder.
func share(file *os.File) error { return acl.SetInside(file.Name(), false) }

// checkFolderOwner refuses a folder that strangers own or may enter.
func checkFolderOwner(path string, _ os.FileInfo) error {
	list, caller, err := acl.Look(path)
	if err == nil {
		_, err = list.Group(caller)
	}
	return refused(path, err)
}

// checkFile refuses a store that others can reach than its folder is for.
func (s *Store) checkFile(info os.FileInfo) error {
	if !info.Mode().IsRegular() {
		return s.fault(core.Internal, "store.corrupt", errors.New(s.path+" is no file"))
	}
	return refused(s.path, acl.CheckWithin(s.path, false))
}

// refused tells the person why a file or folder is not opened.
func refused(path string, err error) error {
	var who *acl.StrangerError
	args := core.Args{"Path": filepath.Clean(path)}
	switch {
	case errors.Is(err, acl.ErrOwner), errors.Is(err, acl.ErrLink):
		return core.NewError(core.Internal, "store.list_owner", args, err)
	case errors.Is(err, fs.ErrPermission):
		return core.NewError(core.Internal, "store.denied", args, err)
	case errors.As(err, &who):
		args["Who"] = acl.Name(who.SID)
		return core.NewError(core.Internal, "store.list", args, err)
	}
	return err
}
