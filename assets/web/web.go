// Package web holds the pages for browsers: otp shows codes to people without a
// phone, tfa is the manual. Pages are plain HTML, CSS and JavaScript modules; what a language says
// comes from assets/translations. Nothing is built by other tools.
package web

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"

	"evry.nl/tfa/assets/icons"
	"evry.nl/tfa/assets/translations"
)

//go:generate go run evry.nl/tfa/cmd/internal/decoder otp/qr.js

//go:embed layout.html otp.html tfa.nl.html tfa.en.html otp tfa shared
var sources embed.FS

// page is a page of the site: a folder that needs nothing outside of itself.
type page struct {
	name string
	// templates fill the frame of layout.html, by language.
	templates map[string]string
	// policy is the Content-Security-Policy of the page. It stands in the page
	// itself, so that it holds on every host.
	policy string
	// offline means that a service worker keeps the page.
	offline bool
}

var pages = []page{
	{name: "otp", templates: map[string]string{"nl": "otp.html", "en": "otp.html"}, policy: Policy, offline: true},
	{name: "tfa", templates: map[string]string{"nl": "tfa.nl.html", "en": "tfa.en.html"}, policy: ReadingPolicy},
}

// Decoder reads QR codes from pictures. It is large, fetched when it is needed,
// and the page works without it.
const Decoder = "otp/qr.js"

// Policy is for pages that make codes. A script can reach no server: codes leave
// by nobody but the person. Trusted Types allow one thing, the address of the
// service worker.
const Policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; media-src 'self' blob:; manifest-src 'self'; " +
	"worker-src 'self'; connect-src 'none'; base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'; trusted-types sw"

// ReadingPolicy is for pages that are only read: there is no script to allow.
const ReadingPolicy = "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'"

// PolicyOf returns the Content-Security-Policy of a document of the site.
func PolicyOf(file string) string {
	for _, p := range pages {
		if p.name == path.Dir(file) {
			return p.policy
		}
	}
	return ReadingPolicy
}

// WorkerPolicy is the Content-Security-Policy of service workers: they fetch the
// files of their own page, and ask the host what time it is.
const WorkerPolicy = "default-src 'none'; connect-src 'self'"

// Files returns every file of the site by its path, like otp/index.html. Paths
// within the files are relative: the site may stand anywhere on a host.
func Files() (map[string][]byte, error) {
	files := map[string][]byte{}
	for _, p := range pages {
		if err := p.copyTo(files); err != nil {
			return nil, err
		}
		for _, language := range translations.Languages() {
			if err := p.render(language, files); err != nil {
				return nil, fmt.Errorf("rendering %s in %s: %w", p.name, language, err)
			}
		}
		if p.offline {
			p.completeWorker(files)
		}
	}
	return files, nil
}

// copyTo adds the files of the page that are the same in every language.
func (p page) copyTo(files map[string][]byte) error {
	files[path.Join(p.name, "icon.svg")] = icons.SVG
	for _, folder := range []string{"shared", p.name} {
		entries, err := sources.ReadDir(folder)
		if err != nil && !errors.Is(err, fs.ErrNotExist) { // a page may be no more than text
			return err
		}
		for _, entry := range entries {
			content, err := sources.ReadFile(path.Join(folder, entry.Name()))
			if err != nil {
				return err
			}
			files[path.Join(p.name, entry.Name())] = content
		}
	}
	return nil
}

// Document returns the name of the file that a page is in a language.
func Document(language string) string {
	if language == translations.Languages()[0] {
		return "index.html"
	}
	return language + ".html"
}

// frame is what the templates of a page may use.
type frame struct {
	Page, Language, Policy string
	// Others are the same page in other languages.
	Others []translation
	texts  *translations.Texts
}

// translation is a link to the page in another language.
type translation struct{ Language, Name, Address string }

// T returns a text.
func (f frame) T(key string) (string, error) {
	if !f.texts.Has(key) {
		return "", fmt.Errorf("there is no text %q", key)
	}
	return f.texts.Text(key, nil), nil
}

// Below returns all texts whose key begins with the prefix, for scripts: by the
// rest of their keys, with placeholders in them.
func (f frame) Below(prefix string) map[string]string {
	found := map[string]string{}
	for _, key := range f.texts.Keys() {
		if name, ok := strings.CutPrefix(key, prefix); ok {
			found[name] = f.texts.Template(key)
		}
	}
	return found
}

// Modules returns the scripts that the page needs from the start.
func (f frame) Modules() ([]string, error) {
	entries, err := sources.ReadDir(f.Page)
	var names []string
	for _, entry := range entries {
		name := entry.Name()
		if path.Ext(name) == ".js" && name != "sw.js" && path.Join(f.Page, name) != Decoder {
			names = append(names, name)
		}
	}
	return names, err
}

// render adds the page in one language, and its manifest.
func (p page) render(language string, files map[string][]byte) error {
	texts, err := translations.For(language)
	if err != nil {
		return err
	}
	f := frame{Page: p.name, Language: language, Policy: p.policy, texts: texts}
	for _, other := range translations.Languages() {
		if other != language {
			f.Others = append(f.Others, translation{other, texts.Text("web.language."+other, nil), address(other)})
		}
	}
	parsed, err := template.ParseFS(sources, "layout.html", p.templates[language])
	if err != nil {
		return err
	}
	var document bytes.Buffer
	if err := parsed.ExecuteTemplate(&document, "layout.html", f); err != nil {
		return err
	}
	files[path.Join(p.name, Document(language))] = document.Bytes()
	if p.offline {
		files[path.Join(p.name, language+".webmanifest")], err = manifest(f)
	}
	return err
}

// address returns how a page links to itself in a language.
func address(language string) string {
	if document := Document(language); document != "index.html" {
		return document
	}
	return "./"
}

// manifest makes the page installable.
func manifest(f frame) ([]byte, error) {
	type icon struct {
		Source string `json:"src"`
		Sizes  string `json:"sizes"`
		Type   string `json:"type"`
	}
	return json.MarshalIndent(map[string]any{
		"id": address(f.Language), "start_url": address(f.Language), "scope": "./", "display": "standalone",
		"lang": f.Language, "name": f.texts.Text(f.Page+".title", nil), "short_name": f.texts.Text(f.Page+".short", nil),
		"background_color": "#f6f7f9", "theme_color": "#0a4f9e",
		"icons": []icon{{"icon-192.png", "192x192", "image/png"}, {"icon-512.png", "512x512", "image/png"}, {"icon.svg", "any", "image/svg+xml"}},
	}, "", "  ")
}

// completeWorker tells the service worker which files the page has. Its version
// changes with any of them: that is how browsers see that there is a new page.
func (p page) completeWorker(files map[string][]byte) {
	worker := path.Join(p.name, "sw.js")
	names, hash := []string{"./"}, sha256.New()
	for _, file := range slices.Sorted(maps.Keys(files)) {
		if path.Dir(file) != p.name {
			continue
		}
		fmt.Fprintf(hash, "%s %d\n", file, len(files[file]))
		hash.Write(files[file])
		if file != worker && file != Decoder {
			names = append(names, path.Base(file))
		}
	}
	list, _ := json.Marshal(names) // strings always have JSON
	head := fmt.Sprintf("const version = %q;\nconst files = %s;\n", hex.EncodeToString(hash.Sum(nil))[:16], list)
	files[worker] = append([]byte(head), files[worker]...)
}
