package main

import (
	"context"
	"iter"

	"evry.nl/tfa/core"
)

// batch is how many events are read at once: a million need no memory.
const batch = 5_000

// events yields the events that a query selects, oldest first, whatever their
// number. An error ends it.
func events(ctx context.Context, store core.Store, query core.Query) iter.Seq2[core.Event, error] {
	query.Oldest, query.Limit = true, batch
	return func(yield func(core.Event, error) bool) {
		for {
			page, err := store.Events(ctx, query)
			if err != nil {
				yield(core.Event{}, err)
				return
			}
			for _, event := range page.Events {
				if !yield(event, nil) {
					return
				}
				query.After = event.Seq
			}
			if len(page.Events) < batch {
				return
			}
		}
	}
}
