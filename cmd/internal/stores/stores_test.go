package stores

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"evry.nl/tfa/cmd/internal/config"
	"evry.nl/tfa/core"
)

func host(t *testing.T) (config.Config, string) {
	t.Helper()
	parent := filepath.Join(t.TempDir(), "lib", "tfa")
	cfg := config.Default()
	cfg.Store = "sqlite://" + filepath.Join(parent, "p-{practice}.d", "tfa.db")
	cfg.KeyFile = filepath.Join(parent, "p-{practice}.d", "tfa.key")
	return cfg, parent
}

func create(t *testing.T, cfg config.Config, practice string) {
	t.Helper()
	store, err := Create(t.Context(), cfg, practice, "")
	if err != nil {
		t.Fatal(err)
	}
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestCreateMakesAPrivatePracticeOnce(t *testing.T) {
	cfg, _ := host(t)
	create(t, cfg, "EV-0000")
	for path, want := range map[string]os.FileMode{
		filepath.Dir(cfg.StorePath("EV-0000")):               os.ModeDir | 0o700,
		filepath.Dir(filepath.Dir(cfg.StorePath("EV-0000"))): os.ModeDir | 0o755,
		cfg.KeyPath("EV-0000"):                               0o600,
	} {
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode() != want {
			t.Errorf("%s has mode %v, want %v", path, info.Mode(), want)
		}
	}
	before, err := os.ReadFile(cfg.KeyPath("EV-0000"))
	if err != nil {
		t.Fatal(err)
	}
	create(t, cfg, "EV-0000")
	if after, err := os.ReadFile(cfg.KeyPath("EV-0000")); err != nil || !slices.Equal(before, after) {
		t.Errorf("the second Create made another key (%v)", err)
	}
}

func TestCreateMakesNoKeyForAStoreThatHasOne(t *testing.T) {
	cfg, _ := host(t)
	create(t, cfg, "EV-0000")
	if err := os.Remove(cfg.KeyPath("EV-0000")); err != nil {
		t.Fatal(err)
	}
	if _, err := Create(t.Context(), cfg, "EV-0000", ""); core.CodeOf(err) != core.Missing {
		t.Errorf("Create returned %v, want missing", err)
	}
	if _, err := os.Stat(cfg.KeyPath("EV-0000")); !os.IsNotExist(err) {
		t.Errorf("a new key stands in the old one's place (%v)", err)
	}
}

// In a new store two-factor is off: a lost one must be missed.
func TestOpenMakesNothing(t *testing.T) {
	cfg, parent := host(t)
	create(t, cfg, "EV-0000")
	if err := os.Remove(cfg.StorePath("EV-0000")); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]core.Code{
		"EV-0000": core.Missing, "EV-0001": core.Missing, "..": core.Invalid, "a/b": core.Invalid, "": core.Invalid,
	} {
		if store, err := Open(t.Context(), cfg, name); core.CodeOf(err) != want || store != nil {
			t.Errorf("Open(%q) returned %v, %v; want code %s", name, store, err, want)
		}
	}
	if entries, err := os.ReadDir(parent); err != nil || len(entries) != 1 {
		t.Errorf("Open left %v, %v", entries, err)
	}
}

func TestPracticesAreThoseWithAStore(t *testing.T) {
	cfg, parent := host(t)
	if practices, err := Practices(cfg); err != nil || len(practices) != 0 {
		t.Errorf("without a folder Practices returned %q, %v", practices, err)
	}
	for _, practice := range []string{"EV-10", "EV-9", "[a]"} {
		create(t, cfg, practice)
	}
	for _, folder := range []string{"p-EV-11.d", "p-.d", "EV-12", ".new-1"} {
		if err := os.Mkdir(filepath.Join(parent, folder), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	practices, err := Practices(cfg)
	if want := []string{"EV-9", "EV-10", "[a]"}; err != nil || !slices.Equal(practices, want) {
		t.Errorf("Practices returned %q, %v; want %q", practices, err, want)
	}
}
