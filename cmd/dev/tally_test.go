package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// tallied are test files, and what must be said of them.
var tallied = map[string]struct {
	source         string
	passed, failed int
	skipped        []string
	printed        []string
	notPrinted     string
}{
	"all_pass": {
		"func TestA(t *testing.T) { t.Log(`quiet`) }\nfunc TestB(t *testing.T) {}", 2, 0, nil, []string{"ok  \tx"}, "quiet",
	},
	"parts_count_instead_of_the_whole": {
		"func TestA(t *testing.T) { t.Run(`p`, func(t *testing.T) {}); t.Run(`q`, func(t *testing.T) {}) }", 2, 0, nil, nil, "---",
	},
	"a_failed_part_is_one_failure": {
		"func TestA(t *testing.T) { t.Run(`p`, func(t *testing.T) { t.Error(`why`) }); t.Run(`q`, func(t *testing.T) {}) }",
		1, 1, nil, []string{"--- FAIL: TestA/p", "why", "FAIL\tx"}, "=== RUN",
	},
	"a_whole_fails_beside_its_parts": {
		"func TestA(t *testing.T) { t.Run(`p`, func(t *testing.T) {}); t.Error(`why`) }", 1, 1, nil, []string{"why"}, "=== RUN",
	},
	"a_skipped_test_is_a_failure": {
		"func TestA(t *testing.T) { t.Skip(`no network`) }\nfunc TestB(t *testing.T) {}", 1, 1, []string{"x TestA"}, []string{"no network"}, "=== RUN",
	},
	"a_skipped_part_is_a_failure": {
		"func TestA(t *testing.T) { t.Run(`p`, func(t *testing.T) { t.SkipNow() }) }", 0, 1, []string{"x TestA/p"}, nil, "=== RUN",
	},
	"a_crash_is_a_failure": {
		"func TestA(t *testing.T) {}\nfunc TestB(t *testing.T) { panic(`boom`) }", 1, 1, nil, []string{"boom"}, "=== RUN",
	},
	"an_exit_is_a_failure": {
		"func TestA(t *testing.T) { println(`going`); os.Exit(3) }", 0, 1, nil, []string{"going"}, "=== RUN",
	},
	"an_exit_that_says_all_is_well_is_one_too": {
		"func TestA(t *testing.T) { os.Exit(0) }", 0, 1, nil, nil, "=== RUN",
	},
	"what_does_not_build_is_a_failure": {
		"func TestA(t *testing.T) { undefined() }", 0, 1, nil, []string{"undefined: undefined", "[build failed]"}, "=== RUN",
	},
	"what_does_not_parse_is_a_failure": {
		"func TestA(", 0, 1, nil, []string{"setup failed"}, "=== RUN",
	},
	"no_tests_are_no_failure": {"var _ testing.TB", 0, 0, nil, []string{"no tests to run"}, "=== RUN"},
	"a_TestMain_that_fails_is_a_failure": {
		"func TestA(t *testing.T) {}\nfunc TestMain(m *testing.M) { m.Run(); os.Exit(1) }", 1, 1, nil, []string{"FAIL\tx"}, "=== RUN",
	},
}

// The real go test says what happened in these packages.
func TestTallyOfRealTests(t *testing.T) {
	const head = "package x\nimport (\"testing\"; \"os\")\nvar _ = os.Exit\n"
	for name, test := range tallied {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			folder := t.TempDir()
			for file, text := range map[string]string{"go.mod": "module x\ngo 1.26\n", "x_test.go": head + test.source + "\n"} {
				if err := os.WriteFile(filepath.Join(folder, file), []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			cmd := exec.CommandContext(t.Context(), "go", "test", "-json", "./...")
			cmd.Dir = folder
			out, _ := cmd.Output() // what its status says must be counted
			var count tally
			var printed strings.Builder
			if err := count.read(strings.NewReader(string(out)), &printed); err != nil {
				t.Fatal(err)
			}
			if count.passed != test.passed || count.failed != test.failed || !slices.Equal(count.skipped, test.skipped) {
				t.Errorf("counted %+v, want %d passed, %d failed, skipped %q\n%s", count, test.passed, test.failed, test.skipped, out)
			}
			for _, want := range test.printed {
				if !strings.Contains(printed.String(), want) {
					t.Errorf("%q is not in\n%s", want, printed.String())
				}
			}
			if test.notPrinted != "" && strings.Contains(printed.String(), test.notPrinted) {
				t.Errorf("%q is in\n%s", test.notPrinted, printed.String())
			}
		})
	}
}

// A go test that is killed ends in the middle.
func TestTallyOfATornStream(t *testing.T) {
	const begun = `{"Action":"start","Package":"x"}
{"Action":"run","Package":"x","Test":"TestA"}
{"Action":"output","Package":"x","Test":"TestA","Output":"half way\n"}
`
	var count tally
	var printed strings.Builder
	if err := count.read(strings.NewReader(begun), &printed); err != nil || count.failed != 1 || !strings.Contains(printed.String(), "half way") {
		t.Errorf("counted %+v, %v, printed %q", count, err, printed.String())
	}
	if err := new(tally).read(strings.NewReader(begun+`{"Act`), &printed); err == nil {
		t.Error("half a line is no error")
	}
	if err := new(tally).read(strings.NewReader("no JSON"), &printed); err == nil {
		t.Error("what is no JSON is no error")
	}
}
