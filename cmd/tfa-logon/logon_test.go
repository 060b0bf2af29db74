package main

import (
	"errors"
	"fmt"
	"image"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"evry.nl/tfa/cmd/internal/clock"
	"evry.nl/tfa/cmd/internal/desktop"
	"evry.nl/tfa/cmd/internal/story"
	"evry.nl/tfa/core"
	"evry.nl/tfa/core/otp"
)

func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == leavesMarks {
		leaveMarks()
	}
	if filepath.Base(os.Args[0]) == "tfa-logon" { // it stands in the gate's place
		steal()
		return
	}
	os.Exit(story.Main(m, "tfa-logon", "tfa-admin", "beheertool", "tfa-session", "tfa-service"))
}

// practice makes a host with one account, whose practice has a name of its own.
func practice(t testing.TB) (h *story.Host, account string) {
	t.Helper()
	account = fmt.Sprintf("EVL%d-1", os.Getpid())
	return story.NewHost(t, account), account
}

// logOn opens the gate for an account. On yes it writes a line.
func logOn(t testing.TB, h *story.Host, account string) *story.Window {
	t.Helper()
	return story.Start{
		Command: "tfa-logon", As: h.As(account), Title: "Inloggen", Size: story.Small,
		Args: []string{"--config", h.File, "--", "/bin/sh", "-c", "echo the desktop of $(id -un), FYNE_THEME=$FYNE_THEME"},
		Env:  []string{"FYNE_THEME=light", "LD_PRELOAD=/nonexistent.so"},
	}.Open(t)
}

// ends waits until the gate has ended and returns its status and what it said.
func ends(t *testing.T, w *story.Window) (status int, said string) {
	t.Helper()
	err := w.Cmd.Wait()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return w.Cmd.ProcessState.ExitCode(), w.Output.String()
}

// reachesDesktop holds that the gate ended in the command, with the session's
// own environment.
func reachesDesktop(t *testing.T, w *story.Window, account string) {
	t.Helper()
	status, said := ends(t, w)
	if want := "the desktop of " + account + ", FYNE_THEME=light"; status != 0 || !strings.Contains(said, want) {
		t.Fatalf("status %d, said %s", status, said)
	}
	if !strings.Contains(said, "ready window") {
		t.Errorf("the gate did not say that it was ready: %s", said)
	}
}

// denied holds that the gate ended without the command.
func denied(t *testing.T, w *story.Window, want int) {
	t.Helper()
	if status, said := ends(t, w); status != want || strings.Contains(said, "the desktop of") {
		t.Fatalf("status %d, want %d, said %s", status, want, said)
	}
}

// A practice switches on; its account enrols at the next logon, and types a code
// at the one after that.
func TestFromSwitchingOnToTheSecondLogon(t *testing.T) {
	h, account := practice(t)

	off := logOn(t, h, account)
	off.Says("Uw praktijk gebruikt nog geen Two Factor Authenticatie.")
	off.Press("Return") // the button has the focus: switch on
	off.Says("Tot en met")
	off.Press("Return")
	reachesDesktop(t, off, account)

	first := logOn(t, h, account)
	var secret string
	first.WaitFor("the QR code", func(img *image.RGBA) bool {
		_, secret = first.Secret(img)
		return secret != ""
	})
	first.Says("Log nu nog in zonder Two Factor Authenticatie")
	code := typeCode(t, first, secret)
	reachesDesktop(t, first, account)

	second := logOn(t, h, account)
	second.Says("Voer uw OTP (one-time password) in")
	img, err := second.Desk.Screenshot()
	story.Must(t, err)
	if _, shown := second.Secret(img); shown != "" {
		t.Error("the second logon shows a QR code")
	}
	second.Type(code) // it is spent
	second.Says("Typ de volgende code")
	second.WaitFor("the next code", func(*image.RGBA) bool { return phoneShows(t, secret) != code })
	typeCode(t, second, secret)
	reachesDesktop(t, second, account)
}

// typeCode types the code that a phone with the secret shows now.
func typeCode(t *testing.T, w *story.Window, secret string) string {
	t.Helper()
	code := phoneShows(t, secret)
	w.Type(code)
	return code
}

func phoneShows(t *testing.T, secret string) string {
	t.Helper()
	code, err := desktop.OathCode(t.Context(), secret, clock.Now())
	story.Must(t, err)
	return code
}

func TestSkippingInTheTransition(t *testing.T) {
	h, account := practice(t)
	h.Admin("practice", "enable", strings.TrimSuffix(account, "-1"))
	w := logOn(t, h, account)
	w.Says("Log nu nog in zonder Two Factor Authenticatie")
	w.Press("Tab", "Tab", "Tab", "Return") // submit, helper code, skip
	reachesDesktop(t, w, account)
}

// A colleague has looked: the owner hears of it between code and desktop.
func TestALookOfAColleagueIsTold(t *testing.T) {
	h, account := practice(t)
	practice := strings.TrimSuffix(account, "-1")
	h.Admin("practice", "enable", practice)
	secret := h.LogOn(account)
	_, err := core.Tool{Direct: h.Direct(account)}.Show(t.Context(), core.Actor{Account: practice + "-2"}, account)
	story.Must(t, err)
	w := logOn(t, h, account)
	w.Says("Telefoon vergeten?")
	code, err := otp.Code(secret, otp.StepAt(clock.Now())+1) // that of now is spent
	story.Must(t, err)
	w.Type(code)
	w.Says("uw code bekeken")
	w.Press("Return")
	reachesDesktop(t, w, account)
}

func TestWrongCodesLock(t *testing.T) {
	h, account := practice(t)
	h.Admin("practice", "enable", strings.TrimSuffix(account, "-1"))
	h.LogOn(account)
	w := logOn(t, h, account)
	store := h.Direct(account).Store
	for n := range 4 {
		w.Type("000000")
		w.WaitFor("the wrong code to be counted", func(*image.RGBA) bool {
			_, accounts, err := store.View(t.Context())
			story.Must(t, err)
			return accounts[0].Failures == n+1
		})
		w.Says("Deze code klopt niet")
	}
	w.Type("000000")
	w.Says("te veel foute codes")
	w.Press("Escape")
	w.Says("Niet inloggen?")
	w.Press("Return")
	denied(t, w, exitNo)
	page, err := store.Events(t.Context(), core.Query{Limit: 1})
	story.Must(t, err)
	if event := page.Events[0]; event.Kind != core.LogonRefused || event.Detail["reason"] != string(core.Closed) {
		t.Errorf("the log ends with %+v", event)
	}
}

// Whatever is missing, nobody gets to the desktop.
func TestFaultsDeny(t *testing.T) {
	h, account := practice(t)
	folder := filepath.Join(h.Folder, strings.TrimSuffix(account, "-1"))
	for name, tc := range map[string]struct {
		path string // taken away
		env  []string
		args []string
	}{
		"no_store":         {path: filepath.Join(folder, "tfa.db")},
		"no_key":           {path: filepath.Join(folder, "tfa.key")},
		"no_configuration": {path: h.File},
		"no_display":       {env: []string{"DISPLAY=:9999"}},
		"unknown_flag":     {args: []string{"--please"}},
		"help":             {args: []string{"--help"}},
	} {
		t.Run(name, func(t *testing.T) {
			if tc.path != "" {
				story.Must(t, os.Rename(tc.path, tc.path+".away"))
				defer os.Rename(tc.path+".away", tc.path)
			}
			cmd := exec.CommandContext(t.Context(), story.Path("tfa-logon"),
				append(append([]string{"--config", h.File}, tc.args...), "--tty", "--", "echo", "the desktop")...)
			if tc.env != nil {
				cmd.Args = append(cmd.Args[:3], "--", "echo", "the desktop")
			}
			cmd.Env = tc.env
			cmd.SysProcAttr = &syscall.SysProcAttr{Credential: h.As(account)}
			out, err := cmd.CombinedOutput()
			if err == nil || strings.Contains(string(out), "the desktop\n") {
				t.Errorf("%v: %s", err, out)
			}
			if status := cmd.ProcessState.ExitCode(); status != exitFault && name != "help" {
				t.Errorf("status %d: %s", status, out)
			}
		})
	}
}
