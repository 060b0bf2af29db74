// Command decoder makes the reader of QR codes that the web page uses, of npm's
// package qr, into the file that it is given. It is run by go generate, so that
// building the product needs no npm.
package main

import (
	"context"
	"embed"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"evry.nl/tfa/cmd/internal/npm"
)

//go:embed npm
var npmFiles embed.FS

func main() {
	script, err := bundle(context.Background())
	if err == nil {
		err = os.WriteFile(os.Args[1], script, 0o644)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "decoder:", err)
		os.Exit(1)
	}
}

// bundle returns the package as one module, with its licence before it.
func bundle(ctx context.Context) ([]byte, error) {
	files, err := fs.Sub(npmFiles, "npm")
	if err != nil {
		return nil, err
	}
	folder, err := npm.Folder(ctx, files)
	if err != nil {
		return nil, err
	}
	licence, err := os.ReadFile(filepath.Join(folder, "node_modules", "qr", "LICENSE-MIT"))
	if err != nil {
		return nil, fmt.Errorf("reading the licence: %w", err)
	}
	cmd := exec.CommandContext(ctx, filepath.Join(folder, "node_modules", ".bin", "esbuild"),
		"entry.js", "--bundle", "--minify", "--format=esm", "--target=es2022", "--legal-comments=none", "--log-level=error")
	cmd.Dir, cmd.Stderr = folder, os.Stderr
	script, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("bundling: %w", err)
	}
	head := "/*\nThe decoder of qr 0.7.0, https://github.com/paulmillr/qr, bundled by go generate. Not written by hand.\n\n" + strings.TrimSpace(string(licence)) + "\n*/\n"
	return append([]byte(head), script...), nil
}
