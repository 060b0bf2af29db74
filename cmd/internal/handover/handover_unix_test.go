//go:build unix

package handover

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// played is the argument that makes this test program a gate that says yes.
const played = "played"

// played gates print their own environment, and run a command that prints the
// session's behind it.
func TestMain(m *testing.M) {
	if len(os.Args) > 3 && os.Args[1] == ReportFlag && os.Args[3] == front {
		beFront(os.Args[2], os.Args[4:])
	}
	if len(os.Args) < 2 || os.Args[1] != played {
		os.Exit(m.Run())
	}
	session, err := Environment()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	fmt.Print(join(os.Environ()), "\n\n")
	status, err := Run(os.Args[2:], session)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	os.Exit(status)
}

// play runs the gate in an environment, and returns what it had of it, what its
// command had, and its status.
func play(t *testing.T, environment []string, command ...string) (gate, desktop []string, status int) {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), program, append([]string{played}, command...)...)
	cmd.Env = environment
	out, err := cmd.Output()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	before, after, _ := strings.Cut(string(out), "\n\n")
	gate, desktop = split(before), split(after)
	slices.Sort(gate)
	slices.Sort(desktop)
	return gate, desktop, cmd.ProcessState.ExitCode()
}

func TestTheProgramRunsWithoutTheSessionsEnvironment(t *testing.T) {
	environment := []string{"EMPTY=", "FYNE_THEME=dark", "HOME=/nonexistent", "LD_PRELOAD=/nonexistent.so", "LINES=one\ntwo", "PATH=/tmp"}
	gate, desktop, status := play(t, environment, "env", "-0")
	if !slices.Equal(desktop, environment) {
		t.Errorf("the command runs with %q", desktop)
	}
	want := append([]string{"HOME=/nonexistent"}, forUnix().fixed...)
	slices.Sort(want)
	if !slices.Equal(gate, want) || status != 0 {
		t.Errorf("status %d, the program runs with %q, want %q", status, gate, want)
	}
}

func TestTheStatusIsTheCommands(t *testing.T) {
	for name, tc := range map[string]struct {
		command []string
		status  int
	}{
		"of_the_command":  {[]string{"sh", "-c", "exit 41"}, 41},
		"no_such_command": {[]string{"/nonexistent"}, 2},
	} {
		if _, _, status := play(t, []string{"PATH=/tmp"}, tc.command...); status != tc.status {
			t.Errorf("%s: status %d", name, status)
		}
	}
}

// A program that was handed what is no pipe of its own ends.
func TestForgedHandOver(t *testing.T) {
	for _, value := range []string{"0", "-1", "three", "999", "99999999999999999999"} {
		if _, desktop, status := play(t, []string{variable + "=" + value}, "env", "-0"); status != 2 || len(desktop) != 0 {
			t.Errorf("%s: status %d, the command ran with %q", value, status, desktop)
		}
	}
}
