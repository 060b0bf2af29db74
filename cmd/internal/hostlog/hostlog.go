// Package hostlog writes into the log of the host, which practices can't write
// to.
package hostlog

import (
	"fmt"
	"os"
)

// Write writes a line of a program into the log of the host. Where there is
// none, standard error must do.
func Write(program, line string) {
	if write(program, line) != nil {
		fmt.Fprintln(os.Stderr, program+": "+line)
	}
}
