package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"syscall"
	"unicode/utf8"

	"filippo.io/age"
	"golang.org/x/term"
)

// shortestPassphrase keeps a passphrase from being guessed by who has the file:
// a backup holds all secrets of a practice.
const shortestPassphrase = 12

// longestSecretFile is more than a file of recipients, identities or a
// passphrase ever holds.
const longestSecretFile = 1 << 20

// sealing says for whom a backup is encrypted. A passphrase never stands on the
// command line, where every account of the host can read it.
type sealing struct {
	Recipient      []string `sep:"none" placeholder:"age1…" help:"Encrypt to this public key of age; again for more."`
	RecipientsFile []string `sep:"none" placeholder:"FILE" help:"Encrypt to the public keys in a file, one a line."`
	PassphraseFile string   `placeholder:"FILE" help:"Encrypt with the passphrase in the first line of a file; without any of these it is asked for."`
}

// recipients returns for whom to encrypt, and how the log names them.
func (s sealing) recipients(d *desk) (recipients []age.Recipient, names []string, err error) {
	if len(s.Recipient)+len(s.RecipientsFile) == 0 {
		passphrase, err := d.passphrase(s.PassphraseFile, true)
		if err != nil {
			return nil, nil, err
		}
		recipient, err := age.NewScryptRecipient(passphrase)
		return []age.Recipient{recipient}, []string{"passphrase"}, err
	}
	if s.PassphraseFile != "" {
		return nil, nil, refusal("a backup is for public keys or for a passphrase, not for both")
	}
	// What was given may be a private key by mistake: no message quotes it.
	for _, given := range s.Recipient {
		parsed, err := age.ParseRecipients(strings.NewReader(given))
		if err != nil {
			return nil, nil, hinted{refusal("what --recipient says is no public key of age"), "it begins with age1; age-keygen makes one"}
		}
		recipients, names = append(recipients, parsed...), append(names, given)
	}
	for _, path := range s.RecipientsFile {
		text, err := readSmall(path)
		if err != nil {
			return nil, nil, err
		}
		parsed, err := age.ParseRecipients(strings.NewReader(text))
		if err != nil {
			return nil, nil, hinted{refusal(path + " is no list of public keys of age"), "one a line, beginning with age1; lines with # are passed over"}
		}
		recipients = append(recipients, parsed...)
		for line := range strings.Lines(text) {
			if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
				names = append(names, line)
			}
		}
	}
	return recipients, names, nil
}

// opening says with what a backup is decrypted.
type opening struct {
	Identity       []string `sep:"none" placeholder:"FILE" help:"Decrypt with the private key of age in a file."`
	PassphraseFile string   `placeholder:"FILE" help:"Decrypt with the passphrase in the first line of a file; without any of these it is asked for."`
}

func (o opening) identities(d *desk) ([]age.Identity, error) {
	if len(o.Identity) == 0 {
		passphrase, err := d.passphrase(o.PassphraseFile, false)
		if err != nil {
			return nil, err
		}
		identity, err := age.NewScryptIdentity(passphrase)
		return []age.Identity{identity}, err
	}
	if o.PassphraseFile != "" {
		return nil, refusal("a backup opens with a private key or with a passphrase, not with both")
	}
	var identities []age.Identity
	for _, path := range o.Identity {
		text, err := readPrivate(path)
		if err != nil {
			return nil, err
		}
		parsed, err := age.ParseIdentities(strings.NewReader(text))
		if err != nil { // its cause could quote the file
			return nil, hinted{refusal(path + " holds no private key of age"), "it begins with AGE-SECRET-KEY-; age -d opens one that is itself encrypted"}
		}
		identities = append(identities, parsed...)
	}
	return identities, nil
}

// decrypt returns what a backup holds. Errors: refusal if it does not open with
// these identities.
func decrypt(file string, r io.Reader, identities []age.Identity) (io.Reader, error) {
	plain, err := age.Decrypt(r, identities...)
	var mismatch *age.NoIdentityMatchError
	switch {
	case err == nil:
		return plain, nil
	case !errors.As(err, &mismatch):
		return nil, hinted{refusal(file + " is no backup of " + program + ", or its beginning is damaged"), "take another backup"}
	}
	_, typed := identities[0].(*age.ScryptIdentity)
	sealed := len(mismatch.StanzaTypes) > 0 && mismatch.StanzaTypes[0] == "scrypt"
	switch {
	case typed && sealed:
		return nil, hinted{refusal("the passphrase does not open " + file), "type it again; it is the one that the backup was made with"}
	case sealed:
		return nil, hinted{refusal("a private key does not open " + file + ": it is sealed with a passphrase"), "leave --identity out"}
	case typed:
		return nil, hinted{refusal("a passphrase does not open " + file + ": it is sealed for a public key"), "give the private key with --identity"}
	}
	return nil, hinted{refusal("this private key does not open " + file), "the log of the practice says for which public keys its backups are: " +
		program + " log show PRACTICE --kind backed_up"}
}

// passphrase returns the first line of a file, or what somebody types: twice, if
// it is a new one.
func (d *desk) passphrase(file string, fresh bool) (string, error) {
	typed, err := d.readPassphrase(file, fresh)
	switch {
	case err != nil:
		return "", err
	case typed == "":
		return "", refusal("the passphrase is empty")
	case fresh && utf8.RuneCountInString(typed) < shortestPassphrase:
		return "", hinted{refusal(fmt.Sprintf("the passphrase is shorter than %d characters", shortestPassphrase)),
			"a backup holds all secrets of a practice: take some words, and keep them where you find them"}
	}
	return typed, nil
}

func (d *desk) readPassphrase(file string, fresh bool) (string, error) {
	if file != "" {
		text, err := readPrivate(file)
		line, _, _ := strings.Cut(text, "\n")
		return strings.TrimSuffix(line, "\r"), err
	}
	in, ok := d.in.(*os.File)
	if !ok || !isTerminal(in) {
		return "", hinted{refusal("nobody is there to type a passphrase"), "give a --passphrase-file, or keys of age (see --help)"}
	}
	typed, err := d.ask(in, "Passphrase of the backup: ")
	if err != nil || !fresh {
		return typed, err
	}
	again, err := d.ask(in, "The same once more: ")
	if err == nil && again != typed {
		err = refusal("you typed two passphrases: nothing was done")
	}
	return typed, err
}

// ask reads a line that the terminal does not show. An interrupt ends it at
// once, and leaves the terminal as it was.
func (d *desk) ask(in *os.File, question string) (string, error) {
	fmt.Fprint(d.err, question)
	defer fmt.Fprintln(d.err)
	before, err := term.GetState(int(in.Fd()))
	if err != nil {
		return "", fmt.Errorf("asking for the passphrase: %w", err)
	}
	type answer struct {
		line []byte
		err  error
	}
	answers := make(chan answer, 1)
	go func() {
		line, err := term.ReadPassword(int(in.Fd()))
		answers <- answer{line, err}
	}()
	select {
	case a := <-answers:
		if a.err != nil {
			return "", fmt.Errorf("asking for the passphrase: %w", a.err)
		}
		return string(a.line), nil
	case <-d.ctx.Done():
		return "", errors.Join(d.ctx.Err(), term.Restore(int(in.Fd()), before))
	}
}

// readPrivate returns what a file holds that nobody but its owner may read.
func readPrivate(path string) (string, error) {
	info, err := os.Stat(path)
	if err == nil && runtime.GOOS != "windows" && info.Mode().Perm()&0o077 != 0 { // Windows has lists, not modes
		return "", hinted{refusal(fmt.Sprintf("others can read %s (mode %04o)", path, info.Mode().Perm())), "chmod 600 " + path}
	}
	return readSmall(path)
}

func readSmall(path string) (string, error) {
	file, err := os.Open(path)
	if err != nil {
		return "", unreadable(err)
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, longestSecretFile))
	if err != nil {
		return "", unreadable(err)
	}
	return string(text), nil
}

// unreadable says why a file that was named can't be read: a typing error, and
// no fault of the host.
func unreadable(err error) error {
	var path *os.PathError
	if errors.As(err, &path) {
		return refusal(fmt.Sprintf("%s can't be read: %v", path.Path, path.Err))
	}
	return err
}

// unwritable says what to do about a file that can't be written where somebody
// wants it.
func unwritable(folder string, err error) error {
	err = fmt.Errorf("%s can't be written: %w", folder, err)
	for _, full := range []error{syscall.ENOSPC, syscall.EDQUOT} {
		if errors.Is(err, full) {
			return hinted{err, "free some space there, or give another folder with --to; what was begun is deleted"}
		}
	}
	return hinted{err, "give a folder with --to that is there and can be written"}
}
