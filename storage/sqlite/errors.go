package sqlite

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"syscall"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"evry.nl/tfa/core"
)

// Causes that no library reports.
var (
	errRenamed   = errors.New("the act changed a name")
	errReplaced  = errors.New("another file stands in the store's place")
	errResealed  = errors.New("the store was sealed with another key")
	errNoKeyFile = errors.New("the key of this store stands in no file")
	errNoEvent   = errors.New("the act yielded no event")
	errStoreShut = errors.New("the store is closed")
)

// verdict is what a result code of SQLite means to a person.
type verdict struct {
	code     core.Code
	sentence string
}

// verdicts maps primary and, where they say more, extended result codes
// (https://sqlite.org/rescode.html). What is not here is a fault of ours.
var verdicts = map[int]verdict{
	sqlite3.SQLITE_BUSY:            {core.Locked, "store.busy"},
	sqlite3.SQLITE_LOCKED:          {core.Locked, "store.busy"},
	sqlite3.SQLITE_CORRUPT:         {core.Internal, "store.corrupt"},
	sqlite3.SQLITE_NOTADB:          {core.Internal, "store.corrupt"},
	sqlite3.SQLITE_FORMAT:          {core.Internal, "store.corrupt"},
	sqlite3.SQLITE_READONLY:        {core.Internal, "store.readonly"},
	sqlite3.SQLITE_PERM:            {core.Internal, "store.denied"},
	sqlite3.SQLITE_CANTOPEN:        {core.Internal, "store.denied"},
	sqlite3.SQLITE_FULL:            {core.Internal, "store.full"},
	sqlite3.SQLITE_IOERR:           {core.Internal, "store.disk"},
	sqlite3.SQLITE_IOERR_SHMSIZE:   {core.Internal, "store.full"}, // the -shm file can't grow
	sqlite3.SQLITE_IOERR_SHMMAP:    {core.Internal, "store.full"},
	sqlite3.SQLITE_IOERR_CORRUPTFS: {core.Internal, "store.corrupt"},
}

// explain turns an error into one that a person can be told, where there is
// something that person can do. It is the only place that knows result codes.
func (s *Store) explain(err error) error {
	var known *core.Error
	if err == nil || errors.As(err, &known) || errors.Is(err, context.Canceled) {
		return err
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return s.fault(core.Locked, "store.busy", err)
	}
	var foreign *sqlite.Error
	if errors.As(err, &foreign) {
		if v, found := verdictOf(foreign.Code()); found {
			return s.fault(v.code, v.sentence, err)
		}
		return err
	}
	switch {
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return s.fault(core.Internal, "store.full", err)
	case errors.Is(err, syscall.EROFS):
		return s.fault(core.Internal, "store.readonly", err)
	case errors.Is(err, fs.ErrPermission):
		return s.fault(core.Internal, "store.denied", err)
	}
	return err
}

func verdictOf(code int) (verdict, bool) {
	v, found := verdicts[code]
	if !found {
		v, found = verdicts[code&0xff] // the primary code
	}
	return v, found
}

// fault returns an error about this store.
func (s *Store) fault(code core.Code, sentence string, cause error) *core.Error {
	return core.NewError(code, sentence, core.Args{"Path": s.path, "Practice": s.practice}, cause)
}

func (s *Store) newer(version int) error {
	return s.fault(core.Internal, "store.newer", fmt.Errorf("schema %d, this program knows %d", version, len(s.migrations)))
}
