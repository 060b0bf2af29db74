package seal

import "os"

// checkFile trusts the ACL that the installer gave the folder: a mode says
// nothing on Windows.
func checkFile(*os.File, string) error { return nil }

// syncFolder has nothing to do: Windows writes names with the file.
func syncFolder(string) error { return nil }
