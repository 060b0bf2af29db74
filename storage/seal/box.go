package seal

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/binary"
	"errors"
	"fmt"
)

// boxVersion begins every sealed value, so that a later form can be told apart.
const boxVersion = 1

// ErrNotOpened says that a sealed value does not open: it was sealed with
// another key, for another place, or was changed since.
var ErrNotOpened = errors.New("the sealed value does not open with this key in this place")

// Place is where a sealed value stands. It opens nowhere else, so nobody gives
// an account the secret of another by copying a row.
type Place struct{ Practice, Table, Column, Row string }

// Box seals and opens values with one key, by AES-256-GCM with a random nonce.
type Box struct{ aead cipher.AEAD }

// NewBox returns the box of a key. Error: the key is zero.
func NewBox(key Key) (Box, error) {
	if key.IsZero() {
		return Box{}, errors.New("making a box: there is no key")
	}
	block, err := aes.NewCipher(key.key[:])
	if err != nil {
		return Box{}, fmt.Errorf("making a box: %w", err)
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return Box{}, fmt.Errorf("making a box: %w", err)
	}
	return Box{aead}, nil
}

// Seal returns plain as only Open can read it, at the same place.
func (b Box) Seal(plain []byte, at Place) []byte {
	return b.aead.Seal([]byte{boxVersion}, nil, plain, at.associated())
}

// Open returns what was sealed at that place. Error: ErrNotOpened.
func (b Box) Open(sealed []byte, at Place) ([]byte, error) {
	if len(sealed) == 0 || sealed[0] != boxVersion {
		return nil, ErrNotOpened
	}
	plain, err := b.aead.Open(nil, nil, sealed[1:], at.associated())
	if err != nil {
		return nil, ErrNotOpened // the cause says no more than this
	}
	return plain, nil
}

// associated is the data that binds a value to its place. Lengths stand before
// the names, so that no two places yield the same.
func (at Place) associated() []byte {
	data := []byte{boxVersion}
	for _, name := range []string{at.Practice, at.Table, at.Column, at.Row} {
		data = binary.BigEndian.AppendUint32(data, uint32(len(name)))
		data = append(data, name...)
	}
	return data
}
