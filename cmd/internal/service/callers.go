package service

import "time"

// peerKey is where a context has who is at the other end of its connection.
type peerKey struct{}

// unwatched stands for the sessions of accounts that need not pass the gate:
// they never have. A gate that asks hears why it may go on.
type unwatched struct{}

func (unwatched) Passed() bool                  { return false }
func (unwatched) Pass() error                   { return nil }
func (unwatched) Resumable() (time.Time, error) { return time.Time{}, nil }
func (unwatched) Resume() error                 { return nil }
