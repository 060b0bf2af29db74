package story

import (
	"bytes"
	"context"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"evry.nl/tfa/core"
)

const (
	// socket is that of tfa-service.
	socket = "/run/tfa/service.sock"
	// Password is that of every account of an installed host.
	Password = "Wachtwoord1"
)

// NewInstalledHost sets a host up with our programs where they are installed,
// and with tfa-service if it is served. It is only for where Alone is true.
func NewInstalledHost(t testing.TB, served bool, accounts ...string) *Host {
	t.Helper()
	h := &Host{T: t, File: "/etc/tfa/tfa.toml", Folder: "/var/lib/tfa", servers: map[string]*exec.Cmd{}}
	for _, account := range accounts {
		h.run("useradd", "--create-home", "--shell", "/bin/bash", account)
		h.feed("chpasswd", account+":"+Password)
	}
	Must(t, os.MkdirAll("/etc/tfa", 0o755))
	Must(t, os.WriteFile(h.File, nil, 0o644))
	h.run("install", "-m", "755", Path("tfa-logon"), Path("tfa-admin"), Path("beheertool"), Path("tfa-session"), Path("tfa-service"), "/usr/bin")
	if served {
		Must(t, os.WriteFile(h.File, []byte("service = '"+socket+"'\n"), 0o644))
		h.StartService()
	}
	h.Admin("init")
	return h
}

// TellService has PAM tell tfa-service of the sessions of one of its services.
func (h *Host) TellService(name string) {
	h.T.Helper()
	file, err := os.OpenFile("/etc/pam.d/"+name, os.O_APPEND|os.O_WRONLY, 0)
	Must(h.T, err)
	_, err = file.WriteString("session required pam_exec.so quiet /usr/bin/tfa-session pam\n")
	Must(h.T, err)
	Must(h.T, file.Close())
}

// StartService starts tfa-service and waits until it answers.
func (h *Host) StartService() {
	h.T.Helper()
	h.Run("service", "tfa-service")
	h.Until("the service listens", Patience, func() bool {
		connection, err := net.Dial("unix", socket)
		if err == nil {
			connection.Close()
		}
		return err == nil
	})
}

// Ended counts the sessions of an account, and programs in none, that the log
// says were ended.
func (h *Host) Ended(account string) int {
	h.T.Helper()
	direct := h.Direct(account)
	defer direct.Store.Close()
	page, err := direct.Store.Events(h.T.Context(), core.Query{Kind: core.SessionEnded})
	Must(h.T, err)
	return page.Total
}

// KillService ends tfa-service as a crash does.
func (h *Host) KillService() {
	h.T.Helper()
	Must(h.T, h.servers["service"].Process.Kill())
	h.servers["service"].Wait()
}

// Server returns the number of a process that serves.
func (h *Host) Server(name string) string { return strconv.Itoa(h.servers[name].Process.Pid) }

// feed runs a command with a line of input.
func (h *Host) feed(name, line string) {
	h.T.Helper()
	cmd := exec.CommandContext(h.T.Context(), name)
	cmd.Stdin = strings.NewReader(line + "\n")
	if out, err := cmd.CombinedOutput(); err != nil {
		h.T.Fatalf("%s: %v\n%s", name, err, out)
	}
}

// Serve starts a service and waits until it listens on a port, which is written
// as the kernel lists it: a connection to try it would be one more session.
func (h *Host) Serve(name, port string, command ...string) {
	h.T.Helper()
	h.Run(name, command...)
	h.Until(name+" listens", Patience, func() bool {
		for _, table := range []string{"/proc/net/tcp", "/proc/net/tcp6"} {
			sockets, err := os.ReadFile(table)
			if err == nil && bytes.Contains(sockets, []byte(port+" ")) {
				return true
			}
		}
		return false
	})
}

// Run starts a service, which ends with the test.
func (h *Host) Run(name string, command ...string) {
	h.T.Helper()
	log, err := os.OpenFile(filepath.Join(h.T.ArtifactDir(), name+".log"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	Must(h.T, err)
	cmd := exec.CommandContext(h.T.Context(), command[0], command[1:]...)
	cmd.Stdout, cmd.Stderr, cmd.WaitDelay = log, log, time.Second
	Must(h.T, cmd.Start())
	h.T.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
		log.Close()
	})
	h.servers[name] = cmd
}

// Until waits until something is so.
func (h *Host) Until(what string, within time.Duration, is func() bool) {
	h.T.Helper()
	ctx, cancel := context.WithTimeout(h.T.Context(), within)
	defer cancel()
	again := time.NewTicker(50 * time.Millisecond)
	defer again.Stop()
	for !is() {
		select {
		case <-again.C:
		case <-ctx.Done():
			h.T.Fatalf("it is not so within %v: %s", within, what)
		}
	}
}
