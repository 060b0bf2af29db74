package main

// What --help says of a verb beyond its one line: what it means for people, and
// an example. The parser asks each verb for its Help.

// Help is the text of account reset --help.
func (accountReset) Help() string {
	return `For a new or lost phone, and when somebody may have seen the code who should not.
Every phone that has the QR code stops working at once, those of colleagues who
share the account too; the next logon shows a new one.

    tfa-admin account reset EV-0000-1`
}

// Help is the text of account unlock --help.
func (accountUnlock) Help() string {
	return `After wrong codes in a row an account takes none for a while. Ask who typed them: if
nobody of the practice did, somebody knows the password.

    tfa-admin account unlock EV-0000-1`
}

// Help is the text of account helper-code --help.
func (accountHelperCode) Help() string {
	return `For who forgot the phone, or is locked out. Be sure whom you speak to: this code is
as good as the phone. It opens one logon, replaces one that was made before, and
is printed this once. The next logon screen of the account says that it was used.

    tfa-admin account helper-code EV-0000-1
    tfa-admin account helper-code EV-0000-1 --valid 2h`
}

// Help is the text of practice list --help.
func (practiceList) Help() string {
	return `A warning stands where somebody should be called: a transition that is about to end
with people who have not scanned, locked accounts, a wrong clock. Scripts read the
same with --json.

    tfa-admin practice list
    tfa-admin --json practice list`
}

// Help is the text of practice disable --help.
func (practiceDisable) Help() string {
	return `From then on a password is enough for every account of the practice. QR codes stay,
so that phones work when it is switched on again; a transition then begins anew.

    tfa-admin practice disable EV-0000`
}

// Help is the text of practice extend --help.
func (practiceExtend) Help() string {
	return `Until the end of that day, people of the practice can log on without a code. It can
only become later.

    tfa-admin practice extend EV-0000 2019-06-12`
}

// Help is the text of practice mandatory --help.
func (practiceMandatory) Help() string {
	return `With on, nobody of the practice logs on before somebody has switched two-factor on.
It changes nothing for a practice that has.

    tfa-admin practice mandatory EV-0000 on`
}

// Help is the text of practice accept-clock --help.
func (practiceAcceptClock) Help() string {
	return `Codes are not trusted while the clock lies before the last entry in the log. If it
is the log that is wrong, because the clock ran ahead for a while, say so:

    date
    tfa-admin practice accept-clock EV-0000`
}

// Help is the text of log show --help.
func (logShow) Help() string {
	return `Without a practice it is the log of all of them.

    tfa-admin log show EV-0000
    tfa-admin log show --account EV-0000-1 --since 2019-05-29
    tfa-admin log show --kind helper_code_made`
}

// Help is the text of log follow --help.
func (logFollow) Help() string {
	return `It begins with what happens from now on. With --json each line is one event.

    tfa-admin log follow EV-0000
    tfa-admin log follow --kind logon_refused`
}

// Help is the text of log export --help.
func (logExport) Help() string {
	return `The columns are practice, seq, at, kind, actor, account, server, session, client and
detail; more may come behind them. In csv a text that a spreadsheet would take for
a formula begins with an apostrophe.

    tfa-admin log export EV-0000 --since 2019-05-01 --to-file may.csv
    tfa-admin log export --all --format jsonl | gzip >log.jsonl.gz`
}

// Help is the text of log verify --help.
func (logVerify) Help() string {
	return `Each line of a log is tied to the one before it. What somebody edited, deleted, or
put in between is found, and the first wrong line named.

    tfa-admin log verify
    tfa-admin log verify EV-0000`
}
