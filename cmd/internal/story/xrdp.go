package story

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"testing"
	"time"

	"evry.nl/tfa/cmd/internal/desktop"
)

const (
	// desktops is where every desktop that starts on an RDPHost writes whose it
	// is.
	desktops = "/srv/desktops"
	// soon is how long it may take to notice that something has ended.
	soon = 20 * time.Second
)

// desktopColor is what no screen of ours has much of.
var desktopColor = color.RGBA{0x2e, 0x8b, 0x57, 0xff}

// startDesktop stands in for Debian's startwm.sh: a terminal in a colour that a
// picture shows and, because a picture can be late, a line in a file.
const startDesktop = `#!/bin/sh
id -un >>` + desktops + `
exec xterm -T Bureaublad -geometry 170x60+0+0 -bg '#2e8b57' -fg white
`

// RDPHost is a terminal server with xrdp and the gate, set up as its README says.
type RDPHost struct {
	*Host
	pictures int
	// ClientEnv is what clients get besides their own environment.
	ClientEnv []string
}

// NewRDPHost sets a terminal server up, from the files in packaging and the
// programs that Main built, and starts it. It is only for where Alone is true.
func NewRDPHost(t testing.TB, packaging string, served bool, accounts ...string) *RDPHost {
	t.Helper()
	h := &RDPHost{Host: NewInstalledHost(t, served, accounts...)}
	h.run("install", "-m", "755", filepath.Join(packaging, "startwm-gate.sh"), "/etc/xrdp")
	for _, name := range []string{"openbox-gate.xml", "sesman.ini", "xrdp.ini"} {
		h.run("install", "-m", "644", filepath.Join(packaging, name), "/etc/xrdp")
	}
	if served {
		const sesman = "/etc/xrdp/sesman.ini"
		text, err := os.ReadFile(sesman)
		Must(t, err)
		Must(t, os.WriteFile(sesman, bytes.ReplaceAll(text, []byte("/etc/xrdp/startwm-gate.sh"), []byte("/usr/bin/tfa-session")), 0o644))
		h.TellService("xrdp-sesman")
	}
	Must(t, os.WriteFile("/etc/xrdp/startwm.sh", []byte(startDesktop), 0o755))
	Must(t, os.WriteFile(desktops, nil, 0o666))
	Must(t, os.Chmod(desktops, 0o666))
	h.run("usermod", "--append", "--groups", "ssl-cert", "xrdp")
	h.run("sh", "/usr/share/xrdp/socksetup")
	h.run("install", "-o", "xrdp", "-g", "adm", "-m", "640", "/dev/null", "/var/log/xrdp.log")
	h.Serve("sesman", ":0D16", "xrdp-sesman", "-n")
	h.Serve("xrdp", ":0D3D", "setpriv", "--reuid=xrdp", "--regid=xrdp", "--init-groups", "xrdp", "-n")
	return h
}

// In returns the host for a test on it: what that connects ends with it.
func (h *RDPHost) In(t testing.TB) *RDPHost {
	host, shorter := *h.Host, *h
	host.T, shorter.Host = t, &host
	return &shorter
}

// Session is what somebody sees who has connected by RDP.
type Session struct {
	*Window
	Account string
	host    *RDPHost
	ended   chan struct{} // closed when the client has ended

	empty *image.RGBA     // before the last code was typed
	first image.Rectangle // where its first digit was drawn
}

// Connect connects an RDP client, with further arguments, which covers a display
// of its own.
func (h *RDPHost) Connect(account string, args ...string) *Session {
	h.T.Helper()
	return h.ConnectWith(account, Password, args...)
}

// ConnectWith connects with another password.
func (h *RDPHost) ConnectWith(account, password string, args ...string) *Session {
	h.T.Helper()
	ctx, cancel := context.WithTimeout(h.T.Context(), 4*Patience)
	h.T.Cleanup(cancel)
	desk, err := desktop.Start(h.T.Context(), 1024, 768)
	Must(h.T, err)
	h.T.Cleanup(func() { desk.Close() })
	s := &Session{Account: account, host: h, ended: make(chan struct{}), Window: &Window{
		T: h.T, Desk: desk, Output: new(bytes.Buffer), ctx: ctx, Place: desktop.Window{Bounds: image.Rect(0, 0, 1024, 768)},
	}}
	s.Cmd = desk.Command(ctx, "xfreerdp", append([]string{"/v:127.0.0.1", "/cert:ignore", "/log-level:WARN", "/t:RDP",
		"/u:" + account, "/p:" + password, "/size:1024x768", "-decorations", "-grab-keyboard"}, args...)...)
	s.Cmd.Env = append(s.Cmd.Env, h.ClientEnv...)
	s.Cmd.Env = append(s.Cmd.Env, "HOME="+h.T.TempDir())
	s.Cmd.Stdout, s.Cmd.Stderr = s.Output, s.Output
	Must(h.T, s.Cmd.Start())
	go func() {
		s.Cmd.Wait()
		close(s.ended)
	}()
	h.T.Cleanup(func() {
		cancel()
		<-s.ended
		if h.T.Failed() {
			h.T.Logf("the client of %s said:\n%s", account, s.Output)
		}
	})
	s.focus(ctx)
	return s
}

// focus gives the client the keyboard when its window is there. A session that
// is denied may have ended before.
func (s *Session) focus(ctx context.Context) {
	s.T.Helper()
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	go func() {
		select {
		case <-s.ended:
			stop()
		case <-ctx.Done():
		}
	}()
	place, err := s.Desk.WaitForWindow(ctx, "RDP")
	if err == nil {
		err = s.Desk.Focus(place)
	}
	select {
	case <-s.ended:
	default:
		Must(s.T, err)
	}
}

// Leave ends the client as a broken network does.
func (s *Session) Leave() {
	s.T.Helper()
	Must(s.T, s.Cmd.Process.Kill())
	<-s.ended
}

// Keep keeps a picture of what the client shows now.
func (s *Session) Keep(name string) {
	s.T.Helper()
	img, err := s.Desk.Screenshot()
	Must(s.T, err)
	s.host.pictures++
	file, err := os.Create(filepath.Join(s.T.ArtifactDir(), fmt.Sprintf("%02d-%s.png", s.host.pictures, name)))
	Must(s.T, err)
	defer file.Close()
	Must(s.T, png.Encode(file, img))
}

// TypeSlowly types a code into the field, like PressSlowly.
func (s *Session) TypeSlowly(code string) {
	s.T.Helper()
	for i, digit := range code {
		before, err := s.Desk.Screenshot()
		Must(s.T, err)
		s.Type(string(digit))
		after := s.WaitFor(fmt.Sprintf("digit %d of %d to be drawn", i+1, len(code)), func(img *image.RGBA) bool {
			return !bytes.Equal(img.Pix, before.Pix)
		})
		if i == 0 {
			s.empty, s.first = before, differ(before, after)
		}
	}
}

// PressSlowly presses keys, each when the one before shows: Tab by the frame
// that moves. Over RDP two of the same can come together so closely that one is
// lost.
func (s *Session) PressSlowly(keys ...string) {
	s.T.Helper()
	for _, key := range keys {
		before, err := s.Desk.Screenshot()
		Must(s.T, err)
		s.Press(key)
		s.WaitFor(key+" to show", func(img *image.RGBA) bool { return !bytes.Equal(img.Pix, before.Pix) })
	}
}

// Empties waits until the field into which a code was typed is empty again.
func (s *Session) Empties() {
	s.T.Helper()
	s.WaitFor("the field to empty", func(img *image.RGBA) bool {
		return differ(img, s.empty).Intersect(s.first).Empty()
	})
}

// differ returns the area outside of which two pictures are the same.
func differ(a, b *image.RGBA) (area image.Rectangle) {
	for y := range a.Rect.Dy() {
		rowA, rowB := a.Pix[y*a.Stride:(y+1)*a.Stride], b.Pix[y*b.Stride:(y+1)*b.Stride]
		if bytes.Equal(rowA, rowB) {
			continue
		}
		for x := range a.Rect.Dx() {
			if !bytes.Equal(rowA[4*x:4*x+4], rowB[4*x:4*x+4]) {
				area = area.Union(image.Rect(x, y, x+1, y+1))
			}
		}
	}
	return area
}

// ReachesDesktop waits until the client shows the desktop.
func (s *Session) ReachesDesktop() {
	s.T.Helper()
	s.WaitFor("the desktop", isDesktop)
	if s.host.Desktops() == 0 {
		s.T.Error("there is a desktop that nothing has started")
	}
}

// isDesktop reports whether the desktop's colour covers most of a picture, give
// or take what the RDP codec does to it.
func isDesktop(img *image.RGBA) bool {
	count := 0
	for i := 0; i < len(img.Pix); i += 4 {
		if near(img.Pix[i], desktopColor.R) && near(img.Pix[i+1], desktopColor.G) && near(img.Pix[i+2], desktopColor.B) {
			count++
		}
	}
	return count > len(img.Pix)/4/2
}

func near(a, b uint8) bool { return max(a, b)-min(a, b) <= 8 }

// Desktops returns how many desktops have started on the host so far.
func (h *RDPHost) Desktops() int {
	h.T.Helper()
	lines, err := os.ReadFile(desktops)
	Must(h.T, err)
	return bytes.Count(lines, []byte("\n"))
}

// Disconnects waits until the client is disconnected.
func (s *Session) Disconnects() {
	s.T.Helper()
	select {
	case <-s.ended:
	case <-time.After(Patience):
		s.Keep("still-connected")
		s.T.Fatal("the client is still connected")
	}
}

// Ends waits until the client is disconnected, and then until no process of
// its account is left.
func (s *Session) Ends() {
	s.T.Helper()
	s.Disconnects()
	var left []string
	defer func() {
		if len(left) > 0 {
			s.T.Logf("left behind: %s", left)
		}
	}()
	s.host.Until("no process of the session is left", soon, func() bool {
		left = s.host.Processes(s.Account, "")
		return len(left) == 0
	})
}
