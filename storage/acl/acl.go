// Package acl judges who may reach a file on Windows, and says who should. Its
// rules are functions over what Windows lists, and run everywhere; what asks and
// tells Windows stands in a file of its own.
package acl

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// SIDs that are the same on every host.
const (
	Everyone       = "S-1-1-0"
	System         = "S-1-5-18"
	Administrators = "S-1-5-32-544"
	Users          = "S-1-5-32-545"
	// creatorOwner stands, in the list of a folder, for who makes something in it.
	creatorOwner = "S-1-3-0"
	// ownerRights takes from the owner of a file what Windows gives every owner: to
	// say who may reach it. Who made one of SQLite's files owns it for good.
	ownerRights = "S-1-3-4"
	// installer is Windows' own, and has all of Program Files.
	installer = "S-1-5-80-956008885-3418522649-1831038044-1853292631-2271478464"
	// unread is the SID of an entry of a kind that this package can't read.
	unread = "?"
)

// Rights, as Windows numbers them.
const (
	full        = 0x1f01ff
	modify      = 0x1301bf // all but to delete what others made, and to say who may
	read        = 0x120089
	readExecute = 0x1200a9
	readList    = 0x020000
	// writing is to change a file, what is in a folder, or who may.
	writing = 0x02 | 0x04 | 0x10 | 0x40 | 0x100 | 0x10000 | 0x40000 | 0x80000 | 0x10000000 | 0x40000000
	// anything is every right that there is.
	anything = ^uint32(0)
)

// Flags of an entry: for whom below the folder it counts.
const (
	ObjectInherit    = 0x01
	ContainerInherit = 0x02
	noPropagate      = 0x04
	InheritOnly      = 0x08
	Inherited        = 0x10
	below            = ObjectInherit | ContainerInherit
)

// Types of an entry. Others exist; they are never trusted.
const (
	Allow = 0
	Deny  = 1
)

// Entry grants or denies rights.
type Entry struct {
	Type, Flags uint8
	Mask        uint32
	SID         string
}

// List is who owns a file or folder, and who may reach it.
type List struct {
	Owner string
	// Protected says that the folder above has no say.
	Protected bool
	// Open says that there is no list at all: everybody may do everything.
	Open    bool
	Entries []Entry
}

// ErrOwner says that a file belongs to somebody who must not have it.
var ErrOwner = errors.New("it belongs to somebody who should not own it")

// ErrLink says that a link, or a file with several names, stands where a plain
// file or folder should.
var ErrLink = errors.New("a link, or a file with more than one name, stands there")

// StrangerError says who may reach a file and should not.
type StrangerError struct{ SID string }

func (e *StrangerError) Error() string { return Name(e.SID) + " has rights there" }

// Grants returns whom the list grants a right of mask, but for those named.
func (l List) Grants(mask uint32, except ...string) []string {
	if l.Open {
		return []string{Everyone}
	}
	var who []string
	for _, e := range l.Entries {
		if e.Type == Deny || e.Mask&mask == 0 || slices.Contains(except, e.SID) || slices.Contains(who, e.SID) {
			continue
		}
		if e.SID == creatorOwner && e.Flags&InheritOnly != 0 && slices.Contains(except, Administrators) {
			continue // for what will be made there, by who may
		}
		who = append(who, e.SID)
	}
	return who
}

// Trusted holds that nobody but the administrators, the system and caller, if
// given, owns a file or may change it. Errors: ErrOwner, *StrangerError.
func (l List) Trusted(caller string) error {
	if !isOneOf(l.Owner, Administrators, System, installer, caller) {
		return ErrOwner
	}
	return stranger(l.Grants(writing, trustees(caller, installer)...))
}

// Private holds that nobody but the administrators, the system and caller has
// any right to a file. Errors: ErrOwner, *StrangerError.
func (l List) Private(caller string) error {
	if !isOneOf(l.Owner, Administrators, System, caller) {
		return ErrOwner
	}
	return stranger(l.Grants(anything, trustees(caller, ownerRights)...))
}

// Group returns the one group that the folder of a practice lets in, "" if it
// is private. Errors: ErrOwner, *StrangerError.
func (l List) Group(caller string) (group string, err error) {
	if !isOneOf(l.Owner, Administrators, System, caller) {
		return "", ErrOwner
	}
	for _, sid := range l.Grants(anything, trustees(l.ownCaller(caller), ownerRights)...) {
		if group != "" || !isOfPractice(sid) {
			return "", &StrangerError{sid}
		}
		group = sid
	}
	return group, nil
}

// Within holds that a file in the folder of a practice is reached by those who
// reach the folder, and by nobody else. They change a store and read a key.
// Errors: ErrOwner, *StrangerError, those of Group.
func (l List) Within(folder List, caller string, isKey bool) error {
	group, err := folder.Group(caller)
	if err != nil {
		return err
	}
	own := folder.ownCaller(caller)
	if isKey && !isOneOf(l.Owner, Administrators, System, own) {
		return ErrOwner
	}
	if err := stranger(l.Grants(anything, append(trustees(own, ownerRights), group)...)); err != nil {
		return err
	}
	if isKey {
		return stranger(l.Grants(writing, trustees(own, ownerRights)...))
	}
	return nil
}

// IsFor reports whether what a practice has is for its group, and as much as the
// group needs; with group "" for the administrators and the system alone. Who
// of the practice made a store owns it.
func (l List) IsFor(group, caller string, isFolder, isKey bool) bool {
	least := uint32(modify)
	if isKey {
		least = read
	}
	mustOwn := isFolder || isKey || group == ""
	switch {
	case mustOwn && !isOneOf(l.Owner, Administrators, System),
		isFolder && !l.Protected,
		group != "" && !l.gives(group, least):
		return false
	case isFolder:
		found, err := l.Group(caller)
		return err == nil && found == group
	}
	return l.Within(Folder(group), caller, isKey) == nil
}

// gives reports whether an entry grants at least the rights of mask.
func (l List) gives(sid string, mask uint32) bool {
	return slices.ContainsFunc(l.Entries, func(e Entry) bool {
		return e.Type == Allow && e.SID == sid && e.Mask&mask == mask && e.Flags&InheritOnly == 0
	})
}

// ownCaller is caller in a folder that is theirs: an administrator's is for the
// practice, not for one of it.
func (l List) ownCaller(caller string) string {
	if l.Owner == caller {
		return caller
	}
	return ""
}

func trustees(caller string, others ...string) []string {
	trusted := append([]string{Administrators, System}, others...)
	if caller != "" {
		trusted = append(trusted, caller)
	}
	return trusted
}

func isOneOf(sid string, of ...string) bool { return sid != "" && slices.Contains(of, sid) }

func stranger(who []string) error {
	if len(who) == 0 {
		return nil
	}
	return &StrangerError{who[0]}
}

// firstOwn is the smallest number that a host or a domain gives to a group that
// somebody made; those below, like Domain Users, are for many.
const firstOwn = 1000

// isOfPractice reports whether a SID can be that of a practice's group: one that
// was made on this host or in a domain.
func isOfPractice(sid string) bool {
	rest, ok := strings.CutPrefix(sid, "S-1-5-21-")
	parts := strings.Split(rest, "-")
	if !ok || len(parts) != 4 {
		return false
	}
	number, err := strconv.ParseUint(parts[3], 10, 32)
	return err == nil && number >= firstOwn
}

// Folder is for the folder of a practice, with its group, or with "" for the
// administrators and the system alone.
func Folder(group string) List { return ours(below, modify, group) }

// StoreFile is for a store, and for what stands beside it.
func StoreFile(group string) List { return ours(0, modify, group) }

// KeyFile is for a key, which the practice reads.
func KeyFile(group string) List { return ours(0, read, group) }

func ours(flags uint8, mask uint32, group string) List {
	l := List{Owner: Administrators, Protected: true, Entries: []Entry{
		{Allow, flags, full, Administrators}, {Allow, flags, full, System}, {Allow, flags, readList, ownerRights},
	}}
	if group != "" {
		l.Entries = append(l.Entries, Entry{Allow, flags, mask, group})
	}
	return l
}

// Parent is for the folder above those of the practices, and Public for the
// configuration in it: all may read, and go through to their own.
func Parent() List { return shown(below, ObjectInherit|noPropagate) }

// Public is for a file that all may read.
func Public() List { return shown(0, 0) }

func shown(flags, everybodys uint8) List {
	return List{Owner: Administrators, Protected: true, Entries: []Entry{
		{Allow, flags, full, Administrators}, {Allow, flags, full, System}, {Allow, everybodys, readExecute, Users},
	}}
}

// Own is for a folder or file of one person, who is no administrator.
func Own(caller string, isFolder bool) List {
	flags := uint8(0)
	if isFolder {
		flags = below
	}
	return List{Protected: true, Entries: []Entry{
		{Allow, flags, full, Administrators}, {Allow, flags, full, System}, {Allow, flags, full, caller},
	}}
}

// Inside is for a new file in the folder of a practice. Errors: those of Group.
func (l List) Inside(caller string, isKey bool) (List, error) {
	group, err := l.Group(caller)
	switch {
	case err != nil:
		return List{}, err
	case l.Owner == caller && !isOneOf(caller, Administrators, System) && group == "":
		return Own(caller, false), nil
	case isKey:
		return KeyFile(group), nil
	}
	return StoreFile(group), nil
}

// SDDL returns the list as Windows reads it.
func (l List) SDDL() string {
	var b strings.Builder
	if l.Owner != "" {
		b.WriteString("O:" + l.Owner)
	}
	b.WriteString("D:")
	if l.Protected {
		b.WriteString("P")
	}
	for _, e := range l.Entries {
		kind := "A"
		if e.Type == Deny {
			kind = "D"
		}
		flags := ""
		for _, f := range []struct {
			flag uint8
			text string
		}{{ObjectInherit, "OI"}, {ContainerInherit, "CI"}, {noPropagate, "NP"}, {InheritOnly, "IO"}} {
			if e.Flags&f.flag != 0 {
				flags += f.text
			}
		}
		fmt.Fprintf(&b, "(%s;%s;0x%x;;;%s)", kind, flags, e.Mask, e.SID)
	}
	return b.String()
}

// Who says who owns a file and whom its list lets in, by their names.
func (l List) Who() string {
	text := "owned by " + Name(l.Owner)
	names := l.Grants(anything, ownerRights)
	for i, sid := range names {
		names[i] = Name(sid)
	}
	if len(names) == 0 {
		return text + ", open to nobody"
	}
	return text + ", open to " + strings.Join(names, ", ")
}
