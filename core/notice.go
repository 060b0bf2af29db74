package core

import (
	"cmp"
	"context"
	"slices"
	"time"
)

// Notice is something that was done with the second factor of an account by
// somebody else, or by a helper code, and that its owner should hear of.
type Notice struct {
	// Kind is one of NoticeKinds.
	Kind Kind `json:"kind"`
	// Actor is who did it, as the log names it.
	Actor string `json:"actor"`
	// Days are the days on which it was done, rising, and Times how often in all.
	Days  []Date `json:"days"`
	Times int    `json:"times"`
	// Last is when it was done last.
	Last time.Time `json:"last"`
}

// Notices are what a logon has to tell, the gravest first.
type Notices []Notice

// NoticeKinds lists what a notice can be about, the gravest first.
func NoticeKinds() []Kind {
	return []Kind{LogonHelper, CopiedSecret, Exported, Imported, WasReset, ShownInTool}
}

// doubt is how long before a logon a look may have been for that very logon, by
// whoever looked. It is told at the logon after it too: at the first of them
// perhaps only the one who looked was told.
const doubt = 10 * time.Minute

// noticeOf returns what an event is called in a notice. A code that was seen is
// one, wherever; a secret that was copied too.
func noticeOf(e Event) (Kind, bool) {
	switch e.Kind {
	case ShownInTool, ShownAll:
		return ShownInTool, e.Actor != e.Account
	case CopiedSecret, CopiedURI:
		return CopiedSecret, e.Actor != e.Account
	case Exported, Imported, WasReset:
		return e.Kind, e.Actor != e.Account
	}
	return "", false
}

// notices returns what the owner of an account must hear of at a logon whose first
// event is seq: what others did since the logon before it, and that this was by a
// helper code. The log is the only list of it.
func (g Gate) notices(ctx context.Context, account string, before time.Time, seq int64) (*Notices, error) {
	var told Notices
	met := false // the logon before
	err := g.backwards(ctx, account, seq, func(e Event) bool {
		kind, tell := noticeOf(e)
		switch {
		// The event of a logon bears the time that the account keeps.
		case !met && e.At.Equal(before) && isLogon(e.Kind):
			met = true
			kind, tell = e.Kind, e.Kind == LogonHelper
		case met && before.Sub(e.At) > doubt:
			return false
		}
		if tell {
			told = told.add(kind, e, g.Rules.Zone)
		}
		return true
	})
	if err != nil || len(told) == 0 {
		return nil, err
	}
	slices.SortStableFunc(told, func(a, b Notice) int {
		return cmp.Compare(slices.Index(NoticeKinds(), a.Kind), slices.Index(NoticeKinds(), b.Kind))
	})
	return &told, nil
}

func isLogon(kind Kind) bool {
	return slices.Contains([]Kind{LogonOTP, LogonOff, LogonSkipped, LogonHelper}, kind)
}

// add counts an event that is older than those before it.
func (n Notices) add(kind Kind, e Event, zone *time.Location) Notices {
	at := slices.IndexFunc(n, func(one Notice) bool { return one.Kind == kind && one.Actor == e.Actor })
	if at < 0 {
		at, n = len(n), append(n, Notice{Kind: kind, Actor: e.Actor, Last: e.At})
	}
	one := &n[at]
	one.Times++
	day := DateOf(e.At, zone)
	if place, found := slices.BinarySearchFunc(one.Days, day, Date.DaysSince); !found {
		one.Days = slices.Insert(one.Days, place, day)
	}
	return n
}

// How many events are read at once: at first as many as an account has in a day,
// because every logon pays for them; then more and more.
const (
	firstOfPast = 16
	mostOfPast  = 1024
)

// backwards calls see with the events about an account that stand before event
// end, newest first, under each name that it had, until see says that it is
// enough. A name may have been another account's before.
func (d Direct) backwards(ctx context.Context, account string, end int64, see func(Event) bool) error {
	renames, err := d.Store.Events(ctx, Query{Kind: Renamed, Uncounted: true})
	if err != nil {
		return err
	}
	query := Query{Account: account, Limit: firstOfPast, Uncounted: true}
	began := end // it had this name before
	for {
		page, err := d.Store.Events(ctx, query)
		if err != nil {
			return err
		}
		more := len(page.Events) == query.Limit
		query.Offset, query.Limit = query.Offset+query.Limit, min(4*query.Limit, mostOfPast)
		for _, e := range page.Events {
			if e.Seq >= end {
				continue
			}
			end = e.Seq
			another := func(r Event) bool { return r.Detail["before"] == query.Account && e.Seq < r.Seq && r.Seq < began }
			if e.Kind == Removed || slices.ContainsFunc(renames.Events, another) || !see(e) {
				return nil
			}
			if e.Kind == Renamed {
				query.Account, query.Offset, began, more = e.Detail["before"], 0, e.Seq, true
				break
			}
		}
		if !more {
			return nil
		}
	}
}
