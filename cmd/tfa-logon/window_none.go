//go:build terminal

package main

import (
	"errors"

	"evry.nl/tfa/assets/translations"
	"evry.nl/tfa/ui/present"
)

// Built with the tag terminal, the gate is for ssh, consoles and PAM alone: one
// file without libraries, which starts and ends in half the time.

// inWindow denies: there is no window.
func (g gate) inWindow() int {
	return fault(g.options, g.logon.Texts, errors.New("this tfa-logon was built without windows: use --tty or --pam"))
}

// showFault shows nothing, and says so.
func showFault(*translations.Texts, present.Screen) bool { return false }
