// Package demo makes a throw-away practice with accounts in every state, for
// looking at and for tests: a real store, filled by the real use cases.
package demo

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"evry.nl/tfa/cmd/internal/config"
	"evry.nl/tfa/cmd/internal/stores"
	"evry.nl/tfa/core"
	"evry.nl/tfa/core/otp"
)

const (
	// Practice is the practice that is made.
	Practice = "EV-0000"
	// Account is the account of it that the tool runs as.
	Account = Practice + "-1"
)

// Make makes the practice in folder, which must exist, be the caller's own and
// be closed to others, and returns the path of a configuration file for it.
// Two-factor was switched on eight days before now.
func Make(ctx context.Context, folder, language string, now time.Time) (configFile string, err error) {
	configFile = filepath.Join(folder, "tfa.toml")
	text := fmt.Sprintf("store = %q\nkey_file = %q\nlanguage = %q\n[identity]\naccount = %q\n",
		"sqlite://"+filepath.Join(folder, "{practice}", "tfa.db"),
		filepath.Join(folder, "{practice}", "tfa.key"), language, Account)
	if err := os.WriteFile(configFile, []byte(text), 0o600); err != nil {
		return "", fmt.Errorf("making the demo: %w", err)
	}
	cfg, err := config.Load(configFile)
	if err != nil {
		return "", err
	}
	store, err := stores.Create(ctx, cfg, Practice, "")
	if err != nil {
		return "", err
	}
	defer store.Close()
	story := &story{ctx: ctx, store: store, rules: cfg.Rules(), at: now.Add(-8 * 24 * time.Hour)}
	story.tell(now)
	return configFile, story.err
}

// story plays what a practice did on some days. The first error ends it.
type story struct {
	ctx   context.Context
	store core.Store
	rules core.Rules
	at    time.Time // the clock of the story
	err   error
}

func (s *story) direct() core.Direct {
	return core.Direct{Store: s.store, Rules: s.rules, Now: func() time.Time { return s.at }}
}

func (s *story) tell(now time.Time) {
	for _, number := range []string{"1", "2", "3", "4", "5", "6", "7"} {
		s.helpdesk(func(h core.Helpdesk, actor core.Actor) error {
			_, err := h.AddAccount(s.ctx, actor, Practice+"-"+number)
			return err
		})
	}
	s.gate("-2", func(g core.Gate, actor core.Actor) error { _, err := g.Skip(s.ctx, actor); return err })
	s.gate("-1", func(g core.Gate, actor core.Actor) error { _, err := g.SwitchOn(s.ctx, actor); return err })
	s.pass(22 * time.Hour)
	s.logOn("-1")
	s.pass(20 * time.Minute)
	s.logOn("-2")
	s.pass(3 * time.Minute)
	s.skip("-3") // saw the QR code, never used a code of it
	s.pass(24 * time.Hour)
	s.logOn("-6")
	s.logOn("-7")
	s.pass(time.Hour)
	s.tool("-1", func(t core.Tool, actor core.Actor) error { return t.Reset(s.ctx, actor, Practice+"-7") })
	s.tool("-1", func(t core.Tool, actor core.Actor) error {
		_, err := t.Show(s.ctx, actor, Practice+"-2") // who forgot the phone
		return err
	})
	s.at = now.Add(-20 * time.Minute)
	s.logOn("-2")
	s.prompt("-4") // closed the window at its QR code
	s.gate("-4", func(g core.Gate, actor core.Actor) error { return g.Leave(s.ctx, actor, core.Closed) })
	s.at = now.Add(-10 * time.Second)
	for range s.rules.Lockout.Attempts { // locked at this moment
		s.gate("-6", func(g core.Gate, actor core.Actor) error { _, err := g.Verify(s.ctx, actor, "00000000"); return err })
	}
}

// pass lets time go by.
func (s *story) pass(d time.Duration) { s.at = s.at.Add(d) }

func (s *story) helpdesk(act func(core.Helpdesk, core.Actor) error) {
	if s.err == nil {
		s.err = act(core.Helpdesk{Direct: s.direct()}, core.Actor{Account: "demo", Helpdesk: true, Server: "ts01"})
	}
}

func (s *story) gate(account string, act func(core.Gate, core.Actor) error) {
	if s.err == nil {
		s.err = act(core.Gate{Direct: s.direct()}, actor(account))
	}
}

func (s *story) tool(account string, act func(core.Tool, core.Actor) error) {
	if s.err == nil {
		s.err = act(core.Tool{Direct: s.direct()}, actor(account))
	}
}

func actor(account string) core.Actor {
	return core.Actor{Account: Practice + account, Server: "ts01", Session: ":1" + account[1:], Client: "192.0.2.1" + account[1:]}
}

// prompt shows the logon screen, with the QR code if it is the first logon.
func (s *story) prompt(account string) (secret otp.Secret) {
	s.gate(account, func(g core.Gate, actor core.Actor) error {
		prompt, err := g.Prompt(s.ctx, actor)
		secret = prompt.Secret
		return err
	})
	return secret
}

// logOn logs on with a code, which only a phone that has scanned can make: at
// the first logon from the screen, later from the tool.
func (s *story) logOn(account string) {
	secret := s.prompt(account)
	if secret.IsZero() {
		s.tool(account, func(t core.Tool, actor core.Actor) error {
			shown, err := t.Show(s.ctx, actor, actor.Account)
			secret = shown.Secret
			return err
		})
	}
	s.gate(account, func(g core.Gate, actor core.Actor) error {
		code, err := otp.Code(secret, otp.StepAt(s.at))
		if err != nil {
			return err
		}
		_, err = g.Verify(s.ctx, actor, code)
		return err
	})
}

func (s *story) skip(account string) {
	s.prompt(account)
	s.gate(account, func(g core.Gate, actor core.Actor) error { _, err := g.Skip(s.ctx, actor); return err })
}
