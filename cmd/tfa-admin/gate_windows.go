package main

import (
	"errors"

	"evry.nl/tfa/cmd/internal/config"
	"evry.nl/tfa/cmd/internal/winlogon"
)

// thisGate looks at the configuration of the host itself, whatever --config says:
// the gate reads no other.
func thisGate(d *desk) (winlogon.Host, error) {
	return winlogon.ThisHost(func() ([]string, error) {
		cfg, err := config.Load("")
		switch {
		case err != nil:
			return nil, err
		case cfg.File == "":
			return nil, errors.New("there is no " + config.DefaultFile())
		}
		var exempt []string
		for _, name := range cfg.Exempt {
			if userExists(d.ctx, name) {
				exempt = append(exempt, name)
			}
		}
		return exempt, nil
	})
}
