package ui_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"evry.nl/tfa/assets/translations"
	"evry.nl/tfa/core"
)

// both returns the texts in both languages.
func both(t *testing.T) map[string]*translations.Texts {
	t.Helper()
	all := map[string]*translations.Texts{}
	for _, language := range translations.Languages() {
		texts, err := translations.For(language)
		if err != nil {
			t.Fatal(err)
		}
		all[language] = texts
	}
	return all
}

func TestLanguagesHaveTheSameKeysAndPlaceholders(t *testing.T) {
	all := both(t)
	nl, en := all["nl"], all["en"]
	if !slices.Equal(nl.Keys(), en.Keys()) {
		t.Errorf("keys differ: %v", difference(nl.Keys(), en.Keys()))
	}
	placeholder := regexp.MustCompile(`\{\{[^}]*\}\}`)
	for _, key := range nl.Keys() {
		if a, b := names(placeholder, nl, key), names(placeholder, en, key); !slices.Equal(a, b) {
			t.Errorf("%s: placeholders %v and %v", key, a, b)
		}
	}
}

func names(placeholder *regexp.Regexp, texts *translations.Texts, key string) []string {
	found := placeholder.FindAllString(texts.Template(key), -1)
	slices.Sort(found)
	return slices.Compact(found)
}

func difference(a, b []string) (only []string) {
	for _, key := range slices.Concat(a, b) {
		if slices.Contains(a, key) != slices.Contains(b, key) {
			only = append(only, key)
		}
	}
	return only
}

func TestEveryKindAndReasonHasWords(t *testing.T) {
	for language, texts := range both(t) {
		for _, kind := range core.Kinds() {
			if !texts.Has("kind." + string(kind)) {
				t.Errorf("%s: no name for kind %s", language, kind)
			}
			if !texts.Has("event."+string(kind)) && !texts.Has("event."+string(kind)+".true") {
				t.Errorf("%s: no sentence for kind %s", language, kind)
			}
		}
		for _, reason := range []core.Reason{core.WrongCode, core.Malformed, core.Spent, core.ClockWrong, core.TooMany,
			core.NoSecret, core.NoSkip, core.NotOwner, core.Closed, core.TimedOut} {
			if !texts.Has("reason." + string(reason)) {
				t.Errorf("%s: no words for reason %s", language, reason)
			}
		}
	}
}

// Every literal in the house that looks like the key of a text has one, and no
// window has words of its own.
func TestNoVisibleStringInCode(t *testing.T) {
	texts := both(t)["nl"]
	key := regexp.MustCompile(`^(tool|log|event|kind|reason|conflict|missing|denied|invalid|store|backup|key|config|display|logon|console)\.[a-z_.]+[a-z]$`)
	words := regexp.MustCompile(`\p{L}{2,} \p{L}|^\p{Lu}\p{Ll}+$`)
	for _, room := range []string{".", "../core", "../storage", "../cmd/beheertool"} {
		for file, tree := range sources(t, room) {
			var look func(n ast.Node) bool
			look = func(n ast.Node) bool {
				switch n := n.(type) {
				case *ast.ImportSpec:
					return false
				case *ast.KeyValueExpr: // its key names a placeholder
					if _, named := n.Key.(*ast.BasicLit); named {
						ast.Inspect(n.Value, look)
						return false
					}
				case *ast.IndexExpr:
					return false
				case *ast.BasicLit:
					if n.Kind != token.STRING {
						return true
					}
					text, _ := strconv.Unquote(n.Value)
					switch {
					case key.MatchString(text) && !texts.Has(text) && !hasBelow(texts, text):
						t.Errorf("%s: there is no text %q", file, text)
					case room == "." && words.MatchString(text) && !strings.Contains(file, "system_"):
						if !slices.Contains(notVisible, text) {
							t.Errorf("%s: %q belongs into assets/translations", file, text)
						}
					}
				}
				return true
			}
			ast.Inspect(tree, look)
		}
	}
}

// notVisible are literals with words that only the program's log shows.
var notVisible = []string{
	"a display of depth %d can't be drawn on", "the display knows no names", "opening a screen: %w", "drawing a screen: %w",
	"the tool could not do what was asked", "saving the log", "saving the log: %w",
	"setting the language of the toolkit: %w", "recording that nobody logged on", "the terminal was closed", "the lock is over",
}

// hasBelow reports whether a literal is the beginning of keys.
func hasBelow(texts *translations.Texts, prefix string) bool {
	return slices.ContainsFunc(texts.Keys(), func(key string) bool { return strings.HasPrefix(key, prefix+".") })
}

// sources parses the code below a folder, without tests.
func sources(t *testing.T, folder string) map[string]*ast.File {
	t.Helper()
	trees := map[string]*ast.File{}
	err := filepath.WalkDir(folder, func(path string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		trees[path], err = parser.ParseFile(token.NewFileSet(), path, nil, 0)
		return err
	})
	if err != nil || len(trees) == 0 {
		t.Fatalf("reading %s: %d files, %v", folder, len(trees), err)
	}
	return trees
}
