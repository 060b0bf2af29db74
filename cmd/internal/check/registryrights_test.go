package check

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"evry.nl/tfa/storage/acl"
)

// loose is a list that lets everybody write.
func loose() acl.List {
	l := acl.Parent()
	l.Entries = append(l.Entries, acl.Entry{Mask: 0x02, SID: acl.Users})
	return l
}

// strangers is a list of somebody else.
func strangers() acl.List {
	l := acl.Parent()
	l.Owner = "S-1-5-21-1-2-3-1104"
	return l
}

func rightsHoles() map[string]windowsHole {
	const folder = `C:\Program Files\TFA`
	lists := func(path string, list acl.List) func(*recorded) {
		return func(r *recorded) { r.lists = map[string]acl.List{path: list} }
	}
	lacks := func(names ...string) func(*recorded) {
		return func(r *recorded) {
			for _, name := range names {
				r.missing = append(r.missing, folder+`\`+name)
			}
		}
	}
	return map[string]windowsHole{
		"programs_can_be_added":   {"win-programs", Hole, acl.Users + ` can write in ` + folder, lists(folder, loose())},
		"mesa_can_be_added_to":    {"win-programs", Hole, acl.Users + ` can write in ` + folder + `\mesa`, lists(folder+`\mesa`, loose())},
		"programs_are_somebodys":  {"win-programs", Hole, folder + ` belongs to S-1-5-21-1-2-3-1104`, lists(folder, strangers())},
		"library_can_be_replaced": {"win-programs", Hole, `libEGL.dll: others than the owner may write`, func(r *recorded) { r.unguarded = []string{folder + `\libEGL.dll`} }},
		"gate_is_missing":         {"win-programs", Hole, `there is no ` + folder + `\tfa-logon.exe`, lacks("tfa-logon.exe")},
		"wrapper_is_missing":      {"win-programs", Hole, `there is no ` + folder + `\logon.cmd`, lacks("logon.cmd")},
		"some_are_not_installed":  {"win-programs", OK, "", lacks("tfa-web.exe", "mesa", `mesa\opengl32.dll`)},
		"programs_can_not_be_seen": {"win-programs", Hole, "access is denied", func(r *recorded) {
			r.broken = errors.New("access is denied")
		}},
		"program_is_not_signed": {"win-signatures", Warning, `beheertool.exe: no signature`, func(r *recorded) { r.unsigned = []string{folder + `\beheertool.exe`} }},
		"source_is_unknown":     {"win-event-source", Warning, "knows no source TFA", unsets(eventSourceKey, "EventMessageFile")},
	}
}

// findingOf returns the finding of one check, with what a test set in the
// configuration.
func findingOf(t *testing.T, id, text string, plant func(w *Windows, r *recorded)) (Finding, recorded) {
	t.Helper()
	w := closedWindows(t)
	r := w.Registry.(recorded)
	if text != "" {
		if err := os.WriteFile(w.File, []byte(text+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	plant(w, &r)
	w.Registry, w.Files = r, r
	findings := Run(context.Background(), w.Checks())
	return findings[slices.IndexFunc(findings, func(f Finding) bool { return f.ID == id })], r
}

func wantFinding(t *testing.T, f Finding, state State, says string) {
	t.Helper()
	if f.State != state || !strings.Contains(strings.Join(f.Found, "\n"), says) {
		t.Errorf("%s is %s: %q, want %s and %q", f.ID, f.State, f.Found, state, says)
	}
}

// wantFixed makes the changes that a finding offers, and holds what they reach.
func wantFixed(t *testing.T, f Finding, r recorded, want ...string) {
	t.Helper()
	for _, fix := range f.Fixes {
		if err := fix.Do(); err != nil {
			t.Error(err)
		}
	}
	if !slices.Equal(*r.closed, want) {
		t.Errorf("the fixes change %q, want %q", *r.closed, want)
	}
}

func TestFoldersAboveThePractices(t *testing.T) {
	for name, test := range map[string]struct {
		list  acl.List
		state State
		says  string
		fixed bool
	}{
		"closed":      {acl.Parent(), OK, "", false},
		"loose":       {loose(), Hole, acl.Users + " can write in", true},
		"somebodys":   {strangers(), Hole, "belongs to S-1-5-21-1-2-3-1104", false},
		"not_at_all":  {acl.List{Owner: acl.System, Open: true}, Hole, acl.Everyone + " can write in", true},
		"both_wrongs": {func() acl.List { l := loose(); l.Owner = strangers().Owner; return l }(), Hole, "belongs to", false},
	} {
		t.Run(name, func(t *testing.T) {
			var folder string
			f, r := findingOf(t, "win-folders", "", func(w *Windows, r *recorded) {
				folder = filepath.Dir(w.File)
				r.lists = map[string]acl.List{folder: test.list}
			})
			wantFinding(t, f, test.state, test.says)
			var want []string
			if test.fixed {
				want = []string{folder}
			}
			wantFixed(t, f, r, want...)
		})
	}
}

func TestWhatAPracticeHas(t *testing.T) {
	for name, test := range map[string]struct {
		check string
		state State
		says  string
		plant func(folder string, r *recorded)
		fixed []string
	}{
		"closed": {"win-store-rights", OK, "", func(string, *recorded) {}, nil},
		"store_for_all": {"win-store-rights", Hole, "tfa.db is not for whom it should be (is: owned by S-1-5-32-544, open to S-1-5-32-544, S-1-5-18, S-1-5-32-545)", func(folder string, r *recorded) {
			r.foreign = []string{folder + "/EV-0000/tfa.db"}
		}, []string{"EV-0000"}},
		"rights_can_not_be_seen": {"win-store-rights", Hole, "belongs to somebody", func(_ string, r *recorded) { r.broken = errors.New("it belongs to somebody") }, nil},
		"key_is_protected":       {"win-key-protection", OK, "", func(string, *recorded) {}, nil},
		"key_is_plain":           {"win-key-protection", Warning, "tfa.key opens on any machine", func(_ string, r *recorded) { r.plain = true }, nil},
		"key_can_not_be_seen":    {"win-key-protection", Unknown, "no key", func(_ string, r *recorded) { r.broken = errors.New("no key") }, nil},
	} {
		t.Run(name, func(t *testing.T) {
			text := plantStore(t, true)
			_, rest, _ := strings.Cut(text, "sqlite://")
			folder, _, _ := strings.Cut(rest, "/{practice}")
			f, r := findingOf(t, test.check, text, func(_ *Windows, r *recorded) { test.plant(folder, r) })
			wantFinding(t, f, test.state, test.says)
			wantFixed(t, f, r, test.fixed...)
		})
	}
}

func TestTheServiceAsWindowsKnowsIt(t *testing.T) {
	const named = "service = '/run/tfa.sock'"
	installed := func(r *recorded) {
		r.set(ourService, "Start", "2")
		r.set(ourService, "ImagePath", `"C:\Program Files\TFA\tfa-service.exe" --log-level INFO`)
		r.set(ourService, "ObjectName", "LocalSystem")
		r.set(ourService, "FailureActions", "80510100")
		r.set(ourService, "FailureActionsOnNonCrashFailures", "1")
	}
	for name, test := range map[string]struct {
		text  string
		state State
		says  string
		plant func(*recorded)
	}{
		"not_used":                {"", NotApplicable, "service is not set", func(*recorded) {}},
		"installed":               {named, OK, "", installed},
		"installed_and_not_named": {"", Warning, "tfa.toml does not name it", installed},
		"not_installed":           {named, Hole, "is not installed", func(*recorded) {}},
		"started_by_hand":         {named, Hole, "Start is 3", func(r *recorded) { installed(r); r.set(ourService, "Start", "3") }},
		"another_program":         {named, Hole, "tfa-service is not C:", func(r *recorded) { installed(r); r.set(ourService, "ImagePath", `C:\x.exe`) }},
		"path_without_quotes": {named, OK, "", func(r *recorded) {
			installed(r)
			r.set(ourService, "ImagePath", `C:\Program Files\TFA\tfa-service.exe`)
		}},
		"no_program":               {named, Hole, "tfa-service is not C:", func(r *recorded) { installed(r); unsets(ourService, "ImagePath")(r) }},
		"another_account":          {named, Hole, "not as LocalSystem", func(r *recorded) { installed(r); r.set(ourService, "ObjectName", `.\jan`) }},
		"no_start_after_a_fault":   {named, Warning, "again after every fault", func(r *recorded) { installed(r); unsets(ourService, "FailureActions")(r) }},
		"only_after_a_crash":       {named, Warning, "again after every fault", func(r *recorded) { installed(r); r.set(ourService, "FailureActionsOnNonCrashFailures", "0") }},
		"configuration_is_broken":  {"x = 1", Unknown, "can't be read", installed},
		"registry_can_not_be_read": {named, Hole, "access is denied", func(r *recorded) { r.broken = errors.New("access is denied") }},
	} {
		t.Run(name, func(t *testing.T) {
			f, _ := findingOf(t, "win-service", test.text, func(_ *Windows, r *recorded) { test.plant(r) })
			wantFinding(t, f, test.state, test.says)
		})
	}
}

// What others can write is closed by --fix, and what they have written stays for
// a person to read.
func TestAConfigurationThatOthersCanWriteIsClosed(t *testing.T) {
	f, r := findingOf(t, "config", "", func(w *Windows, _ *recorded) {
		if err := os.Chmod(w.File, 0o666); err != nil {
			t.Fatal(err)
		}
	})
	wantFinding(t, f, Hole, "")
	if len(f.Fixes) != 1 || !strings.Contains(f.Fixes[0].Step, "see that nothing in it was changed") {
		t.Errorf("the fixes are %v", f.Fixes)
	}
	if err := f.Fixes[0].Do(); err != nil || len(*r.closed) != 1 || filepath.Base((*r.closed)[0]) != "tfa.toml" {
		t.Errorf("closed %q, %v", *r.closed, err)
	}
}
