package main

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"

	"evry.nl/tfa/assets/translations"
	"evry.nl/tfa/core"
)

// Rules for messages. A message goes to standard error, begins with the name of
// the program and a small letter, has no full stop, and says what is wrong in
// words of the person that typed the command. A line with "hint:" says what to
// do. A fault adds a line with "cause:" for who must mend it. The exit status is
// one of these:
const (
	exitDone    = 0 // done
	exitRefused = 1 // refused, or not found; the host is fine
	exitFault   = 2 // usage, configuration, store or system; or interrupted
)

const program = "tfa-admin"

// hinted is an error with something to do about it.
type hinted struct {
	error
	hint string
}

func (h hinted) Unwrap() error { return h.error }

// refusal is a request that is turned down by this command itself.
type refusal string

func (r refusal) Error() string { return string(r) }

// report writes what went wrong and returns the exit status.
func report(w io.Writer, err error) int {
	status := statusOf(err)
	var known *core.Error
	var hint hinted
	switch {
	case errors.As(err, &known):
		say(w, known)
		if status == exitFault && known.Cause != nil {
			fmt.Fprintf(w, "%s: cause: %v\n", program, known.Cause)
		}
	case errors.As(err, &hint):
		fmt.Fprintf(w, "%s: %v\n", program, hint.error)
	default:
		fmt.Fprintf(w, "%s: %v\n", program, err)
	}
	if errors.As(err, &hint) {
		fmt.Fprintf(w, "%s: hint: %s\n", program, hint.hint)
	}
	return status
}

// say writes the sentences of an error: the last of several is what to do.
func say(w io.Writer, err *core.Error) {
	texts, fault := translations.For("en")
	if fault != nil || !texts.Has(err.Sentence) {
		fmt.Fprintf(w, "%s: %v\n", program, err)
		return
	}
	sentences := split(texts.Text(err.Sentence, err.Args))
	last := len(sentences) - 1
	fmt.Fprintf(w, "%s: %s\n", program, strings.Join(sentences[:max(last, 1)], "; "))
	// Who runs this is the helpdesk, and need not be told to call it.
	if todo := strings.TrimPrefix(sentences[last], callUs+": "); last > 0 && todo != callUs {
		fmt.Fprintf(w, "%s: hint: %s\n", program, todo)
	}
}

// callUs is what the sentences tell people whom only the helpdesk can help.
const callUs = "call the helpdesk"

// split cuts a text into sentences in the form of messages.
func split(text string) []string {
	var sentences []string
	for {
		end := strings.Index(text, ". ")
		if end < 0 {
			return append(sentences, message(text))
		}
		sentences = append(sentences, message(text[:end]))
		text = text[end+2:]
	}
}

// message takes the capital and the full stop off a sentence. A name in
// capitals keeps them.
func message(sentence string) string {
	sentence = strings.TrimSuffix(sentence, ".")
	first, size := utf8.DecodeRuneInString(sentence)
	if second, _ := utf8.DecodeRuneInString(sentence[size:]); unicode.IsLower(second) {
		return string(unicode.ToLower(first)) + sentence[size:]
	}
	return sentence
}

// statusOf sorts errors: what is wrong with the request is refused, what is
// wrong with the host is a fault.
func statusOf(err error) int {
	var known *core.Error
	var refused refusal
	switch {
	case err == nil:
		return exitDone
	case errors.As(err, &refused):
		return exitRefused
	case !errors.As(err, &known), known.Code == core.Internal:
		return exitFault
	}
	switch subject, _, _ := strings.Cut(known.Sentence, "."); subject {
	case "config", "key", "store":
		return exitFault
	}
	return exitRefused
}
