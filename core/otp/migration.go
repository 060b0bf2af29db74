package otp

import (
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"net/url"
	"strings"
)

// A migration code is the QR code by which Google Authenticator hands over
// several accounts at once: otpauth-migration://offline?data=… with a protobuf
// message in base64. Nobody has published the format; these are the fields that
// Aegis, dim13/otpauth and others read and write alike.
const (
	fieldKey     = 1 // of the message: one OtpParameters each
	fieldVersion = 2
	fieldSize    = 3 // how many codes the batch has
	fieldIndex   = 4 // which of them this is, from 0
	fieldBatch   = 5 // the same number in all of them

	fieldSecret    = 1 // of OtpParameters: bytes, no base32
	fieldName      = 2
	fieldIssuer    = 3
	fieldAlgorithm = 4
	fieldDigits    = 5
	fieldType      = 6
)

// Values of OtpParameters. Of each, 0 is "unspecified", which readers take for
// ours. A period can't be written: it is 30 seconds.
const (
	algorithmSHA1 = 1
	digitsSix     = 1
	typeHOTP      = 1
	typeTOTP      = 2
)

// mostText is how long the text of a migration code gets. Version 22 of a QR code
// holds 1,003 characters at recovery level low, and somewhat fewer where an
// encoder cuts the text into pieces of several modes. Version 23 of that level is
// unreadable for jsQR, which many scanners are made of.
const mostText = 975

// mostCodes bounds the codes of a batch that is read.
const mostCodes = 1000

// Batch is one of the migration codes that together hand over some accounts.
type Batch struct {
	// ID is the same in all codes of a batch, positive.
	ID int32
	// Index says which code of Size this is, from 0.
	Index, Size int
	Keys        []Key
}

// Batches spreads keys over migration codes of at most so many keys each; fewer
// where the text would become too long. Keys without a secret are an error of
// URI.
func Batches(keys []Key, perCode int, id int32) []Batch {
	var batches []Batch
	for len(keys) > 0 {
		n := min(max(perCode, 1), len(keys))
		for n > 1 && len(Batch{ID: id, Index: mostCodes, Size: mostCodes, Keys: keys[:n]}.text()) > mostText {
			n--
		}
		batches = append(batches, Batch{ID: id, Index: len(batches), Keys: keys[:n]})
		keys = keys[n:]
	}
	for i := range batches {
		batches[i].Size = len(batches)
	}
	return batches
}

// URI returns the text of the QR code. Error: ErrEmptySecret.
func (b Batch) URI() (string, error) {
	for _, key := range b.Keys {
		if key.Secret.IsZero() {
			return "", ErrEmptySecret
		}
	}
	return b.text(), nil
}

func (b Batch) text() string {
	var message []byte
	for _, key := range b.Keys {
		var entry []byte
		entry = appendBytes(entry, fieldSecret, key.Secret.Bytes())
		entry = appendBytes(entry, fieldName, []byte(label(key.Account, maxAccount)))
		entry = appendBytes(entry, fieldIssuer, []byte(label(key.Issuer, maxIssuer)))
		entry = appendNumber(entry, fieldAlgorithm, algorithmSHA1)
		entry = appendNumber(entry, fieldDigits, digitsSix)
		entry = appendNumber(entry, fieldType, typeTOTP)
		message = appendBytes(message, fieldKey, entry)
	}
	message = appendNumber(message, fieldVersion, 1)
	message = appendNumber(message, fieldSize, uint64(b.Size))
	// Also when it is 0, which protobuf would leave out: without it an iPhone
	// takes the first code and refuses the others.
	message = appendNumber(message, fieldIndex, uint64(b.Index))
	message = appendNumber(message, fieldBatch, uint64(b.ID))
	return "otpauth-migration://offline?data=" + url.QueryEscape(base64.StdEncoding.EncodeToString(message))
}

// The wire types of protobuf that are in use, and two that are passed over.
const (
	wireNumber = 0
	wire64     = 1
	wireBytes  = 2
	wire32     = 5
)

func appendNumber(b []byte, field int, value uint64) []byte {
	return binary.AppendUvarint(binary.AppendUvarint(b, uint64(field<<3|wireNumber)), value)
}

func appendBytes(b []byte, field int, value []byte) []byte {
	b = binary.AppendUvarint(binary.AppendUvarint(b, uint64(field<<3|wireBytes)), uint64(len(value)))
	return append(b, value...)
}

// ParseMigration reads the text of a migration code. An entry that this product
// can't make codes of is an error that names it; several are joined
// (errors.Join). No error holds a secret.
func ParseMigration(text string) (Batch, error) {
	uri, query, err := split(text)
	if err != nil {
		return Batch{}, err
	}
	if !strings.EqualFold(uri.Scheme, "otpauth-migration") || !strings.EqualFold(uri.Host, "offline") {
		return Batch{}, errors.New("it does not begin with otpauth-migration://offline")
	}
	// A '+' that was not escaped reads as a space; some write base64 for URLs.
	data := strings.NewReplacer(" ", "+", "-", "+", "_", "/", "=", "").Replace(query.Get("data"))
	message, err := base64.RawStdEncoding.DecodeString(data)
	if err != nil {
		return Batch{}, errors.New("its data is no base64: it may have been cut off")
	}
	return parseBatch(message)
}

func parseBatch(message []byte) (Batch, error) {
	batch := Batch{Size: 1}
	version, size, index := uint64(0), uint64(1), uint64(0)
	var refused []error
	err := eachField(message, func(field int, number uint64, bytes []byte) {
		switch field {
		case fieldKey:
			key, err := parseKey(bytes)
			if err != nil {
				refused = append(refused, err)
				return
			}
			batch.Keys = append(batch.Keys, key)
		case fieldVersion:
			version = number
		case fieldSize:
			size = max(number, 1)
		case fieldIndex:
			index = number
		case fieldBatch:
			batch.ID = int32(number)
		}
	})
	batch.Size, batch.Index = int(min(size, mostCodes)), int(min(index, mostCodes))
	switch {
	case err != nil:
		return Batch{}, err
	case len(refused) > 0:
		return Batch{}, errors.Join(refused...)
	case version == 0: // it comes after the accounts
		return Batch{}, errDamaged
	case version > 2:
		return Batch{}, fmt.Errorf("it has version %d of the format, and only 1 and 2 are known", version)
	case size > mostCodes || index >= size:
		return Batch{}, errDamaged
	case len(batch.Keys) == 0:
		return Batch{}, errors.New("it holds no accounts")
	}
	return batch, nil
}

// parseKey reads one OtpParameters.
func parseKey(message []byte) (Key, error) {
	var key Key
	var name string
	var secret []byte
	var algorithm, digits, kind uint64
	err := eachField(message, func(field int, number uint64, bytes []byte) {
		switch field {
		case fieldSecret:
			secret = bytes
		case fieldName:
			name = string(bytes)
		case fieldIssuer:
			key.Issuer = label(string(bytes), maxIssuer)
		case fieldAlgorithm:
			algorithm = number
		case fieldDigits:
			digits = number
		case fieldType:
			kind = number
		}
	})
	if err != nil {
		return Key{}, err
	}
	if tells(name+" "+key.Issuer, encoding.EncodeToString(secret)) {
		name, key.Issuer = "", ""
	}
	key.Account = key.account(name)
	switch {
	case kind == typeHOTP:
		err = errors.New("codes by counter (HOTP) are not supported, only codes by time (TOTP)")
	case kind > typeTOTP:
		err = errors.New("it is no code by time (TOTP)")
	case algorithm > algorithmSHA1:
		err = errAlgorithm(algorithmName(algorithm))
	case digits > digitsSix:
		err = fmt.Errorf("codes of other than %d digits are not supported", Digits)
	default:
		key.Secret, err = imported(secret)
	}
	if err != nil && key.Label() != "" {
		err = fmt.Errorf("%s: %w", key.Label(), err)
	}
	if err != nil {
		return Key{}, err
	}
	return key, nil
}

func algorithmName(number uint64) string {
	names := []string{2: "SHA-256", 3: "SHA-512", 4: "MD5"}
	if number < uint64(len(names)) {
		return names[number]
	}
	return "another one"
}

var errDamaged = errors.New("it is damaged, or was cut off")

// eachField calls visit with every number and every string of bytes of a
// protobuf message. Bytes are a part of message, not a copy.
func eachField(message []byte, visit func(field int, number uint64, bytes []byte)) error {
	for len(message) > 0 {
		tag, n := binary.Uvarint(message)
		field := tag >> 3
		if n <= 0 || field == 0 || field > 1<<29-1 {
			return errDamaged
		}
		message = message[n:]
		switch tag & 7 {
		case wireNumber:
			number, n := binary.Uvarint(message)
			if n <= 0 {
				return errDamaged
			}
			message = message[n:]
			visit(int(field), number, nil)
		case wireBytes:
			length, n := binary.Uvarint(message)
			if n <= 0 || length > uint64(len(message)-n) {
				return errDamaged
			}
			visit(int(field), 0, message[n:n+int(length)])
			message = message[n+int(length):]
		case wire64, wire32:
			length := 4
			if tag&7 == wire64 {
				length = 8
			}
			if len(message) < length {
				return errDamaged
			}
			message = message[length:]
		default:
			return errDamaged
		}
	}
	return nil
}
