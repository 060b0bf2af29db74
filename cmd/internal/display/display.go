// Package display finds out whether a window can be opened here, before Fyne
// tries: without OpenGL, Fyne 2.8 logs a line and stays alive without a window.
package display

import (
	"errors"
	"fmt"

	"github.com/go-gl/gl/v2.1/gl"
	"github.com/go-gl/glfw/v3.4/glfw"
)

// ExitNoWindow is the exit status of a program that can't open a window.
const ExitNoWindow = 3

// Probe opens a window that nobody sees, the way Fyne will. It must run on the
// main goroutine, before Fyne's app is made. Error: what is missing.
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
	glfw.WindowHint(glfw.ContextVersionMajor, 2)
	glfw.WindowHint(glfw.ContextVersionMinor, 1)
	window, err := glfw.CreateWindow(16, 16, "probe", nil, nil)
	glfw.DefaultWindowHints()
	switch {
	case err != nil:
		return fmt.Errorf("opening a window: %w", err)
	case window == nil: // GLFW only logs some faults of the platform
		return errors.New("opening a window: the display gave none")
	}
	defer window.Destroy()
	window.MakeContextCurrent()
	defer glfw.DetachCurrentContext()
	if err := gl.Init(); err != nil {
		return fmt.Errorf("starting OpenGL: %w", err)
	}
	if gl.GetString(gl.VERSION) == nil {
		return errors.New("starting OpenGL: it does not tell its version")
	}
	return nil
}
