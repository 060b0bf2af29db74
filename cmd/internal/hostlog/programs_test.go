//go:build linux

package hostlog_test

import (
	"image"
	"net"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"evry.nl/tfa/cmd/internal/story"
)

func TestMain(m *testing.M) { os.Exit(story.Main(m, "tfa-logon", "tfa-admin", "beheertool")) }

// The programs, run by who runs them, leave each event of the practice in the
// log of the host, in its order.
func TestProgramsWriteEachEventIntoTheHostsLog(t *testing.T) {
	if !story.Alone(t) {
		return
	}
	log := listen(t)
	const account = "EV-0000-1"
	h := story.NewHost(t, account) // its init adds the account
	h.Admin("practice", "enable", "EV-0000")
	gate := exec.CommandContext(t.Context(), story.Path("tfa-logon"), "--config", h.File, "--tty", "--", "true")
	gate.Stdin = strings.NewReader("0\n") // skip
	gate.SysProcAttr = &syscall.SysProcAttr{Credential: h.As(account)}
	if out, err := gate.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	w := story.Start{Command: "beheertool", Title: "Two Factor RDP beheertool", As: h.As(account), Size: story.Small, Args: []string{"--config", h.File}}.Open(t)
	w.WaitFor("the QR code", func(img *image.RGBA) bool { _, secret := w.Secret(img); return secret != "" })
	w.Stop()

	wanted := []string{
		"seq=1 kind=account_added actor=\"helpdesk root\" account=EV-0000-1",
		"seq=2 kind=switched_on actor=\"helpdesk root\" account=\"\"",
		"seq=3 kind=shown_at_logon actor=EV-0000-1 account=EV-0000-1",
		"seq=4 kind=logon_skipped actor=EV-0000-1 account=EV-0000-1",
		"seq=5 kind=shown_in_tool actor=EV-0000-1 account=EV-0000-1",
	}
	for _, want := range wanted {
		got := next(t, log)
		_, after, _ := strings.Cut(got, ": tfa event practice=EV-0000 ")
		var fields []string
		for field := range strings.SplitSeq(after, " ") {
			if !strings.HasPrefix(field, "at=") {
				fields = append(fields, field)
			}
		}
		if !strings.HasPrefix(strings.Join(fields, " "), want+" server=rds1 ") {
			t.Errorf("the log says %q, want %s", got, want)
		}
	}
}

// listen takes the place of this machine's log and returns what is written to it.
func listen(t *testing.T) <-chan string {
	t.Helper()
	const path = "/run/syslog" // Alone has emptied /run
	socket, err := net.ListenPacket("unixgram", path)
	story.Must(t, err)
	t.Cleanup(func() { socket.Close() })
	story.Must(t, os.Chmod(path, 0o666))
	if _, err := os.Stat("/dev/log"); err == nil { // the machine outside has one
		if out, err := exec.Command("mount", "--bind", path, "/dev/log").CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
	}
	lines := make(chan string, 1000)
	go func() { // at once: the kernel keeps few, and then the programs don't wait
		defer close(lines)
		buffer := make([]byte, 4096)
		for {
			n, _, err := socket.ReadFrom(buffer)
			if err != nil {
				return
			}
			lines <- string(buffer[:n])
		}
	}()
	return lines
}

// next returns the next line about practice EV-0000: init finds other accounts
// on this machine.
func next(t *testing.T, lines <-chan string) string {
	t.Helper()
	late := time.After(story.Patience)
	for {
		select {
		case line := <-lines:
			if strings.Contains(line, " practice=EV-0000 ") {
				return line
			}
		case <-late:
			t.Fatal("nothing more is written")
		}
	}
}
