package main

import (
	"context"
	"errors"
	"fmt"
	"os/user"
	"strings"
	"unsafe"

	"golang.org/x/sys/windows"

	"evry.nl/tfa/cmd/internal/config"
)

// What init says and does differently on other systems.
const (
	nobodyElse      = "administrators and the system alone"
	checksAfterInit = true
)

// hostFlags are what Windows must be told, because it lists no accounts of a domain.
type hostFlags struct {
	Account []string `name:"account" placeholder:"NAME" help:"An account of the domain, as DOMAIN\\NAME, beside those that Remote Desktop Users names. Can be repeated."`
	Group   string   `name:"group" placeholder:"NAME" help:"Give each practice to this group, which is there already, with {practice} for the name, like EVRY\\rdp-{practice}; no local groups are made."`
}

func thisHost(_ context.Context, flags hostFlags) (host, error) {
	return &people{directory: windowsDirectory{}, named: flags.Account}, nil
}

// groupOf returns the group of a practice, and whether somebody else made it.
func (f hostFlags) groupOf(practice string) (name string, given bool) {
	if f.Group == "" {
		return groupPrefix + practice, false
	}
	return strings.ReplaceAll(f.Group, "{practice}", practice), true
}

// userExists reports whether the system has an account, or can't tell.
func userExists(_ context.Context, name string) bool {
	if who, err := (windowsDirectory{}).caller(); err == nil && bareName(who.name) == config.Fold(name) {
		return true
	}
	_, _, kind, err := windows.LookupSID("", name)
	if err != nil {
		return !errors.Is(err, windows.ERROR_NONE_MAPPED)
	}
	return kind == kindUser
}

func sessionsCommand(account string) string {
	return "query session " + word(account) + ", then logoff with its number"
}

func lockCommand(account string) string { return "net user " + word(account) + " /active:no" }

// word is a name as PowerShell takes it for one word and nothing else.
func word(name string) string { return "'" + strings.ReplaceAll(name, "'", "''") + "'" }

// windowsDirectory asks this Windows, which asks its domain.
type windowsDirectory struct{}

var _ directory = windowsDirectory{}

var (
	netapi          = windows.NewLazySystemDLL("netapi32.dll")
	addLocalGroup   = netapi.NewProc("NetLocalGroupAdd")
	addGroupMembers = netapi.NewProc("NetLocalGroupAddMembers")
	getGroupMembers = netapi.NewProc("NetLocalGroupGetMembers")
)

// What the calls of netapi32 take and return (lmaccess.h, lmerr.h).
const (
	normalAccounts   = 2
	asMuchAsThereIs  = 0xffffffff
	groupNotFound    = windows.Errno(2220)
	groupExists      = windows.Errno(2223)
	groupComment     = "Two Factor RDP: who reads the codes of this practice"
	kindUser         = windows.SidTypeUser
	kindDomainGroup  = windows.SidTypeGroup
	kindLocalGroup   = windows.SidTypeAlias
	kindBuiltinGroup = windows.SidTypeWellKnownGroup
)

func (windowsDirectory) local() ([]person, error) {
	computer, err := windows.ComputerName()
	if err != nil {
		return nil, err
	}
	var found []person
	for resume := uint32(0); ; {
		var list *byte
		var read, total uint32
		err := windows.NetUserEnum(nil, 0, normalAccounts, &list, asMuchAsThereIs, &read, &total, &resume)
		if err != nil && !errors.Is(err, windows.ERROR_MORE_DATA) {
			return nil, fmt.Errorf("listing accounts: %w", err)
		}
		for _, name := range unsafe.Slice((**uint16)(unsafe.Pointer(list)), read) {
			p := person{name: computer + `\` + windows.UTF16PtrToString(name)}
			if sid, _, _, err := windows.LookupSID("", p.name); err == nil {
				p.sid = sid.String()
				found = append(found, p)
			}
		}
		windows.NetApiBufferFree(list)
		if err == nil {
			return found, nil
		}
	}
}

func (windowsDirectory) remoteDesktopUsers() (string, error) {
	sid, err := windows.CreateWellKnownSid(windows.WinBuiltinRemoteDesktopUsersSid)
	if err != nil {
		return "", err
	}
	name, _, _, err := sid.LookupAccount("")
	return name, err
}

func (windowsDirectory) members(group string) (found []person, exists bool, err error) {
	name, err := windows.UTF16PtrFromString(group)
	if err != nil {
		return nil, false, err
	}
	type member struct {
		sid  *windows.SID
		kind uint32
		name *uint16
	}
	for resume := uintptr(0); ; {
		var list *byte
		var read, total uint32
		status, _, _ := getGroupMembers.Call(0, uintptr(unsafe.Pointer(name)), 2, uintptr(unsafe.Pointer(&list)), asMuchAsThereIs,
			uintptr(unsafe.Pointer(&read)), uintptr(unsafe.Pointer(&total)), uintptr(unsafe.Pointer(&resume)))
		switch err := windows.Errno(status); err {
		case 0, windows.ERROR_MORE_DATA:
		case groupNotFound, windows.ERROR_NO_SUCH_ALIAS:
			return nil, false, nil
		default:
			return nil, false, fmt.Errorf("listing group %s: %w", group, err)
		}
		for _, m := range unsafe.Slice((*member)(unsafe.Pointer(list)), read) {
			p := person{name: windows.UTF16PtrToString(m.name), sid: m.sid.String()}
			p.isGroup = m.kind == kindDomainGroup || m.kind == kindLocalGroup || m.kind == kindBuiltinGroup
			found = append(found, p)
		}
		windows.NetApiBufferFree(list)
		if status == 0 {
			return found, true, nil
		}
	}
}

func (windowsDirectory) find(name string) (person, error) {
	sid, domain, kind, err := windows.LookupSID("", name)
	if err != nil {
		return person{}, fmt.Errorf("looking for account %s: %w", name, err)
	}
	found, _, _, err := sid.LookupAccount("") // as it is written there
	if err != nil {
		return person{}, fmt.Errorf("looking for account %s: %w", name, err)
	}
	return person{name: domain + `\` + found, sid: sid.String(), isGroup: kind != kindUser}, nil
}

func (windowsDirectory) isGroup(name string) bool {
	_, _, kind, err := windows.LookupSID("", name)
	return err == nil && (kind == kindDomainGroup || kind == kindLocalGroup)
}

func (windowsDirectory) caller() (person, error) {
	current, err := user.Current()
	if err != nil {
		return person{}, err
	}
	return person{name: current.Username, sid: current.Uid}, nil
}

func (windowsDirectory) addGroup(name string) error {
	names, err := twoStrings(name, groupComment)
	if err != nil {
		return err
	}
	status, _, _ := addLocalGroup.Call(0, 1, uintptr(unsafe.Pointer(&names)), 0)
	return orExists(status, groupExists, windows.ERROR_ALIAS_EXISTS)
}

// twoStrings returns a name and what it is for (LOCALGROUP_INFO_1).
func twoStrings(one, other string) (pair [2]*uint16, err error) {
	if pair[0], err = windows.UTF16PtrFromString(one); err != nil {
		return pair, err
	}
	pair[1], err = windows.UTF16PtrFromString(other)
	return pair, err
}

func (windowsDirectory) addMember(group, text string) error {
	name, err := windows.UTF16PtrFromString(group)
	if err != nil {
		return err
	}
	sid, err := windows.StringToSid(text)
	if err != nil {
		return err
	}
	list := [1]*windows.SID{sid} // LOCALGROUP_MEMBERS_INFO_0
	status, _, _ := addGroupMembers.Call(0, uintptr(unsafe.Pointer(name)), 0, uintptr(unsafe.Pointer(&list)), 1)
	return orExists(status, windows.ERROR_MEMBER_IN_ALIAS)
}

// orExists turns a status into an error, but for those that say that it is done
// already.
func orExists(status uintptr, done ...windows.Errno) error {
	for _, d := range append(done, 0) {
		if windows.Errno(status) == d {
			return nil
		}
	}
	return windows.Errno(status)
}
