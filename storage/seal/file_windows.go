package seal

import (
	"errors"
	"os"

	"evry.nl/tfa/core"
	"evry.nl/tfa/storage/acl"
)

// checkFile refuses a key that others can reach than its folder is for, and one
// that they may change.
func checkFile(_ *os.File, path string) error {
	err := acl.CheckWithin(path, true)
	var who *acl.StrangerError
	args := core.Args{"Path": path}
	switch {
	case err == nil:
		return nil
	case errors.Is(err, acl.ErrOwner), errors.Is(err, acl.ErrLink):
		return core.NewError(core.Internal, "key.list_owner", args, err)
	case errors.As(err, &who):
		args["Who"] = acl.Name(who.SID)
		return core.NewError(core.Internal, "key.list", args, err)
	}
	return unreadable(path, err)
}

// restrict gives a new key file the list that goes with its folder.
func restrict(file *os.File) error { return acl.SetInside(file.Name(), true) }

// resemble and giveFolderGroup have nothing to do: the list was given already.
func resemble(*os.File, os.FileInfo) error { return nil }

func giveFolderGroup(*os.File) error { return nil }
