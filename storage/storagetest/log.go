package storagetest

import (
	"reflect"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"evry.nl/tfa/core"
)

// few returns a generator of few names, so that filters meet events.
func few() *rapid.Generator[string] {
	return rapid.SampledFrom([]string{"", name(1), name(2), name(10)})
}

// near returns times close together, in no order: clocks are turned back.
func near() *rapid.Generator[time.Time] {
	return rapid.Map(rapid.Int64Range(0, 20), func(n int64) time.Time { return noon.Add(time.Duration(n) * time.Microsecond) })
}

func events() *rapid.Generator[core.Event] {
	return rapid.Custom(func(t *rapid.T) core.Event {
		e := core.Event{
			At:      near().Draw(t, "At"),
			Kind:    rapid.SampledFrom(core.Kinds()[:4]).Draw(t, "Kind"),
			Actor:   text().Draw(t, "Actor"),
			Account: few().Draw(t, "Account"),
			Server:  text().Draw(t, "Server"),
			Session: text().Draw(t, "Session"),
			Client:  text().Draw(t, "Client"),
		}
		if detail := rapid.MapOfN(text(), text(), 0, 3).Draw(t, "Detail"); len(detail) > 0 {
			e.Detail = detail
		}
		return e
	})
}

func queries(total int) *rapid.Generator[core.Query] {
	return rapid.Custom(func(t *rapid.T) core.Query {
		q := core.Query{
			Account: few().Draw(t, "Account"),
			Kind:    rapid.SampledFrom(append(core.Kinds()[:5], "", "", "", "")).Draw(t, "Kind"),
			Offset:  rapid.IntRange(0, total+3).Draw(t, "Offset"),
			Limit:   rapid.OneOf(rapid.IntRange(0, 5), rapid.Just(1<<62)).Draw(t, "Limit"),
			Oldest:  rapid.Bool().Draw(t, "Oldest"), Uncounted: rapid.Bool().Draw(t, "Uncounted"),
			After: int64(rapid.OneOf(rapid.IntRange(-1, total+3), rapid.Just(0)).Draw(t, "After")),
		}
		if rapid.Bool().Draw(t, "whole log") {
			q.Account, q.Kind = "", ""
			return q
		}
		if rapid.Bool().Draw(t, "from") {
			q.From = near().Draw(t, "From").Add(rapid.SampledFrom([]time.Duration{0, 1}).Draw(t, "ns"))
		}
		if rapid.Bool().Draw(t, "to") {
			q.To = near().Draw(t, "To").Add(rapid.SampledFrom([]time.Duration{0, 1}).Draw(t, "ns"))
		}
		return q
	})
}

// selected is Store.Events by hand, over a log with the oldest event first.
func selected(log []core.Event, q core.Query) core.Page {
	var all []core.Event
	for _, e := range log {
		if e.Seq > q.After && (q.Account == "" || e.Account == q.Account) && (q.Kind == "" || e.Kind == q.Kind) &&
			(q.From.IsZero() || !e.At.Before(q.From)) && (q.To.IsZero() || e.At.Before(q.To)) {
			all = append(all, e)
		}
	}
	if !q.Oldest {
		slices.Reverse(all)
	}
	page := core.Page{Total: len(all)}
	if q.Uncounted {
		page.Total = 0
	}
	if q.Limit == 0 {
		q.Limit = core.DefaultLimit
	}
	all = all[min(q.Offset, len(all)):]
	page.Events = all[:min(q.Limit, len(all))]
	return page
}

// eventsLikeModel lets one log grow, and asks it all sorts of things on the way.
func eventsLikeModel(t *testing.T, open Open) {
	s := open(t)
	var log []core.Event
	rapid.Check(t, func(rt *rapid.T) {
		more := rapid.SliceOfN(events(), 1, 5).Draw(rt, "events")
		stored := slices.Clone(more)
		err := s.ChangePractice(t.Context(), func(*core.Practice) ([]core.Event, error) { return stored, nil })
		if err != nil {
			rt.Fatal(err)
		}
		for _, e := range more {
			e.Seq = int64(len(log) + 1)
			log = append(log, e)
		}
		if got := log[len(log)-len(more):]; !reflect.DeepEqual(got, stored) {
			rt.Fatalf("the store did not number the events: %+v", stored)
		}
		for range 5 {
			query := queries(len(log)).Draw(rt, "query")
			got, err := s.Events(t.Context(), query)
			if err != nil {
				rt.Fatal(err)
			}
			want := selected(log, query)
			if got.Total != want.Total || len(got.Events) != len(want.Events) ||
				len(want.Events) > 0 && !reflect.DeepEqual(got.Events, want.Events) {
				rt.Fatalf("%+v:\ngot  %+v\nwant %+v", query, got, want)
			}
		}
	})
}

// pruned lets a log grow and loses its beginning now and then.
func pruned(t *testing.T, open Open) {
	s := open(t)
	var log []core.Event // what must be left, with its numbers
	var next int64 = 1
	keep := func(events ...core.Event) {
		for _, e := range events {
			e.Seq, next = next, next+1
			log = append(log, e)
		}
	}
	rapid.Check(t, func(rt *rapid.T) {
		more := rapid.SliceOfN(events(), 1, 5).Draw(rt, "events")
		err := s.ChangePractice(t.Context(), func(*core.Practice) ([]core.Event, error) { return slices.Clone(more), nil })
		if err != nil {
			rt.Fatal(err)
		}
		keep(more...)
		before := near().Draw(rt, "before")
		first := slices.IndexFunc(log, func(e core.Event) bool { return !e.At.Before(before) })
		if first < 0 {
			first = len(log) - 1 // the newest stays
		}
		said := core.Event{At: noon, Kind: core.LogPruned, Actor: "helpdesk kees"}
		var deleted int64
		err = s.PruneLog(t.Context(), before, func(_ *core.Practice, n int64) ([]core.Event, error) {
			deleted += n
			return []core.Event{said}, nil
		})
		if err != nil || deleted != int64(first) {
			rt.Fatalf("%d events were deleted, want %d: %v", deleted, first, err)
		}
		if first > 0 {
			log = log[first:]
			keep(said)
		}
		if n, err := s.VerifyLog(t.Context()); err != nil || n != int64(len(log)) {
			rt.Fatalf("%d of %d events verify: %v", n, len(log), err)
		}
		query := queries(len(log)).Draw(rt, "query")
		got, err := s.Events(t.Context(), query)
		want := selected(log, query)
		if err != nil || got.Total != want.Total || len(got.Events) != len(want.Events) ||
			len(want.Events) > 0 && !reflect.DeepEqual(got.Events, want.Events) {
			rt.Fatalf("%+v: %v\ngot  %+v\nwant %+v", query, err, got, want)
		}
	})
}

func notPruned(t *testing.T, open Open) {
	s := open(t)
	for range 3 {
		store(t, s, name(1))
	}
	before := stateOf(t, s)
	for what, act := range map[string]func(*core.Practice, int64) ([]core.Event, error){
		"errs":          func(*core.Practice, int64) ([]core.Event, error) { return about(name(1)), errAct },
		"has_no_event":  func(*core.Practice, int64) ([]core.Event, error) { return nil, nil },
		"is_not_needed": nil,
	} {
		at := noon.Add(1)
		if act == nil { // nothing is so old
			at = noon
		}
		if err := s.PruneLog(t.Context(), at, act); (err != nil) != (what == "errs") {
			t.Errorf("%s: %v", what, err)
		}
		unchanged(t, s, before)
	}
}

func prunedMeanwhile(t *testing.T, open Open) {
	s := open(t)
	for i := range 40 {
		err := s.ChangePractice(t.Context(), func(*core.Practice) (more []core.Event, err error) {
			for j := range 100 {
				more = append(more, core.Event{At: noon.Add(time.Duration(i*100+j) * time.Second), Kind: core.AccountAdded, Account: name(1)})
			}
			return more, nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	done := make(chan error, 1)
	go func() {
		for i := range 39 {
			err := s.PruneLog(t.Context(), noon.Add(time.Duration(i+1)*100*time.Second), func(*core.Practice, int64) ([]core.Event, error) {
				return about(""), nil
			})
			if err != nil {
				done <- err
				return
			}
		}
		done <- nil
	}()
	for {
		if _, err := s.VerifyLog(t.Context()); err != nil {
			t.Error(err)
		}
		if page, err := s.Events(t.Context(), core.Query{Limit: 10}); err != nil || len(page.Events) != 10 {
			t.Errorf("%d events, %v", len(page.Events), err)
		}
		select {
		case err := <-done:
			if err != nil {
				t.Error(err)
			}
			return
		default:
		}
	}
}

func logVerifies(t *testing.T, open Open) {
	s := open(t)
	var want int64
	rapid.Check(t, func(rt *rapid.T) {
		more := rapid.SliceOfN(events(), 1, 40).Draw(rt, "events")
		err := s.ChangeAccount(t.Context(), name(1), func(*core.Practice, *core.Account) ([]core.Event, error) { return more, nil })
		want += int64(len(more))
		if n, verr := s.VerifyLog(t.Context()); err != nil || verr != nil || n != want {
			rt.Fatalf("%d of %d events verify: %v, %v", n, want, err, verr)
		}
	})
}
