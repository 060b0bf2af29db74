package present

import (
	"context"
	"slices"
	"strings"
	"time"

	"evry.nl/tfa/assets/translations"
	"evry.nl/tfa/core"
	"evry.nl/tfa/core/otp"
)

// Tool prepares what the management tool's window shows.
type Tool struct {
	Manager core.Manager
	Actor   core.Actor
	Texts   *translations.Texts
	Now     func() time.Time
	Zone    *time.Location
	// ManualURL and OTPURL are the addresses of the manual and of the page for
	// people without a phone.
	ManualURL, OTPURL string
	// TransitionDays is how long a transition would last that begins now.
	TransitionDays int
}

// Snapshot is what the store held at one moment, with the secret that is on
// screen. It is never changed once it is made.
type Snapshot struct {
	Overview core.Overview
	Version  core.Version
	Selected string
	// Shown is the zero value when the selected account has nothing to show.
	Shown core.Disclosure
}

// Load asks for the state of the practice. An account counts as looked at, and
// stands in the log as such, when it is selected or gets another secret; what
// previous already shows is not asked for again.
func (t Tool) Load(ctx context.Context, selected string, previous Snapshot) (Snapshot, error) {
	version, err := t.Manager.Version(ctx, t.Actor) // first, so that a change meanwhile is seen as one
	if err != nil {
		return Snapshot{}, err
	}
	overview, err := t.Manager.Overview(ctx, t.Actor)
	if err != nil {
		return Snapshot{}, err
	}
	snapshot := Snapshot{Overview: overview, Version: version, Selected: t.selection(overview, selected)}
	account, found := find(overview.Accounts, snapshot.Selected)
	if !found || !overview.Practice.Enabled || overview.ClockBehind || account.State != core.SecretActive {
		return snapshot, nil
	}
	if previous.Shown.Account == account.Name && previous.Shown.Generation == account.Generation {
		snapshot.Shown = previous.Shown
		return snapshot, nil
	}
	snapshot.Shown, err = t.Manager.Show(ctx, t.Actor, account.Name)
	if core.CodeOf(err) == core.Missing || core.CodeOf(err) == core.Conflict {
		return snapshot, nil // it was reset this very moment: the next look shows it
	}
	return snapshot, err
}

// selection keeps the choice of the person; at first it is the own account.
func (t Tool) selection(overview core.Overview, selected string) string {
	for _, name := range []string{selected, t.Actor.Account} {
		if _, found := find(overview.Accounts, name); found {
			return name
		}
	}
	if len(overview.Accounts) > 0 {
		return overview.Accounts[0].Name
	}
	return ""
}

func find(accounts []core.Account, name string) (core.Account, bool) {
	i := slices.IndexFunc(accounts, func(a core.Account) bool { return a.Name == name })
	if i < 0 {
		return core.Account{}, false
	}
	return accounts[i], true
}

// Choice is a row of the drop-down: an account, and what is special about it.
type Choice struct{ Name, Note string }

// View is all that the window shows, but the code itself: see Live.
type View struct {
	Off      bool // two-factor is off: the window advises to switch it on
	Choices  []Choice
	Selected string
	// URI is drawn as the QR code; when empty, Heading and Why say why not.
	URI, Heading, Why string
	// State is a line about the selected account.
	State string
	// Transition and Unscanned are empty outside a transition.
	Transition, Unscanned string
	MayReset              bool
	MaySwitchOn           bool
	// Scannable is how many accounts can be scanned at once.
	Scannable  int
	LoggedOnAs string
}

// View turns a snapshot into texts.
func (t Tool) View(s Snapshot) View {
	now := t.Now()
	view := View{
		Off: !s.Overview.Practice.Enabled, Selected: s.Selected,
		LoggedOnAs:  t.Texts.Text("tool.logged_on_as", core.Args{"Account": t.Actor.Account}),
		MaySwitchOn: s.Overview.MayManage && !s.Overview.Practice.Enabled,
		URI:         s.Shown.URI,
		Scannable:   scannable(s.Overview),
	}
	for _, account := range s.Overview.Accounts {
		view.Choices = append(view.Choices, Choice{account.Name, t.note(account, now)})
	}
	view.Transition, view.Unscanned = t.transition(s.Overview)
	account, _ := find(s.Overview.Accounts, s.Selected)
	view.MayReset = s.Overview.MayManage && !view.Off && account.State != core.SecretNone && account.Name != ""
	view.State = t.state(account, now)
	if view.URI == "" {
		view.Heading, view.Why = t.why(s, account)
	}
	return view
}

func (t Tool) note(a core.Account, now time.Time) string {
	switch {
	case a.IsLocked(now):
		return t.Texts.Text("tool.note.locked", nil)
	case a.State != core.SecretActive:
		return t.Texts.Text("tool.note."+string(a.State), nil)
	case !a.Confirmed:
		return t.Texts.Text("tool.note.unconfirmed", nil)
	}
	return ""
}

func (t Tool) state(a core.Account, now time.Time) string {
	switch {
	case a.IsLocked(now):
		return t.Texts.Text("tool.locked", core.Args{"When": a.LockedUntil.In(t.Zone).Format("15:04:05")})
	case a.State != core.SecretActive:
		return ""
	case !a.Confirmed:
		return t.Texts.Text("tool.state.unconfirmed", nil)
	case a.LastLogon.IsZero():
		return t.Texts.Text("tool.state.active_never", nil)
	}
	return t.Texts.Text("tool.state.active", core.Args{"When": When(a.LastLogon, t.Zone)})
}

// why says why there is no QR code.
func (t Tool) why(s Snapshot, a core.Account) (heading, why string) {
	topic := "tool." + string(a.State)
	switch {
	case s.Overview.ClockBehind:
		topic = "tool.clock"
	case a.Name == "":
		topic = "tool.empty"
	case a.State == core.SecretActive: // reset this very moment
		topic = "tool.none"
	}
	args := core.Args{"Account": a.Name}
	return t.Texts.Text(topic+".heading", args), t.Texts.Text(topic+".why", args)
}

// namesShown is how many accounts a line names before it only counts.
const namesShown = 8

func (t Tool) transition(o core.Overview) (transition, unscanned string) {
	if !o.Practice.Enabled || o.DaysLeft < 0 {
		return "", ""
	}
	args := core.Args{"LastDay": o.Practice.LastDay.String()}
	if o.DaysLeft == 0 {
		transition = t.Texts.Text("tool.transition.today", args)
	} else {
		transition = t.Texts.Count("tool.transition.days", o.DaysLeft, args)
	}
	var names []string
	for _, account := range o.Accounts {
		if !account.Confirmed {
			names = append(names, account.Name)
		}
	}
	if len(names) == 0 {
		return transition, t.Texts.Text("tool.transition.all", nil)
	}
	list := strings.Join(names[:min(len(names), namesShown)], ", ")
	if more := len(names) - namesShown; more > 0 {
		list = t.Texts.Text("tool.more_names", core.Args{"Names": list, "N": more})
	}
	return transition, t.Texts.Count("tool.transition.unscanned", len(names), core.Args{"Names": list})
}

// Live is what changes by the second.
type Live struct {
	// Before and Code together are the sentence that names the code.
	Before, Code string
	Left         string
	// SecondsLeft runs from 30 to 1.
	SecondsLeft int
}

// Live returns the code of this second; the zero Live if there is none to show,
// because nothing is disclosed or the clock has been turned back.
func (t Tool) Live(s Snapshot) Live {
	now := t.Now()
	if s.Shown.Secret.IsZero() || s.Overview.Practice.ClockBehind(now) {
		return Live{}
	}
	step := otp.StepAt(now)
	code, err := otp.Code(s.Shown.Secret, step)
	if err != nil {
		return Live{}
	}
	left := int(((step + 1).Start().Sub(now) + time.Second - 1) / time.Second)
	return Live{
		Before:      t.Texts.Text("tool.otp_before", core.Args{"Account": s.Shown.Account}),
		Code:        code,
		Left:        t.Texts.Count("tool.seconds_left", left, nil),
		SecondsLeft: left,
	}
}

// LastDay returns the last day of a transition that would begin now.
func (t Tool) LastDay() core.Date { return core.DateOf(t.Now(), t.Zone).AddDays(t.TransitionDays) }

// When writes a moment as people say it: 3-6-2019 08:28.
func When(at time.Time, zone *time.Location) string { return at.In(zone).Format("2-1-2006 15:04") }
