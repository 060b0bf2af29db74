// Package packaging holds what is installed beside the programs. Most of it is
// for people and installers to copy; tfa-admin check compares with the rest.
package packaging

import _ "embed"

// Wrapper is the script that sesman starts instead of a desktop.
//
//go:embed xrdp/startwm-gate.sh
var Wrapper string

// WindowsInstaller is the template of the package for Windows, as wixl reads it.
//
//go:embed windows/tfa.wxs
var WindowsInstaller string
