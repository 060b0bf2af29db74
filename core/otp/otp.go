// Package otp makes and matches time-based one-time passwords (RFC 6238 over
// RFC 4226) in the one shape that every authenticator app honours: SHA-1,
// 6 digits, 30 seconds, a 20-byte secret.
package otp

import (
	"crypto/subtle"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/hotp"
)

const (
	// Period is the time step X of RFC 6238, section 4.1.
	Period = 30 * time.Second
	// Digits is the length of a code, RFC 4226 section 5.3.
	Digits = 6
)

// ErrEmptySecret is returned for every act on a secret of no bytes: pquerna/otp
// computes a code for it, which would be the same public code for everybody.
var ErrEmptySecret = errors.New("empty OTP secret")

// Step counts periods since the Unix epoch: T of RFC 6238, section 4.2.
type Step int64

// StepAt returns the step that t lies in.
func StepAt(t time.Time) Step {
	seconds, period := t.Unix(), int64(Period/time.Second)
	step := seconds / period
	if seconds%period < 0 { // Go rounds to zero, a step begins at its lower edge
		step--
	}
	return Step(step)
}

// Start returns the moment at which s begins, in UTC.
func (s Step) Start() time.Time {
	return time.Unix(int64(s)*int64(Period/time.Second), 0).UTC()
}

// Code returns the 6-digit code of the secret at step. Error: ErrEmptySecret,
// or that the step lies before the epoch.
func Code(secret Secret, step Step) (string, error) {
	if secret.IsZero() {
		return "", ErrEmptySecret
	}
	if step < 0 {
		return "", fmt.Errorf("step %d lies before the epoch", step)
	}
	return hotp.GenerateCodeCustom(secret.Base32(), uint64(step), hotp.ValidateOpts{
		Digits:    otp.DigitsSix,
		Algorithm: otp.AlgorithmSHA1,
	})
}

// Match returns every step from first to last whose code is the given one, in
// rising order; none is no error. It compares in constant time and never stops
// at a hit, so that the time taken tells nothing. Error: ErrEmptySecret.
func Match(secret Secret, code string, first, last Step) ([]Step, error) {
	var hits []Step
	for step := max(first, 0); step <= last; step++ {
		want, err := Code(secret, step)
		if err != nil {
			return nil, err
		}
		if subtle.ConstantTimeCompare([]byte(want), []byte(code)) == 1 {
			hits = append(hits, step)
		}
	}
	return hits, nil
}

// Typed returns what a person typed without white space: apps show "123 456".
func Typed(code string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) {
			return -1
		}
		return r
	}, code)
}

// IsDigits reports whether code consists of n decimal digits and nothing else.
func IsDigits(code string, n int) bool {
	if len(code) != n {
		return false
	}
	return strings.Trim(code, "0123456789") == ""
}
