package service

import (
	"errors"
	"fmt"

	"golang.org/x/sys/windows"
)

// Protected returns the account of a user by its SID, "" if the system knows
// none, and whether it must pass the gate.
func (a *Accounts) Protected(sid string) (account string, protected bool) { return a.protected(sid) }

// nameOf returns the account of a user without its domain, and whether there is
// one.
func nameOf(text string) (name string, found bool, err error) {
	sid, err := windows.StringToSid(text)
	if err != nil {
		return "", false, fmt.Errorf("reading a SID: %w", err)
	}
	name, _, _, err = sid.LookupAccount("")
	if errors.Is(err, windows.ERROR_NONE_MAPPED) {
		return "", false, nil
	}
	return name, err == nil, err
}
