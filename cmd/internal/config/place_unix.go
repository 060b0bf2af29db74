//go:build unix

package config

import (
	"path/filepath"
	"strings"
	"unicode"
)

// DefaultFile is the file that counts when no other is named.
func DefaultFile() string { return "/etc/tfa/tfa.toml" }

func dataFolder() string { return "/var/lib/tfa" }

func sqliteURL(path string) string { return sqliteScheme + path }

func sqlitePath(url string) string { return strings.TrimPrefix(url, sqliteScheme) }

// validService reports whether a path can be that of a local socket: the kernel
// takes no longer ones (unix(7)).
func validService(path string) bool {
	return filepath.IsAbs(path) && filepath.Clean(path) == path && len(path) < 108 && !strings.ContainsFunc(path, unicode.IsControl)
}
