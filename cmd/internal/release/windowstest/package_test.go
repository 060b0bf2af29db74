package windowstest

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"evry.nl/tfa/cmd/internal/release"
	"evry.nl/tfa/cmd/internal/story"
)

// version names a release of that number.
func version(number string) release.Version {
	return release.Version{Program: number, Windows: number + ".0", Time: time.Date(2026, 11, 24, 21, 47, 5, 0, time.UTC)}
}

// run runs a tool and returns what it said.
func run(t *testing.T, name string, args ...string) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), name, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
	return string(out)
}

// small makes a folder as it is installed, of programs that do nothing. One of
// them has the icon.
func small(t *testing.T) string {
	t.Helper()
	work, folder := t.TempDir(), t.TempDir()
	story.Must(t, os.WriteFile(filepath.Join(work, "main.c"), []byte("int main(void) { return 0; }\n"), 0o600))
	story.Must(t, os.WriteFile(filepath.Join(work, "app.rc"), []byte("1 ICON \"tfa.ico\"\n"), 0o600))
	story.Must(t, os.WriteFile(filepath.Join(work, "tfa.ico"), icon(t), 0o600))
	run(t, "x86_64-w64-mingw32-windres", "-I", work, "-O", "coff", filepath.Join(work, "app.rc"), filepath.Join(work, "app.o"))
	run(t, "x86_64-w64-mingw32-gcc", "-s", "-o", filepath.Join(folder, "beheertool.exe"), filepath.Join(work, "main.c"), filepath.Join(work, "app.o"))
	story.Must(t, os.Mkdir(filepath.Join(folder, "mesa"), 0o755))
	program, err := os.ReadFile(filepath.Join(folder, "beheertool.exe"))
	story.Must(t, err)
	for _, name := range []string{"tfa-logon.exe", "tfa-admin.exe", "tfa-service.exe", "mesa/opengl32.dll", "mesa/beheertool.exe"} {
		story.Must(t, os.WriteFile(filepath.Join(folder, name), program, 0o755))
	}
	story.Must(t, os.WriteFile(filepath.Join(folder, "logon.cmd"), []byte("exit\r\n"), 0o644))
	return folder
}

// icon returns an icon of one picture: that of the product, as it is.
func icon(t *testing.T) []byte {
	t.Helper()
	picture, err := os.ReadFile("../../../../assets/icons/tfa.png")
	story.Must(t, err)
	header := []byte{0, 0, 1, 0, 1, 0, 0, 0, 0, 0, 1, 0, 32, 0} // 256 by 256
	size := len(picture)
	header = append(header, byte(size), byte(size>>8), byte(size>>16), byte(size>>24), 22, 0, 0, 0)
	return append(header, picture...)
}

// build packs a folder.
func build(t *testing.T, folder string, v release.Version) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "tfa.msi")
	story.Must(t, release.MSI(t.Context(), folder, file, v))
	return file
}

var revision = regexp.MustCompile(`Revision number \(UUID\): (\{[0-9A-F-]{36}\})`)

// codes returns what Windows tells packages and products apart by.
func codes(t *testing.T, file string) (packageCode, productCode, upgradeCode string) {
	t.Helper()
	match := revision.FindStringSubmatch(run(t, "msiinfo", "suminfo", file))
	if match == nil {
		t.Fatal("no package code")
	}
	properties := map[string]string{}
	for line := range strings.Lines(run(t, "msiinfo", "export", file, "Property")) {
		name, value, _ := strings.Cut(strings.TrimRight(line, "\r\n"), "\t")
		properties[name] = value
	}
	return match[1], properties["ProductCode"], properties["UpgradeCode"]
}

// Two folders with the same files, at another time and elsewhere, give the same
// bytes.
func TestSameContentsGiveTheSameBytes(t *testing.T) {
	folder := small(t)
	first, err := os.ReadFile(build(t, folder, version("1.2.3")))
	story.Must(t, err)
	again := t.TempDir()
	story.Must(t, os.CopyFS(again, os.DirFS(folder)))
	story.Must(t, os.Chtimes(filepath.Join(again, "logon.cmd"), time.Unix(1, 0), time.Unix(1, 0)))
	t.Setenv("TZ", "Pacific/Auckland")
	t.Setenv("LC_ALL", "C")
	second, err := os.ReadFile(build(t, again, version("1.2.3")))
	story.Must(t, err)
	if string(first) != string(second) {
		t.Error("the packages differ")
	}
}

// Windows takes two packages of one code for the same, so a byte of difference
// gives another one; what all of them belong to stays.
func TestOtherContentsGiveOtherCodes(t *testing.T) {
	folder := small(t)
	packageCode, productCode, upgradeCode := codes(t, build(t, folder, version("1.2.3")))
	if packageCode == productCode {
		t.Error("package and product have one code")
	}
	changed := t.TempDir()
	story.Must(t, os.CopyFS(changed, os.DirFS(folder)))
	story.Must(t, os.WriteFile(filepath.Join(changed, "logon.cmd"), []byte("exit \r\n"), 0o644))
	for name, file := range map[string]string{
		"another version": build(t, folder, version("1.2.4")), "another file": build(t, changed, version("1.2.3")),
	} {
		t.Run(name, func(t *testing.T) {
			otherPackage, otherProduct, otherUpgrade := codes(t, file)
			if otherPackage == packageCode || otherProduct == productCode || otherUpgrade != upgradeCode || upgradeCode == "" {
				t.Errorf("codes %s %s %s and %s %s %s", packageCode, productCode, upgradeCode, otherPackage, otherProduct, otherUpgrade)
			}
		})
	}
}

// A folder in which something is missing is not packed.
func TestHalfAFolderIsNotPacked(t *testing.T) {
	for _, name := range []string{"beheertool.exe", "tfa-logon.exe", "tfa-admin.exe", "tfa-service.exe", "logon.cmd"} {
		t.Run(name, func(t *testing.T) {
			folder := small(t)
			story.Must(t, os.Remove(filepath.Join(folder, name)))
			err := release.MSI(t.Context(), folder, filepath.Join(t.TempDir(), "tfa.msi"), version("1.2.3"))
			if err == nil || !strings.Contains(err.Error(), name) {
				t.Errorf("got %v", err)
			}
		})
	}
}
