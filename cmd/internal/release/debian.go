package release

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// packaging is where the files stand that packages are made from.
const packaging = "assets/packaging"

// debianPackages are the packages, each with the programs in it.
var debianPackages = []struct {
	name     string
	programs []string
}{
	{"tfa", []string{"beheertool", "tfa-admin", "tfa-logon", "tfa-service", "tfa-session"}},
	{"tfa-web", []string{"tfa-web"}},
	{"tfa-xrdp", nil},
}

// static are the programs that are one file without libraries, so that no
// environment makes them load something else.
var static = map[string]bool{"tfa-service": true, "tfa-session": true, "tfa-web": true}

// Debian builds the Debian packages of a clone of the repository, for amd64, into
// a folder and returns their files. The same commit gives the same bytes, in
// whatever folder the clone stands. It takes a C compiler, and nfpm of the
// version in nfpm.mod.
func Debian(ctx context.Context, source, folder string, v Version) (files []string, err error) {
	stage, err := os.MkdirTemp("", "tfa-debian-")
	if err != nil {
		return nil, fmt.Errorf("building the Debian packages: %w", err)
	}
	defer os.RemoveAll(stage)
	d := debian{source, stage, v}
	if err := d.fill(ctx); err != nil {
		return nil, fmt.Errorf("building the Debian packages: %w", err)
	}
	if folder, err = filepath.Abs(folder); err != nil {
		return nil, fmt.Errorf("building the Debian packages: %w", err)
	}
	for _, p := range debianPackages {
		file, err := d.pack(ctx, p.name, folder)
		if err != nil {
			return nil, fmt.Errorf("packing %s: %w", p.name, err)
		}
		files = append(files, file)
	}
	return files, nil
}

// debian is a build of the Debian packages.
type debian struct {
	source, stage string
	v             Version
}

func (d debian) path(name ...string) string {
	return filepath.Join(append([]string{d.stage}, name...)...)
}

// fill builds and writes what the packages hold that is not in the repository.
func (d debian) fill(ctx context.Context) error {
	for _, p := range debianPackages {
		var built []string
		for _, program := range p.programs {
			if err := d.build(ctx, program); err != nil {
				return err
			}
			if err := d.manual(ctx, program); err != nil {
				return err
			}
			built = append(built, d.path("bin", program))
		}
		components, err := Linked(ctx, d.source, built...)
		if err != nil {
			return err
		}
		if err := d.documents(p.name, components); err != nil {
			return err
		}
	}
	completion, err := output(ctx, d.source, nil, d.path("bin", "tfa-admin"), "completion", "bash")
	if err != nil {
		return err
	}
	if err := d.write([]byte(completion+"\n"), "completion.bash"); err != nil {
		return err
	}
	return d.settings()
}

// build builds a program as it is shipped.
func (d debian) build(ctx context.Context, program string) error {
	env := []string{"GOOS=linux", "GOARCH=amd64", "GOFLAGS=", "CGO_ENABLED=1"}
	mode := "-buildmode=pie"
	if static[program] {
		env[3], mode = "CGO_ENABLED=0", "-buildmode=exe"
	}
	_, err := output(ctx, d.source, env, "go", "build", "-trimpath", "-buildvcs=true", mode, "-ldflags=-s -w",
		"-tags=migrated_fynedo,no_animations,release", "-o", d.path("bin", program), "./cmd/"+program)
	return err
}

// manual writes the manual of a program, which is its package comment. tfa-admin
// writes its own.
func (d debian) manual(ctx context.Context, program string) error {
	section := "1"
	var page string
	var err error
	switch program {
	case "tfa-admin":
		section = "8"
		if page, err = output(ctx, d.source, nil, d.path("bin", program), "man"); err != nil {
			return err
		}
		page += "\n"
	default:
		if program == "tfa-service" {
			section = "8"
		}
		if page, err = manualPage(filepath.Join(d.source, "cmd", program), program, section); err != nil {
			return err
		}
	}
	return d.write(zipped(page), "man", program+"."+section+".gz")
}

// documents writes what stands in the folder of a package's documents.
func (d debian) documents(name string, components []Component) error {
	notice := fmt.Sprintf(copyright, d.v.Time.Year())
	change := fmt.Sprintf("%s (%s) stable; urgency=medium\n\n  * Version %s.\n\n -- Evry <support@evry.nl>  %s\n",
		name, d.v.Debian, d.v.Program, d.v.Time.Format("Mon, 02 Jan 2006 15:04:05 -0700"))
	files := map[string][]byte{"changelog.gz": zipped(change), "copyright": []byte(notice)}
	if len(components) > 0 {
		list, err := SBOM(name, d.v, components)
		if err != nil {
			return err
		}
		files["sbom.cdx.json.gz"], files["LICENCES.txt.gz"] = zipped(string(list)), zipped(string(Licences(components)))
		files["copyright"] = []byte(notice + copyrightOfOthers)
	}
	for file, text := range files {
		if err := d.write(text, "doc", name, file); err != nil {
			return err
		}
	}
	return nil
}

// The copyright file of a package, which Debian's tools read.
const (
	copyright = `Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
Upstream-Name: Two Factor RDP
Source: https://www.evry.nl/tfa

Files: *
Copyright: %d Evry
License: Evry
 All rights reserved. To be installed by whom Evry has given it to.
`
	copyrightOfOthers = ` .
 The programs are built with works of others. LICENCES.txt.gz beside this file
 has their licences, sbom.cdx.json.gz lists them (CycloneDX).
`
)

// settings writes the settings of xrdp for the package: those for people to copy,
// with the program that does what the script does.
func (d debian) settings() error {
	for _, name := range []string{"xrdp.ini", "sesman.ini"} {
		text, err := os.ReadFile(filepath.Join(d.source, packaging, "xrdp", name))
		if err != nil {
			return err
		}
		text = bytes.Replace(text, []byte("/etc/xrdp/"+name), []byte("/etc/tfa/xrdp/"+name), 1)
		if name == "sesman.ini" {
			const script, program = "DefaultWindowManager=/etc/xrdp/startwm-gate.sh\n", "DefaultWindowManager=/usr/bin/tfa-session\n"
			if !bytes.Contains(text, []byte(script)) {
				return fmt.Errorf("%s does not start the gate", name)
			}
			text = bytes.Replace(text, []byte(script), []byte(program), 1)
		}
		if err := d.write(text, name); err != nil {
			return err
		}
	}
	return nil
}

// write writes a file below the stage, with the mode that it has in the package.
func (d debian) write(text []byte, name ...string) error {
	file := d.path(name...)
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(file, text, 0o644); err != nil {
		return err
	}
	return os.Chmod(file, 0o644) // whatever the umask is
}

// zipped packs a text as Debian wants it: as small as it gets, and without time or
// name.
func zipped(text string) []byte {
	var packed bytes.Buffer
	w, err := gzip.NewWriterLevel(&packed, gzip.BestCompression)
	if err == nil {
		w.Write([]byte(text))
		w.Close()
	}
	return packed.Bytes()
}

// pack has nfpm make one package.
func (d debian) pack(ctx context.Context, name, folder string) (string, error) {
	said, err := output(ctx, d.source, []string{d.v.Epoch(), "VERSION=" + d.v.Debian, "STAGE=" + d.stage, "GOFLAGS="},
		"go", "tool", "-modfile="+packaging+"/debian/nfpm.mod", "nfpm", "package",
		"--packager=deb", "--config="+packaging+"/debian/"+name+".yaml", "--target="+folder)
	if err != nil {
		return "", err
	}
	_, file, ok := strings.Cut(said, "created package: ")
	if !ok {
		return "", fmt.Errorf("nfpm does not say what it has made: %s", said)
	}
	return strings.TrimSpace(file), nil
}
