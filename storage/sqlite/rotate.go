package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"evry.nl/tfa/core"
	"evry.nl/tfa/core/otp"
	"evry.nl/tfa/storage/seal"
)

var _ core.Sealed = (*Store)(nil)

// RotateKey implements core.Sealed. The new key is on the disk before anything
// is sealed with it, beside the old one, and takes its place when all is: at any
// moment one of the two files fits. Stores that are open elsewhere notice at
// their next act, and read the key again. Where replaced stores stand beside this
// one, the old key is kept for them. Errors: errNoKeyFile, those of the key file,
// store.secret if one does not open.
func (s *Store) RotateKey(ctx context.Context, act func(*core.Practice) ([]core.Event, error)) error {
	file, ok := s.keys.(seal.KeyFile)
	if !ok {
		return fmt.Errorf("rotating key: %w", errNoKeyFile)
	}
	err := s.onCurrent(ctx, func(o *opened) error {
		return o.alone(ctx, func(conn *sql.Conn) error { return s.rotate(ctx, o, conn, file, act) })
	})
	if err != nil && !errors.Is(err, errNoEvent) {
		return fmt.Errorf("rotating key: %w", err)
	}
	return nil
}

// rotate is RotateKey while nobody else writes.
func (s *Store) rotate(ctx context.Context, o *opened, conn *sql.Conn, file seal.KeyFile, act func(*core.Practice) ([]core.Event, error)) error {
	err := transact(ctx, conn, reading, func(tx *sql.Tx) error {
		_, _, err := s.loadPractice(ctx, o, tx) // with the key of today
		return err
	})
	if err != nil {
		return err
	}
	// The next key, which is about to be overwritten, must not be the one that fits.
	if present, err := seal.LoadKeyFile(string(file)); err != nil {
		return err
	} else if !present.Equal(o.key) {
		return s.fault(core.Internal, "key.wrong", errors.New("the key file is not what the store was opened with"))
	}
	key, err := file.Renew()
	if err != nil {
		return err
	}
	var kept []core.Event
	complete := false
	err = transact(ctx, conn, writing, func(tx *sql.Tx) (err error) {
		kept, err = s.changeIn(ctx, o, tx, func(_ *opened, _ *sql.Tx, p *core.Practice) ([]core.Event, error) {
			events, err := act(p)
			if err != nil || len(events) == 0 {
				return nil, err
			}
			return events, s.keepKey(file, events[0].At)
		})
		if err == nil {
			err = s.reseal(ctx, o, tx, key)
		}
		complete = err == nil
		return err
	})
	switch {
	case err != nil && !complete:
		return errors.Join(err, file.DropNext())
	case err != nil: // perhaps it was committed all the same: both keys must stay
		return err
	}
	s.tell(kept)
	return file.Adopt()
}

// ProtectKey writes the key into its file anew, so that only this machine can open
// it, while nobody else writes. The store stays as it is. Errors: errNoKeyFile,
// those of the key file.
func (s *Store) ProtectKey(ctx context.Context) error {
	file, ok := s.keys.(seal.KeyFile)
	if !ok {
		return fmt.Errorf("protecting key: %w", errNoKeyFile)
	}
	err := s.onCurrent(ctx, func(o *opened) error {
		return o.alone(ctx, func(*sql.Conn) error {
			if present, err := seal.LoadKeyFile(string(file)); err != nil {
				return err
			} else if !present.Equal(o.key) { // the next one fits, which Protect would drop
				return s.fault(core.Internal, "key.wrong", errors.New("the key file is not what the store was opened with"))
			}
			return file.Protect()
		})
	})
	if err != nil {
		return fmt.Errorf("protecting key: %w", err)
	}
	return nil
}

// keepKey keeps the present key for the replaced stores that it opens.
func (s *Store) keepKey(file seal.KeyFile, at time.Time) error {
	replaced, err := ReplacedBeside(s.path)
	if err != nil || len(replaced) == 0 {
		return err
	}
	return file.Keep(replacedAt(string(file), at))
}

// reseal seals all secrets and the log key with another key.
func (s *Store) reseal(ctx context.Context, o *opened, tx *sql.Tx, key seal.Key) error {
	box, err := seal.NewBox(key)
	if err != nil {
		return err
	}
	accounts, err := viewAccounts(ctx, tx)
	if err != nil {
		return err
	}
	for _, account := range accounts {
		stored, err := s.loadAccount(ctx, o, tx, account.Name)
		if err != nil {
			return err
		}
		if stored.Secret.IsZero() {
			continue
		}
		_, err = tx.ExecContext(ctx, "UPDATE account SET secret = ? WHERE name = ?", s.sealed(box, stored.Secret, account.Name), account.Name)
		if err != nil {
			return fmt.Errorf("sealing secret: %w", err)
		}
	}
	if _, err := tx.ExecContext(ctx, "UPDATE practice SET log_key = ?", box.Seal(o.logKey, s.logKeyPlace())); err != nil {
		return fmt.Errorf("sealing log key: %w", err)
	}
	return nil
}

func (s *Store) sealed(box seal.Box, secret otp.Secret, account string) []byte {
	return box.Seal(secret.Bytes(), s.secretPlace(account))
}
