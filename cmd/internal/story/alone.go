package story

import (
	_ "embed"
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"strings"
	"syscall"
	"testing"
)

// aloneVariable tells a test program that it runs where Alone started it.
const aloneVariable = "TFA_STORY_ALONE"

// Where Alone puts what a test there needs of the machine outside.
const (
	alonePrograms  = "/srv/programs"
	aloneArtifacts = "/srv/artifacts"
)

//go:embed alone.sh
var aloneScript string

// Alone runs the calling test once more, on what looks to it like a machine of
// its own: accounts, installed files, processes and the network end with the
// test, and nothing in there is reached from outside. It reports whether this is
// that machine; where it is not, the test is over when Alone returns. The test
// needs root.
func Alone(t *testing.T) bool {
	t.Helper()
	if os.Getenv(aloneVariable) != "" {
		return true
	}
	if os.Getuid() != 0 {
		t.Fatal("this test makes a machine out of namespaces: run the tests as root")
	}
	program, err := os.Executable()
	Must(t, err)
	// The signal comes when the thread ends that started the command.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	cmd := exec.CommandContext(t.Context(), "unshare", "--mount", "--pid", "--net", "--ipc", "--uts",
		"--fork", "--kill-child", "--mount-proc", "sh", "-c", aloneScript, "sh", folder, t.ArtifactDir(), program,
		"-test.run", only(t.Name()), "-test.count=1", "-test.v",
		"-test.timeout", (4 * Patience).String(), "-test.artifacts", "-test.outputdir", aloneArtifacts)
	cmd.Env = append(os.Environ(), aloneVariable+"=1")
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if out, err := cmd.CombinedOutput(); err != nil || !strings.Contains(string(out), "--- PASS: "+t.Name()) {
		// Indented, so that go test does not take it for a test of this process.
		t.Errorf("%v\n%s", err, "\t"+strings.ReplaceAll(string(out), "\n", "\n\t"))
	}
	return false
}

// only returns the pattern that matches one test.
func only(name string) string {
	parts := strings.Split(name, "/")
	for i, part := range parts {
		parts[i] = "^" + regexp.QuoteMeta(part) + "$"
	}
	return strings.Join(parts, "/")
}
