// Tfa-admin is the helpdesk's command of Two Factor RDP: it sets a host up, says
// how practices stand, and does what the helpdesk alone may do.
//
//	tfa-admin [--config FILE] [--json] VERB
//
//	account list PRACTICE
//	account show ACCOUNT                 how it stands, and who saw its code
//	account reset ACCOUNT [--yes]        clear the QR code: all phones stop working
//	account unlock ACCOUNT               end a lock after wrong codes
//	account helper-code ACCOUNT          a code for one logon, to read out by phone
//	account leave ACCOUNT [--yes]        clear the QR code, say what else to do
//	account rename ACCOUNT NAME          the QR code, lock and used codes stay
//	account remove ACCOUNT [--yes]       forget one that the system has no more
//	practice list                        all practices of this host, with warnings
//	practice show PRACTICE
//	practice enable PRACTICE             switch two-factor on; the transition begins
//	practice disable PRACTICE [--yes]    switch it off; QR codes stay
//	practice extend PRACTICE DATE        a later last day for the transition
//	practice mandatory PRACTICE on|off   may the practice put off switching on?
//	practice accept-clock PRACTICE       believe the clock, after it ran ahead
//	log show [PRACTICE]                  who did what, newest first
//	log follow [PRACTICE]                the same as it happens, until Ctrl-C
//	log export PRACTICE|--all            the same for other programs, as csv or jsonl
//	log verify [PRACTICE]                was the log changed behind our back?
//	log prune PRACTICE… | --all --before DATE [--yes]
//	                                     delete old lines; the rest still verifies
//	backup PRACTICE… | --all --to PATH   encrypted, while people log on
//	restore FILE [--dry-run] [--yes]     put a practice back from a backup
//	key rotate PRACTICE… | --all [--yes] a new key; QR codes stay
//	import PRACTICE [FILE]               key URIs and migration codes, from another product
//	export PRACTICE --secrets            the same, to another product
//	init [--dry-run]                     find the practices of this host, make what they lack
//	gate install|remove|status           Windows: the gate between password and desktop
//	check [--fix [--dry-run]] [--strict] is this host tight?
//	completion bash|powershell           what a shell must be told
//	man                                  the manual, for man
//	version
//
// It acts for root (on Windows: an elevated administrator), or for the owner of
// a practice that is private, as the demo's is. Every act is in the log of the
// practice, with the account of who ran it, and the login behind sudo where the
// kernel knows it; the log of the host keeps a copy.
//
// A run over practices works on as many at once as there are processors. On a
// terminal it shows how far it is; Ctrl-C ends it at any moment, and nothing is
// then half done.
//
// # Backups
//
// A backup is one file a practice, like EV-0000-2026-11-24T130500Z.tfa-backup. It
// is a tar in a file of age (https://age-encryption.org/v1), with manifest.json
// first, then the key, then the store: whoever can open it has all secrets of
// the practice, and age and tar get at them without this program. With --recipient
// age1… or --recipients-file FILE only the private key opens it, which stays off
// the servers; that is how a script makes backups by night:
//
//	tfa-admin backup --all --to /backup --recipients-file /etc/tfa/backup.pub
//	tfa-admin restore FILE --identity backup.key
//
// With --passphrase-file FILE it is a passphrase; without any of these it is asked
// for. Such files must be their owner's alone. Anybody who has the public key can
// make a file that opens: keep backups where only the helpdesk can write.
//
// A restore takes back what happened since: see restore --help. The store that it
// replaces stands beside it as tfa.db.replaced-DATE, and after key rotate its key
// as tfa.key.replaced-DATE; delete them when nobody needs them.
//
// # Scripts
//
// With --json, standard output is one JSON document, or nothing if the command
// failed; over several practices, those that could be read. Times are RFC 3339 in
// UTC, or null; days are like 2019-05-29, or null. Lists are arrays. An act returns
// what it acted on, as it then stands. Log follow and log export write a document
// a line instead, which is JSON Lines.
//
//	practice   practice, enabled, enabled_at, enabled_by, transition_last_day,
//	           mandatory, accounts, confirmed, clock_behind, last_logon,
//	           warnings: a list of code and args, see warnings.go
//	account    account, practice, secret (none, shown, active), confirmed,
//	           last_logon, failures, locked_until; with account show also
//	           helper_expires, exempt, seen_by
//	leave      account, practice, reset, seen_by, saw, todo: a list of code,
//	           account, command
//	sighting   actor, account, kinds, times, last (in seen_by and saw)
//	event      practice, seq, at, kind, actor, account, server, session, client,
//	           detail
//	import     account, practice, label, line, result (imported, replaced,
//	           unchanged), written
//	export     practice, accounts, uri, file: one of the two is null
//	finding    id, title, state (ok, not_applicable, unknown, warning, hole),
//	           found, meaning, remedy, fixable, fixes: step, done
//	gate       installed, refused, settings: name, want, is, ok
//	backup     practice, file, at, last_seq, bytes
//	restore    practice, file, backup_at, accounts, last_seq, lost_events (null if
//	           nobody knows), kept, revived, restored
//	key        practice, key_file, old_keys
//	pruning    practice, before, deleted
//
// Check prints its document whatever it found, worst first.
//
// Messages go to standard error. The exit status is
//
//	0  done
//	1  refused, or not found; for log verify: the log was changed; for check: at
//	   least one hole, with --strict also a warning or what could not be seen
//	2  a fault: usage, configuration, store or system; or interrupted on the way
package main

import (
	"context"
	"os"
	"os/signal"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	status := run(ctx, os.Args[1:], terminal{os.Stdin, os.Stdout, os.Stderr})
	stop()
	os.Exit(status)
}
