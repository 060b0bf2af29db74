package core

import (
	"regexp"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Rules are what the administrator may configure about the domain.
type Rules struct {
	// Pattern says which practice an account belongs to: its group "practice".
	Pattern *regexp.Regexp
	// Issuer is what authenticator apps show above the code.
	Issuer string
	// Owners, if any, are the only accounts that may switch on and reset.
	Owners []string
	// Exempt accounts pass the gate without a code.
	Exempt []string
	// TransitionDays is the length of a transition that begins now.
	TransitionDays int
	// Mandatory leaves practices no logon without switching on.
	Mandatory bool
	Lockout   Lockout
	// Zone is the server's time zone, in which a last day ends.
	Zone *time.Location
}

// Lockout says when wrong codes lock an account, and for how long.
type Lockout struct {
	// Attempts is the number of wrong codes in a row that locks; each further
	// Attempts lock again.
	Attempts int
	// First is how long the first lock lasts; each next lasts twice as long, up
	// to Longest.
	First, Longest time.Duration
}

// DefaultPattern is the practice pattern of a server without configuration.
const DefaultPattern = `^(?P<practice>.+)-\d+$`

// DefaultRules returns the rules of a server without configuration.
func DefaultRules() Rules {
	return Rules{
		Pattern:        regexp.MustCompile(DefaultPattern),
		Issuer:         "Evry",
		TransitionDays: 14,
		Lockout:        Lockout{Attempts: 5, First: time.Minute, Longest: 15 * time.Minute},
		Zone:           time.Local,
	}
}

// longestName keeps practice names within what file systems and groups take.
const longestName = 64

// PracticeOf returns the practice that an account belongs to. It becomes a
// folder name, so a name that could lead elsewhere is no practice. Error:
// Invalid.
func (r Rules) PracticeOf(account string) (string, error) {
	match := r.Pattern.FindStringSubmatch(account)
	index := r.Pattern.SubexpIndex("practice")
	if match == nil || index < 0 || !ValidName(match[index]) || !ValidName(account) {
		return "", NewError(Invalid, "invalid.account", Args{"Account": account, "Pattern": r.Pattern.String()}, nil)
	}
	return match[index], nil
}

// ValidName reports whether a name of a practice or account is safe in paths,
// logs, tables and on command lines.
func ValidName(name string) bool {
	if name == "" || len(name) > longestName || !utf8.ValidString(name) || name[0] == '-' || strings.Trim(name, ". ") != name {
		return false
	}
	return !strings.ContainsFunc(name, func(r rune) bool {
		return !unicode.IsPrint(r) || strings.ContainsRune(`/\:*?"<>|{}`, r)
	})
}

// duration returns how long the lock lasts that failures wrong codes bring, 0
// for none.
func (l Lockout) duration(failures int) time.Duration {
	if l.Attempts <= 0 || failures == 0 || failures%l.Attempts != 0 {
		return 0
	}
	lock := l.First
	for range failures/l.Attempts - 1 {
		if lock > l.Longest/2 {
			return l.Longest
		}
		lock *= 2
	}
	return min(lock, l.Longest)
}
