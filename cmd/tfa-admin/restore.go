package main

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"strings"
	"time"

	"evry.nl/tfa/cmd/internal/clock"
	"evry.nl/tfa/cmd/internal/config"
	"evry.nl/tfa/cmd/internal/identity"
	"evry.nl/tfa/cmd/internal/stores"
	"evry.nl/tfa/core"
	"evry.nl/tfa/storage/seal"
	"evry.nl/tfa/storage/sqlite"
)

type restoreCommand struct {
	File     string `arg:"" help:"The file that backup wrote."`
	Practice string `placeholder:"NAME" help:"Restore only if the backup is of this practice."`
	opening
	AcceptBrokenLog bool `help:"Restore a log that was changed before the backup was made."`
	DryRun          bool `help:"Check the backup, say what would be done, and do nothing."`
	Yes             bool `help:"Don't ask."`
}

// Help is the text of restore --help. The parser asks for it.
func (restoreCommand) Help() string {
	return `It decrypts the backup, checks all of it, and only then puts the store in the
place of the practice. A store that stands there is kept beside the new one, as
tfa.db.replaced-DATE. It keeps its key, unless that is lost too.

Nobody who stays logged on notices. For the next minute no code is accepted, so
that none that was used since the backup opens a second logon; helper codes are
void. What happened after the backup is lost: who enrolled then sees a new QR
code, and a QR code that was reset then works again.`
}

// restoreDocument is a restore in JSON.
type restoreDocument struct {
	Practice string     `json:"practice"`
	File     string     `json:"file"`
	BackupAt *time.Time `json:"backup_at"`
	Accounts int        `json:"accounts"`
	LastSeq  int64      `json:"last_seq"`
	// LostEvents is how many events only the replaced store has; null if there was
	// none, or nobody can read it.
	LostEvents *int64 `json:"lost_events"`
	// Kept is where the replaced store is; "" if there was none.
	Kept string `json:"kept"`
	// Revived are accounts whose QR code was reset since, and works again.
	Revived  []string `json:"revived"`
	Restored bool     `json:"restored"`
}

func (c restoreCommand) Run(d *desk) error {
	if err := d.load(); err != nil {
		return err
	}
	actor, err := identity.Helpdesk()
	if err != nil {
		return err
	}
	file, err := os.Open(c.File)
	if err != nil {
		return unreadable(err)
	}
	defer file.Close()
	identities, err := c.identities(d)
	if err != nil {
		return err
	}
	plain, err := decrypt(c.File, bufio.NewReaderSize(file, 1<<16), identities)
	if err != nil {
		return err
	}
	place := &place{desk: d, want: config.Fold(c.Practice), dry: c.DryRun}
	defer place.leave()
	backup, err := sqlite.Unpack(d.ctx, plain, place.of, c.AcceptBrokenLog)
	if err != nil {
		return err
	}
	return errors.Join(c.restore(d, backup, actor), backup.Close())
}

// restore puts a backup that was unpacked and checked in its place.
func (c restoreCommand) restore(d *desk, backup *sqlite.Restoration, actor core.Actor) error {
	practice := backup.Manifest.Practice
	keys := seal.KeyFile(d.cfg.KeyPath(practice))
	old, err := backup.Look(d.ctx, keys)
	if err != nil {
		return err
	}
	d.tell(backup, old)
	if c.DryRun {
		return d.printRestore(c.document(backup, old, ""))
	}
	if old.Found && !c.Yes {
		if err := d.confirm("put the backup in the place of the store of "+practice, practice); err != nil {
			return err
		}
	}
	kept, err := backup.Install(d.ctx, keys, clock.Now(), func(restored core.Store, now sqlite.Replaced) error {
		old = now
		return d.helpdesk(restored).Restore(d.ctx, actor, core.Restoration{
			BackedUp: backup.Manifest.At, LastSeq: backup.Manifest.LastSeq,
			Readable: old.Readable, Lost: old.Lost, Seen: old.Practice.Seen,
		})
	})
	if err != nil {
		return err
	}
	store, err := d.open(practice) // as a gate will
	if err != nil {
		return err
	}
	page, err := store.Events(d.ctx, core.Query{After: backup.Manifest.LastSeq, Oldest: true, Limit: mostEvents})
	stores.Tell(*d.cfg, practice, page.Events)
	if err := errors.Join(err, store.Close()); err != nil {
		return err
	}
	document := c.document(backup, old, kept)
	document.Restored = true
	return d.printRestore(document)
}

func (c restoreCommand) document(backup *sqlite.Restoration, old sqlite.Replaced, kept string) restoreDocument {
	document := restoreDocument{
		Practice: backup.Manifest.Practice, File: c.File, BackupAt: utc(backup.Manifest.At),
		Accounts: len(backup.Accounts), LastSeq: backup.Manifest.LastSeq, Kept: kept,
		Revived: append([]string{}, core.Revived(backup.Accounts, old.Accounts)...),
	}
	if old.Readable {
		document.LostEvents = &old.Lost
	}
	return document
}

func (d *desk) printRestore(r restoreDocument) error {
	if d.json {
		return d.printJSON(r)
	}
	done := "restored"
	if !r.Restored {
		done = "can be restored"
	}
	_, err := fmt.Fprintf(d.out, "%s: %s, with %d accounts, up to event %d of %s\n", r.Practice, done, r.Accounts, r.LastSeq, d.local(r.BackupAt))
	if err == nil && r.Kept != "" {
		_, err = fmt.Fprintf(d.out, "%s: what it replaced is kept as %s\n", r.Practice, r.Kept)
	}
	return err
}

// tell says what somebody must know who decides, or reads the mail of a script:
// what is lost, and what comes back that should not.
func (d *desk) tell(backup *sqlite.Restoration, old sqlite.Replaced) {
	hint := func(format string, args ...any) {
		fmt.Fprintf(d.err, "%s: hint: %s\n", program, fmt.Sprintf(format, args...))
	}
	practice := backup.Manifest.Practice
	switch {
	case old.Found && !old.Readable:
		hint("the store of %s that stands there can't be read", practice)
	case old.Found && !old.SameLog:
		hint("the store of %s that stands there was made anew, or comes from an older backup; its log has %d events", practice, old.Lost)
	case old.Found && old.Lost > 0:
		hint("the log of %s went on for %d events after the backup: they are in the store that is kept, and in no other", practice, old.Lost)
	}
	if old.Readable && old.Practice.Enabled && !backup.Practice.Enabled {
		hint("two-factor is off in the backup, and on now: switch it on with %s practice enable %s", program, practice)
	}
	if revived := core.Revived(backup.Accounts, old.Accounts); len(revived) > 0 {
		hint("reset since the backup, and in force again with the old QR code: %s; reset them if somebody left", strings.Join(revived, ", "))
	}
	now := clock.Now()
	if backup.Practice.ClockBehind(now) || old.Practice.ClockBehind(now) {
		hint("the clock of this server lies before the last entry in the log: if it is right, codes are refused until that time has come; reset the accounts then")
	}
}

// place finds the place that a backup is for.
type place struct {
	*desk
	want string // the practice that somebody named, "" for any
	dry  bool
	// aside is a folder for a look at a backup of a practice without one.
	aside string
}

// of returns the file of the store, whose folder it makes if that is missing.
func (p *place) of(m sqlite.Manifest) (string, error) {
	practice := m.Practice
	switch {
	case !core.ValidName(practice) || practice != config.Fold(practice):
		return "", core.NewError(core.Invalid, "invalid.practice", core.Args{"Practice": practice}, nil)
	case p.want != "" && p.want != practice:
		return "", hinted{refusal("the backup is of practice " + practice + ", not of " + p.want), "nothing was restored"}
	}
	path := p.cfg.StorePath(practice)
	folder := filepath.Dir(path)
	if err := identity.Administrator(folder); err != nil {
		return "", err
	}
	if _, err := os.Stat(folder); !errors.Is(err, fs.ErrNotExist) {
		return path, err
	}
	if p.dry {
		var err error
		p.aside, err = os.MkdirTemp("", program+"-")
		return filepath.Join(p.aside, filepath.Base(path)), err
	}
	group := "tfa-" + practice
	if _, err := user.LookupGroup(group); err != nil {
		return "", hinted{refusal("this host has no group " + group + " to give practice " + practice + " to"), "make the accounts, then run " + program + " init"}
	}
	return path, stores.MakePlace(*p.cfg, practice, group)
}

func (p *place) leave() {
	if p.aside != "" {
		os.RemoveAll(p.aside)
	}
}
