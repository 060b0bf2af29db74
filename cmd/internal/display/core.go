//go:build !gles

package display

import (
	"github.com/go-gl/gl/v2.1/gl"
	"github.com/go-gl/glfw/v3.4/glfw"
)

// hint asks for the OpenGL that Fyne asks for.
func hint() {
	glfw.WindowHint(glfw.ContextVersionMajor, 2)
	glfw.WindowHint(glfw.ContextVersionMinor, 1)
}

// hintAPI asks for nothing: the system's own OpenGL is what Fyne takes.
func hintAPI() {}

func initGL() error { return gl.Init() }

func tellsVersion() bool { return gl.GetString(gl.VERSION) != nil }
