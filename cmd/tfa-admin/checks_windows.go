package main

import (
	"evry.nl/tfa/cmd/internal/check"
	"evry.nl/tfa/cmd/internal/clock"
)

// hostChecks returns what there is to look at on this host.
func (d *desk) hostChecks() ([]check.Check, error) {
	return check.Windows{Registry: check.ThisRegistry(), File: d.file, Now: clock.Now}.Checks(), nil
}
