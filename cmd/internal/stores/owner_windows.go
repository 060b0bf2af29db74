package stores

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"golang.org/x/sys/windows"

	"evry.nl/tfa/cmd/internal/config"
	"evry.nl/tfa/storage/acl"
)

// owner is the group that reaches a practice, "" for the administrators and the
// system alone; or, where no administrator runs this, its caller.
type owner struct {
	group  string // its SID
	caller string // "" for an administrator
}

func ownership(group string) (owner, error) {
	if !acl.IsElevated() {
		if group != "" {
			return owner{}, errors.New("only an administrator can give a practice to a group")
		}
		caller, err := acl.Caller()
		return owner{caller: caller}, err
	}
	sid, err := groupSID(group)
	return owner{group: sid}, err
}

// groupSID returns the SID of a group, "" for none.
func groupSID(group string) (string, error) {
	if group == "" {
		return "", nil
	}
	sid, _, kind, err := windows.LookupSID("", group)
	if err != nil {
		return "", fmt.Errorf("looking for group %s: %w", group, err)
	}
	if kind != windows.SidTypeAlias && kind != windows.SidTypeGroup {
		return "", fmt.Errorf("%s is no group", group)
	}
	return sid.String(), nil
}

func (o owner) giveFolder(path string) error {
	if o.caller != "" {
		return acl.Set(path, acl.Own(o.caller, true))
	}
	return acl.Set(path, acl.Folder(o.group))
}

func (o owner) giveKey(path string) error {
	if o.caller != "" {
		return acl.Set(path, acl.Own(o.caller, false))
	}
	return acl.Set(path, acl.KeyFile(o.group))
}

// makeParent makes a folder above those of practices. One that a person makes
// for themselves inherits.
func makeParent(folder string) error {
	if !acl.IsElevated() {
		return os.Mkdir(folder, 0o755)
	}
	return acl.MakeFolder(folder, acl.Parent())
}

// LooseParents returns the folders above those of practices, and above the file
// of the configuration, in which others than administrators can write. Error: one
// belongs to somebody else, who may have put anything in it.
func LooseParents(cfg config.Config, file string) ([]string, error) {
	file, err := filepath.Abs(file)
	if err != nil {
		return nil, err
	}
	stored, _, _ := cfg.StoreFolders()
	var loose []string
	for _, folder := range []string{filepath.Dir(file), stored, filepath.Dir(filepath.Dir(cfg.KeyPath("x")))} {
		list, caller, err := acl.Look(folder)
		if errors.Is(err, fs.ErrNotExist) || slices.Contains(loose, folder) {
			continue
		}
		if err == nil {
			err = list.Trusted("")
		}
		var who *acl.StrangerError
		switch {
		case errors.As(err, &who), errors.Is(err, acl.ErrOwner) && list.Owner == caller:
			loose = append(loose, folder)
		case errors.Is(err, acl.ErrOwner):
			return nil, fmt.Errorf("%s belongs to %s, who may have put anything there: rename it, and let init make a new one", folder, acl.Name(list.Owner))
		case err != nil:
			return nil, err
		}
	}
	return loose, nil
}

// CloseParent has only administrators write in a folder above those of practices.
func CloseParent(folder string) error { return acl.Set(folder, acl.Parent()) }

// NotFor returns the folders and files of a practice that are not for whom they
// should be: for group, or with group "" for the administrators and the system
// alone. Without a store there are none. Another group of the folder is the
// administrator's to choose. Error: the folder belongs to somebody else.
func NotFor(cfg config.Config, practice, group string) ([]string, error) {
	if !Exists(cfg, practice) {
		return nil, nil
	}
	found, err := foreign(cfg, practice, group)
	return found.paths, err
}

// wrong is what is not for whom it should be, and for whom that is.
type wrong struct {
	paths []string
	group string // SID
}

// noGroup stands for a group that is to be made yet.
const noGroup = "no group"

func foreign(cfg config.Config, practice, group string) (wrong, error) {
	sid, err := groupSID(group)
	if errors.Is(err, windows.ERROR_NONE_MAPPED) {
		sid, err = noGroup, nil
	}
	if err != nil {
		return wrong{}, err
	}
	paths, err := held(cfg, practice)
	if err != nil {
		return wrong{}, err
	}
	top, caller, err := acl.Look(filepath.Dir(cfg.StorePath(practice)))
	if err != nil {
		return wrong{}, err
	}
	chosen, err := top.Group(caller)
	if errors.Is(err, acl.ErrOwner) {
		return wrong{}, fmt.Errorf("%s belongs to %s: look at what is in it, and give it to Administrators if it is yours (takeown /a, then init again)",
			filepath.Dir(cfg.StorePath(practice)), acl.Name(top.Owner))
	}
	if err == nil && chosen != "" && sid != "" {
		sid = chosen
	}
	w := wrong{group: sid}
	for _, path := range paths {
		list, err := acl.Of(path)
		if errors.Is(err, fs.ErrNotExist) { // SQLite's own come and go
			continue
		}
		info, statErr := os.Lstat(path)
		if errors.Is(err, acl.ErrLink) || err == nil && statErr == nil && !list.IsFor(sid, caller, info.IsDir(), isKey(cfg, practice, path)) {
			w.paths = append(w.paths, path)
		} else if err := errors.Join(err, statErr); err != nil {
			return wrong{}, err
		}
	}
	return w, nil
}

// Give gives what NotFor found to whom it should be for: the folders first, so
// that whoever was let in before then makes nothing any more. What can't be given
// stays as it is, and does not keep the rest. Errors: acl.ErrLink for a link, and
// a file with two names.
func Give(cfg config.Config, practice, group string) error {
	var failed []error
	for range 2 { // once more for what came while the folder was open
		found, err := foreign(cfg, practice, group)
		if err != nil {
			return err
		}
		if found.group == noGroup && len(found.paths) > 0 {
			return fmt.Errorf("there is no group %s", group)
		}
		failed = nil
		for _, path := range found.paths {
			if err := giveTo(path, found.group, isKey(cfg, practice, path)); err != nil && !errors.Is(err, fs.ErrNotExist) {
				failed = append(failed, err)
			}
		}
	}
	return errors.Join(failed...)
}

func giveTo(path, group string, isKey bool) error {
	info, err := os.Lstat(path)
	if err != nil {
		return err
	}
	switch {
	case info.IsDir():
		return acl.Set(path, acl.Folder(group))
	case isKey:
		return acl.Set(path, acl.KeyFile(group))
	}
	return acl.Set(path, acl.StoreFile(group))
}
