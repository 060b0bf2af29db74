package identity

import (
	"os"
	"os/user"
)

// accountName takes the owner of the process's token.
func accountName() (string, error) {
	u, err := user.Current()
	if err != nil {
		return "", err
	}
	return u.Username, nil
}

// session returns what Windows calls the session, like RDP-Tcp#12. It can be
// set to anything: it tells where to look, not who it was.
func session() string { return firstSession(os.Getenv("SESSIONNAME")) }

// clientAddress has no answer yet.
func clientAddress(string) string { return "" }

// Login has nothing to add: an elevated process keeps its account.
func Login() string { return "" }
