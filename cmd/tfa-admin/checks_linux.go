package main

import (
	"debug/buildinfo"
	"fmt"

	"evry.nl/tfa/cmd/internal/check"
	"evry.nl/tfa/cmd/internal/clock"
)

// hostChecks returns what there is to look at on this host.
func (d *desk) hostChecks() ([]check.Check, error) {
	host := &check.Linux{
		Root: "/", File: d.file, Now: clock.Now, Run: linux{d.ctx}.run, Version: builtFrom, Kernel: check.ThisKernel(),
	}
	return host.Checks(), nil
}

// builtFrom reads what the compiler has written into a program of ours.
func builtFrom(path string) (string, error) {
	info, err := buildinfo.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("reading the version: %w", err)
	}
	version := info.Main.Version
	for _, setting := range info.Settings {
		if setting.Key == "vcs.revision" && version == "(devel)" {
			version = setting.Value
		}
	}
	return info.Main.Path + " " + version, nil
}
