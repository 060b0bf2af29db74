//go:build unix

package identity

import (
	"fmt"
	"os"
	"os/user"
	"strconv"
	"strings"
)

// accountName looks the real uid up. user.Current would take $USER for an
// answer when the uid is unknown.
func accountName() (string, error) {
	u, err := user.LookupId(strconv.Itoa(os.Getuid()))
	if err != nil {
		return "", err
	}
	return u.Username, nil
}

// session returns the X display, or else the terminal. DISPLAY can be set to
// anything: it tells where to look, not who it was.
func session() string { return firstSession(append([]string{os.Getenv("DISPLAY")}, terminals()...)...) }

// terminals returns those that this process reads from or writes to, like
// "pts/3".
func terminals() []string {
	var names []string
	for fd := range 3 {
		target, err := os.Readlink(fmt.Sprintf("/proc/self/fd/%d", fd))
		if terminal, found := strings.CutPrefix(target, "/dev/"); err == nil && found && strings.ContainsAny(terminal, "0123456789") {
			names = append(names, terminal)
		}
	}
	return names
}

// clientAddress returns from where the account logged on, "" if the system does
// not tell.
func clientAddress(account string) string {
	for _, terminal := range terminals() {
		if address := client(logins, account, terminal); address != "" {
			return address
		}
	}
	return ""
}

// noLogin is the loginuid of a process that no login began.
const noLogin = "4294967295"

// Login returns the account whose login this process stems from: the kernel
// keeps it through su and sudo. It is empty where PAM does not set it.
func Login() string {
	text, err := os.ReadFile("/proc/self/loginuid")
	if err != nil {
		return ""
	}
	return loginOf(string(text))
}

func loginOf(loginuid string) string {
	uid := strings.TrimSpace(loginuid)
	if uid == "" || uid == noLogin {
		return ""
	}
	u, err := user.LookupId(uid)
	if err != nil {
		return "uid " + uid
	}
	return u.Username
}
