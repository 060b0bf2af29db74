package service

import (
	"errors"
	"os/user"
	"slices"
	"strconv"
	"sync"
	"time"

	"evry.nl/tfa/cmd/internal/config"
	"evry.nl/tfa/core"
)

// remembered is how long it is believed who a user is: the guard asks at every
// program that starts.
const remembered = time.Minute

// Accounts knows the users of this host, and which of them must pass the gate.
// It is safe for use by several goroutines.
type Accounts struct {
	now func() time.Time

	mu    sync.Mutex
	rules core.Rules
	known map[uint32]knownUser
}

type knownUser struct {
	account   string
	protected bool
	until     time.Time
}

// NewAccounts returns the accounts as the rules see them.
func NewAccounts(rules core.Rules, now func() time.Time) *Accounts {
	return &Accounts{now: now, rules: rules, known: map[uint32]knownUser{}}
}

// SetRules has other rules count from now on.
func (a *Accounts) SetRules(rules core.Rules) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.rules, a.known = rules, map[uint32]knownUser{}
}

// Protected returns the account of a user, "" if the system knows none, and
// whether it must pass the gate: it is of a practice, and not exempt. A user
// that can't be looked up counts as protected, and gets nowhere.
func (a *Accounts) Protected(uid uint32) (account string, protected bool) {
	now := a.now()
	a.mu.Lock()
	known, found := a.known[uid]
	rules := a.rules
	a.mu.Unlock()
	if found && now.Before(known.until) {
		return known.account, known.protected
	}
	known = knownUser{until: now.Add(remembered)}
	u, err := user.LookupId(strconv.FormatUint(uint64(uid), 10))
	var unknown user.UnknownUserIdError
	switch {
	case err == nil:
		known.account = config.Fold(u.Username)
		_, outside := rules.PracticeOf(known.account)
		known.protected = outside == nil && !slices.Contains(rules.Exempt, known.account)
	case !errors.As(err, &unknown):
		return "", true
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.known[uid] = known
	return known.account, known.protected
}
