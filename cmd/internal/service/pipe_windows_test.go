package service

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/Microsoft/go-winio"
	"golang.org/x/sys/windows"

	"evry.nl/tfa/cmd/internal/clock"
	"evry.nl/tfa/cmd/internal/config"
	"evry.nl/tfa/cmd/internal/identity"
	"evry.nl/tfa/cmd/internal/rds"
	"evry.nl/tfa/core"
	"evry.nl/tfa/core/otp"
	"evry.nl/tfa/storage/seal"
	"evry.nl/tfa/storage/sqlite"
)

// These tests need Windows, or Wine, and LocalSystem, whose the pipe is:
//
//	GOOS=windows go test -c -o service.exe ./cmd/internal/service
//
// Under Wine everybody is that, and everybody is the same account.

// patient is how long a slow client is waited for here.
const patient = 500 * time.Millisecond

// served is a service on a pipe of its own, for the account that runs the test.
type served struct {
	pipe     string
	account  string
	state    string
	registry *rds.Registry
	direct   core.Direct
	client   *Client
}

func newServed(t *testing.T) *served {
	t.Helper()
	actor, err := identity.Current(config.Default())
	if err != nil {
		t.Fatal(err)
	}
	rules := core.DefaultRules()
	rules.Pattern = regexp.MustCompile("^(?P<practice>" + regexp.QuoteMeta(actor.Account[:1]) + ")")
	s := &served{pipe: `\\.\pipe\tfa-test-` + strings.ReplaceAll(t.Name(), "/", "-"), account: actor.Account, state: folderOf(t)}
	folder := folderOf(t)
	key := filepath.Join(folder, "tfa.key")
	if err := seal.CreateKeyFile(key); err != nil {
		t.Fatal(err)
	}
	store, err := sqlite.Open(t.Context(), filepath.Join(folder, "tfa.db"), actor.Account[:1], seal.KeyFile(key))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	s.direct = core.Direct{Store: store, Rules: rules, Now: clock.Now}
	s.registry = s.sessions(t)
	accounts := NewAccounts(rules, clock.Now)
	limits := NewLimits(DefaultBounds(), clock.Now)
	handler := Handler{
		Caller: func(ctx context.Context, _ Claim) (Caller, error) { return Callers(ctx, s.registry, accounts) },
		Use:    func(_ context.Context, _ string, act func(core.Direct) error) error { return act(s.direct) },
		Limits: limits, Observer: unobserved{}, Now: clock.Now,
		Log: slog.New(slog.NewTextHandler(io.Discard, nil)),
	}
	listener, err := Listen(s.pipe)
	if err != nil {
		t.Fatal(err)
	}
	listener = &Connections{Listener: listener, Owner: Owner, Each: 16, All: 64}
	server := &http.Server{Handler: handler.ServeMux(), ConnContext: WithPeer, ReadHeaderTimeout: patient, ReadTimeout: patient, MaxHeaderBytes: 8 << 10}
	var done sync.WaitGroup
	done.Go(func() { server.Serve(listener) })
	t.Cleanup(func() { server.Close(); done.Wait() })
	// Wine lets the first client connect to the pipe's own handle, where nobody
	// answers; Windows does not, and closes this one as one that says nothing.
	first, err := winio.DialPipeContext(t.Context(), s.pipe)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { first.Close() })
	s.client = NewClient(s.pipe)
	return s
}

// folderOf returns a folder that is removed afterwards, file by file: Wine 8 can't
// remove one the way t.TempDir does.
func folderOf(t *testing.T) string {
	t.Helper()
	folder, err := os.MkdirTemp("", "tfa-test-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		files, err := filepath.Glob(filepath.Join(folder, "*"))
		for _, file := range append(files, folder) {
			err = errors.Join(err, os.Remove(file))
		}
		if err != nil {
			t.Error(err)
		}
	})
	return folder
}

// sessions takes the sessions up as a service does that is started anew.
func (s *served) sessions(t *testing.T) *rds.Registry {
	t.Helper()
	system, err := rds.NewWindows()
	if err != nil {
		t.Fatal(err)
	}
	registry, err := rds.Open(system, s.state, clock.Now)
	if err != nil {
		t.Fatal(err)
	}
	return registry
}

// unobserved is an Observer that does not listen.
type unobserved struct{}

func (unobserved) Answered(string, time.Duration) {}
func (unobserved) Decided(core.Verdict)           {}
func (unobserved) Failed(core.Code)               {}
func (unobserved) Overloaded(string)              {}

func TestALogonByPipe(t *testing.T) {
	s := newServed(t)
	ctx, actor := t.Context(), core.Actor{Account: "EV-0000-9", Client: "192.0.2.9", Session: "RDP-Tcp#9"} // none of it counts
	if _, err := (core.Gate{Direct: s.direct}).SwitchOn(ctx, core.Actor{Account: s.account}); err != nil {
		t.Fatal(err)
	}
	gate, tool := Gate{Client: s.client}, Tool{Client: s.client}
	prompt, err := gate.Prompt(ctx, actor)
	if err != nil || prompt.Account != s.account || prompt.Stage != core.StageEnrol {
		t.Fatalf("the gate is told of %s at %s: %v", prompt.Account, prompt.Stage, err)
	}
	if _, err := tool.Overview(ctx, actor); core.CodeOf(err) != core.Refused {
		t.Errorf("the tool is answered before the gate: %v", err)
	}
	code, err := otp.Code(prompt.Secret, otp.StepAt(clock.Now()))
	if err != nil {
		t.Fatal(err)
	}
	wrong := "000000"
	if code == wrong {
		wrong = "111111"
	}
	if v, err := gate.Verify(ctx, actor, wrong); err != nil || v.Granted {
		t.Fatalf("a wrong code: granted %t, %v", v.Granted, err)
	}
	if _, err := tool.Overview(ctx, actor); core.CodeOf(err) != core.Refused {
		t.Errorf("the tool is answered after a wrong code: %v", err)
	}
	if v, err := gate.Verify(ctx, actor, code); err != nil || !v.Granted {
		t.Fatalf("the code: granted %t, %v", v.Granted, err)
	}
	if v, err := gate.Verify(ctx, actor, code); err != nil || v.Granted {
		t.Fatalf("the code once more: granted %t, %v", v.Granted, err)
	}
	s.registry = s.sessions(t)
	if _, err := tool.Overview(ctx, actor); err != nil {
		t.Errorf("the tool after the gate, and with a service that is started anew: %v", err)
	}
	if shown, err := tool.Show(ctx, actor, s.account); err != nil || shown.URI == "" {
		t.Errorf("the tool shows no code after the gate: %v", err)
	}
	log, err := s.direct.Store.Events(ctx, core.Query{})
	if err != nil {
		t.Fatal(err)
	}
	for _, event := range log.Events {
		if event.Actor != s.account || event.Client != "" {
			t.Errorf("the log believes what the caller says: %s %s from %s", event.Kind, event.Actor, event.Client)
		}
	}
}

// Who makes the pipe first gets nothing to hear.
func TestAPipeOfSomebodyElseIsToldNothing(t *testing.T) {
	name := `\\.\pipe\tfa-test-squatted`
	listener, err := winio.ListenPipe(name, nil)
	if err != nil {
		t.Fatal(err)
	}
	var done sync.WaitGroup
	t.Cleanup(func() { listener.Close(); done.Wait() })
	done.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			heard, _ := io.ReadAll(conn)
			if conn.Close(); len(heard) > 0 {
				t.Errorf("it hears %d bytes", len(heard))
			}
		}
	})
	v, err := Gate{Client: NewClient(name)}.Verify(t.Context(), core.Actor{}, "123456")
	if err == nil || v.Granted || !strings.Contains(err.Error(), "not the system's") {
		t.Errorf("granted %t, %v", v.Granted, err)
	}
}

func TestHostileClientsByPipe(t *testing.T) {
	s := newServed(t)
	post := "POST /gate/verify HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: "
	tooLong := `{"typed":"` + strings.Repeat("1", longestRequest) + `"}`
	for name, test := range map[string]struct{ says, hears string }{
		"says_nothing":           {"", ""},
		"says_half":              {"POST /gate/ver", ""},
		"says_no_http":           {"\x00\x01\x02\xff\r\n\r\n", "HTTP/1.1 400"},
		"has_a_header_too_long":  {"POST /gate/verify HTTP/1.1\r\nHost: x\r\nX: " + strings.Repeat("x", 1<<20), "HTTP/1.1 431"},
		"has_a_body_too_long":    {post + strconv.Itoa(len(tooLong)) + "\r\n\r\n" + tooLong, "HTTP/1.1 400"},
		"never_ends_its_body":    {post + "100\r\n\r\n" + `{"typed":"`, "HTTP/1.1 400"},
		"says_no_json":           {post + "3\r\n\r\nabc", "HTTP/1.1 400"},
		"asks_what_there_is_not": {"POST /gate/open HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}", "HTTP/1.1 404"},
		"asks_for_a_session":     {"POST /session/begin HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}", "HTTP/1.1 404"},
	} {
		t.Run(name, func(t *testing.T) {
			conn, err := dial(t.Context(), s.pipe)
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			var writing sync.WaitGroup
			writing.Go(func() { io.WriteString(conn, test.says) })
			if _, err := (Gate{Client: s.client}).Prompt(t.Context(), core.Actor{}); err != nil {
				t.Errorf("another one is not answered: %v", err)
			}
			if heard := hear(conn); !strings.HasPrefix(heard, test.hears) || test.hears == "" && heard != "" && !strings.HasPrefix(heard, "HTTP/1.1 4") {
				t.Errorf("it hears %.60q", heard)
			}
			conn.Close()
			writing.Wait()
		})
	}
}

// parentVariable has this program open the pipe for its parent, and end.
const parentVariable = "TFA_SERVICE_TEST_PARENT"

func TestMain(m *testing.M) {
	if parent := os.Getenv(parentVariable); parent != "" {
		if err := handOn(os.Args[1], parent); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// handOn opens a pipe, gives it to another process, tells its number there, and
// ends when standard input does.
func handOn(pipe, to string) error {
	pid, err := strconv.ParseUint(to, 10, 32)
	if err != nil {
		return err
	}
	parent, err := windows.OpenProcess(windows.PROCESS_DUP_HANDLE, false, uint32(pid))
	if err != nil {
		return err
	}
	name, err := windows.UTF16PtrFromString(pipe)
	if err != nil {
		return err
	}
	opened, err := windows.CreateFile(name, mayAsk, 0, nil, windows.OPEN_EXISTING, windows.SECURITY_SQOS_PRESENT|windows.SECURITY_IDENTIFICATION, 0)
	if err != nil {
		return err
	}
	var given windows.Handle
	err = windows.DuplicateHandle(windows.CurrentProcess(), opened, parent, &given, 0, false, windows.DUPLICATE_SAME_ACCESS)
	if err != nil {
		return err
	}
	fmt.Println(uint64(given))
	_, err = io.Copy(io.Discard, os.Stdin)
	return err
}

// A connection is its process's, and ends with it.
func TestAConnectionThatIsHandedOnEndsWithItsProcess(t *testing.T) {
	s := newServed(t)
	child := exec.CommandContext(t.Context(), os.Args[0], s.pipe)
	child.Env, child.Stderr = append(os.Environ(), parentVariable+"="+strconv.Itoa(os.Getpid())), os.Stderr
	in, err := child.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	var given uint64
	if _, err := fmt.Fscan(out, &given); err != nil {
		t.Fatal(err)
	}
	pipe := os.NewFile(uintptr(given), s.pipe)
	defer pipe.Close()
	asks := func() string {
		request := "POST /gate/prompt HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}"
		if _, err := io.WriteString(pipe, request); err != nil {
			t.Fatal(err)
		}
		answer, err := http.ReadResponse(bufio.NewReader(pipe), nil)
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		io.Copy(io.Discard, answer.Body)
		return answer.Status
	}
	if got := asks(); got != "200 OK" {
		t.Errorf("while its process runs: %s", got)
	}
	in.Close()
	if err := child.Wait(); err != nil {
		t.Fatal(err)
	}
	if got := asks(); got != "403 Forbidden" {
		t.Errorf("after its process has ended: %s", got)
	}
}

// hear returns the beginning of an answer, "" if there is none.
func hear(conn net.Conn) string {
	conn.SetReadDeadline(clock.Now().Add(10 * patient))
	b := make([]byte, 64)
	n, _ := conn.Read(b)
	return string(b[:n])
}
