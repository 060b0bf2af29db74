package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
)

// pkg is a package of the operating system.
type pkg struct {
	debian, fedora, arch string
	// probe is a command, or a file, that is there when the package is; for
	// systems that dev can't ask.
	probe string
}

// The packages, by what they are for.
var (
	// buildPackages compile a window: Fyne is C underneath.
	buildPackages = []pkg{
		{"gcc", "gcc", "gcc", "gcc"},
		{"libc6-dev", "glibc-devel", "glibc", "/usr/include/stdlib.h"},
		{"pkg-config", "pkgconf-pkg-config", "pkgconf", "pkg-config"},
		{"libgl1-mesa-dev", "mesa-libGL-devel", "mesa", "/usr/include/GL/gl.h"},
		{"xorg-dev", "libXcursor-devel libXrandr-devel libXinerama-devel libXi-devel libXxf86vm-devel", "libxcursor libxrandr libxinerama libxi", "/usr/include/X11/extensions/Xrandr.h"},
		{"libwayland-dev", "wayland-devel", "wayland", "/usr/include/wayland-client.h"},
		{"libxkbcommon-dev", "libxkbcommon-devel", "libxkbcommon", "/usr/include/xkbcommon/xkbcommon.h"},
	}
	// displayPackages make a display where there is none, and look at it.
	displayPackages = []pkg{
		{"xvfb", "xorg-x11-server-Xvfb", "xorg-server-xvfb", "Xvfb"},
		{"libgl1-mesa-dri", "mesa-dri-drivers", "mesa", "/usr/share/drirc.d"},
		{"zbar-tools", "zbar", "zbar", "zbarimg"},
		{"oathtool", "oathtool", "oath-toolkit", "oathtool"},
		{"tesseract-ocr", "tesseract", "tesseract tesseract-data-eng", "tesseract"},
	}
	// testPackages are what tests run besides.
	testPackages = []pkg{
		{"xclip", "xclip", "xclip", "xclip"},
		{"procps", "procps-ng", "procps-ng", "ps"},
		{"pamtester", "pamtester", "pamtester", "pamtester"},
		{"passwd", "shadow-utils", "shadow", "useradd"},
		{"openssh-server", "openssh-server", "openssh", "/usr/sbin/sshd"},
		{"openssh-client", "openssh-clients", "openssh", "ssh"},
		{"xterm", "xterm", "xterm", "xterm"},
		{"man-db", "man-db", "man-db groff", "man"}, // with groff
		{"fonts-dejavu-core", "dejavu-sans-mono-fonts", "ttf-dejavu", "/usr/share/fonts"},
		{"xrdp", "xrdp", "xrdp", "xrdp"},
		{"xorgxrdp", "xorgxrdp", "xorgxrdp", "/usr/lib/xorg/modules/libxorgxrdp.so"},
		{"freerdp2-x11", "freerdp", "freerdp", "xfreerdp"},
		{"openbox", "openbox", "openbox", "openbox"},
		{"xauth", "xorg-x11-xauth", "xorg-xauth", "xauth"},
		{"x11-utils", "xorg-x11-utils", "xorg-xprop", "xprop"},
		{"iproute2", "iproute", "iproute2", "ip"},
		{"systemd", "systemd", "systemd", "systemd-analyze"},
		// What goes round the gate.
		{"freerdp2-dev", "freerdp-devel", "freerdp", "/usr/include/freerdp2/freerdp/svc.h"},
		{"cron", "cronie", "cronie", "cron"},
		{"at", "at", "at", "atd"},
	}
	// browserPackages show the web pages.
	browserPackages = []pkg{
		{"chromium", "chromium", "chromium", "chromium"},
		{"fonts-dejavu-core", "dejavu-sans-fonts", "ttf-dejavu", "/usr/share/fonts"},
		{"poppler-utils", "poppler-utils", "poppler", "pdftotext"}, // what is on printed pages
	}
	// nodePackages run the second opinions that npm has.
	nodePackages = []pkg{
		{"nodejs", "nodejs", "nodejs", "node"},
		{"npm", "nodejs-npm", "npm", "npm"},
	}
	// windowsPackages build what is installed on Windows, and are a Windows to
	// try it on.
	windowsPackages = []pkg{
		{"gcc-mingw-w64-x86-64", "mingw64-gcc", "mingw-w64-gcc", "x86_64-w64-mingw32-gcc"},
		{"binutils-mingw-w64-x86-64", "mingw64-binutils", "mingw-w64-binutils", "x86_64-w64-mingw32-windres"},
		// Mesa is built from its source.
		{"g++-mingw-w64-x86-64", "mingw64-gcc-c++", "mingw-w64-gcc", "x86_64-w64-mingw32-g++"},
		{"meson", "meson", "meson", "meson"},
		{"ninja-build", "ninja-build", "ninja", "ninja"},
		{"bison", "bison", "bison", "bison"},
		{"flex", "flex", "flex", "flex"},
		{"python3-mako", "python3-mako", "python-mako", "/usr/lib/python3/dist-packages/mako"},
		{"libegl-dev", "libglvnd-devel", "libglvnd", "/usr/include/EGL/egl.h"},
		{"wixl", "msitools", "msitools", "wixl"},
		{"msitools", "msitools", "msitools", "msiinfo"},
		{"faketime", "libfaketime", "libfaketime", "faketime"}, // wixl writes the time into what it builds
		{"osslsigncode", "osslsigncode", "osslsigncode", "osslsigncode"},
		{"openssl", "openssl", "openssl", "openssl"},
		{"icoutils", "icoutils", "icoutils", "wrestool"},
		{"wine", "wine-core", "wine", "wine"},
		{"wine64", "wine-core", "wine", "wineserver"},
		{"openbox", "openbox", "openbox", "openbox"},
		{"xclip", "xclip", "xclip", "xclip"},
	}
	// peerPackages are what bench measures the product beside.
	peerPackages = []pkg{
		{"libpam-google-authenticator", "google-authenticator", "libpam-google-authenticator", "google-authenticator"},
	}
)

// ensure makes the packages be there: it installs them where it knows how to
// and may, and says what is missing where not.
func ensure(ctx context.Context, packages []pkg) error {
	if runtime.GOOS != "linux" {
		return nil // a C compiler is all that it takes, and go says so itself
	}
	if _, err := exec.LookPath("dpkg-query"); err != nil {
		return ensureByProbe(packages)
	}
	missing, err := missingDebian(ctx, packages)
	if err != nil || len(missing) == 0 {
		return err
	}
	root, err := asRoot(ctx)
	if err != nil {
		return fmt.Errorf("missing packages, and no right to install them: run apt-get install %s", strings.Join(missing, " "))
	}
	say("installing %s", strings.Join(missing, " "))
	install := append(root, append([]string{"apt-get", "install", "-y", "-q", "--no-install-recommends"}, missing...)...)
	if err := apt(ctx, install); err == nil {
		return nil
	}
	// The lists may be missing, as in a fresh image, or older than the mirror.
	say("fetching the lists of packages and trying again")
	if err := apt(ctx, append(root, "apt-get", "update", "-q")); err != nil {
		return fmt.Errorf("updating the lists of packages: %w", err)
	}
	if err := apt(ctx, install); err != nil {
		return fmt.Errorf("installing packages: %w", err)
	}
	return nil
}

// missingDebian returns the names of those packages that are not installed.
func missingDebian(ctx context.Context, packages []pkg) ([]string, error) {
	args := []string{"-W", "-f", "${Package} ${db:Status-Status}\n"}
	for _, p := range packages {
		args = append(args, p.debian)
	}
	// Its status is 1 if it knows nothing of one of them, which is no fault.
	out, err := exec.CommandContext(ctx, "dpkg-query", args...).Output()
	if ctx.Err() != nil {
		return nil, fmt.Errorf("asking for packages: %w", err)
	}
	installed := strings.Split(string(out), "\n")
	var missing []string
	for _, p := range packages {
		if !slices.Contains(installed, p.debian+" installed") {
			missing = append(missing, p.debian)
		}
	}
	return missing, nil
}

// asRoot returns what to put before a command to run it as root without asking
// for a password.
func asRoot(ctx context.Context) ([]string, error) {
	if os.Geteuid() == 0 {
		return []string{"env", "DEBIAN_FRONTEND=noninteractive"}, nil
	}
	if err := exec.CommandContext(ctx, "sudo", "-n", "true").Run(); err != nil {
		return nil, err
	}
	return []string{"sudo", "-n", "env", "DEBIAN_FRONTEND=noninteractive"}, nil
}

// apt runs apt-get; what it says is only worth reading when it fails.
func apt(ctx context.Context, args []string) error {
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		fmt.Fprintf(os.Stderr, "%s\n", bytes.TrimSpace(out))
	}
	return err
}

// ensureByProbe says what seems to be missing on another system.
func ensureByProbe(packages []pkg) error {
	var fedora, arch []string
	for _, p := range packages {
		if there(p.probe) {
			continue
		}
		fedora, arch = append(fedora, p.fedora), append(arch, p.arch)
	}
	if len(fedora) == 0 {
		return nil
	}
	return fmt.Errorf("missing packages, and dev only installs Debian's; on Fedora they are likely called %s, on Arch %s",
		strings.Join(fedora, " "), strings.Join(arch, " "))
}

func there(probe string) bool {
	if filepath.IsAbs(probe) {
		_, err := os.Stat(probe)
		return err == nil
	}
	_, err := exec.LookPath(probe)
	return err == nil
}
