package main

import (
	"fmt"
	"time"

	"evry.nl/tfa/cmd/internal/identity"
	"evry.nl/tfa/core"
	"evry.nl/tfa/storage/sqlite"
)

type keyCommands struct {
	Rotate keyRotate `cmd:"" help:"Replace the key that seals the secrets of a practice."`
}

type keyRotate struct {
	selection
	Yes bool `help:"Don't ask."`
}

// Help is the text of key rotate --help. The parser asks for it.
func (keyRotate) Help() string {
	return `All secrets are sealed anew with a new key, and QR codes stay as they are: nobody
notices. Do it when somebody may have had the key who should not. What that
person may have read with it, the secrets, stays the same until you reset the
accounts.

A backup that this program made carries its own key and needs none of the old
ones. A copy of the store that was made in another way opens only with the key
that stood beside it then.`
}

// Validate is asked by the parser.
func (c keyRotate) Validate() error { return c.valid() }

// keyDocument is a practice with a new key in JSON.
type keyDocument struct {
	Practice string `json:"practice"`
	KeyFile  string `json:"key_file"`
	// OldKeys are kept because replaced stores beside the store need them.
	OldKeys []string `json:"old_keys"`
}

func (c keyRotate) Run(d *desk) error {
	practices, err := c.of(d)
	if err != nil {
		return err
	}
	actor, err := identity.Helpdesk()
	if err != nil {
		return err
	}
	if !c.Yes {
		if err := d.confirm(fmt.Sprintf("replace the key of %d practices; copies that you made without %s backup need the old one", len(practices), program),
			c.word(practices)); err != nil {
			return err
		}
	}
	return tellEach(d, practices, func(practice string, h core.Helpdesk) (keyDocument, error) {
		if err := h.RotateKey(d.ctx, actor); err != nil {
			return keyDocument{}, err
		}
		path := d.cfg.KeyPath(practice)
		old, err := sqlite.ReplacedBeside(path)
		return keyDocument{Practice: practice, KeyFile: path, OldKeys: append([]string{}, old...)}, err
	}, func(k keyDocument) error {
		if _, err := fmt.Fprintf(d.out, "%s: a new key in %s\n", k.Practice, k.KeyFile); err != nil {
			return err
		}
		if len(k.OldKeys) > 0 {
			fmt.Fprintf(d.err, "%s: hint: the old key of %s stays beside it for the stores that a restore replaced; delete both when nobody needs them\n", program, k.Practice)
		}
		return nil
	})
}

type logPrune struct {
	selection
	Before day  `required:"" placeholder:"DATE" help:"Delete what happened before this day, at least 30 days ago."`
	Yes    bool `help:"Don't ask."`
}

// Help is the text of log prune --help. The parser asks for it.
func (logPrune) Help() string {
	return `Privacy law has you delete what you need no more. The oldest lines of the log go,
up to the first that is not older than the day; a line with a wrong clock may
keep older ones behind it. The rest still verifies, because what is left of the
deleted lines is an anchor that nobody forges without the log's key. A log that
was changed is evidence, and is not pruned.

Backups that were made before still have the deleted lines, and so have stores
that a restore replaced: delete those too.
The file of the store does not shrink; its free space is overwritten and holds
the lines to come.`
}

// Validate is asked by the parser.
func (c logPrune) Validate() error { return c.valid() }

// pruneDocument is a pruned log in JSON.
type pruneDocument struct {
	Practice string     `json:"practice"`
	Before   *time.Time `json:"before"`
	Deleted  int64      `json:"deleted"`
}

func (c logPrune) Run(d *desk) error {
	practices, err := c.of(d)
	if err != nil {
		return err
	}
	actor, err := identity.Helpdesk()
	if err != nil {
		return err
	}
	if !c.Yes {
		if err := d.confirm("delete the log before "+c.Before.ISO()+" for ever", c.word(practices)); err != nil {
			return err
		}
	}
	before := moment{day: c.Before.Date}.start(d.cfg.Rules().Zone)
	return tellEach(d, practices, func(practice string, h core.Helpdesk) (pruneDocument, error) {
		deleted, err := h.PruneLog(d.ctx, actor, before)
		return pruneDocument{practice, utc(before), deleted}, err
	}, func(p pruneDocument) error {
		_, err := fmt.Fprintf(d.out, "%s: %d events deleted\n", p.Practice, p.Deleted)
		return err
	})
}
