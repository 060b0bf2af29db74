package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"filippo.io/age"

	"evry.nl/tfa/cmd/internal/clock"
	"evry.nl/tfa/cmd/internal/config"
	"evry.nl/tfa/cmd/internal/identity"
	"evry.nl/tfa/core"
	"evry.nl/tfa/storage/durable"
	"evry.nl/tfa/storage/sqlite"
)

// selection is the practices that a verb works on: some, or all of the host.
type selection struct {
	Practices []string `arg:"" optional:"" name:"practice" help:"Names of practices, like EV-0000."`
	All       bool     `help:"All practices of this host."`
}

// valid holds that nobody works on all practices by forgetting a name.
func (s selection) valid() error {
	if s.All == (len(s.Practices) > 0) {
		return errors.New("name practices, or give --all")
	}
	return nil
}

func (s selection) of(d *desk) ([]string, error) {
	if err := d.load(); err != nil {
		return nil, err
	}
	if s.All {
		return d.practices()
	}
	var names []string
	for _, name := range s.Practices {
		names = append(names, config.Fold(name))
	}
	return names, nil
}

// word is what somebody types who means all of them.
func (s selection) word(practices []string) string {
	if len(practices) == 1 {
		return practices[0]
	}
	return "all"
}

type backupCommand struct {
	selection
	To string `required:"" placeholder:"PATH" help:"The folder for the backups; for one practice also the name of a file."`
	sealing
}

// Help is the text of backup --help. The parser asks for it.
func (backupCommand) Help() string {
	return `It writes one file a practice, like EV-0000-2026-11-24T130500Z.tfa-backup, while
people log on. The file holds the store, its log and its key, encrypted by age:
to public keys, best for a script, or with a passphrase. Who can open it has all
secrets of the practice. A file has its name only when it is complete, and none
is ever overwritten. What is begun is in the log of the practice.`
}

// Validate is asked by the parser.
func (c backupCommand) Validate() error { return c.valid() }

// copier is a store that can be copied while it is in use.
type copier interface {
	Backup(ctx context.Context, w io.Writer, at time.Time) (sqlite.Manifest, error)
}

// backupDocument is a backup in JSON.
type backupDocument struct {
	Practice string     `json:"practice"`
	File     string     `json:"file"`
	At       *time.Time `json:"at"`
	LastSeq  int64      `json:"last_seq"`
	Bytes    int64      `json:"bytes"`
}

func (c backupCommand) Run(d *desk) error {
	practices, err := c.of(d)
	if err != nil {
		return err
	}
	name, err := c.naming(practices)
	if err != nil {
		return err
	}
	recipients, sealedFor, err := c.recipients(d)
	if err != nil {
		return err
	}
	actor, err := identity.Helpdesk()
	if err != nil {
		return err
	}
	return tellEach(d, practices, func(practice string, h core.Helpdesk) (backupDocument, error) {
		store, ok := h.Store.(copier)
		if !ok {
			return backupDocument{}, refusal("the store of " + practice + " is no file: its database makes the backups")
		}
		at := clock.Now()
		file := name(practice, at)
		if err := vacant(file); err != nil {
			return backupDocument{}, err
		}
		manifest, size, err := writeBackup(file, func(w io.Writer) (sqlite.Manifest, error) {
			if err := h.BackUp(d.ctx, actor, file, sealedFor); err != nil {
				return sqlite.Manifest{}, err
			}
			return encrypt(d.ctx, store, w, recipients, at)
		})
		return backupDocument{practice, file, utc(manifest.At), manifest.LastSeq, size}, err
	}, func(b backupDocument) error {
		_, err := fmt.Fprintf(d.out, "%s: up to event %d, in %s\n", b.Practice, b.LastSeq, b.File)
		return err
	})
}

// naming returns how the files of the backups are called.
func (c backupCommand) naming(practices []string) (func(practice string, at time.Time) string, error) {
	to, err := filepath.Abs(c.To)
	if err != nil {
		return nil, unwritable(c.To, err)
	}
	switch info, err := os.Stat(to); {
	case err == nil && info.IsDir():
		return func(practice string, at time.Time) string {
			return filepath.Join(to, practice+"-"+at.UTC().Format("2006-01-02T150405Z")+".tfa-backup")
		}, nil
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return nil, unwritable(to, err)
	case strings.HasSuffix(c.To, string(filepath.Separator)), len(practices) != 1:
		return nil, hinted{refusal(to + " is no folder"), "make it first; a file is for one practice"}
	}
	return func(string, time.Time) string { return to }, nil
}

// vacant holds that no backup is overwritten.
func vacant(file string) error {
	if _, err := os.Lstat(file); !errors.Is(err, fs.ErrNotExist) {
		return hinted{refusal(file + " is there already: a backup is never overwritten"), "give another name, or a folder"}
	}
	return nil
}

// writeBackup has write fill a file that has its name when it is on the disk for
// good. Interrupted, it leaves nothing; killed, a file whose name begins with a
// dot.
func writeBackup(path string, write func(io.Writer) (sqlite.Manifest, error)) (sqlite.Manifest, int64, error) {
	folder := filepath.Dir(path)
	file, err := os.CreateTemp(folder, "."+filepath.Base(path)+".*") // nobody else may read it
	if err != nil {
		return sqlite.Manifest{}, 0, unwritable(folder, err)
	}
	defer os.Remove(file.Name()) // does nothing once it has its name
	target := &target{file: file}
	manifest, err := write(target)
	if err == nil && target.err == nil {
		target.err = file.Sync()
	}
	if closing := file.Close(); target.err == nil {
		target.err = closing
	}
	if err == nil && target.err == nil {
		if err = vacant(path); err == nil {
			target.err = os.Rename(file.Name(), path)
		}
	}
	switch {
	case target.err != nil: // the cause of what the store says, if it says anything
		return sqlite.Manifest{}, 0, unwritable(folder, target.err)
	case err != nil:
		return sqlite.Manifest{}, 0, err
	}
	return manifest, target.size, durable.SyncFolder(folder)
}

func encrypt(ctx context.Context, store copier, w io.Writer, recipients []age.Recipient, at time.Time) (sqlite.Manifest, error) {
	sealed, err := age.Encrypt(w, recipients...)
	if err != nil {
		return sqlite.Manifest{}, fmt.Errorf("encrypting the backup: %w", err)
	}
	buffered := bufio.NewWriterSize(sealed, 1<<16)
	manifest, err := store.Backup(ctx, buffered, at)
	if err == nil {
		err = buffered.Flush()
	}
	if err == nil {
		err = sealed.Close() // marks the end: a backup that was cut off does not open
	}
	return manifest, err
}

// target counts what is written to a file, and remembers what went wrong there:
// to the store a full disk is its own.
type target struct {
	file *os.File
	size int64
	err  error
}

// Write implements io.Writer.
func (t *target) Write(p []byte) (int, error) {
	n, err := t.file.Write(p)
	t.size += int64(n)
	if err != nil {
		t.err = err
	}
	return n, err
}
