package release

import (
	"bytes"
	"context"
	"debug/buildinfo"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/google/licensecheck"
)

// Component is something of others that is in what is installed.
type Component struct {
	Name, Version string
	// URL is the package URL (purl) of it, by which lists of vulnerabilities know
	// it; "" if it has none.
	URL string
	// SHA256 is that of the file it came in, or of a module of Go's tree (the h1 of
	// go.sum), in hexadecimal; "" if not known.
	SHA256 string
	// Licences are SPDX identifiers; each must be complied with.
	Licences []string
	// Texts are the licences as they came, each with the name of its file.
	Texts []Text
	// Programs are the names of the programs that it is in.
	Programs []string
}

// Text is the text of a licence.
type Text struct{ File, Text string }

// Linked returns the modules of Go that are linked into programs, and Go itself,
// in the order of their names. The source is the clone that they were built
// from. A module without a licence that is known is an error: nobody may hand it
// on.
func Linked(ctx context.Context, source string, programs ...string) ([]Component, error) {
	found := map[string]*Component{}
	for _, program := range programs {
		info, err := buildinfo.ReadFile(program)
		if err != nil {
			return nil, fmt.Errorf("reading what is in a program: %w", err)
		}
		version := strings.TrimPrefix(info.GoVersion, "go")
		inside := []Component{{Name: "std", Version: version, URL: "pkg:golang/std@" + version}}
		for _, module := range info.Deps {
			if module.Replace != nil {
				module = module.Replace
			}
			inside = append(inside, Component{Name: module.Path, Version: module.Version,
				URL: "pkg:golang/" + module.Path + "@" + module.Version, SHA256: treeHash(module.Sum)})
		}
		for _, c := range inside {
			if found[c.Name] == nil {
				found[c.Name] = &c
			}
			found[c.Name].Programs = append(found[c.Name].Programs, filepath.Base(program))
		}
	}
	folders, err := moduleFolders(ctx, source, slices.Sorted(maps.Keys(found)))
	if err != nil {
		return nil, err
	}
	var components []Component
	for _, name := range slices.Sorted(maps.Keys(found)) {
		c := found[name]
		if err := c.findLicences(folders[name]); err != nil {
			return nil, err
		}
		components = append(components, *c)
	}
	return components, nil
}

// treeHash turns a sum of go.sum into hexadecimal.
func treeHash(sum string) string {
	raw, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(sum, "h1:"))
	if err != nil {
		return ""
	}
	return hex.EncodeToString(raw)
}

// moduleFolders returns where the sources of modules stand.
func moduleFolders(ctx context.Context, source string, names []string) (map[string]string, error) {
	root, err := output(ctx, source, nil, "go", "env", "GOROOT")
	if err != nil {
		return nil, err
	}
	folders := map[string]string{"std": root}
	names = slices.DeleteFunc(names, func(name string) bool { return name == "std" })
	if len(names) == 0 {
		return folders, nil
	}
	lines, err := output(ctx, source, nil, "go", append([]string{"list", "-m", "-f", "{{.Path}}\t{{.Dir}}"}, names...)...)
	if err != nil {
		return nil, err
	}
	for line := range strings.Lines(lines) {
		name, folder, _ := strings.Cut(strings.TrimSpace(line), "\t")
		folders[name] = folder
	}
	return folders, nil
}

var (
	// isLicence matches the names of files that hold a licence.
	isLicence = regexp.MustCompile(`(?i)^(un)?(licen[cs]es?|copying|notice|copyright)([-._].*)?$`)
	// isOther matches what is not built into programs, or is source.
	isOther = regexp.MustCompile(`^(testdata|vendor|test|_.*|\..*)$|\.(go|html?|svg)$`)
)

// findLicences takes the licences from the sources of a component. Of Go itself
// only its own counts: its folder also holds what is in no program.
func (c *Component) findLicences(folder string) error {
	err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		switch name := entry.Name(); {
		case err != nil || path == folder:
			return err
		case entry.IsDir() && (isOther.MatchString(name) || c.Name == "std"):
			return filepath.SkipDir
		case entry.IsDir() || isOther.MatchString(name) || !isLicence.MatchString(name):
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		file, err := filepath.Rel(folder, path)
		c.add(filepath.ToSlash(file), text)
		return err
	})
	if err != nil {
		return fmt.Errorf("looking for the licence of %s: %w", c.Name, err)
	}
	if len(c.Licences) == 0 {
		return fmt.Errorf("no licence that is known in %s of %s", folder, c.Name)
	}
	return nil
}

// add notes a text, and which licences stand in it.
func (c *Component) add(file string, text []byte) {
	c.Texts = append(c.Texts, Text{file, string(text)})
	for _, match := range licensecheck.Scan(text).Match {
		if !match.IsURL && !slices.Contains(c.Licences, match.ID) {
			c.Licences = append(c.Licences, match.ID)
		}
	}
	slices.Sort(c.Licences)
}

// Licences returns the text that tells of all components, for LICENCES.txt.
func Licences(components []Component) []byte {
	var text bytes.Buffer
	text.WriteString("Two Factor RDP is built with the following works of others. Their licences stand below.\n\n")
	for _, c := range components {
		fmt.Fprintf(&text, "%s %s (%s), in %s\n", c.Name, c.Version, strings.Join(c.Licences, ", "), strings.Join(c.Programs, ", "))
	}
	for _, c := range components {
		for _, t := range c.Texts {
			fmt.Fprintf(&text, "\n%[1]s\n%[2]s %[3]s: %[4]s\n%[1]s\n\n%[5]s\n", strings.Repeat("=", 80), c.Name, c.Version, t.File,
				strings.TrimSpace(strings.ReplaceAll(t.Text, "\r\n", "\n")))
		}
	}
	return text.Bytes()
}
