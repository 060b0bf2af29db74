package otp

import (
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
)

// Sizes of a secret that comes from elsewhere, in bytes.
const (
	// shortest is what RFC 4226 section 4, requirement R6, asks for.
	shortest = 16
	// longest is the block of SHA-1: apps differ about what is longer.
	longest = 64
)

// longestText bounds what the parsers take: far more than any QR code holds.
const longestText = 1 << 16

// Key is what a key URI, or one entry of a migration code, says of an account.
type Key struct {
	Issuer, Account string
	Secret          Secret
}

// Label returns how people name the key: issuer:account.
func (k Key) Label() string {
	if k.Issuer == "" {
		return k.Account
	}
	return k.Issuer + ":" + k.Account
}

// ParseURI reads an otpauth key URI, as other programs write it: issuers in
// either place, padding, '&amp;' from a mail. A code that this product can't
// make is refused, never taken for another one. The error says what is not
// supported, and holds nothing of the text; the key that comes with it has what
// could be read of issuer and account, and no secret. Of a text that has no
// secret in its place, or one in its names too, the names are left out.
func ParseURI(text string) (Key, error) {
	uri, query, err := split(text)
	if err != nil {
		return Key{}, err
	}
	if !strings.EqualFold(uri.Scheme, "otpauth") {
		return Key{}, errors.New("it does not begin with otpauth://")
	}
	var key Key
	if !tells(uri.Path+" "+query.Get("issuer"), query.Get("secret")) {
		key.Issuer = label(query.Get("issuer"), maxIssuer)
		key.Account = key.account(strings.TrimPrefix(uri.Path, "/"))
	}
	for name := range query {
		if len(query[name]) > 1 {
			return key, errors.New("a parameter is there twice")
		}
	}
	switch strings.ToLower(uri.Host) {
	case "totp":
	case "hotp":
		return key, errors.New("codes by counter (HOTP) are not supported, only codes by time (TOTP)")
	default:
		return key, errors.New("it is no code by time (TOTP)")
	}
	if err := supported(query); err != nil {
		return key, err
	}
	key.Secret, err = secretFromText(query.Get("secret"))
	return key, err
}

// tells reports whether names may hold a secret, as in a text that lacks its '?'
// or was put together wrongly: names are shown, and stand in errors. Secret is
// that of the text in base32, "" if it has none where it belongs.
func tells(names, secret string) bool {
	names, secret = strings.ToUpper(label(names, longestText)), spaceless(strings.ToUpper(secret))
	return secret == "" || strings.Contains(names, "SECRET=") || strings.Contains(spaceless(names), secret)
}

// spaceless takes out what people and programs put between the letters of a
// secret, and after them.
func spaceless(text string) string {
	return strings.NewReplacer(" ", "", "-", "", "=", "").Replace(text)
}

// split parses a URI without ever putting it into an error.
func split(text string) (*url.URL, url.Values, error) {
	if len(text) > longestText {
		return nil, nil, errors.New("it is too long")
	}
	uri, err := url.Parse(strings.ReplaceAll(strings.TrimSpace(text), "&amp;", "&"))
	if err != nil {
		return nil, nil, errors.New("it is no URI")
	}
	query, err := url.ParseQuery(uri.RawQuery)
	if err != nil {
		return nil, nil, errors.New("its parameters can't be read")
	}
	return uri, query, nil
}

// account returns the account of a label "issuer:account", and takes the issuer
// from there if nothing else named one. The two issuers of one URI may differ.
func (k *Key) account(text string) string {
	issuer, account, both := strings.Cut(text, ":")
	if !both {
		return label(text, maxAccount)
	}
	if k.Issuer == "" {
		k.Issuer = label(issuer, maxIssuer)
	}
	return label(account, maxAccount)
}

// supported refuses every parameter that makes other codes than ours.
func supported(query url.Values) error {
	switch strings.ToUpper(strings.ReplaceAll(query.Get("algorithm"), "-", "")) {
	case "", "SHA1", "HMACSHA1":
	case "SHA256", "HMACSHA256":
		return errAlgorithm("SHA-256")
	case "SHA512", "HMACSHA512":
		return errAlgorithm("SHA-512")
	case "MD5", "HMACMD5":
		return errAlgorithm("MD5")
	default:
		return errAlgorithm("another one")
	}
	if err := fixed(query.Get("digits"), Digits, "codes of %s digits are not supported, only of %d"); err != nil {
		return err
	}
	return fixed(query.Get("period"), int(Period.Seconds()), "a new code every %s seconds is not supported, only every %d")
}

func errAlgorithm(name string) error {
	return fmt.Errorf("the algorithm is %s, and only SHA-1 is supported", name)
}

// fixed refuses a number that is not the one we have; none stands for it.
func fixed(text string, ours int, format string) error {
	n, err := strconv.ParseUint(text, 10, 16)
	switch {
	case text == "" || err == nil && n == uint64(ours):
		return nil
	case err != nil:
		return fmt.Errorf(format, "a wrong number of", ours)
	}
	return fmt.Errorf(format, strconv.FormatUint(n, 10), ours)
}

// secretFromText reads base32 as people write it.
func secretFromText(text string) (Secret, error) {
	text = spaceless(text)
	key, err := encoding.DecodeString(strings.ToUpper(text))
	if err != nil || encoding.EncodedLen(len(key)) != len(text) { // a letter too many is ignored by Go
		return Secret{}, errors.New("the secret is no base32")
	}
	return imported(key)
}

// imported returns the secret of bytes that come from elsewhere.
func imported(key []byte) (Secret, error) {
	switch {
	case len(key) == 0:
		return Secret{}, errors.New("there is no secret")
	case len(key) < shortest:
		return Secret{}, fmt.Errorf("the secret has %d bytes, and at least %d are needed to be safe", len(key), shortest)
	case len(key) > longest:
		return Secret{}, fmt.Errorf("the secret has %d bytes, and apps differ about more than %d", len(key), longest)
	}
	return SecretFromBytes(key)
}
