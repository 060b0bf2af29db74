package service

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/cenkalti/backoff/v5"

	"evry.nl/tfa/core"
)

const (
	// patience is how long an answer may take. Any that comes later is no.
	patience = 20 * time.Second
	// longestAnswer is more than any page of the log, and little enough to read.
	longestAnswer = 16 << 20
)

// Client asks the service. It is safe for use by several goroutines. Gate and
// Tool are its two faces.
type Client struct{ http *http.Client }

// Gate asks for the gate.
type Gate struct {
	*Client
	// PAM says that the gate speaks for an account that has no session yet.
	PAM bool
}

// Tool asks for the tool.
type Tool struct{ *Client }

var (
	_ core.Verifier = Gate{}
	_ core.Manager  = Tool{}
)

// NewClient returns a client of the service at a socket, on Windows a pipe. It
// connects when it is first asked, and anew when the service was started anew.
func NewClient(socket string) *Client {
	return &Client{&http.Client{
		Transport: &http.Transport{
			DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
				conn, err := dial(ctx, socket)
				if err != nil {
					return nil, errors.Join(errUnheard, err)
				}
				return conn, nil
			},
			MaxIdleConns: 1, IdleConnTimeout: time.Minute,
		},
	}}
}

// errUnheard means that the service has heard nothing of what was asked.
var errUnheard = errors.New("the service is not there")

// repeatable are the operations that change nothing more when they are done
// twice. A code is spent by the first time, so it is not sent again blindly.
var repeatable = map[string]bool{
	opPrompt: true, opOverview: true, opVersion: true, opLog: true, opBegin: true, opEnd: true,
}

// ask sends a request and reads the answer into out. While the service is too
// busy or is being started anew it asks again, if nothing can be done twice by
// that. Errors: those that the service answers with, service.unreachable, and
// Conflict if something may have been done, and nobody has said whether.
func (c *Client) ask(ctx context.Context, operation string, r, out any) error {
	body, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("writing a request: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	pauses := backoff.NewExponentialBackOff()
	pauses.InitialInterval, pauses.MaxInterval = shortestPause, longestPause
	_, err = backoff.Retry(ctx, func() (struct{}, error) {
		err := c.once(ctx, operation, body, out)
		var known *core.Error
		switch {
		case err == nil, errors.Is(err, errUnheard):
		case errors.As(err, &known):
			if known.Sentence != sentenceBusy {
				err = backoff.Permanent(err)
			}
		case !repeatable[operation]:
			err = backoff.Permanent(core.NewError(core.Conflict, "service.lost", nil, err))
		}
		return struct{}{}, err
	}, backoff.WithBackOff(pauses), backoff.WithMaxElapsedTime(comesBack))
	var known *core.Error
	if err != nil && !errors.As(err, &known) {
		return unreachable(err)
	}
	return err
}

const (
	// comesBack is how long it may take until a service that was ended is there
	// again, or one that is too busy has time.
	comesBack = 10 * time.Second
	// Between two tries.
	shortestPause = 50 * time.Millisecond
	longestPause  = time.Second
)

// once sends a request and reads the answer. An error that is no core.Error says
// that no answer came.
func (c *Client) once(ctx context.Context, operation string, body []byte, out any) error {
	asked, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://tfa-service"+operation, bytes.NewReader(body))
	if err != nil {
		return unreachable(err)
	}
	asked.Header.Set("Content-Type", "application/json")
	answer, err := c.http.Do(asked)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(io.LimitReader(answer.Body, longestAnswer))
	if err != nil {
		return err
	}
	if answer.StatusCode != http.StatusOK {
		var f fault
		if json.Unmarshal(text, &f) != nil || f.Code == "" || f.Sentence == "" {
			return unreachable(fmt.Errorf("it answers %s", answer.Status))
		}
		return core.NewError(f.Code, f.Sentence, f.Args, nil)
	}
	if err := json.Unmarshal(text, out); err != nil {
		return unreachable(errors.New("its answer makes no sense")) // it may hold a secret: not quoted
	}
	return nil
}

func unreachable(cause error) error {
	return core.NewError(core.Internal, "service.unreachable", nil, cause)
}

// decide asks for a verdict. Every error comes with the zero Verdict, which
// denies.
func (g Gate) decide(ctx context.Context, operation string, actor core.Actor, r request) (core.Verdict, error) {
	var v verdict
	if err := g.ask(ctx, operation, g.by(actor, r), &v); err != nil {
		return core.Verdict{}, err
	}
	return core.Verdict(v), nil
}

// by adds to a request what the gate says of who asks.
func (g Gate) by(actor core.Actor, r request) request {
	r.Session = actor.Session
	if g.PAM {
		r.For, r.Client = actor.Account, actor.Client
	}
	return r
}

// Prompt implements core.Verifier.
func (g Gate) Prompt(ctx context.Context, actor core.Actor) (core.Prompt, error) {
	var p prompt
	if err := g.ask(ctx, opPrompt, g.by(actor, request{}), &p); err != nil {
		return core.Prompt{}, err
	}
	shown, err := p.core()
	if err != nil {
		return core.Prompt{}, unreachable(err)
	}
	return shown, nil
}

// SwitchOn implements core.Verifier.
func (g Gate) SwitchOn(ctx context.Context, actor core.Actor) (core.Verdict, error) {
	return g.decide(ctx, opSwitchOn, actor, request{})
}

// Skip implements core.Verifier.
func (g Gate) Skip(ctx context.Context, actor core.Actor) (core.Verdict, error) {
	return g.decide(ctx, opSkip, actor, request{})
}

// Verify implements core.Verifier.
func (g Gate) Verify(ctx context.Context, actor core.Actor, typed string) (core.Verdict, error) {
	return g.decide(ctx, opVerify, actor, request{Typed: typed})
}

// Leave implements core.Verifier.
func (g Gate) Leave(ctx context.Context, actor core.Actor, reason core.Reason) error {
	return g.ask(ctx, opLeave, g.by(actor, request{Reason: reason}), &struct{}{})
}

// Overview implements core.Manager.
func (t Tool) Overview(ctx context.Context, actor core.Actor) (core.Overview, error) {
	var o overview
	if err := t.ask(ctx, opOverview, request{Session: actor.Session}, &o); err != nil {
		return core.Overview{}, err
	}
	return o.core(), nil
}

// Version implements core.Manager.
func (t Tool) Version(ctx context.Context, actor core.Actor) (core.Version, error) {
	var v core.Version
	err := t.ask(ctx, opVersion, request{Session: actor.Session}, &v)
	return v, err
}

// SwitchOn implements core.Manager.
func (t Tool) SwitchOn(ctx context.Context, actor core.Actor) error {
	return t.ask(ctx, opToolSwitchOn, request{Session: actor.Session}, &struct{}{})
}

// Show implements core.Manager.
func (t Tool) Show(ctx context.Context, actor core.Actor, account string) (core.Disclosure, error) {
	var d disclosure
	if err := t.ask(ctx, opShow, request{Session: actor.Session, Account: account}, &d); err != nil {
		return core.Disclosure{}, err
	}
	shown, err := d.core()
	if err != nil {
		return core.Disclosure{}, unreachable(err)
	}
	return shown, nil
}

// ShowAll implements core.Manager.
func (t Tool) ShowAll(ctx context.Context, actor core.Actor) ([]core.Disclosure, error) {
	var all []disclosure
	if err := t.ask(ctx, opShowAll, request{Session: actor.Session}, &all); err != nil {
		return nil, err
	}
	var shown []core.Disclosure
	for _, d := range all {
		one, err := d.core()
		if err != nil {
			return nil, unreachable(err)
		}
		shown = append(shown, one)
	}
	return shown, nil
}

// Copy implements core.Manager.
func (t Tool) Copy(ctx context.Context, actor core.Actor, account string, what core.Copied) (string, error) {
	var text string
	err := t.ask(ctx, opCopy, request{Session: actor.Session, Account: account, What: what}, &text)
	return text, err
}

// Reset implements core.Manager.
func (t Tool) Reset(ctx context.Context, actor core.Actor, account string) error {
	return t.ask(ctx, opReset, request{Session: actor.Session, Account: account}, &struct{}{})
}

// Log implements core.Manager.
func (t Tool) Log(ctx context.Context, actor core.Actor, q core.Query) (core.Page, error) {
	var p page
	if err := t.ask(ctx, opLog, request{Session: actor.Session, Query: query(q)}, &p); err != nil {
		return core.Page{}, err
	}
	return core.Page(p), nil
}
