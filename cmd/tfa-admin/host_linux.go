package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"unicode"

	"evry.nl/tfa/cmd/internal/identity"
)

// Accounts of people begin here (login.defs, UID_MIN); those below are of
// services. There is no end: a directory hands out large numbers. Nobody is none.
const (
	firstPerson = 1000
	nobody      = 65534
)

// linux asks and tells the host by its own commands, so that accounts from a
// directory (LDAP, sssd) count where the directory lists them.
type linux struct{ ctx context.Context }

// What init says and does differently on other systems.
const (
	nobodyElse      = "root alone"
	checksAfterInit = false
)

// hostFlags are what only other systems need to be told.
type hostFlags struct{}

// groupOf returns the group of a practice, and whether somebody else made it.
func (hostFlags) groupOf(practice string) (name string, given bool) {
	return groupPrefix + practice, false
}

func thisHost(ctx context.Context, _ hostFlags) (host, error) { return linux{ctx}, nil }

// userExists asks the system's own command, which knows directories too. If it
// can't tell, there is such an account: nothing is then forgotten by mistake.
func userExists(ctx context.Context, name string) bool {
	_, err := linux{ctx}.run("getent", "passwd", "--", name)
	var exit *exec.ExitError
	return err == nil || !errors.As(err, &exit) || exit.ExitCode() != notFound
}

func sessionsCommand(account string) string { return "loginctl terminate-user " + word(account) }

func lockCommand(account string) string { return "usermod --lock --expiredate 1 " + word(account) }

// word is a name as a shell takes it for one word and nothing else.
func word(name string) string {
	odd := func(r rune) bool {
		return !strings.ContainsRune("@._-", r) && !unicode.IsLetter(r) && !unicode.IsDigit(r)
	}
	if !strings.ContainsFunc(name, odd) {
		return name
	}
	return "'" + strings.ReplaceAll(name, "'", `'\''`) + "'"
}

func (l linux) accounts() ([]string, error) {
	lines, err := l.run("getent", "passwd")
	if err != nil {
		return nil, err
	}
	var names []string
	for line := range strings.Lines(lines) {
		fields := strings.Split(strings.TrimSpace(line), ":")
		if len(fields) < 3 {
			continue
		}
		if uid, err := strconv.Atoi(fields[2]); err == nil && uid >= firstPerson && uid != nobody {
			names = append(names, fields[0])
		}
	}
	return names, nil
}

// notFound is getent's exit status for a name that is in no database.
const notFound = 2

func (l linux) group(name string) (members []string, found bool, err error) {
	line, err := l.run("getent", "group", name)
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.ExitCode() == notFound {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, err
	}
	fields := strings.Split(strings.TrimSpace(line), ":")
	if len(fields) != 4 {
		return nil, false, fmt.Errorf("getent group %s says %q", name, line)
	}
	return strings.FieldsFunc(fields[3], func(r rune) bool { return r == ',' }), true, nil
}

func (l linux) addGroup(name string) error {
	_, err := l.run("groupadd", "--system", name)
	return err
}

func (l linux) addMember(group, account string) error {
	_, err := l.run("usermod", "--append", "--groups", group, "--", account)
	return err
}

func (linux) isGroup(string) bool { return false }

func (linux) mending() ([]string, error) { return []string{"root"}, nil }

// login returns the account that somebody logged on with to set this host up.
// SUDO_USER is root's own to set; what comes of it is shown.
func (linux) login() string {
	if name := identity.Login(); name != "" {
		return name
	}
	return os.Getenv("SUDO_USER")
}

func (linux) told() []string { return nil }

// run runs a command of the system, whatever PATH says: after su it lacks sbin.
func (l linux) run(name string, args ...string) (string, error) {
	path := name
	for _, folder := range []string{"/usr/sbin", "/usr/bin", "/sbin", "/bin"} {
		if found, err := exec.LookPath(filepath.Join(folder, name)); err == nil {
			path = found
			break
		}
	}
	var stderr strings.Builder
	command := exec.CommandContext(l.ctx, path, args...)
	command.Stderr = &stderr
	out, err := command.Output()
	if err != nil {
		return "", fmt.Errorf("running %s %s: %w: %s", name, strings.Join(args, " "), err, strings.TrimSpace(stderr.String()))
	}
	return string(out), nil
}
