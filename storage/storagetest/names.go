package storagetest

import (
	"context"
	"reflect"
	"testing"

	"pgregory.net/rapid"

	"evry.nl/tfa/core"
)

// named gives an account of the store another name, "" for none.
func named(t tb, s core.Store, account, name string) error {
	t.Helper()
	return s.ChangeAccount(context.Background(), account, func(_ *core.Practice, a *core.Account) ([]core.Event, error) {
		a.Name = name
		return about(account), nil
	})
}

// rename moves whatever an account can be, to and fro.
func rename(t *testing.T, open Open) {
	s := open(t)
	rapid.Check(t, func(rt *rapid.T) {
		account := accounts(name(1)).Draw(rt, "account")
		err := s.ChangeAccount(t.Context(), account.Name, func(_ *core.Practice, a *core.Account) ([]core.Event, error) {
			*a = account
			return about(a.Name), nil
		})
		if err != nil {
			rt.Fatal(err)
		}
		for _, step := range [][2]string{{name(1), name(2)}, {name(2), name(1)}} {
			if err := named(rt, s, step[0], step[1]); err != nil {
				rt.Fatal(err)
			}
			account.Name = step[1]
			if _, a := load(rt, s, step[1]); !reflect.DeepEqual(a, account) {
				rt.Fatalf("renamed, the account is\n%+v, not\n%+v", a, account)
			}
			if _, a := load(rt, s, step[0]); a.Known {
				rt.Fatalf("under the old name there still is %+v", a)
			}
		}
	})
}

func renameToTaken(t *testing.T, open Open) {
	s := open(t)
	store(t, s, name(1))
	store(t, s, name(2))
	before := stateOf(t, s)
	if err := named(t, s, name(1), name(2)); core.CodeOf(err) != core.Conflict {
		t.Errorf("a name that is taken returns %v", err)
	}
	unchanged(t, s, before)
}

func remove(t *testing.T, open Open) {
	s := open(t)
	store(t, s, name(1))
	store(t, s, name(2))
	if err := named(t, s, name(1), ""); err != nil {
		t.Fatal(err)
	}
	if _, accounts, err := s.View(t.Context()); err != nil || len(accounts) != 1 || accounts[0].Name != name(2) {
		t.Errorf("the store holds %+v, %v", accounts, err)
	}
	page, err := s.Events(t.Context(), core.Query{Account: name(1)})
	if n, verr := s.VerifyLog(t.Context()); err != nil || verr != nil || page.Total != 2 || n != 3 {
		t.Errorf("of its events there are %d, of %d that verify: %v, %v", page.Total, n, err, verr)
	}
	store(t, s, name(1)) // somebody gets the account later
	if _, a := load(t, s, name(1)); !reflect.DeepEqual(a, core.Account{Name: name(1), State: core.SecretNone, Known: true}) {
		t.Errorf("the account came back as %+v", a)
	}
}
