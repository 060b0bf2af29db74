//go:build unix

// Package durable makes the names of files last.
package durable

import "os"

// SyncFolder has a folder keep the names that were given or taken in it, also
// when the power goes.
func SyncFolder(path string) error {
	folder, err := os.Open(path)
	if err != nil {
		return err
	}
	defer folder.Close()
	return folder.Sync()
}
