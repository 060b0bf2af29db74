package windowstest

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"evry.nl/tfa/cmd/internal/story"
	"evry.nl/tfa/cmd/internal/wine"
)

const (
	installed = `C:\Program Files\TFA`
	winlogon  = `HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion\Winlogon`
	service   = `HKLM\SYSTEM\CurrentControlSet\Services\tfa-service`
	programs  = `HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Uninstall`
	shortcut  = "Two Factor RDP beheertool.lnk"
)

// server is a machine with packages on it.
type server struct{ *wine.Machine }

// recorded makes a folder with the recording tfa-admin in it.
func recorded(t *testing.T) string {
	t.Helper()
	folder := small(t)
	run(t, "x86_64-w64-mingw32-gcc", "-s", "-o", filepath.Join(folder, "tfa-admin.exe"), "testdata/tfa-admin.c", "-ladvapi32")
	return folder
}

// put copies a package to the machine.
func (s server) put(name, file string) {
	s.T.Helper()
	content, err := os.ReadFile(file)
	story.Must(s.T, err)
	s.Write(`C:\`+name, string(content))
}

// msiexec runs the installer without a window, and holds whether it succeeds.
func (s server) msiexec(succeeds bool, args ...string) {
	s.T.Helper()
	if _, status := s.Run("msiexec", append(args, "/qn", "/l*v", `C:\msi.log`)...); (status == 0) != succeeds {
		s.T.Fatalf("msiexec %s: status %d", strings.Join(args, " "), status)
	}
}

// acts returns what was asked of tfa-admin since the last time.
func (s server) acts() string {
	s.T.Helper()
	file := s.File(`C:\acts`)
	content, err := os.ReadFile(file)
	if err != nil && !os.IsNotExist(err) {
		s.T.Fatal(err)
	}
	os.Remove(file)
	return strings.Join(strings.Fields(strings.ReplaceAll(string(content), " ", "-")), " ")
}

// did holds what was asked of tfa-admin since the last time.
func (s server) did(want string) {
	s.T.Helper()
	if got := s.acts(); got != want {
		s.T.Errorf("tfa-admin was asked for %q, want %q", got, want)
	}
}

func (s server) hasGate() bool {
	s.T.Helper()
	return strings.Contains(s.RegistryValue(winlogon, "Userinit"), installed)
}

// files lists what is on the disk, but for what Windows itself keeps there for a
// while.
func (s server) files() []string {
	s.T.Helper()
	var all []string
	top := s.File(`C:\`)
	story.Must(s.T, filepath.WalkDir(top, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(top, path)
		switch {
		case strings.EqualFold(entry.Name(), "temp"):
			return fs.SkipDir
		case name != "msi.log":
			all = append(all, name)
		}
		return err
	}))
	return all
}

// registry returns the keys and values that a package may change, but for what
// Windows keeps of packages that were there, and what Wine writes down of the
// network when a service of its own has found it.
func (s server) registry() []string {
	s.T.Helper()
	var all []string
	isKept := false
	for _, key := range []string{`HKLM\SOFTWARE`, `HKLM\SYSTEM\CurrentControlSet\Services`} {
		for line := range strings.Lines(s.Registry(key)) {
			if strings.HasPrefix(line, "HKEY_") {
				isKept = strings.Contains(line, `\Installer`) || strings.Contains(line, `\NetworkCards`)
			}
			if !isKept {
				all = append(all, strings.TrimSpace(line))
			}
		}
	}
	return all
}

// shortcuts returns the folders that have one: the desktop, which Wine puts into
// the home of Linux, and the start menu.
func (s server) shortcuts() (found []string) {
	s.T.Helper()
	for _, top := range []string{s.Home(), s.File(`C:\`)} {
		story.Must(s.T, filepath.WalkDir(top, func(path string, entry fs.DirEntry, err error) error {
			if err == nil && entry.Name() == shortcut {
				found = append(found, filepath.Base(filepath.Dir(path)))
			}
			return err
		}))
	}
	return found
}

// The gate comes when it is asked for, stays over an upgrade and a repair, and
// goes before the files do. A removal leaves the host as it was.
func TestGateIsInstalledWhenAskedAndRemovedFirst(t *testing.T) {
	folder := recorded(t)
	s := server{wine.New(t)}
	s.put("one.msi", build(t, folder, version("1.2.3")))
	s.put("two.msi", build(t, folder, version("1.2.4")))
	s.likeWindows()
	files, registry := s.files(), s.registry()

	s.msiexec(true, "/i", `C:\one.msi`)
	s.did("check")
	if s.hasGate() {
		t.Error("there is a gate that nobody asked for")
	}
	if got := s.Read(installed + `\check.txt`); got != "2 holes\n" {
		t.Errorf("the result of the check is %q", got)
	}
	if got := s.shortcuts(); !slices.Equal(got, []string{filepath.Base(s.Home()), "Programs"}) {
		t.Errorf("shortcuts in %v", got)
	}
	if got := s.RegistryValue(service, "Start"); got != "0x4" {
		t.Errorf("the service starts by %q: it is not configured yet", got)
	}

	s.msiexec(true, "/i", `C:\one.msi`, "GATE=1")
	s.did("gate-install check")
	s.msiexec(true, "/i", `C:\two.msi`)
	// Wine does not tell the old package that it gives way to a new one, so there
	// the gate goes for a moment.
	s.did("gate-remove gate-install check")
	if !s.hasGate() {
		t.Error("the upgrade has taken the gate away")
	}
	story.Must(t, os.Remove(s.File(installed+`\logon.cmd`)))
	s.msiexec(true, "/i", `C:\two.msi`, "REINSTALL=ALL")
	s.did("gate-install check")
	if s.Read(installed+`\logon.cmd`) != "exit\n" {
		t.Error("the repair has not put back what was missing")
	}

	s.msiexec(true, "/x", `C:\two.msi`)
	s.did("gate-remove")
	if s.hasGate() {
		t.Error("the gate outlives its files: nobody would see a desktop")
	}
	if left := differences(files, s.files()); len(left) > 0 {
		t.Errorf("left on the disk: %q", left)
	}
	if left := differences(registry, s.registry()); len(left) > 0 {
		t.Errorf("left in the registry: %q", left)
	}
	if got := s.shortcuts(); len(got) > 0 {
		t.Errorf("shortcuts in %v", got)
	}
}

// likeWindows adds what Windows has and Wine does not.
func (s server) likeWindows() {
	s.T.Helper()
	s.Run("reg", "add", winlogon, "/v", "Userinit", "/d", `C:\windows\system32\userinit.exe,`, "/f")
	s.Run("reg", "add", `HKLM\SYSTEM\CurrentControlSet\Services\EventLog\Application\Another source`, "/f")
	story.Must(s.T, os.MkdirAll(s.File(`C:\windows\Installer`), 0o755))
}

// differences returns what only one of two lists has.
func differences(before, after []string) (all []string) {
	count := map[string]int{}
	for _, line := range before {
		count[line]--
	}
	for _, line := range after {
		count[line]++
	}
	for line, n := range count {
		if n != 0 {
			all = append(all, fmt.Sprintf("%+d %s", n, line))
		}
	}
	slices.Sort(all)
	return all
}

// A gate that can't be put in place takes the installation back; a gate that
// can't be taken away keeps its files.
func TestInstallationIsTakenBackWhenTheGateIsRefused(t *testing.T) {
	s := server{wine.New(t)}
	s.put("one.msi", build(t, recorded(t), version("1.2.3")))
	s.Write(`C:\refused`, "gate install")
	s.msiexec(false, "/i", `C:\one.msi`, "GATE=1")
	// Wine takes an installation back in the order in which it was made, so there
	// the program has gone before it could remove what it had begun.
	s.did("gate-install")
	if _, err := os.Stat(s.File(installed)); !os.IsNotExist(err) || s.hasGate() {
		t.Errorf("files: %v, gate: %v", err, s.hasGate())
	}

	s.Write(`C:\refused`, "")
	s.msiexec(true, "/i", `C:\one.msi`, "GATE=1")
	s.acts()
	s.Write(`C:\refused`, "gate remove")
	s.msiexec(false, "/x", `C:\one.msi`)
	if _, err := os.Stat(s.File(installed + `\logon.cmd`)); err != nil || !s.hasGate() {
		t.Errorf("files: %v, gate: %v", err, s.hasGate())
	}
}

// An older version does not take the place of a newer one, another build of the
// same version does, and there is never more than one.
func TestOnlyOlderVersionsAreRefused(t *testing.T) {
	folder := recorded(t)
	s := server{wine.New(t)}
	old := build(t, folder, version("1.2.3"))
	s.put("old.msi", old)
	s.put("new.msi", build(t, folder, version("1.2.4")))
	story.Must(t, os.WriteFile(filepath.Join(folder, "logon.cmd"), []byte("rem another build\r\n"), 0o644))
	s.put("build.msi", build(t, folder, version("1.2.4")))

	s.msiexec(true, "/i", `C:\new.msi`)
	s.msiexec(false, "/i", `C:\old.msi`)
	if !strings.Contains(run(t, "msiinfo", "export", old, "LaunchCondition"), "NOT NEWERFOUND\tEr staat al een nieuwere versie") {
		t.Error("who tries gets no sentence")
	}
	if s.Read(installed+`\logon.cmd`) != "exit\n" || !strings.Contains(s.Registry(programs), "1.2.4.0") {
		t.Error("the newer version has gone")
	}
	s.msiexec(true, "/i", `C:\build.msi`)
	if s.Read(installed+`\logon.cmd`) != "rem another build\n" {
		t.Error("the other build has not come")
	}
	if got := strings.Count(s.Registry(programs), "DisplayName "); got != 1 {
		t.Errorf("%d entries in the list of programs", got)
	}
}
