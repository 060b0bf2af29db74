package core

import (
	"errors"
	"fmt"
	"io"
	"testing"
)

func TestCodeOf(t *testing.T) {
	missing := NewError(Missing, "missing.account", nil, nil)
	for name, test := range map[string]struct {
		err  error
		want Code
	}{
		"no error has no code":               {nil, ""},
		"an error says its code":             {missing, Missing},
		"a wrapped one too":                  {fmt.Errorf("resetting: %w", missing), Missing},
		"a joined one too":                   {errors.Join(io.EOF, missing), Missing},
		"a foreign one is a fault":           {io.EOF, Internal},
		"the outermost code counts":          {NewError(Internal, "internal.store", nil, missing), Internal},
		"a foreign cause changes no code":    {NewError(Locked, "locked.account", nil, io.EOF), Locked},
		"a wrapped foreign one is one still": {fmt.Errorf("opening store: %w", io.EOF), Internal},
	} {
		t.Run(name, func(t *testing.T) { wantCode(t, test.err, test.want) })
	}
}

func TestErrorForLogs(t *testing.T) {
	err := NewError(Refused, "denied.other_practice", Args{"Practice": "EV-0001", "Account": "EV-0000-1"}, io.EOF)
	const want = "denied: denied.other_practice Account=EV-0000-1 Practice=EV-0001: EOF"
	for range 20 { // the order of a map changes
		if got := err.Error(); got != want {
			t.Fatalf("got %q, want %q", got, want)
		}
	}
	if !errors.Is(err, io.EOF) {
		t.Error("the cause is lost")
	}
	if got := NewError(Missing, "missing.secret", nil, nil).Error(); got != "missing: missing.secret" {
		t.Errorf("got %q", got)
	}
}
