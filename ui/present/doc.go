// Package present decides what the screens show: it asks the use cases, and
// turns what they answer into plain rows and texts that a window only has to
// draw. It does not know Fyne, so that everything a person reads can be tested
// without a window.
package present
