package main

import (
	"bufio"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"evry.nl/tfa/core"
)

type logExport struct {
	Practice string `arg:"" optional:"" help:"Name of the practice."`
	All      bool   `help:"All practices of this host."`
	Format   string `enum:"csv,jsonl" default:"csv" help:"csv for a spreadsheet, jsonl for one JSON object a line."`
	ToFile   string `type:"path" placeholder:"FILE" help:"Write this file, complete or not at all, instead of standard output."`
	logFilter
	logPeriod
}

// Validate is asked by the parser.
func (c logExport) Validate() error {
	if c.All == (c.Practice != "") {
		return errors.New("name a practice, or give --all")
	}
	return c.logFilter.Validate()
}

func (c logExport) Run(d *desk) error {
	if err := d.load(); err != nil {
		return err
	}
	practices, err := c.practices(d, c.Practice)
	if err != nil {
		return err
	}
	if c.ToFile == "" {
		return c.write(d, d.out, practices)
	}
	return c.writeFile(d, practices)
}

// writeFile writes a file that only its owner reads: a log tells who works when.
func (c logExport) writeFile(d *desk, practices []string) error {
	file, err := os.CreateTemp(filepath.Dir(c.ToFile), ".log-*")
	if err != nil {
		return fmt.Errorf("making %s: %w", c.ToFile, err)
	}
	defer os.Remove(file.Name()) // does nothing once it has its name
	failed := c.write(d, file, practices)
	closing := file.Close()
	if d.ctx.Err() != nil {
		return failed
	}
	if closing == nil {
		closing = os.Rename(file.Name(), c.ToFile)
	}
	if closing != nil {
		return fmt.Errorf("writing %s: %w", c.ToFile, closing)
	}
	return failed
}

// write writes practice by practice. One that can't be opened does not hide the
// others.
func (c logExport) write(d *desk, w io.Writer, practices []string) error {
	buffered := bufio.NewWriter(w)
	write, flush := jsonLines(buffered), buffered.Flush
	if c.Format == "csv" && !d.json {
		table := csv.NewWriter(buffered)
		if err := table.Write(append([]string{"practice"}, core.RecordFields()...)); err != nil {
			return err
		}
		write = func(practice string, e core.Event) error {
			return table.Write(core.Inert(append([]string{practice}, e.Record()...)))
		}
		flush = func() error { table.Flush(); return errors.Join(table.Error(), buffered.Flush()) }
	}
	query := c.within(c.query(), d.cfg.Rules().Zone)
	errs := make([]error, len(practices))
	done := 0
	bar := newProgress(d.err, len(practices))
	for i, practice := range practices {
		errs[i] = d.with(practice, func(h core.Helpdesk, _ core.Actor) error {
			for event, err := range events(d.ctx, h.Store, query) {
				if err == nil {
					err = write(practice, event)
				}
				if err != nil {
					return err
				}
			}
			return nil
		})
		if bar.step(); d.ctx.Err() != nil {
			break
		}
		if errs[i] == nil {
			done++
		}
	}
	bar.end()
	if err := flush(); err != nil {
		return fmt.Errorf("writing the log: %w", err)
	}
	return d.together(errs, done)
}

func jsonLines(w io.Writer) func(string, core.Event) error {
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	return func(practice string, e core.Event) error { return encoder.Encode(newEventDocument(practice, e)) }
}
