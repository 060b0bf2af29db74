package main

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"evry.nl/tfa/core/otp"
)

// mostInput is how much is read of a file to import: thousands of accounts.
const mostInput = 1 << 20

// lineKey is a key with the place that it was read from.
type lineKey struct {
	otp.Key
	line int // from 1
}

// lineError says what is wrong with a line, in words that hold no secret.
type lineError struct {
	line  int
	label string // "" if it could not be read
	err   error
}

func (e lineError) Error() string {
	if e.label == "" {
		return fmt.Sprintf("line %d: %v", e.line, e.err)
	}
	return fmt.Sprintf("line %d, %s: %v", e.line, printable(e.label), e.err)
}

// printable leaves out what could move a terminal's cursor.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return -1
		}
		return r
	}, s)
}

// keyReader reads key URIs and migration codes, a line each.
type keyReader struct {
	keys    []lineKey
	wrong   []error
	codes   map[string]bool // migration codes that were read
	batches map[int32]*batchLines
	refused bool // one of the codes
}

// batchLines are the migration codes of one batch, by their number from 0.
type batchLines struct {
	first int // line
	size  int
	lines map[int]int
}

// readKeys returns all keys of the input and all that is wrong with it. Error:
// it can't be read, or is far too large.
func readKeys(r io.Reader) (keys []lineKey, wrong []error, err error) {
	text, err := io.ReadAll(io.LimitReader(r, mostInput+1))
	if err != nil {
		return nil, nil, err
	}
	if len(text) > mostInput {
		return nil, nil, errors.New("that is more than a practice can have")
	}
	reader := keyReader{codes: map[string]bool{}, batches: map[int32]*batchLines{}}
	number := 0
	for line := range strings.Lines(strings.TrimPrefix(string(text), "\ufeff")) {
		number++
		if line = strings.TrimSpace(line); line != "" && line[0] != '#' {
			reader.read(number, line)
		}
	}
	reader.wantWholeBatches()
	return reader.keys, reader.wrong, nil
}

func (r *keyReader) read(number int, line string) {
	scheme, _, _ := strings.Cut(strings.ToLower(line), ":")
	switch scheme {
	case "otpauth":
		key, err := otp.ParseURI(line)
		if err != nil {
			r.wrong = append(r.wrong, lineError{number, key.Label(), err})
			return
		}
		r.keys = append(r.keys, lineKey{key, number})
	case "otpauth-migration":
		r.readCode(number, line)
	default:
		r.wrong = append(r.wrong, lineError{number, "", errors.New("it begins with neither otpauth:// nor otpauth-migration://")})
	}
}

func (r *keyReader) readCode(number int, line string) {
	if r.codes[line] { // scanned twice
		return
	}
	r.codes[line] = true
	batch, err := otp.ParseMigration(line)
	if err != nil {
		r.refused = true
		for entry := range strings.SplitSeq(err.Error(), "\n") {
			r.wrong = append(r.wrong, lineError{number, "", errors.New(printable(entry))})
		}
		return
	}
	seen, ok := r.batches[batch.ID]
	if !ok {
		seen = &batchLines{first: number, size: batch.Size, lines: map[int]int{}}
		r.batches[batch.ID] = seen
	}
	if _, taken := seen.lines[batch.Index]; taken || seen.size != batch.Size {
		err := fmt.Errorf("it says that it is code %d of %d, which does not go with line %d", batch.Index+1, batch.Size, seen.first)
		r.wrong = append(r.wrong, lineError{number, "", err})
		return
	}
	seen.lines[batch.Index] = number
	for _, key := range batch.Keys {
		r.keys = append(r.keys, lineKey{key, number})
	}
}

// wantWholeBatches complains about codes that were not scanned. A code that was
// refused is not missing too.
func (r *keyReader) wantWholeBatches() {
	if r.refused {
		return
	}
	for _, batch := range r.batches {
		var missing []string
		for i := range batch.size {
			if _, ok := batch.lines[i]; !ok {
				missing = append(missing, strconv.Itoa(i+1))
			}
		}
		if len(missing) > 0 {
			err := fmt.Errorf("it belongs to an export of %d codes, and of these %s %s missing",
				batch.size, strings.Join(missing, ", "), plural(len(missing), "is", "are"))
			r.wrong = append(r.wrong, lineError{batch.first, "", err})
		}
	}
	slices.SortFunc(r.wrong, func(a, b error) int { return lineOf(a) - lineOf(b) })
}

// lineOf returns the line that an error is about.
func lineOf(err error) int {
	var of lineError
	errors.As(err, &of)
	return of.line
}

func plural(n int, one, other string) string {
	if n == 1 {
		return one
	}
	return other
}
