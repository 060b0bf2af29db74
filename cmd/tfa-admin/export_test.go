package main

import (
	"context"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"evry.nl/tfa/cmd/internal/demo"
	"evry.nl/tfa/cmd/internal/migrationtest"
	"evry.nl/tfa/core/otp"
)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// Another implementation reads the migration codes as we mean them, whatever the
// issuer and however many accounts: also that a code is the first one, which
// is a 0 that protobuf would leave out.
func TestMigrationCodesAreReadByAnotherProgram(t *testing.T) {
	for name, test := range map[string]struct {
		issuer            string
		accounts, perCode int
		codes             int
	}{
		"one":        {"Evry", 1, 10, 1},
		"ten":        {"Jansen & Zn", 10, 10, 1},
		"eleven":     {"A+B zorg", 11, 10, 2},
		"by_fives":   {"Café 't Hoekje = 100%", 12, 5, 3},
		"no_issuer":  {"", 2, 5, 1},
		"long_names": {strings.Repeat("Praktijk ", 10), 10, 10, 2},
	} {
		t.Run(name, func(t *testing.T) {
			var want []otp.Key
			for i := range test.accounts {
				key, err := otp.ParseURI("otpauth://totp/" + strings.Repeat("x", i) + "?secret=" + otp.NewSecret().Base32())
				must(t, err)
				key.Issuer = strings.TrimSpace(test.issuer[:min(len(test.issuer), 40)])
				want = append(want, key)
			}
			id := otp.NewBatchID()
			var uris []string
			for _, batch := range otp.Batches(want, test.perCode, id) {
				uri, err := batch.URI()
				must(t, err)
				uris = append(uris, uri)
			}
			var got []otp.Key
			for i, code := range migrationtest.Read(t, uris...) {
				index, there := code.Numbers[4]
				if code.Numbers[2] != 1 || code.Numbers[3] != test.codes || !there || index != i || code.Numbers[5] != int(id) {
					t.Errorf("code %d: version, size, index and batch are %v", i, code.Numbers)
				}
				got = append(got, code.Keys(t)...)
			}
			same := func(a, b otp.Key) bool { return a.Label() == b.Label() && a.Secret.Equal(b.Secret) }
			if len(uris) != test.codes || !slices.EqualFunc(got, want, same) {
				t.Errorf("%d accounts in %d codes", len(got), len(uris))
			}
		})
	}
}

// What the command writes is what the store holds.
func TestExportIsReadByAnotherProgram(t *testing.T) {
	folder := t.TempDir()
	file, err := demo.Make(context.Background(), folder, "nl", time.Now())
	must(t, err)
	out := map[string]string{}
	for _, format := range []string{"otpauth", "migration"} {
		var text, told strings.Builder
		args := []string{"--config", file, "export", demo.Practice, "--secrets", "--format", format}
		if status := run(t.Context(), args, terminal{strings.NewReader(""), &text, &told}); status != exitDone {
			t.Fatalf("status %d, says %s", status, told.String())
		}
		out[format] = text.String()
	}
	var got []string
	for _, key := range migrationtest.Read(t, strings.Fields(out["migration"])...)[0].Keys(t) {
		uri, err := otp.URI(key.Issuer, key.Account, key.Secret)
		must(t, err)
		got = append(got, uri)
	}
	if want := strings.Fields(out["otpauth"]); len(want) < 3 || !slices.Equal(got, want) {
		t.Errorf("%d accounts, want %d, in %s", len(got), len(want), filepath.Base(file))
	}
}
