package main

import (
	"errors"
	"fmt"
	"image"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"evry.nl/tfa/cmd/internal/story"
)

// Two accounts of a practice, two tools, one store: what one does, the other
// sees. An account of another practice reads nothing.
func TestTwoAccountsShareAStoreAndAThirdDoesNot(t *testing.T) {
	practice, other := fmt.Sprintf("EVW%d", os.Getpid()), fmt.Sprintf("EVX%d", os.Getpid())
	h := story.NewHost(t, practice+"-1", practice+"-2", other+"-1")
	h.Admin("practice", "enable", practice)
	h.LogOn(practice + "-1")
	h.LogOn(practice + "-2")

	receptionist := start(t, []string{"FYNE_THEME=light"}, h.As(practice+"-1"), "--config", h.File)
	colleague := start(t, []string{"FYNE_THEME=light"}, h.As(practice+"-2"), "--config", h.File)
	own := receptionist.codeIsRight()
	colleague.Press("Tab", "Down")
	story.Must(t, colleague.Desk.Type("-1"))
	colleague.Press("Return")
	colleague.WaitFor("the QR code of the other account", func(img *image.RGBA) bool {
		_, secret := colleague.Secret(img)
		return secret == own
	})

	receptionist.Press("Tab", "Tab", "Tab", "Tab", "Tab", "Tab", "Return") // Reset QR Code
	receptionist.Says("resetten?")
	receptionist.Press("Tab", "Return")
	for _, p := range []tool{receptionist, colleague} {
		p.Says("nog geen QR-code")
		img, err := p.Desk.Screenshot()
		story.Must(t, err)
		if _, secret := p.Secret(img); secret != "" {
			t.Error("a QR code is still there after the reset")
		}
	}
	nothingReadable(h, practice, h.As(other+"-1"))
	h.AddAccount(practice + "-3") // its name says so, but nobody let it in
	refused(h, h.As(practice+"-3"))
}

// nothingReadable tries to read every file of a practice as somebody else.
func nothingReadable(h *story.Host, practice string, as *syscall.Credential) {
	h.T.Helper()
	files := 0
	story.Must(h.T, filepath.WalkDir(filepath.Join(h.Folder, practice), func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		files++
		cat := exec.Command("cat", path)
		cat.SysProcAttr = &syscall.SysProcAttr{Credential: as}
		if out, err := cat.Output(); err == nil || len(out) > 0 {
			h.T.Errorf("another practice reads %d bytes of %s", len(out), filepath.Base(path))
		}
		return nil
	}))
	if files < 3 {
		h.T.Errorf("only %d files were tried", files)
	}
}

// refused opens the tool as somebody who may not.
func refused(h *story.Host, as *syscall.Credential) {
	h.T.Helper()
	cmd := story.Display(h.T, story.Small).Command(h.T.Context(), story.Path("beheertool"), "--config", h.File)
	cmd.Env = append(cmd.Env, "LANG=nl_NL.UTF-8", "HOME=/nonexistent", "XDG_RUNTIME_DIR=/nonexistent")
	cmd.SysProcAttr.Credential = as
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != exitFault || !strings.Contains(string(out), "helpdesk") {
		h.T.Errorf("%v, said %s", err, out)
	}
}
