//go:build linux

package sqlite

import (
	"context"
	"encoding/base32"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"testing/cryptotest"
	"time"

	"evry.nl/tfa/core"
	"evry.nl/tfa/core/otp"
)

// readable returns the form in which a secret can be read in bytes; "" if none.
func readable(bytes, secret string) string {
	key := []byte(secret)
	lower := strings.ToLower(bytes)
	for form, text := range map[string]string{
		"bytes":  secret,
		"base32": base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(key),
		"base64": base64.RawStdEncoding.EncodeToString(key),
		"hex":    hex.EncodeToString(key),
	} {
		if strings.Contains(bytes, text) || strings.Contains(lower, strings.ToLower(text)) {
			return form
		}
	}
	return ""
}

// readableCode reports whether a code stands in bytes by itself: as a part of a
// longer number it is chance.
func readableCode(bytes, code string) bool {
	return regexp.MustCompile(`(^|[^0-9])` + code + `($|[^0-9])`).MatchString(bytes)
}

// contentsElsewhere returns all bytes of a file of an open store. Another
// process reads it: closing a descriptor here would drop SQLite's locks.
func contentsElsewhere(t testing.TB, path string) string {
	t.Helper()
	data, err := exec.Command("cat", path).Output()
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func date(t testing.TB, text string) core.Date {
	t.Helper()
	d, err := core.ParseDate(text)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func instant(t testing.TB, text string) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

func count(t testing.TB, text string) int {
	t.Helper()
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// life is an account's life, with all that must not be written down.
type life struct {
	secrets, codes, helperCodes []string
	said                        []string // errors and whatever else a log could get
}

// live takes an account through everything that touches a secret or code.
func live(t *testing.T, s *Store) life {
	t.Helper()
	var l life
	ctx, who, desk := context.Background(), core.Actor{Account: practice + "-1"}, core.Actor{Account: "kees", Helpdesk: true}
	now := testNow
	rules := core.DefaultRules()
	rules.Lockout.Attempts = 3 // the wrong helper code below is the third
	direct := core.Direct{Store: s, Rules: rules, Now: func() time.Time { return now }}
	gate, tool, helpdesk := core.Gate{Direct: direct}, core.Tool{Direct: direct}, core.Helpdesk{Direct: direct}
	say := func(things ...any) { l.said = append(l.said, fmt.Sprintf("%v %+v %#v", things, things, things)) }
	verify := func(code string) {
		l.codes = append(l.codes, code)
		verdict, err := gate.Verify(ctx, who, code)
		say(verdict, err)
	}
	for range 2 {
		secret := enrolled(t, s, who.Account, now)
		l.secrets = append(l.secrets, string(secret.Bytes()))
		for _, steps := range []otp.Step{0, 0, 1, 10, 1000} { // right, spent, next, drifted, wrong
			code, err := otp.Code(secret, otp.StepAt(now)+steps)
			if err != nil {
				t.Fatal(err)
			}
			verify(code)
		}
		shown, err := tool.Show(ctx, who, who.Account)
		say(shown.Account, shown.Secret, err)
		_, err = tool.Copy(ctx, who, who.Account, core.CopySecret)
		say(err)
		helperCode, err := helpdesk.HelperCode(ctx, desk, who.Account, time.Hour)
		say(err)
		l.helperCodes = append(l.helperCodes, helperCode)
		verify("12345678")
		verify(helperCode)
		verdict, err := gate.Skip(ctx, who)
		say(verdict, err)
		say(tool.Reset(ctx, who, who.Account), tool.Reset(ctx, who, who.Account))
		now = now.Add(time.Hour)
	}
	last := enrolled(t, s, who.Account, now)
	l.secrets = append(l.secrets, string(last.Bytes()))
	tamper(t, s.path, "UPDATE account SET secret = zeroblob(60)")
	_, err := gate.Prompt(ctx, who)
	wantSentence(t, err, "store.secret")
	say(err)
	return l
}

func TestNoSecretAndNoCodeCanBeReadAnywhere(t *testing.T) {
	cryptotest.SetGlobalRandom(t, 1) // no code that the file holds by chance on one day
	told := newSpec(t)
	s := mustOpen(t, told.Path, keyOf(t, told))
	l := live(t, s)
	log, err := json.Marshal(wholeLog(t, s))
	if err != nil {
		t.Fatal(err)
	}
	for _, kind := range []core.Kind{core.LogonOTP, core.LogonHelper, core.LogonRefused, core.AccountLock, core.CopiedSecret, core.ShownAtLogon} {
		if !strings.Contains(string(log), string(kind)) {
			t.Errorf("this account never met %s", kind)
		}
	}
	places := map[string]string{
		"the log": string(log), "what was said": strings.Join(l.said, "\n"),
		"the file": contentsElsewhere(t, s.path), "the -wal": contentsElsewhere(t, s.path+walSuffix),
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	places["the closed file"] = contents(t, s.path)
	for place, bytes := range places {
		for _, secret := range l.secrets {
			if form := readable(bytes, secret); form != "" {
				t.Errorf("%s holds a secret, as %s", place, form)
			}
		}
		for _, code := range append(l.codes, l.helperCodes...) {
			if code != "12345678" && readableCode(bytes, code) {
				t.Errorf("%s holds the code %s", place, code)
			}
		}
	}
}

// Cleared secrets are sealed, and yet not left in the free space.
func TestAClearedSecretLeavesTheFile(t *testing.T) {
	told := newSpec(t)
	s := mustOpen(t, told.Path, keyOf(t, told))
	tool := core.Tool{Direct: core.Direct{Store: s, Rules: core.DefaultRules(), Now: func() time.Time { return testNow }}}
	const accounts = 40 // several pages
	for n := range accounts {
		enrolled(t, s, fmt.Sprintf("%s-%d", practice, n), testNow)
	}
	cleared := sealedSecrets(t, s)
	for n := range accounts {
		account := fmt.Sprintf("%s-%d", practice, n)
		if err := tool.Reset(t.Context(), core.Actor{Account: account}, account); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	left, file := 0, contents(t, told.Path)
	for _, sealed := range cleared {
		if strings.Contains(file, sealed) {
			left++
		}
	}
	if left > 0 || len(cleared) != accounts {
		t.Errorf("%d of %d cleared secrets are still in the file, sealed", left, len(cleared))
	}
}

func sealedSecrets(t *testing.T, s *Store) (sealed []string) {
	t.Helper()
	rows, err := s.open.db.Query("SELECT secret FROM account")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var secret []byte
		if err := rows.Scan(&secret); err != nil {
			t.Fatal(err)
		}
		sealed = append(sealed, string(secret))
	}
	return sealed
}
