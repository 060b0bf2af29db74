package main

import (
	"evry.nl/tfa/cmd/internal/check"
	"evry.nl/tfa/cmd/internal/clock"
)

// hostChecks returns what there is to look at on this host.
func (d *desk) hostChecks() ([]check.Check, error) {
	folder, err := check.OurFolder()
	if err != nil {
		return nil, err
	}
	mending, err := (&people{directory: windowsDirectory{}}).mending()
	if err != nil {
		return nil, err
	}
	files := check.ThisFiles(func(practice string) string { return groupPrefix + practice })
	return check.Windows{Registry: check.ThisRegistry(), Files: files, Folder: folder, Mending: mending, File: d.file, Now: clock.Now}.Checks(), nil
}
