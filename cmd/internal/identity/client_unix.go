//go:build unix

package identity

import (
	"bytes"
	"encoding/binary"
	"io"
	"net/netip"
	"os"
	"strings"
)

// logins is the system's list of who is logged on where: only root writes it,
// so it is believed where the session's environment is not.
const logins = "/run/utmp"

// userProcess marks the entry of a logon that has not ended (USER_PROCESS).
const userProcess = 7

// loginEntry is an entry of that list, see utmp(5).
type loginEntry struct {
	Type     int16
	_        int16
	PID      int32
	Line     [32]byte
	ID       [4]byte
	User     [32]byte
	Host     [256]byte
	Exit     [2]int16
	Session  int32
	Time     [2]int32
	Address  [16]byte // IPv4 in the first four
	Reserved [20]byte
}

// client returns the address from which account logged on to a terminal. It is
// empty where the list at path does not tell: at the console, over RDP, and on
// systems that keep no such list.
func client(path, account, terminal string) string {
	text, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	found := ""
	entries := bytes.NewReader(text)
	for {
		var entry loginEntry
		if err := binary.Read(entries, binary.NativeEndian, &entry); err == io.EOF {
			return found
		} else if err != nil { // being written
			return ""
		}
		if entry.Type == userProcess && word(entry.Line[:]) == terminal && word(entry.User[:]) == account {
			found = address(entry.Address)
		}
	}
}

// word cuts a field of fixed length at its first zero.
func word(field []byte) string {
	text, _, _ := strings.Cut(string(field), "\x00")
	return text
}

func address(field [16]byte) string {
	var ip netip.Addr
	if [12]byte(field[4:]) == [12]byte{} {
		ip = netip.AddrFrom4([4]byte(field[:4]))
	} else {
		ip = netip.AddrFrom16(field)
	}
	if ip.IsUnspecified() {
		return ""
	}
	return ip.Unmap().String()
}
