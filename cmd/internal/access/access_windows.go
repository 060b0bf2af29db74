package access

import (
	"fmt"
	"os"
	"unsafe"

	"golang.org/x/sys/windows"
)

// writing are the rights with which somebody can change a file, or give
// themselves the right to.
const writing = windows.FILE_WRITE_DATA | windows.FILE_APPEND_DATA | windows.FILE_WRITE_EA |
	windows.FILE_WRITE_ATTRIBUTES | windows.DELETE | windows.WRITE_DAC | windows.WRITE_OWNER |
	windows.GENERIC_WRITE | windows.GENERIC_ALL

// Trusted reports whether what an open file says can be believed: it is a plain
// file of the administrators or the caller that nobody else may write. Errors:
// ErrKind, ErrOwner, ErrWritable.
func Trusted(file *os.File) error {
	caller, err := caller()
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
	return judgeFile(file, nil)
}

func judgeFile(file *os.File, caller *windows.SID) error {
	info, err := file.Stat()
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return fmt.Errorf("%s: %w", file.Name(), ErrKind)
	}
	sd, err := windows.GetSecurityInfo(windows.Handle(file.Fd()), windows.SE_FILE_OBJECT,
		windows.OWNER_SECURITY_INFORMATION|windows.DACL_SECURITY_INFORMATION)
	if err != nil {
		return fmt.Errorf("reading who may reach %s: %w", file.Name(), err)
	}
	return judge(file.Name(), sd, caller, writing, ErrWritable)
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
	return judgePath(folder, ^windows.ACCESS_MASK(0))
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
	return judgePath(path, 0)
}

func judgePath(path string, mask windows.ACCESS_MASK) error {
	sd, err := windows.GetNamedSecurityInfo(path, windows.SE_FILE_OBJECT,
		windows.OWNER_SECURITY_INFORMATION|windows.DACL_SECURITY_INFORMATION)
	if err != nil {
		return fmt.Errorf("reading who may reach %s: %w", path, err)
	}
	caller, err := caller()
	if err != nil {
		return err
	}
	return judge(path, sd, caller, mask, ErrShared)
}

// Administrator reports whether the process may do everything on this host.
func Administrator() bool { return windows.GetCurrentProcessToken().IsElevated() }

// caller returns who runs this process.
func caller() (*windows.SID, error) {
	user, err := windows.GetCurrentProcessToken().GetTokenUser()
	if err != nil {
		return nil, fmt.Errorf("asking who runs this process: %w", err)
	}
	return user.User.Sid, nil
}

// judge holds that the owner is trusted and nobody else is granted a right of
// mask. What it can't read it refuses.
func judge(path string, sd *windows.SECURITY_DESCRIPTOR, caller *windows.SID, mask windows.ACCESS_MASK, wrong error) error {
	owner, _, err := sd.Owner()
	if err != nil || !trusted(owner, caller) {
		return fmt.Errorf("%s: %w", path, ErrOwner)
	}
	list, _, err := sd.DACL()
	if err != nil || list == nil { // no list lets everybody in
		return fmt.Errorf("%s: %w", path, wrong)
	}
	for i := range uint32(list.AceCount) {
		var ace *windows.ACCESS_ALLOWED_ACE
		if err := windows.GetAce(list, i, &ace); err != nil {
			return fmt.Errorf("reading who may reach %s: %w", path, err)
		}
		if ace.Header.AceType == windows.ACCESS_DENIED_ACE_TYPE || ace.Mask&mask == 0 {
			continue
		}
		sid := (*windows.SID)(unsafe.Pointer(&ace.SidStart))
		if ace.Header.AceType != windows.ACCESS_ALLOWED_ACE_TYPE || !trusted(sid, caller) {
			return fmt.Errorf("%s: %w", path, wrong)
		}
	}
	return nil
}

// trusted reports whether sid stands for the caller, if given, the administrators, the
// system, or the owner in the list of a folder for what is made in it.
func trusted(sid, caller *windows.SID) bool {
	return caller != nil && sid.Equals(caller) || sid.IsWellKnown(windows.WinBuiltinAdministratorsSid) ||
		sid.IsWellKnown(windows.WinLocalSystemSid) || sid.IsWellKnown(windows.WinCreatorOwnerSid)
}
