package core

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Code sorts errors by what the caller can do about them.
type Code string

// The codes. A foreign error counts as Internal.
const (
	Invalid  Code = "invalid"  // the request makes no sense: correct it
	Conflict Code = "conflict" // the state has changed meanwhile: look again
	Missing  Code = "missing"  // there is no such thing
	Refused  Code = "denied"   // not allowed to this actor
	Locked   Code = "locked"   // not now: wait
	Internal Code = "internal" // a fault: the helpdesk must look
)

// Args fill the placeholders of a sentence.
type Args map[string]any

// Error is a fault or refusal that a person can be told. Sentence is a key of
// assets/translations that says what is wrong and what to do; the cause is for
// the log alone.
type Error struct {
	Code     Code
	Sentence string
	Args     Args
	Cause    error // may be nil
}

// NewError returns an Error; cause may be nil.
func NewError(code Code, sentence string, args Args, cause error) *Error {
	return &Error{Code: code, Sentence: sentence, Args: args, Cause: cause}
}

// Error is the form for logs: code, sentence key, arguments and cause.
func (e *Error) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s", e.Code, e.Sentence)
	for _, name := range slices.Sorted(maps.Keys(e.Args)) {
		fmt.Fprintf(&b, " %s=%v", name, e.Args[name])
	}
	if e.Cause != nil {
		fmt.Fprintf(&b, ": %v", e.Cause)
	}
	return b.String()
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Cause }

// CodeOf returns the code of the Error in err's tree, Internal for every other
// error, and "" for nil.
func CodeOf(err error) Code {
	if err == nil {
		return ""
	}
	var e *Error
	if errors.As(err, &e) {
		return e.Code
	}
	return Internal
}
