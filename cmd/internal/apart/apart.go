// Package apart gives a test program an /etc of its own, in which it may make
// accounts: go test runs several programs at once.
package apart

import (
	_ "embed"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"syscall"
)

// variable tells a test program that Start has started it anew.
const variable = "TFA_TEST_APART"

//go:embed apart.sh
var script string

// Start starts the test program anew, apart. It is for the beginning of TestMain.
// Who is not root makes no accounts.
func Start() {
	if os.Getuid() != 0 || os.Getenv(variable) != "" {
		return
	}
	program, err := os.Executable()
	unshare, lookErr := exec.LookPath("unshare")
	if err != nil || lookErr != nil {
		fmt.Fprintln(os.Stderr, "making an /etc for the tests:", err, lookErr)
		os.Exit(1)
	}
	// Of the numbers for people (login.defs), a hundred for each program.
	first := 20_000 + os.Getpid()%300*100
	args := append([]string{"unshare", "--mount", "sh", "-c", script, "sh", strconv.Itoa(first), program}, os.Args[1:]...)
	err = syscall.Exec(unshare, args, append(os.Environ(), variable+"=1"))
	fmt.Fprintln(os.Stderr, "making an /etc for the tests:", err)
	os.Exit(1)
}
