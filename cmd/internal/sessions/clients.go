//go:build linux

package sessions

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/mdlayher/netlink"
	"github.com/prometheus/procfs"
	"golang.org/x/sys/unix"
)

// xrdp is the program that speaks with an RDP client, in a process each.
const xrdp = "/usr/sbin/xrdp"

// displaySocket is the name of the socket by which xrdp reaches the X server of
// a session.
var displaySocket = regexp.MustCompile(`^/run/xrdp/sockdir/xrdp_display_(\d+)$`)

// The states of sockets, as Linux numbers them for all families.
const (
	established = 1
	listening   = 10
)

// clients returns the address of the RDP client that each display is shown to
// now; a display that nobody looks at is not in there. No log and no environment
// is asked, only the kernel: the X server's socket is connected to a process of
// xrdp, which is no user's and runs in no session, and that one to the client.
func (r *Registry) clients() (map[string]string, error) {
	displays, err := displaySockets()
	if err != nil {
		return nil, fmt.Errorf("listing local sockets: %w", err)
	}
	if len(displays) == 0 {
		return nil, nil
	}
	remote, err := remotes()
	if err != nil {
		return nil, err
	}
	all, err := processes()
	if err != nil {
		return nil, err
	}
	found := map[string]string{}
	for _, p := range all {
		if strings.TrimSuffix(p.program, " (deleted)") != xrdp {
			continue
		}
		if _, err := r.Of(p.pid); err == nil {
			continue // a user's, who pretends
		}
		display, client := "", ""
		for _, inode := range socketsOf(p.pid) {
			if d, shows := displays[inode]; shows {
				display = d
			}
			if address, is := remote[inode]; is {
				client = address
			}
		}
		if display != "" && client != "" {
			found[display] = client
		}
	}
	return found, nil
}

// displaySockets returns the displays to which something is connected, by the
// inode of the socket at its end (sock_diag(7)).
func displaySockets() (map[uint64]string, error) {
	conn, err := netlink.Dial(unix.NETLINK_SOCK_DIAG, nil)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	// struct unix_diag_req: family, protocol, padding, states, inode, show, cookie.
	var question []byte
	question = append(question, unix.AF_UNIX, 0, 0, 0)
	for _, word := range []uint32{1 << established, 0, showName | showPeer, 0, 0} {
		question = binary.NativeEndian.AppendUint32(question, word)
	}
	answers, err := conn.Execute(netlink.Message{
		Header: netlink.Header{Type: sockDiagByFamily, Flags: netlink.Request | netlink.Dump}, Data: question,
	})
	if err != nil {
		return nil, err
	}
	displays := map[uint64]string{}
	for _, answer := range answers {
		const head = 16 // struct unix_diag_msg
		if len(answer.Data) < head {
			return nil, errors.New("an answer is too short")
		}
		attributes, err := netlink.NewAttributeDecoder(answer.Data[head:])
		if err != nil {
			return nil, err
		}
		name, peer := "", uint32(0)
		for attributes.Next() {
			switch attributes.Type() {
			case attributeName:
				name = attributes.String()
			case attributePeer:
				peer = attributes.Uint32()
			}
		}
		if match := displaySocket.FindStringSubmatch(name); match != nil && peer != 0 {
			displays[uint64(peer)] = ":" + match[1]
		}
	}
	return displays, nil
}

// From linux/sock_diag.h and linux/unix_diag.h.
const (
	sockDiagByFamily = 20
	showName         = 0x1
	showPeer         = 0x4
	attributeName    = 0
	attributePeer    = 2
)

// remotes returns who is at the other end of each TCP connection that came in,
// by inode: one whose port on this side is one that somebody listens on.
func remotes() (map[uint64]string, error) {
	proc, err := procfs.NewDefaultFS()
	if err != nil {
		return nil, fmt.Errorf("listing connections: %w", err)
	}
	sockets, err := proc.NetTCP()
	if err != nil {
		return nil, fmt.Errorf("listing connections: %w", err)
	}
	six, err := proc.NetTCP6()
	if err != nil && !errors.Is(err, fs.ErrNotExist) { // a kernel without IPv6
		return nil, fmt.Errorf("listing connections: %w", err)
	}
	sockets = append(sockets, six...)
	listens, found := map[uint64]bool{}, map[uint64]string{}
	for _, socket := range sockets {
		if socket.St == listening {
			listens[socket.LocalPort] = true
		}
	}
	for _, socket := range sockets {
		if socket.St == established && listens[socket.LocalPort] {
			found[socket.Inode] = socket.RemAddr.String()
		}
	}
	return found, nil
}

// socketsOf returns the inodes of the sockets that a process has open.
func socketsOf(pid int) (inodes []uint64) {
	folder := fmt.Sprintf("/proc/%d/fd", pid)
	files, err := os.ReadDir(folder)
	if err != nil {
		return nil // it has ended
	}
	for _, file := range files {
		target, err := os.Readlink(folder + "/" + file.Name())
		if err != nil {
			continue
		}
		number, is := strings.CutPrefix(target, "socket:[")
		if inode, err := strconv.ParseUint(strings.TrimSuffix(number, "]"), 10, 64); is && err == nil {
			inodes = append(inodes, inode)
		}
	}
	return inodes
}

// LookAtClients notes who looks at the sessions of xrdp now. A pass is good for
// the client that it was earned by: a session that another has come to loses it.
func (r *Registry) LookAtClients() error {
	now, err := r.clients()
	if err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, s := range r.sessions {
		if s.Service != xrdpService || !s.ClosedAt.IsZero() {
			continue
		}
		switch client, shown := now[s.Terminal]; {
		case shown && client != s.Client && !s.PassedAt.IsZero():
			s.Client, s.LeftAt, s.PassedAt, s.taken = client, time.Time{}, time.Time{}, true
		case shown && (client != s.Client || !s.LeftAt.IsZero()):
			s.Client, s.LeftAt = client, time.Time{}
		case !shown && s.Client != "" && s.LeftAt.IsZero():
			s.LeftAt = r.now()
		default:
			continue
		}
		if err := s.write(); err != nil {
			return err
		}
	}
	return nil
}
