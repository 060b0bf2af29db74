//go:build linux

package sqlite

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"evry.nl/tfa/core"
	"evry.nl/tfa/core/otp"
	"evry.nl/tfa/storage/seal"
)

// desk is the helpdesk on a store, at a time.
func desk(s core.Store, now time.Time) core.Helpdesk {
	rules := core.DefaultRules()
	rules.Zone = time.UTC
	return core.Helpdesk{Direct: core.Direct{Store: s, Rules: rules, Now: func() time.Time { return now }}}
}

var kees = core.Actor{Account: "kees", Server: "RDS1", Helpdesk: true}

// upkeepNow is when the helpdesk acts in these tests: the events of addMany are
// years old then.
var upkeepNow = time.Date(2026, time.November, 24, 13, 5, 0, 0, time.UTC)

// backupFile is the backup of a store, in the clear.
func backupFile(told spec) string { return told.Path + ".tar" }

// backUp keeps a backup of a store in its file.
func backUp(ctx context.Context, s *Store, told spec) error {
	if err := desk(s, upkeepNow).BackUp(ctx, kees, "x", nil); err != nil {
		return err
	}
	var out bytes.Buffer
	if _, err := s.Backup(ctx, &out, upkeepNow); err != nil {
		return err
	}
	return os.WriteFile(backupFile(told), out.Bytes(), 0o600)
}

// restore puts a backup back as the command does.
func restore(ctx context.Context, r io.Reader, told spec, at time.Time) (kept string, err error) {
	u, err := Unpack(ctx, r, func(Manifest) (string, error) { return told.Path, nil }, false)
	if err != nil {
		return "", err
	}
	kept, err = u.Install(ctx, seal.KeyFile(told.Key), at, func(s core.Store, old Replaced) error {
		return desk(s, at).Restore(ctx, kees, core.Restoration{
			BackedUp: u.Manifest.At, LastSeq: u.Manifest.LastSeq, Readable: old.Readable, Lost: old.Lost, Seen: old.Practice.Seen,
		})
	})
	return kept, errors.Join(err, u.Close())
}

func restoreFile(ctx context.Context, told spec, at time.Time) (kept string, err error) {
	file, err := os.Open(backupFile(told))
	if err != nil {
		return "", err
	}
	defer file.Close()
	return restore(ctx, file, told, at)
}

// upkeep are the acts that get killed.
var upkeep = map[string]func(context.Context, *Store, spec) error{
	"backup": backUp,
	"restore": func(ctx context.Context, _ *Store, told spec) error {
		_, err := restoreFile(ctx, told, upkeepNow.Add(time.Duration(told.Seed)*time.Second))
		return err
	},
	"rotate": func(ctx context.Context, s *Store, _ spec) error { return desk(s, upkeepNow).RotateKey(ctx, kees) },
	"prune": func(ctx context.Context, s *Store, told spec) error {
		// Each time a little more, in pieces.
		at := time.Unix(1_700_000_000, 0).Add(time.Duration(told.Seed) * 200 * time.Second)
		_, err := desk(s, upkeepNow).PruneLog(ctx, kees, at)
		return err
	},
}

// playUpkeep does one act when it is told to.
func playUpkeep(told spec, in *json.Decoder, out *json.Encoder) error {
	store, err := openTold(told)
	if err != nil {
		return err
	}
	if err := out.Encode("ready"); err != nil {
		return err
	}
	if err := in.Decode(new(string)); err != nil {
		return err
	}
	return out.Encode(failed(upkeep[told.Act](context.Background(), store, told)))
}

// playLogons makes an account with a secret each time, on a store that it keeps
// open, and tells the secret once it is stored.
func playLogons(told spec, in *json.Decoder, out *json.Encoder) error {
	store, err := openTold(told)
	if err != nil {
		return err
	}
	defer store.Close()
	for {
		var account string
		if err := in.Decode(&account); err != nil {
			return err
		}
		secret := otp.NewSecret()
		err := store.ChangeAccount(context.Background(), account, func(_ *core.Practice, a *core.Account) ([]core.Event, error) {
			a.Enrol(func() otp.Secret { return secret })
			return []core.Event{{At: upkeepNow, Kind: core.ShownAtLogon, Account: account}}, nil
		})
		reply := failed(err)
		reply.Secret = secret.Bytes()
		if err := out.Encode(reply); err != nil {
			return err
		}
	}
}

// secretsOf returns all secrets of a store, by account.
func secretsOf(t testing.TB, s *Store) map[string]string {
	t.Helper()
	_, accounts, err := s.View(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	secrets := map[string]string{}
	for _, a := range accounts {
		err := s.ChangeAccount(t.Context(), a.Name, func(_ *core.Practice, a *core.Account) ([]core.Event, error) {
			secrets[a.Name] = string(a.Secret.Bytes())
			return nil, nil
		})
		if err != nil {
			t.Fatalf("%s: %v", a.Name, err)
		}
	}
	return secrets
}

// killings is how often each act is killed before its end.
var killings = flag.Int("killings", 10, "how often to kill a backup, a restore, a new key and a pruning")

// TestUpkeepThatIsKilledLosesNothing kills each act at random moments, while
// people log on, and looks at the store after each. The moment decides what is
// tested, not whether the test passes.
func TestUpkeepThatIsKilledLosesNothing(t *testing.T) {
	for act := range upkeep {
		t.Run(act, func(t *testing.T) {
			seed := uint64(time.Now().UnixNano())
			t.Logf("seed %d", seed)
			chance := rand.New(rand.NewPCG(seed, 1))
			told := newSpec(t)
			told.Act = act
			s := openKeyed(t, told)
			addMany(t, s, 5_000)
			for n := range 20 {
				enrolled(t, s, fmt.Sprintf("%s-%d", practice, n), testNow)
			}
			if err := backUp(t.Context(), s, told); err != nil {
				t.Fatal(err)
			}
			backedUp := secretsOf(t, s)
			people := &logons{worker: start(t, "logons", told), stored: maps.Clone(backedUp), beside: map[string]string{}, looked: map[string]bool{}}
			killed, patience := 0, 100*time.Millisecond
			for killed < *killings {
				told.Seed++
				if killAtWork(t, told, people, time.Duration(chance.Int64N(int64(patience)))) {
					killed++
					patience = patience * 5 / 4
				} else { // it was done before: less time for the next
					patience = max(patience*4/5, time.Millisecond)
				}
				holdsAll(t, told, people, backedUp)
			}
			t.Logf("%d of %d were killed before their end; %d people logged on", killed, told.Seed, len(people.stored))
		})
	}
}

// killAtWork has a process do its act and kills it after a time, and reports
// whether it had not ended before.
func killAtWork(t *testing.T, told spec, people *logons, after time.Duration) bool {
	t.Helper()
	worker := start(t, "upkeep", told)
	if err := worker.out.Decode(new(string)); err != nil { // it has opened the store
		t.Fatal(err)
	}
	done := make(chan struct{})
	ended := make(chan error, 1)
	go func() { ended <- people.drive(done) }()
	if err := worker.in.Encode("go"); err != nil {
		t.Fatal(err)
	}
	kill := time.AfterFunc(after, func() { worker.cmd.Process.Kill() })
	var reply outcome
	answered := worker.out.Decode(&reply) == nil
	kill.Stop()
	worker.kill()
	if answered && reply.Err != "" {
		t.Errorf("an act: %s", reply.Err)
	}
	close(done)
	if err := <-ended; err != nil {
		t.Fatalf("a logon: %v", err)
	}
	return !answered
}

func openKeyed(t testing.TB, told spec) *Store {
	t.Helper()
	s, err := Open(t.Context(), told.Path, practice, seal.KeyFile(told.Key))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// logons has people log on for the first time, and remembers their secrets.
type logons struct {
	worker *child
	stored map[string]string
	// beside are the secrets in stores that were replaced, by account, and looked
	// says in which of them.
	beside map[string]string
	looked map[string]bool
}

// drive has people log on until done is closed.
func (l *logons) drive(done <-chan struct{}) error {
	for {
		account := fmt.Sprintf("%s-%d", practice, 100+len(l.stored))
		var reply outcome
		if err := l.worker.ask(account, &reply); err != nil {
			return err
		}
		if reply.Err != "" {
			return errors.New(reply.Err)
		}
		l.stored[account] = string(reply.Secret)
		select {
		case <-done:
			return nil
		default:
		}
	}
}

// holdsAll holds that the store opens, is in order, and has every secret that
// was stored. A restored one has those of the backup, and what was replaced
// stands beside it with the others.
func holdsAll(t *testing.T, told spec, l *logons, backedUp map[string]string) {
	t.Helper()
	s, err := OpenExisting(t.Context(), told.Path, practice, seal.KeyFile(told.Key))
	if err != nil {
		t.Fatalf("the store does not open: %v", err)
	}
	defer s.Close()
	if _, err := s.VerifyLog(t.Context()); err != nil {
		t.Fatal(err)
	}
	whole(t, s)
	found := secretsOf(t, s)
	for account, secret := range backedUp {
		if found[account] != secret {
			t.Fatalf("the secret of %s is lost", account)
		}
	}
	if told.Act == "restore" {
		replaced, err := ReplacedBeside(told.Path)
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range replaced {
			if strings.HasSuffix(path, walSuffix) || strings.HasSuffix(path, indexSuffix) || strings.HasSuffix(path, lockSuffix) {
				continue
			}
			if !l.looked[path] {
				maps.Copy(l.beside, secretsBeside(t, told, path))
				l.looked[path] = true
			}
		}
		maps.Copy(found, l.beside)
	}
	for account, secret := range l.stored {
		if found[account] != secret {
			t.Fatalf("the secret of %s is lost", account)
		}
	}
}

// secretsBeside returns the secrets of a store that was replaced, read from a
// copy, because the name may still lead to the store itself.
func secretsBeside(t *testing.T, told spec, path string) map[string]string {
	t.Helper()
	dir := folder(t)
	copied := filepath.Join(dir, "tfa.db")
	putStore(t, copied, contentsElsewhere(t, path))
	s, err := OpenExisting(t.Context(), copied, practice, seal.KeyFile(told.Key))
	if err != nil {
		t.Fatalf("the replaced store %s does not open: %v", path, err)
	}
	defer s.Close()
	return secretsOf(t, s)
}
