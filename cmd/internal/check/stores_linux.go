package check

import (
	"context"
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"

	"evry.nl/tfa/cmd/internal/stores"
	"evry.nl/tfa/core"
)

func (l *Linux) storeChecks() []Check {
	return []Check{
		{"stores", "Each practice's store and key open, for that practice alone",
			"Nobody of the practice can log on, or others read its secrets.",
			"For a new practice: tfa-admin init. A lost or damaged store or key: put the backup back.",
			l.stores},
		{"store-folders", "Only root can exchange the folders of the practices",
			"Who can write a folder above a store can put another store in its place, with two-factor off.",
			"Give the folders that are named to root and take away the right of others to write: chmod go-w FOLDER.",
			l.storeFolders},
		{"practice-groups", "The accounts of a practice are in its group, and nobody else",
			"Who is in the group of a practice can read all its secrets; an account outside can't log on.",
			"tfa-admin init adds what is missing. Take a stranger out with: gpasswd -d ACCOUNT GROUP",
			l.practiceGroups},
		{"clock-behind", "The clock is not behind what the stores have seen",
			"Nobody of the practice can log on with a code: an end of the transition could be undone.",
			"Set the clock right. If it was ahead before: tfa-admin practice accept-clock PRACTICE.",
			l.clockBehind},
		{"disk-space", "There is room on the disk of the stores",
			"With a full disk no code can be spent, so nobody logs on.",
			"Free some space, or make the file system larger.",
			l.diskSpace},
	}
}

// allPractices returns the practices that have an account here or a folder.
func (l *Linux) allPractices() ([]string, error) {
	if l.cfgErr != nil {
		return nil, errors.New("the configuration can't be read")
	}
	if l.hostErr != nil {
		return nil, l.hostErr
	}
	stored, err := stores.Practices(*l.cfg)
	if err != nil {
		return nil, err
	}
	all := slices.AppendSeq(stored, maps.Keys(l.practices()))
	slices.SortFunc(all, core.CompareNames)
	return slices.Compact(all), nil
}

// eachPractice runs look for every practice.
func (l *Linux) eachPractice(look func(*result, string)) result {
	practices, err := l.allPractices()
	if err != nil {
		return fault(err)
	}
	var r result
	for _, practice := range practices {
		look(&r, practice)
	}
	if len(practices) == 0 {
		r.add(NotApplicable, "this host has no practice yet")
	}
	return r
}

func (l *Linux) stores(ctx context.Context) result {
	return l.eachPractice(func(r *result, practice string) {
		_, err := l.overview(ctx, practice)
		switch {
		case err == nil:
		case !stores.Exists(*l.cfg, practice):
			r.add(Hole, "practice %s has accounts here, and no store", practice)
		default:
			r.add(Hole, "%s", sentence(err))
		}
		if l.cfg.Service != "" {
			l.seclude(r, practice)
			return
		}
		l.tighten(r, practice)
	})
}

// The bits that nobody needs of what a practice has.
const (
	looseFolder = 0o007
	looseStore  = 0o007
	looseKey    = 0o037
)

// tighten plans what takes away too many rights of a practice's folder, store
// and key: what the store itself refuses to open with.
func (l *Linux) tighten(r *result, practice string) {
	store, key := l.cfg.StorePath(practice), l.cfg.KeyPath(practice)
	folder := filepath.Dir(store)
	info, err := os.Lstat(folder)
	if err != nil {
		return
	}
	group := ownerOf(info).Gid
	l.tightenFile(r, folder, looseFolder, group)
	if filepath.Dir(key) != folder {
		l.tightenFile(r, filepath.Dir(key), looseFolder, group)
	}
	l.tightenFile(r, store, looseStore, group)
	l.tightenFile(r, key, looseKey, group)
}

// tightenFile plans for one file or folder: bits that nobody needs, the group of
// the practice, root for an owner, and in a folder for several that new files
// get its group. A store may belong to any of the practice.
func (l *Linux) tightenFile(r *result, path string, loose os.FileMode, group uint32) {
	info, err := os.Lstat(path)
	if err != nil {
		return
	}
	if !info.IsDir() && (!info.Mode().IsRegular() || ownerOf(info).Nlink > 1) {
		r.add(Hole, "%s is a link, or no file", path)
		return
	}
	owner := ownerOf(info)
	if owner.Gid != group {
		r.add(Hole, "%s has group %s, its folder %s", path, l.groupName(owner.Gid), l.groupName(group))
		r.fix(setOwner(path, -1, int(group)), "give %s the group %s (was %s)", path, l.groupName(group), l.groupName(owner.Gid))
	}
	if owner.Uid != 0 && (info.IsDir() || loose == looseKey) {
		r.add(Hole, "%s belongs to %s, not to root", path, l.nameOf(owner.Uid))
		r.fix(setOwner(path, 0, -1), "give %s to root (was %s)", path, l.nameOf(owner.Uid))
	}
	is := info.Mode()
	wanted := is &^ loose
	if info.IsDir() && is&0o070 != 0 {
		wanted |= os.ModeSetgid
	}
	if wanted != is {
		r.add(Hole, "the mode of %s is %s", path, octal(is))
		r.fix(setMode(path, wanted), "set the mode of %s to %s (was %s)", path, octal(wanted), octal(is))
	}
}

func (l *Linux) storeFolders(context.Context) (r result) {
	parent, _, _ := l.cfg.StoreFolders()
	keys := filepath.Dir(filepath.Dir(l.cfg.KeyPath("x")))
	for _, folder := range slices.Compact([]string{parent, keys}) {
		if _, err := os.Stat(folder); errors.Is(err, fs.ErrNotExist) {
			r.add(NotApplicable, "there is no %s yet", folder)
			continue
		}
		l.guard(&r, folder)
	}
	return r
}

func (l *Linux) groupName(gid uint32) string {
	number := strconv.FormatUint(uint64(gid), 10)
	for _, g := range l.groups {
		if g.gid == number {
			return g.name
		}
	}
	return number
}

func (l *Linux) practiceGroups(ctx context.Context) result {
	practices := l.practices()
	return l.eachPractice(func(r *result, practice string) {
		folder, err := os.Stat(filepath.Dir(l.cfg.StorePath(practice)))
		if err != nil {
			return // the check of the stores says so
		}
		known := l.knownAccounts(ctx, practice)
		group, grouped := l.groupName(ownerOf(folder).Gid), l.cfg.Service == "" // the service alone needs none
		var own []string
		for _, p := range practices[practice] {
			own = append(own, p.name)
			if grouped && !slices.Contains(l.groupsOf[p.name], group) {
				r.add(Hole, "%s is not in group %s: it can't log on", p.name, group)
			}
			if known != nil && !slices.Contains(known, p.name) {
				r.add(Warning, "%s is not in the store of practice %s yet", p.name, practice)
			}
		}
		for _, name := range l.inGroup[group] {
			if grouped && name != "root" && !slices.Contains(own, name) {
				r.add(Hole, "%s is in group %s, and is no account of practice %s", name, group, practice)
			}
		}
		for _, name := range known {
			if !slices.Contains(own, name) {
				r.add(OK, "%s is in the store of practice %s, and no account of this host", name, practice)
			}
		}
	})
}

// opened is a practice, or why its store does not open.
type opened struct {
	overview core.Overview
	err      error
}

// overview returns a practice as the helpdesk sees it. It opens a store once.
func (l *Linux) overview(ctx context.Context, practice string) (core.Overview, error) {
	o, ok := l.opened[practice]
	if !ok {
		o.overview, o.err = open(ctx, *l.cfg, practice, l.Now)
		l.opened[practice] = o
	}
	return o.overview, o.err
}

// knownAccounts returns the accounts in the store of a practice, nil if it
// can't be opened.
func (l *Linux) knownAccounts(ctx context.Context, practice string) []string {
	overview, err := l.overview(ctx, practice)
	if err != nil {
		return nil
	}
	names := []string{}
	for _, account := range overview.Accounts {
		names = append(names, account.Name)
	}
	return names
}

func (l *Linux) clockBehind(ctx context.Context) result {
	return l.eachPractice(func(r *result, practice string) {
		overview, err := l.overview(ctx, practice)
		switch {
		case err != nil:
			r.add(Unknown, "the store of practice %s does not open", practice)
		case overview.ClockBehind:
			addBehind(r, overview)
		}
	})
}

// A logon takes some kilobytes; SQLite's log grows to some megabytes.
const (
	fewBytes  = 512 << 20
	someBytes = 16 << 20
)

func (l *Linux) diskSpace(context.Context) result {
	folder, _, _ := l.cfg.StoreFolders()
	for ; ; folder = filepath.Dir(folder) {
		free, size, err := l.Kernel.Free(folder)
		if errors.Is(err, fs.ErrNotExist) && folder != "/" {
			continue
		}
		if err != nil {
			return fault(err)
		}
		state := OK
		switch {
		case free < someBytes:
			state = Hole
		case free < fewBytes:
			state = Warning
		}
		return found(state, "%s: %d of %d MB free", folder, free>>20, size>>20)
	}
}
