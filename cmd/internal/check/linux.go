//go:build linux

package check

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"evry.nl/tfa/cmd/internal/config"
)

// Linux is a host as the checks see it. It remembers what it was told: take a
// new one to look again.
type Linux struct {
	// Root is the folder that is the host's root. Paths in the configuration are
	// taken as they are.
	Root string
	// File is the configuration, "" for the host's own.
	File string
	Now  func() time.Time
	// Run runs a command of the host and returns what it prints.
	Run func(name string, args ...string) (string, error)
	// Version returns the version that a program of ours was built from.
	Version func(path string) (string, error)
	Kernel  Kernel

	cfg     *config.Config
	cfgErr  error
	people  []person // all accounts
	members []person // those of practices
	groups  []group
	hostErr error
	// groupsOf are the groups of an account, inGroup the accounts in a group.
	groupsOf, inGroup map[string][]string

	opened map[string]opened
	sshd   map[string]sshdAnswer
}

// Kernel is what only the kernel knows.
type Kernel struct {
	// Synchronised reports whether something keeps the clock right.
	Synchronised func() (bool, error)
	// Free returns the bytes that are free on the file system of a path, and the
	// size of that.
	Free func(path string) (free, size uint64, err error)
	// Listener returns the user that answers at a socket.
	Listener func(socket string) (uid uint32, err error)
	// Guard errs if the kernel asks nobody before a program starts.
	Guard func() error
}

// ThisKernel asks the kernel that runs this process.
func ThisKernel() Kernel {
	return Kernel{
		Synchronised: func() (bool, error) {
			var t unix.Timex // asks, and sets nothing
			_, err := unix.Adjtimex(&t)
			return t.Status&unix.STA_UNSYNC == 0, err
		},
		Free: func(path string) (free, size uint64, err error) {
			var s unix.Statfs_t
			err = unix.Statfs(path, &s)
			return s.Bavail * uint64(s.Bsize), s.Blocks * uint64(s.Bsize), err
		},
		Listener: listener,
		Guard: func() error {
			fd, err := unix.FanotifyInit(unix.FAN_CLASS_CONTENT|unix.FAN_CLOEXEC, unix.O_RDONLY)
			if err == nil {
				unix.Close(fd)
			}
			return err
		},
	}
}

// person is an account of the host.
type person struct {
	name, home, shell string
	uid, gid          string
}

// group is a group of the host.
type group struct {
	name, gid string
	members   []string
}

// Checks returns all checks of a Linux host, for Run.
func (l *Linux) Checks() []Check {
	cfg, err := config.Load(l.File)
	if l.cfgErr = err; err != nil {
		cfg = config.Default() // so that the rest can be looked at
	}
	l.cfg = &cfg
	l.hostErr = l.meet()
	l.sort()
	l.opened, l.sshd = map[string]opened{}, map[string]sshdAnswer{}
	return slices.Concat(l.ourChecks(), l.storeChecks(), l.serviceChecks(), l.xrdpChecks(), l.sshChecks(), l.pamChecks(), l.accountChecks(), l.hostChecks())
}

// meet asks who is there, by commands: accounts of a directory count where it
// lists them.
func (l *Linux) meet() error {
	passwd, err := l.Run("getent", "passwd")
	if err != nil {
		return err
	}
	for fields := range entries(passwd, 7) {
		p := person{name: fields[0], uid: fields[2], gid: fields[3], home: fields[5], shell: fields[6]}
		l.people = append(l.people, p)
		_, err := l.cfg.Rules().PracticeOf(p.name)
		if uid, _ := strconv.Atoi(p.uid); err == nil && (uid >= firstPerson || uid == 0) {
			l.members = append(l.members, p)
		}
	}
	groups, err := l.Run("getent", "group")
	if err != nil {
		return err
	}
	for fields := range entries(groups, 4) {
		members := strings.FieldsFunc(fields[3], func(r rune) bool { return r == ',' })
		l.groups = append(l.groups, group{fields[0], fields[2], members})
	}
	return nil
}

// entries yields the lines of a database with n fields.
func entries(database string, n int) func(func([]string) bool) {
	return func(yield func([]string) bool) {
		for line := range strings.Lines(database) {
			if fields := strings.Split(strings.TrimRight(line, "\n"), ":"); len(fields) == n && !yield(fields) {
				return
			}
		}
	}
}

// firstPerson is where accounts of people begin (login.defs, UID_MIN).
const firstPerson = 1000

// practices returns the members of each practice.
func (l *Linux) practices() map[string][]person {
	practices := map[string][]person{}
	for _, p := range l.members {
		if practice, err := l.cfg.Rules().PracticeOf(p.name); err == nil {
			practices[practice] = append(practices[practice], p)
		}
	}
	return practices
}

// sort notes who is in which group, once: a host may have thousands of both.
func (l *Linux) sort() {
	l.groupsOf, l.inGroup = map[string][]string{}, map[string][]string{}
	join := func(account, group string) {
		if !slices.Contains(l.groupsOf[account], group) {
			l.groupsOf[account] = append(l.groupsOf[account], group)
			l.inGroup[group] = append(l.inGroup[group], account)
		}
	}
	names := map[string]string{}
	for _, g := range l.groups {
		names[g.gid] = g.name
		for _, account := range g.members {
			join(account, g.name)
		}
	}
	for _, p := range l.people {
		if name, ok := names[p.gid]; ok {
			join(p.name, name)
		}
	}
}

// path returns where a file of the host stands.
func (l *Linux) path(name string) string { return filepath.Join(l.Root, name) }

// show returns a path as the host knows it.
func (l *Linux) show(path string) string {
	if inside, ok := strings.CutPrefix(path, filepath.Clean(l.Root)); ok && l.Root != "/" {
		return inside
	}
	return path
}

func (l *Linux) exists(name string) bool {
	_, err := os.Stat(l.path(name))
	return err == nil
}

// read returns what a file of the host says, "" if there is none.
func (l *Linux) read(name string) string {
	text, err := os.ReadFile(l.path(name))
	if err != nil {
		return ""
	}
	return string(text)
}

// firstOf returns the first of the files of the host that exists, or "".
func (l *Linux) firstOf(names ...string) string {
	for _, name := range names {
		if l.exists(name) {
			return name
		}
	}
	return ""
}

// needHost is the result of a look at accounts that could not be listed; ok is
// false then.
func (l *Linux) needHost() (r result, ok bool) {
	if l.hostErr != nil {
		return fault(fmt.Errorf("asking which accounts there are: %w", l.hostErr)), false
	}
	return r, true
}

// eachMember runs look for the accounts of practices.
func (l *Linux) eachMember(look func(*result, person)) result {
	r, ok := l.needHost()
	if !ok {
		return r
	}
	for _, p := range l.members {
		look(&r, p)
	}
	if len(l.members) == 0 {
		r.add(NotApplicable, "no account of this host belongs to a practice")
	}
	return r
}

// guard notes if anybody but root can change the file at path, or exchange it
// through a folder above; where a link stands there, of both its ends.
func (l *Linux) guard(r *result, path string) {
	end, err := filepath.EvalSymlinks(path)
	if err != nil {
		r.add(Unknown, "%v", err)
		return
	}
	seen := map[string]bool{}
	l.guardOne(r, end, true)
	for _, from := range []string{path, end} {
		for folder := filepath.Dir(from); !seen[folder]; folder = filepath.Dir(folder) {
			seen[folder] = true
			l.guardOne(r, folder, slices.Contains(ourFolders, l.show(folder)))
		}
	}
}

// ourFolders are those that nobody else puts anything in.
var ourFolders = []string{"/etc/tfa", "/usr/lib/tfa"}

// guardOne notes who can change one file or folder, and if fixable, how to stop
// that.
func (l *Linux) guardOne(r *result, path string, fixable bool) {
	info, err := os.Stat(path)
	if err != nil {
		r.add(Unknown, "%v", err)
		return
	}
	mode, shown := info.Mode(), l.show(path)
	if uid := ownerOf(info).Uid; uid != 0 {
		r.add(Hole, "%s belongs to %s, not to root", shown, l.nameOf(uid))
		if fixable {
			r.fix(setOwner(path, 0, -1), "give %s to root (was %s)", shown, l.nameOf(uid))
		}
	}
	sticky := info.IsDir() && mode&os.ModeSticky != 0 // nobody renames what is another's
	if loose := mode.Perm() & 0o022; loose != 0 && !sticky {
		r.add(Hole, "others than root may write %s (mode %s)", shown, octal(mode))
		if fixable {
			r.fix(setMode(path, mode&^0o022), "set the mode of %s to %s (was %s)", shown, octal(mode&^0o022), octal(mode))
		}
	}
}

// nameOf returns the account with a number.
func (l *Linux) nameOf(uid uint32) string {
	number := strconv.FormatUint(uint64(uid), 10)
	for _, p := range l.people {
		if p.uid == number {
			return p.name
		}
	}
	return "user " + number
}
