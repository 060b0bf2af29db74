package check

import (
	"context"
	"errors"
	"slices"
	"time"

	"evry.nl/tfa/cmd/internal/access"
	"evry.nl/tfa/cmd/internal/config"
	"evry.nl/tfa/cmd/internal/stores"
	"evry.nl/tfa/core"
)

func (w Windows) ourChecks() []Check {
	return []Check{
		{"config", "The configuration is valid, and only administrators write it",
			"Without it nobody logs on; who can write it can exempt an account, or name another store.",
			"Mend the line that is named; give the file to Administrators, with no right to write for Users.",
			w.config},
		{"exempt", "Only the account that mends the host is exempt",
			"An exempt account logs on with its password alone.",
			"Take the account out of exempt in tfa.toml, if nobody needs it in an emergency.",
			w.exempt},
		{"stores", "Every store opens with its key",
			"Nobody of the practice can log on.",
			"Put the backup of the store or the key back.",
			w.stores},
		{"clock-behind", "The clock is not behind what the stores have seen",
			"Nobody of the practice can log on with a code: an end of the transition could be undone.",
			"Set the clock right. If it was ahead before: tfa-admin practice accept-clock PRACTICE.",
			w.clockBehind},
	}
}

func (w Windows) config(context.Context) (r result) {
	cfg, err := config.Load(w.File)
	switch {
	case errors.Is(err, access.ErrWritable):
		file := w.configFile()
		r.add(Hole, "%s", sentence(err))
		r.fix(func() error { return w.Close(file) }, "have only administrators write %s (see that nothing in it was changed)", file)
	case err != nil:
		r.add(Hole, "%s", sentence(err))
	case cfg.File == "":
		r.add(Hole, "there is no %s: nobody is exempt, so a fault would lock out who must mend it", w.configFile())
	case cfg.Identity.Account != "":
		r.add(Warning, "[identity] lets %s stand in for whoever runs the tool: that is for demos", cfg.Identity.Account)
	}
	return r
}

func (w Windows) configFile() string {
	if w.File != "" {
		return w.File
	}
	return config.DefaultFile()
}

func (w Windows) exempt(context.Context) (r result) {
	cfg, err := config.Load(w.File)
	if err != nil {
		return found(Unknown, "the configuration can't be read")
	}
	for _, name := range cfg.Exempt {
		if !slices.Contains(w.Mending, name) {
			r.add(Warning, "%s is exempt", name)
		}
	}
	return r
}

// eachPractice opens the stores one by one.
func (w Windows) eachPractice(ctx context.Context, look func(*result, core.Overview, error)) result {
	cfg, err := config.Load(w.File)
	if err != nil {
		return found(Unknown, "the configuration can't be read")
	}
	practices, err := stores.Practices(cfg)
	if err != nil {
		return fault(err)
	}
	var r result
	for _, practice := range practices {
		overview, err := open(ctx, cfg, practice, w.Now)
		look(&r, overview, err)
	}
	if len(practices) == 0 {
		r.add(NotApplicable, "this host has no practice yet")
	}
	return r
}

func (w Windows) stores(ctx context.Context) result {
	return w.eachPractice(ctx, func(r *result, _ core.Overview, err error) {
		if err != nil {
			r.add(Hole, "%s", sentence(err))
		}
	})
}

func (w Windows) clockBehind(ctx context.Context) result {
	return w.eachPractice(ctx, func(r *result, o core.Overview, err error) {
		if err != nil {
			r.add(Unknown, "a store does not open")
		} else if o.ClockBehind {
			addBehind(r, o)
		}
	})
}

func addBehind(r *result, o core.Overview) {
	r.add(Hole, "practice %s has seen %s, which this clock has not reached", o.Practice.Name, o.Practice.Seen.UTC().Format("2006-01-02 15:04:05Z"))
}

// open opens a store and returns the practice as the helpdesk sees it.
func open(ctx context.Context, cfg config.Config, practice string, now func() time.Time) (core.Overview, error) {
	store, err := stores.Open(ctx, cfg, practice)
	if err != nil {
		return core.Overview{}, err
	}
	defer store.Close()
	direct := core.Direct{Store: store, Rules: cfg.Rules(), Now: now}
	return core.Helpdesk{Direct: direct}.Overview(ctx, core.Actor{Helpdesk: true})
}
