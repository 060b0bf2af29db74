package sessions

import (
	"encoding/json"
	"fmt"
	"os"
)

// Why says what was wrong with a session, or a process outside of all, that was
// ended.
type Why string

// The reasons.
const (
	Stranger  Why = "stranger"   // a program that a session may not run before it has passed
	NoSession Why = "no_session" // a process of a protected account in no session
	LeftOver  Why = "left_over"  // it has outlived its session
	TooLong   Why = "too_long"   // it stood at the gate for too long
	Abandoned Why = "abandoned"  // nobody came back to it in time
	Taken     Why = "taken"      // another client came to it
	Unseen    Why = "unseen"     // the service ended while it looked at a program of it
)

// Save writes a session into a file, for a service that is started anew. Who reads
// it finds it as it was, or as it is to be. A power cut may lose it: it would be of
// another boot then, and no pass.
func Save(path string, session any) error {
	text, err := json.Marshal(session)
	if err != nil {
		return fmt.Errorf("writing a session: %w", err)
	}
	if err := os.WriteFile(path+".new", text, 0o600); err != nil {
		return fmt.Errorf("writing a session: %w", err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		return fmt.Errorf("writing a session: %w", err)
	}
	return nil
}
