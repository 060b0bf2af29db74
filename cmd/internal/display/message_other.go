//go:build !windows

package display

import (
	"fmt"
	"os"
)

// Message tells a person something without a window.
func Message(title, text string) { fmt.Fprintf(os.Stderr, "%s\n%s\n", title, text) }
