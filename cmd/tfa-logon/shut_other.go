//go:build !linux

package main

// shut does nothing: only Linux lets a process keep others of its account out.
func shut() error { return nil }
