// Package service is the talk between tfa-service, which alone reads stores and
// keys, and the gate and the tool, which ask it: JSON over HTTP on a local
// socket. Who asks is taken from the kernel, never from what is said.
package service

import (
	"net/http"
	"time"

	"evry.nl/tfa/core"
	"evry.nl/tfa/core/otp"
)

// The operations are the paths of requests, the methods of core.Verifier and
// core.Manager.
const (
	opPrompt   = "/gate/prompt"
	opSwitchOn = "/gate/switch-on"
	opSkip     = "/gate/skip"
	opVerify   = "/gate/verify"
	opLeave    = "/gate/leave"

	opOverview     = "/tool/overview"
	opVersion      = "/tool/version"
	opToolSwitchOn = "/tool/switch-on"
	opShow         = "/tool/show"
	opShowAll      = "/tool/show-all"
	opCopy         = "/tool/copy"
	opReset        = "/tool/reset"
	opLog          = "/tool/log"

	// Those that PAM tells of sessions, as root.
	opBegin = "/session/begin"
	opEnd   = "/session/end"
)

// request is what a caller says; the operation decides what of it counts.
type request struct {
	// Session is the display or terminal as the caller sees it, for the log.
	Session string `json:"session,omitempty"`
	// For is the account that PAM speaks for, which connects from Client.
	For     string      `json:"for,omitempty"`
	Client  string      `json:"client,omitempty"`
	Typed   string      `json:"typed,omitempty"`
	Reason  core.Reason `json:"reason,omitempty"`
	Account string      `json:"account,omitempty"`
	What    core.Copied `json:"what,omitempty"`
	Query   query       `json:"query,omitzero"`
}

// query is a core.Query.
type query struct {
	Account   string    `json:"account,omitempty"`
	Kind      core.Kind `json:"kind,omitempty"`
	From      time.Time `json:"from,omitzero"`
	To        time.Time `json:"to,omitzero"`
	After     int64     `json:"after,omitempty"`
	Offset    int       `json:"offset,omitempty"`
	Limit     int       `json:"limit,omitempty"`
	Oldest    bool      `json:"oldest,omitempty"`
	Uncounted bool      `json:"uncounted,omitempty"`
}

// prompt is a core.Prompt with its secret in clear: it is on its way to the
// screen of the account that it belongs to.
type prompt struct {
	Account     string     `json:"account"`
	Stage       core.Stage `json:"stage"`
	MaySkip     bool       `json:"may_skip"`
	MaySwitchOn bool       `json:"may_switch_on"`
	LastDay     core.Date  `json:"last_day"`
	DaysLeft    int        `json:"days_left"`
	LockedUntil time.Time  `json:"locked_until,omitzero"`
	Secret      string     `json:"secret,omitempty"`
	URI         string     `json:"uri,omitempty"`
}

func newPrompt(p core.Prompt) prompt {
	return prompt{
		p.Account, p.Stage, p.MaySkip, p.MaySwitchOn, p.LastDay, p.DaysLeft, p.LockedUntil, p.Secret.Base32(), p.URI,
	}
}

func (p prompt) core() (core.Prompt, error) {
	secret, err := secretOf(p.Secret)
	return core.Prompt{
		Account: p.Account, Stage: p.Stage, MaySkip: p.MaySkip, MaySwitchOn: p.MaySwitchOn,
		LastDay: p.LastDay, DaysLeft: p.DaysLeft, LockedUntil: p.LockedUntil, Secret: secret, URI: p.URI,
	}, err
}

func secretOf(text string) (otp.Secret, error) {
	if text == "" {
		return otp.Secret{}, nil
	}
	return otp.ParseSecret(text)
}

// verdict is a core.Verdict.
type verdict struct {
	Granted   bool          `json:"granted"`
	By        core.Kind     `json:"by,omitempty"`
	Reason    core.Reason   `json:"reason,omitempty"`
	Until     time.Time     `json:"until,omitzero"`
	TriesLeft int           `json:"tries_left,omitempty"`
	Drift     time.Duration `json:"drift,omitempty"`
	Notices   *core.Notices `json:"notices,omitempty"`
}

// overview is a core.Overview. It carries of an account what a screen shows.
type overview struct {
	Practice    practice  `json:"practice"`
	Accounts    []account `json:"accounts"`
	DaysLeft    int       `json:"days_left"`
	ClockBehind bool      `json:"clock_behind"`
	MayManage   bool      `json:"may_manage"`
}

type practice struct {
	Name      string    `json:"name"`
	Enabled   bool      `json:"enabled"`
	EnabledAt time.Time `json:"enabled_at,omitzero"`
	EnabledBy string    `json:"enabled_by,omitempty"`
	LastDay   core.Date `json:"last_day"`
	Mandatory bool      `json:"mandatory"`
	Seen      time.Time `json:"seen,omitzero"`
}

type account struct {
	Name        string           `json:"name"`
	State       core.SecretState `json:"state"`
	Generation  int              `json:"generation"`
	Confirmed   bool             `json:"confirmed"`
	LastLogon   time.Time        `json:"last_logon,omitzero"`
	Failures    int              `json:"failures"`
	LockedUntil time.Time        `json:"locked_until,omitzero"`
}

func newOverview(o core.Overview) overview {
	out := overview{
		Practice: practice(o.Practice), Accounts: []account{},
		DaysLeft: o.DaysLeft, ClockBehind: o.ClockBehind, MayManage: o.MayManage,
	}
	for _, a := range o.Accounts {
		out.Accounts = append(out.Accounts, account{a.Name, a.State, a.Generation, a.Confirmed, a.LastLogon, a.Failures, a.LockedUntil})
	}
	return out
}

func (o overview) core() core.Overview {
	out := core.Overview{
		Practice: core.Practice(o.Practice), DaysLeft: o.DaysLeft, ClockBehind: o.ClockBehind, MayManage: o.MayManage,
	}
	for _, a := range o.Accounts {
		out.Accounts = append(out.Accounts, core.Account{
			Name: a.Name, State: a.State, Generation: a.Generation, Confirmed: a.Confirmed,
			LastLogon: a.LastLogon, Failures: a.Failures, LockedUntil: a.LockedUntil, Known: true,
		})
	}
	return out
}

// disclosure is a core.Disclosure with its secret in clear, as prompt has it.
type disclosure struct {
	Account    string `json:"account"`
	Generation int    `json:"generation"`
	Secret     string `json:"secret"`
	URI        string `json:"uri"`
}

func newDisclosure(d core.Disclosure) disclosure {
	return disclosure{d.Account, d.Generation, d.Secret.Base32(), d.URI}
}

func (d disclosure) core() (core.Disclosure, error) {
	secret, err := secretOf(d.Secret)
	return core.Disclosure{Account: d.Account, Generation: d.Generation, Secret: secret, URI: d.URI}, err
}

// page is a core.Page.
type page struct {
	Events []core.Event `json:"events"`
	Total  int          `json:"total"`
}

// fault is a core.Error without its cause, which is for the service's log.
type fault struct {
	Code     core.Code `json:"code"`
	Sentence string    `json:"sentence"`
	Args     core.Args `json:"args,omitempty"`
}

// statuses are the HTTP statuses of faults. Any other code is a fault of the
// service.
var statuses = map[core.Code]int{
	core.Invalid:  http.StatusBadRequest,
	core.Conflict: http.StatusConflict,
	core.Missing:  http.StatusNotFound,
	core.Refused:  http.StatusForbidden,
	core.Locked:   http.StatusServiceUnavailable,
}
