//go:build unix

package seal

import (
	"fmt"
	"os"
	"path/filepath"
	"syscall"

	"evry.nl/tfa/core"
)

// keyMode lets the practice's group read its key and nobody change it.
const keyMode = 0o640

// looseBits let somebody in who should not be: others altogether, and the group
// to more than reading.
const looseBits = 0o037

// checkFile refuses a key file whose mode or owner lets strangers at it.
func checkFile(file *os.File, path string) error {
	info, err := file.Stat()
	if err != nil {
		return unreadable(path, err)
	}
	folder, err := os.Stat(filepath.Dir(path))
	if err != nil {
		return unreadable(path, err)
	}
	if !info.Mode().IsRegular() {
		return core.NewError(core.Internal, "key.malformed", core.Args{"Path": path}, fmt.Errorf("%s is no file", path))
	}
	if mode := info.Mode().Perm(); mode&looseBits != 0 {
		return core.NewError(core.Internal, "key.mode", core.Args{"Path": path, "Mode": fmt.Sprintf("%04o", mode)}, nil)
	}
	owner, folderOwner := owner(info), owner(folder)
	if owner != 0 && owner != folderOwner {
		return core.NewError(core.Internal, "key.owner", core.Args{"Path": path, "Owner": owner}, nil)
	}
	return nil
}

// restrict sets the mode of a new key file: the umask may have taken bits away.
func restrict(file *os.File) error { return file.Chmod(keyMode) }

// resemble gives a file the owner and mode of another, the owner first: changing
// it may clear bits of the mode.
func resemble(file *os.File, other os.FileInfo) error {
	stat := other.Sys().(*syscall.Stat_t)
	if err := file.Chown(int(stat.Uid), int(stat.Gid)); err != nil {
		return err
	}
	return file.Chmod(other.Mode().Perm())
}

// giveFolderGroup gives a file the group of its folder, which is the practice's.
func giveFolderGroup(file *os.File) error {
	folder, err := os.Stat(filepath.Dir(file.Name()))
	if err != nil {
		return err
	}
	return file.Chown(-1, int(folder.Sys().(*syscall.Stat_t).Gid))
}

func owner(info os.FileInfo) uint32 { return info.Sys().(*syscall.Stat_t).Uid }
