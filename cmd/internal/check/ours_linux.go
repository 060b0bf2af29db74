package check

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"

	"evry.nl/tfa/cmd/internal/access"
	"evry.nl/tfa/cmd/internal/config"
)

// Our programs, where assets/packaging puts them.
const (
	gateProgram  = "/usr/bin/tfa-logon"
	adminProgram = "/usr/bin/tfa-admin"
	ourFolder    = "/usr/lib/tfa"
)

func ourPrograms() []string {
	return []string{gateProgram, adminProgram, "/usr/bin/beheertool", serviceProgram, sessionProgram, "/usr/bin/tfa-web"}
}

func (l *Linux) ourChecks() []Check {
	return []Check{
		{"config", "The configuration is valid, and only root can write it",
			"Without it nobody logs on; who can write it can exempt an account, or name another store.",
			"Mend the line that is named, or let tfa-admin init write a file with the defaults.",
			l.config},
		{"programs", "Our programs are there and belong to root alone",
			"Without the gate nobody logs on; who can change it, or a folder above it, decides who does.",
			"Install them again: install -o root -g root -m 755 tfa-logon tfa-admin beheertool /usr/bin/",
			l.programs},
		{"versions", "All our programs are of one version",
			"An old gate may refuse a store that a newer program has changed.",
			"Install all programs from one package.",
			l.versions},
		{"exempt", "Only root is exempt from the gate",
			"An exempt account logs on with its password alone, or with a key.",
			"Take the account out of exempt in tfa.toml, if nobody needs it in an emergency.",
			l.exempt},
	}
}

func (l *Linux) config(context.Context) (r result) {
	path := l.cfg.File
	if l.File != "" {
		path = l.File
	} else if path == "" {
		path = config.DefaultFile()
	}
	switch {
	case l.cfgErr != nil:
		r.add(Hole, "%s", sentence(l.cfgErr))
	case l.cfg.File == "":
		r.add(Hole, "there is no file %s, and the gate of xrdp lets nobody in without", path)
	case l.cfg.Identity.Account != "":
		r.add(Warning, "[identity] lets %s stand in for whoever runs the tool: that is for demos", l.cfg.Identity.Account)
	}
	whole, err := filepath.Abs(path)
	if _, missing := os.Stat(path); err != nil || missing != nil {
		return r
	}
	if l.cfgErr == nil || errors.Is(l.cfgErr, access.ErrOwner) || errors.Is(l.cfgErr, access.ErrWritable) {
		l.guard(&r, whole)
	}
	return r
}

func (l *Linux) programs(context.Context) (r result) {
	if !l.exists(gateProgram) {
		r.add(Hole, "there is no %s", gateProgram)
	}
	for _, file := range []string{serviceProgram, sessionProgram} {
		if l.cfg.Service != "" && !l.exists(file) {
			r.add(Hole, "there is no %s", file)
		}
	}
	files := ourPrograms()
	extra, _ := filepath.Glob(l.path(ourFolder + "/*")) // the pattern is a good one
	for _, path := range extra {
		files = append(files, l.show(path))
	}
	for _, file := range files {
		if l.exists(file) {
			l.guard(&r, l.path(file))
		}
	}
	return r
}

func (l *Linux) versions(context.Context) (r result) {
	versions := map[string][]string{}
	var last string
	for _, file := range ourPrograms() {
		if !l.exists(file) {
			continue
		}
		version, err := l.Version(l.path(file))
		if err != nil {
			r.add(Unknown, "%s: %v", file, err)
			continue
		}
		versions[version] = append(versions[version], file)
		last = version
	}
	if len(versions) == 0 && r.state == "" {
		r.add(NotApplicable, "no program of ours is installed")
	}
	for _, file := range ourPrograms() {
		for version, files := range versions {
			if len(versions) > 1 && slices.Contains(files, file) {
				r.add(Warning, "%s is %s", file, version)
			}
		}
	}
	if len(versions) == 1 && r.state == "" {
		r.add(OK, "%s", last)
	}
	return r
}

func (l *Linux) exempt(context.Context) (r result) {
	if l.cfgErr != nil {
		return found(Unknown, "the configuration can't be read")
	}
	for _, name := range l.cfg.Exempt {
		if name != "root" {
			r.add(Warning, "%s is exempt", name)
		}
	}
	return r
}
