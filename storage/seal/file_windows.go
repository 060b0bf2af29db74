package seal

import "os"

// checkFile trusts the ACL that the installer gave the folder: a mode says
// nothing on Windows.
func checkFile(*os.File, string) error { return nil }

// resemble and giveFolderGroup have nothing to do: a new file inherits the list
// of its folder.
func resemble(*os.File, os.FileInfo) error { return nil }

func giveFolderGroup(*os.File) error { return nil }
