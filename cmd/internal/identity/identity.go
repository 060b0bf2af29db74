// Package identity asks the operating system who is logged on, and from where.
// No environment variable and no typed name answers that.
package identity

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"evry.nl/tfa/cmd/internal/access"
	"evry.nl/tfa/cmd/internal/config"
	"evry.nl/tfa/core"
)

// Current returns the account that runs this process as an actor. With
// [identity] account it is that account, if its practice is the caller's own
// play-thing; see override. Client is what the system's list of logons says of the
// terminal: sshd's variables are the user's to set, and neither xrdp nor RDS
// tells a session where its client is.
//
// Errors: Refused for an account that may not stand in, a fault if the system
// does not know its own user.
func Current(cfg config.Config) (core.Actor, error) {
	actor, err := fromSystem()
	if err != nil || cfg.Identity.Account == "" {
		return actor, err
	}
	if err := override(cfg); err != nil {
		return core.Actor{}, err
	}
	actor.Account = cfg.Identity.Account
	return actor, nil
}

// Helpdesk returns the person that runs tfa-admin as an actor of the helpdesk:
// the account, with the one that logged on where sudo has come between and the
// kernel tells. [identity] has no say in it.
func Helpdesk() (core.Actor, error) {
	actor, err := fromSystem()
	if err != nil {
		return core.Actor{}, err
	}
	if login := Login(); login != "" && login != actor.Account {
		actor.Account += " (" + login + ")"
	}
	actor.Helpdesk = true
	return actor, nil
}

// Administrator refuses everybody but the administrator of the host and, for a
// practice whose store stands in folder, the owner of that folder if it is
// private. With folder "" there is no such owner. Error: Refused.
func Administrator(folder string) error {
	if access.Administrator() {
		return nil
	}
	var cause error
	if folder != "" {
		if cause = access.Private(folder); cause == nil {
			return nil
		}
	}
	return core.NewError(core.Refused, "denied.not_administrator", nil, cause)
}

// override holds that the account in [identity] stands in for nobody real: the
// folders of its practice are private to the caller, and nothing in them leads
// to another store. What the caller exchanges after this look only harms who
// may open the other store as themselves.
func override(cfg config.Config) error {
	account := cfg.Identity.Account
	practice, err := cfg.Rules().PracticeOf(account)
	if err != nil {
		return err
	}
	for _, path := range []string{cfg.StorePath(practice), cfg.KeyPath(practice)} {
		folder := filepath.Dir(path)
		err := access.Private(folder)
		if err == nil {
			err = access.Own(path)
		}
		if err != nil && !missing(folder, err) {
			args := core.Args{"Account": account, "Folder": folder}
			return core.NewError(core.Refused, "denied.identity_override", args, err)
		}
	}
	return nil
}

// missing reports whether err is that a file is not there yet in a folder that
// is: nothing can be wrong with it.
func missing(folder string, err error) bool {
	if !errors.Is(err, fs.ErrNotExist) {
		return false
	}
	_, err = os.Lstat(folder)
	return err == nil
}

// fromSystem returns what the system says of this process.
func fromSystem() (core.Actor, error) {
	name, err := accountName()
	if err != nil {
		return core.Actor{}, fmt.Errorf("asking who is logged on: %w", err)
	}
	server, err := os.Hostname()
	if err != nil {
		return core.Actor{}, fmt.Errorf("asking the name of this server: %w", err)
	}
	return core.Actor{Account: account(name), Server: server, Session: session(), Client: clientAddress(name)}, nil
}

// account cuts the domain off a name and folds it.
func account(name string) string {
	return config.Fold(name[strings.LastIndex(name, `\`)+1:])
}

// sessionName is what names of displays, terminals and RDP sessions look like.
// It keeps a variable that somebody set from writing anything else in the log.
var sessionName = regexp.MustCompile(`^[A-Za-z0-9:/._#-]{1,40}$`)

// SessionName returns a name that a caller gives to its session, "" if it can't
// be one.
func SessionName(name string) string { return firstSession(name) }

// firstSession returns the first of names that can be a session's.
func firstSession(names ...string) string {
	for _, name := range names {
		if sessionName.MatchString(name) {
			return name
		}
	}
	return ""
}
