//go:build !terminal

package main

// forFront returns what a front is told. It runs the command itself: no process
// can take the place of the one that waits.
func (o options) forFront() []string {
	return append([]string{"--config", o.config, "--"}, o.command...)
}
