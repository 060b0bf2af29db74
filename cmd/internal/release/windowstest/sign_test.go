package windowstest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"evry.nl/tfa/cmd/internal/release"
	"evry.nl/tfa/cmd/internal/story"
)

const passphrase = "een zin die niemand raadt"

// publisher is somebody whose signature counts where authority is trusted.
func publisher(t *testing.T) (key release.SigningKey, authority string) {
	t.Helper()
	folder := t.TempDir()
	write := func(name, kind string, blocks ...[]byte) string {
		var text []byte
		for _, block := range blocks {
			text = append(text, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: block})...)
		}
		file := filepath.Join(folder, name)
		story.Must(t, os.WriteFile(file, text, 0o600))
		return file
	}
	top := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "An authority"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour), KeyUsage: x509.KeyUsageCertSign,
	}
	topKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	story.Must(t, err)
	topBytes, err := x509.CreateCertificate(rand.Reader, top, top, topKey.Public(), topKey)
	story.Must(t, err)
	leaf := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "A publisher"}, NotBefore: top.NotBefore, NotAfter: top.NotAfter,
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageCodeSigning},
	}
	leafKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	story.Must(t, err)
	leafBytes, err := x509.CreateCertificate(rand.Reader, leaf, top, leafKey.Public(), topKey)
	story.Must(t, err)
	keyBytes, err := x509.MarshalPKCS8PrivateKey(leafKey)
	story.Must(t, err)

	plain := write("plain.pem", "PRIVATE KEY", keyBytes)
	key.Passphrase = filepath.Join(folder, "passphrase")
	story.Must(t, os.WriteFile(key.Passphrase, []byte(passphrase+"\n"), 0o600))
	key.Key = filepath.Join(folder, "key.pem")
	run(t, "openssl", "pkcs8", "-topk8", "-in", plain, "-out", key.Key, "-passout", "file:"+key.Passphrase)
	story.Must(t, os.Remove(plain))
	key.Certificate = write("chain.pem", "CERTIFICATE", leafBytes, topBytes)
	return key, write("authority.pem", "CERTIFICATE", topBytes)
}

// verify asks osslsigncode whether a signature holds.
func verify(t *testing.T, authority, file string) (holds bool, said string) {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "osslsigncode", "verify", "-CAfile", authority, "-in", file).CombinedOutput()
	return err == nil, string(out)
}

// Programs are signed, then packed, and the package is signed too: what is
// installed has its signature, and one changed byte ends it.
func TestSignatureHoldsUntilAByteChanges(t *testing.T) {
	key, authority := publisher(t)
	folder := small(t)
	story.Must(t, release.SignFolder(t.Context(), key, folder))
	file := build(t, folder, version("1.2.3"))
	story.Must(t, release.Sign(t.Context(), key, file))
	unpacked := t.TempDir()
	run(t, "msiextract", "--directory", unpacked, file)
	installed := filepath.Join(unpacked, "PFiles", "TFA")
	for _, signed := range []string{
		file, filepath.Join(installed, "beheertool.exe"), filepath.Join(installed, "tfa-logon.exe"), filepath.Join(installed, "mesa", "opengl32.dll"),
	} {
		if holds, said := verify(t, authority, signed); !holds {
			t.Errorf("%s: %s", filepath.Base(signed), said)
			continue
		}
		content, err := os.ReadFile(signed)
		story.Must(t, err)
		content[len(content)/2] ^= 1
		story.Must(t, os.WriteFile(signed, content, 0o600))
		if holds, said := verify(t, authority, signed); holds {
			t.Errorf("%s was changed, and its signature holds: %s", filepath.Base(signed), said)
		}
	}
}

// Whom nobody knows signs nothing that counts.
func TestSignatureOfSomebodyElseDoesNotHold(t *testing.T) {
	key, _ := publisher(t)
	_, other := publisher(t)
	file := filepath.Join(small(t), "tfa-logon.exe")
	story.Must(t, release.Sign(t.Context(), key, file))
	if holds, said := verify(t, other, file); holds {
		t.Error(said)
	}
}

// What Microsoft has signed keeps its signature.
func TestWhatIsSignedIsLeft(t *testing.T) {
	microsoft, trusted := publisher(t)
	key, _ := publisher(t)
	folder := small(t)
	library := filepath.Join(folder, "mesa", "opengl32.dll")
	story.Must(t, release.Sign(t.Context(), microsoft, library))
	story.Must(t, release.SignFolder(t.Context(), key, folder))
	if holds, said := verify(t, trusted, library); !holds {
		t.Error(said)
	}
}

// With a wrong passphrase nothing is signed, the file stays as it was, and
// neither passphrase is told.
func TestWrongPassphraseSignsNothing(t *testing.T) {
	key, _ := publisher(t)
	key.Passphrase = filepath.Join(t.TempDir(), "passphrase")
	story.Must(t, os.WriteFile(key.Passphrase, []byte("geraden\n"), 0o600))
	folder := small(t)
	file := filepath.Join(folder, "tfa-logon.exe")
	before, err := os.ReadFile(file)
	story.Must(t, err)
	err = release.Sign(t.Context(), key, file)
	if err == nil || strings.Contains(err.Error(), passphrase) || strings.Contains(err.Error(), "geraden") {
		t.Errorf("got %v", err)
	}
	after, err := os.ReadFile(file)
	story.Must(t, err)
	left, err := filepath.Glob(filepath.Join(folder, "*.signed"))
	story.Must(t, err)
	if string(before) != string(after) || len(left) > 0 {
		t.Errorf("the file has changed, or %v was left", left)
	}
}
