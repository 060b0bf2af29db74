package seal

import (
	"bytes"
	"encoding/base64"
	"errors"
	"slices"
	"strings"
	"testing"
)

// fakeMachine stands in for what Windows does with a key. It turns the bytes
// around, behind a name of its own and the purpose.
type fakeMachine struct {
	name string
	err  error
}

func (m fakeMachine) protect(plain, purpose []byte) ([]byte, error) {
	turned := slices.Clone(plain)
	slices.Reverse(turned)
	return slices.Concat([]byte(m.name), purpose, turned), m.err
}

func (m fakeMachine) unprotect(sealed, purpose []byte) ([]byte, error) {
	turned, ok := bytes.CutPrefix(sealed, slices.Concat([]byte(m.name), purpose))
	if !ok || m.err != nil {
		return nil, errors.Join(m.err, errors.New("key not valid for use in specified state"))
	}
	turned = slices.Clone(turned)
	slices.Reverse(turned)
	return turned, nil
}

const keyPath = "/data/EV-0000/tfa.key"

func TestAProtectedKeyOpensOnItsMachineInItsFolder(t *testing.T) {
	key := NewKey()
	here := fakeMachine{name: "here"}
	text, err := encode(here, key, keyPath)
	if err != nil || !strings.HasPrefix(text, protectedTag+" ") || strings.Contains(text, base64.StdEncoding.EncodeToString(key.key[:3])) {
		t.Fatalf("the key file holds %d bytes, %v", len(text), err)
	}
	if len(text) > longestKeyFile {
		t.Errorf("the key file has %d bytes, and %d are read", len(text), longestKeyFile)
	}
	for name, test := range map[string]struct {
		m     machine
		text  string
		path  string
		opens bool
		other bool
	}{
		"here":                       {here, text, keyPath, true, false},
		"folder_in_small_letters":    {here, text, "/elsewhere/ev-0000/tfa.key.new", true, false},
		"with_a_line_end_of_windows": {here, strings.Replace(text, "\n", "\r\n", 1), keyPath, true, false},
		"on_another_machine":         {fakeMachine{name: "there"}, text, keyPath, false, true},
		"for_another_practice":       {here, text, "/data/EV-0001/tfa.key", false, true},
		"machine_refuses":            {fakeMachine{name: "here", err: errors.New("no DPAPI")}, text, keyPath, false, true},
		"cut_off":                    {here, text[:len(text)-9] + "\n", keyPath, false, false},
		"no_base64":                  {here, protectedTag + " ???\n", keyPath, false, false},
		"nothing_protected":          {here, protectedTag + "\n", keyPath, false, true},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := decode(test.m, test.text, test.path)
			if got.Equal(key) != test.opens || errors.Is(err, errOtherMachine) != test.other || (err == nil) != test.opens {
				t.Errorf("it opens: %t, %v", got.Equal(key), err)
			}
			if err != nil && strings.Contains(err.Error(), strings.TrimSpace(strings.TrimPrefix(text, protectedTag))) {
				t.Errorf("the error quotes the file")
			}
		})
	}
	zeros, err := here.protect(make([]byte, KeySize), purpose(keyPath))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := decode(here, protectedTag+" "+base64.StdEncoding.EncodeToString(zeros), keyPath); err == nil {
		t.Error("a key of zeros was taken")
	}
}

// Without what protects it a key is written as before, and read everywhere.
func TestAKeyIsPlainWhereNothingProtectsIt(t *testing.T) {
	key := NewKey()
	none := fakeMachine{err: errors.New("no DPAPI")}
	text, err := encode(none, key, keyPath)
	if err != nil || text != plainText(key) {
		t.Fatalf("it is written in another form: %v", err)
	}
	for _, m := range []machine{none, fakeMachine{name: "here"}, thisMachine{}} {
		if got, err := decode(m, text, keyPath); err != nil || !got.Equal(key) {
			t.Errorf("it does not open: %v", err)
		}
	}
	if _, err := encode(none, Key{}, keyPath); err == nil {
		t.Error("no key was written as one")
	}
}

func FuzzDecode(f *testing.F) {
	here := fakeMachine{name: "here"}
	text, err := encode(here, NewKey(), keyPath)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Add(text[:len(text)-5])
	f.Add(protectedTag + " ")
	f.Fuzz(func(t *testing.T, text string) {
		key, err := decode(here, text, keyPath)
		if (err == nil) == key.IsZero() {
			t.Fatalf("%q is read as a key: %v, and the error is %v", text, !key.IsZero(), err)
		}
	})
}
