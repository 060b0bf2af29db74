package config

import (
	_ "embed"
	"path/filepath"
	"strconv"
	"strings"
)

//go:embed tfa.toml
var template string

// Template returns a file to begin with: every default with what it is for, as
// comments, and the accounts that the gate lets pass.
func Template(exempt []string) []byte {
	quoted := make([]string, 0, len(exempt))
	for _, name := range exempt {
		quoted = append(quoted, strconv.Quote(name))
	}
	defaults := Default()
	return []byte(strings.NewReplacer(
		"{{exempt}}", strings.Join(quoted, ", "),
		"{{store}}", strconv.Quote(defaults.Store),
		"{{key_file}}", strconv.Quote(filepath.ToSlash(defaults.KeyFile)),
	).Replace(template))
}
