package main

import (
	"cmp"
	"context"
	"slices"
	"time"

	"evry.nl/tfa/core"
)

// past tells which account of today an event is about, through its renames: a
// name may have been another account's before.
type past struct {
	ctx   context.Context
	store core.Store
	// turns are the events in which a name changed its account, oldest first.
	turns []core.Event
}

func newPast(ctx context.Context, store core.Store) (past, error) {
	p := past{ctx: ctx, store: store}
	for _, kind := range []core.Kind{core.Renamed, core.Removed} {
		for event, err := range events(ctx, store, core.Query{Kind: kind}) {
			if err != nil {
				return past{}, err
			}
			p.turns = append(p.turns, event)
		}
	}
	slices.SortFunc(p.turns, func(a, b core.Event) int { return cmp.Compare(a.Seq, b.Seq) })
	return p, nil
}

// now returns what the account is called today that had a name at event seq; ""
// if it was removed.
func (p past) now(name string, seq int64) string {
	for _, turn := range p.turns {
		switch {
		case turn.Seq <= seq:
		case turn.Kind == core.Removed && turn.Account == name:
			return ""
		case turn.Kind == core.Renamed && turn.Detail["before"] == name:
			name = turn.Account
		}
	}
	return name
}

// called returns what an account is called today that once had this name; "" if
// there is none.
func (p past) called(name string) string {
	for _, turn := range slices.Backward(p.turns) {
		if turn.Kind == core.Renamed && turn.Detail["before"] == name {
			return p.now(turn.Account, turn.Seq)
		}
	}
	return ""
}

// sighting is that somebody saw the secret or codes of an account.
type sighting struct {
	Actor   string      `json:"actor"`
	Account string      `json:"account"`
	Kinds   []core.Kind `json:"kinds"`
	Times   int         `json:"times"`
	Last    *time.Time  `json:"last"`
}

// sightings returns who saw what since a time, by actor and account as they are
// called today, the latest first. Only what keep takes is looked at.
func (p past) sightings(since time.Time, keep func(core.Event, sighting) bool) ([]sighting, error) {
	type pair struct{ actor, account string }
	found := map[pair]*sighting{}
	for _, kind := range core.Disclosures() {
		for event, err := range events(p.ctx, p.store, core.Query{Kind: kind, From: since}) {
			if err != nil {
				return nil, err
			}
			one := sighting{Actor: p.now(event.Actor, event.Seq), Account: p.now(event.Account, event.Seq)}
			if one.Actor == "" {
				one.Actor = event.Actor // it has gone, and still knows
			}
			if !keep(event, one) {
				continue
			}
			key := pair{one.Actor, one.Account}
			if found[key] == nil {
				found[key] = &one
			}
			found[key].add(event)
		}
	}
	all := []sighting{}
	for _, one := range found {
		all = append(all, *one)
	}
	slices.SortFunc(all, func(a, b sighting) int {
		return cmp.Or(b.Last.Compare(*a.Last), core.CompareNames(a.Actor, b.Actor), core.CompareNames(a.Account, b.Account))
	})
	return all, nil
}

func (s *sighting) add(e core.Event) {
	s.Times++
	if !slices.Contains(s.Kinds, e.Kind) {
		s.Kinds = append(s.Kinds, e.Kind)
	}
	if at := utc(e.At); s.Last == nil || at.After(*s.Last) {
		s.Last = at
	}
}

// remembered is how far back it is said who saw a code.
const remembered = 30 * 24 * time.Hour

// whoSaw returns who saw the secret or codes of an account lately.
func (p past) whoSaw(account string, now time.Time) ([]sighting, error) {
	return p.sightings(now.Add(-remembered), func(_ core.Event, s sighting) bool { return s.Account == account })
}

// whatSaw returns the other accounts whose present secret an account saw,
// however long ago: it opens logons until it is reset.
func (p past) whatSaw(account string, others []core.Account) ([]sighting, error) {
	made := map[string]int64{} // the event after which the secret was made
	for _, other := range others {
		if other.State != core.SecretNone && other.Name != account {
			made[other.Name] = 0
		}
	}
	for event, err := range events(p.ctx, p.store, core.Query{Kind: core.WasReset}) {
		if err != nil {
			return nil, err
		}
		name := p.now(event.Account, event.Seq)
		if _, asked := made[name]; asked {
			made[name] = max(made[name], event.Seq)
		}
	}
	return p.sightings(time.Time{}, func(e core.Event, s sighting) bool {
		since, asked := made[s.Account]
		return asked && s.Actor == account && e.Seq > since
	})
}
