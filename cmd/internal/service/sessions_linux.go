package service

import (
	"context"
	"errors"
	"net/http"
	"os"
	"strconv"
	"strings"

	"evry.nl/tfa/cmd/internal/sessions"
	"evry.nl/tfa/core"
)

// PAM answers what PAM tells of sessions, by tfa-session.
type PAM struct {
	Registry *sessions.Registry
	Accounts sessions.Accounts
}

// Serve adds PAM's operations to those of a handler.
func (p PAM) Serve(mux *http.ServeMux, h Handler) {
	for path, act := range map[string]func(pid int, login sessions.Login) error{
		opBegin: func(pid int, login sessions.Login) error {
			if _, protected := p.Accounts.Protected(login.UID); !protected {
				return nil // it need not pass, so nobody watches it
			}
			_, err := p.Registry.Begin(pid, login)
			return err
		},
		opEnd: func(pid int, _ sessions.Login) error {
			s, err := p.Registry.Of(pid)
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

func (p PAM) answer(asked *http.Request, act func(int, sessions.Login) error) (login sessions.Login, err error) {
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
	parent, err := parentOf(caller.pid)
	if err != nil {
		return login, err
	}
	return login, act(parent, login)
}

// parentOf returns the parent of a process.
func parentOf(pid int) (int, error) {
	text, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/status")
	if err != nil {
		return 0, err
	}
	_, line, _ := strings.Cut(string(text), "\nPPid:")
	fields := strings.Fields(line)
	if len(fields) == 0 {
		return 0, errors.New("a process has no parent")
	}
	return strconv.Atoi(fields[0])
}

// Begin tells the service of a session that PAM opens.
func (c *Client) Begin(ctx context.Context, login sessions.Login) error {
	return c.ask(ctx, opBegin, login, &struct{}{})
}

// End tells it that PAM closes the session.
func (c *Client) End(ctx context.Context) error {
	return c.ask(ctx, opEnd, sessions.Login{}, &struct{}{})
}
