package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"time"

	"evry.nl/tfa/core"
)

// Events implements core.Store.
func (s *Store) Events(ctx context.Context, query core.Query) (core.Page, error) {
	if query.Limit <= 0 {
		query.Limit = core.DefaultLimit
	}
	query.Offset = max(query.Offset, 0)
	var page core.Page
	err := s.inTx(ctx, reading, func(_ *opened, tx *sql.Tx) (err error) {
		where, args := conditions(query)
		if where == "" {
			page, err = everyEvent(ctx, tx, query)
			return err
		}
		if query.After > 0 {
			where, args = where+" AND seq > ?", append(args, query.After)
		}
		if !query.Uncounted {
			if err := tx.QueryRowContext(ctx, "SELECT count(*) FROM event WHERE "+where, args...).Scan(&page.Total); err != nil {
				return err
			}
		}
		page.Events, err = selectEvents(ctx, tx, fmt.Sprintf("WHERE %s ORDER BY seq %s LIMIT %d OFFSET %d",
			where, order(query), query.Limit, query.Offset), args...)
		return err
	})
	if err != nil {
		return core.Page{}, fmt.Errorf("reading events: %w", err)
	}
	return page, nil
}

// everyEvent returns a page of the whole log. Its numbers have no holes, so the
// place of a page is reckoned and nothing is passed over, however deep it lies.
func everyEvent(ctx context.Context, tx *sql.Tx, query core.Query) (core.Page, error) {
	var end, deleted int64
	if err := tx.QueryRowContext(ctx, "SELECT head_seq, anchor_seq FROM practice").Scan(&end, &deleted); err != nil {
		return core.Page{}, err
	}
	before := min(max(query.After, deleted), end)
	total := end - before
	// Cut to the size of the log, so that no sum below runs over.
	offset, limit := min(int64(query.Offset), total), min(int64(query.Limit), total)
	first := before + offset + 1
	if !query.Oldest {
		first = end - offset - limit + 1
	}
	events, err := selectEvents(ctx, tx, "WHERE seq BETWEEN ? AND ? ORDER BY seq "+order(query), max(first, before+1), first+limit-1)
	if query.Uncounted {
		total = 0
	}
	return core.Page{Events: events, Total: int(total)}, err
}

func order(query core.Query) string {
	if query.Oldest {
		return "ASC"
	}
	return "DESC"
}

// conditions returns what a query asks of an event besides its number; "" if
// nothing.
func conditions(query core.Query) (where string, args []any) {
	var all []string
	ask := func(condition string, arg any) {
		all, args = append(all, condition), append(args, arg)
	}
	if query.Account != "" {
		ask("account = ?", query.Account)
	}
	if query.Kind != "" {
		ask("kind = ?", string(query.Kind))
	}
	if !query.From.IsZero() {
		ask("at >= ?", ceilMicros(query.From))
	}
	if !query.To.IsZero() {
		ask("at < ?", ceilMicros(query.To))
	}
	return strings.Join(all, " AND "), args
}

// ceilMicros rounds a bound up to what the store keeps: an event of a whole
// microsecond lies before it exactly if it lies before t.
func ceilMicros(t time.Time) int64 {
	m := t.UnixMicro()
	if time.UnixMicro(m).Before(t) {
		m++
	}
	return m
}

// selectEvents returns the events of the table that clause selects.
func selectEvents(ctx context.Context, tx *sql.Tx, clause string, args ...any) ([]core.Event, error) {
	rows, err := tx.QueryContext(ctx, "SELECT "+lineColumns+" FROM event "+clause, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var events []core.Event
	for rows.Next() {
		var l line
		if err := l.scan(rows.Scan); err != nil {
			return nil, err
		}
		event, err := l.event()
		if err != nil {
			return nil, err
		}
		events = append(events, event)
	}
	return events, rows.Err()
}
