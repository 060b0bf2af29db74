//go:build unix

package identity

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"os"
	"path/filepath"
	"testing"
)

func TestClientIsWhereTheTerminalsLogonCameFrom(t *testing.T) {
	four, six := netip.MustParseAddr("192.0.2.7").As4(), netip.MustParseAddr("2001:db8::7").As16()
	path := filepath.Join(t.TempDir(), "utmp")
	var list bytes.Buffer
	for _, entry := range []struct {
		kind          int16
		line, account string
		address       []byte
	}{
		{userProcess, "pts/1", standIn, four[:]},
		{userProcess, "pts/2", "EV-0000-2", six[:]},
		{8, "pts/3", standIn, four[:]}, // it has ended (DEAD_PROCESS)
		{userProcess, "tty1", standIn, nil},
	} {
		written := loginEntry{Type: entry.kind}
		copy(written.Line[:], entry.line)
		copy(written.User[:], entry.account)
		copy(written.Address[:], entry.address)
		if err := binary.Write(&list, binary.NativeEndian, written); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(path, list.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct{ path, account, terminal, want string }{
		"ipv4":               {path, standIn, "pts/1", "192.0.2.7"},
		"ipv6":               {path, "EV-0000-2", "pts/2", "2001:db8::7"},
		"logon_has_ended":    {path, standIn, "pts/3", ""},
		"console":            {path, standIn, "tty1", ""},
		"account_of_another": {path, "EV-0000-2", "pts/1", ""},
		"unknown_terminal":   {path, standIn, "pts/10", ""},
		"system_has_no_list": {path + ".gone", standIn, "pts/1", ""},
	} {
		if got := client(tc.path, tc.account, tc.terminal); got != tc.want {
			t.Errorf("%s: %q, want %q", name, got, tc.want)
		}
	}
}
