package access

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"golang.org/x/sys/unix"
)

// somebody is the uid of an account that is not the administrator.
const somebody = 54321

// as runs do with another real uid, which belongs to a thread.
func as(t *testing.T, uid int, do func()) {
	t.Helper()
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if _, _, err := unix.RawSyscall(unix.SYS_SETRESUID, uintptr(uid), ^uintptr(0), ^uintptr(0)); err != 0 {
		t.Fatalf("this test needs root: %v", err)
	}
	defer unix.RawSyscall(unix.SYS_SETRESUID, 0, ^uintptr(0), ^uintptr(0))
	do()
}

// A file that the caller made is the caller's to believe, but never the host's.
func TestWhoseFileIsBelieved(t *testing.T) {
	for name, tc := range map[string]struct {
		owner             int
		mode              os.FileMode
		trusted, official error
	}{
		"of_root":            {0, 0o644, nil, nil},
		"of_the_caller":      {somebody, 0o644, nil, ErrOwner},
		"of_somebody_else":   {somebody + 1, 0o644, ErrOwner, ErrOwner},
		"writable_by_others": {0, 0o646, ErrWritable, ErrWritable},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "tfa.toml")
			if err := errors.Join(os.WriteFile(path, nil, 0o600), os.Chown(path, tc.owner, 0), os.Chmod(path, tc.mode)); err != nil {
				t.Fatal(err)
			}
			file, err := os.Open(path)
			if err != nil {
				t.Fatal(err)
			}
			defer file.Close()
			as(t, somebody, func() {
				if err := Trusted(file); !errors.Is(err, tc.trusted) {
					t.Errorf("Trusted returned %v, want %v", err, tc.trusted)
				}
				if err := Official(file); !errors.Is(err, tc.official) {
					t.Errorf("Official returned %v, want %v", err, tc.official)
				}
			})
		})
	}
}
