package main

import (
	"image"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"evry.nl/tfa/cmd/internal/story"
	"evry.nl/tfa/core"
)

// drivers is where Mesa's drivers stand, and vendor its OpenGL for programs. X
// servers load the first, and so would crash with a bad one too.
const (
	drivers = "/usr/lib/x86_64-linux-gnu/dri"
	vendor  = "/usr/lib/x86_64-linux-gnu/libGLX_mesa.so.0"
)

// Without OpenGL, in whatever way, the gate asks in lines of text, and opens and
// denies as ever.
func TestRDPWithoutOpenGL(t *testing.T) {
	for name, tc := range map[string]struct {
		away   func(*testing.T)
		served bool
	}{
		"no_driver":                  {away: func(t *testing.T) { story.Must(t, os.RemoveAll(drivers)) }},
		"no_driver_with_the_service": {away: func(t *testing.T) { story.Must(t, os.RemoveAll(drivers)) }, served: true},
		"display_has_no_glx": {away: func(t *testing.T) {
			story.Must(t, os.Remove("/usr/lib/xorg/modules/extensions/libglx.so"))
		}},
		"driver_crashes":                  {away: func(t *testing.T) { badDriver(t, "abort();") }},
		"driver_crashes_with_the_service": {away: func(t *testing.T) { badDriver(t, "abort();") }, served: true},
		"driver_hangs":                    {away: func(t *testing.T) { badDriver(t, "for (;;) pause();") }},
	} {
		t.Run(name, func(t *testing.T) {
			onRDPHost(t, tc.served, func(h *story.RDPHost) {
				tc.away(t)
				logOnPlainly(t, h)
			}, receptionist)
		})
	}
}

// badDriver puts an OpenGL in place that does something as soon as it is loaded.
func badDriver(t *testing.T, does string) {
	t.Helper()
	source := filepath.Join(t.TempDir(), "driver.c")
	text := "#include <stdlib.h>\n#include <unistd.h>\n__attribute__((constructor)) static void loaded(void) { " + does + " }\n"
	story.Must(t, os.WriteFile(source, []byte(text), 0o600))
	execute(t, "", "gcc", "-shared", "-fPIC", "-o", vendor+".new", source)
	story.Must(t, os.Rename(vendor+".new", vendor))
}

// logOnPlainly plays what people do at the gate in lines of text, from the first
// logon on.
func logOnPlainly(t *testing.T, h *story.RDPHost) {
	h.Admin("practice", "enable", rdpPractice)
	first := h.Connect(receptionist)
	var secret string
	first.WaitFor("the QR code", func(img *image.RGBA) bool {
		_, secret = first.Secret(img)
		return secret != ""
	})
	first.Keep("first-logon")
	h.EndTransition(receptionist) // the screen still offers what is no more
	first.Type("0")
	first.Press("Return")
	first.Says("Inloggen zonder code kan niet meer")
	noDesktop(t, h)
	first.Type(phone(t, secret, 0))
	first.Press("Return")
	first.ReachesDesktop()
	happened(t, h, core.LogonOTP)
	logOut(first)

	again := h.Connect(receptionist)
	again.Says("Voer uw OTP (one-time password) in")
	again.Type("000000")
	again.Press("Return")
	again.Says("Deze code klopt niet")
	again.Keep("wrong-code")
	if n := h.Desktops(); n != 1 {
		t.Errorf("%d desktops have started", n)
	}
	again.Type(phone(t, secret, 1))
	again.Press("Return")
	again.ReachesDesktop()
	logOut(again)

	for name, leave := range map[string]func(*story.Session){
		"escape":      func(s *story.Session) { s.Press("Escape") },
		"gate_killed": func(*story.Session) { h.Signal(receptionist, gateProgram, syscall.SIGKILL) },
		"screen_killed": func(*story.Session) { // and not the gate that waits for it
			killPlain(t, h)
		},
		"x_server_killed": func(*story.Session) { h.Signal(receptionist, xServer, syscall.SIGKILL) },
	} {
		s := h.Connect(receptionist)
		s.Says("Voer uw OTP (one-time password) in")
		leave(s)
		s.Ends()
		if n := h.Desktops(); n != 2 {
			t.Errorf("%s: %d desktops have started", name, n)
		}
	}
}

// killPlain kills the gate that asks without OpenGL, and no other.
func killPlain(t *testing.T, h *story.RDPHost) {
	t.Helper()
	killed := 0
	for _, process := range h.Processes(receptionist, gateProgram) {
		command, err := os.ReadFile("/proc/" + process + "/cmdline")
		story.Must(t, err)
		if strings.Contains(string(command), "\x00--plain\x00") {
			execute(t, "", "kill", "-KILL", process)
			killed++
		}
	}
	if killed != 1 {
		t.Fatalf("%d gates ask without OpenGL", killed)
	}
}
