package release

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
)

// ANGLE turns OpenGL into Direct3D, which Windows has on every server: without a
// graphics card it draws by itself (WARP). Built for Windows it comes from npm,
// where headless-gl brings it for its own use.
const (
	anglePackage = "gl@9.0.0-rc.10"
	angleSum     = "G6lYaWoan0d2d8UO0UmaSS8zqyyZwYt6q2dFVJ2hD62sRWUwkMIH+Jp7gEoQesLlo28Nzelh+GIYz1qOUa5WmQ=="
	angleLicence = "LICENSES"
)

// angleFiles are what is taken from the package, by their SHA-256.
var angleFiles = map[string]string{
	"libEGL.dll":         "50ca9e5587a83ede93bd545a68c07401a2b6f80d2d1348850da910284ada8c65",
	"libGLESv2.dll":      "9139dad8a89443a6ff845617cf3ebbfe04a86d5b274503941d4fad0455164bba",
	"d3dcompiler_47.dll": "af7b99be1b8770c0e4d18e43b04e81d11bdeb667fa6b07ade7a88f4c5676bf9a",
}

// angle returns a folder with ANGLE for Windows, and Microsoft's compiler for
// shaders, which it needs. It is fetched once a machine.
func angle(ctx context.Context) (folder string, components []Component, err error) {
	folder, err = cached("angle", func(work string) error { return fetchANGLE(ctx, work) }, []byte(anglePackage+angleSum))
	if err != nil {
		return "", nil, fmt.Errorf("fetching ANGLE: %w", err)
	}
	licence, err := os.ReadFile(filepath.Join(folder, angleLicence))
	if err != nil {
		return "", nil, fmt.Errorf("fetching ANGLE: %w", err)
	}
	return folder, []Component{
		{
			Name: "angle", Version: "2.1.24078", URL: "pkg:npm/" + anglePackage, SHA256: angleFiles["libGLESv2.dll"],
			Licences: []string{"BSD-3-Clause"}, Texts: []Text{{angleLicence, string(licence)}}, Programs: []string{"libEGL.dll", "libGLESv2.dll"},
		},
		{
			Name: "d3dcompiler_47", Version: "10.0", URL: "pkg:npm/" + anglePackage, SHA256: angleFiles["d3dcompiler_47.dll"],
			Licences: []string{"LicenseRef-Microsoft-Windows-SDK"}, Texts: []Text{{"d3dcompiler.txt", shaderCompiler}},
			Programs: []string{"d3dcompiler_47.dll"},
		},
	}, nil
}

// shaderCompiler tells what there is in place of a licence.
const shaderCompiler = `d3dcompiler_47.dll is Microsoft's compiler for shaders of Direct3D, from the folder
"Redist" of the Windows SDK. Its terms came with none of what this package was
built from: read them before you hand the package on. It is part of Windows
Server 2016 and later too.
`

func fetchANGLE(ctx context.Context, folder string) error {
	work, err := os.MkdirTemp("", "tfa-angle-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	name, err := output(ctx, work, nil, "npm", "pack", "--silent", anglePackage)
	if err != nil {
		return err
	}
	packed, err := os.ReadFile(filepath.Join(work, name))
	if err != nil {
		return err
	}
	if sum := sha512.Sum512(packed); base64.StdEncoding.EncodeToString(sum[:]) != angleSum {
		return errors.New(anglePackage + " has changed: it does not have the sum that it had")
	}
	return unpackANGLE(packed, folder)
}

// unpackANGLE writes what is needed of the package into a folder.
func unpackANGLE(packed []byte, folder string) error {
	unzipped, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return err
	}
	missing := len(angleFiles) + 1
	for files := tar.NewReader(unzipped); missing > 0; {
		header, err := files.Next()
		if err != nil {
			return fmt.Errorf("%s lacks %d files: %w", anglePackage, missing, err)
		}
		name := path.Base(header.Name)
		sum, isLibrary := angleFiles[name]
		isLibrary = isLibrary && header.Name == "package/deps/windows/dll/"+name
		if !isLibrary && header.Name != "package/"+angleLicence {
			continue
		}
		content, err := io.ReadAll(files)
		if err != nil {
			return err
		}
		if got := sha256.Sum256(content); isLibrary && hex.EncodeToString(got[:]) != sum {
			return fmt.Errorf("%s of %s does not have the sum that it had", name, anglePackage)
		}
		if err := os.WriteFile(filepath.Join(folder, name), content, 0o644); err != nil {
			return err
		}
		missing--
	}
	return nil
}
