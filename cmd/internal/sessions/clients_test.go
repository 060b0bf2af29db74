//go:build linux

package sessions

import (
	"net"
	"os"
	"testing"
)

// The kernel tells who is at the other end of what came in, and nothing of what
// went out.
func TestRemotesOfConnectionsThatCameIn(t *testing.T) {
	for network, address := range map[string]string{"tcp4": "127.0.0.1:0", "tcp6": "[::1]:0"} {
		t.Run(network, func(t *testing.T) {
			before := mine(t)
			listener, err := net.Listen(network, address)
			if err != nil {
				t.Fatal(err)
			}
			defer listener.Close()
			out, err := net.Dial(network, listener.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			defer out.Close()
			in, err := listener.Accept()
			if err != nil {
				t.Fatal(err)
			}
			defer in.Close()
			var got []string
			for inode, remote := range mine(t) {
				if before[inode] == "" {
					got = append(got, remote)
				}
			}
			if want := in.RemoteAddr().(*net.TCPAddr).IP.String(); len(got) != 1 || got[0] != want {
				t.Errorf("connections from %v, not from %s alone", got, want)
			}
		})
	}
}

// mine returns who is connected to this process, by inode.
func mine(t *testing.T) map[uint64]string {
	t.Helper()
	all, err := remotes()
	if err != nil {
		t.Fatal(err)
	}
	found := map[uint64]string{}
	for _, inode := range socketsOf(os.Getpid()) {
		if remote, is := all[inode]; is {
			found[inode] = remote
		}
	}
	return found
}
