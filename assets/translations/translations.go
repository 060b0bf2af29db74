// Package translations holds every text that a person reads in a window, in
// Dutch and English: one file per subject and language, go-i18n's JSON.
package translations

import (
	"embed"
	"encoding/json"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/nicksnyder/go-i18n/v2/i18n"
	"golang.org/x/text/language"
)

//go:embed *.json toolkit/*.json
var files embed.FS

// Languages are the languages that every text exists in; the first is the
// product's own.
func Languages() []string { return []string{"nl", "en"} }

// Texts are the texts in one language.
type Texts struct {
	Language  string
	localizer *i18n.Localizer
	templates map[string]string
}

// For returns the texts in a language. Error: the language is not one of
// Languages, or a file of ours is broken.
func For(lang string) (*Texts, error) {
	if !slices.Contains(Languages(), lang) {
		return nil, fmt.Errorf("language %q is none of %s", lang, strings.Join(Languages(), ", "))
	}
	bundle := i18n.NewBundle(language.Make(lang))
	bundle.RegisterUnmarshalFunc("json", json.Unmarshal)
	names, err := files.ReadDir(".")
	if err != nil {
		return nil, err
	}
	texts := &Texts{Language: lang, templates: map[string]string{}}
	for _, name := range names {
		if !strings.HasSuffix(name.Name(), "."+lang+".json") {
			continue
		}
		file, err := bundle.LoadMessageFileFS(files, name.Name())
		if err != nil {
			return nil, fmt.Errorf("reading %s: %w", name.Name(), err)
		}
		for _, message := range file.Messages {
			texts.templates[message.ID] = message.Other
		}
	}
	texts.localizer = i18n.NewLocalizer(bundle, lang)
	return texts, nil
}

// Has reports whether there is a text of that key.
func (t *Texts) Has(key string) bool { return t.templates[key] != "" }

// Template returns the text of a key with its placeholders in it; of a text that
// depends on a number, the form for most numbers.
func (t *Texts) Template(key string) string { return t.templates[key] }

// Keys returns the keys of all texts, sorted.
func (t *Texts) Keys() []string { return slices.Sorted(maps.Keys(t.templates)) }

// Text returns the text of a key with its placeholders filled in. A key without
// a text is returned itself, so that a mistake shows and nothing breaks.
func (t *Texts) Text(key string, args map[string]any) string {
	return t.localize(key, &i18n.LocalizeConfig{MessageID: key, TemplateData: args})
}

// Count returns the text of a key for n of something; {{.N}} stands for n.
func (t *Texts) Count(key string, n int, args map[string]any) string {
	data := map[string]any{"N": n}
	maps.Copy(data, args)
	return t.localize(key, &i18n.LocalizeConfig{MessageID: key, TemplateData: data, PluralCount: n})
}

func (t *Texts) localize(key string, config *i18n.LocalizeConfig) string {
	if !t.Has(key) {
		return key
	}
	text, err := t.localizer.Localize(config)
	if err != nil {
		return key
	}
	return text
}

// Toolkit returns the texts of Fyne's own dialogs and menus in a language that
// Fyne does not ship, or nil where it does.
func Toolkit(lang string) []byte {
	data, err := files.ReadFile(path.Join("toolkit", lang+".json"))
	if err != nil {
		return nil
	}
	return data
}
