//go:build linux

package sqlite

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"evry.nl/tfa/core"
	"evry.nl/tfa/core/otp"
)

// job is one act that an actor is told to do, at a time.
type job struct {
	Session string // marks the events of this act
	Now     time.Time
}

// actor does random acts on a house.
type actor struct {
	store  *Store
	chance *rand.Rand
	who    core.Actor
	gate   core.Gate
	tool   core.Tool
	desk   core.Helpdesk
	// events are the kinds that this act must leave in the log.
	events []core.Kind
}

// crashAccounts is how many accounts the actors share.
const crashAccounts = 3

// playActor does one random act for each job and tells which events are in
// the log, when they are.
func playActor(told spec, in *json.Decoder, out *json.Encoder) error {
	store, err := openTold(told)
	if err != nil {
		return err
	}
	defer store.Close()
	a := &actor{store: store, chance: rand.New(rand.NewPCG(told.Seed, 1))}
	for {
		var o job
		if err := in.Decode(&o); err != nil {
			return err
		}
		rules := core.DefaultRules()
		rules.Lockout.Attempts, rules.Zone = 2, time.UTC
		direct := core.Direct{Store: store, Rules: rules, Now: func() time.Time { return o.Now }}
		a.gate, a.tool, a.desk = core.Gate{Direct: direct}, core.Tool{Direct: direct}, core.Helpdesk{Direct: direct}
		a.who = core.Actor{Account: fmt.Sprintf("%s-%d", practice, 1+a.chance.IntN(crashAccounts)), Session: o.Session}
		a.events = nil
		secret, err := a.act(o.Now)
		reply := failed(unexpected(err))
		reply.Events, reply.Secret = a.events, secret
		if err := out.Encode(reply); err != nil {
			return err
		}
	}
}

// unexpected returns err unless it is a refusal that the acts meet by chance.
func unexpected(err error) error {
	switch core.CodeOf(err) {
	case core.Conflict, core.Missing:
		return nil
	}
	return err
}

// act does one act and returns the secret that it met, if any.
func (a *actor) act(now time.Time) ([]byte, error) {
	ctx := context.Background()
	switch a.chance.IntN(16) {
	case 0:
		verdict, err := a.gate.SwitchOn(ctx, a.who)
		if err != nil {
			return nil, err
		}
		a.events = []core.Kind{core.SwitchedOn, verdict.By}
		return nil, nil
	case 1:
		if a.chance.IntN(8) > 0 { // off is dull
			return nil, nil
		}
		return nil, a.done(a.desk.SwitchOff(ctx, a.who), core.SwitchedOff)
	case 2, 3, 4, 5:
		prompt, err := a.gate.Prompt(ctx, a.who)
		if err == nil && prompt.Stage == core.StageEnrol {
			a.events = []core.Kind{core.ShownAtLogon}
		}
		return prompt.Secret.Bytes(), err
	case 6, 7, 8, 9:
		return a.verify(ctx, now, 0)
	case 10:
		return a.verify(ctx, now, 1000) // wrong
	case 11:
		verdict, err := a.gate.Skip(ctx, a.who)
		return nil, a.decided(verdict, err)
	case 12:
		shown, err := a.tool.Show(ctx, a.who, a.who.Account)
		return shown.Secret.Bytes(), a.done(err, core.ShownInTool)
	case 13:
		_, err := a.tool.Copy(ctx, a.who, a.who.Account, core.CopyURI)
		return nil, a.done(err, core.CopiedURI)
	case 14:
		if a.chance.IntN(2) > 0 {
			return nil, nil
		}
		return nil, a.done(a.tool.Reset(ctx, a.who, a.who.Account), core.WasReset)
	default:
		return nil, a.done(a.desk.Unlock(ctx, a.who, a.who.Account), core.Unlocked)
	}
}

// done notes the event of an act that succeeded.
func (a *actor) done(err error, kind core.Kind) error {
	if err == nil {
		a.events = []core.Kind{kind}
	}
	return err
}

// verify types the code of a step that lies some steps away.
func (a *actor) verify(ctx context.Context, now time.Time, steps otp.Step) ([]byte, error) {
	var secret otp.Secret
	err := a.store.ChangeAccount(ctx, a.who.Account, func(_ *core.Practice, stored *core.Account) ([]core.Event, error) {
		secret = stored.Secret
		return nil, nil // to peek is no change
	})
	if err != nil {
		return nil, err
	}
	code, err := otp.Code(secret, otp.StepAt(now)+steps)
	if errors.Is(err, otp.ErrEmptySecret) {
		code, err = "000000", nil
	}
	if err != nil {
		return nil, err
	}
	verdict, err := a.gate.Verify(ctx, a.who, code)
	return secret.Bytes(), a.decided(verdict, err)
}

// decided notes the events of a verdict.
func (a *actor) decided(verdict core.Verdict, err error) error {
	switch {
	case err != nil:
	case verdict.Granted:
		a.events = []core.Kind{verdict.By}
	default:
		a.events = []core.Kind{core.LogonRefused}
	}
	return err
}
