//go:build terminal

package main

import (
	"errors"

	"evry.nl/tfa/assets/translations"
	"evry.nl/tfa/cmd/internal/handover"
	"evry.nl/tfa/ui/present"
)

// Built with the tag terminal, the gate is for ssh, consoles and PAM alone: one
// file without libraries, which starts and ends in half the time.

var errNoWindow = errors.New("this tfa-logon was built without windows: use --tty or --pam")

// fronts returns none: there is no window.
func (options) fronts(string) []handover.Front { return nil }

// supervise denies.
func supervise(o options) int {
	texts, err := translations.For("nl")
	return fault(options{tty: true}, texts, errors.Join(errNoWindow, err))
}

// inWindow denies.
func (g gate) inWindow() int { return fault(g.options, g.logon.Texts, errNoWindow) }

// plainly denies.
func (g gate) plainly() int { return g.inWindow() }

// showFault shows nothing, and says so.
func showFault(options, *translations.Texts, present.Screen) bool { return false }
