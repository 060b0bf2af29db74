package story

import (
	_ "embed"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
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

// Alone runs the calling test or benchmark once more, on what looks to it like a machine of
// its own: accounts, installed files, processes and the network end with the
// test, and nothing in there is reached from outside. It reports whether this is
// that machine; where it is not, the test is over when Alone returns. The test
// needs root.
func Alone(t testing.TB) bool {
	t.Helper()
	if os.Getenv(aloneVariable) != "" {
		return true
	}
	if os.Getuid() != 0 {
		t.Fatal("this test makes a machine out of namespaces: run the tests as root")
	}
	program, err := os.Executable()
	Must(t, err)
	which := []string{"-test.run", only(t.Name()) + below(t.Name()), "-test.timeout", (4 * Patience).String()}
	b, measures := t.(*testing.B)
	if measures {
		which = []string{"-test.run", "^$", "-test.bench", only(t.Name()), "-test.benchtime", "1x"}
	}
	// The signal comes when the thread ends that started the command.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	cmd := exec.CommandContext(t.Context(), "unshare", append([]string{"--mount", "--pid", "--net", "--ipc", "--uts",
		"--fork", "--kill-child", "--mount-proc", "sh", "-c", aloneScript, "sh", folder, t.ArtifactDir(), program,
		"-test.count=1", "-test.v", "-test.artifacts", "-test.outputdir", aloneArtifacts}, which...)...)
	cmd.Env = append(os.Environ(), aloneVariable+"=1")
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	out, err := cmd.CombinedOutput()
	passed := strings.Contains(string(out), "--- PASS: "+t.Name())
	if measures {
		passed = reportSaid(b, string(out))
	}
	if err != nil || !passed {
		// Indented, so that go test does not take it for a test of this process.
		t.Errorf("%v\n%s", err, "\t"+strings.ReplaceAll(string(out), "\n", "\n\t"))
	}
	return false
}

// told is the file of Tell.
const told = "told"

// Tell hands a line to Told, from the machine that Alone has made.
func Tell(t testing.TB, line string) {
	t.Helper()
	file, err := os.OpenFile(filepath.Join(aloneArtifacts, told), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	Must(t, err)
	_, err = file.WriteString(line + "\n")
	Must(t, err)
	Must(t, file.Close())
}

// Told returns the lines that were told where Alone is over.
func Told(t testing.TB) []string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(t.ArtifactDir(), told))
	if os.IsNotExist(err) {
		return nil
	}
	Must(t, err)
	return strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
}

// below returns what the pattern of this run asks for below a test; nothing if
// it is a choice of several.
func below(name string) string {
	pattern := flag.Lookup("test.run").Value.String()
	if strings.Contains(pattern, "|") {
		return ""
	}
	parts := strings.Split(pattern, "/")
	if depth := strings.Count(name, "/") + 1; depth < len(parts) {
		return "/" + strings.Join(parts[depth:], "/")
	}
	return ""
}

// reportSaid reports what the benchmark has measured in there, and whether it
// has.
func reportSaid(b *testing.B, out string) (measured bool) {
	b.ReportMetric(0, "ns/op") // the time that the namespaces took, too
	for line := range strings.Lines(out) {
		// BenchmarkName-2, how often, and then values with their units.
		fields := strings.Fields(line)
		if len(fields) < 4 || !strings.HasPrefix(fields[0], b.Name()) {
			continue
		}
		for i := 2; i+1 < len(fields); i += 2 {
			value, err := strconv.ParseFloat(fields[i], 64)
			if err != nil {
				return false
			}
			b.ReportMetric(value, fields[i+1])
			measured = true
		}
	}
	return measured
}

// only returns the pattern that matches one test.
func only(name string) string {
	parts := strings.Split(name, "/")
	for i, part := range parts {
		parts[i] = "^" + regexp.QuoteMeta(part) + "$"
	}
	return strings.Join(parts, "/")
}
