package main

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// The sizes to feel at home in, of the house style.
const (
	longestFile     = 400
	longestFunction = 60
	widestInterface = 7
)

// oversize returns a warning for everything in the Go files below root that is
// larger than that.
func oversize(root string) ([]string, error) {
	var warnings []string
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		hidden := strings.HasPrefix(entry.Name(), ".") && path != root
		if err != nil || hidden && !entry.IsDir() || !entry.IsDir() && filepath.Ext(path) != ".go" {
			return err
		}
		if entry.IsDir() {
			if hidden || entry.Name() == "testdata" {
				return filepath.SkipDir
			}
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		files := token.NewFileSet()
		file, err := parser.ParseFile(files, path, text, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		if lines := bytes.Count(text, []byte("\n")); lines > longestFile {
			warnings = append(warnings, fmt.Sprintf("%s: lines of the file: %d, at most %d", path, lines, longestFile))
		}
		warnings = append(warnings, oversizeIn(files, file)...)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("measuring files: %w", err)
	}
	return warnings, nil
}

func oversizeIn(files *token.FileSet, file *ast.File) []string {
	var warnings []string
	warn := func(node ast.Node, what string, is, most int) {
		if is > most {
			warnings = append(warnings, fmt.Sprintf("%s: %s: %d, at most %d", files.Position(node.Pos()), what, is, most))
		}
	}
	ast.Inspect(file, func(node ast.Node) bool {
		switch n := node.(type) {
		case *ast.FuncDecl:
			lines := files.Position(n.End()).Line - files.Position(n.Pos()).Line + 1
			warn(n, "lines of "+n.Name.Name, lines, longestFunction)
		case *ast.TypeSpec:
			if i, ok := n.Type.(*ast.InterfaceType); ok {
				warn(n, "methods of "+n.Name.Name, i.Methods.NumFields(), widestInterface)
			}
		}
		return true
	})
	return warnings
}
