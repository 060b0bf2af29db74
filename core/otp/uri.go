package otp

import (
	"net/url"
	"strings"
	"unicode"
)

// Longest issuer and account in a URI, in runes: longer ones make a QR code
// that a phone reads badly across a desk.
const (
	maxIssuer  = 40
	maxAccount = 60
)

// URI returns the otpauth key URI that a QR code carries. The issuer stands in
// the label and in the parameter, as apps expect. A ':' separates the two in
// the label, so it is replaced inside them; '&', '+' and '=' are escaped, which
// pquerna/otp does not do. Error: ErrEmptySecret.
func URI(issuer, account string, secret Secret) (string, error) {
	if secret.IsZero() {
		return "", ErrEmptySecret
	}
	issuer, account = label(issuer, maxIssuer), label(account, maxAccount)
	prefix, parameter := "", ""
	if issuer != "" {
		prefix, parameter = escape(issuer)+":", "&issuer="+escape(issuer)
	}
	return "otpauth://totp/" + prefix + escape(account) + "?secret=" + secret.Base32() +
		parameter + "&algorithm=SHA1&digits=6&period=30", nil
}

// label makes s fit for a key URI.
func label(s string, longest int) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsControl(r):
			return -1
		case r == ':':
			return '-'
		}
		return r
	}, strings.ToValidUTF8(s, ""))
	if runes := []rune(s); len(runes) > longest {
		s = string(runes[:longest])
	}
	return strings.TrimSpace(s)
}

// escape is percent-encoding with %20 for a space: some apps show a '+' as it
// stands.
func escape(s string) string {
	return strings.ReplaceAll(url.QueryEscape(s), "+", "%20")
}
