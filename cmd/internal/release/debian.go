package release

import "context"

// Debian builds the Debian packages of a clone of the repository into a folder
// and returns their files.
func Debian(ctx context.Context, source, folder string, v Version) ([]string, error) {
	panic("to come")
}
