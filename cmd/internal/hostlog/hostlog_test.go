//go:build unix

package hostlog

import (
	"net"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"evry.nl/tfa/core"
)

var event = core.Event{
	Seq: 7, At: time.Date(2019, time.May, 15, 6, 28, 0, 0, time.UTC), Kind: core.LogonRefused, Actor: "EV-0000-1",
	Account: "EV-0000-1", Server: "ts1", Session: ":10", Client: "", Detail: core.Detail{"until": "2019-05-15T06:29:00Z", "reason": "locked"},
}

const line = `tfa event practice=EV-0000 seq=7 at=2019-05-15T06:28:00Z kind=logon_refused actor=EV-0000-1 account=EV-0000-1 ` +
	`server=ts1 session=:10 client="" detail.reason=locked detail.until=2019-05-15T06:29:00Z`

func TestLineHasEveryFieldInOrder(t *testing.T) {
	if got := Line("EV-0000", event); got != line {
		t.Errorf("got\n%s, want\n%s", got, line)
	}
}

// Who chooses a name chooses no field and no line.
func TestTextsStayInTheirField(t *testing.T) {
	for text, want := range map[string]string{
		"EV-0000-1": "EV-0000-1", "helpdesk root (jan)": `"helpdesk root (jan)"`, "x actor=root": `"x actor=root"`,
		"x\ny": `"x\ny"`, `x" y`: `"x\" y"`, "\x1b[2J": `"\x1b[2J"`, "": `""`, "ë": `"ë"`,
	} {
		if got := value(text); got != want {
			t.Errorf("%q becomes %s, want %s", text, got, want)
		}
	}
}

// use has write look for logs at these places.
func use(t *testing.T, paths ...string) {
	t.Helper()
	before := sockets
	t.Cleanup(func() { sockets = before })
	sockets = paths
}

func TestEventsReachTheFirstLogThatListens(t *testing.T) {
	folder := t.TempDir()
	log, err := net.ListenPacket("unixgram", filepath.Join(folder, "log"))
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	use(t, filepath.Join(folder, "none"), filepath.Join(folder, "log"))
	Events("EV-0000")(event)
	buffer := make([]byte, 2048)
	n, _, err := log.ReadFrom(buffer)
	if err != nil {
		t.Fatal(err)
	}
	want := regexp.MustCompile(`^<86>[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d tfa\[\d+\]: ` + regexp.QuoteMeta(line) + "\n$") // authpriv.info
	if got := string(buffer[:n]); !want.MatchString(got) {
		t.Errorf("the log got %q", got)
	}
}

func TestEventsReachALogThatListensForStreams(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	log, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	use(t, path)
	Events("EV-0000")(event)
	conn, err := log.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	buffer := make([]byte, 2048)
	if n, err := conn.Read(buffer); err != nil || !regexp.MustCompile(`: tfa event practice=EV-0000 .*\n$`).Match(buffer[:n]) {
		t.Errorf("the log got %q, %v", buffer[:n], err)
	}
}

// A log that is full and read by nobody, or not there, keeps nobody waiting: this
// test ends.
func TestALogThatTakesNothingIsLeft(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	use(t, path)
	Events("EV-0000")(event)
	log, err := net.ListenPacket("unixgram", path)
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	full := time.Now().Add(patience)
	for send("unixgram", path, line, full) == nil { // until the kernel's queue is full
	}
	Events("EV-0000")(event)
}
