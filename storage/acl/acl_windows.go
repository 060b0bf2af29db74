package acl

import (
	"fmt"
	"os"
	"path/filepath"
	"unsafe"

	"github.com/Microsoft/go-winio"
	"golang.org/x/sys/windows"
)

// Name returns who a SID is, as DOMAIN\name; the SID itself, if nobody knows.
func Name(sid string) string {
	parsed, err := windows.StringToSid(sid)
	if err != nil {
		return sid
	}
	name, domain, _, err := parsed.LookupAccount("")
	switch {
	case err != nil:
		return sid
	case domain == "":
		return name
	}
	return domain + `\` + name
}

// Caller returns who runs this process.
func Caller() (string, error) {
	user, err := windows.GetCurrentProcessToken().GetTokenUser()
	if err != nil {
		return "", fmt.Errorf("asking who runs this process: %w", err)
	}
	return user.User.Sid.String(), nil
}

// IsElevated reports whether this process has an administrator's rights.
func IsElevated() bool { return windows.GetCurrentProcessToken().IsElevated() }

// Of returns the list of what stands at a path. Errors: ErrLink, fs.ErrNotExist.
func Of(path string) (l List, err error) {
	err = onPath(path, windows.READ_CONTROL, func(handle windows.Handle, _ *windows.ByHandleFileInformation) error {
		l, err = of(path, handle)
		return err
	})
	return l, err
}

// OfFile returns the list of an open file.
func OfFile(file *os.File) (List, error) { return of(file.Name(), windows.Handle(file.Fd())) }

func of(path string, handle windows.Handle) (List, error) {
	sd, err := windows.GetSecurityInfo(handle, windows.SE_FILE_OBJECT,
		windows.OWNER_SECURITY_INFORMATION|windows.DACL_SECURITY_INFORMATION)
	if err == nil {
		var l List
		if l, err = parse(sd); err == nil {
			return l, nil
		}
	}
	return List{}, fmt.Errorf("reading who may reach %s: %w", path, err)
}

// parse reads what Windows lists.
func parse(sd *windows.SECURITY_DESCRIPTOR) (l List, err error) {
	if owner, _, err := sd.Owner(); err == nil && owner != nil {
		l.Owner = owner.String()
	}
	control, _, err := sd.Control()
	if err != nil {
		return List{}, err
	}
	l.Protected = control&windows.SE_DACL_PROTECTED != 0
	list, _, err := sd.DACL()
	if err != nil || list == nil {
		l.Open = true
		return l, nil
	}
	for i := range uint32(list.AceCount) {
		var ace *windows.ACCESS_ALLOWED_ACE
		if err := windows.GetAce(list, i, &ace); err != nil {
			return List{}, err
		}
		e := Entry{ace.Header.AceType, ace.Header.AceFlags, uint32(ace.Mask), unread}
		if e.Type == Allow || e.Type == Deny {
			e.SID = (*windows.SID)(unsafe.Pointer(&ace.SidStart)).String()
		}
		l.Entries = append(l.Entries, e)
	}
	return l, nil
}

// onPath opens what stands at a path itself, and never where a link leads.
// Errors: ErrLink, fs.ErrNotExist.
func onPath(path string, access uint32, act func(windows.Handle, *windows.ByHandleFileInformation) error) error {
	name, err := windows.UTF16PtrFromString(path)
	if err != nil {
		return err
	}
	handle, err := windows.CreateFile(name, access|windows.FILE_READ_ATTRIBUTES,
		windows.FILE_SHARE_READ|windows.FILE_SHARE_WRITE|windows.FILE_SHARE_DELETE, nil, windows.OPEN_EXISTING,
		windows.FILE_FLAG_OPEN_REPARSE_POINT|windows.FILE_FLAG_BACKUP_SEMANTICS, 0)
	if err != nil {
		return &os.PathError{Op: "open", Path: path, Err: err}
	}
	defer windows.CloseHandle(handle)
	var info windows.ByHandleFileInformation
	if err := windows.GetFileInformationByHandle(handle, &info); err != nil {
		return &os.PathError{Op: "stat", Path: path, Err: err}
	}
	if info.FileAttributes&windows.FILE_ATTRIBUTE_REPARSE_POINT != 0 {
		return fmt.Errorf("%s: %w", path, ErrLink)
	}
	return act(handle, &info)
}

// Set gives what stands at a path a list, and its owner if the list has one. It
// changes this one file or folder, and nothing below. Errors: ErrLink, also for
// a file with two names, fs.ErrNotExist.
func Set(path string, l List) error {
	sd, err := windows.SecurityDescriptorFromString(l.SDDL())
	if err != nil {
		return fmt.Errorf("saying who may reach %s: %w", path, err)
	}
	what := windows.SECURITY_INFORMATION(windows.DACL_SECURITY_INFORMATION | windows.PROTECTED_DACL_SECURITY_INFORMATION)
	access := uint32(windows.READ_CONTROL | windows.WRITE_DAC)
	if l.Owner != "" {
		what |= windows.OWNER_SECURITY_INFORMATION
		access |= windows.WRITE_OWNER
	}
	return asAdministrator(func() error {
		return onPath(path, access, func(handle windows.Handle, info *windows.ByHandleFileInformation) error {
			if info.FileAttributes&windows.FILE_ATTRIBUTE_DIRECTORY == 0 && info.NumberOfLinks != 1 {
				return fmt.Errorf("%s: %w", path, ErrLink)
			}
			if err := windows.SetKernelObjectSecurity(handle, what, sd); err != nil {
				return fmt.Errorf("saying who may reach %s: %w", path, err)
			}
			return nil
		})
	})
}

// asAdministrator runs act with what an administrator may, whatever a list says.
// Who is none tries with what they have.
func asAdministrator(act func() error) error {
	if !IsElevated() {
		return act()
	}
	ran := false
	err := winio.RunWithPrivileges([]string{winio.SeBackupPrivilege, winio.SeRestorePrivilege, "SeTakeOwnershipPrivilege"}, func() error {
		ran = true
		return act()
	})
	if !ran { // without them it may still have the right
		return act()
	}
	return err
}

// MakeFolder makes a folder that has its list from its first moment. Error:
// fs.ErrExist.
func MakeFolder(path string, l List) error {
	sd, err := windows.SecurityDescriptorFromString(l.SDDL())
	if err != nil {
		return fmt.Errorf("saying who may reach %s: %w", path, err)
	}
	name, err := windows.UTF16PtrFromString(path)
	if err != nil {
		return err
	}
	attributes := windows.SecurityAttributes{SecurityDescriptor: sd}
	attributes.Length = uint32(unsafe.Sizeof(attributes))
	if err := windows.CreateDirectory(name, &attributes); err != nil {
		return &os.PathError{Op: "mkdir", Path: path, Err: err}
	}
	return nil
}

// Look returns the list of what stands at a path, and who asks.
func Look(path string) (list List, caller string, err error) {
	if caller, err = Caller(); err != nil {
		return List{}, "", err
	}
	list, err = Of(path)
	return list, caller, err
}

// CheckWithin is List.Within for a file and its folder.
func CheckWithin(path string, isKey bool) error {
	folder, caller, err := Look(filepath.Dir(path))
	if err != nil {
		return err
	}
	file, err := Of(path)
	if err != nil {
		return err
	}
	return file.Within(folder, caller, isKey)
}

// SetInside gives a new file the list that goes with its folder.
func SetInside(path string, isKey bool) error {
	folder, caller, err := Look(filepath.Dir(path))
	if err != nil {
		return err
	}
	list, err := folder.Inside(caller, isKey)
	if err != nil {
		return err
	}
	if !IsElevated() { // nobody else gives files away
		list.Owner = ""
	}
	return Set(path, list)
}
