package handover

import (
	"slices"
	"testing"
)

func TestClean(t *testing.T) {
	unix, windows := forUnix(), forWindows(`D:\Windows`)
	hostile := []string{"HOME=/nonexistent", "TERM=xterm", "LD_PRELOAD=/nonexistent.so", "PATH=/tmp"}
	onWindows := []string{
		`Temp=D:\Temp`, `AppData=D:\Users\EV-0000-1`, "SESSIONNAME=RDP-Tcp#3", `Path=D:\Temp`, `SYSTEMROOT=D:\Temp`, `WinDir=D:\Temp`,
		"FYNE_THEME=dark", "GALLIUM_DRIVER=evil", `=D:=D:\Temp`, "ExitCode=1", "HOME=/nonexistent",
	}
	for name, tc := range map[string]struct {
		rules       rules
		environment []string
		clean       bool
	}{
		"what_clean_leaves":            {unix, unix.clean(hostile), true},
		"and_the_hand_over":            {unix, append(unix.clean(hostile), variable+"=3"), true},
		"one_variable_more":            {unix, append(unix.clean(hostile), "A=b"), false},
		"another_path":                 {unix, append(unix.clean(hostile), "PATH=/tmp"), false},
		"a_name_that_begins_the_same":  {unix, append(unix.clean(hostile), "HOMER=simpson"), false},
		"an_entry_that_is_none":        {unix, append(unix.clean(hostile), "nonsense"), false},
		"lower_case":                   {unix, append(unix.clean(hostile), "ld_preload=x"), false},
		"kept_in_lower_case":           {unix, append(unix.clean(hostile), "home=/tmp"), false},
		"of_windows":                   {unix, windows.clean(onWindows), false},
		"windows_what_clean_leaves":    {windows, windows.clean(onWindows), true},
		"windows_and_the_hand_over":    {windows, append(windows.clean(onWindows), "tfa_logon_session_FD=3"), true},
		"windows_one_variable_more":    {windows, append(windows.clean(onWindows), "A=b"), false},
		"windows_another_path":         {windows, append(windows.clean(onWindows), `Path=D:\Temp`), false},
		"windows_kept_in_another_case": {windows, append(windows.clean(onWindows), `tmp=D:\Temp`), true},
		"windows_a_drive_has_a_folder": {windows, append(windows.clean(onWindows), `=D:=D:\Temp`), false},
	} {
		if got := tc.rules.unclean(tc.environment); (len(got) == 0) != tc.clean {
			t.Errorf("%s: of %q this is not clean: %q", name, tc.environment, got)
		}
	}
}

func TestWhatIsKeptOnWindows(t *testing.T) {
	got := forWindows(`D:\Windows`).clean([]string{
		`Temp=D:\Temp`, "Path=evil", "SYSTEMROOT=evil", "sessionName=RDP-Tcp#3", "FYNE_THEME=dark", "=D:=evil", "PATHEXT=.EVIL", "COMSPEC=evil",
	})
	want := []string{
		`PATH=D:\Windows\System32;D:\Windows`, "PATHEXT=.COM;.EXE;.BAT;.CMD", `SystemRoot=D:\Windows`, `windir=D:\Windows`, "SystemDrive=D:",
		"MESA_SHADER_CACHE_DISABLE=true", `Temp=D:\Temp`, "sessionName=RDP-Tcp#3",
	}
	if !slices.Equal(got, want) {
		t.Errorf("clean leaves %q, want %q", got, want)
	}
}
