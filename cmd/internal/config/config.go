// Package config reads the administrator's file: where the stores are and what
// the rules say. A file that it can't take word for word is refused, with the
// file, the line and what is allowed, because a rule that is read wrong lets
// people in or keeps them out.
package config

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"time"

	"evry.nl/tfa/cmd/internal/access"
	"evry.nl/tfa/core"
)

// Config is what the file says, or the default where it is silent. Take one
// from Load or Default: its zero value has no pattern.
type Config struct {
	// File is the path of the file that was read; empty if there was none.
	File string

	// Store is a URL: sqlite:// and an absolute path, word for word, with
	// {practice} in the name of a folder. See StorePath.
	Store string
	// KeyFile is an absolute path with {practice} in the name of a folder.
	KeyFile string
	// Service is the socket of tfa-service, on Windows its pipe; empty if the gate
	// and the tool open the store themselves.
	Service string
	// PracticePattern is the source of Rules().Pattern.
	PracticePattern string
	Issuer          string
	// Language is one of translations.Languages.
	Language  string
	ManualURL string
	OTPURL    string
	// Exempt and Owners are accounts as Fold writes them.
	Exempt, Owners []string
	TransitionDays int
	Mandatory      bool
	// Timeout is how long the gate waits for an answer.
	Timeout time.Duration
	// ReconnectGrace is how long after a disconnect the service asks no code of
	// the same account from the same client address.
	ReconnectGrace time.Duration
	Lockout        core.Lockout
	Identity       Identity

	pattern *regexp.Regexp
}

// Identity is the section [identity].
type Identity struct {
	// Account stands in for what the operating system says; for demo and tests.
	// Package identity says when it counts.
	Account string
}

// placeholder stands in paths for the name of a practice.
const placeholder = "{practice}"

// sqliteScheme begins the URL of the stores that this version opens.
const sqliteScheme = "sqlite://"

// longestFile is far more than anybody writes, and little enough to read.
const longestFile = 1 << 20

// Default returns the configuration of a host without a file.
func Default() Config {
	rules := core.DefaultRules()
	return Config{
		Store:           sqliteURL(filepath.Join(dataFolder(), placeholder, "tfa.db")),
		KeyFile:         filepath.Join(dataFolder(), placeholder, "tfa.key"),
		PracticePattern: core.DefaultPattern,
		Issuer:          rules.Issuer,
		Language:        "nl",
		ManualURL:       "https://www.evry.nl/tfa",
		OTPURL:          "https://www.evry.nl/otp",
		TransitionDays:  rules.TransitionDays,
		Timeout:         5 * time.Minute,
		ReconnectGrace:  10 * time.Minute,
		Lockout:         rules.Lockout,
		pattern:         rules.Pattern,
	}
}

// Load reads the file at path. With path "" it reads DefaultFile if that
// exists, and returns Default if not. Errors: Invalid for what the file says,
// Missing if the named file does not exist, Refused if others could have
// written it or it can't be read.
func Load(path string) (Config, error) {
	named := path != ""
	if !named {
		path = DefaultFile()
	}
	data, err := read(path, named)
	switch {
	case errors.Is(err, fs.ErrNotExist) && !named:
		return Default(), nil
	case errors.Is(err, fs.ErrNotExist):
		return Config{}, core.NewError(core.Missing, "config.missing", core.Args{"File": path}, err)
	case errors.Is(err, access.ErrOwner), errors.Is(err, access.ErrWritable):
		return Config{}, core.NewError(core.Refused, "config.writable", core.Args{"File": path}, err)
	case err != nil:
		return Config{}, core.NewError(core.Refused, "config.unreadable", core.Args{"File": path}, err)
	}
	return parse(path, data)
}

// read returns what a file holds if nobody but root could have written it or, if
// the caller named it, the caller.
func read(path string, named bool) ([]byte, error) {
	// A pipe would keep the gate waiting: look before opening.
	if info, err := os.Stat(path); err != nil {
		return nil, err
	} else if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s: %w", path, access.ErrKind)
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	trusted := access.Official
	if named {
		trusted = access.Trusted
	}
	if err := trusted(file); err != nil {
		return nil, err
	}
	data, err := io.ReadAll(io.LimitReader(file, longestFile+1))
	if err == nil && len(data) > longestFile {
		err = fmt.Errorf("%s: longer than %d bytes", path, longestFile)
	}
	return data, err
}

// Rules returns the rules of the domain. Names compare as the system compares
// them.
func (c Config) Rules() core.Rules {
	return core.Rules{
		Pattern: c.pattern, Issuer: c.Issuer, Owners: c.Owners, Exempt: c.Exempt,
		TransitionDays: c.TransitionDays, Mandatory: c.Mandatory, Lockout: c.Lockout,
		Zone: time.Local,
	}
}

// StorePath returns the file of a practice's store. The name must be one that
// core.ValidName accepts.
func (c Config) StorePath(practice string) string {
	return strings.ReplaceAll(c.StoreTemplate(), placeholder, practice)
}

// KeyPath returns the file of the key that seals a practice's store. The name
// must be one that core.ValidName accepts.
func (c Config) KeyPath(practice string) string {
	return strings.ReplaceAll(filepath.FromSlash(c.KeyFile), placeholder, practice)
}

// StoreTemplate returns the path of the stores, with {practice} for the name.
func (c Config) StoreTemplate() string { return sqlitePath(c.Store) }

// StoreFolders returns the folder that holds one folder a practice, and what
// stands before and after the practice in their names.
func (c Config) StoreFolders() (parent, prefix, suffix string) {
	before, after, _ := strings.Cut(c.StoreTemplate(), placeholder)
	parent, prefix = filepath.Split(before)
	suffix, _, _ = strings.Cut(after, string(filepath.Separator))
	return filepath.Clean(parent), prefix, suffix
}

// Fold returns an account or practice name in the form in which names are
// compared: on Windows EV-0000-1 and ev-0000-1 are one account.
func Fold(name string) string {
	if runtime.GOOS == "windows" {
		return strings.ToUpper(name)
	}
	return name
}
