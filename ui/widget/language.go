package widget

import (
	"fmt"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/lang"

	"evry.nl/tfa/assets/translations"
)

// UseLanguage makes Fyne's own dialogs and menus speak a language. Fyne takes
// the system's and offers no choice, so the words are put in the place of those
// of English and of the system's language. Error: the words can't be read.
func UseLanguage(language string) error {
	words := translations.Toolkit(language)
	if words == nil {
		return nil
	}
	for _, place := range []fyne.Locale{"en", lang.SystemLocale()} {
		if err := lang.AddTranslationsForLocale(words, place); err != nil {
			return fmt.Errorf("setting the language of the toolkit: %w", err)
		}
	}
	return nil
}
