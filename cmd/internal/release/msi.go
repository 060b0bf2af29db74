package release

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/xml"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"text/template"

	"github.com/google/uuid"

	"evry.nl/tfa/assets/packaging"
)

// product is the space of the names that product and package codes are made of.
var product = uuid.MustParse("a2c6bce8-d328-4fd5-afdd-942d8a5edcce")

// MSI packs a folder, filled as it is to be installed, into a package for Windows.
// The same contents give the same bytes. It runs wixl, msibuild and faketime.
func MSI(ctx context.Context, folder, file string, v Version) error {
	file, err := filepath.Abs(file)
	if err != nil {
		return fmt.Errorf("building %s: %w", filepath.Base(file), err)
	}
	temporary, err := os.MkdirTemp("", "tfa-msi-")
	if err != nil {
		return fmt.Errorf("building %s: %w", filepath.Base(file), err)
	}
	defer os.RemoveAll(temporary)
	p := msi{version: v, folder: temporary}
	if err := p.build(ctx, folder, file); err != nil {
		return fmt.Errorf("building %s: %w", filepath.Base(file), err)
	}
	return nil
}

// msi is a package that is being built, in a folder of its own.
type msi struct {
	version Version
	folder  string
}

// contents is where the files stand while wixl packs them, below the folder.
const contents = "contents"

func (p msi) build(ctx context.Context, folder, file string) error {
	if err := os.CopyFS(filepath.Join(p.folder, contents), os.DirFS(folder)); err != nil {
		return err
	}
	top, err := p.read("")
	if err != nil {
		return err
	}
	sum, err := p.sum(top)
	if err != nil {
		return err
	}
	source, err := p.source(ctx, top, sum)
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(p.folder, "tfa.wxs"), source, 0o600); err != nil {
		return err
	}
	if err := p.run(ctx, "wixl", "--arch", "x64", "--output", "tfa.msi", "tfa.wxs"); err != nil {
		return err
	}
	packageCode := bracedUpper(uuid.NewSHA1(product, append([]byte("package "), sum...)))
	args := slices.Concat([]string{"tfa.msi"}, amendments(), // -s last: it swallows what comes next
		[]string{"-s", "Two Factor RDP " + p.version.Program, "Evry", "x64;1043", packageCode})
	if err := p.run(ctx, "msibuild", args...); err != nil {
		return err
	}
	return moveFile(filepath.Join(p.folder, "tfa.msi"), file)
}

// amendments say to msibuild what wixl has no words for.
func amendments() []string {
	const rollback, inScript, noImpersonate, goOn, programFile = 0x100, 0x400, 0x800, 0x40, 18
	var args []string
	for _, action := range []string{"UndoInstallGate", "UndoRemoveGate"} {
		args = append(args, "-q", fmt.Sprintf("UPDATE `CustomAction` SET `Type` = %d WHERE `Action` = '%s'",
			rollback|inScript|noImpersonate|goOn|programFile, action))
	}
	return append(args,
		// With a window, the part that has the rights takes from the command line only what stands here.
		"-q", "UPDATE `Property` SET `Value` = 'NEWERFOUND;OTHERFOUND;GATE;GATEINPLACE;SERVICESTART' WHERE `Property` = 'SecureCustomProperties'",
		// What tfa-admin check said goes with the programs.
		"-q", "INSERT INTO `RemoveFile` (`FileKey`, `Component_`, `FileName`, `DirProperty`, `InstallMode`) VALUES ('CheckResult', 'Registry', 'check.txt', 'InstallFolder', 2)",
	)
}

// run runs a tool in the folder at the time of the version: wixl writes the time
// into the package. Files keep their own, which is the same.
func (p msi) run(ctx context.Context, name string, args ...string) error {
	at := p.version.Time.UTC().Format("2006-01-02 15:04:05")
	cmd := exec.CommandContext(ctx, "faketime", append([]string{"-f", at, name}, args...)...)
	cmd.Dir = p.folder
	cmd.Env = append(os.Environ(), "TZ=UTC", "LC_ALL=C.UTF-8", "NO_FAKE_STAT=1")
	out, err := cmd.CombinedOutput()
	// wixl says what it does not understand, and goes on without.
	if err == nil && len(bytes.TrimSpace(out)) > 0 {
		err = fmt.Errorf("it says something")
	}
	if err != nil {
		return fmt.Errorf("running %s: %w: %s", name, err, bytes.TrimSpace(out))
	}
	return nil
}

// folderOf is a folder as it is installed.
type folderOf struct {
	ID, Name string
	Files    []fileOf
	Folders  []folderOf
}

// fileOf is a file as it is installed.
type fileOf struct{ ID, Component, Name, Source string }

// notInIdentifiers is what may not stand in the names of things in a package.
var notInIdentifiers = regexp.MustCompile(`[^A-Za-z0-9_.]`)

// read reads a folder below the contents, and gives all in it the time of the
// version.
func (p msi) read(path string) (folderOf, error) {
	here := filepath.Join(p.folder, contents, path)
	f := folderOf{ID: identifier("d", path), Name: filepath.Base(path)}
	entries, err := os.ReadDir(here) // by name
	if err != nil {
		return f, err
	}
	for _, entry := range entries {
		below := filepath.Join(path, entry.Name())
		if entry.IsDir() {
			inner, err := p.read(below)
			if err != nil {
				return f, err
			}
			f.Folders = append(f.Folders, inner)
			continue
		}
		if err := os.Chtimes(filepath.Join(p.folder, contents, below), p.version.Time, p.version.Time); err != nil {
			return f, err
		}
		f.Files = append(f.Files, fileOf{identifier("f", below), identifier("c", below), entry.Name(), filepath.Join(contents, below)})
	}
	return f, nil
}

func identifier(kind, path string) string {
	return kind + "_" + notInIdentifiers.ReplaceAllString(path, "_")
}

// files returns all files in and below a folder.
func (f folderOf) files() []fileOf {
	all := slices.Clone(f.Files)
	for _, inner := range f.Folders {
		all = append(all, inner.files()...)
	}
	return all
}

// sum is what the codes of the package are made of: all that makes two packages
// differ.
func (p msi) sum(top folderOf) ([]byte, error) {
	sum := sha256.New()
	fmt.Fprintf(sum, "%q %q %d\n%s", p.version.Program, p.version.Windows, p.version.Time.Unix(), packaging.WindowsInstaller)
	for _, f := range top.files() {
		file, err := os.Open(filepath.Join(p.folder, f.Source))
		if err != nil {
			return nil, err
		}
		content := sha256.New()
		_, err = io.Copy(content, file)
		file.Close()
		if err != nil {
			return nil, err
		}
		fmt.Fprintf(sum, "%q %x\n", f.Source, content.Sum(nil))
	}
	return sum.Sum(nil), nil
}

// source fills the template.
func (p msi) source(ctx context.Context, top folderOf, sum []byte) ([]byte, error) {
	t, err := template.New("tfa.wxs").Funcs(template.FuncMap{"xml": escaped}).Parse(packaging.WindowsInstaller)
	if err != nil {
		return nil, err
	}
	data := struct {
		Version                          Version
		ThreeNumbers, ProductCode, Admin string
		Icon                             string
		Folder                           folderOf
		Components                       []string
	}{Version: p.version, Folder: top, ProductCode: bracedUpper(uuid.NewSHA1(product, append([]byte("product "), sum...)))}
	data.ThreeNumbers = p.version.Windows[:strings.LastIndexByte(p.version.Windows, '.')]
	seen := map[string]bool{}
	for _, f := range top.files() {
		if seen[f.ID] {
			return nil, fmt.Errorf("two files would be called %s", f.ID)
		}
		seen[f.ID] = true
		data.Components = append(data.Components, f.Component)
	}
	for _, needed := range []string{"beheertool.exe", "tfa-logon.exe", "tfa-admin.exe", "tfa-service.exe", "logon.cmd"} {
		if !seen[identifier("f", needed)] {
			return nil, fmt.Errorf("the folder has no %s", needed)
		}
	}
	data.Admin = identifier("f", "tfa-admin.exe")
	if data.Icon, err = p.icon(ctx); err != nil {
		return nil, err
	}
	var filled bytes.Buffer
	if err := t.Execute(&filled, data); err != nil {
		return nil, err
	}
	return filled.Bytes(), nil
}

// icon takes the icon out of the tool, for the list of programs. Shortcuts have
// that of the program anyway.
func (p msi) icon(ctx context.Context) (string, error) {
	const name = "tfa.ico"
	tool := filepath.Join(contents, "beheertool.exe")
	cmd := exec.CommandContext(ctx, "wrestool", "--extract", "--type=group_icon", "--output="+name, tool)
	cmd.Dir = p.folder
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("taking the icon out of the tool: %w: %s", err, bytes.TrimSpace(out))
	}
	if _, err := os.Stat(filepath.Join(p.folder, name)); err != nil {
		return "", fmt.Errorf("the tool has no icon: %w", err)
	}
	return name, nil
}

func escaped(text string) (string, error) {
	var b strings.Builder
	err := xml.EscapeText(&b, []byte(text))
	return b.String(), err
}

// bracedUpper writes an identifier as Windows Installer does.
func bracedUpper(id uuid.UUID) string { return "{" + strings.ToUpper(id.String()) + "}" }

// moveFile moves a file to another disk too.
func moveFile(from, to string) error {
	content, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	return os.WriteFile(to, content, 0o644)
}
