package main

import (
	"bytes"
	"testing"

	"evry.nl/tfa/assets/web"
)

// What stands in the repository is what anybody can make of the pinned package.
func TestTheDecoderIsTheOneOfThePackage(t *testing.T) {
	want, err := bundle(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	files, err := web.Files()
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(files[web.Decoder], want) {
		t.Errorf("it has %d bytes, and go generate makes %d others: run it", len(files[web.Decoder]), len(want))
	}
}
