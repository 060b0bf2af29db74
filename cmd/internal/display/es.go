//go:build gles

package display

import (
	gl "github.com/go-gl/gl/v3.1/gles2"
	"github.com/go-gl/glfw/v3.4/glfw"
)

// hint asks for the OpenGL ES that Fyne asks for.
func hint() {
	hintAPI()
	glfw.WindowHint(glfw.ClientAPI, glfw.OpenGLESAPI)
	glfw.WindowHint(glfw.ContextVersionMajor, 2)
	glfw.WindowHint(glfw.ContextVersionMinor, 0)
}

// hintAPI asks for ANGLE, which speaks EGL. Fyne never does on Windows
// (fyne-io/fyne#5763), but what is asked here holds for its windows too.
func hintAPI() { glfw.WindowHint(glfw.ContextCreationAPI, glfw.EGLContextAPI) }

func initGL() error { return gl.Init() }

func tellsVersion() bool { return gl.GetString(gl.VERSION) != nil }
