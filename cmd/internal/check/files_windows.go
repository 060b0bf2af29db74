package check

import (
	"fmt"
	"os"
	"path/filepath"
	"unsafe"

	"golang.org/x/sys/windows"

	"evry.nl/tfa/cmd/internal/access"
	"evry.nl/tfa/cmd/internal/config"
	"evry.nl/tfa/cmd/internal/stores"
	"evry.nl/tfa/storage/acl"
)

// ThisFiles are the files of this host, with the name that a practice's group has
// there.
func ThisFiles(groupOf func(practice string) string) Files { return windowsFiles{groupOf} }

// OurFolder returns where our programs stand on this host.
func OurFolder() (string, error) {
	programs, err := windows.KnownFolderPath(windows.FOLDERID_ProgramFiles, 0)
	return filepath.Join(programs, "TFA"), err
}

type windowsFiles struct{ groupOf func(string) string }

func (windowsFiles) Guarded(path string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	return access.Trusted(file)
}

func (windowsFiles) Access(path string) (acl.List, error) { return acl.Of(path) }

func (windowsFiles) Close(path string) error {
	info, err := os.Lstat(path)
	if err != nil {
		return err
	}
	if info.IsDir() {
		return acl.Set(path, acl.Parent())
	}
	return acl.Set(path, acl.Public())
}

// group is who reaches a practice: with the service, nobody of it.
func (f windowsFiles) group(cfg config.Config, practice string) string {
	if cfg.Service != "" {
		return ""
	}
	return f.groupOf(practice)
}

func (f windowsFiles) NotFor(cfg config.Config, practice string) ([]string, error) {
	return stores.NotFor(cfg, practice, f.group(cfg, practice))
}

func (f windowsFiles) Give(cfg config.Config, practice string) error {
	return stores.Give(cfg, practice, f.group(cfg, practice))
}

func (windowsFiles) PlainKey(cfg config.Config, practice string) (bool, error) {
	return stores.IsPlain(cfg, practice)
}

// Signed asks Windows, without a network: whether a certificate was taken back
// since is for whoever installs.
func (windowsFiles) Signed(path string) error {
	if _, err := os.Stat(path); err != nil {
		return err
	}
	name, err := windows.UTF16PtrFromString(path)
	if err != nil {
		return err
	}
	file := windows.WinTrustFileInfo{FilePath: name}
	file.Size = uint32(unsafe.Sizeof(file))
	data := windows.WinTrustData{
		UIChoice: windows.WTD_UI_NONE, RevocationChecks: windows.WTD_REVOKE_NONE, UnionChoice: windows.WTD_CHOICE_FILE,
		StateAction: windows.WTD_STATEACTION_VERIFY, ProvFlags: windows.WTD_CACHE_ONLY_URL_RETRIEVAL,
		FileOrCatalogOrBlobOrSgnrOrCert: unsafe.Pointer(&file),
	}
	data.Size = uint32(unsafe.Sizeof(data))
	verdict := windows.WinVerifyTrustEx(windows.InvalidHWND, &windows.WINTRUST_ACTION_GENERIC_VERIFY_V2, &data)
	data.StateAction = windows.WTD_STATEACTION_CLOSE
	if err := windows.WinVerifyTrustEx(windows.InvalidHWND, &windows.WINTRUST_ACTION_GENERIC_VERIFY_V2, &data); err != nil && verdict == nil {
		return fmt.Errorf("closing what was verified: %w", err)
	}
	return verdict
}
