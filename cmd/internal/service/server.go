package service

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"time"

	"evry.nl/tfa/core"
)

// longestRequest is far more than any request has.
const longestRequest = 16 << 10

// Caller is who asks, as the kernel tells it.
type Caller struct {
	// Actor is the account, with the session and address that its logs get.
	Actor core.Actor
	// Session is the session that the caller runs in.
	Session Session
	// Exempt is whether the account need not pass a gate.
	Exempt bool
}

// Claim is what a caller says of itself.
type Claim struct {
	// Terminal is the display or terminal, for the log.
	Terminal string
	// For is the account that PAM asks for, before there is a session, and Client
	// where that comes from.
	For, Client string
}

// Session is a remote session, which passes the gate once and for itself alone.
type Session interface {
	// Passed reports whether the session is through the gate.
	Passed() bool
	// Pass records that it is, before anybody is told so.
	Pass() error
	// Resumable returns when the session passed the gate that this one goes on
	// for after a disconnect; the zero time if there is none.
	Resumable() (time.Time, error)
	// Resume passes in the place of that one, which ends.
	Resume() error
}

// Handler answers callers.
type Handler struct {
	// Caller tells who is at the other end of a connection, from the context
	// that ConnContext of the server made.
	Caller func(ctx context.Context, claim Claim) (Caller, error)
	// Use runs act with the use cases on the store of an account's practice, when
	// it is its turn.
	Use      func(ctx context.Context, account string, act func(core.Direct) error) error
	Limits   *Limits
	Observer Observer
	Now      func() time.Time
	Log      *slog.Logger
}

// operation is one thing that can be asked.
type operation func(ctx context.Context, d core.Direct, c Caller, r request) (answer any, err error)

// nothing is the answer to what is only done.
var nothing = struct{}{}

var gateOperations = map[string]operation{
	opPrompt: func(ctx context.Context, d core.Direct, c Caller, _ request) (any, error) {
		passed, err := c.resume(ctx, d)
		if err != nil {
			return nil, err
		}
		if passed || c.Session.Passed() {
			// Passed before, the gate has not heard of the yes: the service ended
			// between saying it and being heard. It is this session's own, so it asks
			// for no new code.
			return newPrompt(core.Prompt{Account: c.Actor.Account, Stage: core.StagePassed}), nil
		}
		p, err := core.Gate{Direct: d}.Prompt(ctx, c.Actor)
		return newPrompt(p), err
	},
	opSwitchOn: func(ctx context.Context, d core.Direct, c Caller, _ request) (any, error) {
		return c.pass(core.Gate{Direct: d}.SwitchOn(ctx, c.Actor))
	},
	opSkip: func(ctx context.Context, d core.Direct, c Caller, _ request) (any, error) {
		return c.pass(core.Gate{Direct: d}.Skip(ctx, c.Actor))
	},
	opVerify: func(ctx context.Context, d core.Direct, c Caller, r request) (any, error) {
		return c.pass(core.Gate{Direct: d}.Verify(ctx, c.Actor, r.Typed))
	},
	opLeave: func(ctx context.Context, d core.Direct, c Caller, r request) (any, error) {
		return nothing, core.Gate{Direct: d}.Leave(ctx, c.Actor, r.Reason)
	},
}

// resume lets a session through that goes on for one which was cut off just now.
func (c Caller) resume(ctx context.Context, d core.Direct) (passed bool, err error) {
	since, err := c.Session.Resumable()
	if err != nil || since.IsZero() {
		return false, err
	}
	verdict, err := core.Gate{Direct: d}.Resume(ctx, c.Actor, since)
	if err != nil || !verdict.Granted {
		return false, err
	}
	return true, c.Session.Resume()
}

// pass lets the session through the gate if the verdict says so. A session that
// can't be marked is not let through.
func (c Caller) pass(v core.Verdict, err error) (any, error) {
	if err == nil && v.Granted {
		err = c.Session.Pass()
	}
	if err != nil {
		return nil, err
	}
	return verdict(v), nil
}

var toolOperations = map[string]operation{
	opOverview: func(ctx context.Context, d core.Direct, c Caller, _ request) (any, error) {
		o, err := core.Tool{Direct: d}.Overview(ctx, c.Actor)
		return newOverview(o), err
	},
	opVersion: func(ctx context.Context, d core.Direct, c Caller, _ request) (any, error) {
		return core.Tool{Direct: d}.Version(ctx, c.Actor)
	},
	opToolSwitchOn: func(ctx context.Context, d core.Direct, c Caller, _ request) (any, error) {
		return nothing, core.Tool{Direct: d}.SwitchOn(ctx, c.Actor)
	},
	opShow: func(ctx context.Context, d core.Direct, c Caller, r request) (any, error) {
		shown, err := core.Tool{Direct: d}.Show(ctx, c.Actor, r.Account)
		return newDisclosure(shown), err
	},
	opShowAll: func(ctx context.Context, d core.Direct, c Caller, _ request) (any, error) {
		all, err := core.Tool{Direct: d}.ShowAll(ctx, c.Actor)
		shown := []disclosure{}
		for _, one := range all {
			shown = append(shown, newDisclosure(one))
		}
		return shown, err
	},
	opCopy: func(ctx context.Context, d core.Direct, c Caller, r request) (any, error) {
		return core.Tool{Direct: d}.Copy(ctx, c.Actor, r.Account, r.What)
	},
	opReset: func(ctx context.Context, d core.Direct, c Caller, r request) (any, error) {
		return nothing, core.Tool{Direct: d}.Reset(ctx, c.Actor, r.Account)
	},
	opLog: func(ctx context.Context, d core.Direct, c Caller, r request) (any, error) {
		p, err := core.Tool{Direct: d}.Log(ctx, c.Actor, core.Query(r.Query))
		return page(p), err
	},
}

// ServeMux returns what serves the operations. The tool's are for sessions that
// have passed the gate, or need not: before, a session gets no account, no
// secret but its own at the first logon, and no code.
func (h Handler) ServeMux() *http.ServeMux {
	mux := http.NewServeMux()
	for path, op := range gateOperations {
		mux.HandleFunc("POST "+path, h.serve(path, op))
	}
	for path, op := range toolOperations {
		mux.HandleFunc("POST "+path, h.serve(path, func(ctx context.Context, d core.Direct, c Caller, r request) (any, error) {
			if !c.Exempt && !c.Session.Passed() {
				return nil, core.NewError(core.Refused, "denied.not_passed", nil, nil)
			}
			return op(ctx, d, c, r)
		}))
	}
	return mux
}

// NewServer returns a server whose clients can't keep it waiting: whoever asks,
// or reads, too slowly is cut off.
func NewServer(mux http.Handler, connected func(context.Context, net.Conn) context.Context, log *slog.Logger) *http.Server {
	return &http.Server{
		Handler: mux, ConnContext: connected, MaxHeaderBytes: 8 << 10,
		ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 5 * time.Second, WriteTimeout: patience + 10*time.Second, IdleTimeout: 2 * time.Minute,
		ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelInfo),
	}
}

func (h Handler) serve(path string, op operation) http.HandlerFunc {
	return func(w http.ResponseWriter, asked *http.Request) {
		begun := h.Now()
		// A client waits no longer, so an answer that comes later is not given.
		ctx, cancel := context.WithTimeout(asked.Context(), patience)
		defer cancel()
		answer, caller, err := h.answer(ctx, asked, op)
		if err != nil && errors.Is(asked.Context().Err(), context.Canceled) {
			err = core.NewError(core.Invalid, "invalid.request", nil, errHungUp) // the client's doing, and no fault of ours
		}
		h.record(path, caller, answer, err, h.Now().Sub(begun))
		if err != nil {
			refuse(w, err)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Cache-Control", "no-store")
		if err := json.NewEncoder(w).Encode(answer); err != nil {
			h.Log.Info("an answer was not taken", "operation", path, "account", caller.Actor.Account)
		}
	}
}

var errHungUp = errors.New("the client has hung up")

func (h Handler) answer(ctx context.Context, asked *http.Request, op operation) (answer any, caller Caller, err error) {
	var r request
	if err := decode(asked, &r); err != nil {
		return nil, Caller{}, err
	}
	if caller, err = h.Caller(ctx, Claim{r.Session, r.For, r.Client}); err != nil {
		return nil, Caller{}, fmt.Errorf("finding out who asks: %w", err)
	}
	err = h.Limits.Ask(caller.Actor, func() error {
		return h.Use(ctx, caller.Actor.Account, func(d core.Direct) error {
			answer, err = op(ctx, d, caller, r)
			return err
		})
	})
	return answer, caller, err
}

// decode reads what was asked. Nothing waits for it but its own connection.
func decode(asked *http.Request, into any) error {
	body, err := io.ReadAll(http.MaxBytesReader(nil, asked.Body, longestRequest))
	if err == nil {
		err = json.Unmarshal(body, into)
	}
	if err != nil {
		return core.NewError(core.Invalid, "invalid.request", nil, fmt.Errorf("%T", err)) // its text may quote a code
	}
	return nil
}

// refuse answers with an error. Its cause stays here.
func refuse(w http.ResponseWriter, err error) {
	f := fault{Code: core.Internal, Sentence: "internal"}
	var known *core.Error
	if errors.As(err, &known) {
		f = fault{known.Code, known.Sentence, known.Args}
	}
	status := statuses[f.Code]
	if status == 0 {
		status = http.StatusInternalServerError
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(f)
}
