package release

import (
	"bytes"
	"context"
	_ "embed"
	"fmt"
	"image/png"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/tc-hib/winres"
	"github.com/tc-hib/winres/version"

	"evry.nl/tfa/assets/icons"
)

// windowsProgram is a program that is installed on Windows.
type windowsProgram struct {
	name string
	// about is what Windows shows of it.
	about string
	// hasWindow: it draws by OpenGL, is C underneath, and has no console.
	hasWindow bool
}

var windowsPrograms = []windowsProgram{
	{"beheertool", "Two Factor RDP beheertool", true},
	{"tfa-logon", "Two Factor RDP: vraagt bij het inloggen om de code", true},
	{"tfa-admin", "Two Factor RDP: opdrachten voor de helpdesk", false},
	{"tfa-service", "Two Factor RDP: dienst die over het inloggen beslist", false},
	{"tfa-web", "Two Factor RDP: webpagina's", false},
}

// twins is the folder of the programs that draw by Mesa, where package display
// looks for them.
const twins = "mesa"

// dutch is the language of what Windows shows of a program (MS-LCID).
const dutch = 0x0413

// iconSizes are those that Windows asks for, from a list to a desktop at 200 %.
var iconSizes = []int{256, 128, 64, 48, 32, 24, 16}

//go:embed windows/app.manifest
var appManifest []byte

// WindowsPrograms builds the programs for Windows from a clone of the repository
// into a folder, as it is installed. The same commit gives the same bytes. It
// takes mingw, meson, npm and the headers of EGL.
func WindowsPrograms(ctx context.Context, source, folder string, v Version) error {
	if err := fillWindows(ctx, source, folder, v); err != nil {
		return fmt.Errorf("building the programs for Windows: %w", err)
	}
	return nil
}

func fillWindows(ctx context.Context, source, folder string, v Version) error {
	angleFolder, others, err := angle(ctx)
	if err != nil {
		return err
	}
	mesaFolder, mesaItself, err := mesa(ctx)
	if err != nil {
		return err
	}
	headers, err := eglHeaders()
	if err != nil {
		return err
	}
	defer os.RemoveAll(headers)
	b := windowsBuild{source: source, folder: folder, headers: headers, angle: angleFolder, version: v}
	var programs []string
	for _, p := range windowsPrograms {
		files, err := b.build(ctx, p)
		if err != nil {
			return err
		}
		programs = append(programs, files...)
	}
	if err := b.copyAll(mesaFolder); err != nil {
		return err
	}
	linked, err := Linked(ctx, source, programs...)
	if err != nil {
		return err
	}
	linked = append(append(linked, others...), mesaItself)
	list, err := SBOM("tfa", v, linked)
	if err != nil {
		return err
	}
	for name, content := range map[string][]byte{"LICENCES.txt": Licences(linked), "SBOM.cdx.json": list} {
		if err := os.WriteFile(filepath.Join(folder, name), content, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// windowsBuild is a build of the programs.
type windowsBuild struct {
	source, folder string
	headers, angle string // for windows by ANGLE
	version        Version
}

// The tags of a release, and those that make Fyne draw by OpenGL ES, as ANGLE has
// it.
const (
	releaseTags = "migrated_fynedo,no_animations,release"
	angleTags   = releaseTags + ",gles,egl,gles2"
)

// build builds a program, and its twin that draws by Mesa if it has a window, and
// returns their files.
func (b windowsBuild) build(ctx context.Context, p windowsProgram) ([]string, error) {
	file := filepath.Join(b.folder, p.name+".exe")
	if !p.hasWindow {
		return []string{file}, b.compile(ctx, p, file, releaseTags, "CGO_ENABLED=0")
	}
	compiler := []string{"CGO_ENABLED=1", "CC=x86_64-w64-mingw32-gcc"}
	err := b.compile(ctx, p, file, angleTags, append(compiler, "CGO_CFLAGS=-O2 -I"+b.headers, "CGO_LDFLAGS=-L"+b.angle)...)
	if err != nil {
		return nil, err
	}
	twin := filepath.Join(b.folder, twins, p.name+".exe")
	return []string{file, twin}, b.compile(ctx, p, twin, releaseTags, append(compiler, "CGO_CFLAGS=-O2", "CGO_LDFLAGS=")...)
}

// compile builds one file, and puts into it what Windows shows of it.
func (b windowsBuild) compile(ctx context.Context, p windowsProgram, file, tags string, env ...string) error {
	work, err := os.MkdirTemp("", "tfa-windows-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	// No build ID: it would tell where the headers stood.
	flags := "-s -w -buildid="
	if p.hasWindow {
		flags += " -H=windowsgui"
	}
	bare := filepath.Join(work, p.name+".exe")
	_, err = output(ctx, b.source, append([]string{"GOOS=windows", "GOARCH=amd64", "GOFLAGS="}, env...),
		"go", "build", "-trimpath", "-buildvcs=true", "-tags="+tags, "-ldflags="+flags, "-o", bare, "./cmd/"+p.name)
	if err != nil {
		return err
	}
	return b.describe(p, bare, file)
}

// describe writes a program with its icon, manifest and version.
func (b windowsBuild) describe(p windowsProgram, bare, file string) error {
	resources, err := b.resources(p)
	if err != nil {
		return err
	}
	program, err := os.ReadFile(bare)
	if err != nil {
		return err
	}
	var described bytes.Buffer
	if err := resources.WriteToEXE(&described, bytes.NewReader(program), winres.ForceCheckSum()); err != nil {
		return fmt.Errorf("describing %s: %w", p.name, err)
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return err
	}
	return os.WriteFile(file, described.Bytes(), 0o755)
}

func (b windowsBuild) resources(p windowsProgram) (*winres.ResourceSet, error) {
	picture, err := png.Decode(bytes.NewReader(icons.App))
	if err != nil {
		return nil, err
	}
	icon, err := winres.NewIconFromResizedImage(picture, iconSizes)
	if err != nil {
		return nil, err
	}
	var set winres.ResourceSet
	if err := set.SetIcon(winres.ID(1), icon); err != nil {
		return nil, err
	}
	if err := set.Set(winres.RT_MANIFEST, winres.ID(1), winres.LCIDDefault, appManifest); err != nil {
		return nil, err
	}
	numbers, err := fourNumbers(b.version.Windows)
	if err != nil {
		return nil, err
	}
	info := version.Info{FileVersion: numbers, ProductVersion: numbers}
	for key, value := range map[string]string{
		version.CompanyName: "Evry", version.ProductName: "Two Factor RDP", version.FileDescription: p.about,
		version.FileVersion: b.version.Program, version.ProductVersion: b.version.Program,
		version.InternalName: p.name, version.OriginalFilename: p.name + ".exe",
		version.LegalCopyright: fmt.Sprintf("© %d Evry", b.version.Time.Year()),
	} {
		if err := info.Set(dutch, key, value); err != nil {
			return nil, err
		}
	}
	set.SetVersionInfo(info)
	return &set, nil
}

// fourNumbers reads a version as Windows has it.
func fourNumbers(text string) (numbers [4]uint16, err error) {
	parts := strings.Split(text, ".")
	if len(parts) != len(numbers) {
		return numbers, fmt.Errorf("%q is no version of Windows: it has four numbers", text)
	}
	for i, part := range parts {
		number, err := strconv.ParseUint(part, 10, 16)
		if err != nil {
			return numbers, fmt.Errorf("%q is no version of Windows: %w", text, err)
		}
		numbers[i] = uint16(number)
	}
	return numbers, nil
}

// copyAll copies what is installed beside the programs.
func (b windowsBuild) copyAll(mesaFolder string) error {
	packaged := filepath.Join(b.source, "assets/packaging/windows")
	files := map[string]string{
		"logon.cmd": filepath.Join(packaged, "logon.cmd"),
		"README.md": filepath.Join(packaged, "README.md"),
	}
	for name := range angleFiles {
		files[name] = filepath.Join(b.angle, name)
	}
	for _, name := range mesaFiles {
		files[filepath.Join(twins, name)] = filepath.Join(mesaFolder, name)
	}
	for name, from := range files {
		content, err := os.ReadFile(from)
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(b.folder, name), content, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// eglHeaders returns a folder with the headers of EGL and nothing else: beside
// them stand those of Linux, which mingw must not see.
func eglHeaders() (string, error) {
	folder, err := os.MkdirTemp("", "tfa-egl-")
	if err != nil {
		return "", err
	}
	for _, name := range []string{"EGL", "KHR"} {
		if err := os.CopyFS(filepath.Join(folder, name), os.DirFS(filepath.Join("/usr/include", name))); err != nil {
			os.RemoveAll(folder)
			return "", fmt.Errorf("taking the headers of EGL, of the Debian package libegl-dev: %w", err)
		}
	}
	return folder, nil
}
