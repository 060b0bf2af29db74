//go:build unix && !terminal

package main

// forFront returns what a front is told. The command is not for it: it runs in
// the place of the process that waits for the answer.
func (o options) forFront() []string { return []string{"--config", o.config} }
