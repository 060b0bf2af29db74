//go:build linux

package sessions

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Guard is asked by the kernel before any program on this host starts, and
// refuses those that a session may not start before it has passed the gate
// (fanotify(7), FAN_OPEN_EXEC_PERM). If its process ends, the kernel asks
// nobody: Watch then ends what got through.
type Guard struct {
	watch Watch
	fd    int
	file  *os.File // of fd

	mu sync.Mutex
	// last is what a process was last answered about.
	last map[int]started
}

// started is a file that a process was let start, or not.
type started struct {
	device, inode uint64
	name          string
	allowed       bool
	isLoader      bool
}

// NewGuard returns a guard that is asked from now on. Error: the kernel has no
// such guards, or this process may not have one.
func NewGuard(watch Watch) (*Guard, error) {
	fd, err := unix.FanotifyInit(unix.FAN_CLASS_CONTENT|unix.FAN_CLOEXEC|unix.FAN_NONBLOCK|unix.FAN_UNLIMITED_QUEUE|unix.FAN_UNLIMITED_MARKS,
		unix.O_RDONLY|unix.O_CLOEXEC|unix.O_LARGEFILE)
	if err != nil {
		return nil, fmt.Errorf("asking the kernel for a guard: %w", err)
	}
	g := &Guard{watch: watch, fd: fd, file: os.NewFile(uintptr(fd), "fanotify"), last: map[int]started{}}
	if err := g.Mark(); err != nil {
		g.file.Close()
		return nil, err
	}
	return g, nil
}

// unmarked are kinds of file systems that hold no programs, and are made often.
var unmarked = []string{"proc", "sysfs", "cgroup", "cgroup2", "devpts", "mqueue", "securityfs", "debugfs", "tracefs", "bpf", "pstore", "fusectl", "configfs", "autofs", "binfmt_misc", "nsfs", "hugetlbfs", "efivarfs"}

// Mark guards every file system that is mounted now. It is for each time that
// the list of mounts changes.
func (g *Guard) Mark() error {
	text, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return fmt.Errorf("listing mounts: %w", err)
	}
	for line := range strings.Lines(string(text)) {
		mounted, kind, _ := strings.Cut(line, " - ")
		fields, kinds := strings.Fields(mounted), strings.Fields(kind)
		if len(fields) < 5 || len(kinds) == 0 || slices.Contains(unmarked, kinds[0]) {
			continue
		}
		path := unescape(fields[4])
		err := unix.FanotifyMark(g.fd, unix.FAN_MARK_ADD|unix.FAN_MARK_FILESYSTEM, unix.FAN_OPEN_EXEC_PERM, unix.AT_FDCWD, path)
		// One that was unmounted meanwhile, lies under another, or is a user's
		// own has nothing that can be marked.
		if err != nil && !errors.Is(err, unix.ENOENT) && !errors.Is(err, unix.EACCES) && !errors.Is(err, unix.ENOTDIR) {
			return fmt.Errorf("guarding %s: %w", path, err)
		}
	}
	return nil
}

// unescape returns a path as it is: mountinfo writes blanks as \040.
func unescape(path string) string {
	parts := strings.Split(path, `\`)
	for i, part := range parts[1:] {
		if code, err := strconv.ParseUint(part[:min(3, len(part))], 8, 8); err == nil {
			parts[i+1] = string([]byte{byte(code)}) + part[3:]
		}
	}
	return strings.Join(parts, "")
}

// Run answers the kernel until Close.
func (g *Guard) Run() error {
	events := make([]byte, 64<<10)
	for {
		n, err := g.file.Read(events)
		if errors.Is(err, os.ErrClosed) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("reading what starts: %w", err)
		}
		const size = int(unsafe.Sizeof(unix.FanotifyEventMetadata{}))
		for rest := events[:n]; len(rest) >= size; {
			event := *(*unix.FanotifyEventMetadata)(unsafe.Pointer(&rest[0]))
			rest = rest[event.Event_len:]
			if event.Fd >= 0 {
				// Each for itself: to find out whose process it is may take another
				// program, which can't start before it was answered here.
				go g.answer(int(event.Pid), int(event.Fd))
			}
		}
	}
}

// Close lets everything start again.
func (g *Guard) Close() error { return g.file.Close() }

// answer tells the kernel whether a process may start the program in a file.
func (g *Guard) answer(pid, fd int) {
	defer unix.Close(fd)
	decided := func(bool) {}
	if g.watch.Deciding != nil {
		decided = g.watch.Deciding()
	}
	a := g.mayStart(pid, fd)
	if a.held != nil {
		a.held.freeze()
		defer a.held.thaw()
	}
	response := uint32(unix.FAN_DENY)
	if a.may {
		response = unix.FAN_ALLOW
	}
	var text [8]byte
	binary.NativeEndian.PutUint32(text[:4], uint32(fd))
	binary.NativeEndian.PutUint32(text[4:], response)
	unix.Write(g.fd, text[:])
	decided(a.may)
	if a.held != nil {
		g.holdTo(a.held, pid, a.program, a.only)
	}
}

// answer is what the kernel is told.
type answer struct {
	may bool
	// held is the session that a program starts in as its first or next step: it
	// is looked at before it does anything.
	held    *Session
	program string
	only    *regexp.Regexp
}

// mayStart decides. What is nobody's that we watch over is let through first.
func (g *Guard) mayStart(pid, fd int) answer {
	uid, err := uidOf(pid)
	if err != nil || uid == 0 {
		return answer{may: true} // of another container, or root's
	}
	account, protected := g.watch.Accounts.Protected(uid)
	if !protected {
		return answer{may: true}
	}
	s, err := g.watch.Registry.Of(pid)
	if err == nil && s.Passed() {
		return answer{may: true}
	}
	p := process{pid, uid, programOf(pid)} // it waits for this answer
	program, linkErr := os.Readlink("/proc/self/fd/" + strconv.Itoa(fd))
	if linkErr != nil {
		return answer{}
	}
	var stat unix.Stat_t
	if unix.Fstat(fd, &stat) != nil {
		return answer{}
	}
	if err == nil && !s.isClosed() && !p.isElsewhere() {
		if a := g.step(s, p, program, stat); a.may {
			return a
		}
	}
	g.watch.Report(Ended{Account: account, Session: s, From: p.program, Program: program, Why: refusedFor(s)})
	if s != nil {
		s.End()
	}
	return answer{}
}

func refusedFor(s *Session) Why {
	switch {
	case s == nil:
		return NoSession
	case s.isClosed():
		return LeftOver
	}
	return Stranger
}

// step decides on a file in a session that has not passed: it must be a program
// that brings the gate up, or what the kernel asks for right after such a one:
// its loader, and, where one file system lies over another, the same file once
// more below.
func (g *Guard) step(s *Session, p process, program string, stat unix.Stat_t) answer {
	g.mu.Lock()
	defer g.mu.Unlock()
	last := g.last[p.pid]
	now := started{device: stat.Dev, inode: stat.Ino, name: filepath.Base(program), isLoader: isLoader(program)}
	a := answer{program: program}
	switch {
	case last.allowed && last.inode == now.inode && last.device != now.device && last.name == now.name && stat.Uid == 0:
		return answer{may: true}
	case now.isLoader:
		a.may = last.allowed && !last.isLoader
	default:
		if a.only, a.may = g.watch.Policy.starts(p.program, program); a.may {
			a.held = s
		}
	}
	now.allowed = a.may
	g.last[p.pid] = now
	return a
}

// holdWithin is how long it may take that a program which was let start is
// there, and all of its session stands still.
const holdWithin = 2 * time.Second

// holdTo looks at a program that was just let start, and ends its session if it
// was told anything else than what it is there for. The kernel tells of its
// arguments and environment only when it is there; the session is frozen, so it
// has done nothing yet.
func (g *Guard) holdTo(s *Session, pid int, program string, only *regexp.Regexp) {
	again := time.NewTicker(time.Millisecond)
	defer again.Stop()
	for late := time.After(holdWithin); !s.isFrozen(); {
		select {
		case <-again.C:
			continue
		case <-late: // on a kernel that can't freeze, it is there by now
		}
		break
	}
	p, err := lookAt(pid)
	if err != nil || p.program == "" {
		return // it has ended
	}
	args, err := wordsOf(pid, "cmdline")
	environment, envErr := wordsOf(pid, "environ")
	if errors.Join(err, envErr) == nil && p.program == program && isTold(args, environment, only) {
		return
	}
	if !s.Passed() {
		g.watch.end(s, program, Stranger)
	}
}
