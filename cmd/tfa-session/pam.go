//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/user"
	"slices"
	"strconv"
	"time"

	cfg "evry.nl/tfa/cmd/internal/config"
	"evry.nl/tfa/cmd/internal/service"
	"evry.nl/tfa/cmd/internal/sessions"
)

// toldWithin is how long the service may take: a logon waits for it.
const toldWithin = 10 * time.Second

// tellService tells the service of the session that PAM is about to open or has
// closed. Accounts that need not pass the gate don't depend on the service, so
// that administrators get in when it is down.
func tellService() error {
	if os.Geteuid() != 0 {
		return errors.New("pam is for pam_exec, which runs it as root")
	}
	c, err := cfg.Load(config)
	if err != nil {
		return err
	}
	account := cfg.Fold(os.Getenv("PAM_USER"))
	rules := c.Rules()
	if _, outside := rules.PracticeOf(account); c.Service == "" || outside != nil || slices.Contains(rules.Exempt, account) {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), toldWithin)
	defer cancel()
	client := service.NewClient(c.Service)
	switch kind := os.Getenv("PAM_TYPE"); kind {
	case "open_session":
		u, err := user.Lookup(os.Getenv("PAM_USER"))
		if err != nil {
			return fmt.Errorf("looking the account up: %w", err)
		}
		uid, err := strconv.ParseUint(u.Uid, 10, 32)
		if err != nil {
			return fmt.Errorf("looking the account up: %w", err)
		}
		return client.Begin(ctx, sessions.Login{
			Account: account, UID: uint32(uid), Service: os.Getenv("PAM_SERVICE"),
			Terminal: os.Getenv("PAM_TTY"), Client: os.Getenv("PAM_RHOST"),
		})
	case "close_session":
		return client.End(ctx)
	default:
		return fmt.Errorf("pam is for session lines, not %q", kind)
	}
}
