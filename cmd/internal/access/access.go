// Package access tells who else than the caller and the administrator may reach
// a file or folder. The commands ask it before they believe a configuration
// file, or a store that somebody says is only their own.
package access

import "errors"

// What can be wrong with a path. Errors of this package wrap one of them.
var (
	ErrOwner    = errors.New("the owner is neither the administrator nor the caller")
	ErrWritable = errors.New("others than the owner may write")
	ErrShared   = errors.New("others than the owner have access")
	ErrKind     = errors.New("a link or a special file stands there")
)
