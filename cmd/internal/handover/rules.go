package handover

import (
	"slices"
	"strings"
)

// rules say what a program keeps of an environment.
type rules struct {
	// kept are the names of what tells it where its screen or terminal and its
	// folders are. Everything else could make it, or a library of its, load or do
	// something else: LD_PRELOAD, GTK_MODULES, FYNE_THEME, GODEBUG and many more.
	kept []string
	// fixed are the entries that it sets for itself: no program is looked for in
	// folders of the session's choice, no bus is asked for settings, and no
	// compiled code is taken from a cache below HOME.
	fixed []string
	// added means that the system adds entries of its own to those that a program
	// gets from the one that starts it. They can only be taken out afterwards.
	added bool
	// fold writes a name as the system compares names.
	fold func(string) string
}

func forUnix() rules {
	return rules{
		kept: []string{"DISPLAY", "XAUTHORITY", "HOME", "USER", "LOGNAME", "LANG", "TERM", "XDG_RUNTIME_DIR", "XRDP_SESSION"},
		fixed: []string{
			"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "DBUS_SESSION_BUS_ADDRESS=disabled:", "MESA_SHADER_CACHE_DISABLE=true",
		},
		fold: func(name string) string { return name },
	}
}

// forWindows returns the rules for a Windows that stands in a folder. Its own
// libraries look for their parts by these variables, which the session can set.
func forWindows(folder string) rules {
	return rules{
		// The last is Wine's, for trying: it keeps the name of the account there.
		// Windows asks the process's token, and knows no such variable.
		kept: []string{"TEMP", "TMP", "USERPROFILE", "APPDATA", "LOCALAPPDATA", "SESSIONNAME", "WINEUSERNAME"},
		fixed: []string{
			`PATH=` + folder + `\System32;` + folder, `PATHEXT=.COM;.EXE;.BAT;.CMD`, "SystemRoot=" + folder, "windir=" + folder,
			"SystemDrive=" + folder[:strings.Index(folder, ":")+1], "MESA_SHADER_CACHE_DISABLE=true",
		},
		added: true, // __COMPAT_LAYER, for one
		fold:  strings.ToUpper,
	}
}

// name returns the name of an entry, folded.
func (r rules) name(entry string) string {
	name, _, _ := strings.Cut(entry, "=")
	return r.fold(name)
}

// clean returns what is kept of an environment.
func (r rules) clean(environment []string) []string {
	cleaned := slices.Clone(r.fixed)
	for _, entry := range environment {
		if slices.ContainsFunc(r.kept, func(kept string) bool { return r.fold(kept) == r.name(entry) }) {
			cleaned = append(cleaned, entry)
		}
	}
	return cleaned
}

// unclean returns the entries that clean would not leave in an environment.
func (r rules) unclean(environment []string) []string {
	allowed := r.clean(environment)
	return slices.DeleteFunc(slices.Clone(environment), func(entry string) bool {
		return slices.Contains(allowed, entry) || r.name(entry) == r.fold(variable)
	})
}
