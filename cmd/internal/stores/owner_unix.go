//go:build unix

package stores

import (
	"fmt"
	"os"
	"os/user"
	"strconv"

	"evry.nl/tfa/cmd/internal/config"
)

// The modes of a practice's folder and key. The setgid bit gives the practice's
// group to every file that SQLite makes, whoever of the practice runs it.
const (
	sharedFolder  = os.ModeSetgid | 0o770
	privateFolder = 0o700
	sharedKey     = 0o640
	privateKey    = 0o600
)

// owner is the group that reaches a practice, or nobody but the caller.
type owner struct {
	gid    int
	shared bool
}

func ownership(group string) (owner, error) {
	if group == "" {
		return owner{gid: -1}, nil
	}
	g, err := user.LookupGroup(group)
	if err != nil {
		return owner{}, err
	}
	gid, err := strconv.Atoi(g.Gid)
	if err != nil {
		return owner{}, fmt.Errorf("reading the number of group %s: %w", group, err)
	}
	return owner{gid: gid, shared: true}, nil
}

// giveFolder sets the group before the mode: a change of owner clears the
// setgid bit, and between the two nobody else gets in.
func (o owner) giveFolder(path string) error {
	if !o.shared {
		return os.Chmod(path, privateFolder)
	}
	if err := os.Chown(path, -1, o.gid); err != nil {
		return err
	}
	return os.Chmod(path, sharedFolder)
}

func (o owner) giveKey(path string) error {
	if !o.shared {
		return os.Chmod(path, privateKey)
	}
	if err := os.Chown(path, -1, o.gid); err != nil {
		return err
	}
	return os.Chmod(path, sharedKey)
}

// makeParent makes a folder above those of practices.
func makeParent(folder string) error {
	if err := os.Mkdir(folder, 0o755); err != nil {
		return err
	}
	return os.Chmod(folder, 0o755)
}

// LooseParents returns none: check tells of folders above those of practices
// that others can write in, for the administrator to mend.
func LooseParents(config.Config, string) ([]string, error) { return nil, nil }

// CloseParent does nothing to none.
func CloseParent(string) error { return nil }
