//go:build linux

package sessions

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/mdlayher/netlink"
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
	for _, pid := range all {
		if strings.TrimSuffix(programOf(pid), " (deleted)") != xrdp {
			continue
		}
		if _, err := r.Of(pid); err == nil {
			continue // a user's, who pretends
		}
		display, client := "", ""
		for _, inode := range socketsOf(pid) {
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
// inode of the socket at its end.
func displaySockets() (map[uint64]string, error) {
	// struct unix_diag_req: family, protocol, padding, states, inode, show, cookie.
	question := []byte{unix.AF_UNIX, 0, 0, 0}
	for _, word := range []uint32{1 << established, 0, showName | showPeer, 0, 0} {
		question = binary.NativeEndian.AppendUint32(question, word)
	}
	const head = 16 // struct unix_diag_msg
	answers, err := askSockets(question, head)
	if err != nil {
		return nil, err
	}
	displays := map[uint64]string{}
	for _, answer := range answers {
		attributes, err := netlink.NewAttributeDecoder(answer[head:])
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

// askSockets puts a question about sockets to the kernel (sock_diag(7)). Each
// answer has at least head bytes.
func askSockets(question []byte, head int) ([][]byte, error) {
	conn, err := netlink.Dial(unix.NETLINK_SOCK_DIAG, nil)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	messages, err := conn.Execute(netlink.Message{
		Header: netlink.Header{Type: sockDiagByFamily, Flags: netlink.Request | netlink.Dump}, Data: question,
	})
	if err != nil {
		return nil, err
	}
	var answers [][]byte
	for _, message := range messages {
		if len(message.Data) < head {
			return nil, errors.New("an answer of the kernel is too short")
		}
		answers = append(answers, message.Data)
	}
	return answers, nil
}

// remotes returns who is at the other end of each TCP connection that came in,
// by inode: one whose port on this side is one that somebody listens on.
func remotes() (map[uint64]string, error) {
	listens, found := map[uint16]bool{}, map[uint64]string{}
	var all []connection
	for _, family := range []uint8{unix.AF_INET, unix.AF_INET6} {
		some, err := connections(family)
		if err != nil {
			return nil, fmt.Errorf("listing connections: %w", err)
		}
		all = append(all, some...)
	}
	for _, c := range all {
		if c.state == listening {
			listens[c.port] = true
		}
	}
	for _, c := range all {
		if c.state == established && listens[c.port] {
			found[c.inode] = c.remote.String()
		}
	}
	return found, nil
}

// connection is a TCP socket: its port on this side, and who is at the other.
type connection struct {
	state  uint8
	port   uint16
	remote netip.Addr
	inode  uint64
}

// connections returns the TCP sockets of a family that listen or are connected.
func connections(family uint8) ([]connection, error) {
	const identity = 48 // struct inet_diag_sockid; zeros ask for all
	// struct inet_diag_req_v2: family, protocol, extensions, padding, states, identity.
	question := []byte{family, unix.IPPROTO_TCP, 0, 0}
	question = binary.NativeEndian.AppendUint32(question, 1<<established|1<<listening)
	question = append(question, make([]byte, identity)...)
	answers, err := askSockets(question, 4+identity+20) // struct inet_diag_msg
	if err != nil {
		return nil, err
	}
	found := make([]connection, 0, len(answers))
	for _, answer := range answers {
		remote := netip.AddrFrom16([16]byte(answer[24:40])).Unmap()
		if family == unix.AF_INET {
			remote = netip.AddrFrom4([4]byte(answer[24:28]))
		}
		found = append(found, connection{
			state: answer[1], port: binary.BigEndian.Uint16(answer[4:]), remote: remote,
			inode: uint64(binary.NativeEndian.Uint32(answer[68:])),
		})
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
		case shown && s.Client != "" && client != s.Client && !s.PassedAt.IsZero():
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
