package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// manualFolder has the manual, a template a language, and a folder of its pictures.
var manualFolder = filepath.Join("assets", "web")

// pictureOf finds a screen that a template shows.
var pictureOf = regexp.MustCompile(`\{\{\.Picture "([^"]+)"`)

// shown returns the names of the screens that the manual in a folder shows, and of
// their pictures: in the language of each template, and in both themes.
func shown(folder string) (screens, names []string, err error) {
	templates, err := filepath.Glob(filepath.Join(folder, "tfa.*.html"))
	if err != nil {
		return nil, nil, fmt.Errorf("looking for the manual: %w", err)
	}
	for _, file := range templates {
		language := strings.Split(filepath.Base(file), ".")[1]
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, nil, fmt.Errorf("reading the manual: %w", err)
		}
		for _, found := range pictureOf.FindAllSubmatch(text, -1) {
			screen := string(found[1])
			screens = append(screens, screen)
			names = append(names, screen+"-"+language+"-light.png", screen+"-"+language+"-dark.png")
		}
	}
	if len(names) == 0 {
		return nil, nil, fmt.Errorf("the manual in %s shows no screen", folder)
	}
	slices.Sort(screens)
	slices.Sort(names)
	return slices.Compact(screens), slices.Compact(names), nil
}

// pictures draws the screens that the manual shows into the folder of its page.
// With --check it only tells which of the pictures there are out of date.
func pictures(ctx context.Context, args []string) error {
	isCheck := len(args) == 1 && args[0] == "--check"
	if len(args) > 0 && !isCheck {
		return usageError("pictures takes no argument but --check")
	}
	screens, names, err := shown(manualFolder)
	if err != nil {
		return err
	}
	drawn, err := os.MkdirTemp("", "tfa-pictures-")
	if err != nil {
		return fmt.Errorf("making a folder: %w", err)
	}
	defer os.RemoveAll(drawn)
	rooms, err := drawing("ui")
	if err != nil {
		return err
	}
	if err := draw(ctx, drawn, rooms, `^TestShots$/^(`+strings.Join(screens, "|")+`)-[a-z]+-(light|dark)\.png$`); err != nil {
		return err
	}
	target := filepath.Join(manualFolder, "tfa")
	if isCheck {
		return compare(drawn, target, names)
	}
	return replace(drawn, target, names)
}

// replace makes the target have the pictures, and no others.
func replace(drawn, target string, names []string) error {
	size := 0
	for _, name := range names {
		picture, err := reduced(filepath.Join(drawn, name))
		if err != nil {
			return err
		}
		var content bytes.Buffer
		encoder := png.Encoder{CompressionLevel: png.BestCompression}
		if err := encoder.Encode(&content, picture); err != nil {
			return fmt.Errorf("compressing %s: %w", name, err)
		}
		size += content.Len()
		if err := os.WriteFile(filepath.Join(target, name), content.Bytes(), 0o644); err != nil {
			return fmt.Errorf("writing a picture: %w", err)
		}
	}
	found, err := filepath.Glob(filepath.Join(target, "*.png"))
	if err != nil {
		return fmt.Errorf("looking for pictures: %w", err)
	}
	for _, file := range found {
		if slices.Contains(names, filepath.Base(file)) {
			continue
		}
		if err := os.Remove(file); err != nil {
			return fmt.Errorf("removing a picture: %w", err)
		}
	}
	fmt.Printf("%d pictures in %s, %d kB\n", len(names), target, size/1000)
	return nil
}

// compare tells which pictures are not what is drawn today. It looks at them, not
// at their bytes: another version of Go may compress otherwise.
func compare(drawn, target string, names []string) error {
	var stale []string
	for _, name := range names {
		want, err := reduced(filepath.Join(drawn, name))
		if err != nil {
			return err
		}
		if got, err := load(filepath.Join(target, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		} else if err != nil || !same(got, want) {
			stale = append(stale, name)
		}
	}
	if len(stale) > 0 {
		return fmt.Errorf("out of date: %s; draw them anew with go run ./cmd/dev pictures", strings.Join(stale, ", "))
	}
	return nil
}

func same(a, b image.Image) bool {
	if a.Bounds() != b.Bounds() {
		return false
	}
	for y := range a.Bounds().Dy() {
		for x := range a.Bounds().Dx() {
			if color.RGBAModel.Convert(a.At(x, y)) != color.RGBAModel.Convert(b.At(x, y)) {
				return false
			}
		}
	}
	return true
}

func load(file string) (image.Image, error) {
	content, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("reading a picture: %w", err)
	}
	picture, err := png.Decode(bytes.NewReader(content))
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", file, err)
	}
	return picture, nil
}

// most is how many colours a picture keeps. Screens have few that matter; the
// others are edges of letters.
const most = 64

// reduced returns a picture with the colours that are most in it; every other
// becomes the nearest of those.
func reduced(file string) (*image.Paletted, error) {
	picture, err := load(file)
	if err != nil {
		return nil, err
	}
	bounds := picture.Bounds()
	count := map[color.RGBA]int{}
	for y := range bounds.Dy() {
		for x := range bounds.Dx() {
			count[color.RGBAModel.Convert(picture.At(x, y)).(color.RGBA)]++
		}
	}
	found := slices.SortedFunc(maps.Keys(count), func(a, b color.RGBA) int {
		return cmp.Or(count[b]-count[a], int(a.R)-int(b.R), int(a.G)-int(b.G), int(a.B)-int(b.B))
	})
	small := image.NewPaletted(bounds, nil)
	for _, c := range found[:min(most, len(found))] {
		small.Palette = append(small.Palette, c)
	}
	nearest := map[color.RGBA]uint8{}
	for _, c := range found {
		nearest[c] = uint8(small.Palette.Index(c))
	}
	for y := range bounds.Dy() {
		for x := range bounds.Dx() {
			small.SetColorIndex(x, y, nearest[color.RGBAModel.Convert(picture.At(x, y)).(color.RGBA)])
		}
	}
	return small, nil
}
