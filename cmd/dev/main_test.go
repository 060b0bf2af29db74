package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestMistakesOnTheCommandLine(t *testing.T) {
	t.Chdir("../..")
	for name, args := range map[string][]string{
		"no_verb":                 nil,
		"unknown_verb":            {"deploy"},
		"demo_with_an_argument":   {"demo", "now"},
		"check_with_an_argument":  {"check", "./..."},
		"bench_with_an_argument":  {"bench", "Logon"},
		"shots_without_a_folder":  {"shots"},
		"shots_with_two_folders":  {"shots", "a", "b"},
		"pictures_of_one_screen":  {"pictures", "code"},
		"manual_without_a_folder": {"manual"},
		"test_with_a_loose_value": {"test", "-run", "TestA"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := run(t.Context(), args); got != 2 {
				t.Errorf("status %d, want 2", got)
			}
		})
	}
	t.Chdir(t.TempDir())
	if got := run(t.Context(), []string{"check"}); got != 2 {
		t.Errorf("outside of the repository: status %d, want 2", got)
	}
}

func TestSplit(t *testing.T) {
	withRace, plain := split([]string{"evry.nl/tfa/core", "evry.nl/tfa/core/otp", "evry.nl/tfa/cmd/dev", "evry.nl/tfa/storage/sqlite", "evry.nl/tfa/storagex"})
	if want := []string{"evry.nl/tfa/core", "evry.nl/tfa/core/otp", "evry.nl/tfa/storage/sqlite"}; !slices.Equal(withRace, want) {
		t.Errorf("with the race detector %q", withRace)
	}
	if want := []string{"evry.nl/tfa/cmd/dev", "evry.nl/tfa/storagex"}; !slices.Equal(plain, want) {
		t.Errorf("without %q", plain)
	}
}

// machine makes a machine on which only the given commands are there, each a
// shell script.
func machine(t *testing.T, scripts map[string]string) {
	t.Helper()
	folder := t.TempDir()
	for name, script := range scripts {
		if err := os.WriteFile(filepath.Join(folder, name), []byte("#!/bin/sh\n"+script+"\n"), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("PATH", folder)
}

func TestEnsure(t *testing.T) {
	log := filepath.Join(t.TempDir(), "log")
	const query = `echo "gcc installed"; echo "passwd not-installed"; exit 1` // it knows nothing of xclip
	packages := []pkg{{debian: "gcc"}, {debian: "passwd"}, {debian: "xclip"}}
	for name, test := range map[string]struct {
		scripts map[string]string
		want    string // commands that ran
		err     string
	}{
		"all_is_there":      {map[string]string{"dpkg-query": "echo gcc installed; echo passwd installed; echo xclip installed"}, "", ""},
		"what_lacks_is_got": {map[string]string{"dpkg-query": query, "apt-get": "echo $* >> " + log}, "install -y -q --no-install-recommends passwd xclip\n", ""},
		"old_lists_are_renewed": {
			map[string]string{"dpkg-query": query, "apt-get": "echo $* >> " + log + "; if [ $1 = update ]; then : > " + log + ".new; else [ -e " + log + ".new ]; fi"},
			"install -y -q --no-install-recommends passwd xclip\nupdate -q\ninstall -y -q --no-install-recommends passwd xclip\n", "",
		},
		"no_network": {map[string]string{"dpkg-query": query, "apt-get": "exit 100"}, "", "updating the lists of packages"},
	} {
		t.Run(name, func(t *testing.T) {
			os.Remove(log)
			test.scripts["env"] = `shift; exec "$@"`
			test.scripts["sudo"] = `shift; "$@"` // who is not root may run it
			machine(t, test.scripts)
			err := ensure(t.Context(), packages)
			if (err == nil) != (test.err == "") || err != nil && !strings.Contains(err.Error(), test.err) {
				t.Errorf("got %v", err)
			}
			got, _ := os.ReadFile(log) // there is none if nothing ran
			if string(got) != test.want {
				t.Errorf("ran %q, want %q", got, test.want)
			}
		})
	}
}

func TestEnsureElsewhere(t *testing.T) {
	machine(t, map[string]string{"gcc": ""})
	err := ensure(t.Context(), []pkg{{"gcc", "gcc", "gcc", "gcc"}, {"xvfb", "xorg-x11-server-Xvfb", "xorg-server-xvfb", "Xvfb"}, {"libx", "libx-devel", "libx", "/no/such/file.h"}})
	if err == nil || !strings.Contains(err.Error(), "on Fedora they are likely called xorg-x11-server-Xvfb libx-devel, on Arch xorg-server-xvfb libx") {
		t.Errorf("got %v", err)
	}
	if err := ensure(t.Context(), []pkg{{"gcc", "gcc", "gcc", "gcc"}}); err != nil {
		t.Errorf("got %v", err)
	}
}

func TestOversize(t *testing.T) {
	folder := t.TempDir()
	long := "package x\n\nfunc f() {\n" + strings.Repeat("\t_ = 0\n", 59) + "}\n"
	wide := "package x\n\ntype wide interface {\n\ta()\n\tb()\n\tc()\n\td()\n\te()\n\tf()\n\tg()\n\th()\n}\n"
	for name, text := range map[string]string{
		"fits.go": strings.Replace(long, "\t_ = 0\n", "", 1) + strings.Repeat("\n", 338), "long.go": long, "wide.go": wide,
		"file.go": "package x\n" + strings.Repeat("\n", 400), "README": strings.Repeat("\n", 1000),
	} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	warnings, err := oversize(folder)
	if err != nil || len(warnings) != 3 {
		t.Fatalf("got %q, %v", warnings, err)
	}
	for i, want := range []string{"file.go: lines of the file: 401, at most 400", "long.go:3:1: lines of f: 61, at most 60", "wide.go:3:6: methods of wide: 8, at most 7"} {
		if !strings.HasSuffix(warnings[i], want) {
			t.Errorf("got %q, want %q", warnings[i], want)
		}
	}
}

func TestPackagesThatDraw(t *testing.T) {
	t.Chdir(t.TempDir())
	for name, text := range map[string]string{
		"ui/one/shots_test.go": "package one\n\nfunc TestShots(t *testing.T) {}\n", "ui/one/more_test.go": "package one\n\nfunc TestShots(t *testing.T) {}\n",
		"ui/two/two_test.go": "package two\n\n// TestShots is elsewhere.\nfunc TestShotsAreFew(t *testing.T) {}\n",
	} {
		if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if rooms, err := drawing("ui"); err != nil || !slices.Equal(rooms, []string{"./ui/one"}) {
		t.Errorf("got %q, %v", rooms, err)
	}
}
