package otp

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base32"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// SecretSize is the length of a new secret in bytes: what RFC 4226 section 4
// recommends, and 32 base32 characters without padding, which every app reads.
const SecretSize = 20

var encoding = base32.StdEncoding.WithPadding(base32.NoPadding)

// Secret is the key that phone and server share. It prints as "[secret]" in
// every form, so that it reaches no log or error by accident; Base32 and Bytes
// are the only ways out. The zero Secret is empty and yields no code. == says
// whether two are copies of one; Equal compares keys.
type Secret struct {
	// A pointer, because fmt prints what an unexported field of a struct holds
	// without asking its Format.
	key *string
}

func secretOf(key []byte) Secret {
	text := string(key)
	return Secret{&text}
}

// NewSecret returns a secret of SecretSize bytes from crypto/rand.
func NewSecret() Secret {
	key := make([]byte, SecretSize)
	rand.Read(key) // never fails: crypto/rand ends the program instead
	return secretOf(key)
}

// NewBatchID returns a number that tells the migration codes of one batch from
// those of others: positive, as some apps ask of it.
func NewBatchID() int32 {
	var b [4]byte
	rand.Read(b[:])
	return int32(binary.BigEndian.Uint32(b[:])>>1 | 1)
}

// SecretFromBytes returns the secret of these bytes. Error: ErrEmptySecret.
func SecretFromBytes(key []byte) (Secret, error) {
	if len(key) == 0 {
		return Secret{}, ErrEmptySecret
	}
	return secretOf(key), nil
}

// ParseSecret reads what Base32 writes. Error: ErrEmptySecret, or that it is no
// base32; neither holds the text.
func ParseSecret(text string) (Secret, error) {
	key, err := encoding.DecodeString(text)
	if err != nil {
		return Secret{}, errors.New("a secret is not base32")
	}
	return SecretFromBytes(key)
}

// IsZero reports whether there is no secret.
func (s Secret) IsZero() bool { return s.key == nil }

// Equal reports whether two secrets are the same, in a time that tells nothing.
func (s Secret) Equal(other Secret) bool {
	return subtle.ConstantTimeCompare(s.Bytes(), other.Bytes()) == 1
}

// Bytes returns a copy of the key.
func (s Secret) Bytes() []byte {
	if s.key == nil {
		return nil
	}
	return []byte(*s.key)
}

// Base32 returns the key as apps take it: RFC 4648 base32, no padding.
func (s Secret) Base32() string { return encoding.EncodeToString(s.Bytes()) }

// Format implements fmt.Formatter for all verbs and hides the key.
func (s Secret) Format(f fmt.State, _ rune) { io.WriteString(f, "[secret]") }

// MarshalText implements encoding.TextMarshaler and hides the key, in JSON and
// in log/slog too.
func (s Secret) MarshalText() ([]byte, error) { return []byte("[secret]"), nil }
