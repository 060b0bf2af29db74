// Package wine gives tests a Windows machine: Wine, with a disk, a registry and
// a display of its own.
//
// It shows that what is built for Windows runs, and what it leaves behind. It
// has no access lists, no logons, no sessions, no event log to look at and no
// group policies; its services run in the session of the test; it draws by the
// OpenGL of Linux.
package wine

import (
	"bytes"
	"context"
	_ "embed"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"evry.nl/tfa/cmd/internal/desktop"
	"evry.nl/tfa/cmd/internal/story"
)

// longest is how long one program may take. An installer on a busy machine does.
const longest = 4 * time.Minute

// What Wine lacks.
var (
	//go:embed testdata/bcryptprimitives.c
	random string
	//go:embed testdata/desktop.c
	desktopProgram string
)

// Machine is a Windows machine that ends with the test.
type Machine struct {
	T    testing.TB
	Desk *desktop.Desktop

	root string
}

// New makes a machine as it is after its first start.
func New(t testing.TB) *Machine {
	t.Helper()
	return on(t, story.Display(t, story.Small))
}

// NewWithoutOpenGL makes a machine that has neither OpenGL nor Direct3D, which
// Wine draws by it.
func NewWithoutOpenGL(t testing.TB) *Machine {
	t.Helper()
	desk, err := desktop.StartWithoutOpenGL(t.Context(), story.Small.X, story.Small.Y)
	story.Must(t, err)
	t.Cleanup(func() { desk.Close() })
	return on(t, desk)
}

func on(t testing.TB, desk *desktop.Desktop) *Machine {
	t.Helper()
	m := &Machine{T: t, Desk: desk, root: t.TempDir()}
	for _, folder := range []string{m.prefix(), m.home()} {
		story.Must(t, os.Mkdir(folder, 0o700))
	}
	m.manage()
	t.Cleanup(m.end)
	for _, step := range [][]string{{"wineboot", "--init"}, {"winecfg", "-v", "win10"}} {
		if said, status := m.Run(step[0], step[1:]...); status != 0 {
			t.Fatalf("starting Wine: %s: status %d: %s", step[0], status, said)
		}
	}
	m.compile(`C:\windows\system32\bcryptprimitives.dll`, random, "-shared", "-ladvapi32")
	m.stay()
	return m
}

func (m *Machine) prefix() string { return filepath.Join(m.root, "prefix") }

func (m *Machine) home() string { return filepath.Join(m.root, "home") }

// manage starts a window manager, without which no window of Wine's gets the
// keyboard, and waits until it manages.
func (m *Machine) manage() {
	m.T.Helper()
	managing := filepath.Join(m.root, "managing")
	story.Must(m.T, syscall.Mkfifo(managing, 0o600))
	cmd := m.Desk.Command(m.T.Context(), "openbox", "--sm-disable", "--startup", "sh -c 'echo managing >"+managing+"'")
	cmd.Env = append(cmd.Env, m.homes()...)
	ours(cmd)
	story.Must(m.T, cmd.Start())
	m.T.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
	})
	// Both ends, so that opening does not wait for one who has ended.
	mark, err := os.OpenFile(managing, os.O_RDWR, 0)
	story.Must(m.T, err)
	defer mark.Close()
	story.Must(m.T, mark.SetReadDeadline(time.Now().Add(story.Patience)))
	_, err = mark.Read(make([]byte, 1))
	story.Must(m.T, err)
}

// stay opens the desktop and keeps it, as somebody's session on Windows does.
func (m *Machine) stay() {
	m.T.Helper()
	m.compile(`C:\windows\desktop.exe`, desktopProgram, "-mwindows")
	cmd := m.Desk.Command(m.T.Context(), "wine", `C:\windows\desktop.exe`)
	cmd.Env = append(cmd.Env, m.env()...)
	ours(cmd)
	said, err := cmd.StdoutPipe()
	story.Must(m.T, err)
	story.Must(m.T, cmd.Start())
	m.T.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
	})
	if _, err := said.Read(make([]byte, 1)); err != nil {
		m.T.Fatalf("waiting for the desktop: %v", err)
	}
}

// compile compiles a program of one file of C.
func (m *Machine) compile(path, program string, args ...string) {
	m.T.Helper()
	source := filepath.Join(m.root, "source.c")
	story.Must(m.T, os.WriteFile(source, []byte(program), 0o600))
	out, err := exec.CommandContext(m.T.Context(), "x86_64-w64-mingw32-gcc",
		append([]string{"-O2", "-s", "-o", m.File(path), source}, args...)...).CombinedOutput()
	if err != nil {
		m.T.Fatalf("compiling what Wine lacks: %v\n%s", err, out)
	}
}

// end ends what runs on the machine.
func (m *Machine) end() {
	for _, how := range []string{"--kill", "--wait"} {
		cmd := exec.Command("wineserver", how)
		cmd.Env = append(os.Environ(), m.env()...)
		out, err := cmd.CombinedOutput()
		var status *exec.ExitError
		if err != nil && (how == "--wait" || !errors.As(err, &status)) { // nothing to kill is status 1
			m.T.Errorf("ending Wine: %v\n%s", err, out)
		}
	}
}

func (m *Machine) env() []string {
	return append(m.homes(), "WINEPREFIX="+m.prefix(), "WINEARCH=win64", "WINEDEBUG=-all",
		// The first two would ask to be downloaded. The third a program may bring: as
		// on Windows, what stands beside it goes before the system's.
		"WINEDLLOVERRIDES=mscoree,mshtml=;opengl32=n,b",
		"LC_ALL=C.UTF-8")
}

// homes keeps the desktop and the settings of who runs the test out of it.
func (m *Machine) homes() []string {
	return []string{"HOME=" + m.home(), "XDG_CONFIG_HOME=" + m.home(), "XDG_CACHE_HOME=" + m.home(),
		"XDG_DATA_HOME=" + m.home(), "XDG_RUNTIME_DIR=" + m.home()}
}

// ours has a process end with the test program, however that ends.
func ours(cmd *exec.Cmd) {
	cmd.SysProcAttr.Pdeathsig = syscall.SIGKILL
}

// Command returns a command that runs a program of the machine, by a path of
// Windows or by the name of one of Wine's own.
func (m *Machine) Command(program string, args ...string) *exec.Cmd {
	m.T.Helper()
	ctx, cancel := context.WithTimeout(m.T.Context(), longest)
	m.T.Cleanup(cancel)
	cmd := m.Desk.Command(ctx, "wine", append([]string{program}, args...)...)
	cmd.Env = append(cmd.Env, m.env()...)
	cmd.WaitDelay = 5 * time.Second // others of Wine's may have the pipes too
	ours(cmd)
	return cmd
}

// Run runs a program to its end, and returns what it said and its status, of
// which Linux has the lowest 8 bits.
func (m *Machine) Run(program string, args ...string) (said string, status int) {
	m.T.Helper()
	// To a file: a pipe ends with the last of Wine's that has it, and services
	// live on.
	output, err := os.CreateTemp(m.root, "output")
	story.Must(m.T, err)
	defer output.Close()
	cmd := m.Command(program, args...)
	cmd.Stdout, cmd.Stderr = output, output
	err = cmd.Run()
	out, readErr := os.ReadFile(output.Name())
	story.Must(m.T, readErr)
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		m.T.Fatalf("%s: %v\n%s", strings.Join(cmd.Args, " "), err, out)
	}
	return strings.ReplaceAll(string(out), "\r\n", "\n"), cmd.ProcessState.ExitCode()
}

// Open starts a command of the machine and waits for its window of that title,
// which then has the keyboard.
func (m *Machine) Open(title string, cmd *exec.Cmd) *story.Window {
	m.T.Helper()
	return story.Watch(m.T, m.Desk, cmd, title)
}

// File returns where a file of the machine's disk C stands on Linux.
func (m *Machine) File(path string) string {
	rest, ok := strings.CutPrefix(path, `C:\`)
	if !ok {
		m.T.Fatalf(`%s does not begin with C:\`, path)
	}
	return filepath.Join(m.prefix(), "drive_c", filepath.FromSlash(strings.ReplaceAll(rest, `\`, "/")))
}

// Home returns the folder of Linux that Wine takes for the person's own: on its
// desktop a program may put shortcuts.
func (m *Machine) Home() string { return m.home() }

// Registry returns a key with all values and keys below it, as reg.exe prints
// them; "" if there is no such key.
func (m *Machine) Registry(key string) string {
	m.T.Helper()
	said, status := m.Run("reg", "query", key, "/s")
	if status != 0 {
		return ""
	}
	return said
}

// RegistryValue returns a value of a key as text; "" if there is none.
func (m *Machine) RegistryValue(key, name string) string {
	m.T.Helper()
	said, status := m.Run("reg", "query", key, "/v", name)
	if status != 0 {
		return ""
	}
	for line := range strings.Lines(said) {
		// NAME    TYPE    VALUE
		if rest, ok := strings.CutPrefix(strings.TrimSpace(line), name+"    REG_"); ok {
			_, value, _ := strings.Cut(rest, "    ")
			return strings.TrimRight(value, "\r\n")
		}
	}
	return ""
}

// Write writes a file of the machine's disk C, and makes its folder.
func (m *Machine) Write(path, content string) {
	m.T.Helper()
	file := m.File(path)
	story.Must(m.T, os.MkdirAll(filepath.Dir(file), 0o700))
	story.Must(m.T, os.WriteFile(file, []byte(content), 0o600))
}

// Read reads a file of the machine's disk C.
func (m *Machine) Read(path string) string {
	m.T.Helper()
	content, err := os.ReadFile(m.File(path))
	story.Must(m.T, err)
	return string(bytes.ReplaceAll(content, []byte("\r\n"), []byte("\n")))
}
