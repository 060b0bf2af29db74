//go:build linux

package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"evry.nl/tfa/cmd/internal/clock"
	"evry.nl/tfa/cmd/internal/config"
	"evry.nl/tfa/cmd/internal/stores"
	"evry.nl/tfa/core"
)

// shelf is a host's stores, private to who runs the test.
type shelf struct {
	testing.TB
	file string
	cfg  config.Config
}

func newShelf(t testing.TB) *shelf {
	t.Helper()
	root := t.TempDir()
	s := &shelf{TB: t, file: filepath.Join(root, "tfa.toml")}
	text := fmt.Sprintf("store = 'sqlite://%[1]s/{practice}/tfa.db'\nkey_file = '%[1]s/{practice}/tfa.key'\n", root)
	s.must(os.WriteFile(s.file, []byte(text), 0o600))
	var err error
	s.cfg, err = config.Load(s.file)
	s.must(err)
	s.cfg.Identity.Account = "EV-0000-1" // so that this machine's log does not hear of what is made
	return s
}

func (s *shelf) must(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

// add makes a practice, or adds to it, and has its log grow by n logons.
func (s *shelf) add(practice string, n int) { s.Helper(); s.addKind(practice, n, core.LogonOTP) }

func (s *shelf) addKind(practice string, n int, kind core.Kind) {
	s.Helper()
	store, err := stores.Create(s.Context(), s.cfg, practice, "")
	s.must(err)
	defer store.Close()
	s.must(store.ChangePractice(s.Context(), func(*core.Practice) ([]core.Event, error) {
		events := make([]core.Event, n)
		for i := range events {
			events[i] = core.Event{At: clock.Now(), Kind: kind, Actor: practice + "-1", Account: practice + "-1", Server: "ts01"}
		}
		return events, nil
	}))
}

// command returns the real command, as it is started in the stories.
func (s *shelf) command(args ...string) *exec.Cmd {
	s.Helper()
	self, err := os.Executable()
	s.must(err)
	cmd := exec.CommandContext(s.Context(), self, append([]string{"--config", s.file}, args...)...)
	cmd.Args[0] = program
	return cmd
}

// running is a command that reads and writes pipes.
type running struct {
	*shelf
	cmd      *exec.Cmd
	in       io.WriteCloser
	out, err *bufio.Reader
}

func (s *shelf) start(args ...string) *running {
	s.Helper()
	r := &running{shelf: s, cmd: s.command(args...)}
	in, err := r.cmd.StdinPipe()
	s.must(err)
	out, err := r.cmd.StdoutPipe()
	s.must(err)
	errs, err := r.cmd.StderrPipe()
	s.must(err)
	r.in, r.out, r.err = in, bufio.NewReader(out), bufio.NewReader(errs)
	s.must(r.cmd.Start())
	s.Cleanup(func() { r.cmd.Process.Kill(); r.cmd.Wait() })
	return r
}

// interrupt presses Ctrl-C and returns the exit status, with what was still
// written to standard output and error.
func (r *running) interrupt() (status int, out, said string) {
	r.Helper()
	r.must(r.cmd.Process.Signal(os.Interrupt))
	rest, err := io.ReadAll(r.out)
	r.must(err)
	errors, err := io.ReadAll(r.err)
	r.must(err)
	r.cmd.Wait()
	return r.cmd.ProcessState.ExitCode(), string(rest), string(errors)
}

func (r *running) line(from *bufio.Reader) string {
	r.Helper()
	line, err := from.ReadString('\n')
	if err != nil {
		r.Fatalf("it said %q: %v", line, err)
	}
	return line
}

func TestFollowWritesWhatHappens(t *testing.T) {
	s := newShelf(t)
	s.add("EV-0000", 3)
	s.add("EV-0001", 1)
	for name, test := range map[string]struct {
		args  []string
		ready string
		want  *regexp.Regexp
	}{
		"one_practice":  {[]string{"log", "follow", "EV-0000"}, "following EV-0000;", regexp.MustCompile(`^20\S+ \S+ EV-0000 \d+ logon_otp by EV-0000-1 on EV-0000-1 from ts01\n$`)},
		"all_practices": {[]string{"log", "follow"}, "following 2 practices;", regexp.MustCompile(` EV-0000 \d+ logon_otp `)},
		"an_account":    {[]string{"log", "follow", "--account", "EV-0000-1"}, "following EV-0000;", regexp.MustCompile(` EV-0000 \d+ logon_otp `)},
		"as_json":       {[]string{"--json", "log", "follow", "EV-0000"}, "following EV-0000;", regexp.MustCompile(`^\{"practice":"EV-0000","seq":\d+,"at":"20\S+Z","kind":"logon_otp",.*\}\n$`)},
	} {
		t.Run(name, func(t *testing.T) {
			r := s.start(test.args...)
			if ready := r.line(r.err); !strings.Contains(ready, test.ready) {
				t.Fatalf("it said %q", ready)
			}
			for range 2 {
				s.add("EV-0000", 1)
				if line := r.line(r.out); !test.want.MatchString(line) {
					t.Errorf("it wrote %q", line)
				}
			}
			if status, _, said := r.interrupt(); status != exitDone || said != "" {
				t.Errorf("after Ctrl-C the status is %d, it said %q", status, said)
			}
		})
	}
}

// A practice that is made meanwhile is followed from its first event; other kinds
// are passed over.
func TestFollowFindsWhatIsNew(t *testing.T) {
	s := newShelf(t)
	s.add("EV-0000", 1)
	all, few := s.start("log", "follow"), s.start("log", "follow", "--kind", "logon_skipped")
	all.line(all.err)
	few.line(few.err)
	s.add("EV-0002", 2)
	for seq := 1; seq <= 2; seq++ {
		if line := all.line(all.out); !strings.Contains(line, fmt.Sprintf(" EV-0002 %d logon_otp ", seq)) {
			t.Errorf("it wrote %q", line)
		}
	}
	s.addKind("EV-0002", 1, core.LogonSkipped)
	if line := few.line(few.out); !strings.Contains(line, " EV-0002 3 logon_skipped ") {
		t.Errorf("of one kind it wrote %q", line)
	}
}

// Ctrl-C while a name is asked for changes nothing.
func TestInterruptAtAQuestion(t *testing.T) {
	s := newShelf(t)
	s.add("EV-0000", 1)
	store, err := stores.Open(t.Context(), s.cfg, "EV-0000")
	s.must(err)
	defer store.Close()
	direct := core.Direct{Store: store, Rules: s.cfg.Rules(), Now: clock.Now}
	s.must(core.Helpdesk{Direct: direct}.SwitchOn(t.Context(), core.Actor{Account: "test", Helpdesk: true}))
	r := s.start("practice", "disable", "EV-0000")
	if asked := r.line(r.err); !strings.Contains(asked, "switch two-factor off") {
		t.Fatalf("it said %q", asked)
	}
	_, err = r.err.Peek(len("Type")) // it waits for an answer
	s.must(err)
	if status, _, said := r.interrupt(); status != exitRefused || !strings.Contains(said, "interrupted: nothing was changed") {
		t.Errorf("status %d, it said %q", status, said)
	}
	if practice, _, err := store.View(t.Context()); err != nil || !practice.Enabled {
		t.Errorf("two-factor is off: %v", err)
	}
}

// terminalPair returns the two ends of a terminal (pty(7)).
func terminalPair(t *testing.T) (master, slave *os.File) {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { master.Close() })
	if err := unix.IoctlSetPointerInt(int(master.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	number, err := unix.IoctlGetInt(int(master.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	slave, err = os.OpenFile("/dev/pts/"+strconv.Itoa(number), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { slave.Close() })
	return master, slave
}

// night makes some practices with little to do and one, the last, with much.
func night(t *testing.T) *shelf {
	t.Helper()
	s := newShelf(t)
	for n := range 8 {
		s.add(fmt.Sprintf("EV-%d", n), 1)
	}
	s.add("EV-9", 40_000)
	return s
}

var bar = regexp.MustCompile(`\r\x1b\[K\[#*\.*\] (\d) of 9 practices, about \d+\w* left`)

// On a terminal a bar says how far a run is, Ctrl-C ends it and says how far it
// got; nothing is lost.
func TestInterruptOfALongRun(t *testing.T) {
	s := night(t)
	for name, args := range map[string][]string{
		"verify": {"log", "verify"},
		"export": {"log", "export", "--all", "--to-file", filepath.Join(filepath.Dir(s.file), "log.csv")},
	} {
		t.Run(name, func(t *testing.T) {
			master, slave := terminalPair(t)
			cmd := s.command(args...)
			var out bytes.Buffer
			cmd.Stdout, cmd.Stderr = &out, slave
			s.must(cmd.Start())
			s.must(slave.Close())
			var said []byte
			for buffer := make([]byte, 4096); ; {
				n, err := master.Read(buffer) // errs once nobody has the other end
				said = append(said, buffer[:n]...)
				if bar.Match(buffer[:n]) {
					s.must(cmd.Process.Signal(os.Interrupt))
				}
				if err != nil {
					break
				}
			}
			cmd.Wait()
			if status := cmd.ProcessState.ExitCode(); status != exitFault {
				t.Errorf("status %d", status)
			}
			if !regexp.MustCompile(`\r\x1b\[Ktfa-admin: interrupted: \d of 9 practices were done\r\n`).Match(said) {
				t.Errorf("it said %q", said)
			}
			if name == "verify" && strings.Contains(out.String(), "EV-9:") {
				t.Error("the run was at its end")
			}
			left, err := filepath.Glob(filepath.Join(filepath.Dir(s.file), "*log*"))
			if err != nil || len(left) > 0 {
				t.Errorf("there are files left: %q, %v", left, err)
			}
		})
	}
	out, err := s.command("log", "verify").Output()
	if err != nil || strings.Count(string(out), " events in order\n") != 9 {
		t.Errorf("afterwards the logs are\n%s%v", out, err)
	}
}

// In a pipe nothing is drawn; on a terminal the bar goes away at the end.
func TestBarIsForTerminals(t *testing.T) {
	s := newShelf(t)
	for n := range 9 {
		s.add(fmt.Sprintf("EV-%d", n), 1)
	}
	piped, err := s.command("practice", "list").CombinedOutput()
	if err != nil || bytes.ContainsAny(piped, "\r\x1b") || !bytes.HasPrefix(piped, []byte("PRACTICE")) {
		t.Errorf("in a pipe it wrote %q, %v", piped, err)
	}
	master, slave := terminalPair(t)
	cmd := s.command("practice", "list")
	cmd.Stderr = slave
	s.must(cmd.Run())
	s.must(slave.Close())
	var said []byte
	for buffer := make([]byte, 4096); ; {
		n, err := master.Read(buffer)
		said = append(said, buffer[:n]...)
		if err != nil {
			break
		}
	}
	if !bar.Match(said) || !bytes.HasSuffix(said, []byte(eraseLine)) {
		t.Errorf("on a terminal it wrote %q", said)
	}
}

// What is worked on at once comes out in the order of the names.
func TestRunsKeepTheOrderOfPractices(t *testing.T) {
	s := newShelf(t)
	var want []string
	for n := range 30 {
		practice := fmt.Sprintf("EV-%d", n)
		s.add(practice, 1+(n*7)%5*200)
		want = append(want, fmt.Sprintf("%s: %d events in order", practice, 1+(n*7)%5*200))
	}
	out, err := s.command("log", "verify").Output()
	if err != nil || strings.TrimSpace(string(out)) != strings.Join(want, "\n") {
		t.Errorf("it wrote\n%s%v", out, err)
	}
}

func TestNamesInCommandsAreOneWord(t *testing.T) {
	for name, want := range map[string]string{"EV-0000-1": "EV-0000-1", "o'brien-1": `'o'\''brien-1'`, "a b-1": "'a b-1'", "$(x)-1": "'$(x)-1'"} {
		if got := word(name); got != want {
			t.Errorf("%q becomes %s, want %s", name, got, want)
		}
	}
}
