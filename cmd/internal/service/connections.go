package service

import (
	"net"
	"sync"
)

// Connections is a listener that holds few connections of one user at once, and
// so keeps one from taking those of all others.
type Connections struct {
	net.Listener
	// Owner tells whose a connection is. Those that are not counted are the
	// administrator's, who tells of every logon. Error: it has gone already.
	Owner func(net.Conn) (owner string, counted bool, err error)
	// Each is how many one user may have, All how many all may have.
	Each, All int
	// Refused, if set, is told of each connection that was one too many.
	Refused func()

	mu     sync.Mutex
	owners map[string]int
	all    int
}

// Accept implements net.Listener. A connection that is one too many is closed
// at once, which says that nothing of it was heard.
func (c *Connections) Accept() (net.Conn, error) {
	for {
		conn, err := c.Listener.Accept()
		if err != nil {
			return nil, err
		}
		owner, counted, err := c.Owner(conn)
		switch {
		case err != nil:
			conn.Close()
		case !counted:
			return conn, nil
		case c.enter(owner):
			return &heldConn{Conn: conn, leave: func() { c.leave(owner) }}, nil
		default:
			conn.Close()
			if c.Refused != nil {
				c.Refused()
			}
		}
	}
}

func (c *Connections) enter(owner string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.owners == nil {
		c.owners = map[string]int{}
	}
	if c.owners[owner] >= c.Each || c.all >= c.All {
		return false
	}
	c.owners[owner]++
	c.all++
	return true
}

func (c *Connections) leave(owner string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.all--
	if c.owners[owner]--; c.owners[owner] == 0 {
		delete(c.owners, owner)
	}
}

// Open returns how many connections are counted now.
func (c *Connections) Open() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.all
}

// heldConn is a connection that counts until it is closed.
type heldConn struct {
	net.Conn
	once  sync.Once
	leave func()
}

// Close implements net.Conn.
func (h *heldConn) Close() error {
	h.once.Do(h.leave)
	return h.Conn.Close()
}

// NetConn returns what the kernel knows of.
func (h *heldConn) NetConn() net.Conn { return h.Conn }
