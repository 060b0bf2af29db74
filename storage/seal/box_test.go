package seal

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// somePlace is where the values of these tests stand.
var somePlace = Place{Practice: "EV-0000", Table: "account", Column: "secret", Row: "EV-0000-1"}

func newBox(t testing.TB) Box {
	t.Helper()
	box, err := NewBox(NewKey())
	if err != nil {
		t.Fatal(err)
	}
	return box
}

func TestASealedValueOpensInItsPlace(t *testing.T) {
	box := newBox(t)
	rapid.Check(t, func(t *rapid.T) {
		plain := rapid.SliceOf(rapid.Byte()).Draw(t, "plain")
		sealed := box.Seal(plain, somePlace)
		if opened, err := box.Open(sealed, somePlace); err != nil || !bytes.Equal(opened, plain) {
			t.Fatalf("%x opens as %x: %v", plain, opened, err)
		}
		if len(plain) > 3 && bytes.Contains(sealed, plain) {
			t.Fatalf("%x can be read in %x", plain, sealed)
		}
		if bytes.Equal(sealed, box.Seal(plain, somePlace)) {
			t.Fatal("sealing twice yields the same")
		}
	})
}

func TestASealedValueOpensNowhereElse(t *testing.T) {
	box := newBox(t)
	sealed := box.Seal([]byte("12345678901234567890"), somePlace)
	for name, place := range map[string]Place{
		"another_practice": {"EV-0001", "account", "secret", "EV-0000-1"},
		"another_table":    {"EV-0000", "practice", "secret", "EV-0000-1"},
		"another_column":   {"EV-0000", "account", "helper_hash", "EV-0000-1"},
		"another_row":      {"EV-0000", "account", "secret", "EV-0000-2"},
		"names_run_on":     {"EV-0000account", "", "secret", "EV-0000-1"},
		"names_shifted":    {"EV-0000", "accounts", "ecret", "EV-0000-1"},
		"no_place":         {},
	} {
		if plain, err := box.Open(sealed, place); !errors.Is(err, ErrNotOpened) || plain != nil {
			t.Errorf("%s: opens as %q, %v", name, plain, err)
		}
	}
	if plain, err := newBox(t).Open(sealed, somePlace); !errors.Is(err, ErrNotOpened) || plain != nil {
		t.Errorf("another key opens it as %q, %v", plain, err)
	}
	for i := range sealed {
		changed := bytes.Clone(sealed)
		changed[i] ^= 1
		if _, err := box.Open(changed, somePlace); !errors.Is(err, ErrNotOpened) {
			t.Errorf("it opens with byte %d changed: %v", i, err)
		}
	}
}

func FuzzOpen(f *testing.F) {
	box := newBox(f)
	sealed := box.Seal([]byte("secret"), somePlace)
	f.Add(sealed)
	f.Add(sealed[:len(sealed)-1])
	f.Add([]byte{boxVersion})
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, value []byte) {
		plain, err := box.Open(value, somePlace)
		if bytes.Equal(value, sealed) {
			if err != nil || string(plain) != "secret" {
				t.Fatalf("got %q, %v", plain, err)
			}
			return
		}
		if !errors.Is(err, ErrNotOpened) || plain != nil {
			t.Fatalf("%x opens as %q, %v", value, plain, err)
		}
	})
}

func FuzzParseKey(f *testing.F) {
	key := NewKey()
	f.Add(keyTag + " " + base64.StdEncoding.EncodeToString(key.key[:]) + "\n")
	f.Add(keyTag + " AAAA")
	f.Add("")
	f.Fuzz(func(t *testing.T, text string) {
		key, err := parseKey(text)
		if (err == nil) == key.IsZero() {
			t.Fatalf("%q is read as a key: %v, and the error is %v", text, !key.IsZero(), err)
		}
	})
}

func TestNoKeyMakesNoBox(t *testing.T) {
	if _, err := NewBox(Key{}); err == nil {
		t.Error("the zero key makes a box")
	}
}

func TestAKeyIsHiddenInEveryForm(t *testing.T) {
	key := NewKey()
	wrapped := struct{ K *Key }{&key}
	hidden := struct{ k Key }{key}
	asJSON, err := json.Marshal(wrapped)
	if err != nil {
		t.Fatal(err)
	}
	var log strings.Builder
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "key", key, "pointer", &key)
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "key", key, "pointer", &key)
	out := fmt.Sprintf("%v %+v %#v %s %q %x %X %d %o %v %+v %#v %x", key, key, key, key, key, key, key, key, wrapped, hidden, hidden, hidden, hidden) + string(asJSON) + log.String()
	for _, leak := range []string{
		string(key.key[:4]), hex.EncodeToString(key.key[:4]), strings.ToUpper(hex.EncodeToString(key.key[:4])),
		base64.StdEncoding.EncodeToString(key.key[:3]), strings.Trim(fmt.Sprint(key.key[:4]), "[]"),
	} {
		if strings.Contains(out, leak) {
			t.Errorf("the key shows in %q", out)
		}
	}
}
