package main

import (
	"fmt"
	"runtime/debug"
)

type versionCommand struct{}

// versionDocument is the version in JSON.
type versionDocument struct {
	Version string `json:"version"`
	Go      string `json:"go"`
}

func (versionCommand) Run(d *desk) error {
	document := versionDocument{Version: "unknown"}
	if info, ok := debug.ReadBuildInfo(); ok {
		document = versionDocument{Version: info.Main.Version, Go: info.GoVersion}
	}
	if d.json {
		return d.printJSON(document)
	}
	_, err := fmt.Fprintf(d.out, "%s %s\n", program, document.Version)
	return err
}
