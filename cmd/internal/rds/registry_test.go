package rds

import (
	"os"
	"path/filepath"
	"testing"
)

func TestAPassBelongsToOneLogon(t *testing.T) {
	for name, test := range map[string]struct {
		change func(w *world)
		passed bool
	}{
		"the_same":                     {func(w *world) { w.start() }, true},
		"another_boot":                 {func(w *world) { w.boot = "second"; w.start() }, false},
		"another_logon_of_the_session": {func(w *world) { w.sessions[0].Logon = "0:77" }, false},
		"another_user_of_the_session":  {func(w *world) { w.sessions[0].SID = admins }, false},
		"another_session_of_the_user":  {func(w *world) { w.sessions[0].ID = 3 }, false},
		"the_session_ended_and_began":  {func(w *world) { s := w.sessions; w.sessions = nil; w.looks(1); w.sessions = s }, false},
		"the_session_is_left":          {func(w *world) { w.sessions[0].IsLeft = true; w.looks(1) }, true},
		"its_file_is_damaged":          {func(w *world) { w.damage(); w.start() }, false},
		"its_file_is_that_of_another":  {func(w *world) { w.rename(); w.start() }, false},
		"its_file_was_half_written":    {func(w *world) { w.halfWritten(); w.start() }, true},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.logOn(2, persons, "192.0.2.1")
			w.logOn(4, persons, "192.0.2.1")
			w.looks(1)
			w.pass(2)
			test.change(w)
			id := w.passedID()
			if w.passed(id) != test.passed {
				t.Errorf("passed is %t", !test.passed)
			}
			if w.passed(4) {
				t.Error("another session of the same user has passed too")
			}
		})
	}
}

// passedID is the number of the session that the story is about.
func (w *world) passedID() uint32 { return w.sessions[0].ID }

func (w *world) file() string { return filepath.Join(w.folder, "2-0-2.json") }

func (w *world) damage() {
	if err := os.Truncate(w.file(), 40); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) rename() {
	if err := os.Rename(w.file(), filepath.Join(w.folder, "4-0-4.json")); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) halfWritten() {
	if err := os.WriteFile(w.file()+".new", []byte("{"), 0o600); err != nil {
		w.t.Fatal(err)
	}
}

func TestPassesOfAnotherBootAreThrownAway(t *testing.T) {
	w := newWorld(t)
	w.logOn(2, persons, "192.0.2.1")
	w.pass(2)
	w.boot = "second"
	w.start()
	if files, _ := os.ReadDir(w.folder); len(files) > 0 {
		t.Errorf("it is still written down: %v", files)
	}
}

func TestSessionsThatEndedAreForgotten(t *testing.T) {
	w := newWorld(t)
	w.logOn(2, persons, "192.0.2.1")
	w.looks(1)
	w.pass(2)
	w.sessions = nil
	w.looks(1)
	if files, _ := os.ReadDir(w.folder); len(files) > 0 {
		t.Errorf("it is still written down: %v", files)
	}
}

func TestAddressOfAConnection(t *testing.T) {
	for name, test := range map[string]struct {
		bytes map[int]byte
		want  string
	}{
		"version_4":            {map[int]byte{0: 2, 4: 0xd3, 5: 0x3d, 8: 192, 10: 2, 11: 1}, "192.0.2.1"},
		"version_6":            {map[int]byte{0: 23, 4: 0xd3, 12: 0x20, 13: 0x01, 14: 0x0d, 15: 0xb8, 27: 1}, "2001:db8::1"},
		"version_4_within_6":   {map[int]byte{0: 23, 22: 0xff, 23: 0xff, 24: 192, 26: 2, 27: 1}, "192.0.2.1"},
		"none":                 {nil, ""},
		"another_kind_of_wire": {map[int]byte{0: 6, 8: 1}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			var b [remoteAddressSize]byte
			for at, value := range test.bytes {
				b[at] = value
			}
			if got := addressOf(b); got != test.want {
				t.Errorf("it is %q, not %q", got, test.want)
			}
		})
	}
}
