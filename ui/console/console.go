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
		if changed := screen.Stage != drawn.Stage || screen.URI != drawn.URI; changed {
			c.draw(screen)
		}
		c.drawMessage(screen)
		drawn = screen
		c.print(c.question(screen))
		if c.Ready != nil {
			c.Ready()
			c.Ready = nil
		}
		line, err := c.read(ctx)
		if err != nil {
			c.leave(ctx, err)
			return present.Undecided
		}
		screen = c.answer(ctx, screen, strings.TrimSpace(line))
	}
	if screen.Outcome == present.Fault {
		c.draw(screen)
	}
	return screen.Outcome
}

func (c Console) read(ctx context.Context) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, c.Timeout)
	defer cancel()
	return c.Terminal.ReadLine(ctx)
}

func (c Console) step(ctx context.Context, step func(context.Context) present.Screen) present.Screen {
	ctx, cancel := context.WithTimeout(ctx, patience)
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
	if err := c.Logon.Leave(ctx, reason); err != nil {
		c.print(present.Sentence(c.Logon.Texts, err) + "\n")
	}
}

// answer does what a line says.
func (c Console) answer(ctx context.Context, screen present.Screen, line string) present.Screen {
	switch {
	case screen.Stage == core.StageOff && line == choiceSwitchOn && screen.MaySwitchOn:
		return c.switchOn(ctx, screen)
	case line == choiceSkip && screen.MaySkip:
		return c.step(ctx, c.Logon.Skip)
	case screen.Stage == core.StageOff || line == "":
		screen.Message, screen.Until = "", time.Time{}
		return screen
	}
	return c.step(ctx, func(ctx context.Context) present.Screen { return c.Logon.Enter(ctx, screen, line) })
}

// What is typed to choose; neither is a code.
const (
	choiceSkip     = "0"
	choiceSwitchOn = "1"
)

// switchOn asks once more, because it is for the whole practice.
func (c Console) switchOn(ctx context.Context, screen present.Screen) present.Screen {
	lastDay := core.DateOf(c.Logon.Now(), c.Logon.Zone).AddDays(c.Logon.TransitionDays)
	c.paragraph(c.say("logon.off.confirm", core.Args{"LastDay": lastDay.String()}))
	c.print(c.say("console.confirm", nil) + " ")
	line, err := c.read(ctx)
	if err != nil {
		c.leave(ctx, err)
		return present.Screen{Outcome: present.Fault}
	}
	if strings.TrimSpace(line) != choiceSwitchOn {
		return screen
	}
	return c.step(ctx, func(ctx context.Context) present.Screen { return c.Logon.SwitchOn(ctx, screen) })
}

// draw writes a screen, but what came of the last attempt.
func (c Console) draw(s present.Screen) {
	c.print("\n")
	for _, text := range append([]string{s.Account, s.Heading}, s.Text...) {
		c.paragraph(text)
	}
	if s.URI != "" {
		c.print(qrText(s.URI))
		c.paragraph(c.say("console.secret", core.Args{"Secret": s.Secret}))
	}
	if s.Outcome == present.Undecided {
		c.paragraph(s.Notice)
		c.paragraph(c.say("logon.questions", nil))
	}
}

func (c Console) drawMessage(s present.Screen) {
	c.paragraph(strings.TrimSpace(s.Message + " " + c.Logon.Countdown(s)))
}

// question is the line that waits for an answer, with what can be chosen.
func (c Console) question(s present.Screen) string {
	var lines []string
	if s.MaySwitchOn {
		lines = append(lines, choiceSwitchOn+" = "+c.say("logon.off.switch_on", nil))
	}
	switch {
	case s.MaySkip && s.Stage == core.StageOff:
		lines = append(lines, choiceSkip+" = "+c.say("logon.off.without", nil))
	case s.MaySkip:
		lines = append(lines, choiceSkip+" = "+c.say("logon.skip", nil))
	}
	key := "logon.field"
	switch {
	case s.Locked:
		key = "logon.field_helper"
	case s.Stage == core.StageOff:
		key = "console.choose"
	}
	return strings.Join(append(lines, c.say(key, nil)+": "), "\n")
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
