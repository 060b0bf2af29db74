package otp

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"testing"
	"time"

	pquerna "github.com/pquerna/otp"
	"pgregory.net/rapid"
)

// rfcSecret is the key of both RFCs' test values: "12345678901234567890".
func rfcSecret(t testing.TB) Secret {
	t.Helper()
	s, err := SecretFromBytes([]byte("12345678901234567890"))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestCodesOfRFC4226AppendixD(t *testing.T) {
	want := []string{"755224", "287082", "359152", "969429", "338314", "254676", "287922", "162583", "399871", "520489"}
	for counter, code := range want {
		if got, err := Code(rfcSecret(t), Step(counter)); err != nil || got != code {
			t.Errorf("counter %d: got %s, %v, want %s", counter, got, err, code)
		}
	}
}

// The RFC prints 8 digits; a 6-digit code is the last 6 of them, because both
// are the same number modulo a power of ten.
func TestCodesOfRFC6238AppendixB(t *testing.T) {
	for seconds, eight := range map[int64]string{
		59: "94287082", 1111111109: "07081804", 1111111111: "14050471",
		1234567890: "89005924", 2000000000: "69279037", 20000000000: "65353130",
	} {
		step := StepAt(time.Unix(seconds, 0))
		if got, err := Code(rfcSecret(t), step); err != nil || got != eight[2:] {
			t.Errorf("T=%d: got %s, %v, want %s", seconds, got, err, eight[2:])
		}
	}
}

func TestStep(t *testing.T) {
	for seconds, want := range map[int64]Step{0: 0, 29: 0, 30: 1, 59: 1, 60: 2, -1: -1, -30: -1, -31: -2} {
		if got := StepAt(time.Unix(seconds, 0)); got != want {
			t.Errorf("StepAt(%d s) = %d, want %d", seconds, got, want)
		}
	}
	if _, err := Code(rfcSecret(t), -1); err == nil {
		t.Error("a step before the epoch has a code")
	}
	rapid.Check(t, func(t *rapid.T) {
		at := time.Unix(rapid.Int64Range(-1e12, 1e12).Draw(t, "seconds"), 0)
		start := StepAt(at).Start()
		if start.After(at) || at.Sub(start) >= Period {
			t.Fatalf("%v does not lie in the step that begins at %v", at, start)
		}
	})
}

func TestMatchFindsEachStepOfTheWindow(t *testing.T) {
	secret := rfcSecret(t)
	for step := Step(1); step <= 3; step++ {
		code, _ := Code(secret, step)
		hits, err := Match(secret, code, 1, 3)
		if err != nil || len(hits) != 1 || hits[0] != step {
			t.Errorf("step %d: got %v, %v", step, hits, err)
		}
	}
	outside, _ := Code(secret, 4)
	if hits, _ := Match(secret, outside, 1, 3); hits != nil {
		t.Errorf("a code outside the window matched steps %v", hits)
	}
}

func TestEmptySecretIsRefused(t *testing.T) {
	_, code := Code(Secret{}, 1)
	_, match := Match(Secret{}, "743009", 1, 1)
	_, uri := URI("Evry", "EV-0000-1", Secret{})
	_, bytes := SecretFromBytes(nil)
	for name, err := range map[string]error{"Code": code, "Match": match, "URI": uri, "SecretFromBytes": bytes} {
		if !errors.Is(err, ErrEmptySecret) {
			t.Errorf("%s: got %v, want ErrEmptySecret", name, err)
		}
	}
}

func TestNewSecretsDiffer(t *testing.T) {
	a, b := NewSecret(), NewSecret()
	if len(a.Bytes()) != SecretSize || len(a.Base32()) != 32 || a.Equal(b) {
		t.Errorf("secrets of %d bytes, %d characters, equal: %v", len(a.Bytes()), len(a.Base32()), a.Equal(b))
	}
}

func TestSecretIsHiddenInEveryForm(t *testing.T) {
	secret := rfcSecret(t)
	wrapped := struct{ S *Secret }{&secret}
	hidden := struct{ s Secret }{secret}
	asJSON, err := json.Marshal(wrapped)
	if err != nil {
		t.Fatal(err)
	}
	var log strings.Builder
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "secret", secret, "pointer", &secret)
	out := fmt.Sprintf("%v %+v %#v %s %q %x %d %v %+v %#v", secret, secret, secret, secret, secret, secret, secret, hidden, hidden, hidden) + string(asJSON) + log.String()
	for _, leak := range []string{secret.Base32(), "1234567890", "3132333435"} {
		if strings.Contains(out, leak) {
			t.Errorf("the secret shows in %s", out)
		}
	}
}

func TestURIIsReadBackBySecondImplementation(t *testing.T) {
	for _, issuer := range []string{"Evry", "Jansen & Zn", "A+B zorg", "Café 't Hoekje", "Fysio's", "100%", "a/b", "x=y", `PRAKTIJK\jan`, "a?b#c"} {
		for _, account := range []string{"EV-0000-1", "jan & piet+1=2", "ü/ö"} {
			text, err := URI(issuer, account, rfcSecret(t))
			if err != nil {
				t.Fatal(err)
			}
			key, err := pquerna.NewKeyFromURL(text)
			if err != nil {
				t.Fatalf("%s: %v", text, err)
			}
			if key.Issuer() != issuer || key.AccountName() != account || key.Secret() != rfcSecret(t).Base32() || key.Period() != 30 || key.Type() != "totp" {
				t.Errorf("%s reads as issuer %q, account %q", text, key.Issuer(), key.AccountName())
			}
			parsed, err := url.Parse(text)
			if err != nil || parsed.Query().Get("issuer") != issuer || parsed.Path != "/"+issuer+":"+account {
				t.Errorf("%s parses as %v, %v", text, parsed, err)
			}
			if strings.Contains(text, "+") {
				t.Errorf("%s has a '+', which some apps show as it stands", text)
			}
		}
	}
}

func TestURIKeepsTheSeparatorForItself(t *testing.T) {
	text, err := URI("Tandarts: Kees", "a:b\n", rfcSecret(t))
	if err != nil {
		t.Fatal(err)
	}
	key, err := pquerna.NewKeyFromURL(text)
	if err != nil || key.Issuer() != "Tandarts- Kees" || key.AccountName() != "a-b" {
		t.Errorf("%s reads as issuer %q, account %q, %v", text, key.Issuer(), key.AccountName(), err)
	}
	long, err := URI(strings.Repeat("é", 500), strings.Repeat("x", 500), rfcSecret(t))
	if err != nil || len(long) > 700 {
		t.Errorf("a long issuer makes a URI of %d bytes, %v", len(long), err)
	}
}

func FuzzURI(f *testing.F) {
	f.Add("Jansen & Zn", "EV-0000-1")
	f.Add(":", "\x00%zz")
	f.Fuzz(func(t *testing.T, issuer, account string) {
		text, err := URI(issuer, account, rfcSecret(t))
		if err != nil {
			t.Fatal(err)
		}
		key, err := pquerna.NewKeyFromURL(text)
		if err != nil || key.Secret() != rfcSecret(t).Base32() {
			t.Fatalf("%q is not read back: %v", text, err)
		}
	})
}

func TestTyped(t *testing.T) {
	if got := Typed(" 123 456\u00a0\t\n"); got != "123456" {
		t.Errorf("got %q", got)
	}
	for code, want := range map[string]bool{"123456": true, "12345": false, "12345a": false, "１２３４５６": false, "": false, "-12345": false} {
		if IsDigits(code, 6) != want {
			t.Errorf("IsDigits(%q) = %v", code, !want)
		}
	}
}

func BenchmarkMatch(b *testing.B) {
	secret := rfcSecret(b)
	for b.Loop() {
		Match(secret, "000000", 1000, 1040)
	}
}
