package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"io"
	"math/big"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestWhatTheServerAnswers(t *testing.T) {
	h := serving(t, pages(t), "127.0.0.1:0")
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	for name, test := range map[string]struct {
		method, path, location, policy string
		status                         int
	}{
		"page":             {"GET", "otp/", "", "connect-src 'none'", 200},
		"head":             {"HEAD", "otp/", "", "frame-ancestors 'none'", 200},
		"english":          {"GET", "otp/en.html", "", "trusted-types sw", 200},
		"worker":           {"GET", "otp/sw.js", "", "default-src 'none'; connect-src 'self'", 200},
		"no_slash":         {"GET", "otp", "otp/", "default-src 'none'", 302},
		"root":             {"GET", "", "otp/", "default-src 'none'", 302},
		"nothing_there":    {"GET", "otp/nothing", "", "default-src 'none'", 404},
		"no_way_up":        {"GET", "otp/../../etc/passwd", "", "default-src 'none'", 404},
		"nothing_is_taken": {"POST", "otp/", "", "default-src 'none'", 405},
	} {
		t.Run(name, func(t *testing.T) {
			request, err := http.NewRequestWithContext(t.Context(), test.method, h.address+test.path, nil)
			must(t, err)
			answer, err := client.Do(request)
			must(t, err)
			defer answer.Body.Close()
			if answer.StatusCode != test.status || answer.Header.Get("Location") != test.location || !strings.Contains(answer.Header.Get("Content-Security-Policy"), test.policy) {
				t.Errorf("status %d, %v", answer.StatusCode, answer.Header)
			}
			if answer.Header.Get("X-Content-Type-Options") != "nosniff" || answer.Header.Get("Referrer-Policy") != "no-referrer" {
				t.Errorf("headers lack: %v", answer.Header)
			}
		})
	}
}

// certificate writes one for 127.0.0.1 and its key.
func certificate(t *testing.T, dir, serial string) (cert, key string) {
	t.Helper()
	number, _ := new(big.Int).SetString(serial, 10)
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	template := x509.Certificate{SerialNumber: number, NotAfter: time.Now().Add(time.Hour), DNSNames: []string{"localhost"}}
	der, err := x509.CreateCertificate(rand.Reader, &template, &template, private.Public(), private)
	must(t, err)
	pkcs, err := x509.MarshalPKCS8PrivateKey(private)
	must(t, err)
	cert, key = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	must(t, os.WriteFile(cert, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600))
	must(t, os.WriteFile(key, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs}), 0o600))
	stamp := time.Unix(1_700_000_000+number.Int64()*10, 0) // renewed later, however fast the test is
	must(t, os.Chtimes(cert, stamp, stamp))
	must(t, os.Chtimes(key, stamp, stamp))
	return cert, key
}

// The whole command, as an administrator runs it.
func TestServeOverTLS(t *testing.T) {
	dir := t.TempDir()
	cert, key := certificate(t, dir, "1")
	ctx, stop := context.WithCancel(t.Context())
	out, in := io.Pipe()
	ended := make(chan int, 1)
	go func() {
		ended <- run(ctx, []string{"serve", "--listen", "127.0.0.1:0", "--cert", cert, "--key", key}, in, io.Discard)
	}()
	line := make([]byte, 200)
	n, err := out.Read(line)
	must(t, err)
	address := strings.TrimSpace(string(line[:n]))
	ask := func() *http.Response {
		client := http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, DisableKeepAlives: true}}
		answer, err := client.Get(address)
		must(t, err)
		answer.Body.Close()
		return answer
	}
	for _, serial := range []string{"1", "2"} {
		certificate(t, dir, serial) // renewed
		answer := ask()
		if got := answer.TLS.PeerCertificates[0].SerialNumber.String(); got != serial || answer.Header.Get("Strict-Transport-Security") == "" {
			t.Errorf("certificate %s, want %s; %v", got, serial, answer.Header)
		}
	}
	must(t, os.WriteFile(cert, []byte("half"), 0o600))
	if got := ask().TLS.PeerCertificates[0].SerialNumber.String(); got != "2" {
		t.Errorf("with a broken file it uses certificate %s", got)
	}
	stop()
	if status := <-ended; status != 0 {
		t.Errorf("status %d", status)
	}
}

func TestMistakesOnTheCommandLine(t *testing.T) {
	for name, test := range map[string]struct {
		args   []string
		status int
		says   string
	}{
		"no_verb":        {nil, 2, "hint:"},
		"no_address":     {[]string{"serve"}, 2, "--listen"},
		"bad_address":    {[]string{"serve", "--listen", "nowhere"}, 2, "listening"},
		"half_a_pair":    {[]string{"serve", "--listen", ":0", "--cert", "x"}, 1, "go together"},
		"no_certificate": {[]string{"serve", "--listen", ":0", "--cert", "x", "--key", "y"}, 2, "certificate"},
		"no_folder":      {[]string{"export"}, 2, "dir"},
		"no_place":       {[]string{"export", "/dev/null/x"}, 2, "folder"},
	} {
		t.Run(name, func(t *testing.T) {
			var says strings.Builder
			if status := run(t.Context(), test.args, io.Discard, &says); status != test.status || !strings.Contains(says.String(), test.says) {
				t.Errorf("status %d, says %s", status, says.String())
			}
		})
	}
}

// A new version goes over an old one, and nothing half is left.
func TestExportTwice(t *testing.T) {
	dir := t.TempDir()
	must(t, export(map[string][]byte{"otp/index.html": []byte("old")}, dir))
	must(t, export(pages(t), dir))
	for name, content := range pages(t) {
		if got, err := os.ReadFile(filepath.Join(dir, name)); err != nil || string(got) != string(content) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if rest, _ := filepath.Glob(filepath.Join(dir, "otp", "*.new")); rest != nil {
		t.Errorf("left: %q", rest)
	}
}
