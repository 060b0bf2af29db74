package sqlite

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"evry.nl/tfa/core"
	"evry.nl/tfa/core/otp"
	"evry.nl/tfa/storage/seal"
)

// micros is a moment as the store keeps it; NULL is the zero time.
func micros(t time.Time) sql.NullInt64 {
	return sql.NullInt64{Int64: t.UnixMicro(), Valid: !t.IsZero()}
}

func moment(m sql.NullInt64) time.Time {
	if !m.Valid {
		return time.Time{}
	}
	return time.UnixMicro(m.Int64).UTC()
}

// loadPractice returns the practice with the end of its log. It asks for the
// schema each time: a newer program may have migrated the store meanwhile, and
// this one would leave out what it does not know. So it does for the key: what
// is sealed with an old one could never be read again. Errors: store.newer,
// errResealed.
func (s *Store) loadPractice(ctx context.Context, o *opened, tx *sql.Tx) (core.Practice, head, error) {
	var p core.Practice
	var end head
	var version int
	var enabledAt, seen sql.NullInt64
	var lastDay string
	var sealed []byte
	err := tx.QueryRowContext(ctx, `SELECT name, enabled, enabled_at, enabled_by, last_day, mandatory, seen, head_seq, head_hash, log_key,
		(SELECT user_version FROM pragma_user_version) FROM practice`).
		Scan(&p.Name, &p.Enabled, &enabledAt, &p.EnabledBy, &lastDay, &p.Mandatory, &seen, &end.seq, &end.hash, &sealed, &version)
	if err != nil {
		return core.Practice{}, head{}, fmt.Errorf("reading practice: %w", err)
	}
	if version > len(s.migrations) {
		return core.Practice{}, head{}, s.newer(version)
	}
	if !bytes.Equal(sealed, o.sealed) {
		return core.Practice{}, head{}, errResealed
	}
	p.EnabledAt, p.Seen = moment(enabledAt), moment(seen)
	if lastDay != "" {
		if p.LastDay, err = core.ParseDate(lastDay); err != nil {
			return core.Practice{}, head{}, fmt.Errorf("reading practice: %w", err)
		}
	}
	return p, end, nil
}

func loadHead(ctx context.Context, tx *sql.Tx) (end head, err error) {
	err = tx.QueryRowContext(ctx, "SELECT head_seq, head_hash FROM practice").Scan(&end.seq, &end.hash)
	return end, err
}

func savePractice(ctx context.Context, tx *sql.Tx, p core.Practice, end head) error {
	_, err := tx.ExecContext(ctx, `UPDATE practice SET enabled = ?, enabled_at = ?, enabled_by = ?, last_day = ?,
		mandatory = ?, seen = ?, head_seq = ?, head_hash = ?`,
		p.Enabled, micros(p.EnabledAt), p.EnabledBy, p.LastDay.ISO(), p.Mandatory, micros(p.Seen), end.seq, end.hash)
	if err != nil {
		return fmt.Errorf("writing practice: %w", err)
	}
	return nil
}

// row is an account as it stands in the store, with its secret still sealed.
type row struct {
	core.Account
	sealed []byte
}

// openColumns are the columns of an account that are no secret.
const openColumns = `name, state, generation, confirmed, last_logon, failures, locked_until, spent, floor,
	helper_expires, helper_tries`

// scan reads openColumns, and then more.
func (r *row) scan(scan func(...any) error, more ...any) error {
	var lastLogon, lockedUntil, expires sql.NullInt64
	var spent string
	fields := []any{
		&r.Name, &r.State, &r.Generation, &r.Confirmed, &lastLogon, &r.Failures, &lockedUntil, &spent, &r.Floor,
		&expires, &r.Helper.Tries,
	}
	if err := scan(append(fields, more...)...); err != nil {
		return err
	}
	r.LastLogon, r.LockedUntil, r.Helper.Expires = moment(lastLogon), moment(lockedUntil), moment(expires)
	r.Known = true
	var err error
	r.Spent, err = parseSteps(spent)
	return err
}

// loadAccount returns an account with its secret, or a new one.
func (s *Store) loadAccount(ctx context.Context, o *opened, tx *sql.Tx, name string) (row, error) {
	var r row
	query := "SELECT " + openColumns + ", secret, helper_salt, helper_hash FROM account WHERE name = ?"
	err := r.scan(tx.QueryRowContext(ctx, query, name).Scan, &r.sealed, &r.Helper.Salt, &r.Helper.Hash)
	if errors.Is(err, sql.ErrNoRows) {
		return row{Account: core.NewAccount(name)}, nil
	}
	if err != nil {
		return row{}, fmt.Errorf("reading account: %w", err)
	}
	if r.sealed == nil {
		return r, nil
	}
	plain, err := o.box.Open(r.sealed, s.secretPlace(name))
	if err == nil {
		r.Secret, err = otp.SecretFromBytes(plain)
	}
	if err != nil { // the log key opened, so it is the row that is wrong
		return row{}, core.NewError(core.Internal, "store.secret", core.Args{"Account": name}, err)
	}
	return r, nil
}

// saveAccount writes all of an account. A secret that stays is not sealed anew.
func (s *Store) saveAccount(ctx context.Context, o *opened, tx *sql.Tx, before row, a core.Account) error {
	sealed := before.sealed
	switch {
	case a.Secret.IsZero():
		sealed = nil
	case !a.Secret.Equal(before.Secret):
		sealed = s.sealed(o.box, a.Secret, a.Name)
	}
	_, err := tx.ExecContext(ctx, `INSERT INTO account (practice, `+openColumns+`, secret, helper_salt, helper_hash)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (name) DO UPDATE SET state = excluded.state, generation = excluded.generation,
			confirmed = excluded.confirmed, last_logon = excluded.last_logon, failures = excluded.failures,
			locked_until = excluded.locked_until, spent = excluded.spent, floor = excluded.floor,
			helper_expires = excluded.helper_expires, helper_tries = excluded.helper_tries,
			secret = excluded.secret, helper_salt = excluded.helper_salt, helper_hash = excluded.helper_hash`,
		s.practice, a.Name, a.State, a.Generation, a.Confirmed, micros(a.LastLogon), a.Failures, micros(a.LockedUntil),
		formatSteps(a.Spent), a.Floor, micros(a.Helper.Expires), a.Helper.Tries,
		sealed, a.Helper.Salt, a.Helper.Hash)
	if err != nil {
		return fmt.Errorf("writing account: %w", err)
	}
	return nil
}

// viewAccounts returns the accounts as people order them. Secrets and the
// hashes of helper codes are not even read.
func viewAccounts(ctx context.Context, tx *sql.Tx) ([]core.Account, error) {
	rows, err := tx.QueryContext(ctx, "SELECT "+openColumns+" FROM account")
	if err != nil {
		return nil, fmt.Errorf("reading accounts: %w", err)
	}
	defer rows.Close()
	var accounts []core.Account
	for rows.Next() {
		var r row
		if err := r.scan(rows.Scan); err != nil {
			return nil, fmt.Errorf("reading accounts: %w", err)
		}
		accounts = append(accounts, r.Account)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("reading accounts: %w", err)
	}
	slices.SortFunc(accounts, func(a, b core.Account) int { return core.CompareNames(a.Name, b.Name) })
	return accounts, nil
}

// renameAccount writes an account under its new name, with its secret sealed for
// that place, instead of under the old one. Error: Conflict if there is one of
// that name.
func (s *Store) renameAccount(ctx context.Context, o *opened, tx *sql.Tx, old string, a core.Account) error {
	var taken bool
	err := tx.QueryRowContext(ctx, "SELECT count(*) FROM account WHERE name = ?", a.Name).Scan(&taken)
	if err != nil {
		return fmt.Errorf("looking for account: %w", err)
	}
	if taken {
		return core.NewError(core.Conflict, "conflict.account", core.Args{"Account": a.Name}, nil)
	}
	if err := removeAccount(ctx, tx, old); err != nil {
		return err
	}
	return s.saveAccount(ctx, o, tx, row{}, a)
}

func removeAccount(ctx context.Context, tx *sql.Tx, name string) error {
	if _, err := tx.ExecContext(ctx, "DELETE FROM account WHERE name = ?", name); err != nil {
		return fmt.Errorf("removing account: %w", err)
	}
	return nil
}

func (s *Store) secretPlace(account string) seal.Place {
	return seal.Place{Practice: s.practice, Table: "account", Column: "secret", Row: account}
}

// formatSteps writes steps with spaces between.
func formatSteps(steps []otp.Step) string {
	texts := make([]string, len(steps))
	for i, step := range steps {
		texts[i] = strconv.FormatInt(int64(step), 10)
	}
	return strings.Join(texts, " ")
}

func parseSteps(text string) ([]otp.Step, error) {
	var steps []otp.Step
	for field := range strings.FieldsSeq(text) {
		step, err := strconv.ParseInt(field, 10, 64)
		if err != nil {
			return nil, fmt.Errorf("reading spent steps: %w", err)
		}
		steps = append(steps, otp.Step(step))
	}
	return steps, nil
}
