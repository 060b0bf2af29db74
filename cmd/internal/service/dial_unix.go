//go:build unix

package service

import (
	"context"
	"net"
)

// dial connects to the service. Its socket stands where only root makes files.
func dial(ctx context.Context, socket string) (net.Conn, error) {
	return new(net.Dialer).DialContext(ctx, "unix", socket)
}
