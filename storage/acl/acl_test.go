package acl

import (
	"errors"
	"testing"
)

// People and groups of a host and a domain, by their SIDs.
const (
	practice  = "S-1-5-21-1-2-3-1104"
	other     = "S-1-5-21-1-2-3-1105"
	person    = "S-1-5-21-1-2-3-1201"
	domUsers  = "S-1-5-21-1-2-3-513"
	anonymous = "S-1-5-7"
	packages  = "S-1-15-2-1"
)

func with(l List, entries ...Entry) List {
	l.Entries = append(append([]Entry{}, l.Entries...), entries...)
	return l
}

func ownedBy(l List, owner string) List {
	l.Owner = owner
	return l
}

func allow(sid string, mask uint32) Entry { return Entry{Allow, 0, mask, sid} }

// says holds that err names sid: "" for none, "owner" for ErrOwner.
func says(t *testing.T, err error, want string) {
	t.Helper()
	var who *StrangerError
	switch {
	case errors.Is(err, ErrOwner):
		if want != "owner" {
			t.Errorf("the owner is refused, want %q", want)
		}
	case errors.As(err, &who):
		if who.SID != want {
			t.Errorf("%s is refused, want %q", who.SID, want)
		}
	case err != nil || want != "":
		t.Errorf("got %v, want %q", err, want)
	}
}

func TestTheFolderOfAPracticeLetsInOneGroup(t *testing.T) {
	for name, test := range map[string]struct {
		list       List
		group, who string
	}{
		"as_init_makes_it":         {Folder(practice), practice, ""},
		"the_systems_own":          {ownedBy(Folder(practice), System), practice, ""},
		"administrators_alone":     {Folder(""), "", ""},
		"a_group_may_only_read":    {with(Folder(""), allow(practice, read)), practice, ""},
		"a_group_is_denied":        {with(Folder(practice), Entry{Deny, below, full, domUsers}), practice, ""},
		"for_what_will_be_made":    {with(Folder(practice), Entry{Allow, below | InheritOnly, full, creatorOwner}), practice, ""},
		"no_list":                  {List{Owner: Administrators, Open: true}, "", Everyone},
		"two_groups":               {with(Folder(practice), allow(other, read)), "", other},
		"everyone":                 {with(Folder(practice), allow(Everyone, read)), "", Everyone},
		"everyone_lists_names":     {with(Folder(practice), allow(Everyone, 1)), "", Everyone},
		"everyone_below":           {with(Folder(practice), Entry{Allow, below | InheritOnly, read, Everyone}), "", Everyone},
		"users":                    {with(Folder(""), allow(Users, read)), "", Users},
		"remote_desktop_users":     {with(Folder(""), allow("S-1-5-32-555", modify)), "", "S-1-5-32-555"},
		"all_of_the_domain":        {with(Folder(""), allow(domUsers, modify)), "", domUsers},
		"guest":                    {with(Folder(""), allow("S-1-5-21-1-2-3-501", modify)), "", "S-1-5-21-1-2-3-501"},
		"nobody_known":             {with(Folder(""), allow(anonymous, modify)), "", anonymous},
		"all_programs_of_a_kind":   {with(Folder(""), allow(packages, modify)), "", packages},
		"an_entry_with_conditions": {with(Folder(practice), Entry{9, 0, modify, unread}), "", unread},
		"no_sid_of_a_domain":       {with(Folder(""), allow("S-1-5-21-1104", modify)), "", "S-1-5-21-1104"},
		"a_persons":                {ownedBy(Folder(practice), person), "", "owner"},
		"nobodys":                  {ownedBy(Folder(practice), ""), "", "owner"},
		"creator_owner_himself":    {with(Folder(practice), allow(creatorOwner, full)), "", creatorOwner},
	} {
		t.Run(name, func(t *testing.T) {
			group, err := test.list.Group("S-1-5-21-1-2-3-1999")
			says(t, err, test.who)
			if group != test.group {
				t.Errorf("the group is %q, want %q", group, test.group)
			}
		})
	}
}

// A demo's practice is its person's own, who is no administrator.
func TestAPrivateFolderIsItsOwners(t *testing.T) {
	mine := ownedBy(Own(person, true), person)
	if group, err := mine.Group(person); group != "" || err != nil {
		t.Errorf("to its owner the group is %q, %v", group, err)
	}
	if _, err := mine.Group(other); !errors.Is(err, ErrOwner) {
		t.Errorf("to somebody else it is %v", err)
	}
	// One person must not stand beside the group of an administrator's folder.
	_, err := with(Folder(practice), allow(person, read)).Group(person)
	says(t, err, person)
}

func TestAFileIsForWhomItsFolderIsFor(t *testing.T) {
	for name, test := range map[string]struct {
		file, folder List
		key          bool
		who          string
	}{
		"store":                     {StoreFile(practice), Folder(practice), false, ""},
		"store_made_by_one_of_them": {ownedBy(StoreFile(practice), person), Folder(practice), false, ""},
		"store_of_administrators":   {StoreFile(""), Folder(practice), false, ""},
		"store_of_another_group":    {StoreFile(other), Folder(practice), false, other},
		"store_for_all":             {with(StoreFile(practice), allow(Users, read)), Folder(practice), false, Users},
		"store_of_a_closed_folder":  {StoreFile(practice), Folder(""), false, practice},
		"store_of_an_open_folder":   {StoreFile(practice), with(Folder(practice), allow(Users, read)), false, Users},
		"store_for_one_of_them":     {with(StoreFile(practice), allow(person, read)), Folder(practice), false, person},
		"key":                       {KeyFile(practice), Folder(practice), true, ""},
		"key_that_inherited":        {StoreFile(practice), Folder(practice), true, practice},
		"key_that_can_be_deleted":   {with(KeyFile(practice), allow(practice, 0x10000)), Folder(practice), true, practice},
		"key_of_one_of_them":        {ownedBy(KeyFile(practice), person), Folder(practice), true, "owner"},
		"key_without_a_list":        {List{Owner: System, Open: true}, Folder(practice), true, Everyone},
	} {
		t.Run(name, func(t *testing.T) { says(t, test.file.Within(test.folder, person, test.key), test.who) })
	}
}

func TestWhoMayChangeWhatAllRead(t *testing.T) {
	for name, test := range map[string]struct {
		list List
		who  string
	}{
		"as_init_makes_it":         {Parent(), ""},
		"configuration":            {Public(), ""},
		"program_files":            {with(ownedBy(Parent(), installer), allow(installer, full), allow(packages, readExecute)), ""},
		"callers_own":              {ownedBy(Public(), person), ""},
		"a_strangers":              {ownedBy(Public(), other), "owner"},
		"programdata_by_itself":    {with(Parent(), Entry{Allow, ContainerInherit, 0x116, Users}), Users},
		"users_add_files":          {with(Parent(), allow(Users, 2)), Users},
		"users_delete_in_it":       {with(Parent(), allow(Users, 0x40)), Users},
		"users_say_who_may":        {with(Parent(), allow(Users, 0x40000)), Users},
		"users_have_all_generic":   {with(Parent(), allow(Users, 0x10000000)), Users},
		"no_list":                  {List{Owner: System, Open: true}, Everyone},
		"an_entry_with_conditions": {with(Parent(), Entry{9, 0, modify, unread}), unread},
	} {
		t.Run(name, func(t *testing.T) { says(t, test.list.Trusted(person), test.who) })
	}
}

func TestWhoHasAnyRight(t *testing.T) {
	says(t, Own(person, true).Private(person), "owner") // of nobody yet
	says(t, ownedBy(Own(person, true), person).Private(person), "")
	says(t, ownedBy(Own(person, true), person).Private(other), "owner")
	says(t, with(Folder(""), allow(practice, read)).Private(person), practice)
}

func TestWhatANewFileGets(t *testing.T) {
	mine := ownedBy(Own(person, true), person)
	for name, test := range map[string]struct {
		folder List
		key    bool
		want   string
	}{
		"store_of_a_practice": {Folder(practice), false, "O:S-1-5-32-544D:P(A;;0x1f01ff;;;S-1-5-32-544)(A;;0x1f01ff;;;S-1-5-18)(A;;0x20000;;;S-1-3-4)(A;;0x1301bf;;;" + practice + ")"},
		"key_of_a_practice":   {Folder(practice), true, "O:S-1-5-32-544D:P(A;;0x1f01ff;;;S-1-5-32-544)(A;;0x1f01ff;;;S-1-5-18)(A;;0x20000;;;S-1-3-4)(A;;0x120089;;;" + practice + ")"},
		"key_of_the_service":  {Folder(""), true, "O:S-1-5-32-544D:P(A;;0x1f01ff;;;S-1-5-32-544)(A;;0x1f01ff;;;S-1-5-18)(A;;0x20000;;;S-1-3-4)"},
		"key_of_a_demo":       {mine, true, "D:P(A;;0x1f01ff;;;S-1-5-32-544)(A;;0x1f01ff;;;S-1-5-18)(A;;0x1f01ff;;;" + person + ")"},
	} {
		t.Run(name, func(t *testing.T) {
			l, err := test.folder.Inside(person, test.key)
			if err != nil || l.SDDL() != test.want {
				t.Errorf("it gets %s, %v; want %s", l.SDDL(), err, test.want)
			}
		})
	}
	if _, err := with(Folder(""), allow(Users, read)).Inside(person, true); err == nil {
		t.Error("a key was made where everybody reads")
	}
	const parent = "O:S-1-5-32-544D:P(A;OICI;0x1f01ff;;;S-1-5-32-544)(A;OICI;0x1f01ff;;;S-1-5-18)(A;OINP;0x1200a9;;;S-1-5-32-545)"
	if got := Parent().SDDL(); got != parent {
		t.Errorf("the folder above gets %s", got)
	}
	denied := List{Entries: []Entry{{Deny, InheritOnly, read, Everyone}}}
	if got := denied.SDDL(); got != "D:(D;IO;0x120089;;;S-1-1-0)" {
		t.Errorf("a denial is %s", got)
	}
}

func TestWhatAPracticeHasIsForItsGroup(t *testing.T) {
	readOnly := with(Folder(""), Entry{Allow, below, read, practice})
	inherits := Folder(practice)
	inherits.Protected = false
	for name, test := range map[string]struct {
		list       List
		group      string
		dir, isKey bool
		want       bool
	}{
		"folder":                        {Folder(practice), practice, true, false, true},
		"folder_of_the_service":         {Folder(""), "", true, false, true},
		"folder_that_inherits":          {inherits, practice, true, false, false},
		"folder_that_was_the_services":  {Folder(""), practice, true, false, false},
		"folder_that_was_the_practices": {Folder(practice), "", true, false, false},
		"folder_of_another_group":       {Folder(other), practice, true, false, false},
		"folder_to_read_only":           {readOnly, practice, true, false, false},
		"folder_of_a_person":            {ownedBy(Folder(practice), person), practice, true, false, false},
		"folder_for_all":                {with(Folder(practice), allow(Everyone, 1)), practice, true, false, false},
		"store":                         {StoreFile(practice), practice, false, false, true},
		"store_that_one_of_them_made":   {ownedBy(StoreFile(practice), person), practice, false, false, true},
		"store_of_the_service":          {StoreFile(""), "", false, false, true},
		"store_of_one_and_the_service":  {ownedBy(StoreFile(""), person), "", false, false, false},
		"store_for_all":                 {with(StoreFile(practice), allow(Users, read)), practice, false, false, false},
		"store_to_read_only":            {KeyFile(practice), practice, false, false, false},
		"key":                           {KeyFile(practice), practice, false, true, true},
		"key_of_the_service":            {KeyFile(""), "", false, true, true},
		"key_that_inherited":            {StoreFile(practice), practice, false, true, false},
		"key_of_a_person":               {ownedBy(KeyFile(practice), person), practice, false, true, false},
	} {
		t.Run(name, func(t *testing.T) {
			if got := test.list.IsFor(test.group, "", test.dir, test.isKey); got != test.want {
				t.Errorf("it is %t", got)
			}
		})
	}
}
