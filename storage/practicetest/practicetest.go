// Package practicetest makes practices on real stores, for the tests of what
// shows them.
package practicetest

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"evry.nl/tfa/core"
	"evry.nl/tfa/core/otp"
	"evry.nl/tfa/storage/seal"
	"evry.nl/tfa/storage/sqlite"
)

// Practice is EV-0000 on a store of its own, with a clock that the test moves.
type Practice struct {
	T      *testing.T
	Folder string // of the store
	Rules  core.Rules
	Now    time.Time
	Store  core.Store
}

// Begin is when the clock of a practice begins: 28 minutes past eight, at the
// first second of a step.
var Begin = time.Date(2019, 5, 15, 8, 28, 0, 0, time.UTC)

// New returns a practice that has not switched on.
func New(t *testing.T) *Practice {
	t.Helper()
	p := &Practice{T: t, Folder: filepath.Join(t.TempDir(), "EV-0000"), Rules: core.DefaultRules(), Now: Begin}
	p.Rules.Zone = time.UTC
	p.Must(os.Mkdir(p.Folder, 0o700))
	store, err := sqlite.Open(t.Context(), filepath.Join(p.Folder, "tfa.db"), "EV-0000", seal.NewKey())
	p.Must(err)
	t.Cleanup(func() { store.Close() })
	p.Store = store
	return p
}

// SwitchedOn returns a practice in its transition: -1 and -2 have logged on with
// a code, -3 skipped, -4 was added and never logged on.
func SwitchedOn(t *testing.T) *Practice {
	t.Helper()
	p := New(t)
	helpdesk := core.Actor{Account: "test", Helpdesk: true}
	p.Must(p.Helpdesk().SwitchOn(t.Context(), helpdesk))
	p.LogOn("EV-0000-1")
	p.LogOn("EV-0000-2")
	_, err := p.Gate().Prompt(t.Context(), Actor("EV-0000-3"))
	p.Must(err)
	_, err = p.Gate().Skip(t.Context(), Actor("EV-0000-3"))
	p.Must(err)
	_, err = p.Helpdesk().AddAccount(t.Context(), helpdesk, "EV-0000-4")
	p.Must(err)
	return p
}

// Actor returns an account as an actor.
func Actor(account string) core.Actor { return core.Actor{Account: account, Server: "ts01"} }

// Must ends the test if there is an error.
func (p *Practice) Must(err error) {
	p.T.Helper()
	if err != nil {
		p.T.Fatal(err)
	}
}

// Clock returns the practice's time.
func (p *Practice) Clock() time.Time { return p.Now }

// Direct returns the use cases as they are now; later changes of Rules are not
// in it.
func (p *Practice) Direct() core.Direct {
	return core.Direct{Store: p.Store, Rules: p.Rules, Now: p.Clock}
}

// Gate, Tool and Helpdesk are the three faces of Direct.
func (p *Practice) Gate() core.Gate { return core.Gate{Direct: p.Direct()} }

// Tool is what the management tool asks.
func (p *Practice) Tool() core.Tool { return core.Tool{Direct: p.Direct()} }

// Helpdesk is what the provider's people ask.
func (p *Practice) Helpdesk() core.Helpdesk { return core.Helpdesk{Direct: p.Direct()} }

// LogOn enrols an account, logs it on with a code, and returns its secret.
func (p *Practice) LogOn(account string) otp.Secret {
	p.T.Helper()
	prompt, err := p.Gate().Prompt(p.T.Context(), Actor(account))
	p.Must(err)
	verdict, err := p.Gate().Verify(p.T.Context(), Actor(account), p.Code(prompt.Secret))
	if p.Must(err); !verdict.Granted {
		p.T.Fatalf("%s was not let in: %+v", account, verdict)
	}
	return prompt.Secret
}

// Code returns the code that a phone with the secret shows now.
func (p *Practice) Code(secret otp.Secret) string {
	p.T.Helper()
	code, err := otp.Code(secret, otp.StepAt(p.Now))
	p.Must(err)
	return code
}

// LastEvent returns the newest line of the log.
func (p *Practice) LastEvent() core.Event {
	p.T.Helper()
	page, err := p.Store.Events(context.Background(), core.Query{Limit: 1})
	p.Must(err)
	return page.Events[0]
}
