-- The store of one practice. Times are microseconds since the Unix epoch, NULL
-- for none; days are ISO dates, '' for none. The words are those of core/doc.go.

CREATE TABLE practice (
    only       INTEGER PRIMARY KEY CHECK (only = 1), -- one file, one practice
    name       TEXT    NOT NULL UNIQUE,
    enabled    INTEGER NOT NULL DEFAULT 0 CHECK (enabled IN (0, 1)),
    enabled_at INTEGER,
    enabled_by TEXT    NOT NULL DEFAULT '',
    last_day   TEXT    NOT NULL DEFAULT '',
    mandatory  INTEGER NOT NULL DEFAULT 0 CHECK (mandatory IN (0, 1)),
    seen       INTEGER,
    -- The end of the log. The hash takes the log key, so that nobody without it
    -- can cut the log short and set the end back.
    log_key    BLOB    NOT NULL,                     -- sealed
    head_seq   INTEGER NOT NULL DEFAULT 0 CHECK (head_seq >= 0),
    head_hash  BLOB    NOT NULL CHECK (length(head_hash) = 32)
) STRICT;

CREATE TABLE account (
    name           TEXT    PRIMARY KEY CHECK (name <> ''),
    practice       TEXT    NOT NULL REFERENCES practice (name),
    state          TEXT    NOT NULL CHECK (state IN ('none', 'shown', 'active')),
    secret         BLOB    CHECK ((secret IS NULL) = (state = 'none')), -- sealed
    generation     INTEGER NOT NULL,
    confirmed      INTEGER NOT NULL CHECK (confirmed IN (0, 1)),
    last_logon     INTEGER,
    failures       INTEGER NOT NULL,
    locked_until   INTEGER,
    spent          TEXT    NOT NULL,                 -- steps, rising, with spaces between
    floor          INTEGER NOT NULL,
    helper_salt    BLOB,
    helper_hash    BLOB,
    helper_expires INTEGER,
    helper_tries   INTEGER NOT NULL
) STRICT;

CREATE TABLE event (
    seq     INTEGER PRIMARY KEY CHECK (seq > 0),
    at      INTEGER NOT NULL,
    kind    TEXT    NOT NULL,
    actor   TEXT    NOT NULL,
    account TEXT    NOT NULL,                        -- '' is the whole practice
    server  TEXT    NOT NULL,
    session TEXT    NOT NULL,
    client  TEXT    NOT NULL,
    detail  TEXT    NOT NULL,                        -- a JSON object, '' for none
    hash    BLOB    NOT NULL CHECK (length(hash) = 32)
) STRICT;

-- Each index ends in seq, so a filtered page comes in order without sorting.
CREATE INDEX event_account ON event (account);
CREATE INDEX event_account_kind ON event (account, kind);
CREATE INDEX event_kind ON event (kind);
CREATE INDEX event_at ON event (at);

-- The log grows at its end only. The third trigger stops INSERT OR REPLACE,
-- which deletes without firing a DELETE trigger.
CREATE TRIGGER event_is_not_changed BEFORE UPDATE ON event
BEGIN SELECT RAISE(ABORT, 'the log is not changed'); END;

CREATE TRIGGER event_is_not_deleted BEFORE DELETE ON event
BEGIN SELECT RAISE(ABORT, 'the log is not deleted'); END;

CREATE TRIGGER event_follows_the_last BEFORE INSERT ON event
WHEN NEW.seq <> (SELECT ifnull(max(seq), 0) + 1 FROM event)
BEGIN SELECT RAISE(ABORT, 'the log has no holes'); END;
