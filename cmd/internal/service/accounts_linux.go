package service

import (
	"errors"
	"os/user"
	"strconv"
)

// Protected returns the account of a user, "" if the system knows none, and
// whether it must pass the gate.
func (a *Accounts) Protected(uid uint32) (account string, protected bool) {
	return a.protected(strconv.FormatUint(uint64(uid), 10))
}

// nameOf returns the account of a user, and whether there is one.
func nameOf(uid string) (name string, found bool, err error) {
	u, err := user.LookupId(uid)
	var unknown user.UnknownUserIdError
	if errors.As(err, &unknown) {
		return "", false, nil
	}
	if err != nil {
		return "", false, err
	}
	return u.Username, true, nil
}
