package service

import (
	"context"
	"errors"
	"net/http"

	"evry.nl/tfa/cmd/internal/sessions"
	"evry.nl/tfa/core"
)

// PAM answers what PAM tells of sessions, by tfa-session.
type PAM struct {
	Registry *sessions.Registry
	Accounts sessions.Accounts
	Passes   *Passes
}

// Serve adds PAM's operations to those of a handler.
func (p PAM) Serve(mux *http.ServeMux, h Handler) {
	for path, act := range map[string]func(by, above process, login sessions.Login) error{
		opBegin: func(by, above process, login sessions.Login) error {
			account, protected := p.Accounts.Protected(login.UID)
			if !protected {
				return nil // it need not pass, so nobody watches it
			}
			s, err := p.Registry.Begin(by.pid, login)
			if err == nil && p.Passes.take(account, by, above) {
				err = s.Pass()
			}
			return err
		},
		opEnd: func(by, _ process, _ sessions.Login) error {
			s, err := p.Registry.Of(by.pid)
			if errors.Is(err, sessions.ErrNone) {
				return nil
			}
			if err != nil {
				return err
			}
			return s.Close()
		},
	} {
		mux.HandleFunc("POST "+path, func(w http.ResponseWriter, asked *http.Request) {
			begun := h.Now()
			login, err := p.answer(asked, act)
			caller := Caller{Actor: core.Actor{Account: login.Account, Session: login.Terminal, Client: login.Client}}
			h.record(path, caller, nothing, err, h.Now().Sub(begun))
			if err != nil {
				refuse(w, err)
				return
			}
			w.Write([]byte("{}"))
		})
	}
}

func (p PAM) answer(asked *http.Request, act func(by, above process, login sessions.Login) error) (login sessions.Login, err error) {
	caller, err := peerFrom(asked.Context())
	if err != nil {
		return login, err
	}
	if caller.uid != 0 {
		return login, core.NewError(core.Refused, "denied.not_administrator", nil, nil)
	}
	if err := decode(asked, &login); err != nil {
		return login, err
	}
	// pam_exec runs tfa-session in a process of its own; the session is that of
	// the one which runs PAM.
	by, above, err := servedBy(caller.pid)
	if err != nil {
		return login, err
	}
	return login, act(by, above, login)
}

// Begin tells the service of a session that PAM opens.
func (c *Client) Begin(ctx context.Context, login sessions.Login) error {
	return c.ask(ctx, opBegin, login, &struct{}{})
}

// End tells it that PAM closes the session.
func (c *Client) End(ctx context.Context) error {
	return c.ask(ctx, opEnd, sessions.Login{}, &struct{}{})
}
