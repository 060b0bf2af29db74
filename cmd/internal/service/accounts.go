package service

import (
	"slices"
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
	known map[string]knownUser // by what the system knows a user by
}

type knownUser struct {
	account   string
	protected bool
	until     time.Time
}

// NewAccounts returns the accounts as the rules see them.
func NewAccounts(rules core.Rules, now func() time.Time) *Accounts {
	return &Accounts{now: now, rules: rules, known: map[string]knownUser{}}
}

// SetRules has other rules count from now on.
func (a *Accounts) SetRules(rules core.Rules) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.rules, a.known = rules, map[string]knownUser{}
}

// protected returns the account of a user, "" if the system knows none, and
// whether it must pass the gate: it is of a practice, and not exempt. A user
// that can't be looked up counts as protected, and gets nowhere.
func (a *Accounts) protected(id string) (account string, protected bool) {
	now := a.now()
	a.mu.Lock()
	known, found := a.known[id]
	rules := a.rules
	a.mu.Unlock()
	if found && now.Before(known.until) {
		return known.account, known.protected
	}
	known = knownUser{until: now.Add(remembered)}
	name, found, err := nameOf(id)
	if err != nil {
		return "", true
	}
	if found {
		known.account = config.Fold(name)
		_, outside := rules.PracticeOf(known.account)
		known.protected = outside == nil && !slices.Contains(rules.Exempt, known.account)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.known[id] = known
	return known.account, known.protected
}
