package main

import (
	"fmt"
	"strings"
	"time"

	"evry.nl/tfa/core"
)

type logFollow struct {
	Practice string `arg:"" optional:"" help:"Name of the practice; without it, all of this host."`
	logFilter
}

// every is how often a log is looked at. A look without news costs next to
// nothing (core.Store, Version).
const every = time.Second

// follower looks at the logs of practices again and again.
type follower struct {
	*desk
	filter  logFilter
	logs    map[string]*followed
	refused map[string]bool // practices whose fault was told
	write   func(string, core.Event) error
}

// followed is the log of one practice, and how far it was read.
type followed struct {
	store   core.Store
	version core.Version
	seq     int64
}

func (c logFollow) Run(d *desk) error {
	if err := d.load(); err != nil {
		return err
	}
	f := &follower{desk: d, filter: c.logFilter, logs: map[string]*followed{}, refused: map[string]bool{}, write: d.writeEvent}
	if d.json {
		f.write = jsonLines(d.out)
	}
	defer f.close()
	practices, err := c.practices(d, c.Practice)
	if err != nil {
		return err
	}
	for _, practice := range practices {
		if err := f.begin(practice); err != nil && len(practices) == 1 {
			return err
		} else if err != nil {
			f.tell(practice, err)
		}
	}
	fmt.Fprintf(d.err, "%s: following %s; Ctrl-C ends it\n", program, followedNames(practices))
	if c.Practice == "" && c.Account == "" {
		practices = nil
	}
	return f.run(practices)
}

func followedNames(practices []string) string {
	if len(practices) == 1 {
		return practices[0]
	}
	return fmt.Sprintf("%d practices", len(practices))
}

// run looks at practices, or at all that there are, until ctx ends, which is no
// error.
func (f *follower) run(of []string) error {
	practices, err := of, error(nil)
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-f.ctx.Done():
			return nil
		case <-tick.C:
		}
		if of == nil { // one may have come
			if practices, err = f.practices(); err != nil {
				return err
			}
		}
		if err := f.lookAt(practices); err != nil {
			return err
		}
	}
}

// begin opens the log of a practice at its end.
func (f *follower) begin(practice string) error {
	store, err := f.openNamed(practice)
	if err != nil {
		return err
	}
	last, err := store.Events(f.ctx, core.Query{Limit: 1})
	if err != nil {
		store.Close()
		return err
	}
	log := &followed{store: store}
	if len(last.Events) > 0 {
		log.seq = last.Events[0].Seq
	}
	f.logs[practice] = log
	return nil
}

// lookAt writes what is new. A log that can't be read is told once, and tried
// again. Error: of what is written to.
func (f *follower) lookAt(practices []string) error {
	for _, practice := range practices {
		log := f.logs[practice]
		if log == nil {
			if err := f.begin(practice); err != nil {
				f.tell(practice, err)
				continue
			}
			log = f.logs[practice]
			if !f.refused[practice] {
				log.seq = 0 // it was made meanwhile: all of it is new
			}
		}
		unwritten, err := f.news(practice, log)
		if unwritten != nil {
			return unwritten
		}
		if err != nil {
			f.tell(practice, err)
			continue
		}
		delete(f.refused, practice)
	}
	return nil
}

// news writes the events of a log that came since the last look.
func (f *follower) news(practice string, log *followed) (unwritten, err error) {
	version, err := log.store.Version(f.ctx)
	if err != nil || version == log.version {
		return nil, err
	}
	query := f.filter.query()
	query.After = log.seq
	for event, err := range events(f.ctx, log.store, query) {
		if err != nil {
			return nil, err
		}
		if unwritten := f.write(practice, event); unwritten != nil {
			return unwritten, nil
		}
		log.seq = event.Seq
	}
	log.version = version
	return nil, nil
}

// tell reports a fault of a practice, once until it is over.
func (f *follower) tell(practice string, err error) {
	if !f.refused[practice] && f.ctx.Err() == nil {
		f.refused[practice] = true
		report(f.err, err)
	}
}

func (f *follower) close() {
	for _, log := range f.logs {
		log.store.Close()
	}
}

// writeEvent writes an event as a line.
func (d *desk) writeEvent(practice string, e core.Event) error {
	words := []string{d.local(&e.At), practice, fmt.Sprint(e.Seq), string(e.Kind), "by " + e.Actor}
	if e.Account != "" {
		words = append(words, "on "+e.Account)
	}
	if from := origin(e); from != "" {
		words = append(words, "from "+from)
	}
	_, err := fmt.Fprintln(d.out, strings.TrimSpace(strings.Join(words, " ")+" "+details(e.Detail)))
	return err
}
