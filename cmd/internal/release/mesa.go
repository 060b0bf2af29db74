package release

import (
	"bytes"
	"context"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
)

// Mesa's OpenGL that draws by itself is for servers on which ANGLE finds no
// Direct3D. Nobody hands it on built for Windows in a place that can be pinned,
// so it is built here.

//go:embed windows/mesa.sh
var mesaRecipe []byte

//go:embed windows/mesa.ini
var mesaSettings []byte

// mesaFiles are what the recipe makes for the folder of the programs.
var mesaFiles = []string{"opengl32.dll", "libgallium_wgl.dll"}

// mesa returns a folder with Mesa for Windows. It is made once a machine for each
// state of the recipe, which takes some 8 minutes.
func mesa(ctx context.Context) (folder string, c Component, err error) {
	folder, err = cached("mesa", func(work string) error { return buildMesa(ctx, work) }, mesaRecipe, mesaSettings)
	if err != nil {
		return "", Component{}, fmt.Errorf("building Mesa for Windows: %w", err)
	}
	licence, err := os.ReadFile(filepath.Join(folder, "license.rst"))
	if err != nil {
		return "", Component{}, fmt.Errorf("building Mesa for Windows: %w", err)
	}
	return folder, Component{
		Name: "mesa", Version: "22.3.6", URL: "pkg:deb/debian/mesa@22.3.6-1?arch=source",
		SHA256:   "737cb8e5d380ce1a0ad01fb8b74db7f27303435c353e753d2302e8cf3927bad2",
		Licences: []string{"MIT"}, Texts: []Text{{"license.rst", string(licence)}}, Programs: mesaFiles,
	}, nil
}

func buildMesa(ctx context.Context, result string) error {
	work, err := os.MkdirTemp("", "tfa-mesa-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	for name, content := range map[string][]byte{"mesa.sh": mesaRecipe, "mesa.ini": mesaSettings} {
		if err := os.WriteFile(filepath.Join(work, name), content, 0o600); err != nil {
			return err
		}
	}
	cmd := exec.CommandContext(ctx, "sh", "mesa.sh")
	cmd.Dir = work
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("%w\n%s", err, said.Bytes()[max(0, said.Len()-4000):])
	}
	return os.CopyFS(result, os.DirFS(filepath.Join(work, "result")))
}

// cached returns a folder outside of the repository that fill has filled, once a
// machine for each state of what it is made from.
func cached(name string, fill func(folder string) error, from ...[]byte) (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(bytes.Join(from, []byte{0}))
	folder := filepath.Join(cache, "tfa-release", name+"-"+hex.EncodeToString(sum[:8]))
	if _, err := os.Stat(folder); err == nil {
		return folder, nil
	}
	if err := os.MkdirAll(filepath.Dir(folder), 0o755); err != nil {
		return "", err
	}
	fresh, err := os.MkdirTemp(filepath.Dir(folder), ".new-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(fresh)
	if err := fill(fresh); err != nil {
		return "", err
	}
	// Another one may have been faster.
	if err := os.Rename(fresh, folder); err != nil && !errors.Is(err, fs.ErrExist) {
		return "", err
	}
	return folder, nil
}
