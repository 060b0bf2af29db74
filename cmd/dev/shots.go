package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
)

// shots draws every screen into a folder. The drawing is a test of the rooms of
// ui and of the commands, so that it is never out of date: TestShots, told where
// by its flag -shots.
func shots(ctx context.Context, args []string) error {
	if len(args) != 1 {
		return usageError("shots takes one argument, the folder for the pictures")
	}
	folder, err := filepath.Abs(args[0])
	if err != nil {
		return fmt.Errorf("finding %s: %w", args[0], err)
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return fmt.Errorf("making the folder: %w", err)
	}
	if err := ensure(ctx, browserPackages); err != nil {
		return err
	}
	rooms, err := drawing("ui", "cmd")
	if err != nil {
		return err
	}
	if len(rooms) == 0 {
		return fmt.Errorf("no package below ui or cmd has a TestShots")
	}
	if err := draw(ctx, folder, rooms, "^TestShots$"); err != nil {
		return err
	}
	drawn, err := filepath.Glob(filepath.Join(folder, "*.png"))
	if err != nil {
		return fmt.Errorf("counting pictures: %w", err)
	}
	fmt.Printf("%d pictures in %s\n", len(drawn), folder)
	return nil
}

// draw has rooms draw those of their screens that run names, as go test's -run.
func draw(ctx context.Context, folder string, rooms []string, run string) error {
	cmd := exec.CommandContext(ctx, "go", slices.Concat([]string{"test", "-count=1", "-run", run}, rooms, []string{"-args", "-shots", folder})...)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0") // windows are drawn by Fyne itself: the same on every machine
	cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("drawing: %w", err)
	}
	return nil
}

// drawing returns the packages that have a TestShots: others would not know the
// flag.
func drawing(roots ...string) ([]string, error) {
	var files, rooms []string
	for _, root := range roots {
		found, err := filepath.Glob(filepath.Join(root, "*", "*_test.go"))
		if err != nil {
			return nil, fmt.Errorf("looking for tests: %w", err)
		}
		files = append(files, found...)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, fmt.Errorf("looking for tests: %w", err)
		}
		room := "./" + filepath.ToSlash(filepath.Dir(file))
		if bytes.Contains(text, []byte("\nfunc TestShots(")) && !slices.Contains(rooms, room) {
			rooms = append(rooms, room)
		}
	}
	return rooms, nil
}
