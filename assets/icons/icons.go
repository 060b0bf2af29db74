// Package icons holds the product's icon.
package icons

import _ "embed"

// Name is the file name of App, by which toolkits tell its format.
const Name = "tfa.png"

// App is the icon of all windows, as PNG.
//
//go:embed tfa.png
var App []byte

// SVG is the same icon in every size.
//
//go:embed tfa.svg
var SVG []byte
