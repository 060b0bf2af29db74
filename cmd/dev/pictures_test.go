package main

import (
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// plane writes a picture of a colour with more shades on it than a reduced one
// keeps.
func plane(t *testing.T, file string, ground color.RGBA) {
	t.Helper()
	picture := image.NewRGBA(image.Rect(0, 0, 40, 40))
	for i := range picture.Pix {
		picture.Pix[i] = []uint8{ground.R, ground.G, ground.B, 255}[i%4]
	}
	for i := range 200 {
		picture.SetRGBA(i%40, i/40, color.RGBA{uint8(i), 0, 0, 255})
	}
	out, err := os.Create(file)
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	if err := png.Encode(out, picture); err != nil {
		t.Fatal(err)
	}
}

func TestPicturesOfTheManualAreExchanged(t *testing.T) {
	drawn, target := t.TempDir(), t.TempDir()
	names := []string{"code-en-dark.png", "code-nl-dark.png", "code-nl-light.png"}
	for _, name := range names {
		plane(t, filepath.Join(drawn, name), color.RGBA{10, 79, 158, 255})
	}
	plane(t, filepath.Join(target, "gone-nl-light.png"), color.RGBA{})
	if err := compare(drawn, target, names); err == nil || !strings.Contains(err.Error(), "code-en-dark.png") {
		t.Errorf("pictures that are not there: %v", err)
	}
	if err := replace(drawn, target, names); err != nil {
		t.Fatal(err)
	}
	if err := compare(drawn, target, names); err != nil {
		t.Errorf("fresh pictures: %v", err)
	}
	found, err := filepath.Glob(filepath.Join(target, "*"))
	if err != nil || len(found) != len(names) || slices.Contains(found, filepath.Join(target, "gone-nl-light.png")) {
		t.Errorf("there is %q, %v", found, err)
	}
	plane(t, filepath.Join(drawn, "code-nl-dark.png"), color.RGBA{10, 79, 159, 255})
	if err := compare(drawn, target, names); err == nil || strings.Contains(err.Error(), "code-nl-light.png") || !strings.Contains(err.Error(), "code-nl-dark.png") {
		t.Errorf("a picture of another colour: %v", err)
	}
}

func TestReducedPicturesKeepWhatIsMost(t *testing.T) {
	file := filepath.Join(t.TempDir(), "picture.png")
	ground := color.RGBA{10, 79, 158, 255}
	plane(t, file, ground)
	picture, err := reduced(file)
	if err != nil || len(picture.Palette) != most || picture.At(39, 39) != color.Color(ground) {
		t.Fatalf("%d colours, %v, %v", len(picture.Palette), picture.At(39, 39), err)
	}
}

func TestScreensThatTheManualShows(t *testing.T) {
	folder := t.TempDir()
	for name, text := range map[string]string{
		"tfa.nl.html": `{{.Picture "code" "Een" "Twee"}} {{.Picture "log" "a" "b"}} {{.Picture "code" "c" "d"}}`, "tfa.en.html": `{{.Picture "code" "One" "Two"}}`, "otp.html": `{{.Picture "other"}}`,
	} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	screens, names, err := shown(folder)
	if err != nil || !slices.Equal(screens, []string{"code", "log"}) ||
		!slices.Equal(names, []string{"code-en-dark.png", "code-en-light.png", "code-nl-dark.png", "code-nl-light.png", "log-nl-dark.png", "log-nl-light.png"}) {
		t.Errorf("%q, %q, %v", screens, names, err)
	}
	if _, _, err := shown(t.TempDir()); err == nil {
		t.Error("a folder without a manual is no mistake")
	}
}
