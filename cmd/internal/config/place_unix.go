//go:build unix

package config

import "strings"

// DefaultFile is the file that counts when no other is named.
func DefaultFile() string { return "/etc/tfa/tfa.toml" }

func dataFolder() string { return "/var/lib/tfa" }

func sqliteURL(path string) string { return sqliteScheme + path }

func sqlitePath(url string) string { return strings.TrimPrefix(url, sqliteScheme) }
