package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"

	"evry.nl/tfa/cmd/internal/config"
	"evry.nl/tfa/core"
	"evry.nl/tfa/core/otp"
)

// longestAnswer is what PAM takes of a password (PAM_MAX_RESP_SIZE).
const longestAnswer = 512

// pamActor returns the account that PAM is about to let in. pam_exec sets the
// variables; only root may run this, so nobody else has.
func pamActor(session []string) (core.Actor, error) {
	if os.Geteuid() != 0 {
		return core.Actor{}, errors.New("--pam is for pam_exec, which runs it as root")
	}
	value := func(name string) string {
		for _, entry := range session {
			if text, found := strings.CutPrefix(entry, name+"="); found {
				return text
			}
		}
		return ""
	}
	server, err := os.Hostname()
	if err != nil {
		return core.Actor{}, fmt.Errorf("asking the name of this server: %w", err)
	}
	if value("PAM_USER") == "" || value("PAM_TYPE") != "auth" {
		return core.Actor{}, errors.New("--pam is for pam_exec in an auth line")
	}
	return core.Actor{
		Account: config.Fold(value("PAM_USER")), Server: server, Session: value("PAM_TTY"), Client: value("PAM_RHOST"),
	}, nil
}

// inPAM decides on what was typed into the one field that xrdp has: the
// password, with the code behind it if one is needed. It checks the password
// itself, because pam_exec can't hand the rest on to another module; and does so
// first, so that nobody without it spends codes or locks the account.
func (g gate) inPAM(in io.Reader) int {
	answer, err := readAnswer(in)
	var verdict core.Verdict
	if err == nil {
		verdict, err = g.decideInPAM(context.Background(), answer)
	}
	return pamStatus(g.options, verdict.Granted, err)
}

// exemptInPAM decides on an exempt account of no practice, by its password.
func exemptInPAM(o options, actor core.Actor, in io.Reader) int {
	answer, err := readAnswer(in)
	right := false
	if err == nil {
		right, err = passwordIsRight(context.Background(), actor.Account, answer)
	}
	if right {
		systemLog(actor.Account + " from " + actor.Client + " goes on without a code: exempt")
	}
	return pamStatus(o, right, err)
}

func pamStatus(o options, granted bool, err error) int {
	switch {
	case err != nil:
		return fault(o, nil, err)
	case granted:
		return exitYes
	}
	return exitNo
}

func readAnswer(in io.Reader) (string, error) {
	typed, err := io.ReadAll(io.LimitReader(in, longestAnswer+1))
	if err != nil {
		return "", fmt.Errorf("reading the password: %w", err)
	}
	return string(bytes.TrimRight(typed, "\x00\n")), nil
}

// decideInPAM tries the answer as a password alone, then with a code or a helper
// code behind it.
func (g gate) decideInPAM(ctx context.Context, answer string) (core.Verdict, error) {
	actor := g.logon.Actor
	right, err := passwordIsRight(ctx, actor.Account, answer)
	if err != nil {
		return core.Verdict{}, err
	}
	if right {
		return g.logon.Verifier.Skip(ctx, actor)
	}
	for _, digits := range []int{otp.Digits, core.HelperDigits} {
		cut := len(answer) - digits
		if cut <= 0 || !otp.IsDigits(answer[cut:], digits) {
			continue
		}
		right, err := passwordIsRight(ctx, actor.Account, answer[:cut])
		if err != nil {
			return core.Verdict{}, err
		}
		if right {
			return g.logon.Verifier.Verify(ctx, actor, answer[cut:])
		}
	}
	return core.Verdict{}, nil // a wrong password, which PAM logs itself
}

// checkers are where unix_chkpwd(8) stands: the program by which pam_unix itself
// compares a password with the system's.
var checkers = []string{"/usr/sbin/unix_chkpwd", "/sbin/unix_chkpwd"}

// passwordIsRight compares a password with the one that the system keeps. An
// empty one is never right. Error: there is no unix_chkpwd.
func passwordIsRight(ctx context.Context, account, password string) (bool, error) {
	if password == "" || strings.ContainsRune(password, 0) {
		return false, nil
	}
	for _, checker := range checkers {
		if _, err := os.Stat(checker); err != nil {
			continue
		}
		cmd := exec.CommandContext(ctx, checker, account, "nonull")
		cmd.Stdin = strings.NewReader(password + "\x00")
		err := cmd.Run()
		var exit *exec.ExitError
		if err != nil && !errors.As(err, &exit) {
			return false, fmt.Errorf("checking the password: %w", err)
		}
		return err == nil, nil
	}
	return false, errors.New("checking the password: there is no unix_chkpwd")
}
