package check

import (
	"context"
	"errors"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

	"evry.nl/tfa/cmd/internal/config"
	"evry.nl/tfa/cmd/internal/stores"
	"evry.nl/tfa/storage/acl"
)

// rightsChecks are about who may reach what is ours, and what Windows knows of us.
func (w Windows) rightsChecks() []Check {
	return []Check{
		{"win-programs", "Our programs are there, and only administrators change them",
			"Who can change the gate, or a library beside it, decides who logs on.",
			"Install Two Factor RDP again by its package.",
			w.programs},
		{"win-signatures", "Our programs bear a signature that this host trusts",
			"Nobody can tell whether they are the maker's, and rules for programs (AppLocker) may refuse them.",
			"Install the package of a release, and have the server trust its certificate.",
			w.signatures},
		{"win-folders", "Only administrators write above the folders of the practices",
			"Who can write there can put another store in the place of one, with two-factor off.",
			"tfa-admin check --fix, or tfa-admin init. A folder of somebody else: rename it, and run tfa-admin init.",
			w.folders},
		{"win-store-rights", "Each practice's files are for that practice alone",
			"Others read its secrets, or nobody of it can log on.",
			"tfa-admin check --fix, or tfa-admin init. Then tfa-admin key rotate PRACTICE, if others could read the key.",
			w.storeRights},
		{"win-key-protection", "Each key opens on this machine only",
			"A copy of the disk or of the files is enough to read the secrets.",
			"tfa-admin init; tfa-admin key rotate PRACTICE also makes a key that was never on the disk plainly.",
			w.keyProtection},
		{"win-event-source", "Our events can be read in the event log",
			"Faults of the gate, and the copy of each practice's log, show without their text.",
			"tfa-admin gate install, or install the package again.",
			w.eventSource},
		{"win-service", "tfa-service starts with Windows, and again after a fault",
			"With service in tfa.toml nobody logs on while it does not run.",
			`"C:\Program Files\TFA\tfa-service.exe" install; or take service out of tfa.toml, and run tfa-admin init.`,
			w.service},
	}
}

// The files of ours, by name. Without those of the gate nobody logs on.
var (
	gateNeeds = []string{"tfa-logon.exe", "logon.cmd"}
	programs  = []string{"tfa-logon.exe", "tfa-admin.exe", "beheertool.exe", "tfa-service.exe", "tfa-web.exe"}
	libraries = []string{"libEGL.dll", "libGLESv2.dll", "d3dcompiler_47.dll", `mesa\opengl32.dll`, `mesa\libgallium_wgl.dll`}
)

func (w Windows) ours(name string) string { return w.Folder + `\` + name }

func (w Windows) programs(context.Context) (r result) {
	for _, folder := range []string{w.Folder, w.ours("mesa")} {
		list, err := w.Access(folder)
		switch {
		case errors.Is(err, fs.ErrNotExist):
		case err != nil:
			r.add(Unknown, "%v", err)
		default:
			judgeFolder(&r, folder, list)
		}
	}
	for _, name := range slices.Concat(gateNeeds, programs[1:], libraries) {
		err := w.Guarded(w.ours(name))
		switch {
		case err == nil:
		case !errors.Is(err, fs.ErrNotExist):
			r.add(Hole, "%s: %v", w.ours(name), err)
		case slices.Contains(gateNeeds, name):
			r.add(Hole, "there is no %s", w.ours(name))
		}
	}
	return r
}

// judgeFolder notes who may write in a folder and should not. It returns whether
// closing it makes it right: what somebody else owns may hold anything.
func judgeFolder(r *result, folder string, list acl.List) (closable bool) {
	err := list.Trusted("")
	var who *acl.StrangerError
	switch {
	case errors.As(err, &who):
		r.add(Hole, "%s can write in %s", acl.Name(who.SID), folder)
		return true
	case err != nil:
		r.add(Hole, "%s belongs to %s", folder, acl.Name(list.Owner))
	}
	return false
}

func (w Windows) signatures(context.Context) (r result) {
	for _, name := range programs {
		if err := w.Signed(w.ours(name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			r.add(Warning, "%s: %v", w.ours(name), err)
		}
	}
	return r
}

func (w Windows) folders(context.Context) (r result) {
	cfg, err := config.Load(w.File)
	if err != nil {
		return found(Unknown, "the configuration can't be read")
	}
	stored, _, _ := cfg.StoreFolders()
	folders := []string{filepath.Dir(w.configFile()), stored, filepath.Dir(filepath.Dir(cfg.KeyPath("x")))}
	slices.Sort(folders)
	for _, folder := range slices.Compact(folders) {
		list, err := w.Access(folder)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			r.add(Hole, "%s: %v", folder, err)
			continue
		}
		if judgeFolder(&r, folder, list) {
			r.fix(func() error { return w.Close(folder) }, "have only administrators write in %s (was: %s)", folder, list.SDDL())
		}
	}
	return r
}

// ofEach runs look for every practice that has a store.
func (w Windows) ofEach(look func(r *result, cfg config.Config, practice string)) result {
	cfg, err := config.Load(w.File)
	if err != nil {
		return found(Unknown, "the configuration can't be read")
	}
	practices, err := stores.Practices(cfg)
	if err != nil {
		return fault(err)
	}
	var r result
	for _, practice := range practices {
		look(&r, cfg, practice)
	}
	if len(practices) == 0 {
		r.add(NotApplicable, "this host has no practice yet")
	}
	return r
}

func (w Windows) storeRights(context.Context) result {
	return w.ofEach(func(r *result, cfg config.Config, practice string) {
		wrong, err := w.NotFor(cfg, practice)
		if err != nil {
			r.add(Hole, "%v", err)
			return
		}
		for _, path := range wrong {
			list, err := w.Access(path)
			if err != nil {
				r.add(Hole, "%s: %v", path, err)
				continue
			}
			r.add(Hole, "%s is not for whom it should be (is: %s)", path, list.Who())
		}
		if len(wrong) > 0 {
			r.fix(func() error { return w.Give(cfg, practice) }, "give what practice %s has to those it is for (files and folders: %d)", practice, len(wrong))
		}
	})
}

func (w Windows) keyProtection(context.Context) result {
	return w.ofEach(func(r *result, cfg config.Config, practice string) {
		plain, err := w.PlainKey(cfg, practice)
		switch {
		case err != nil:
			r.add(Unknown, "the key of practice %s: %s", practice, sentence(err))
		case plain:
			r.add(Warning, "%s opens on any machine", cfg.KeyPath(practice))
		}
	})
}

const eventSourceKey = servicesKey + `\EventLog\Application\TFA`

func (w Windows) eventSource(context.Context) (r result) {
	if w.value(&r, eventSourceKey, "EventMessageFile", "") == "" && r.state == "" {
		r.add(Warning, "the log Application knows no source TFA")
	}
	return r
}

// What the registration of our service must say: start with Windows.
const (
	ourService = servicesKey + `\tfa-service`
	automatic  = "2"
)

func (w Windows) service(context.Context) (r result) {
	cfg, err := config.Load(w.File)
	if err != nil {
		return found(Unknown, "the configuration can't be read")
	}
	start := w.value(&r, ourService, "Start", "")
	switch {
	case cfg.Service == "" && start == automatic:
		return found(Warning, "tfa-service starts with Windows, and tfa.toml does not name it: the gate and the tool open the stores themselves")
	case cfg.Service == "":
		return found(NotApplicable, "service is not set in tfa.toml")
	case start == "" && r.state == "":
		return found(Hole, "tfa-service is not installed")
	case start != automatic:
		r.add(Hole, "tfa-service does not start with Windows (Start is %s)", start)
	}
	program := commands(w.value(&r, ourService, "ImagePath", ""))
	if len(program) == 0 || !strings.EqualFold(program[0].program, w.ours("tfa-service.exe")) {
		r.add(Hole, "tfa-service is not %s", w.ours("tfa-service.exe"))
	}
	if who := w.value(&r, ourService, "ObjectName", ""); !strings.EqualFold(who, "LocalSystem") {
		r.add(Hole, "tfa-service runs as %q, not as LocalSystem", who)
	}
	if w.value(&r, ourService, "FailureActions", "") == "" || w.value(&r, ourService, "FailureActionsOnNonCrashFailures", "0") != "1" {
		r.add(Warning, "Windows does not start tfa-service again after every fault")
	}
	return r
}
