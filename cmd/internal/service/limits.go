package service

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/semaphore"
	"golang.org/x/time/rate"

	"evry.nl/tfa/core"
)

// Bound is how much one party may ask.
type Bound struct {
	// Together is how many requests may be under way at once.
	Together int64
	// PerSecond and Burst are how often it may ask, in the long run and at once.
	PerSecond rate.Limit
	Burst     int
}

// Bounds are the limits of a service.
type Bounds struct {
	// Account is for all sessions of one account, Client for all that come from
	// one address: an office, or somebody who tries passwords.
	Account, Client Bound
	// Practice is how much is done at once on one store, which has one writer
	// anyway: one that hangs keeps no more than this from all others.
	Practice int64
	// Work is how much is done at once, Queue how much may wait for it, and
	// Patience how long. What is too much is told so, and tries again.
	Work, Queue int64
	Patience    time.Duration
}

// DefaultBounds are far above what people do on a host of hundreds of practices,
// and far below what it can't take.
func DefaultBounds() Bounds {
	return Bounds{
		Account:  Bound{Together: 16, PerSecond: 50, Burst: 100},
		Client:   Bound{Together: 64, PerSecond: 200, Burst: 400},
		Practice: 8, Work: 128, Queue: 2048, Patience: 5 * time.Second,
	}
}

// Limits keep callers from keeping others waiting.
type Limits struct {
	bounds  Bounds
	now     func() time.Time
	work    *semaphore.Weighted
	waiting atomic.Int64

	mu       sync.Mutex
	accounts map[string]*party
	clients  map[string]*party
	stores   map[string]*party
}

// party is who asks, or what is asked for. Its users change under the lock of
// the limits.
type party struct {
	users    int // who hold or wait for it
	together *semaphore.Weighted
	often    *rate.Limiter
}

// NewLimits returns limits that nobody has used up yet.
func NewLimits(bounds Bounds, now func() time.Time) *Limits {
	return &Limits{
		bounds: bounds, now: now, work: semaphore.NewWeighted(bounds.Work),
		accounts: map[string]*party{}, clients: map[string]*party{}, stores: map[string]*party{},
	}
}

// sentenceBusy tells that it was too much. Nothing has been done then, so that it
// can be asked again.
const sentenceBusy = "service.busy"

func busy(of string) error {
	return core.NewError(core.Locked, sentenceBusy, nil, overload(of))
}

// overload is the cause of such a refusal: whose limit was reached.
type overload string

func (o overload) Error() string { return "too much at once for one " + string(o) }

// Ask runs act if its actor has not asked too much. Error: Locked if it has.
func (l *Limits) Ask(actor core.Actor, act func() error) error {
	account := l.party(l.accounts, actor.Account, l.bounds.Account)
	defer l.leave(account)
	if !account.enter(l.now()) {
		return busy("account")
	}
	defer account.together.Release(1)
	if actor.Client == "" {
		return act()
	}
	client := l.party(l.clients, actor.Client, l.bounds.Client)
	defer l.leave(client)
	if !client.enter(l.now()) {
		return busy("client")
	}
	defer client.together.Release(1)
	return act()
}

// Work runs act, which uses the store of a practice, when it is its turn.
// Errors: Locked if others keep the practice or the service busy for too long.
func (l *Limits) Work(ctx context.Context, practice string, act func() error) error {
	store := l.party(l.stores, practice, Bound{Together: l.bounds.Practice, PerSecond: rate.Inf})
	defer l.leave(store)
	if err := l.wait(ctx, store.together, "practice"); err != nil {
		return err
	}
	defer store.together.Release(1)
	if err := l.wait(ctx, l.work, "service"); err != nil {
		return err
	}
	defer l.work.Release(1)
	return act()
}

// party finds who asks, and counts it as a user.
func (l *Limits) party(parties map[string]*party, name string, bound Bound) *party {
	l.mu.Lock()
	defer l.mu.Unlock()
	p, found := parties[name]
	if !found {
		if len(parties) >= remembers {
			l.forget(parties)
		}
		p = &party{together: semaphore.NewWeighted(bound.Together), often: rate.NewLimiter(bound.PerSecond, bound.Burst)}
		parties[name] = p
	}
	p.users++
	return p
}

func (l *Limits) leave(p *party) {
	l.mu.Lock()
	defer l.mu.Unlock()
	p.users--
}

// remembers is how many parties are known before those are forgotten that ask
// nothing: an attacker has more addresses than that.
const remembers = 4096

func (l *Limits) forget(parties map[string]*party) {
	now := l.now()
	for name, p := range parties {
		if p.users == 0 && p.often.TokensAt(now) >= float64(p.often.Burst()) {
			delete(parties, name)
		}
	}
}

// enter reports whether the party may ask once more.
func (p *party) enter(now time.Time) bool {
	if !p.together.TryAcquire(1) {
		return false
	}
	if !p.often.AllowN(now, 1) {
		p.together.Release(1)
		return false
	}
	return true
}

// wait waits for a turn, if not too many wait already.
func (l *Limits) wait(ctx context.Context, turns *semaphore.Weighted, of string) error {
	if turns.TryAcquire(1) {
		return nil
	}
	defer l.waiting.Add(-1)
	if l.waiting.Add(1) > l.bounds.Queue {
		return busy(of)
	}
	turn, cancel := context.WithTimeout(ctx, l.bounds.Patience)
	defer cancel()
	switch err := turns.Acquire(turn, 1); {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return fmt.Errorf("waiting for a turn: %w", ctx.Err()) // nobody waits for the answer
	default:
		return busy(of)
	}
}
