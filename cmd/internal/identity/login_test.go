//go:build unix

package identity

import "testing"

func TestLoginBehindSudo(t *testing.T) {
	for text, want := range map[string]string{
		"":             "",
		"4294967295":   "", // no login began it
		"0\n":          "root",
		"4294967200\n": "uid 4294967200", // gone since
	} {
		if got := loginOf(text); got != want {
			t.Errorf("loginOf(%q) = %q, want %q", text, got, want)
		}
	}
}
