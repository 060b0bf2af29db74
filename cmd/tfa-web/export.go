package main

import (
	"fmt"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
)

// export writes the files below dir, over those of an earlier version. Each is
// whole at any moment. Service workers come last: from then on browsers fetch
// the new version, and must find all of it.
func export(files map[string][]byte, dir string) error {
	names := slices.SortedFunc(maps.Keys(files), func(a, b string) int {
		return isWorker(a) - isWorker(b)
	})
	for _, name := range names {
		target := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
			return fmt.Errorf("making a folder: %w", err)
		}
		if err := replace(target, files[name]); err != nil {
			return fmt.Errorf("writing %s: %w", target, err)
		}
	}
	return nil
}

func isWorker(name string) int {
	if path.Base(name) == "sw.js" {
		return 1
	}
	return 0
}

// replace puts a file in the place of another at once.
func replace(target string, content []byte) error {
	fresh := target + ".new"
	if err := os.WriteFile(fresh, content, 0o644); err != nil {
		return err
	}
	if err := os.Rename(fresh, target); err != nil {
		os.Remove(fresh)
		return err
	}
	return nil
}
