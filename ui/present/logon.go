package present

import (
	"context"
	"strings"
	"time"

	"evry.nl/tfa/assets/translations"
	"evry.nl/tfa/core"
)

// Logon prepares what the gate's screens show, whether a window or a terminal
// draws them. It passes on what people do; core decides.
type Logon struct {
	Verifier core.Verifier
	Actor    core.Actor
	Texts    *translations.Texts
	Now      func() time.Time
	Zone     *time.Location
	// ManualURL is the address of the manual.
	ManualURL string
	// TransitionDays is how long a transition would last that begins now.
	TransitionDays int
	// Report, if set, is told the cause of a fault, which no screen shows.
	Report func(error)
}

// Outcome is how the gate ends. The zero Outcome is that it has not ended, and
// a gate that ends without another is a no.
type Outcome int

// The outcomes.
const (
	Undecided Outcome = iota
	Yes               // on to the desktop, once the text of the screen is read
	Fault             // no, because something is broken
)

// Screen is what a person sees of the gate. It is never changed once it is made.
type Screen struct {
	Outcome Outcome
	Stage   core.Stage // which screen it is; empty with Outcome Fault
	Account string     // "Account: EV-0000-1"
	Heading string
	// Text holds paragraphs.
	Text []string
	// URI is drawn as QR code, Secret is the same for typing over, in groups of
	// four; both only at the first logon.
	URI, Secret string
	// Notice names the last day of the transition.
	Notice string
	// MaySkip and MaySwitchOn say which buttons there are.
	MaySkip, MaySwitchOn bool
	// Locked says that only a helper code helps before Until.
	Locked bool
	// Message says what came of the last attempt; Until, if not zero, is what it
	// counts down to.
	Message string
	Until   time.Time
}

// Start asks for the first screen.
func (l Logon) Start(ctx context.Context) Screen { return l.prompt(ctx, "") }

// prompt asks what to show, with a message about what was just done.
func (l Logon) prompt(ctx context.Context, message string) Screen {
	prompt, err := l.Verifier.Prompt(ctx, l.Actor)
	if err != nil {
		return l.Broken(err)
	}
	switch prompt.Stage {
	case core.StageExempt:
		return l.Skip(ctx)
	case core.StagePassed:
		return Screen{Outcome: Yes}
	}
	screen := Screen{
		Stage: prompt.Stage, MaySkip: prompt.MaySkip, MaySwitchOn: prompt.MaySwitchOn && prompt.Stage == core.StageOff,
		Account: l.Texts.Text("logon.account", core.Args{"Account": prompt.Account}),
		URI:     prompt.URI, Message: message,
	}
	l.describe(&screen, prompt)
	if now := l.Now(); prompt.LockedUntil.After(now) && prompt.Stage != core.StageOff {
		return l.locked(screen, prompt.LockedUntil)
	}
	return screen
}

func (l Logon) describe(s *Screen, p core.Prompt) {
	switch p.Stage {
	case core.StageOff:
		s.Heading = l.Texts.Text("tool.off.heading", nil)
		s.Text = []string{l.Texts.Text("logon.off.why", nil), l.Texts.Count("tool.off.transition", l.TransitionDays, nil)}
		switch {
		case !s.MaySwitchOn:
			s.Text = append(s.Text, l.Texts.Text("tool.off.not_owner", nil))
		case !p.MaySkip:
			s.Text = append(s.Text, l.Texts.Text("logon.off.mandatory", nil))
		}
		return
	case core.StageEnrol:
		s.Heading = l.Texts.Text("logon.enrol.heading", nil)
		s.Text = []string{l.Texts.Text("logon.enrol.app", nil), l.Texts.Text("logon.enrol.scan", nil)}
		s.Secret = groups(p.Secret.Base32())
	case core.StageCode:
		s.Heading = l.Texts.Text("logon.code.heading", nil)
		s.Text = []string{l.Texts.Text("logon.code.where", nil)}
	}
	if p.MaySkip {
		s.Notice = l.Texts.Text("logon.notice", core.Args{"LastDay": p.LastDay.String()})
	}
}

// groups writes a secret as people type it over.
func groups(secret string) string {
	var b strings.Builder
	for i, r := range secret {
		if i > 0 && i%4 == 0 {
			b.WriteByte(' ')
		}
		b.WriteRune(r)
	}
	return b.String()
}

// SwitchOn switches two-factor on for the practice; this logon then goes on.
func (l Logon) SwitchOn(ctx context.Context, on Screen) Screen {
	verdict, err := l.Verifier.SwitchOn(ctx, l.Actor)
	return l.after(ctx, on, verdict, err)
}

// Skip goes on without a code.
func (l Logon) Skip(ctx context.Context) Screen {
	verdict, err := l.Verifier.Skip(ctx, l.Actor)
	return l.after(ctx, Screen{}, verdict, err)
}

// Enter tries a typed code.
func (l Logon) Enter(ctx context.Context, on Screen, typed string) Screen {
	verdict, err := l.Verifier.Verify(ctx, l.Actor, typed)
	return l.after(ctx, on, verdict, err)
}

// Leave records that nobody logged on.
func (l Logon) Leave(ctx context.Context, reason core.Reason) error {
	return l.Verifier.Leave(ctx, l.Actor, reason)
}

// triesTold is how few tries must be left before a person is told how many.
const triesTold = 2

// after is the screen that follows a verdict.
func (l Logon) after(ctx context.Context, on Screen, v core.Verdict, err error) Screen {
	switch {
	case core.CodeOf(err) == core.Conflict: // somebody else was faster: look again
		return l.prompt(ctx, Sentence(l.Texts, err))
	case err != nil:
		return l.Broken(err)
	case v.Granted:
		return l.granted(v)
	}
	on.Message, on.Until, on.Locked = "", time.Time{}, false
	switch v.Reason {
	case core.TooMany:
		return l.locked(on, v.Until)
	case core.Spent:
		on.Message, on.Until = l.Texts.Text("logon.spent", nil), v.Until
	case core.ClockWrong:
		on.Message = l.Texts.Text("logon.clock_wrong", core.Args{"Time": l.Now().In(l.Zone).Format("15:04:05")})
	case core.Malformed:
		on.Message = l.Texts.Text("logon.malformed", nil)
	case core.WrongCode:
		on.Message = l.Texts.Text("logon.wrong_code", nil)
		if v.TriesLeft <= triesTold {
			on.Message += " " + l.Texts.Count("logon.tries_left", v.TriesLeft, nil)
		}
	default: // what the screen offers is not so any more
		now := l.prompt(ctx, l.Texts.Text("logon.refused."+string(v.Reason), nil))
		if now.Stage == core.StageOff && v.Reason == core.NoSecret {
			now.Message = "" // it was switched off, not reset
		}
		return now
	}
	return on
}

func (l Logon) locked(on Screen, until time.Time) Screen {
	on.Locked, on.MaySkip, on.Notice = true, false, ""
	on.Message, on.Until = l.Texts.Text("logon.locked", nil), until
	return on
}

// Broken is the screen of a fault: that it does not work, whom to call, nothing
// technical.
func (l Logon) Broken(err error) Screen {
	if l.Report != nil {
		l.Report(err)
	}
	what := l.Texts.Text("logon.fault.what", nil)
	if core.CodeOf(err) == core.Locked { // others are busy: that passes
		what = Sentence(l.Texts, err)
	}
	return Screen{
		Outcome: Fault, Heading: l.Texts.Text("logon.fault.heading", nil),
		Text: []string{what, l.Texts.Text("logon.fault.whom", nil)},
	}
}

// Countdown says how long it is until a screen's Until; "" when it is over.
func (l Logon) Countdown(s Screen) string {
	left := s.Until.Sub(l.Now())
	if s.Until.IsZero() || left <= 0 {
		return ""
	}
	seconds := int((left + time.Second - 1) / time.Second)
	if seconds < 60 {
		return l.Texts.Count("logon.seconds", seconds, nil)
	}
	return l.Texts.Text("logon.minutes", core.Args{"Minutes": seconds / 60, "Seconds": seconds % 60})
}
