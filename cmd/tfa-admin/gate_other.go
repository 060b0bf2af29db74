//go:build !windows

package main

import "evry.nl/tfa/cmd/internal/winlogon"

func thisGate(*desk) (winlogon.Host, error) {
	return winlogon.Host{}, hinted{refusal("the verb gate is for Windows"), "on Linux the packages put the gate in place: see their README.md"}
}
