package core

import "time"

// Kind says what an event is about. Kinds stand in stores, exports and scripts,
// so they never change.
type Kind string

// The kinds.
const (
	LogonOTP     Kind = "logon_otp"         // with a code
	LogonOff     Kind = "logon_off"         // without: two-factor is off
	LogonSkipped Kind = "logon_skipped"     // without: in the transition
	LogonHelper  Kind = "logon_helper_code" // with a helper code
	LogonExempt  Kind = "logon_exempt"      // without: exempt by the administrator
	LogonResumed Kind = "logon_resumed"     // without: soon after a disconnect, from the same client
	LogonRefused Kind = "logon_refused"     // detail: reason, and until or drift
	AccountLock  Kind = "locked"            // detail: until, failures
	SessionEnded Kind = "session_ended"     // by the service; detail: reason

	SwitchedOn   Kind = "switched_on"      // detail: last_day
	SwitchedOff  Kind = "switched_off"     //
	Extended     Kind = "extended"         // detail: last_day, before
	MandatorySet Kind = "mandatory"        // detail: mandatory
	ClockSet     Kind = "clock_accepted"   // detail: seen
	AccountAdded Kind = "account_added"    //
	Renamed      Kind = "account_renamed"  // detail: before
	Removed      Kind = "account_removed"  //
	ShownAtLogon Kind = "shown_at_logon"   // QR code at logon; detail: new
	ShownInTool  Kind = "shown_in_tool"    // QR code and codes in the tool
	CopiedSecret Kind = "copied_secret"    //
	CopiedURI    Kind = "copied_uri"       //
	WasReset     Kind = "reset"            //
	Unlocked     Kind = "unlocked"         //
	HelperMade   Kind = "helper_code_made" // detail: expires
	ShownAll     Kind = "shown_all"        // in a migration code in the tool, with all others
	Imported     Kind = "imported"         // a secret from elsewhere; detail: replaced
	Exported     Kind = "exported"         // the secret, by the helpdesk

	BackedUp   Kind = "backed_up"   // detail: file, sealed_for
	Restored   Kind = "restored"    // detail, of the practice: backup, last_seq, lost; of an account: none
	KeyRotated Kind = "key_rotated" //
	LogPruned  Kind = "log_pruned"  // detail: before, deleted
)

// Kinds lists all kinds, in the order in which a filter offers them.
func Kinds() []Kind {
	return []Kind{
		LogonOTP, LogonSkipped, LogonOff, LogonHelper, LogonExempt, LogonResumed, LogonRefused, SessionEnded, AccountLock, Unlocked,
		SwitchedOn, SwitchedOff, Extended, MandatorySet, ClockSet, AccountAdded, Renamed, Removed,
		ShownAtLogon, ShownInTool, ShownAll, CopiedSecret, CopiedURI, WasReset, HelperMade,
		Imported, Exported,
		BackedUp, Restored, KeyRotated, LogPruned,
	}
}

// Disclosures lists the kinds by which somebody saw a secret, or codes of it.
func Disclosures() []Kind {
	return []Kind{ShownAtLogon, ShownInTool, ShownAll, CopiedSecret, CopiedURI, Exported}
}

// Event is one line of the log: who did what to which account, from where.
type Event struct {
	// Seq numbers the events of a practice from 1, without holes; a log that was
	// pruned begins later.
	Seq  int64     `json:"seq"`
	At   time.Time `json:"at"`
	Kind Kind      `json:"kind"`
	// Actor is the account that acted, or HelpdeskName and who of the helpdesk.
	Actor string `json:"actor"`
	// Account is what it was done to; empty if that is the whole practice.
	Account string `json:"account"`
	Server  string `json:"server"`
	Session string `json:"session"`
	Client  string `json:"client"`
	// Detail holds what the kind says it holds, never a secret or code.
	Detail Detail `json:"detail"`
}

// Detail are the particulars of an event.
type Detail map[string]string

// Query selects events. Its zero value selects all.
type Query struct {
	Account  string
	Kind     Kind
	From, To time.Time // from and including From, before To; zero is open
	// After selects events with a higher number only.
	After int64
	// Offset events are passed over, newest first, then at most Limit returned;
	// Limit 0 stands for 100.
	Offset, Limit int
	// Oldest asks for the oldest first.
	Oldest bool
	// Uncounted says that nobody needs the Total, which takes longer the more
	// there is; it is then 0.
	Uncounted bool
}

// DefaultLimit is the number of events that a Query without Limit returns.
const DefaultLimit = 100

// Page is what a Query found.
type Page struct {
	Events []Event
	// Total is the number of events that the query selects in all.
	Total int
}

// Actor is who acts, as the operating system tells it, and from where.
type Actor struct {
	// Account is the name without its domain.
	Account string
	Server  string
	Session string // display, terminal or session number
	Client  string // address of the RDP or ssh client, if the system can tell
	// Helpdesk marks the provider's people, who belong to no practice.
	Helpdesk bool
}

// HelpdeskName precedes the names of helpdesk people in the log.
const HelpdeskName = "helpdesk"

// name returns the actor as the log names it.
func (a Actor) name() string {
	if a.Helpdesk {
		return HelpdeskName + " " + a.Account
	}
	return a.Account
}

// event returns an event by a, at now, about account ("" for the practice).
func (a Actor) event(now time.Time, kind Kind, account string, detail Detail) Event {
	return Event{
		At: now, Kind: kind, Actor: a.name(), Account: account,
		Server: a.Server, Session: a.Session, Client: a.Client, Detail: detail,
	}
}
