package main

// syncFolder has nothing to do: Windows writes names with the file.
func syncFolder(string) error { return nil }
