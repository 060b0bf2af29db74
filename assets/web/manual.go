package web

import (
	"bytes"
	"fmt"
	"html/template"
	"image"
	_ "image/png" // the pictures of screens
	"path"
)

// pictureFile returns the name of a picture of a screen. Nobody edits pictures:
// go run ./cmd/dev pictures draws them anew, for each {{.Picture "SCREEN" …}} in
// the manual.
func pictureFile(screen, language, theme string) string {
	return screen + "-" + language + "-" + theme + ".png"
}

// figure shows a screen, in the theme that the reader likes; on paper always the
// light one. A click shows it in its own size.
var figure = template.Must(template.New("figure").Parse(`<figure>
        <a href="{{.Light}}"><picture><source media="screen and (prefers-color-scheme: dark)" srcset="{{.Dark}}"><img src="{{.Light}}" alt="{{.Alt}}" width="{{.Width}}" height="{{.Height}}"></picture></a>
        <figcaption>{{.Caption}}</figcaption>
      </figure>`))

// Picture returns a picture of a screen, in the language of the page.
func (f frame) Picture(screen, alt, caption string) (template.HTML, error) {
	var width, height int
	for _, theme := range []string{"dark", "light"} {
		content, err := sources.ReadFile(path.Join(f.Page, pictureFile(screen, f.Language, theme)))
		if err != nil {
			return "", err
		}
		config, _, err := image.DecodeConfig(bytes.NewReader(content))
		if err != nil {
			return "", fmt.Errorf("reading the picture of %s: %w", screen, err)
		}
		width, height = config.Width, config.Height
	}
	var out bytes.Buffer
	err := figure.Execute(&out, map[string]any{
		"Light": pictureFile(screen, f.Language, "light"), "Dark": pictureFile(screen, f.Language, "dark"),
		"Alt": alt, "Caption": caption, "Width": width, "Height": height,
	})
	return template.HTML(out.String()), err
}
