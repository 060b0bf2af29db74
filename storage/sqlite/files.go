package sqlite

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"evry.nl/tfa/core"
)

// The files beside a store's own, which is one file for each practice.
const (
	lockSuffix     = ".lock"     // taken around every write
	newSuffix      = ".new"      // a store that is being made
	restoredSuffix = ".restored" // a store that comes out of a backup
	walSuffix      = "-wal"      // SQLite's write-ahead log
	indexSuffix    = "-shm"      // SQLite's index of it
)

// replacedSuffix begins the rest of the name of what was replaced, and the time
// at which it was ends it.
const replacedSuffix = ".replaced-"

// replacedAt returns the name under which what stands at path is kept: one that
// nothing has yet, for two can be replaced in a second.
func replacedAt(path string, at time.Time) string {
	name := path + replacedSuffix + at.UTC().Format("2006-01-02T150405Z")
	free := name
	for n := 2; ; n++ {
		if _, err := os.Lstat(free); err != nil {
			return free
		}
		free = fmt.Sprintf("%s-%d", name, n)
	}
}

// ReplacedBeside returns the files that stood at path before.
func ReplacedBeside(path string) (found []string, err error) {
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil {
		return nil, err
	}
	for _, entry := range entries {
		if strings.HasPrefix(entry.Name(), filepath.Base(path)+replacedSuffix) {
			found = append(found, filepath.Join(filepath.Dir(path), entry.Name()))
		}
	}
	return found, nil
}

// sharedMode lets the practice's group read and write, and nobody else.
const sharedMode = 0o660

// createShared makes a file that the practice's group may write, under any umask,
// with what fill writes. It gets its mode before it gets its name, so nobody ever
// meets it half made, or has the writer follow a link. SQLite gives -wal and -shm
// the mode of the store. Error: fs.ErrExist.
func createShared(path string, fill func(*os.File) error) (err error) {
	file, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	defer os.Remove(file.Name())
	err = share(file)
	if err == nil {
		err = fill(file)
	}
	if closing := file.Close(); err == nil {
		err = closing
	}
	if err != nil {
		return err
	}
	return os.Link(file.Name(), path)
}

// empty fills a file with nothing.
func empty(*os.File) error { return nil }

// stat returns what stands at the store's path. Errors: store.gone, or those of
// explain.
func (s *Store) stat() (os.FileInfo, error) {
	info, err := os.Stat(s.path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, s.fault(core.Missing, "store.gone", err)
	case err != nil:
		return nil, s.explain(err)
	}
	return info, nil
}

// checkFolder refuses a folder that is missing or lets strangers in.
func (s *Store) checkFolder() error {
	folder := filepath.Dir(s.path)
	info, err := os.Stat(folder)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return core.NewError(core.Missing, "store.no_folder", core.Args{"Path": folder}, err)
	case err != nil:
		return s.explain(err)
	case !info.IsDir():
		return core.NewError(core.Missing, "store.no_folder", core.Args{"Path": folder}, errors.New("it is no folder"))
	}
	return checkFolderOwner(folder, info)
}

// loose says that a file or folder has a mode that lets strangers in.
func loose(path string, mode fs.FileMode) error {
	shown := fmt.Sprintf("%04o", mode.Perm())
	return core.NewError(core.Internal, "store.mode", core.Args{"Path": path, "Mode": shown}, nil)
}

// remove deletes files; a missing one is none to delete.
func remove(paths ...string) error {
	for _, path := range paths {
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}
