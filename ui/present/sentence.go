package present

import (
	"errors"

	"evry.nl/tfa/assets/translations"
	"evry.nl/tfa/core"
)

// Sentence tells a person what went wrong and what to do. An error that is not
// core's own is a fault whose text is for the log: the person only learns that
// something went wrong.
func Sentence(texts *translations.Texts, err error) string {
	var e *core.Error
	if errors.As(err, &e) && texts.Has(e.Sentence) {
		return texts.Text(e.Sentence, e.Args)
	}
	return texts.Text("internal", nil)
}
