package winlogon

import (
	"errors"
	"maps"
	"strings"
	"testing"
)

// recorded is a registry as values by key and name.
type recorded struct {
	values map[string]Value
	// writes counts down to a write that fails; below zero none does.
	writes int
}

var errBroken = errors.New("access is denied")

func at(key, name string) string { return strings.ToLower(key + "|" + name) }

func (r *recorded) Value(key, name string) (Value, bool, error) {
	v, ok := r.values[at(key, name)]
	return v, ok, nil
}

func (r *recorded) write() error {
	r.writes--
	if r.writes == -1 {
		return errBroken
	}
	return nil
}

func (r *recorded) Set(key, name string, value Value) error {
	if err := r.write(); err != nil {
		return err
	}
	r.values[at(key, name)] = value
	return nil
}

func (r *recorded) Delete(key, name string) error {
	if err := r.write(); err != nil {
		return err
	}
	delete(r.values, at(key, name))
	return nil
}

func (r *recorded) DeleteKey(key string) error {
	if err := r.write(); err != nil {
		return err
	}
	maps.DeleteFunc(r.values, func(path string, _ Value) bool { return strings.HasPrefix(path, at(key, "")) })
	return nil
}

const (
	system = `C:\Windows\system32`
	plain  = system + `\userinit.exe,`
	gate   = system + `\cmd.exe /d /e:on /v:off /c ""C:\Program Files\TFA\logon.cmd"" ` + system + `,`
	never  = -2
)

// fresh returns a host as Windows makes it, with our programs in their place.
func fresh() (Host, *recorded) {
	r := &recorded{values: map[string]Value{at(winlogonKey, userinit): {Text: plain}}, writes: never}
	return Host{
		Registry: r, Self: `C:\Program Files\TFA`, System: system, Programs: `C:\Program Files`,
		Guarded: func(string) error { return nil },
		Exempt:  func() ([]string, error) { return []string{"ADMINISTRATOR"}, nil },
	}, r
}

func set(r *recorded, key, name string, value Value) { r.values[at(key, name)] = value }

// wants holds what Userinit is.
func (r *recorded) wants(t *testing.T, want string) {
	t.Helper()
	if got := r.values[at(winlogonKey, userinit)].Text; got != want {
		t.Errorf("Userinit is %s, want %s", got, want)
	}
}

func TestInstallAndRemoveLeaveTheHostAsItWas(t *testing.T) {
	for name, plant := range map[string]func(*recorded){
		"fresh":                  func(*recorded) {},
		"userinit_without_comma": func(r *recorded) { set(r, winlogonKey, userinit, Value{Text: system + `\userinit.exe`}) },
		"userinit_in_capitals":   func(r *recorded) { set(r, winlogonKey, userinit, Value{Text: `C:\WINDOWS\SYSTEM32\USERINIT.EXE,`}) },
		"userinit_by_name":       func(r *recorded) { set(r, winlogonKey, userinit, Value{Text: "userinit.exe"}) },
		"policies_as_we_want_them": func(r *recorded) {
			set(r, terminalKey, "MaxDisconnectionTime", Value{"60000", true})
		},
		"policies_of_others": func(r *recorded) {
			set(r, terminalKey, "MaxDisconnectionTime", Value{"900000", true})
			set(r, terminalKey, "fSingleSessionPerUser", Value{"1", true})
			set(r, terminalKey, "fTurnOffSingleAppMode", Value{"1", false})
		},
		"source_of_the_package": func(r *recorded) {
			set(r, eventsKey, messageFile, Value{Text: `%SystemRoot%\System32\EventCreate.exe`})
		},
	} {
		t.Run(name, func(t *testing.T) {
			host, r := fresh()
			plant(r)
			before := maps.Clone(r.values)
			for range 2 {
				if err := host.Install(); err != nil {
					t.Fatal(err)
				}
				r.wants(t, gate)
				if settings, refused, err := host.Status(); !allOK(settings) || refused != nil || err != nil {
					t.Errorf("the status is %v, %v, %v", settings, refused, err)
				}
			}
			if removed, err := host.Remove(); !removed || err != nil {
				t.Fatalf("Remove returned %t, %v", removed, err)
			}
			if !maps.Equal(r.values, before) {
				t.Errorf("it is now %v, and was %v", r.values, before)
			}
			if removed, err := host.Remove(); removed || err != nil {
				t.Errorf("Remove once more returned %t, %v", removed, err)
			}
		})
	}
}

func allOK(settings []Setting) bool {
	for _, s := range settings {
		if !s.OK {
			return false
		}
	}
	return len(settings) == 6
}

func TestInstallRefusesWhatWouldLockOutOrOpen(t *testing.T) {
	for name, test := range map[string]struct {
		plant func(*Host, *recorded)
		says  string
	}{
		"another_folder": {func(h *Host, _ *recorded) { h.Self = `C:\Users\jan\TFA` }, "this one is in C:\\Users\\jan"},
		"no_configuration": {func(h *Host, _ *recorded) {
			h.Exempt = func() ([]string, error) { return nil, errors.New("no tfa.toml") }
		}, "no tfa.toml"},
		"nobody_is_exempt":     {func(h *Host, _ *recorded) { h.Exempt = func() ([]string, error) { return nil, nil } }, "lock out who must mend it"},
		"gate_is_missing":      {func(h *Host, _ *recorded) { h.Guarded = lacks("tfa-logon.exe") }, `TFA\tfa-logon.exe: it is not there`},
		"wrapper_is_anybodys":  {func(h *Host, _ *recorded) { h.Guarded = lacks("logon.cmd") }, `TFA\logon.cmd: it is not there`},
		"another_program":      {func(_ *Host, r *recorded) { set(r, winlogonKey, userinit, Value{Text: plain + "x.exe,"}) }, "other programs already"},
		"another_program_only": {func(_ *Host, r *recorded) { set(r, winlogonKey, userinit, Value{Text: "x.exe"}) }, "other programs already"},
		"beside_the_gate":      {func(_ *Host, r *recorded) { set(r, winlogonKey, userinit, Value{Text: gate + "x.exe,"}) }, "other programs already"},
		"gate_by_itself": {func(_ *Host, r *recorded) {
			set(r, winlogonKey, userinit, Value{Text: `C:\Program Files\TFA\tfa-logon.exe,`})
		}, "other programs already"},
		"userinit_is_missing": {func(_ *Host, r *recorded) { delete(r.values, at(winlogonKey, userinit)) }, "other programs already"},
	} {
		t.Run(name, func(t *testing.T) {
			host, r := fresh()
			test.plant(&host, r)
			before := maps.Clone(r.values)
			var refused *RefusedError
			if err := host.Install(); !errors.As(err, &refused) || !strings.Contains(refused.Reason, test.says) || refused.Hint == "" {
				t.Errorf("Install returned %v", err)
			}
			if !maps.Equal(r.values, before) {
				t.Errorf("it changed something all the same: %v", r.values)
			}
		})
	}
}

func lacks(file string) func(string) error {
	return func(path string) error {
		if strings.HasSuffix(path, file) {
			return errors.New("it is not there")
		}
		return nil
	}
}

// Whatever write fails, the gate stands complete or not at all, nobody is kept
// from the desktop by half of it, and running it again makes it whole.
func TestAWriteThatFailsLeavesNoHalfGate(t *testing.T) {
	for n := 0; ; n++ {
		host, r := fresh()
		set(r, terminalKey, "MaxDisconnectionTime", Value{"900000", true})
		before := maps.Clone(r.values)
		r.writes = n
		err := host.Install()
		if err == nil {
			if n < 11 {
				t.Errorf("only %d writes were tried", n)
			}
			break
		}
		r.wants(t, plain)
		r.writes = never
		if err := host.Install(); err != nil {
			t.Fatal(err)
		}
		r.wants(t, gate)
		if _, err := host.Remove(); err != nil || !maps.Equal(r.values, before) {
			t.Errorf("write %d: it is now %v (%v)", n, r.values, err)
		}
	}
}

func TestARemovalThatFailsKeepsNobodyOut(t *testing.T) {
	for n := 0; ; n++ {
		host, r := fresh()
		set(r, terminalKey, "MaxDisconnectionTime", Value{"900000", true})
		before := maps.Clone(r.values)
		if err := host.Install(); err != nil {
			t.Fatal(err)
		}
		r.writes = n
		if _, err := host.Remove(); err == nil {
			if n < 6 {
				t.Errorf("only %d writes were tried", n)
			}
			break
		}
		if n > 0 {
			r.wants(t, plain)
		}
		r.writes = never
		if _, err := host.Remove(); err != nil || !maps.Equal(r.values, before) {
			t.Errorf("write %d: it is now %v (%v)", n, r.values, err)
		}
	}
}

func TestRemoveTakesAwayWhatItKnows(t *testing.T) {
	for name, test := range map[string]struct {
		userinit, before string // before "": install wrote down nothing
		want             string
		removed          bool
		refused          bool
	}{
		"nothing_there":              {plain, "", plain, false, false},
		"somebody_elses":             {"x.exe,", "", "x.exe,", false, false},
		"gate_of_an_unknown_install": {gate, "", plain, true, false},
		"gate_and_a_damaged_note":    {gate, "x.exe,", plain, true, false},
		"put_back_by_hand":           {plain, plain, plain, true, false},
		"changed_since":              {gate + "x.exe,", plain, gate + "x.exe,", false, true},
	} {
		t.Run(name, func(t *testing.T) {
			host, r := fresh()
			set(r, winlogonKey, userinit, Value{Text: test.userinit})
			if test.before != "" {
				set(r, beforeKey, userinit, Value{Text: test.before})
			}
			removed, err := host.Remove()
			var refused *RefusedError
			if removed != test.removed || errors.As(err, &refused) != test.refused || err != nil && !test.refused {
				t.Errorf("Remove returned %t, %v", removed, err)
			}
			r.wants(t, test.want)
		})
	}
}

// The script of before wrote numbers as reg.exe shows them.
func TestRemoveReadsWhatTheScriptWroteDown(t *testing.T) {
	host, r := fresh()
	set(r, winlogonKey, userinit, Value{Text: gate})
	set(r, beforeKey, userinit, Value{Text: plain})
	set(r, beforeKey, "MaxDisconnectionTime", Value{Text: "0xdbba0"})
	set(r, terminalKey, "MaxDisconnectionTime", Value{"60000", true})
	if _, err := host.Remove(); err != nil {
		t.Fatal(err)
	}
	if got := r.values[at(terminalKey, "MaxDisconnectionTime")]; got != (Value{"900000", true}) {
		t.Errorf("it is %v", got)
	}
}

func TestStatusSaysWhatIsLacking(t *testing.T) {
	host, r := fresh()
	host.Exempt = func() ([]string, error) { return nil, nil }
	set(r, terminalKey, "fSingleSessionPerUser", Value{"1", true})
	settings, refused, err := host.Status()
	if err != nil || refused == nil || len(settings) != 6 {
		t.Fatalf("Status returned %v, %v, %v", settings, refused, err)
	}
	for _, s := range settings {
		if s.OK {
			t.Errorf("%s is said to be set", s.Name)
		}
	}
	if settings[0].Is != plain || settings[3].Is != "1" {
		t.Errorf("Status returned %v", settings)
	}
}
