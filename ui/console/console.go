// Package console asks for the code on a terminal: the gate of ssh and of
// consoles, in lines that fit 80 columns.
package console

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"evry.nl/tfa/core"
	"evry.nl/tfa/ui/present"
)

// ErrClosed is what Terminal.ReadLine returns when the person has gone.
var ErrClosed = errors.New("the terminal was closed")

// Terminal is what the gate talks to.
type Terminal interface {
	io.Writer
	// ReadLine returns the next line that is typed, without its end. Errors:
	// ErrClosed, or ctx's.
	ReadLine(ctx context.Context) (string, error)
}

// Console is the gate on a terminal.
type Console struct {
	Logon    present.Logon
	Terminal Terminal
	// Timeout is how long nobody may type before the answer is no.
	Timeout time.Duration
	// Ready is called once, when the first answer is waited for.
	Ready func()
	// Waits says that the terminal goes away with the gate, so that what it says
	// last stands there until Enter is pressed.
	Waits bool
}

// patience is how long a decision may take before it is no.
const patience = 30 * time.Second

// columns is the width that every terminal has.
const columns = 80

// Run asks until it is decided.
func (c Console) Run(ctx context.Context) present.Outcome {
	screen := c.step(ctx, c.Logon.Start)
	var drawn present.Screen
	for screen.Outcome == present.Undecided {
		fresh := screen.Stage != drawn.Stage || screen.URI != drawn.URI
		if fresh {
			c.draw(screen)
		}
		c.drawMessage(screen)
		drawn = screen
		if !fresh || screen.URI == "" { // the choices stand above a QR code
			c.print(c.choices(screen))
		}
		c.print(c.question(screen))
		if c.Ready != nil {
			c.Ready()
			c.Ready = nil
		}
		line, err := c.read(ctx, screen)
		switch {
		case errors.Is(err, errUnlocked):
			c.print("\n")
			screen = c.step(ctx, c.Logon.Start)
			continue
		case err == nil && line == "":
			screen.Message, screen.Until, drawn = "", c.lockOf(screen), present.Screen{} // shown once more
			continue
		case err == nil:
			screen, err = c.answer(ctx, screen, line)
		}
		if err != nil {
			c.leave(ctx, err)
			return present.Undecided
		}
	}
	if screen.Outcome == present.Fault || len(screen.Text) > 0 {
		ctx, cancel := context.WithTimeout(ctx, c.Timeout)
		defer cancel()
		c.Show(ctx, screen)
	}
	return screen.Outcome
}

// Show shows a screen on which nothing is decided any more.
func (c Console) Show(ctx context.Context, screen present.Screen) {
	c.draw(screen)
	if c.Waits {
		c.print(c.say("console.enter", nil) + " ")
		c.Terminal.ReadLine(ctx) // whether or not somebody has read it
	}
}

// lockOf returns the end of a screen's lock, zero if it has none.
func (c Console) lockOf(s present.Screen) time.Time {
	if s.Locked {
		return s.Until
	}
	return time.Time{}
}

// errUnlocked means that a lock was over before anything was typed.
var errUnlocked = errors.New("the lock is over")

// read returns the next line, without what stands around it. Errors:
// errUnlocked, ErrClosed, or that of a context.
func (c Console) read(ctx context.Context, on present.Screen) (string, error) {
	wait, unlocks := c.Timeout, false
	if left := on.Until.Sub(c.Logon.Now()); on.Locked && left < wait {
		wait, unlocks = left, true
	}
	limited, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	line, err := c.Terminal.ReadLine(limited)
	if unlocks && errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil {
		return "", errUnlocked
	}
	return strings.TrimSpace(line), err
}

// step decides. What has begun is brought to its end, whoever leaves meanwhile.
func (c Console) step(ctx context.Context, step func(context.Context) present.Screen) present.Screen {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
	defer cancel()
	return step(ctx)
}

// leave records a no. It is one whether or not it can be recorded.
func (c Console) leave(ctx context.Context, why error) {
	reason := core.Closed
	if errors.Is(why, context.DeadlineExceeded) {
		reason = core.TimedOut
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
	defer cancel()
	c.print("\n")
	if err := c.Logon.Leave(ctx, reason); err != nil {
		c.print(present.Sentence(c.Logon.Texts, err) + "\n")
	}
}

// answer does what a line says. Error: the person left instead of answering.
func (c Console) answer(ctx context.Context, screen present.Screen, line string) (present.Screen, error) {
	switch {
	case screen.Stage == core.StageOff && line == choiceSwitchOn && screen.MaySwitchOn:
		return c.switchOn(ctx, screen)
	case line == choiceSkip && screen.MaySkip:
		return c.step(ctx, c.Logon.Skip), nil
	case screen.Stage == core.StageOff:
		screen.Message = ""
		return screen, nil
	}
	return c.step(ctx, func(ctx context.Context) present.Screen { return c.Logon.Enter(ctx, screen, line) }), nil
}

// What is typed to choose; neither is a code.
const (
	choiceSkip     = "0"
	choiceSwitchOn = "1"
)

// switchOn asks once more, because it is for the whole practice.
func (c Console) switchOn(ctx context.Context, screen present.Screen) (present.Screen, error) {
	lastDay := core.DateOf(c.Logon.Now(), c.Logon.Zone).AddDays(c.Logon.TransitionDays)
	c.paragraph(c.say("logon.off.confirm", core.Args{"LastDay": lastDay.String()}))
	c.print(c.say("console.confirm", nil) + " ")
	line, err := c.read(ctx, screen)
	if err != nil || line != choiceSwitchOn {
		return screen, err
	}
	return c.step(ctx, func(ctx context.Context) present.Screen { return c.Logon.SwitchOn(ctx, screen) }), nil
}

// draw writes a screen, but what came of the last attempt. The QR code comes
// last: with the secret and the question below it, it just fits 24 lines.
func (c Console) draw(s present.Screen) {
	c.print("\n")
	for _, text := range append([]string{s.Account, s.Heading}, s.Text...) {
		c.paragraph(text)
	}
	if s.Outcome == present.Undecided {
		c.paragraph(s.Notice)
		c.paragraph(c.say("logon.questions", nil))
	}
	if s.URI != "" {
		c.print(c.choices(s))
		c.print(qrText(s.URI))
		c.paragraph(c.say("console.secret", core.Args{"Secret": s.Secret}))
	}
}

func (c Console) drawMessage(s present.Screen) {
	c.paragraph(strings.TrimSpace(s.Message + " " + c.Logon.Countdown(s)))
}

// choices are what can be typed instead of a code, a line each.
func (c Console) choices(s present.Screen) string {
	var lines string
	if s.MaySwitchOn {
		lines += choiceSwitchOn + " = " + c.say("logon.off.switch_on", nil) + "\n"
	}
	switch {
	case s.MaySkip && s.Stage == core.StageOff:
		lines += choiceSkip + " = " + c.say("logon.off.without", nil) + "\n"
	case s.MaySkip:
		lines += choiceSkip + " = " + c.say("logon.skip", nil) + "\n"
	}
	return lines
}

// question is what stands before the answer.
func (c Console) question(s present.Screen) string {
	key := "logon.field"
	switch {
	case s.Locked:
		key = "logon.field_helper"
	case s.Stage == core.StageOff:
		key = "console.choose"
	}
	return c.say(key, nil) + ": "
}

func (c Console) say(key string, args core.Args) string { return c.Logon.Texts.Text(key, args) }

func (c Console) print(text string) { io.WriteString(c.Terminal, text) }

// paragraph writes a text in lines that fit; an empty text writes nothing.
func (c Console) paragraph(text string) {
	length := 0
	for i, word := range strings.Fields(text) {
		size := len([]rune(word))
		switch {
		case i == 0:
		case length+1+size > columns:
			c.print("\n")
			length = 0
		default:
			c.print(" ")
			length++
		}
		c.print(word)
		length += size
	}
	if length > 0 {
		fmt.Fprintln(c.Terminal)
	}
}
