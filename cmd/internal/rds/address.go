package rds

import (
	"encoding/binary"
	"net/netip"
)

// remoteAddressSize is the size of a WINSTATIONREMOTEADDRESS.
const remoteAddressSize = 32

// addressOf reads a WINSTATIONREMOTEADDRESS: the family of a socket's address, and
// after two bytes that fill up, the fields of such an address, each where its own
// size lets it stand. It returns "" for none.
func addressOf(b [remoteAddressSize]byte) string {
	const inet, inet6 = 2, 23
	switch binary.LittleEndian.Uint16(b[:]) {
	case inet: // port and filling, address
		return netip.AddrFrom4([4]byte(b[8:12])).String()
	case inet6: // port and filling, flow, address
		return netip.AddrFrom16([16]byte(b[12:28])).Unmap().String()
	}
	return ""
}
