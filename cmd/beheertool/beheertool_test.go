package main

import (
	"bytes"
	"errors"
	"image"
	"image/color"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"evry.nl/tfa/cmd/internal/clock"
	"evry.nl/tfa/cmd/internal/demo"
	"evry.nl/tfa/cmd/internal/desktop"
	"evry.nl/tfa/cmd/internal/story"
)

// A phone that scans the QR code makes the code that the window shows, in both
// themes and at the scales that screens have.
func TestPhoneAndWindowAgree(t *testing.T) {
	for _, theme := range []string{"light", "dark"} {
		for _, scale := range []string{"1", "1.25", "1.5", "2"} {
			t.Run(theme+"_"+scale, func(t *testing.T) {
				start(t, []string{"FYNE_THEME=" + theme, "FYNE_SCALE=" + scale}, nil, "--demo").codeIsRight()
			})
		}
	}
}

// Another account is chosen by keyboard alone: its code is that of its QR code,
// and of no other.
func TestColleagueReadsOutACode(t *testing.T) {
	p := start(t, []string{"FYNE_SCALE=1.25", "FYNE_THEME=light"}, nil, "--demo")
	own := p.codeIsRight()
	p.Press("Tab", "Down")
	story.Must(t, p.Desk.Type("-2"))
	p.Press("Return")
	p.WaitFor("the QR code of EV-0000-2", func(img *image.RGBA) bool {
		qr, secret := p.Secret(img)
		account, _ := p.shownCode(img, qr)
		return secret != "" && secret != own && account == "EV-0000-2"
	})
	if p.codeIsRight() == own {
		t.Error("two accounts have one secret")
	}
}

// The clipboard of the session, as another program sees it, holds exactly the
// secret and exactly the URI that the QR code holds.
func TestCopiesToTheClipboardOfTheSession(t *testing.T) {
	for _, issuer := range []string{"Jansen & Zn", "A+B zorg", "Café 't Hoekje"} {
		t.Run(issuer, func(t *testing.T) {
			folder := t.TempDir()
			story.Must(t, os.Chmod(folder, 0o700))
			file, err := demo.Make(t.Context(), folder, "nl", clock.Now())
			story.Must(t, err)
			prepend(t, file, "issuer = "+strconv.Quote(issuer)+"\n")
			p := start(t, []string{"FYNE_THEME=light"}, nil, "--config", file)
			p.codeIsRight()
			img, err := p.Desk.Screenshot()
			story.Must(t, err)
			qr, secret := p.Secret(img)
			middle := qr.Bounds.Min.Add(qr.Bounds.Size().Div(2))

			openMenu(t, p, middle)
			p.Press("Down", "Return")
			p.Says("secret van")
			if got := p.clipboard(); got != secret {
				t.Error("the clipboard does not hold the secret")
			}
			openMenu(t, p, middle)
			p.Press("Down", "Down", "Return")
			p.Says("string van")
			got := p.clipboard()
			if got != qr.Text {
				t.Error("the clipboard does not hold the URI of the QR code")
			}
			if parsed, err := url.Parse(got); err != nil || parsed.Query().Get("issuer") != issuer {
				t.Errorf("the URI names the issuer %q", parsed.Query().Get("issuer"))
			}
		})
	}
}

// openMenu opens the menu by right-click on the QR code, waits until it covers
// some of it, and takes the mouse away, which would choose too.
func openMenu(t *testing.T, p tool, at image.Point) {
	t.Helper()
	story.Must(t, p.Desk.RightClick(at))
	p.WaitFor("the menu", func(img *image.RGBA) bool {
		pixel := img.RGBAAt(at.X+4, at.Y+4)
		return pixel != color.RGBA{0, 0, 0, 255} && pixel != color.RGBA{255, 255, 255, 255}
	})
	story.Must(t, p.Desk.Move(p.Place.Bounds.Max.Sub(image.Pt(5, 5))))
}

// clipboard asks the X server for the clipboard, as every program would.
func (p tool) clipboard() string {
	p.T.Helper()
	out, err := p.Desk.Command(p.T.Context(), "xclip", "-selection", "clipboard", "-out", "-target", "UTF8_STRING").Output()
	story.Must(p.T, err)
	return string(out)
}

func prepend(t *testing.T, file, text string) {
	t.Helper()
	old, err := os.ReadFile(file)
	story.Must(t, err)
	story.Must(t, os.WriteFile(file, append([]byte(text), old...), 0o600))
}

// What the tool writes, and what every user of the host sees of its processes,
// holds no secret and no code; nor does what is left on the disk in clear.
func TestNothingSecretLeaks(t *testing.T) {
	p := start(t, nil, nil, "--demo")
	secret := p.codeIsRight()
	code, err := desktop.OathCode(p.T.Context(), secret, clock.Now())
	story.Must(t, err)
	var seen bytes.Buffer
	processes, err := exec.CommandContext(p.T.Context(), "ps", "axeww").Output()
	story.Must(t, err)
	seen.Write(processes)
	_, config, found := strings.Cut(p.Output.String(), "configuration ")
	if !found {
		t.Fatalf("the tool does not say where its demo is: %s", p.Output)
	}
	story.Must(t, filepath.WalkDir(filepath.Dir(strings.TrimSpace(strings.SplitN(config, "\n", 2)[0])), func(path string, entry os.DirEntry, err error) error {
		if err == nil && entry.Type().IsRegular() {
			var content []byte
			content, err = os.ReadFile(path)
			seen.Write(content)
		}
		return err
	}))
	p.Stop()
	seen.Write(p.Output.Bytes())
	for _, leak := range []string{secret, " " + code + " ", "\"" + code + "\""} {
		if bytes.Contains(seen.Bytes(), []byte(leak)) {
			t.Error("a secret or code can be read beside the window")
		}
	}
	if !bytes.Contains(seen.Bytes(), []byte("SQLite format 3")) {
		t.Error("the store was not among what was searched")
	}
}

func TestFaultsAreSaidInASentence(t *testing.T) {
	folder := t.TempDir()
	story.Must(t, os.Chmod(folder, 0o700))
	bad := filepath.Join(folder, "bad.toml")
	story.Must(t, os.WriteFile(bad, []byte("isuer = \"x\"\n"), 0o600))
	empty := filepath.Join(folder, "empty.toml")
	story.Must(t, os.WriteFile(empty, nil, 0o600))
	for name, tc := range map[string]struct {
		args   []string
		env    []string
		status int
		says   string
	}{
		"no_display":                 {[]string{"--demo"}, []string{"DISPLAY=", "WAYLAND_DISPLAY="}, 3, "geen beeldscherm of geen OpenGL"},
		"display_is_gone":            {[]string{"--demo"}, []string{"DISPLAY=:9999"}, 3, "geen beeldscherm of geen OpenGL"},
		"no_opengl":                  {[]string{"--demo"}, []string{"LIBGL_DRIVERS_PATH=/nonexistent"}, 3, "geen beeldscherm of geen OpenGL"},
		"unknown_argument":           {[]string{"now"}, nil, 2, "unexpected argument now"},
		"unknown_flag":               {[]string{"--dmeo"}, nil, 2, "dmeo"},
		"no_such_configuration":      {[]string{"--config", filepath.Join(folder, "none.toml")}, nil, 2, "none.toml"},
		"mistake_in_configuration":   {[]string{"--config", bad}, nil, 2, "isuer"},
		"account_without_a_practice": {[]string{"--config", empty}, nil, 2, "root"},
		"help_is_no_fault":           {[]string{"--help"}, nil, 0, "-demo"},
	} {
		t.Run(name, func(t *testing.T) {
			cmd := story.Display(t, story.Small).Command(t.Context(), story.Path("beheertool"), tc.args...)
			cmd.Env = append(cmd.Env, append([]string{"LANG=nl_NL.UTF-8", "XDG_RUNTIME_DIR=" + folder}, tc.env...)...)
			out, err := cmd.CombinedOutput()
			var exit *exec.ExitError
			if err != nil && !errors.As(err, &exit) {
				t.Fatal(err)
			}
			if cmd.ProcessState.ExitCode() != tc.status || !strings.Contains(string(out), tc.says) {
				t.Errorf("exit %d, said %s", cmd.ProcessState.ExitCode(), out)
			}
		})
	}
}
