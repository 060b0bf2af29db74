// Package release builds what is installed: a package for Windows, with one
// version, the licences of what is in it, and a list of that.
package release

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"time"

	"golang.org/x/mod/module"
	"golang.org/x/mod/semver"
)

// Version is what a build calls itself, from the git tag (v1.2.3). Without a tag
// at the commit it is that of Go's pseudo-versions, which come before the next
// release.
type Version struct {
	// Program is what --version says: 1.2.3, or 0.0.0-20261124214705-705185f1cb5f.
	Program string
	// Windows has four numbers; the last counts the commits since the tag.
	Windows string
	// Time is that of the commit.
	Time time.Time
}

// VersionOf returns the version of a clone of the repository. It is the one that
// go build stamps programs with there.
func VersionOf(ctx context.Context, source string) (Version, error) {
	commit, err := git(ctx, source, "log", "-1", "--format=%H %ct")
	if err != nil {
		return Version{}, fmt.Errorf("finding the version: %w", err)
	}
	revision, seconds, _ := strings.Cut(commit, " ")
	unix, err := strconv.ParseInt(seconds, 10, 64)
	if err != nil {
		return Version{}, fmt.Errorf("finding the version: %w", err)
	}
	tag, count, err := lastTag(ctx, source)
	if err != nil {
		return Version{}, fmt.Errorf("finding the version: %w", err)
	}
	changes, err := git(ctx, source, "status", "--porcelain")
	if err != nil {
		return Version{}, fmt.Errorf("finding the version: %w", err)
	}
	return versionAt(tag, count, revision, time.Unix(unix, 0).UTC(), changes != ""), nil
}

// lastTag returns the highest version among the tags of the commit itself, or
// else of those before it, and the number of commits since; "" and all commits
// without one.
func lastTag(ctx context.Context, source string) (tag string, count int, err error) {
	for _, which := range []string{"--points-at", "--merged"} {
		tags, err := git(ctx, source, "tag", which, "HEAD")
		if err != nil {
			return "", 0, err
		}
		for name := range strings.FieldsSeq(tags) {
			if semver.IsValid(name) && semver.Canonical(name) == name && (tag == "" || semver.Compare(name, tag) > 0) {
				tag = name
			}
		}
		if tag != "" {
			break
		}
	}
	since := "HEAD"
	if tag != "" {
		since = tag + "..HEAD"
	}
	number, err := git(ctx, source, "rev-list", "--count", since)
	if err != nil {
		return "", 0, err
	}
	count, err = strconv.Atoi(number)
	return tag, count, err
}

// versionAt names a commit that comes count commits after a tag.
func versionAt(tag string, count int, revision string, at time.Time, changed bool) Version {
	version := tag
	if tag == "" || count > 0 {
		version = module.PseudoVersion("", tag, at, revision[:12])
	}
	version = strings.TrimPrefix(version, "v")
	numbers := regexp.MustCompile(`^\d+\.\d+\.\d+`).FindString(strings.TrimPrefix(tag, "v"))
	if numbers == "" {
		numbers = "0.0.0"
	}
	if changed { // as Go marks a build of it
		version += "+dirty"
	}
	return Version{Program: version, Windows: fmt.Sprintf("%s.%d", numbers, min(count, 65535)), Time: at}
}

// git asks git about the clone.
func git(ctx context.Context, source string, args ...string) (string, error) {
	return output(ctx, source, nil, "git", args...)
}

// output runs a command in a folder, with more in its environment, and returns
// what it prints.
func output(ctx context.Context, folder string, env []string, name string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = folder
	cmd.Env = append(os.Environ(), env...)
	out, err := cmd.Output()
	if err != nil {
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			err = fmt.Errorf("%w\n%s%s", err, exit.Stderr, out)
		}
		return "", fmt.Errorf("running %s %s: %w", name, strings.Join(args, " "), err)
	}
	return strings.TrimSpace(string(out)), nil
}
