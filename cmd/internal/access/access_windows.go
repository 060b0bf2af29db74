package access

import (
	"errors"
	"fmt"
	"os"

	"evry.nl/tfa/storage/acl"
)

// Trusted reports whether what an open file says can be believed: it is a plain
// file of the administrators or the caller that nobody else may write. Errors:
// ErrKind, ErrOwner, ErrWritable.
func Trusted(file *os.File) error {
	caller, err := acl.Caller()
	if err != nil {
		return err
	}
	return judgeFile(file, caller)
}

// Official is Trusted for a file of the host itself: the caller counts only as
// an administrator, because everybody may make a folder or file in ProgramData
// that is not there yet. Errors: those of Trusted.
func Official(file *os.File) error {
	if Administrator() {
		return Trusted(file)
	}
	return judgeFile(file, "")
}

func judgeFile(file *os.File, caller string) error {
	info, err := file.Stat()
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return fmt.Errorf("%s: %w", file.Name(), ErrKind)
	}
	list, err := acl.OfFile(file)
	if err != nil {
		return err
	}
	return told(file.Name(), list.Trusted(caller), ErrWritable)
}

// Private reports whether a folder is the caller's and lets in nobody but them,
// the administrators and the system. Errors: those of os.Lstat, ErrKind,
// ErrOwner, ErrShared.
func Private(folder string) error {
	info, err := os.Lstat(folder)
	if err != nil {
		return err
	}
	if !info.IsDir() {
		return fmt.Errorf("%s: %w", folder, ErrKind)
	}
	list, caller, err := look(folder)
	if err != nil {
		return err
	}
	return told(folder, list.Private(caller), ErrShared)
}

// Own reports whether a file is the caller's and no link. Errors: those of
// os.Lstat, ErrKind, ErrOwner.
func Own(path string) error {
	info, err := os.Lstat(path)
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return fmt.Errorf("%s: %w", path, ErrKind)
	}
	list, caller, err := look(path)
	if err != nil {
		return err
	}
	if err := list.Private(caller); errors.Is(err, acl.ErrOwner) {
		return told(path, err, ErrShared)
	}
	return nil
}

// look returns the list of a file, and who asks.
func look(path string) (list acl.List, caller string, err error) {
	if list, err = acl.Of(path); err == nil {
		caller, err = acl.Caller()
	}
	if errors.Is(err, acl.ErrLink) {
		err = fmt.Errorf("%s: %w", path, ErrKind)
	}
	return list, caller, err
}

// told says what a list is refused for, in the words of this package.
func told(path string, err, wrong error) error {
	var who *acl.StrangerError
	switch {
	case errors.Is(err, acl.ErrOwner):
		return fmt.Errorf("%s: %w", path, ErrOwner)
	case errors.As(err, &who):
		return fmt.Errorf("%s: %w (%s)", path, wrong, acl.Name(who.SID))
	}
	return err
}

// Administrator reports whether the process may do everything on this host.
func Administrator() bool { return acl.IsElevated() }
