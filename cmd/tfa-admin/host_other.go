//go:build !linux

package main

import (
	"context"
	"errors"
	"os/user"
	"strings"
)

func thisHost(context.Context) (host, error) {
	return nil, refusal("init is for Linux so far: on this system folders, keys and access lists are made by hand")
}

// userExists reports whether the system has an account, or can't tell.
func userExists(_ context.Context, name string) bool {
	_, err := user.Lookup(name)
	var unknown user.UnknownUserError
	return !errors.As(err, &unknown)
}

func sessionsCommand(account string) string {
	return "query session " + word(account) + ", then logoff with its number"
}

func lockCommand(account string) string { return "net user " + word(account) + " /active:no" }

// word is a name as PowerShell takes it for one word and nothing else.
func word(name string) string { return "'" + strings.ReplaceAll(name, "'", "''") + "'" }
