//go:build !linux && !windows

package main

import "evry.nl/tfa/cmd/internal/check"

func (d *desk) hostChecks() ([]check.Check, error) {
	return nil, refusal("check is for Linux and Windows")
}
