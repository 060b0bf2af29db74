// Package core is the domain: practices, accounts, their second factor, the
// rules of the logon and the log of what was done. It knows no database, no
// window, no configuration file and no clock but the one it is handed.
//
// # Glossary
//
// The same words name tables, types, files, windows and translation keys.
//
//	practice      a firm that rents accounts; two-factor is on or off for all of it
//	account       an account of the operating system, of the practice its name says
//	actor         who acts: an account, on a server, in a session, from a client address
//	secret        what phone and server share: none → shown → active (see SecretState)
//	confirmed     a code was accepted at least once, so somebody scanned the QR code
//	code          a time-based one-time password of 6 digits (RFC 6238)
//	helper code   a one-time code of 8 digits that the helpdesk gives by telephone
//	step          the 30-second period that a code belongs to; spent by the logon it opens
//	transition    the days after switching on in which a logon may skip the code
//	locked        the account takes no codes for a while, after too many wrong ones
//	verdict       the answer to a logon: granted, or denied with a reason
//	event         one line of the log
//	notice        what a logon tells its account of what others did with its second factor
//	backup        a store with its key, as it stood at one moment; to restore is to
//	              put it back, to prune to delete the oldest events
//	gate, tool    what asks for the code at logon; the window that shows codes
//	import        takes over a secret that phones have from another product; export: the way back
//	migration     handing over several secrets by one QR code, the migration code
//	helpdesk      the provider's people, who act through tfa-admin
//
// # Invariants
//
//   - The zero Verdict denies, and every error comes with the zero Verdict.
//   - No step is accepted twice for one account, on any server, whatever the
//     clock does, and whichever backup is restored.
//   - A denial never lengthens the time allowed: not the transition, not a helper
//     code, not the time until a lock ends.
//   - The last day of the transition is fixed when two-factor is switched on.
//     Only the helpdesk moves it.
//   - Nothing is stored without an event that says so, and no secret or code is
//     handed out without one. Both are in one transaction.
//   - An event holds no secret, no code and no helper code.
//
// # Who may import whom
//
// core imports the standard library and core/otp. storage imports core and
// keeps what core decides; ui shows it; cmd joins them. See boundaries_test.go.
package core
