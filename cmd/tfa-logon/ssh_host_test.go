package main

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"evry.nl/tfa/cmd/internal/story"
)

const (
	sshPackaging = "../../assets/packaging/ssh"
	sshPassword  = "correct-horse-7"
)

// sshHost is a host with a real sshd on loopback, set up as the packaging files
// say, and one account with a home of its own.
type sshHost struct {
	*story.Host
	account, home string
	program       string // the gate's, with its arguments
	served        bool   // by the service
	port, config  string
	// asks is how sshd asks for the password, and typed what is typed then.
	asks, typed string
}

// onSSHHosts plays a story on a host that opens its stores itself, and on one
// with the service. The account's practice is switched on if on.
func onSSHHosts(t *testing.T, shell string, on bool, play func(*testing.T, *sshHost)) {
	t.Helper()
	t.Run("direct", func(t *testing.T) {
		h, account := practice(t)
		host := &sshHost{Host: h, account: account, program: story.Path("tfa-logon") + " --config " + h.File}
		host.prepare(t, shell, on)
		play(t, host)
	})
	t.Run("with_the_service", func(t *testing.T) {
		t.Parallel()
		if story.Alone(t) {
			play(t, newServedSSHHost(t, shell, on))
		}
	})
}

// newServedSSHHost makes a host with the service, where Alone is true.
func newServedSSHHost(t *testing.T, shell string, on bool) *sshHost {
	t.Helper()
	host := &sshHost{Host: story.NewInstalledHost(t, true, receptionist), account: receptionist, program: "/usr/bin/tfa-logon", served: true}
	host.TellService("sshd")
	host.prepare(t, shell, on)
	return host
}

// prepare gives the account a home, a shell and a password, and lets sshd serve.
func (h *sshHost) prepare(t *testing.T, shell string, on bool) {
	t.Helper()
	found, err := user.Lookup(h.account)
	story.Must(t, err)
	h.home = found.HomeDir
	story.Must(t, os.MkdirAll(h.home, 0o755))
	t.Cleanup(func() { os.RemoveAll(h.home) })
	uid := h.As(h.account)
	story.Must(t, os.Chown(h.home, int(uid.Uid), int(uid.Gid)))
	execute(t, "", "usermod", "--shell", shell, h.account)
	execute(t, h.account+":"+sshPassword+"\n", "chpasswd")
	if on {
		h.Admin("practice", "enable", strings.TrimSuffix(h.account, "-1"))
	}
	h.asks, h.typed = "password:", sshPassword
	h.config = h.configure(t)
	h.serve(t)
}

func execute(t *testing.T, input, name string, args ...string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Stdin = strings.NewReader(input)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", name, err, out)
	}
}

// configure installs the packaging files, with the paths of this test, and
// returns the configuration of sshd.
func (h *sshHost) configure(t *testing.T) string {
	t.Helper()
	folder := filepath.Dir(h.File)
	install := func(name, path string, mode os.FileMode, replace ...string) string {
		text, err := os.ReadFile(filepath.Join(sshPackaging, name))
		story.Must(t, err)
		story.Must(t, os.WriteFile(path, []byte(strings.NewReplacer(replace...).Replace(string(text))), mode))
		story.Must(t, os.Chmod(path, mode))
		return path
	}
	place, pam := filepath.Join(folder, "ssh-session"), "no"
	if h.served {
		place, pam = "/usr/lib/tfa/ssh-session", "yes"
		story.Must(t, os.MkdirAll(filepath.Dir(place), 0o755))
	}
	session := install("ssh-session", place, 0o755)
	snippet := install("tfa.conf", filepath.Join(folder, "tfa.conf"), 0o644, "/usr/bin/tfa-logon", h.program, "/usr/lib/tfa/ssh-session", session)
	key := filepath.Join(folder, "host_key")
	execute(t, "", "ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key)
	config := filepath.Join(folder, "sshd_config")
	// As Debian's file, which begins with the snippets, but for PAM where it would
	// ask what the machine of the test has set up.
	story.Must(t, os.WriteFile(config, fmt.Appendf(nil, `Include %s
HostKey %s
UsePAM %s
PasswordAuthentication yes
KbdInteractiveAuthentication no
PrintMotd no
PrintLastLog no
AcceptEnv LANG LC_*
X11Forwarding yes
Subsystem sftp internal-sftp
`, snippet, key, pam), 0o644))
	return config
}

// serve lets an sshd of its own answer each connection.
func (h *sshHost) serve(t *testing.T) {
	t.Helper()
	story.Must(t, os.MkdirAll("/run/sshd", 0o755))              // sshd's empty folder, which its start script makes
	logins, err := os.OpenFile("/run/utmp", os.O_CREATE, 0o664) // sshd tells it who comes from where, if it is there
	story.Must(t, err)
	story.Must(t, logins.Close())
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	story.Must(t, err)
	_, h.port, err = net.SplitHostPort(listener.Addr().String())
	story.Must(t, err)
	var said bytes.Buffer
	var servers sync.WaitGroup
	servers.Go(func() {
		var lock sync.Mutex
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			socket, err := connection.(*net.TCPConn).File()
			connection.Close()
			if err != nil {
				return
			}
			cmd := exec.CommandContext(t.Context(), "/usr/sbin/sshd", "-i", "-e", "-f", h.config)
			cmd.Stdin, cmd.Stdout = socket, socket
			servers.Go(func() {
				var complaint bytes.Buffer
				cmd.Stderr = &complaint
				cmd.Run()
				socket.Close()
				lock.Lock()
				defer lock.Unlock()
				complaint.WriteTo(&said)
			})
		}
	})
	t.Cleanup(func() {
		listener.Close()
		servers.Wait()
		if t.Failed() {
			t.Logf("sshd said:\n%s", &said)
		}
	})
}

// client is an ssh client in a terminal of 80×24, with what it has shown.
type client struct {
	t    *testing.T
	cmd  *exec.Cmd
	keys *os.File // the terminal's other side
	out  bytes.Buffer

	lock  sync.Mutex
	shown string // and not looked at yet
	all   string
	more  chan struct{} // closed when no more comes; a token when something came
}

// connect starts a client program for the host and gives the password. With
// args that hold no terminal its own input is input, and its output is kept.
func (h *sshHost) connect(t *testing.T, input io.Reader, name string, args ...string) *client {
	t.Helper()
	keys, screen := terminalPair(t)
	defer screen.Close()
	options := []string{"-F", "/dev/null", "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR",
		"-o", "PubkeyAuthentication=no", "-o", "Port=" + h.port}
	c := &client{t: t, keys: keys, more: make(chan struct{}, 1)}
	c.cmd = exec.CommandContext(t.Context(), name, append(options, args...)...)
	c.cmd.Env = []string{"TERM=xterm", "PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir(), "LANG=C.UTF-8"}
	c.cmd.Stdin, c.cmd.Stdout, c.cmd.Stderr = screen, screen, screen
	if input != nil {
		c.cmd.Stdin, c.cmd.Stdout, c.cmd.Stderr = input, &c.out, &c.out
	}
	c.cmd.ExtraFiles = []*os.File{screen} // it asks for the password on its terminal
	c.cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true, Ctty: 3}
	story.Must(t, c.cmd.Start())
	t.Cleanup(func() { c.cmd.Process.Kill() })
	go c.read()
	c.says(h.asks)
	c.types(h.typed + "\r")
	return c
}

// logOn connects as a person does.
func (h *sshHost) logOn(t *testing.T, args ...string) *client {
	t.Helper()
	return h.connect(t, nil, "ssh", append(args, h.account+"@127.0.0.1")...)
}

// terminalPair opens a pseudo-terminal: the side of the person and of programs.
func terminalPair(t *testing.T) (keys, screen *os.File) {
	t.Helper()
	keys, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	story.Must(t, err)
	t.Cleanup(func() { keys.Close() })
	story.Must(t, unix.IoctlSetPointerInt(int(keys.Fd()), unix.TIOCSPTLCK, 0))
	number, err := unix.IoctlGetInt(int(keys.Fd()), unix.TIOCGPTN)
	story.Must(t, err)
	story.Must(t, unix.IoctlSetWinsize(int(keys.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Row: 24, Col: 80}))
	screen, err = os.OpenFile("/dev/pts/"+strconv.Itoa(number), os.O_RDWR|syscall.O_NOCTTY, 0)
	story.Must(t, err)
	return keys, screen
}

func (c *client) read() {
	part := make([]byte, 4096)
	for {
		n, err := c.keys.Read(part)
		c.lock.Lock()
		c.shown += string(part[:n])
		c.all += string(part[:n])
		c.lock.Unlock()
		if err != nil {
			close(c.more)
			return
		}
		select {
		case c.more <- struct{}{}:
		default: // one token is enough
		}
	}
}

// says waits until the terminal has shown a text since the last one, and
// returns what stood before it.
func (c *client) says(text string) (before string) {
	c.t.Helper()
	late := time.NewTimer(story.Patience)
	defer late.Stop()
	for open := true; ; {
		c.lock.Lock()
		before, after, found := strings.Cut(c.shown, text)
		if found {
			c.shown = after
		}
		c.lock.Unlock()
		if found {
			return before
		}
		if !open {
			c.t.Fatalf("the connection ended before %q:\n%s", text, c.all)
		}
		select {
		case _, open = <-c.more:
		case <-late.C:
			c.t.Fatalf("it does not say %q:\n%s", text, c.all)
		}
	}
}

func (c *client) types(keys string) {
	c.t.Helper()
	_, err := c.keys.WriteString(keys)
	story.Must(c.t, err)
}

// ends waits until the client has ended, and returns its status.
func (c *client) ends() int {
	c.t.Helper()
	late := time.AfterFunc(story.Patience, func() { c.cmd.Process.Kill() }) // it stays: something got through
	defer late.Stop()
	c.cmd.Wait()
	return c.cmd.ProcessState.ExitCode()
}
