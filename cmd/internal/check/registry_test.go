package check

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"evry.nl/tfa/cmd/internal/config"
	"evry.nl/tfa/storage/acl"
)

// recorded is a registry as values that were written down, by key and name in
// any case. They follow Microsoft's documents and a fresh Windows Server; no
// test here has run on one.
type recorded struct {
	values map[string]entry // by key + "\" + name in small letters
	rights map[string][]string
	// broken makes every answer this error.
	broken error
	// unguarded are files that others can write, missing those that are not there.
	unguarded, missing []string
	// lists are access lists that differ from what they should be, by path.
	lists map[string]acl.List
	// foreign is what a practice has that is not for it alone.
	foreign []string
	plain   bool // keys
	// unsigned are programs without a signature.
	unsigned []string
	closed   *[]string // by a fix
}

func (r recorded) Access(path string) (acl.List, error) {
	if slices.Contains(r.missing, path) {
		return acl.List{}, fs.ErrNotExist
	}
	if list, ok := r.lists[path]; ok {
		return list, r.broken
	}
	return acl.Parent(), r.broken
}

func (r recorded) Close(path string) error {
	*r.closed = append(*r.closed, path)
	return nil
}

func (r recorded) NotFor(config.Config, string) ([]string, error) { return r.foreign, r.broken }

func (r recorded) Give(_ config.Config, practice string) error { return r.Close(practice) }

func (r recorded) PlainKey(config.Config, string) (bool, error) { return r.plain, r.broken }

func (r recorded) Signed(file string) error {
	if slices.Contains(r.unsigned, file) {
		return errors.New("no signature was present")
	}
	return nil
}

// entry is a value and its path, as somebody wrote it.
type entry struct{ path, value string }

func (r recorded) Value(key, name string) (string, bool, error) {
	e, ok := r.values[strings.ToLower(key+`\`+name)]
	return e.value, ok, r.broken
}

func (r recorded) Keys(key string) ([]string, error) {
	found := map[string]bool{}
	for _, e := range r.values {
		if n := len(key) + 1; len(e.path) > n && strings.EqualFold(e.path[:n], key+`\`) {
			if name, _, deeper := strings.Cut(e.path[n:], `\`); deeper {
				found[name] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(found)), r.broken
}

func (r recorded) Right(name string) ([]string, error) { return r.rights[name], r.broken }

func (r recorded) Guarded(file string) error {
	if slices.Contains(r.missing, file) {
		return fs.ErrNotExist
	}
	if slices.Contains(r.unguarded, file) {
		return errors.New("others than the owner may write")
	}
	return r.broken
}

func (r recorded) set(key, name, value string) {
	r.values[strings.ToLower(key+`\`+name)] = entry{key + `\` + name, value}
}

// A person that is logged on, and a provider and a task of Windows itself.
const (
	loggedOn = `HKU\S-1-5-21-1-2-3-1104`
	password = `{60B78E88-EAD8-445C-9CFD-0B87F74EA6CD}`
	ownTask  = `{0A5B1C00-0000-0000-0000-000000000001}`
	goodInit = `C:\Windows\System32\cmd.exe /d /e:on /v:off /c ""C:\Program Files\TFA\logon.cmd"" C:\Windows\System32,`
	bareInit = `"C:\Program Files\TFA\tfa-logon.exe" -- C:\Windows\System32\userinit.exe,`
	wrapPath = `C:\Program Files\TFA\logon.cmd`
	gatePath = `C:\Program Files\TFA\tfa-logon.exe`
)

// closedWindows returns a host on which nothing is open.
func closedWindows(t *testing.T) *Windows {
	t.Helper()
	r := recorded{values: map[string]entry{}, rights: map[string][]string{
		"SeDenyBatchLogonRight":   {"*S-1-5-32-546", "*S-1-5-32-555"},
		"SeDenyNetworkLogonRight": {"Guest", "*S-1-5-32-555"},
	}}
	for _, v := range [][3]string{
		{winlogonKey, "Userinit", goodInit},
		{winlogonKey, "Shell", "explorer.exe"},
		{loggedOn + userSystemKey, "DisableTaskMgr", "1"},
		{`HKU\S-1-5-18` + userSystemKey, "x", "1"},
		{loggedOn + `_Classes` + userSystemKey, "x", "1"},
		{terminalPolicy, "fTurnOffSingleAppMode", "1"},
		{terminalPolicy, "fAllowUnlistedRemotePrograms", "0"},
		{terminalPolicy, "fSingleSessionPerUser", "0"},
		{terminalPolicy, "MaxDisconnectionTime", "60000"},
		{allowListKey, "fDisabledAllowList", "0"},
		{listenerKey, "UserAuthentication", "1"},
		{listenerKey, "SecurityLayer", "2"},
		{listenerKey, "MinEncryptionLevel", "3"},
		{lsaKey, "DisableRestrictedAdmin", "1"},
		{lsaKey, "RunAsPPL", "2"},
		{tasksKey + `\Logon\` + ownTask, "", ""},
		{tasksKey + `\Tasks\` + ownTask, "Path", `\Microsoft\Windows\Shell\CreateObjectTask`},
		{providersKey + `\` + password, "", "PasswordProvider"},
		{classesKey + `\` + password + `\InprocServer32`, "", `%SystemRoot%\system32\credprovs.dll`},
		{eventSourceKey, "EventMessageFile", `%SystemRoot%\System32\EventCreate.exe`},
		{servicesKey + `\W32Time`, "Start", "2"},
		{servicesKey + `\W32Time\Parameters`, "Type", "NT5DS"},
	} {
		r.set(v[0], v[1], v[2])
	}
	file := filepath.Join(t.TempDir(), "tfa.toml")
	if err := os.WriteFile(file, fmt.Appendf(nil, "store = 'sqlite://%[1]s/{practice}/tfa.db'\nkey_file = '%[1]s/{practice}/tfa.key'\n", t.TempDir()), 0o644); err != nil {
		t.Fatal(err)
	}
	r.closed = &[]string{}
	return &Windows{Registry: r, Files: r, Folder: `C:\Program Files\TFA`, Mending: []string{"beheerder"}, File: file, Now: time.Now}
}

// windowsHole is something planted in recorded values, and what a check must say.
type windowsHole struct {
	check string
	state State
	says  string
	plant func(r *recorded)
}

func sets(key, name, value string) func(*recorded) {
	return func(r *recorded) { r.set(key, name, value) }
}

func unsets(key, name string) func(*recorded) {
	return func(r *recorded) { delete(r.values, strings.ToLower(key+`\`+name)) }
}

func windowsHoles() map[string]windowsHole {
	all := gateHoles()
	maps.Copy(all, besideHoles())
	maps.Copy(all, rightsHoles())
	return all
}

func gateHoles() map[string]windowsHole {
	userinit := func(value string) func(*recorded) { return sets(winlogonKey, "Userinit", value) }
	return map[string]windowsHole{
		"windows_starts_the_desktop":  {"win-userinit", Hole, "Userinit is C:", userinit(`C:\Windows\system32\userinit.exe,`)},
		"userinit_is_missing":         {"win-userinit", Hole, "Userinit is", unsets(winlogonKey, "Userinit")},
		"gate_comes_second":           {"win-userinit", Hole, "Userinit is C:", userinit(`C:\Windows\system32\userinit.exe,` + goodInit)},
		"something_starts_beside":     {"win-userinit", Hole, `C:\Windows\system32\userinit.exe is started too`, userinit(goodInit + `C:\Windows\system32\userinit.exe,`)},
		"gate_starts_nothing":         {"win-userinit", Hole, "there is no --", userinit(`"C:\Program Files\TFA\tfa-logon.exe",`)},
		"gate_starts_a_shell":         {"win-userinit", Hole, "something else than userinit.exe", userinit(`"C:\Program Files\TFA\tfa-logon.exe" -- cmd.exe,`)},
		"gate_stands_by_itself":       {"win-userinit", Warning, "when it can't be started, Windows starts the desktop", userinit(bareInit)},
		"accounts_own_autorun_first":  {"win-userinit", Hole, "Userinit is", userinit(strings.Replace(goodInit, "/d ", "", 1))},
		"cmd_starts_another_script":   {"win-userinit", Hole, "Userinit is", userinit(strings.Replace(goodInit, "logon.cmd", "other.cmd", 1))},
		"another_cmd_starts_the_gate": {"win-userinit", Hole, "Userinit is", userinit(strings.Replace(goodInit, "cmd.exe", "x.exe", 1))},
		"wrapper_can_be_exchanged":    {"win-gate-file", Hole, "logon.cmd: others than the owner may write", func(r *recorded) { r.unguarded = []string{wrapPath} }},
		"person_has_no_cmd":           {"win-command-prompt", Hole, "S-1-5-21-1-2-3-1104 has the policy DisableCMD", sets(loggedOn+commandPolicy, "DisableCMD", "2")},
		"gate_without_quotes":         {"win-userinit", Warning, "stands in Userinit itself", userinit(`C:\Program Files\TFA\tfa-logon.exe -- C:\Windows\System32\userinit.exe,`)},
		"gate_with_comma_in_its_path": {"win-userinit", Warning, "stands in Userinit itself", userinit(`"C:\Program Files\TFA, Evry\tfa-logon.exe" -- C:\Windows\System32\userinit.exe,`)},
		"gate_without_comma":          {"win-userinit", Warning, "stands in Userinit itself", userinit(`"C:\Program Files\TFA\TFA-LOGON.EXE" -- "C:\Windows\System32\userinit.exe"`)},
		"registry_can_not_be_read":    {"win-debuggers", Unknown, "access is denied", func(r *recorded) { r.broken = errors.New("access is denied") }},

		"gate_can_be_exchanged":   {"win-gate-file", Hole, "others than the owner may write", func(r *recorded) { r.unguarded = []string{gatePath} }},
		"gate_has_no_folder":      {"win-gate-file", Hole, "without its folder", userinit(`tfa-logon.exe -- userinit.exe`)},
		"gate_is_not_used":        {"win-gate-file", NotApplicable, "not in Userinit", userinit(`C:\Windows\system32\userinit.exe,`)},
		"shell_is_another":        {"win-shell", Hole, "Shell is cmd.exe", sets(winlogonKey, "Shell", "cmd.exe")},
		"person_has_a_shell":      {"win-shell", Warning, "S-1-5-21-1-2-3-1104 has a Shell of its own: cmd.exe", sets(loggedOn+`\SOFTWARE\Microsoft\Windows NT\CurrentVersion\Winlogon`, "Shell", "cmd.exe")},
		"policy_gives_a_shell":    {"win-shell", Warning, "x.exe", sets(loggedOn+userSystemKey, "Shell", "x.exe")},
		"keyboard_is_replaced":    {"win-debuggers", Hole, "osk.exe is replaced by cmd.exe", sets(debuggersKey+`\osk.exe`, "Debugger", "cmd.exe")},
		"gate_is_replaced":        {"win-debuggers", Hole, "tfa-logon.exe is replaced", sets(debuggersKey+`\tfa-logon.exe`, "Debugger", "cmd.exe")},
		"person_has_task_manager": {"win-task-manager", Warning, "S-1-5-21-1-2-3-1104 has Task Manager", sets(loggedOn+userSystemKey, "DisableTaskMgr", "0")},
		"nobody_is_logged_on": {"win-task-manager", Unknown, "nobody is logged on", func(r *recorded) {
			maps.DeleteFunc(r.values, func(path string, _ entry) bool { return strings.HasPrefix(path, `hku\s-1-5-21`) })
		}},
		"nobody_has_task_manager": {"win-task-manager", OK, "", sets(`HKLM`+userSystemKey, "DisableTaskMgr", "1")},
		"client_names_a_program":  {"win-start-program", Warning, "a client's program is taken", sets(terminalPolicy, "fTurnOffSingleAppMode", "0")},
		"all_start_a_program": {"win-start-program", Warning, "every session starts app.exe", func(r *recorded) {
			r.set(terminalPolicy, "fTurnOffSingleAppMode", "0")
			r.set(listenerKey, "fInheritInitialProgram", "0")
			r.set(listenerKey, "InitialProgram", "app.exe")
		}},
		"any_remoteapp":             {"win-remoteapp", Hole, "fAllowUnlistedRemotePrograms is on", sets(terminalPolicy, "fAllowUnlistedRemotePrograms", "1")},
		"list_of_remoteapps_is_off": {"win-remoteapp", Hole, "fDisabledAllowList is on", sets(allowListKey, "fDisabledAllowList", "1")},
		"remoteapp_is_published":    {"win-remoteapp", Hole, "RemoteApp Word starts", sets(allowListKey+`\Applications\Word`, "Path", `C:\Office\winword.exe`)},
		"remoteapp_has_the_gate":    {"win-remoteapp", OK, "", sets(allowListKey+`\Applications\Word`, "Path", gatePath)},
		"sessions_are_shared":       {"win-reconnect", Hole, "fSingleSessionPerUser is on", unsets(terminalPolicy, "fSingleSessionPerUser")},
		"left_sessions_stay":        {"win-reconnect", Hole, "a left session stays", unsets(terminalPolicy, "MaxDisconnectionTime")},
		"left_sessions_stay_long":   {"win-reconnect", Warning, "stays for 60 minutes", sets(terminalPolicy, "MaxDisconnectionTime", "3600000")},
		"listener_ends_sessions": {"win-reconnect", OK, "", func(r *recorded) {
			unsets(terminalPolicy, "MaxDisconnectionTime")(r)
			r.set(listenerKey, "MaxDisconnectionTime", "60000")
			r.set(listenerKey, "fInheritMaxDisconnectionTime", "0")
		}},
		"limit_is_left_to_the_user": {"win-reconnect", Hole, "a left session stays", func(r *recorded) {
			unsets(terminalPolicy, "MaxDisconnectionTime")(r)
			r.set(listenerKey, "MaxDisconnectionTime", "60000")
		}},
	}
}

func besideHoles() map[string]windowsHole {
	const other = `{11111111-2222-3333-4444-555555555555}`
	return map[string]windowsHole{
		"logon_screen_for_all":   {"win-nla", Warning, "UserAuthentication is 0", sets(listenerKey, "UserAuthentication", "0")},
		"policy_goes_before":     {"win-nla", Warning, "SecurityLayer is 0", sets(terminalPolicy, "SecurityLayer", "0")},
		"hash_is_enough":         {"win-restricted-admin", Warning, "DisableRestrictedAdmin is 0", sets(lsaKey, "DisableRestrictedAdmin", "0")},
		"hash_by_default_is_not": {"win-restricted-admin", OK, "", unsets(lsaKey, "DisableRestrictedAdmin")},
		"passwords_in_memory":    {"win-lsa-protection", Warning, "RunAsPPL is 0", unsets(lsaKey, "RunAsPPL")},

		"jobs_may_be_left": {"win-batch", Warning, "nobody is denied", func(r *recorded) {
			r.rights["SeDenyBatchLogonRight"] = []string{"*S-1-5-32-546", "*S-1-5-21-9-9-9-501"}
		}},
		"some_may_leave_jobs": {"win-batch", Unknown, "*S-1-5-21-1-2-3-2000 is denied", func(r *recorded) { r.rights["SeDenyBatchLogonRight"] = []string{"*S-1-5-21-1-2-3-2000"} }},
		"network_is_open":     {"win-network", Warning, "nobody is denied", func(r *recorded) { r.rights["SeDenyNetworkLogonRight"] = nil }},
		"rights_are_not_read": {"win-network", Unknown, "no secedit", func(r *recorded) { r.broken = errors.New("no secedit") }},
		"task_at_logon": {"win-logon-tasks", Warning, `\Helper, made by EV\jan`, func(r *recorded) {
			r.set(tasksKey+`\Logon\`+other, "", "")
			r.set(tasksKey+`\Tasks\`+other, "Path", `\Helper`)
			r.set(tasksKey+`\Tasks\`+other, "Author", `EV\jan`)
		}},
		"provider_of_others": {"win-providers", Warning, `Other: c:\other\provider.dll`, func(r *recorded) {
			r.set(providersKey+`\`+other, "", "Other")
			r.set(classesKey+`\`+other+`\InprocServer32`, "", `C:\Other\provider.dll`)
		}},
		"provider_is_disabled": {"win-providers", OK, "", func(r *recorded) {
			r.set(providersKey+`\`+other, "Disabled", "1")
			r.set(classesKey+`\`+other+`\InprocServer32`, "", `C:\Other\provider.dll`)
		}},
		"clock_service_is_off": {"win-clock", Warning, "W32Time is disabled", sets(servicesKey+`\W32Time`, "Start", "4")},
		"clock_asks_nobody":    {"win-clock", Warning, "asks nobody", sets(servicesKey+`\W32Time\Parameters`, "Type", "NoSync")},
		"openssh_runs":         {"win-other-doors", Hole, "OpenSSH", sets(servicesKey+`\sshd`, "Start", "2")},
		"openssh_is_disabled":  {"win-other-doors", OK, "", sets(servicesKey+`\sshd`, "Start", "4")},
		"teamviewer_runs":      {"win-other-doors", Warning, "TeamViewer", sets(servicesKey+`\TeamViewer`, "Start", "2")},
	}
}

// A Windows that is set up as it should be is green, also where there is no
// practice yet.
func TestClosedWindowsIsGreen(t *testing.T) {
	for _, f := range Run(context.Background(), closedWindows(t).Checks()) {
		if f.State.Worse(OK) {
			t.Errorf("%s is %s: %q", f.ID, f.State, f.Found)
		}
	}
}

func TestWindowsHoleIsFound(t *testing.T) {
	for name, hole := range windowsHoles() {
		t.Run(name, func(t *testing.T) {
			w := closedWindows(t)
			r := w.Registry.(recorded)
			hole.plant(&r)
			w.Registry, w.Files = r, r
			judgeFinding(t, *w, hole)
		})
	}
}

func judgeFinding(t *testing.T, w Windows, want windowsHole) {
	t.Helper()
	findings := Run(t.Context(), w.Checks())
	at := slices.IndexFunc(findings, func(f Finding) bool { return f.ID == want.check })
	if at < 0 {
		t.Fatalf("there is no check %s", want.check)
	}
	if f := findings[at]; f.State != want.state || !strings.Contains(strings.Join(f.Found, "\n"), want.says) {
		t.Errorf("%s is %s: %q, want %s and %q", f.ID, f.State, f.Found, want.state, want.says)
	}
}

// What Windows shares with Linux: the configuration and the stores.
func TestWindowsLooksAtConfigurationAndStores(t *testing.T) {
	for name, test := range map[string]struct {
		text string
		want windowsHole
	}{
		"invalid":           {"transition = 1", windowsHole{"config", Hole, "line 1", nil}},
		"for_a_demo":        {"[identity]\naccount = 'EV-0000-1'", windowsHole{"config", Warning, "demos", nil}},
		"exempt":            {"exempt = ['beheerder', 'jan']", windowsHole{"exempt", Warning, "jan is exempt", nil}},
		"exempt_to_mend":    {"exempt = ['beheerder']", windowsHole{"exempt", OK, "", nil}},
		"exempt_unknown":    {"transition = 1", windowsHole{"exempt", Unknown, "can't be read", nil}},
		"stores_unknown":    {"transition = 1", windowsHole{"stores", Unknown, "can't be read", nil}},
		"store_does_not":    {"@", windowsHole{"stores", Hole, "damaged", nil}},
		"clock_not_seen":    {"@", windowsHole{"clock-behind", Unknown, "does not open", nil}},
		"whole_store":       {"@whole", windowsHole{"stores", OK, "", nil}},
		"clock_behind_seen": {"@whole", windowsHole{"clock-behind", Hole, "practice EV-0000 has seen", nil}},
	} {
		t.Run(name, func(t *testing.T) {
			w := closedWindows(t)
			if text, ok := strings.CutPrefix(test.text, "@"); ok {
				test.text = plantStore(t, text == "whole")
				w.Now = func() time.Time { return time.Now().Add(-48 * time.Hour) }
			}
			if err := os.WriteFile(w.File, []byte(test.text+"\n"), 0o644); err != nil {
				t.Fatal(err)
			}
			judgeFinding(t, *w, test.want)
		})
	}
}

// plantStore makes a store of EV-0000, whole or cut off, and returns the
// configuration that names it.
func plantStore(t *testing.T, whole bool) string {
	t.Helper()
	files, err := practiceFiles()
	folder := t.TempDir()
	own := filepath.Join(folder, "EV-0000")
	store := files["tfa.db"]
	if !whole {
		store = store[:100]
	}
	if err := errors.Join(err, os.Mkdir(own, 0o700), os.WriteFile(filepath.Join(own, "tfa.db"), store, 0o600),
		os.WriteFile(filepath.Join(own, "tfa.key"), files["tfa.key"], 0o600)); err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("store = 'sqlite://%[1]s/{practice}/tfa.db'\nkey_file = '%[1]s/{practice}/tfa.key'", folder)
}

func TestEveryWindowsCheckIsTriedBothWays(t *testing.T) {
	tried := map[string]bool{"config": true, "exempt": true, "stores": true, "clock-behind": true} // by the test above
	for _, id := range []string{"win-folders", "win-store-rights", "win-key-protection", "win-service"} {
		tried[id] = true // by those of their own
	}
	for _, hole := range windowsHoles() {
		tried[hole.check] = tried[hole.check] || hole.state.Worse(OK)
	}
	for _, check := range closedWindows(t).Checks() {
		if !tried[check.ID] {
			t.Errorf("nothing is planted for %s", check.ID)
		}
	}
}

func TestRightsAsSeceditExportsThem(t *testing.T) {
	text := "\ufeff[Unicode]\r\nUnicode=yes\r\n[Privilege Rights]\r\nSeBatchLogonRight = *S-1-5-32-544\r\n" +
		"SeDenyBatchLogonRight = *S-1-5-32-546,Guest\r\nSeDenyNetworkLogonRight =\r\n[Version]\r\nsignature=\"$CHICAGO$\"\r\n"
	var file []byte
	for _, unit := range utf16.Encode([]rune(text)) {
		file = binary.LittleEndian.AppendUint16(file, unit)
	}
	rights := parseRights(file)
	if got := rights["SeDenyBatchLogonRight"]; !slices.Equal(got, []string{"*S-1-5-32-546", "Guest"}) {
		t.Errorf("parseRights returned %q", rights)
	}
	if len(rights["SeDenyNetworkLogonRight"]) != 0 || len(rights["signature"]) != 0 {
		t.Errorf("parseRights returned %q", rights)
	}
}
