package rds

import (
	"slices"
	"strings"
	"testing"
	"time"
)

const outside = `C:\Program Files\Scanner\`

// Each story begins with a session at the gate, and is what happens there before
// somebody looks.
var atTheGate = map[string]struct {
	story func(w *world)
	looks int
	done  string
	whys  string
}{
	"the_gate_and_what_windows_starts": {
		func(*world) {}, 20, "", "",
	},
	"a_program_from_the_gate_is_ended": {
		func(w *world) { w.run(2, persons, system32+"notepad.exe", w.pidOf("tfa-logon.exe")) }, 2, "kill notepad.exe", "stranger",
	},
	"task_manager_is_ended": {
		func(w *world) { w.run(2, persons, system32+"Taskmgr.exe", w.pidOf("winlogon.exe")) }, 2, "kill Taskmgr.exe", "stranger",
	},
	"another_cmd_than_the_gates_is_ended": {
		func(w *world) { w.run(2, persons, system32+"cmd.exe", w.pidOf("winlogon.exe")) }, 1, "kill cmd.exe", "stranger",
	},
	"more_than_the_gates_command_is_ended": {
		func(w *world) {
			w.run(2, persons, system32+"cmd.exe", w.pidOf("winlogon.exe"))
			w.processes[len(w.processes)-1].Command = `cmd.exe /k evil & ` + userinit
		}, 1, "kill cmd.exe", "stranger",
	},
	"a_program_that_is_called_like_the_gate_is_ended": {
		func(w *world) { w.run(2, persons, `C:\Users\x\tfa-logon.exe`, w.pidOf("cmd.exe")) }, 1, "kill tfa-logon.exe", "stranger",
	},
	"a_service_host_of_the_persons_own_starts_nothing": {
		func(w *world) {
			own := w.run(2, persons, system32+"svchost.exe", w.pidOf("services.exe"))
			w.run(2, persons, system32+"rdpclip.exe", own)
		}, 1, "kill rdpclip.exe", "stranger",
	},
	"a_task_at_logon_is_ended_and_the_session_goes_on": {
		func(w *world) {
			for _, name := range strings.Fields("a.exe b.exe c.exe d.exe e.exe f.exe g.exe h.exe i.exe") {
				w.run(2, persons, `C:\Users\x\`+name, w.pidOf("svchost.exe"))
			}
		}, 9, "kill a.exe kill b.exe kill c.exe kill d.exe kill e.exe kill f.exe kill g.exe kill h.exe kill i.exe",
		strings.Repeat("unasked ", 8) + "unasked",
	},
	"the_icon_of_a_virus_scanner_goes_on": {
		func(w *world) {
			scanner := w.run(0, systems, outside+"service.exe", w.pidOf("services.exe"))
			w.run(2, persons, outside+"icon.exe", scanner)
		}, 9, "", "",
	},
	"what_the_scanner_starts_elsewhere_is_ended": {
		func(w *world) {
			scanner := w.run(0, systems, outside+"service.exe", w.pidOf("services.exe"))
			w.run(2, persons, `C:\Users\x\icon.exe`, scanner)
		}, 1, "kill icon.exe", "stranger",
	},
	"what_its_icon_starts_is_ended": {
		func(w *world) {
			scanner := w.run(0, systems, outside+"service.exe", w.pidOf("services.exe"))
			w.run(2, persons, outside+"help.exe", w.run(2, persons, outside+"icon.exe", scanner))
		}, 1, "kill help.exe", "stranger",
	},
	"a_parent_that_ended_and_whose_number_is_another_s_counts_for_nothing": {
		func(w *world) {
			cmd := w.pidOf("cmd.exe")
			w.run(2, persons, ours+`\tfa-logon.exe`, cmd)
			w.processes[len(w.processes)-1].Started -= 1e9
		}, 1, "kill tfa-logon.exe", "stranger",
	},
	"a_desktop_ends_the_session": {
		func(w *world) { w.run(2, persons, `C:\Windows\explorer.exe`, w.pidOf("winlogon.exe")) }, 2, "kill explorer.exe log off 2", "stranger stranger",
	},
	"a_remoteapp_ends_the_session": {
		func(w *world) { w.run(2, persons, system32+"rdpinit.exe", w.pidOf("winlogon.exe")) }, 2, "kill rdpinit.exe log off 2", "stranger stranger",
	},
	"run_as_another_account_is_ended_too": {
		func(w *world) { w.run(2, admins, system32+"notepad.exe", w.pidOf("tfa-logon.exe")) }, 1, "kill notepad.exe", "stranger",
	},
	"a_task_outside_of_all_sessions_is_ended": {
		func(w *world) { w.run(0, persons, system32+"cmd.exe", w.pidOf("svchost.exe")) }, 2, "kill cmd.exe", "no_session",
	},
	"a_process_in_the_session_of_an_administrator_is_ended": {
		func(w *world) {
			w.logOn(3, admins, "192.0.2.9")
			explorer := w.run(3, admins, `C:\Windows\explorer.exe`, 4)
			w.run(3, persons, system32+"cmd.exe", explorer)
		}, 2, "kill cmd.exe", "no_session",
	},
	"somebody_stands_at_the_gate_for_too_long": {
		func(w *world) { w.looks(1); w.now = w.now.Add(6*time.Minute + time.Second) }, 2, "log off 2", "too_long",
	},
	"windows_is_told_again_when_it_does_not_end_it": {
		func(w *world) { w.looks(1); w.now = w.now.Add(7 * time.Minute); w.looks(1); w.now = w.now.Add(leaving) }, 1, "log off 2", "",
	},
}

func TestWhatASessionMayRunBeforeTheGate(t *testing.T) {
	for name, test := range atTheGate {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.logOn(2, persons, "192.0.2.1")
			w.gate(2, persons)
			test.story(w)
			if done := strings.Join(w.looks(test.looks), " "); done != test.done {
				t.Errorf("it did %q, not %q", done, test.done)
			}
			if whys := w.whys(); whys != test.whys {
				t.Errorf("it reports %q, not %q", whys, test.whys)
			}
			if w.pidOf("tfa-logon.exe") == 0 {
				t.Error("the gate is gone")
			}
		})
	}
}

// Who goes on starting programs, however often they are ended, loses the session.
func TestWhoGoesOnIsLoggedOff(t *testing.T) {
	w := newWorld(t)
	w.logOn(2, persons, "192.0.2.1")
	gate := w.gate(2, persons)
	for look := range lasting {
		w.run(2, persons, system32+"ping.exe", gate)
		if done := w.looks(1); slices.Contains(done, "log off 2") != (look == lasting-1) {
			t.Fatalf("look %d: it did %q", look+1, done)
		}
	}
	if s, err := w.Of(2); err != nil || s.Pass() == nil {
		t.Errorf("a code is taken in a session that is being ended: %v", err)
	}
	last := w.ended[len(w.ended)-1]
	if want := (Ended{Account: account, Station: "RDP-Tcp#2", Client: "192.0.2.1", Why: "stranger"}); last != want {
		t.Errorf("it reports %+v, not %+v", last, want)
	}
}

// A slow server is no attack: only what comes in look after look counts.
func TestStrangersNowAndThenAreEndedAlone(t *testing.T) {
	w := newWorld(t)
	w.logOn(2, persons, "192.0.2.1")
	gate := w.gate(2, persons)
	for look := range 3 * lasting {
		if look%lasting != 0 {
			w.run(2, persons, system32+"ping.exe", gate)
		}
		if done := w.looks(1); slices.Contains(done, "log off 2") {
			t.Fatalf("look %d: it did %q", look+1, done)
		}
		if first := look == 1; first != (len(w.ended) > 0) {
			t.Fatalf("look %d: it reports %v", look+1, w.ended)
		}
	}
}

func TestOneThatCannotBeEndedLosesTheSession(t *testing.T) {
	w := newWorld(t)
	w.logOn(2, persons, "192.0.2.1")
	w.gate(2, persons)
	w.run(2, persons, `C:\Users\x\task.exe`, w.pidOf("svchost.exe"))
	immortal := w.processes[len(w.processes)-1]
	for look := range lasting + 1 { // the first look only tells it to end
		if w.processes[len(w.processes)-1] != immortal {
			w.processes = append(w.processes, immortal)
		}
		if done := w.looks(1); slices.Contains(done, "log off 2") != (look == lasting) {
			t.Fatalf("look %d: it did %q", look+1, done)
		}
	}
}

// What no look can end is reported once, and told to end each time.
func TestAnOutsiderThatCannotBeEndedIsReportedOnce(t *testing.T) {
	w := newWorld(t)
	w.run(0, persons, `C:\Users\x\service.exe`, 4)
	immortal := slices.Clone(w.processes)
	for look := range 3 {
		w.processes = slices.Clone(immortal)
		if done := w.looks(1); len(done) != 1 || len(w.ended) > 0 != (look == 0) {
			t.Fatalf("look %d: it did %q and reports %v", look+1, done, w.ended)
		}
	}
}

func TestSessionsAreCounted(t *testing.T) {
	w := newWorld(t)
	for id, sid := range map[uint32]string{2: persons, 3: persons, 4: persons, 5: admins} {
		w.logOn(id, sid, "192.0.2.1")
	}
	w.pass(3)
	w.looks(1)
	if atGate, passed := w.Count(); atGate != 2 || passed != 1 {
		t.Errorf("%d at the gate, %d passed", atGate, passed)
	}
}

func TestAfterTheGateEverythingRuns(t *testing.T) {
	w := newWorld(t)
	w.logOn(2, persons, "192.0.2.1")
	gate := w.gate(2, persons)
	w.pass(2)
	w.run(2, persons, system32+"userinit.exe", gate)
	w.run(2, persons, `C:\Windows\explorer.exe`, w.pidOf("userinit.exe"))
	w.run(2, admins, system32+"cmd.exe", w.pidOf("explorer.exe"))
	w.looks(1)
	w.now = w.now.Add(time.Hour)
	if done := w.looks(3); done != nil {
		t.Errorf("it did %q", done)
	}
}

// What is the last to end in a session does so after Windows has forgotten it.
func TestTheLastProgramsOfASessionAreLeftAlone(t *testing.T) {
	w := newWorld(t)
	w.logOn(2, persons, "192.0.2.1")
	w.gate(2, persons)
	w.pass(2)
	w.looks(1)
	w.sessions = nil
	if done := w.looks(2); done != nil {
		t.Errorf("it did %q", done)
	}
	w.now = w.now.Add(leaving)
	if done := w.looks(1); !slices.Contains(done, "kill sihost.exe") {
		t.Errorf("what stays behind goes on: it did %q", done)
	}
}

// act is what happens to a connection, and how long after the last.
type act struct {
	change func(*State)
	after  time.Duration
}

func left(s *State) { s.IsLeft, s.Station, s.Client = true, "", "" }

func back(client string) func(*State) {
	return func(s *State) { s.IsLeft, s.Station, s.Client = false, "RDP-Tcp#7", client }
}

func TestASessionThatWasLeftIsComeBackTo(t *testing.T) {
	onHost := func(s *State) { s.IsLeft, s.Station, s.Client = false, console, "" }
	for name, test := range map[string]struct {
		acts     []act
		done     string
		fromHost bool
	}{
		"soon_from_the_same_address":      {[]act{{left, 0}, {back("192.0.2.1"), 9 * time.Minute}}, "", false},
		"twice_soon":                      {[]act{{left, 0}, {back("192.0.2.1"), 9 * time.Minute}, {left, time.Hour}, {back("192.0.2.1"), 9 * time.Minute}}, "", false},
		"too_late":                        {[]act{{left, 0}, {back("192.0.2.1"), 11 * time.Minute}}, "log off 2 abandoned", false},
		"too_late_after_a_look_between":   {[]act{{left, 0}, {left, 6 * time.Minute}, {back("192.0.2.1"), 5 * time.Minute}}, "log off 2 abandoned", false},
		"nobody_came_back":                {[]act{{left, 0}, {left, 11 * time.Minute}}, "log off 2 abandoned", false},
		"soon_from_another_address":       {[]act{{left, 0}, {back("192.0.2.2"), time.Second}}, "log off 2 disconnect 2 taken", false},
		"soon_from_an_address_not_told":   {[]act{{left, 0}, {back(""), time.Second}}, "log off 2 disconnect 2 taken", false},
		"between_two_looks_from_another":  {[]act{{back("192.0.2.2"), 0}}, "log off 2 disconnect 2 taken", false},
		"between_two_looks_from_the_same": {[]act{{back("192.0.2.1"), 0}}, "", false},
		"on_the_screen_of_the_host":       {[]act{{onHost, 0}}, "log off 2 disconnect 2 taken", false},
		"from_the_screen_of_the_host":     {[]act{{back("192.0.2.1"), 0}}, "log off 2 disconnect 2 taken", true},
		"soon_on_the_screen_of_the_host":  {[]act{{left, 0}, {onHost, time.Minute}}, "", true},
		"windows_does_not_tell_for_a_moment": {[]act{
			{func(s *State) { s.Client = "" }, 0}, {func(s *State) { s.Client = "192.0.2.1" }, time.Hour},
		}, "", false},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			state := w.logOn(2, persons, "192.0.2.1")
			if test.fromHost {
				state.Station, state.Client = console, ""
			}
			w.pass(2)
			w.run(2, persons, `C:\Windows\explorer.exe`, 4) // what is open there is Windows' to end
			w.looks(1)
			var done []string
			for _, act := range test.acts {
				w.now = w.now.Add(act.after)
				act.change(state)
				done = append(append(done, w.looks(2)...), strings.Fields(w.whys())...)
			}
			if got := strings.Join(done, " "); got != test.done || w.passed(2) != (test.done == "") {
				t.Errorf("it did %q, not %q", got, test.done)
			}
			if w.start(); w.passed(2) != (test.done == "") {
				t.Error("a service that is started anew says something else")
			}
		})
	}
}
