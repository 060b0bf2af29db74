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
		_, err = c.write(d, d.out, practices)
		return err
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
	done, failed := c.write(d, file, practices)
	closing := file.Close()
	if d.ctx.Err() != nil || done == 0 && failed != nil {
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

// write writes practice by practice and returns how many. One that can't be
// opened does not hide the others.
func (c logExport) write(d *desk, w io.Writer, practices []string) (done int, err error) {
	write, flush := c.form(d, w)
	query := c.within(c.query(), d.cfg.Rules().Zone)
	errs := make([]error, len(practices))
	bar := newProgress(d.err, len(practices))
	for i, practice := range practices {
		var unwritten error
		errs[i] = d.with(practice, func(h core.Helpdesk, _ core.Actor) error {
			for event, err := range events(d.ctx, h.Store, query) {
				if err != nil {
					return err
				}
				if unwritten = write(practice, event); unwritten != nil {
					return nil
				}
			}
			return nil
		})
		bar.step()
		if unwritten != nil {
			bar.end()
			return 0, fmt.Errorf("writing the log: %w", unwritten)
		}
		if d.ctx.Err() != nil {
			break
		}
		if errs[i] == nil {
			done++
		}
	}
	bar.end()
	err = d.together(errs, done)
	if done == 0 && err != nil {
		return 0, err // and not the names of the columns alone
	}
	if unwritten := flush(); unwritten != nil {
		return 0, fmt.Errorf("writing the log: %w", unwritten)
	}
	return done, err
}

// form returns what writes an event in the form that is asked for, and what
// writes the rest.
func (c logExport) form(d *desk, w io.Writer) (write func(string, core.Event) error, flush func() error) {
	buffered := bufio.NewWriter(w)
	if c.Format == "jsonl" || d.json {
		return jsonLines(buffered), buffered.Flush
	}
	table := csv.NewWriter(buffered)
	table.Write(append([]string{"practice"}, core.RecordFields()...)) // into the buffer, so what fails shows below
	write = func(practice string, e core.Event) error {
		return table.Write(core.Inert(append([]string{practice}, e.Record()...)))
	}
	return write, func() error {
		table.Flush()
		return errors.Join(table.Error(), buffered.Flush())
	}
}

func jsonLines(w io.Writer) func(string, core.Event) error {
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	return func(practice string, e core.Event) error { return encoder.Encode(newEventDocument(practice, e)) }
}
