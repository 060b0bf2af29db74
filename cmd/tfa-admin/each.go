package main

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"

	"evry.nl/tfa/core"
)

// each runs act on every practice, as many at once as there are processors, and
// returns what it yields in the order of practices. One that can't be opened
// does not hide the others: its error is written and makes the status. When ctx
// ends, those that are done are returned, with an error that says how far it got.
func each[T any](d *desk, practices []string, act func(string, core.Helpdesk) (T, error)) ([]T, error) {
	if err := d.load(); err != nil { // once, and not by all of them at once
		return nil, err
	}
	bar := newProgress(d.err, len(practices))
	defer bar.end()
	results, errs := make([]*T, len(practices)), make([]error, len(practices))
	work := make(chan int)
	var workers sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		workers.Go(func() {
			for i := range work {
				errs[i] = d.with(practices[i], func(h core.Helpdesk, _ core.Actor) error {
					result, err := act(practices[i], h)
					if err == nil {
						results[i] = &result
					}
					return err
				})
				bar.step()
			}
		})
	}
	handOut(d.ctx, work, len(practices))
	workers.Wait()
	bar.end()
	var done []T
	for _, result := range results {
		if result != nil {
			done = append(done, *result)
		}
	}
	return done, d.together(errs, len(done))
}

// tellEach runs act on every practice, as each does, and prints what it yields:
// one document, or what say makes of each. If nothing could be done, there is
// nothing to print.
func tellEach[T any](d *desk, practices []string, act func(string, core.Helpdesk) (T, error), say func(T) error) error {
	documents, failed := each(d, practices, act)
	if failed != nil && len(documents) == 0 {
		return failed
	}
	if d.json {
		if err := d.printJSON(list(documents)); err != nil {
			return err
		}
		return failed
	}
	for _, document := range documents {
		if err := say(document); err != nil {
			return err
		}
	}
	return failed
}

// handOut hands the numbers below n to who works, until ctx ends.
func handOut(ctx context.Context, work chan<- int, n int) {
	defer close(work)
	for i := range n {
		select {
		case work <- i:
		case <-ctx.Done():
			return
		}
	}
}

// together makes one error of those of practices: the first, after the others
// are written.
func (d *desk) together(errs []error, done int) error {
	var first error
	if d.ctx.Err() != nil {
		first = interrupted(done, len(errs))
	}
	for _, err := range errs {
		switch {
		case err == nil, errors.Is(err, context.Canceled):
		case first == nil:
			first = err
		default:
			report(d.err, err)
		}
	}
	return first
}

// interrupted says how far a run over practices got.
func interrupted(done, all int) error {
	return hinted{fmt.Errorf("interrupted: %d of %d practices were done", done, all), "nothing is half done; run it again for the others"}
}
