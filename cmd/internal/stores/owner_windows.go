package stores

import "errors"

// owner stands for the access list of a practice. A folder inherits the list of
// the one above it, which is private in a person's own temporary folder.
type owner struct{}

func ownership(group string) (owner, error) {
	if group != "" {
		return owner{}, errors.New("giving a practice to a group is not built for Windows yet")
	}
	return owner{}, nil
}

func (owner) giveFolder(string) error { return nil }

func (owner) giveKey(string) error { return nil }
