// Package winlogon puts the gate between password and desktop of a Windows host,
// and takes it away again, so that a host is left as it was found.
//
// What it changes it changes through an interface, so that tests can hold every
// rule on values that were written down.
package winlogon

import (
	"fmt"
	"strconv"
	"strings"
)

// Value is a value of the registry.
type Value struct {
	Text string // a number in decimal
	// IsNumber says that it is a REG_DWORD, and else a REG_SZ.
	IsNumber bool
}

// Registry is what the gate's place is made of. Keys are below
// HKEY_LOCAL_MACHINE, in the 64-bit view.
type Registry interface {
	// Value returns a value, and false if there is none.
	Value(key, name string) (Value, bool, error)
	// Set makes the key too.
	Set(key, name string, value Value) error
	// Delete and DeleteKey do nothing to what is not there.
	Delete(key, name string) error
	DeleteKey(key string) error
}

// Host is a Windows host.
type Host struct {
	Registry
	// Guarded returns an error if a file is not there, or if others than
	// administrators can write it.
	Guarded func(file string) error
	// Self is the folder of this program. System is that of Windows' own programs,
	// Programs that of everybody's.
	Self, System, Programs string
	// Exempt returns the accounts that the gate lets pass and that this host has.
	// Error: why the gate would let nobody pass.
	Exempt func() ([]string, error)
}

// RefusedError says why nothing was changed, and what to do.
type RefusedError struct{ Reason, Hint string }

func (e *RefusedError) Error() string { return e.Reason }

// Keys of the registry. What install found stands in beforeKey.
const (
	winlogonKey = `SOFTWARE\Microsoft\Windows NT\CurrentVersion\Winlogon`
	terminalKey = `SOFTWARE\Policies\Microsoft\Windows NT\Terminal Services`
	eventsKey   = `SYSTEM\CurrentControlSet\Services\EventLog\Application\TFA`
	beforeKey   = `SOFTWARE\TFA\Before`
	userinit    = "Userinit"
	messageFile = "EventMessageFile"
	typesOf     = "TypesSupported"
)

// In beforeKey: there was no such value; or it was a text, which is what follows.
const (
	none   = "none"
	textOf = "text:"
)

// policies are what the gate needs of Windows; the README of
// assets/packaging/windows says what each closes.
var policies = []struct {
	name  string
	value int
}{
	{"fTurnOffSingleAppMode", 1},
	{"fAllowUnlistedRemotePrograms", 0},
	{"fSingleSessionPerUser", 0},
	{"MaxDisconnectionTime", 60_000},
}

// allEvents are the kinds of events that our source writes: errors, warnings,
// and what is worth knowing.
const allEvents = "7"

// entry is what stands in Userinit. That is a list with commas. Windows starts the
// desktop by itself when it can't start what is named there, and cmd.exe is always
// there. /d and the others keep out what the account has set for its own cmd.exe.
// Of the quotes, cmd.exe takes away the first and the last.
func (h Host) entry() string {
	return h.System + `\cmd.exe /d /e:on /v:off /c ""` + h.folder() + `\logon.cmd"" ` + h.System + `,`
}

func (h Host) folder() string { return h.Programs + `\TFA` }

// plain is what Windows itself has in Userinit.
func (h Host) plain() string { return h.System + `\userinit.exe,` }

// isPlain reports whether Userinit starts Windows' own program and nothing else.
func (h Host) isPlain(value string) bool {
	first := strings.TrimSuffix(value, ",")
	return strings.EqualFold(first, h.System+`\userinit.exe`) || strings.EqualFold(first, "userinit.exe")
}

func (h Host) isEntry(value string) bool { return strings.EqualFold(value, h.entry()) }

// Install puts the gate in place. It can run again at any time, and sets what is
// not as it should be. The gate comes last: what fails before leaves a host
// without one, and says so. Error: *RefusedError, if nothing was changed because
// something would lock people out, or start beside the gate.
func (h Host) Install() error {
	if err := h.mayInstall(); err != nil {
		return err
	}
	found, err := h.text(winlogonKey, userinit)
	if err != nil {
		return err
	}
	switch {
	case h.isEntry(found):
	case h.isPlain(found):
		if err := h.set(beforeKey, userinit, Value{Text: found}); err != nil {
			return err
		}
	default:
		return &RefusedError{"Userinit starts other programs already: " + found,
			"they would run beside the gate: start them in another way, set Userinit to " + h.plain() + " and run this again"}
	}
	if err := h.setPolicies(); err != nil {
		return err
	}
	if err := h.setEvents(); err != nil {
		return err
	}
	if h.isEntry(found) {
		return nil
	}
	if err := h.set(winlogonKey, userinit, Value{Text: h.entry()}); err != nil {
		return err
	}
	if now, err := h.text(winlogonKey, userinit); err != nil || !h.isEntry(now) {
		return fmt.Errorf("setting Userinit: it is now %q (%v)", now, err)
	}
	return nil
}

// mayInstall holds that the gate can start, and that it lets in who mends it.
func (h Host) mayInstall() error {
	if !strings.EqualFold(h.Self, h.folder()) {
		return &RefusedError{fmt.Sprintf("the programs must stand in %s, where only administrators write; this one is in %s", h.folder(), h.Self),
			"install Two Factor RDP by its package"}
	}
	for _, file := range h.files() {
		if err := h.Guarded(file); err != nil {
			return &RefusedError{fmt.Sprintf("%s: %v", file, err), "install Two Factor RDP again by its package"}
		}
	}
	exempt, err := h.Exempt()
	switch {
	case err != nil:
		return &RefusedError{fmt.Sprintf("the gate would let nobody in: %v", err), "tfa-admin init writes a configuration to begin with"}
	case len(exempt) == 0:
		return &RefusedError{"exempt in the configuration names no account of this host: a fault would lock out who must mend it",
			`name the account that you mend things with, like exempt = ["Administrator"]`}
	}
	return nil
}

// files are what starts the gate. Those of Windows are Windows' own to guard.
func (h Host) files() []string {
	return []string{h.folder() + `\tfa-logon.exe`, h.folder() + `\logon.cmd`}
}

// setPolicies sets the policies, and keeps what they were before the first time.
func (h Host) setPolicies() error {
	for _, p := range policies {
		found, is, err := h.Value(terminalKey, p.name)
		if err != nil {
			return err
		}
		want := Value{strconv.Itoa(p.value), true}
		if is && found == want {
			continue
		}
		if err := h.keep(p.name, found, is); err != nil {
			return err
		}
		if err := h.set(terminalKey, p.name, want); err != nil {
			return err
		}
	}
	return nil
}

// setEvents announces us to the event log, where nobody has: the package does.
func (h Host) setEvents() error {
	found, is, err := h.Value(eventsKey, messageFile)
	if err != nil || is {
		return err
	}
	if err := h.keep(messageFile, found, is); err != nil {
		return err
	}
	if err := h.set(eventsKey, messageFile, Value{Text: h.System + `\EventCreate.exe`}); err != nil {
		return err
	}
	return h.set(eventsKey, typesOf, Value{allEvents, true})
}

// keep writes down what was there, unless something is written down already.
func (h Host) keep(name string, found Value, is bool) error {
	if _, kept, err := h.Value(beforeKey, name); err != nil || kept {
		return err
	}
	text := none
	switch {
	case is && found.IsNumber:
		text = found.Text
	case is:
		text = textOf + found.Text
	}
	return h.set(beforeKey, name, Value{Text: text})
}

// Remove takes the gate away and puts back what install found. It returns false
// if there was nothing to take away. The gate goes first: what fails after that
// keeps nobody out. Error: *RefusedError, if Userinit was changed since install.
func (h Host) Remove() (removed bool, err error) {
	found, err := h.text(winlogonKey, userinit)
	if err != nil {
		return false, err
	}
	before, kept, err := h.Value(beforeKey, userinit)
	if err != nil {
		return false, err
	}
	switch {
	case h.isEntry(found):
		back := h.plain()
		if kept && h.isPlain(before.Text) {
			back = before.Text
		}
		if err := h.set(winlogonKey, userinit, Value{Text: back}); err != nil {
			return false, err
		}
	case !kept:
		return false, nil
	case found != before.Text:
		return false, &RefusedError{"Userinit was changed since install: " + found,
			"nothing was changed: set Userinit to " + before.Text + " and run this again"}
	}
	for _, p := range policies {
		if err := h.putBack(p.name); err != nil {
			return true, err
		}
	}
	if was, ours, err := h.Value(beforeKey, messageFile); err != nil {
		return true, err
	} else if ours && was.Text == none {
		if err := h.DeleteKey(eventsKey); err != nil {
			return true, fmt.Errorf("removing the event source: %w", err)
		}
	}
	if err := h.DeleteKey(beforeKey); err != nil {
		return true, fmt.Errorf("forgetting what install found: %w", err)
	}
	return true, nil
}

// putBack sets a policy to what it was.
func (h Host) putBack(name string) error {
	before, kept, err := h.Value(beforeKey, name)
	if err != nil || !kept {
		return err
	}
	if before.Text == none {
		if err := h.Delete(terminalKey, name); err != nil {
			return fmt.Errorf("taking %s away: %w", name, err)
		}
		return nil
	}
	if text, ok := strings.CutPrefix(before.Text, textOf); ok {
		return h.set(terminalKey, name, Value{Text: text})
	}
	number, err := strconv.ParseUint(before.Text, 0, 32) // 0x3c, as the script of before wrote it
	if err != nil {
		return fmt.Errorf("putting %s back: %w", name, err)
	}
	return h.set(terminalKey, name, Value{strconv.FormatUint(number, 10), true})
}

// Setting is one thing that the gate needs, and how it is.
type Setting struct {
	Name string
	// Want is as it should be, Is as it is; "" if there is nothing.
	Want, Is string
	OK       bool
}

// Status returns all that install sees to, and changes nothing. It says too why
// install would refuse; nil, if it would not.
func (h Host) Status() (settings []Setting, refused, err error) {
	found, err := h.text(winlogonKey, userinit)
	if err != nil {
		return nil, nil, err
	}
	settings = append(settings, Setting{userinit, h.entry(), found, h.isEntry(found)})
	for _, p := range policies {
		value, _, err := h.Value(terminalKey, p.name)
		if err != nil {
			return nil, nil, err
		}
		want := strconv.Itoa(p.value)
		settings = append(settings, Setting{p.name, want, value.Text, value == Value{want, true}})
	}
	source, err := h.text(eventsKey, messageFile)
	if err != nil {
		return nil, nil, err
	}
	settings = append(settings, Setting{"event source TFA", h.System + `\EventCreate.exe`, source, source != ""})
	return settings, h.mayInstall(), nil
}

func (h Host) text(key, name string) (string, error) {
	value, _, err := h.Value(key, name)
	return value.Text, err
}

func (h Host) set(key, name string, value Value) error {
	if err := h.Set(key, name, value); err != nil {
		return fmt.Errorf("setting %s: %w", name, err)
	}
	return nil
}
