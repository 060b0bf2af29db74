//go:build linux

package sqlite

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"evry.nl/tfa/core"
	"evry.nl/tfa/core/otp"
	"evry.nl/tfa/storage/seal"
)

// makeFixture makes testdata/schemaN.db of the newest schema N, once, before
// that schema is released: go test ./storage/sqlite -run Fixture -make-fixture
var makeFixture = flag.Bool("make-fixture", false, "make the fixture of the newest schema")

// Every store that was ever released can still be opened, and holds the same.
func TestEveryReleasedSchemaIsOpened(t *testing.T) {
	migrations, err := embedded()
	if err != nil {
		t.Fatal(err)
	}
	if *makeFixture {
		if err := writeFixture(fixture(len(migrations))); err != nil {
			t.Fatal(err)
		}
	}
	for schema := 1; schema <= len(migrations); schema++ {
		t.Run(fmt.Sprintf("schema_%d", schema), func(t *testing.T) {
			told := newSpec(t)
			for from, to := range map[string]string{fixture(schema) + ".db": told.Path, fixture(schema) + ".key": told.Key} {
				data := contents(t, from)
				if err := os.WriteFile(to, []byte(data), sharedMode); err != nil {
					t.Fatal(err)
				}
			}
			if err := os.Chmod(told.Path, sharedMode); err != nil { // the umask took bits
				t.Fatal(err)
			}
			s := mustOpen(t, told.Path, keyOf(t, told))
			holdsFixture(t, s)
			add(t, s, practice+"-3")
			if n, err := s.VerifyLog(t.Context()); n != 4 || err != nil {
				t.Errorf("%d events verify: %v", n, err)
			}
		})
	}
}

func fixture(schema int) string { return filepath.Join("testdata", fmt.Sprintf("schema%d", schema)) }

// Obviously fake, and every field set.
var (
	fixtureDay      = time.Date(2019, time.May, 15, 8, 28, 0, 123456000, time.UTC)
	fixturePractice = core.Practice{
		Name: practice, Enabled: true, EnabledAt: fixtureDay, EnabledBy: practice + "-1",
		LastDay: core.Date{Year: 2019, Month: time.May, Day: 29}, Mandatory: true, Seen: fixtureDay.Add(time.Hour),
	}
	fixtureAccount = core.Account{
		Name: practice + "-1", State: core.SecretActive, Generation: 2, Confirmed: true, LastLogon: fixtureDay, Failures: 3,
		LockedUntil: fixtureDay.Add(time.Minute), Spent: []otp.Step{51_930_000, 51_930_001}, Floor: 51_929_000, Known: true,
		Helper: core.HelperCode{Salt: []byte("fake salt"), Hash: []byte("fake hash"), Expires: fixtureDay.Add(time.Hour), Tries: 1},
	}
	fixtureEvents = []core.Event{
		{Seq: 1, At: fixtureDay, Kind: core.SwitchedOn, Actor: practice + "-1", Detail: core.Detail{"last_day": "2019-05-29"}},
		{Seq: 2, At: fixtureDay, Kind: core.LogonOTP, Actor: practice + "-1", Account: practice + "-1", Server: "RDS1", Session: "3", Client: "10.0.0.7"},
		{Seq: 3, At: fixtureDay, Kind: core.AccountAdded, Actor: "helpdesk kees", Account: practice + "-2"},
	}
)

// fakeSecret is the key of the test values of RFC 6238.
const fakeSecret = "12345678901234567890"

// writeFixture keeps what is above in a store of the newest schema.
func writeFixture(to string) error {
	dir, err := os.MkdirTemp("", "fixture")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	path, keyPath := filepath.Join(dir, "tfa.db"), filepath.Join(dir, "tfa.key")
	if err := seal.CreateKeyFile(keyPath); err != nil {
		return err
	}
	key, err := seal.LoadKeyFile(keyPath)
	if err != nil {
		return err
	}
	s, err := Open(context.Background(), path, practice, key)
	if err != nil {
		return err
	}
	err = s.ChangeAccount(context.Background(), fixtureAccount.Name, func(p *core.Practice, a *core.Account) ([]core.Event, error) {
		secret, err := otp.SecretFromBytes([]byte(fakeSecret))
		*p, *a = fixturePractice, fixtureAccount
		a.Secret = secret
		return fixtureEvents[:2], err
	})
	if err != nil {
		return err
	}
	err = s.ChangeAccount(context.Background(), practice+"-2", func(*core.Practice, *core.Account) ([]core.Event, error) {
		return fixtureEvents[2:], nil
	})
	if err != nil {
		return err
	}
	if err := s.Close(); err != nil {
		return err
	}
	for from, to := range map[string]string{path: to + ".db", keyPath: to + ".key"} {
		data, err := os.ReadFile(from)
		if err != nil {
			return err
		}
		if err := os.WriteFile(to, data, 0o644); err != nil {
			return err
		}
	}
	return nil
}

func holdsFixture(t *testing.T, s *Store) {
	t.Helper()
	var account core.Account
	err := s.ChangeAccount(t.Context(), fixtureAccount.Name, func(_ *core.Practice, a *core.Account) ([]core.Event, error) {
		account = *a
		return nil, nil
	})
	if err != nil || string(account.Secret.Bytes()) != fakeSecret {
		t.Fatalf("the secret does not come back: %v", err)
	}
	account.Secret = otp.Secret{}
	if !reflect.DeepEqual(account, fixtureAccount) {
		t.Errorf("the account came back as\n%+v", account)
	}
	p, accounts, err := s.View(t.Context())
	if err != nil || p != fixturePractice || len(accounts) != 2 || accounts[1].Name != practice+"-2" || accounts[1].State != core.SecretNone {
		t.Errorf("got\n%+v\n%+v, %v", p, accounts, err)
	}
	if log := wholeLog(t, s); !reflect.DeepEqual(log, fixtureEvents) {
		t.Errorf("the log came back as\n%+v", log)
	}
}
