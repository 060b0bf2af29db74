//go:build !windows

package seal

// thisMachine can protect nothing: what Linux has for that needs systemd's
// credentials or a TPM, which not every host has.
type thisMachine struct{}

func (thisMachine) protect(_, _ []byte) ([]byte, error) { return nil, errNoMachine }

func (thisMachine) unprotect(_, _ []byte) ([]byte, error) { return nil, errNoMachine }
