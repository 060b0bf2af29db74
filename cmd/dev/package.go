package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"evry.nl/tfa/cmd/internal/release"
)

// packing is what package is to build, and how.
type packing struct {
	to  string
	key release.SigningKey
}

// pack builds what is installed on Windows, from the newest commit.
func pack(ctx context.Context, args []string) error {
	p, err := parsePacking(args)
	if err != nil {
		return err
	}
	if err := ensure(ctx, slices.Concat(buildPackages, windowsPackages)); err != nil {
		return err
	}
	source, err := os.Getwd()
	if err != nil {
		return err
	}
	v, err := release.VersionOf(ctx, source)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(p.to, 0o755); err != nil {
		return err
	}
	say("version %s", v.Program)
	return p.forWindows(ctx, source, v)
}

func parsePacking(args []string) (p packing, err error) {
	flags := flag.NewFlagSet("package", flag.ContinueOnError)
	flags.StringVar(&p.to, "to", "dist", "`folder` to build into")
	flags.StringVar(&p.key.Certificate, "sign-cert", "", "sign for Windows with the certificate in `file` (PEM, with those above it)")
	flags.StringVar(&p.key.Key, "sign-key", "", "`file` of its private key, or with --sign-module the pkcs11: URI of one")
	flags.StringVar(&p.key.Passphrase, "sign-passphrase", "", "`file` with the passphrase of the key, or the PIN of the token")
	flags.StringVar(&p.key.Module, "sign-module", "", "PKCS#11 `library` of the token that holds the key")
	flags.StringVar(&p.key.Timestamp, "sign-timestamp", "", "`URL` of a service that confirms the time (RFC 3161)")
	switch err := flags.Parse(args); {
	case err != nil:
		return p, usageError("package: " + err.Error())
	case flags.NArg() > 0:
		return p, usageError("package takes no argument: " + flags.Arg(0))
	case (p.key.Certificate == "") != (p.key.Key == ""):
		return p, usageError("package: --sign-cert and --sign-key go together")
	case p.key.Certificate == "" && p.key != release.SigningKey{}:
		return p, usageError("package: --sign-… without --sign-cert and --sign-key")
	}
	return p, nil
}

// forWindows builds the programs and packs them, each signed before it is packed.
func (p packing) forWindows(ctx context.Context, source string, v release.Version) error {
	folder, err := os.MkdirTemp("", "tfa-windows-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	if err := release.WindowsPrograms(ctx, source, folder, v); err != nil {
		return err
	}
	if p.key.Certificate != "" {
		if err := release.SignFolder(ctx, p.key, folder); err != nil {
			return err
		}
	}
	file := filepath.Join(p.to, fmt.Sprintf("tfa-%s.msi", v.Program))
	if err := release.MSI(ctx, folder, file, v); err != nil {
		return err
	}
	if p.key.Certificate != "" {
		if err := release.Sign(ctx, p.key, file); err != nil {
			return err
		}
	}
	say("built %s", file)
	return nil
}
