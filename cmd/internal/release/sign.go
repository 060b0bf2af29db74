package release

import (
	"bytes"
	"context"
	"debug/pe"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// SigningKey is what Authenticode signatures are made with. Its files stay where
// they are; a passphrase is read from a file, so that no list of processes has it.
type SigningKey struct {
	// Certificate is a file with the certificate and those above it, in PEM.
	Certificate string
	// Key is a file with the private key in PEM, or with Module the pkcs11: URI of
	// one in a token.
	Key string
	// Passphrase is a file that holds that of the key, or the PIN of the token; ""
	// if there is none.
	Passphrase string
	// Module is the PKCS#11 library of a token; "" for a key in a file.
	Module string
	// Timestamp is the URL of a service that confirms the time (RFC 3161), without
	// which signatures end with the certificate; "" for none.
	Timestamp string
}

// What a signature says of what was signed. Windows shows it to who installs.
const (
	signedName = "Two Factor RDP"
	signedURL  = "https://www.evry.nl/tfa"
)

// Sign signs programs, libraries and packages of Windows, in place: each is its
// old self until it is signed whole. It runs osslsigncode.
func Sign(ctx context.Context, key SigningKey, files ...string) error {
	for _, file := range files {
		if err := key.sign(ctx, file); err != nil {
			return fmt.Errorf("signing %s: %w", filepath.Base(file), err)
		}
	}
	return nil
}

// SignFolder signs the programs and libraries in and below a folder, but for those
// that somebody has signed already, like Microsoft's own.
func SignFolder(ctx context.Context, key SigningKey, folder string) error {
	var files []string
	err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		extension := strings.ToLower(filepath.Ext(path))
		if err != nil || entry.IsDir() || extension != ".exe" && extension != ".dll" {
			return err
		}
		signed, err := isSigned(path)
		if !signed {
			files = append(files, path)
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("looking for what to sign: %w", err)
	}
	return Sign(ctx, key, files...)
}

// isSigned reports whether a program or library has a signature, of whomever.
func isSigned(path string) (bool, error) {
	file, err := pe.Open(path)
	if err != nil {
		return false, fmt.Errorf("reading %s: %w", filepath.Base(path), err)
	}
	defer file.Close()
	header, ok := file.OptionalHeader.(*pe.OptionalHeader64)
	if !ok {
		return false, fmt.Errorf("reading %s: no program for 64 bits", filepath.Base(path))
	}
	return header.DataDirectory[pe.IMAGE_DIRECTORY_ENTRY_SECURITY].Size > 0, nil
}

func (k SigningKey) sign(ctx context.Context, file string) error {
	info, err := os.Stat(file)
	if err != nil {
		return err
	}
	// Beside the file, so that it can take its place; osslsigncode itself
	// refuses to write over a file.
	signed := file + ".signed"
	if err := os.Remove(signed); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	defer os.Remove(signed)
	cmd := exec.CommandContext(ctx, "osslsigncode", k.args(file, signed)...)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("running osslsigncode: %w: %s", err, bytes.TrimSpace(out))
	}
	if err := os.Chmod(signed, info.Mode()); err != nil {
		return err
	}
	return os.Rename(signed, file)
}

func (k SigningKey) args(file, signed string) []string {
	args := []string{"sign", "-h", "sha256", "-certs", k.Certificate, "-key", k.Key, "-n", signedName, "-i", signedURL}
	if k.Passphrase != "" {
		args = append(args, "-readpass", k.Passphrase)
	}
	if k.Module != "" {
		args = append(args, "-pkcs11module", k.Module)
	}
	if k.Timestamp != "" {
		args = append(args, "-ts", k.Timestamp)
	}
	return append(args, "-in", file, "-out", signed)
}
