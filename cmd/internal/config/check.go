package config

import (
	"net/url"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"time"
	"unicode"

	"evry.nl/tfa/assets/translations"
	"evry.nl/tfa/core"
)

// The bounds of what makes sense. The sentences name them too.
const (
	longestTransition = 365 // days
	longestIssuer     = 40  // what a QR code carries, see otp.URI
	mostAttempts      = 100
	shortestLock      = time.Second
	longestLock       = 24 * time.Hour
	shortestTimeout   = 10 * time.Second // less, and nobody gets a code typed
	longestTimeout    = time.Hour
	longestGrace      = 8 * time.Hour // a working day
)

// document returns c in TOML's types.
func (c Config) document() document {
	doc := document{
		Store: c.Store, KeyFile: c.KeyFile, Service: c.Service, PracticePattern: c.PracticePattern, Issuer: c.Issuer,
		Language: c.Language, ManualURL: c.ManualURL, OTPURL: c.OTPURL, Exempt: c.Exempt, Owners: c.Owners,
		TransitionDays: c.TransitionDays, Mandatory: c.Mandatory, Timeout: c.Timeout.String(), ReconnectGrace: c.ReconnectGrace.String(),
	}
	doc.Lockout.Attempts = c.Lockout.Attempts
	doc.Lockout.First, doc.Lockout.Longest = c.Lockout.First.String(), c.Lockout.Longest.String()
	doc.Identity.Account = c.Identity.Account
	return doc
}

// take fills c from a document. Error: the first impossible value.
func (c *Config) take(doc document, s source) error {
	*c = Config{
		Store: doc.Store, KeyFile: doc.KeyFile, Service: doc.Service, PracticePattern: doc.PracticePattern, Issuer: doc.Issuer,
		Language: doc.Language, ManualURL: doc.ManualURL, OTPURL: doc.OTPURL,
		Exempt: folded(doc.Exempt), Owners: folded(doc.Owners),
		TransitionDays: doc.TransitionDays, Mandatory: doc.Mandatory, Timeout: duration(doc.Timeout),
		ReconnectGrace: duration(doc.ReconnectGrace),
		Lockout: core.Lockout{
			Attempts: doc.Lockout.Attempts,
			First:    duration(doc.Lockout.First), Longest: duration(doc.Lockout.Longest),
		},
		Identity: Identity{Account: Fold(doc.Identity.Account)},
	}
	var ok bool
	if c.pattern, ok = compile(c.PracticePattern); !ok {
		return s.refuse("config.practice_pattern", "practice_pattern")
	}
	if scheme, _, _ := strings.Cut(c.Store, ":"); scheme == "postgres" || scheme == "postgresql" {
		return s.refuse("config.store_postgres", "store")
	}
	for _, check := range c.checks() {
		if !check.ok {
			key := strings.TrimPrefix(check.sentence, "config.")
			return s.refuse(check.sentence, append([]string{key}, check.or...)...)
		}
	}
	return nil
}

// check is one value and whether it is possible. If its own key stands not in
// the file, one of the keys in or made it impossible.
type check struct {
	sentence string
	ok       bool
	or       []string
}

func (c Config) checks() []check {
	lock := c.Lockout
	return []check{
		{"config.store", strings.HasPrefix(c.Store, sqliteScheme) && validTemplate(sqlitePath(c.Store)), nil},
		{"config.key_file", validTemplate(c.KeyFile) && filepath.Clean(c.KeyFile) != sqlitePath(c.Store), []string{"store"}},
		{"config.service", c.Service == "" || validService(c.Service), nil},
		{"config.issuer", validIssuer(c.Issuer), nil},
		{"config.language", slices.Contains(translations.Languages(), c.Language), nil},
		{"config.manual_url", validURL(c.ManualURL), nil},
		{"config.otp_url", validURL(c.OTPURL), nil},
		{"config.exempt", !slices.ContainsFunc(c.Exempt, invalidName), nil},
		{"config.owners", !slices.ContainsFunc(c.Owners, c.outside), []string{"practice_pattern"}},
		{"config.transition_days", 0 <= c.TransitionDays && c.TransitionDays <= longestTransition, nil},
		{"config.timeout", shortestTimeout <= c.Timeout && c.Timeout <= longestTimeout, nil},
		{"config.reconnect_grace", 0 <= c.ReconnectGrace && c.ReconnectGrace <= longestGrace, nil},
		{"config.lockout.attempts", 1 <= lock.Attempts && lock.Attempts <= mostAttempts, nil},
		{"config.lockout.first", shortestLock <= lock.First && lock.First <= longestLock, nil},
		{"config.lockout.longest", lock.First <= lock.Longest && lock.Longest <= longestLock, []string{"lockout.first"}},
		{"config.identity.account", c.Identity.Account == "" || !c.outside(c.Identity.Account), []string{"practice_pattern"}},
	}
}

// compile reads a pattern. On Windows names compare without case.
func compile(source string) (*regexp.Regexp, bool) {
	pattern, err := regexp.Compile(source)
	if err != nil || pattern.SubexpIndex("practice") < 0 {
		return nil, false
	}
	if runtime.GOOS == "windows" {
		pattern, err = regexp.Compile("(?i)" + source)
	}
	return pattern, err == nil
}

// duration returns -1, which every check refuses, for what is no duration.
func duration(s string) time.Duration {
	d, err := time.ParseDuration(s)
	if err != nil {
		return -1
	}
	return d
}

// validTemplate reports whether a path is absolute, plain, and gives each
// practice a folder of its own: the folder is what keeps others out.
func validTemplate(path string) bool {
	path = filepath.FromSlash(path)
	return filepath.IsAbs(path) && filepath.Clean(path) == path &&
		!strings.ContainsAny(path, "?#") && !strings.ContainsFunc(path, unicode.IsControl) &&
		strings.Count(path, placeholder) == 1 && strings.Contains(filepath.Dir(path), placeholder)
}

func validIssuer(s string) bool {
	return s != "" && strings.TrimSpace(s) == s && len([]rune(s)) <= longestIssuer &&
		!strings.ContainsFunc(s, func(r rune) bool { return r == ':' || !unicode.IsPrint(r) })
}

func validURL(s string) bool {
	u, err := url.Parse(s)
	return err == nil && u.Scheme == "https" && u.Hostname() != "" && u.User == nil
}

func invalidName(name string) bool { return !core.ValidName(name) }

// outside reports whether an account belongs to no practice.
func (c Config) outside(account string) bool {
	_, err := c.Rules().PracticeOf(account)
	return err != nil
}

func folded(names []string) []string {
	out := make([]string, 0, len(names))
	for _, name := range names {
		out = append(out, Fold(name))
	}
	return out
}
