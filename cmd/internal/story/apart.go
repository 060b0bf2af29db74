package story

import (
	_ "embed"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"syscall"
)

// apartVariable tells a test program that Apart has started it anew.
const apartVariable = "TFA_STORY_APART"

//go:embed apart.sh
var apartScript string

// Apart starts a test program anew with an /etc of its own, where it may make
// accounts: go test runs several at once. It is for the beginning of TestMain.
// Who is not root makes no accounts.
func Apart() {
	if os.Getuid() != 0 || os.Getenv(apartVariable) != "" || os.Getenv(aloneVariable) != "" {
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
	args := append([]string{"unshare", "--mount", "sh", "-c", apartScript, "sh", strconv.Itoa(first), program}, os.Args[1:]...)
	err = syscall.Exec(unshare, args, append(os.Environ(), apartVariable+"=1"))
	fmt.Fprintln(os.Stderr, "making an /etc for the tests:", err)
	os.Exit(1)
}
