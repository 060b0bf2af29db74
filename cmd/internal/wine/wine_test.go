package wine

import (
	"image"
	"os"
	"os/exec"
	"strings"
	"testing"

	"evry.nl/tfa/cmd/internal/story"
)

// A program of Go says something, takes random bytes and ends with a status; a
// window of Windows' own gets what is typed; the registry keeps what was put
// into it.
func TestMachineRunsWhatIsBuiltForWindows(t *testing.T) {
	m := New(t)
	m.Write(`C:\build\main.go`, `package main

import (
	"crypto/rand"
	"fmt"
	"os"
)

func main() {
	fmt.Println(len(rand.Text()), os.Args[1])
	os.Exit(7)
}
`)
	build := exec.Command("go", "build", "-o", m.File(`C:\a folder\hello.exe`), m.File(`C:\build\main.go`))
	build.Env = append(os.Environ(), "GOOS=windows", "GOARCH=amd64", "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if said, status := m.Run(`C:\a folder\hello.exe`, "een twee"); said != "26 een twee\n" || status != 7 {
		t.Errorf("said %q, status %d", said, status)
	}

	w := m.Open("Untitled - Notepad", m.Command("notepad"))
	before, err := m.Desk.Screenshot()
	story.Must(t, err)
	w.Type("wachtwoord")
	w.WaitFor("other pixels", func(now *image.RGBA) bool { return string(now.Pix) != string(before.Pix) })
	w.Says("wachtwoord")
	w.Stop()

	const key = `HKLM\Software\Een sleutel`
	if m.Registry(key) != "" || m.RegistryValue(key, "een naam") != "" {
		t.Error("a key is there already")
	}
	if said, status := m.Run("reg", "add", key, "/v", "een naam", "/d", "een  waarde"); status != 0 {
		t.Fatal(said)
	}
	if got := m.RegistryValue(key, "een naam"); got != "een  waarde" || !strings.Contains(m.Registry(key), got) {
		t.Errorf("got %q", got)
	}
}
