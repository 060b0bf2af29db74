package windowstest

import (
	"image"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"evry.nl/tfa/cmd/internal/desktop"
	"evry.nl/tfa/cmd/internal/story"
	"evry.nl/tfa/cmd/internal/wine"
)

const (
	asksForCode = "Voer uw OTP (one-time password) in"
	notepad     = "Untitled - Notepad"
)

// What stands for an OpenGL in what Wine tells of the libraries that it loads.
const (
	angle = `\\TFA\\d3dcompiler_47.dll`
	mesa  = `\\TFA\\mesa\\libgallium_wgl.dll`
)

// gate opens the gate before notepad.
func (s server) gate() *story.Window {
	s.T.Helper()
	return s.open("Inloggen", "tfa-logon.exe", "--", "notepad")
}

// startsNothing holds that there is no desktop: no notepad.
func (s server) startsNothing() {
	s.T.Helper()
	windows, err := s.Desk.Windows()
	story.Must(s.T, err)
	for _, w := range windows {
		if strings.Contains(w.Title, "Notepad") {
			s.T.Errorf("the gate has started %s", w.Title)
		}
	}
}

// ends waits for the end of a program and holds its status.
func ends(w *story.Window, want int) {
	w.T.Helper()
	w.Cmd.Wait()
	if got := w.Cmd.ProcessState.ExitCode(); got != want {
		w.T.Errorf("status %d, want %d", got, want)
	}
}

// seesNotepad waits until notepad can be seen.
func (s server) seesNotepad(gate *story.Window) {
	s.T.Helper()
	w, err := s.Desk.WaitForWindow(s.T.Context(), notepad)
	story.Must(s.T, err)
	gate.WaitFor("notepad's menu", func(img *image.RGBA) bool {
		text, err := desktop.ReadText(s.T.Context(), img, desktop.Reading{Area: s.Desk.Bounds(w), Scale: 2})
		story.Must(s.T, err)
		return strings.Contains(text, "Search")
	})
}

// letsIn waits for notepad, closes it, and waits for the end of the gate.
func (s server) letsIn(gate *story.Window, picture string) {
	s.T.Helper()
	w, err := s.Desk.WaitForWindow(s.T.Context(), notepad)
	story.Must(s.T, err)
	keep(s.T, gate, picture)
	story.Must(s.T, s.Desk.CloseWindow(w))
	ends(gate, 0)
}

// gateDecides types wrong, right and spent codes.
func (s server) gateDecides(secret string) {
	s.T.Helper()
	wrong := s.gate()
	wrong.Says(asksForCode)
	keep(s.T, wrong, "gate")
	wrong.Type("000000")
	wrong.Says("Deze code klopt niet")
	keep(s.T, wrong, "gate-wrong-code")
	story.Must(s.T, s.Desk.CloseWindow(wrong.Place))
	wrong.Says("Niet inloggen?")
	keep(s.T, wrong, "gate-leave")
	s.startsNothing()
	wrong.Press("Return")
	ends(wrong, 1)
	s.startsNothing()

	right := s.gate()
	right.Says(asksForCode)
	used := code(s.T, secret)
	right.Type(used)
	s.letsIn(right, "gate-notepad")

	again := s.gate()
	again.Says(asksForCode)
	again.Type(used)
	again.Says("Typ de volgende code")
	keep(s.T, again, "gate-spent-code")
	s.startsNothing()
	again.Stop()
}

// drawsBy holds by what a program draws, as Wine tells it. The program is stopped
// for that.
func drawsBy(w *story.Window, want string) {
	w.T.Helper()
	w.Stop()
	got := "nothing"
	for line := range strings.Lines(w.Output.String()) {
		for _, library := range []string{angle, mesa} {
			if strings.Contains(line, "Loaded") && strings.Contains(line, library) && strings.Contains(line, ": native") {
				got = library // what comes last has taken the place of the one before
			}
		}
	}
	if got != want {
		w.T.Fatalf("it draws by %s, want %s", got, want)
	}
}

// copyOver puts what is built where it is installed, over what was changed there.
func (s server) copyOver(folder string) {
	s.T.Helper()
	story.Must(s.T, os.RemoveAll(s.File(installed)))
	story.Must(s.T, os.CopyFS(s.File(installed), os.DirFS(folder)))
}

// compiler puts a compiler for shaders in place that does something as soon as
// it is loaded: ANGLE loads it when it starts Direct3D.
func (s server) compiler(does string) {
	s.T.Helper()
	program := filepath.Join(s.T.TempDir(), "compiler.c")
	story.Must(s.T, os.WriteFile(program, []byte("#include <windows.h>\n\nBOOL WINAPI DllMain(HINSTANCE dll, DWORD why, LPVOID more)\n{\n\t"+does+"\n\treturn TRUE;\n}\n"), 0o600))
	run(s.T.(*testing.T), "x86_64-w64-mingw32-gcc", "-shared", "-o", s.File(installed+`\d3dcompiler_47.dll`), program)
}

// A gate whose OpenGL is broken, in whatever way, asks by the next one; one that
// can't be started lets nobody in.
func TestGateAsksByTheNextOpenGL(t *testing.T) {
	folder, _ := builtPrograms(t)
	s := server{wine.New(t)}
	s.practice()
	remove := func(name string) { story.Must(t, os.Remove(s.File(installed+`\`+name))) }
	for _, tc := range []struct {
		name string
		away func()
		by   string
	}{
		{"nothing_is_broken", func() {}, angle},
		{"driver_crashes", func() { s.compiler("TerminateProcess(GetCurrentProcess(), 3);") }, mesa},
		{"driver_hangs", func() { s.compiler("for (;;) Sleep(1000);") }, mesa},
		{"driver_has_no_compiler", func() { s.compiler("return FALSE;") }, mesa},
		{"driver_is_missing", func() { remove("libGLESv2.dll") }, mesa},
		{"driver_is_broken", func() { s.Write(installed+`\libGLESv2.dll`, "no library") }, mesa},
	} {
		t.Log(tc.name)
		s.copyOver(folder)
		tc.away()
		w := s.gate()
		w.Says(asksForCode)
		keep(t, w, tc.name)
		drawsBy(w, tc.by)
		if tc.name == "driver_has_no_compiler" {
			// Here Direct3D starts, and fails when the first window is drawn.
			w := s.open("Two Factor RDP beheertool", "beheertool.exe")
			codeIsRight(w)
			drawsBy(w, mesa)
		}
	}
	s.copyOver(folder)
	remove("libEGL.dll")
	if said, status := s.Run(installed+`\tfa-logon.exe`, "--", "notepad"); status == 0 || status == 73 {
		t.Errorf("a gate that can't be started ends with status %d: %s", status, said)
	}
	s.startsNothing()
}

// Without Direct3D the programs draw by their own Mesa. Without that the gate
// asks in lines of text, and the tool says what is missing.
func TestWithoutOpenGL(t *testing.T) {
	folder, _ := builtPrograms(t)
	s := server{wine.NewWithoutOpenGL(t)}
	s.practice()
	s.copyOver(folder)
	tool := s.open("Two Factor RDP beheertool", "beheertool.exe")
	_, secret := codeIsRight(tool)
	keep(t, tool, "tool-by-mesa")
	drawsBy(tool, mesa)
	gate := s.gate()
	gate.Says(asksForCode)
	keep(t, gate, "gate-by-mesa")
	drawsBy(gate, mesa)

	story.Must(t, os.RemoveAll(s.File(installed+`\mesa`)))
	left := s.gate()
	left.Says(asksForCode)
	keep(t, left, "gate-in-lines")
	left.Type("000000\n")
	left.Says("Deze code klopt niet")
	left.Press("Escape")
	ends(left, 1)
	s.startsNothing()
	right := s.gate()
	right.Says(asksForCode)
	right.Type(code(t, secret) + "\n")
	s.seesNotepad(right)
	s.letsIn(right, "notepad-after-lines")

	refused := s.open("Two Factor RDP beheertool", "beheertool.exe")
	refused.Says("Het venster kan hier niet worden geopend")
	keep(t, refused, "tool-message")
	refused.Press("Return")
	ends(refused, 3)
}
