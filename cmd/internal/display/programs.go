package display

import (
	"os"
	"path/filepath"
	"runtime"
)

// Mesa is the folder, beside a program for Windows, of the same program with an
// OpenGL that draws by itself, for servers on which Direct3D does not.
const Mesa = "mesa"

// Programs returns the files of this program that open its window, the best
// first: itself, and on Windows the one in the folder Mesa, whether or not it is
// there. Nothing where it can't be found out.
func Programs() []string {
	self, err := os.Executable()
	if err != nil {
		return nil
	}
	if runtime.GOOS != "windows" {
		return []string{self}
	}
	return []string{self, filepath.Join(filepath.Dir(self), Mesa, filepath.Base(self))}
}
