package main

import (
	"errors"
	"fmt"
	"strings"

	"evry.nl/tfa/cmd/internal/identity"
	"evry.nl/tfa/cmd/internal/winlogon"
)

type gateCommands struct {
	Install gateInstallCommand `cmd:"" help:"Put the gate between password and desktop (Windows)."`
	Remove  gateRemoveCommand  `cmd:"" help:"Take it away, and put back what install found."`
	Status  gateStatusCommand  `cmd:"" help:"Is it in place? Status 1, if something is lacking."`
}

type (
	gateInstallCommand struct{}
	gateRemoveCommand  struct{}
	gateStatusCommand  struct{}
)

// Help is the text of gate install --help. The parser asks for it.
func (gateInstallCommand) Help() string {
	return `It has Windows start the gate in place of userinit.exe, and sets the policies that
keep a client from going round it; each earlier value is kept, for remove. It can
run again at any time, and sets what is not as it should be.

It refuses, and changes nothing, without a configuration, or where that exempts no
account of this host: a fault would then lock out who must mend it. It refuses too
if Userinit starts other programs, which would run beside the gate, and if the
programs do not stand where only administrators write.

Try it with a second session open. On Linux the packages put the gate in place.`
}

// Help is the text of gate remove --help. The parser asks for it.
func (gateRemoveCommand) Help() string {
	return `It puts back what install found: Userinit first, then the policies. Where there is
no gate it does nothing. It refuses if somebody changed Userinit since. The
configuration, stores and keys stay.`
}

// gateDocument is the gate of a host in JSON.
type gateDocument struct {
	Installed bool `json:"installed"`
	// Refused is why install would refuse, "" if it would not.
	Refused  string            `json:"refused"`
	Settings []settingDocument `json:"settings"`
}

// settingDocument is one thing that the gate needs of the host.
type settingDocument struct {
	Name string `json:"name"`
	Want string `json:"want"`
	Is   string `json:"is"`
	OK   bool   `json:"ok"`
}

func (gateInstallCommand) Run(d *desk) error {
	host, err := d.gateHost()
	if err != nil {
		return err
	}
	if err := refusedGate(host.Install()); err != nil {
		return err
	}
	if _, err := d.showGate(host, false); err != nil {
		return err
	}
	fmt.Fprintf(d.err, "%s: hint: the gate is in place for the next logon: try it now, and keep this session open\n", program)
	return nil
}

func (gateRemoveCommand) Run(d *desk) error {
	host, err := d.gateHost()
	if err != nil {
		return err
	}
	removed, err := host.Remove()
	if err := refusedGate(err); err != nil {
		return err
	}
	if d.json {
		_, err := d.showGate(host, false)
		return err
	}
	text := "the gate is not in place: nothing to do"
	if removed {
		text = "done: the gate is taken away; configuration, stores and keys stay"
	}
	_, err = fmt.Fprintln(d.out, text)
	return err
}

func (gateStatusCommand) Run(d *desk) error {
	host, err := d.gateHost()
	if err != nil {
		return err
	}
	lacking, err := d.showGate(host, true)
	if err != nil || len(lacking) == 0 {
		return err
	}
	return refusal("the gate is not whole: " + strings.Join(lacking, ", "))
}

// gateHost returns this host to an administrator.
func (d *desk) gateHost() (winlogon.Host, error) {
	host, err := thisGate(d)
	if err != nil {
		return winlogon.Host{}, err
	}
	return host, identity.Administrator("")
}

// refusedGate turns what is refused into a message of this command.
func refusedGate(err error) error {
	var refused *winlogon.RefusedError
	if errors.As(err, &refused) {
		return hinted{refusal(refused.Reason), refused.Hint}
	}
	return err
}

// showGate prints how the gate stands, and returns what is lacking. Without asked
// nobody has asked for the details.
func (d *desk) showGate(host winlogon.Host, asked bool) (lacking []string, err error) {
	settings, refused, err := host.Status()
	if err != nil {
		return nil, err
	}
	document := gateDocument{Settings: []settingDocument{}}
	for _, s := range settings {
		document.Settings = append(document.Settings, settingDocument(s))
		if !s.OK {
			lacking = append(lacking, s.Name)
		}
	}
	document.Installed = settings[0].OK
	if refused != nil {
		document.Refused = refused.Error()
		lacking = append(lacking, refused.Error())
	}
	switch {
	case d.json:
		return lacking, d.printJSON(document)
	case !asked:
		_, err = fmt.Fprintln(d.out, "done: the gate is in place")
		return lacking, err
	}
	for _, s := range settings {
		line := fmt.Sprintf("%s: %s", s.Name, s.Is)
		if !s.OK {
			line = fmt.Sprintf("%s: NOT %s, but %q", s.Name, s.Want, s.Is)
		}
		if _, err := fmt.Fprintln(d.out, line); err != nil {
			return nil, err
		}
	}
	return lacking, nil
}
