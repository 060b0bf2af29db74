package core

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// TestWhoMayImportWhom holds the arrows of the house. Of our own packages a room
// reaches only those named, however indirectly; nothing reaches cmd but cmd.
func TestWhoMayImportWhom(t *testing.T) {
	const module, fyne, sql = "evry.nl/tfa/", "fyne.io", "database/sql modernc.org"
	rooms := map[string]struct{ may, never string }{
		"core/otp":             {"", fyne + " " + sql},
		"core":                 {"core/otp", fyne + " " + sql},
		"storage":              {"storage core", fyne},
		"assets":               {"assets", fyne + " " + sql},
		"ui/present":           {"ui/present core assets", fyne + " " + sql},
		"ui":                   {"ui core assets", sql},
		"cmd":                  {"cmd/internal ui core storage assets", ""},
		"cmd/tfa-admin":        {"cmd/internal core storage assets", fyne},
		"cmd/dev":              {"cmd/internal/desktop cmd/internal/release assets", fyne},
		"cmd/tfa-web":          {"cmd/internal assets", fyne + " " + sql},
		"cmd/internal/desktop": {"", fyne + " " + sql},
		"cmd/internal/browser": {"", fyne + " " + sql},
	}
	out, err := exec.Command("go", "list", "-e", "-f", `{{.ImportPath}} {{join .Deps " "}}`, module+"...").Output()
	if err != nil || !strings.Contains(string(out), module+"core/otp") {
		t.Fatalf("go list: %v\n%s", err, out)
	}
	for line := range strings.Lines(string(out)) {
		deps := strings.Fields(line)
		self := strings.TrimPrefix(deps[0], module)
		room := self
		for rooms[room].may+rooms[room].never == "" && strings.Contains(room, "/") {
			room = room[:strings.LastIndex(room, "/")]
		}
		rule, ok := rooms[room]
		if !ok {
			t.Errorf("%s is in no room of the house", self)
		}
		in := func(list, path string) bool {
			return slices.ContainsFunc(strings.Fields(list), func(room string) bool { return path == room || strings.HasPrefix(path, room+"/") })
		}
		for _, dep := range deps[1:] {
			ours, isOurs := strings.CutPrefix(dep, module)
			if isOurs && !in(rule.may, ours) || !isOurs && in(rule.never, dep) {
				t.Errorf("%s must not reach %s", self, dep)
			}
		}
	}
}

// What the domain itself imports of others is the standard library, and one
// module in one package.
func TestDomainStandsOnTheStandardLibrary(t *testing.T) {
	out, err := exec.Command("go", "list", "-f", `{{join .Imports "\n"}}`, "evry.nl/tfa/core", "evry.nl/tfa/core/otp").Output()
	if err != nil {
		t.Fatal(err)
	}
	for path := range strings.FieldsSeq(string(out)) {
		if strings.Contains(path, ".") && path != "evry.nl/tfa/core/otp" && !strings.HasPrefix(path, "github.com/pquerna/otp") {
			t.Errorf("the domain imports %s", path)
		}
	}
}
