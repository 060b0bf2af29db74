package release

import "context"

// Component is something of others that is in what is installed.
type Component struct {
	Name, Version string
	// URL is the package URL (purl) of it, by which lists of vulnerabilities know
	// it; "" if it has none.
	URL string
	// SHA256 is that of the file it came in, in hexadecimal; "" if not known.
	SHA256 string
	// Licences are SPDX identifiers; of each must be complied with.
	Licences []string
	// Texts are the licences as they came, each with the name of its file.
	Texts []Text
	// Programs are the names of the programs that it is in.
	Programs []string
}

// Text is the text of a licence.
type Text struct{ File, Text string }

// Linked returns the modules of Go that are linked into programs, and Go itself.
// The source is the clone that they were built from.
func Linked(ctx context.Context, source string, programs ...string) ([]Component, error) {
	panic("to come")
}

// Licences returns the text that tells of all components, for LICENCES.txt.
func Licences(components []Component) []byte { panic("to come") }
