package config

import (
	"path/filepath"
	"regexp"
	"strings"

	"golang.org/x/sys/windows"
)

// DefaultFile is the file that counts when no other is named.
func DefaultFile() string { return filepath.Join(dataFolder(), "tfa.toml") }

// dataFolder asks the system: %ProgramData% itself is the user's to set.
func dataFolder() string {
	folder, err := windows.KnownFolderPath(windows.FOLDERID_ProgramData, 0)
	if err != nil {
		folder = `C:\ProgramData`
	}
	return filepath.Join(folder, "TFA")
}

// A drive letter is no host, so a third slash stands before it:
// sqlite:///C:/ProgramData/TFA/{practice}/tfa.db

func sqliteURL(path string) string { return sqliteScheme + "/" + filepath.ToSlash(path) }

func sqlitePath(url string) string {
	return filepath.FromSlash(strings.TrimPrefix(strings.TrimPrefix(url, sqliteScheme), "/"))
}

// pipe is the name of a pipe of this host.
var pipe = regexp.MustCompile(`^\\\\\.\\pipe\\[A-Za-z0-9._-]{1,100}$`)

// validService reports whether a name can be that of the service's pipe.
func validService(name string) bool { return pipe.MatchString(name) }
