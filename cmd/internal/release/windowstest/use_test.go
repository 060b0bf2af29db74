package windowstest

import (
	"context"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"evry.nl/tfa/cmd/internal/clock"
	"evry.nl/tfa/cmd/internal/demo"
	"evry.nl/tfa/cmd/internal/desktop"
	"evry.nl/tfa/cmd/internal/release"
	"evry.nl/tfa/cmd/internal/story"
	"evry.nl/tfa/cmd/internal/wine"
	"evry.nl/tfa/core/otp"
)

const (
	source = "../../../.."
	data   = `C:\ProgramData\TFA`
)

// practice puts the practice of the demo where the programs look for it.
func (s server) practice() {
	s.T.Helper()
	folder := s.File(data)
	story.Must(s.T, os.MkdirAll(folder, 0o700))
	_, err := demo.Make(s.T.Context(), folder, "nl", clock.Now())
	story.Must(s.T, err)
	s.Write(data+`\tfa.toml`, fmt.Sprintf("store = \"sqlite:///C:/ProgramData/TFA/{practice}/tfa.db\"\n"+
		"key_file = 'C:\\ProgramData\\TFA\\{practice}\\tfa.key'\n[identity]\naccount = %q\n", demo.Account))
}

// built are the programs, which all tests share: building them takes more than a
// minute.
var built string

func TestMain(m *testing.M) {
	var err error
	if built, err = os.MkdirTemp("", "tfa-windows-"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	status := m.Run()
	os.RemoveAll(built)
	os.Exit(status)
}

var buildOnce = sync.OnceValues(func() (v release.Version, err error) {
	if v, err = release.VersionOf(context.Background(), source); err == nil {
		err = release.WindowsPrograms(context.Background(), source, built, v)
	}
	return v, err
})

// builtPrograms returns the folder of what is installed, and its version.
func builtPrograms(t *testing.T) (folder string, v release.Version) {
	t.Helper()
	v, err := buildOnce()
	story.Must(t, err)
	return built, v
}

// open opens one of the installed programs. Wine tells what it loads.
func (s server) open(title, program string, args ...string) *story.Window {
	s.T.Helper()
	cmd := s.Command(installed+`\`+program, args...)
	cmd.Env = append(cmd.Env, "FYNE_THEME=light", "WINEDEBUG=-all,+loaddll")
	return s.Open(title, cmd)
}

var shownCode = regexp.MustCompile(`OTP van (\S+) is ([0-9 ]{6,})`)

// codeIsRight waits until the tool shows a QR code and the code that oathtool makes
// of it for that very moment.
func codeIsRight(w *story.Window) (qr desktop.QR, secret string) {
	w.T.Helper()
	w.WaitFor("the code of the QR code", func(img *image.RGBA) bool {
		if qr, secret = w.Secret(img); secret == "" {
			return false
		}
		area := image.Rect(qr.Bounds.Max.X+10, w.Place.Bounds.Min.Y, w.Place.Bounds.Max.X, (qr.Bounds.Min.Y+qr.Bounds.Max.Y)/2)
		text, err := desktop.ReadText(w.T.Context(), img, desktop.Reading{Area: area, Scale: 2})
		story.Must(w.T, err)
		match := shownCode.FindStringSubmatch(strings.Join(strings.Fields(text), " "))
		return match != nil && otp.Typed(match[2]) == code(w.T, secret)
	})
	return qr, secret
}

// code returns the code of now.
func code(t testing.TB, secret string) string {
	t.Helper()
	now, err := desktop.OathCode(t.Context(), secret, clock.Now())
	story.Must(t, err)
	return now
}

// copied holds what another program finds on the clipboard.
func (s server) copied(what, want string) {
	s.T.Helper()
	out, err := s.Desk.Command(s.T.Context(), "xclip", "-selection", "clipboard", "-out", "-target", "UTF8_STRING").Output()
	story.Must(s.T, err)
	if string(out) != want {
		s.T.Errorf("the clipboard does not hold the %s", what)
	}
}

// toolIsUsed looks at the QR code and the code, and copies both texts of the menu.
func (s server) toolIsUsed() (secret string) {
	s.T.Helper()
	w := s.open("Two Factor RDP beheertool", "beheertool.exe")
	qr, secret := codeIsRight(w)
	keep(s.T, w, "beheertool")
	middle := qr.Bounds.Min.Add(qr.Bounds.Size().Div(2))
	for _, item := range []struct {
		keys       []string
		says, what string
		want       string
	}{
		{[]string{"Down", "Return"}, "secret van", "secret", secret},
		{[]string{"Down", "Down", "Return"}, "string van", "OTP Auth string", qr.Text},
	} {
		// The tool clicks where it has drawn the mouse last, and ANGLE is slow here.
		story.Must(s.T, s.Desk.Move(middle))
		w.Says("U bent ingelogd als")
		story.Must(s.T, s.Desk.RightClick(middle))
		w.WaitFor("the menu", func(img *image.RGBA) bool {
			pixel := img.RGBAAt(middle.X+4, middle.Y+4)
			return pixel != color.RGBA{0, 0, 0, 255} && pixel != color.RGBA{255, 255, 255, 255}
		})
		keep(s.T, w, "menu")
		story.Must(s.T, s.Desk.Move(w.Place.Bounds.Max.Sub(image.Pt(5, 5))))
		w.Press(item.keys...)
		w.Says(item.says)
		s.copied(item.what, item.want)
	}
	w.Stop()
	return secret
}

// keep writes a picture where go test -artifacts keeps it.
func keep(t testing.TB, w *story.Window, name string) {
	t.Helper()
	img, err := w.Desk.Screenshot()
	story.Must(t, err)
	file, err := os.Create(filepath.Join(t.ArtifactDir(), name+".png"))
	story.Must(t, err)
	defer file.Close()
	story.Must(t, png.Encode(file, img))
}

// kept returns what is in the folder of stores, keys and configuration.
func (s server) kept() (files []string) {
	s.T.Helper()
	top := s.File(data)
	story.Must(s.T, filepath.WalkDir(top, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		files = append(files, strings.TrimPrefix(path, top)+" "+fmt.Sprintf("%d %.20q", len(content), content))
		return err
	}))
	return files
}

// What the package has installed works on one store: the tool, the gate and the
// helpdesk's command. An upgrade and a removal leave the store, the key and the
// configuration.
func TestInstalledProgramsShareAStore(t *testing.T) {
	folder, v := builtPrograms(t)
	s := server{wine.New(t)}
	s.put("one.msi", build(t, folder, v))
	newer := v
	newer.Windows, newer.Program = "99.0.0.0", "99.0.0"
	s.put("two.msi", build(t, folder, newer))
	s.msiexec(true, "/i", `C:\one.msi`)
	s.practice()

	admin := func(want string, args ...string) {
		t.Helper()
		if said, status := s.Run(installed+`\tfa-admin.exe`, args...); status != 0 || !strings.Contains(said, want) {
			t.Errorf("tfa-admin %s: status %d, said %s", strings.Join(args, " "), status, said)
		}
	}
	admin(v.Program, "version")
	secret := s.toolIsUsed()
	s.gateDecides(secret)
	admin(demo.Account, "account", "list", demo.Practice)

	before := s.kept()
	s.msiexec(true, "/i", `C:\two.msi`)
	if left := differences(before, s.kept()); len(left) > 0 {
		t.Errorf("the upgrade has changed %q", left)
	}
	admin(demo.Practice, "practice", "list")
	before = s.kept()
	s.msiexec(true, "/x", `C:\two.msi`)
	if left := differences(before, s.kept()); len(left) > 0 || len(before) < 3 {
		t.Errorf("the removal has changed %q of %q", left, before)
	}
}
