package core

import (
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"math/big"
	"time"
)

const (
	// HelperDigits is the length of a helper code.
	HelperDigits = 8
	// helperRounds are the rounds of PBKDF2-HMAC-SHA-256 that OWASP advises.
	// With them all 10^8 codes take longer to try than a code is valid.
	helperRounds = 600_000
	// helperTries is how many wrong helper codes void the one made, so that an
	// account which is locked for codes can't be guessed by this way.
	helperTries = 5
)

// HelperCode is what the store keeps of a helper code: never the code itself.
type HelperCode struct {
	Salt, Hash []byte
	Expires    time.Time
	// Tries counts the wrong helper codes since it was made.
	Tries int
}

// NewHelperCode makes a helper code and returns it with what to keep. The
// person reads the 8 digits out once; nobody can see them again.
func NewHelperCode(expires time.Time) (code string, kept HelperCode, err error) {
	n, err := rand.Int(rand.Reader, big.NewInt(100_000_000))
	if err != nil {
		return "", HelperCode{}, fmt.Errorf("making a helper code: %w", err)
	}
	code = fmt.Sprintf("%0*d", HelperDigits, n)
	kept = HelperCode{Salt: make([]byte, 16), Expires: expires}
	rand.Read(kept.Salt)
	kept.Hash, err = helperHash(code, kept.Salt)
	return code, kept, err
}

// open reports whether the code can still be used at now.
func (h HelperCode) open(now time.Time) bool {
	return len(h.Hash) == sha256.Size && h.Tries < helperTries && now.Before(h.Expires)
}

// try compares a typed code and counts a wrong one.
func (h *HelperCode) try(code string) (bool, error) {
	hash, err := helperHash(code, h.Salt)
	if err != nil {
		return false, err
	}
	if subtle.ConstantTimeCompare(hash, h.Hash) != 1 {
		h.Tries++
		return false, nil
	}
	return true, nil
}

func helperHash(code string, salt []byte) ([]byte, error) {
	hash, err := pbkdf2.Key(sha256.New, code, salt, helperRounds, sha256.Size)
	if err != nil {
		return nil, fmt.Errorf("hashing a helper code: %w", err)
	}
	return hash, nil
}
