package identity

import (
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"testing"

	"evry.nl/tfa/cmd/internal/config"
	"evry.nl/tfa/core"
)

const (
	practice = "EV-0000"
	standIn  = "EV-0000-1"
)

// playThing returns a configuration with an account that stands in, in a folder
// that is the caller's alone.
func playThing(t *testing.T) (config.Config, string) {
	t.Helper()
	parent := t.TempDir()
	cfg := config.Default()
	cfg.Store = "sqlite://" + filepath.Join(parent, "{practice}", "tfa.db")
	cfg.KeyFile = filepath.Join(parent, "{practice}", "tfa.key")
	cfg.Identity.Account = standIn
	folder := filepath.Join(parent, practice)
	if err := os.Mkdir(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	return cfg, folder
}

func must(t *testing.T, errs ...error) {
	t.Helper()
	for _, err := range errs {
		if err != nil {
			t.Fatal(err)
		}
	}
}

func write(t *testing.T, paths ...string) {
	t.Helper()
	for _, path := range paths {
		must(t, os.WriteFile(path, nil, 0o660))
	}
}

func TestTheSystemSaysWhoIsLoggedOn(t *testing.T) {
	for _, name := range []string{"USER", "LOGNAME", "USERNAME", "SUDO_USER", "HOME"} {
		t.Setenv(name, standIn)
	}
	me, err := user.LookupId(strconv.Itoa(os.Getuid()))
	if err != nil {
		t.Fatal(err)
	}
	actor, err := Current(config.Default())
	if err != nil {
		t.Fatal(err)
	}
	server, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	if actor.Account != me.Username || actor.Server != server || actor.Helpdesk || actor.Client != "" {
		t.Errorf("Current returned %+v, want account %s on %s", actor, me.Username, server)
	}
	if helpdesk, err := Helpdesk(); err != nil || !helpdesk.Helpdesk {
		t.Errorf("Helpdesk returned %+v, %v", helpdesk, err)
	}
}

func TestSessionIsTheDisplay(t *testing.T) {
	for display, want := range map[string]string{":40.0": ":40.0", "localhost:10": "localhost:10"} {
		t.Setenv("DISPLAY", display)
		if got := session(); got != want {
			t.Errorf("session returned %q, want %q", got, want)
		}
	}
	t.Setenv("DISPLAY", ":1\nforged line")
	if got := session(); got == ":1\nforged line" {
		t.Errorf("session passed on %q", got)
	}
}

func TestStandInCountsInAPrivateFolderOnly(t *testing.T) {
	for name, test := range map[string]struct {
		prepare func(t *testing.T, folder string)
		code    core.Code
	}{
		"private_and_empty": {func(*testing.T, string) {}, ""},
		"private_with_store_and_key": {func(t *testing.T, folder string) {
			write(t, filepath.Join(folder, "tfa.db"), filepath.Join(folder, "tfa.key"))
		}, ""},
		"missing": {func(t *testing.T, folder string) { must(t, os.Remove(folder)) }, core.Refused},
		"open_to_its_group": {func(t *testing.T, folder string) {
			must(t, os.Chmod(folder, 0o770|os.ModeSetgid))
		}, core.Refused},
		"open_to_all": {func(t *testing.T, folder string) { must(t, os.Chmod(folder, 0o701)) }, core.Refused},
		"link_to_a_folder": {func(t *testing.T, folder string) {
			must(t, os.Rename(folder, folder+".real"), os.Symlink(folder+".real", folder))
		}, core.Refused},
		"store_is_a_link": {func(t *testing.T, folder string) {
			write(t, folder+".db")
			must(t, os.Symlink(folder+".db", filepath.Join(folder, "tfa.db")))
		}, core.Refused},
		"key_is_a_second_name": {func(t *testing.T, folder string) {
			write(t, folder+".key")
			must(t, os.Link(folder+".key", filepath.Join(folder, "tfa.key")))
		}, core.Refused},
	} {
		t.Run(name, func(t *testing.T) {
			cfg, folder := playThing(t)
			test.prepare(t, folder)
			actor, err := Current(cfg)
			if core.CodeOf(err) != test.code {
				t.Fatalf("Current returned %v, want code %q", err, test.code)
			}
			if err == nil && actor.Account != standIn {
				t.Errorf("Current returned %+v", actor)
			}
			if err != nil && actor != (core.Actor{}) {
				t.Errorf("Current returned an actor with its error: %+v", actor)
			}
		})
	}
}

func TestDomainIsCutOff(t *testing.T) {
	if got := account(`EVRY\EV-0000-1`); got != "EV-0000-1" {
		t.Errorf("account returned %q", got)
	}
}
