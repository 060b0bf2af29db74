// Package display finds out whether a window can be opened here, before Fyne
// tries: without OpenGL, Fyne 2.8 logs a line and stays alive without a window.
package display

import (
	"errors"
	"fmt"

	"github.com/go-gl/glfw/v3.4/glfw"
)

// ExitNoWindow is the exit status of a program that can't open a window.
const ExitNoWindow = 3

// Probe opens a window that nobody sees, the way Fyne will. It must run on the
// main goroutine, before Fyne's app is made. Error: what is missing. A driver can
// crash or hang in it: where that must be survived, it is for a process of its
// own.
func Probe() (err error) {
	defer func() { // GLFW panics where it can't return an error
		if cause := recover(); cause != nil {
			err = fmt.Errorf("opening a window: %v", cause)
		}
	}()
	if err := glfw.Init(); err != nil {
		return fmt.Errorf("reaching the display: %w", err)
	}
	glfw.WindowHint(glfw.Visible, glfw.False)
	hint()
	window, err := glfw.CreateWindow(16, 16, "probe", nil, nil)
	glfw.DefaultWindowHints()
	hintAPI()
	switch {
	case err != nil:
		return fmt.Errorf("opening a window: %w", err)
	case window == nil: // GLFW only logs some faults of the platform
		return errors.New("opening a window: the display gave none")
	}
	defer window.Destroy()
	window.MakeContextCurrent()
	defer glfw.DetachCurrentContext()
	if err := initGL(); err != nil {
		return fmt.Errorf("starting OpenGL: %w", err)
	}
	if !tellsVersion() {
		return errors.New("starting OpenGL: it does not tell its version")
	}
	return nil
}
