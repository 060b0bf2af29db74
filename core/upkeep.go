package core

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"
)

// youngestPruned is how long events are kept at least, whoever asks: long enough
// to notice that something is wrong and look who did it. --yes stands in every
// script, so it is no exception.
const youngestPruned = 30 * 24 * time.Hour

// Sealed is a Store whose secrets are sealed with a key that it can change.
type Sealed interface {
	// RotateKey seals the secrets and the log with a new key, together with the
	// events that act returns; if it returns an error or none, nothing changes.
	RotateKey(ctx context.Context, act func(*Practice) ([]Event, error)) error
}

// BackUp records that a backup is made: whoever can open it holds all secrets of
// the practice. It comes before the copy, so that the copy tells of itself.
func (h Helpdesk) BackUp(ctx context.Context, actor Actor, file string, sealedFor []string) error {
	now := h.now()
	return h.changePractice(ctx, actor, now, func(*Practice) ([]Event, error) {
		return []Event{actor.event(now, BackedUp, "", Detail{"file": file, "sealed_for": strings.Join(sealedFor, " ")})}, nil
	})
}

// RotateKey changes the key that seals the secrets. Error: Invalid where the
// store has none.
func (h Helpdesk) RotateKey(ctx context.Context, actor Actor) error {
	sealed, ok := h.Store.(Sealed)
	if !ok {
		return NewError(Invalid, "invalid.request", nil, nil)
	}
	now := h.now()
	return sealed.RotateKey(ctx, func(p *Practice) ([]Event, error) {
		p.Seen = p.latest(now)
		return []Event{actor.event(now, KeyRotated, "", nil)}, nil
	})
}

// PruneLog deletes the events that happened before a time, as far as no younger
// one stands before them, and returns how many. Error: Invalid for a time that
// lies less than 30 days back; log.broken.
func (h Helpdesk) PruneLog(ctx context.Context, actor Actor, before time.Time) (deleted int64, err error) {
	now := h.now()
	if latest := now.Add(-youngestPruned); before.After(latest) {
		return 0, NewError(Invalid, "invalid.prune_young", Args{"Latest": DateOf(latest, h.Rules.Zone).ISO()}, nil)
	}
	err = h.Store.PruneLog(ctx, before, func(p *Practice, piece int64) ([]Event, error) {
		deleted += piece
		p.Seen = p.latest(now)
		return []Event{actor.event(now, LogPruned, "", Detail{
			"before": before.UTC().Format(time.RFC3339), "deleted": strconv.FormatInt(piece, 10),
		})}, nil
	})
	return deleted, err
}

// Restoration is what is known of a restore.
type Restoration struct {
	// BackedUp is when the backup was made, LastSeq the last event in it.
	BackedUp time.Time
	LastSeq  int64
	// Lost is how many events only the replaced store has, and Seen the latest
	// time that it has seen; unknown, and zero, unless Readable.
	Readable bool
	Lost     int64
	Seen     time.Time
}

// Restore makes the store, which is a copy from a backup that nobody uses yet,
// fit to take the place of the one it was copied from: see Account.Restore. Each
// account gets an event of its own.
func (h Helpdesk) Restore(ctx context.Context, actor Actor, r Restoration) error {
	now := h.now()
	latest := now
	err := h.Store.ChangePractice(ctx, func(p *Practice) ([]Event, error) {
		for _, seen := range []time.Time{p.Seen, r.Seen} {
			if seen.After(latest) {
				latest = seen
			}
		}
		p.Seen = latest // never earlier than either store has seen
		lost := "unknown"
		if r.Readable {
			lost = strconv.FormatInt(r.Lost, 10)
		}
		return []Event{actor.event(now, Restored, "", Detail{
			"backup": r.BackedUp.UTC().Format(time.RFC3339), "last_seq": strconv.FormatInt(r.LastSeq, 10), "lost": lost,
		})}, nil
	})
	if err != nil {
		return err
	}
	_, accounts, err := h.Store.View(ctx)
	if err != nil {
		return err
	}
	for _, account := range accounts {
		err := h.Store.ChangeAccount(ctx, account.Name, func(_ *Practice, a *Account) ([]Event, error) {
			a.Restore(latest)
			return []Event{actor.event(now, Restored, a.Name, nil)}, nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// Revived returns the accounts whose QR code was reset in the replaced store
// since the backup was made, and works again in the restored one: perhaps a
// phone of somebody who left.
func Revived(restored, replaced []Account) (names []string) {
	for _, a := range restored {
		same := func(b Account) bool {
			return b.Name == a.Name && b.Generation == a.Generation && b.State != SecretNone
		}
		if a.State != SecretNone && slices.ContainsFunc(replaced, func(b Account) bool { return b.Name == a.Name }) &&
			!slices.ContainsFunc(replaced, same) {
			names = append(names, a.Name)
		}
	}
	return names
}
