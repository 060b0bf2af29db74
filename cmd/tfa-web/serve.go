package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path"
	"strings"
	"sync"
	"time"

	"evry.nl/tfa/assets/web"
)

// patience is how long what was asked may take to be answered, when the server
// is told to end.
const patience = 5 * time.Second

// serve answers on the listener until the context ends, and then what was asked
// already.
func serve(ctx context.Context, server *http.Server, listener net.Listener) error {
	ended := make(chan error, 1)
	go func() {
		if server.TLSConfig != nil {
			ended <- server.ServeTLS(listener, "", "")
		} else {
			ended <- server.Serve(listener)
		}
	}()
	select {
	case err := <-ended:
		return fmt.Errorf("serving: %w", err)
	case <-ctx.Done():
	}
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
	defer cancel()
	if err := server.Shutdown(last); err != nil {
		server.Close()
	}
	return nil
}

// newServer returns a server of the files; the times are far more than anybody
// needs to read them.
func newServer(files map[string][]byte, isHTTPS bool) *http.Server {
	return &http.Server{
		Handler:           newSite(files, isHTTPS),
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       20 * time.Second,
		WriteTimeout:      time.Minute,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    16 << 10,
	}
}

// document is a file as it is sent.
type document struct {
	plain, zipped []byte
	kind, tag     string
	policy        string
}

// site answers requests for the files.
type site struct {
	documents map[string]document
	isHTTPS   bool
}

func newSite(files map[string][]byte, isHTTPS bool) site {
	s := site{map[string]document{}, isHTTPS}
	for name, content := range files {
		sum := sha256.Sum256(content)
		s.documents["/"+name] = document{content, zip(content), kindOf(name), hex.EncodeToString(sum[:8]), policyOf(name)}
	}
	return s
}

// kindOf does not ask the system, which may know of no web manifests.
func kindOf(name string) string {
	return map[string]string{
		".html": "text/html; charset=utf-8", ".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8",
		".png": "image/png", ".svg": "image/svg+xml", ".webmanifest": "application/manifest+json",
	}[path.Ext(name)]
}

// policyOf adds to a page's own policy what only a header can say.
func policyOf(name string) string {
	switch {
	case path.Ext(name) == ".html":
		return web.PolicyOf(name) + "; frame-ancestors 'none'"
	case path.Base(name) == "sw.js":
		return web.WorkerPolicy
	}
	return "default-src 'none'; style-src 'unsafe-inline'" // an icon that is opened by itself
}

func zip(content []byte) []byte {
	var out bytes.Buffer
	w, _ := gzip.NewWriterLevel(&out, gzip.BestCompression) // the level exists
	w.Write(content)                                        // a buffer takes everything
	w.Close()
	return out.Bytes()
}

// ServeHTTP implements http.Handler.
func (s site) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.protect(w.Header())
	name := r.URL.Path
	if strings.HasSuffix(name, "/") {
		name += "index.html"
	}
	found, ok := s.documents[name]
	switch {
	case r.Method != http.MethodGet && r.Method != http.MethodHead:
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "405", http.StatusMethodNotAllowed)
	case ok:
		found.send(w, r)
	case r.URL.Path == "/":
		redirect(w, "otp/")
	case s.isFolder(r.URL.Path):
		redirect(w, path.Base(r.URL.Path)+"/")
	default:
		http.Error(w, "Deze pagina bestaat niet. / There is no such page.", http.StatusNotFound)
	}
}

func (s site) isFolder(name string) bool {
	_, ok := s.documents[name+"/index.html"]
	return ok
}

// redirect sends to an address beside this one; a relative one, because a proxy
// may show the site elsewhere.
func redirect(w http.ResponseWriter, address string) {
	w.Header().Set("Location", address)
	w.WriteHeader(http.StatusFound)
}

// protect sets what holds for every answer.
func (s site) protect(h http.Header) {
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Permissions-Policy", "camera=(self), clipboard-write=(self), clipboard-read=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()")
	h.Set("Content-Security-Policy", "default-src 'none'")
	h.Set("Cache-Control", "no-cache") // ask each time whether it has changed
	if s.isHTTPS {
		h.Set("Strict-Transport-Security", "max-age=31536000")
	}
}

func (d document) send(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Type", d.kind)
	h.Set("Content-Security-Policy", d.policy)
	h.Set("Vary", "Accept-Encoding")
	body, tag := d.plain, `"`+d.tag+`"`
	if len(d.zipped) < len(d.plain) && strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		h.Set("Content-Encoding", "gzip")
		body, tag = d.zipped, `"`+d.tag+`-gzip"`
	}
	h.Set("ETag", tag)
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(body))
}

// tlsFrom reads a certificate and its key, and again when they were renewed.
func tlsFrom(cert, key string) (*tls.Config, error) {
	pair := &keyPair{cert: cert, key: key}
	if _, err := pair.get(nil); err != nil {
		return nil, err
	}
	return &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: pair.get}, nil
}

// keyPair is a certificate in files that somebody renews.
type keyPair struct {
	cert, key string
	mu        sync.Mutex
	loaded    *tls.Certificate
	looked    time.Time
}

// get returns the certificate that stands in the files. If they can't be read,
// perhaps half written, the last one goes on.
func (p *keyPair) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	changed, err := p.changed()
	if err == nil && p.loaded != nil && changed.Equal(p.looked) {
		return p.loaded, nil
	}
	if err == nil {
		var fresh tls.Certificate
		if fresh, err = tls.LoadX509KeyPair(p.cert, p.key); err == nil {
			p.loaded, p.looked = &fresh, changed
		}
	}
	if p.loaded == nil {
		return nil, fmt.Errorf("reading the certificate: %w", err)
	}
	return p.loaded, nil
}

// changed returns when the younger of the two files was written.
func (p *keyPair) changed() (time.Time, error) {
	cert, err := os.Stat(p.cert)
	key, keyErr := os.Stat(p.key)
	if err := errors.Join(err, keyErr); err != nil {
		return time.Time{}, err
	}
	if key.ModTime().After(cert.ModTime()) {
		return key.ModTime(), nil
	}
	return cert.ModTime(), nil
}
