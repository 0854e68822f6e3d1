// SPDX-License-Identifier: Apache-2.0

package didweb_test

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"math/big"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/did/didweb"
	"github.com/behalf-id/behalf/reason"
)

func TestAttacks(t *testing.T) {
	t.Run("DID-03", attackInsideAddresses)
	t.Run("DID-04", attackRebinding)
	t.Run("DID-05", attackRedirects)
	t.Run("DID-07", attackHostileDocument)
	t.Run("DID-08", attackTLS)
	t.Run("DID-09", attackLookAlikes)
	t.Run("DID-21", attackOpenResolver)
}

// Addresses and names of the inside, although the list of hosts would let each of them pass.
func attackInsideAddresses(t *testing.T) {
	s := newSite(t, serve(nil, "application/json"))
	for _, h := range []string{
		"127.0.0.1", "127.0.0.1%3A8443", "0x7f.1", "0X7F.1", "2130706433", "0177.0.0.1", "127.1", "0x7f000001", "0", "0x",
		"100.64.0.1", "169.254.169.254", "10.0.0.1", "8.8.8.8", "h.test.1",
		"%5B%3A%3A1%5D", "%3A%3A1", "%3A%3Affff%3A127.0.0.1", "fe80%3A%3A1%2525eth0", "%5Bfe80%3A%3A1%25eth0%5D", "127%2E0%2E0%2E1",
	} {
		if d, err := s.resolve(t, "did:web:"+h); reason.Of(err) != reason.FetchBlocked || d != nil {
			t.Errorf("%s: %v", h, err)
		}
	}
	for _, h := range []string{"localhost", "localhost%3A8443", "db.internal", "printer.local", "intranet"} {
		if d, err := s.resolve(t, "did:web:"+h); reason.Of(err) != reason.FetchBlocked || d != nil {
			t.Errorf("%s: %v", h, err)
		}
	}
	for _, inside := range []string{"127.0.0.1", "100.64.0.1", "169.254.169.254", "10.1.2.3", "::1", "fd00::1", "::ffff:127.0.0.1"} {
		s.addr = func() string { return inside }
		if d, err := s.resolve(t, "did:web:"+host); reason.Of(err) != reason.FetchBlocked || d != nil {
			t.Errorf("a name of %s: %v", inside, err)
		}
	}
	for _, h := range []string{"[::1]", "::1", "::ffff:127.0.0.1", "fe80::1%25eth0"} { // can not be written in a DID
		if _, err := did.Parse("did:web:" + h); reason.Of(err) != reason.DIDSyntax {
			t.Errorf("%s: %v", h, err)
		}
	}
	if s.dials.Load() != 0 {
		t.Errorf("%d connections", s.dials.Load())
	}
}

func attackRebinding(t *testing.T) {
	answers := []string{"8.8.8.8", "127.0.0.1"}
	s := newSite(t, serve(document(t, "did:web:example.com", generate(t)), did.MediaType))
	s.addr = func() string { a := answers[0]; answers = answers[min(1, len(answers)-1):]; return a }
	if _, err := s.resolve(t, "did:web:example.com"); err != nil {
		t.Fatal(err)
	}
	if d, err := s.resolve(t, "did:web:example.com"); reason.Of(err) != reason.FetchBlocked || d != nil {
		t.Errorf("the second answer is an inside address: %v", err)
	}
	if s.dials.Load() != 1 {
		t.Errorf("%d connections", s.dials.Load())
	}
	for name, answer := range map[string]string{
		"mixed records":                    "8.8.8.8 127.0.0.1",
		"mixed records, inside first":      "10.0.0.1 8.8.8.8",
		"mixed records of both kinds":      "2001:4860:4860::8888 ::1",
		"an alias of a name of the inside": "192.168.0.10",
	} {
		s.addr = func() string { return answer }
		if d, err := s.resolve(t, "did:web:example.com"); reason.Of(err) != reason.FetchBlocked || d != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if s.dials.Load() != 1 {
		t.Errorf("%d connections", s.dials.Load())
	}
}

func attackRedirects(t *testing.T) {
	for _, status := range []int{301, 302, 303, 307, 308} {
		for _, to := range []string{"https://127.0.0.1/", "http://example.com/", "https://other.example.com/did.json", "/.well-known/did.json"} {
			s := newSite(t, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, to, status) })
			if d, err := s.resolve(t, "did:web:example.com"); reason.Of(err) != reason.FetchRedirect || d != nil {
				t.Errorf("%d to %s: %v", status, to, err)
			}
			if s.dials.Load() != 1 {
				t.Errorf("%d to %s: %d connections", status, to, s.dials.Load())
			}
		}
	}
}

func attackHostileDocument(t *testing.T) {
	k := generate(t)
	methods := func(n int) []byte {
		list := make([]map[string]any, n)
		for i := range list {
			list[i] = map[string]any{"id": "did:web:example.com#k" + strconv.Itoa(i), "type": "JsonWebKey", "controller": "did:web:example.com", "publicKeyJwk": k.JWK()}
		}
		raw, err := json.Marshal(map[string]any{"id": "did:web:example.com", "verificationMethod": list})
		if err != nil {
			t.Fatal(err)
		}
		return raw
	}
	good := document(t, "did:web:example.com", k)
	deep := fmt.Appendf(nil, `{"id":"did:web:example.com","x":%s%s}`, strings.Repeat("[", 10_000), strings.Repeat("]", 10_000))
	wide := fmt.Appendf(nil, `{"id":"did:web:example.com","verificationMethod":[{}%s]}`, strings.Repeat(",{}", 9_999))
	padded := append(good, bytes.Repeat([]byte(" "), did.MaxDocument)...)
	slow := func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte("{"))
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
	}
	for name, h := range map[string]http.HandlerFunc{
		"50 MB":               serve(bytes.Repeat([]byte(" "), 50<<20), "application/json"),
		"a byte too long":     serve(padded[:did.MaxDocument+1], did.MediaType),
		"10,000 methods":      serve(methods(10_000), did.MediaType),
		"10,000 tiny methods": serve(wide, did.MediaType),
		"65 methods":          serve(methods(did.MaxMethods+1), did.MediaType),
		"depth 10,000":        serve(deep, did.MediaType),
		"slow body":           slow,
		"HTML":                serve([]byte("<html>"), "text/html"),
		"wrong media type":    serve(good, "text/plain"),
		"no media type":       func(w http.ResponseWriter, _ *http.Request) { w.Header()["Content-Type"] = nil; _, _ = w.Write(good) },
	} {
		s := newSite(t, h)
		s.cfg.Timeout = time.Second / 2
		if d, err := s.resolve(t, "did:web:example.com"); reason.Of(err) != reason.FetchLimit || d != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, body := range map[string][]byte{"just not too long": padded[:did.MaxDocument], "64 methods": methods(did.MaxMethods)} {
		if _, err := newSite(t, serve(body, did.MediaType)).resolve(t, "did:web:example.com"); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func attackTLS(t *testing.T) {
	for name, change := range map[string]func(*site){
		"expired":     func(s *site) { s.cfg.Now = func() time.Time { return s.Certificate().NotAfter.Add(time.Second) } },
		"self-signed": func(s *site) { s.cfg.Roots = x509.NewCertPool() },
		"SHA-1":       func(s *site) { s.cfg.Roots = signedWith(t, s, x509.SHA1WithRSA) },
		"TLS 1.1":     func(s *site) { s.TLS.MinVersion, s.TLS.MaxVersion = tls.VersionTLS10, tls.VersionTLS11 },
	} {
		s := newSite(t, serve(document(t, "did:web:example.com", generate(t)), did.MediaType))
		change(s)
		if d, err := s.resolve(t, "did:web:example.com"); reason.Of(err) != reason.FetchTLS || d != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	fine := newSite(t, serve(document(t, "did:web:example.com", generate(t)), did.MediaType))
	fine.cfg.Roots = signedWith(t, fine, x509.SHA256WithRSA)
	if _, err := fine.resolve(t, "did:web:example.com"); err != nil {
		t.Errorf("SHA-256: %v", err)
	}
	s := newSite(t, serve(document(t, "did:web:other.example.org", generate(t)), did.MediaType))
	if d, err := s.resolve(t, "did:web:other.example.org"); reason.Of(err) != reason.FetchTLS || d != nil {
		t.Errorf("wrong name: %v", err)
	}
}

// signedWith gives s a certificate that an authority signed in the way given, and returns that authority.
func signedWith(t *testing.T, s *site, how x509.SignatureAlgorithm) *x509.CertPool {
	t.Helper()
	authority, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	certificate := func(template, parent *x509.Certificate, public any) *x509.Certificate {
		template.NotBefore, template.NotAfter = start().Add(-time.Hour), start().Add(time.Hour)
		raw, err := x509.CreateCertificate(rand.Reader, template, parent, public, authority)
		if err != nil {
			t.Fatal(err)
		}
		made, err := x509.ParseCertificate(raw)
		if err != nil {
			t.Fatal(err)
		}
		return made
	}
	ca := &x509.Certificate{SerialNumber: big.NewInt(1), IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}
	ca = certificate(ca, ca, authority.Public())
	leaf := certificate(&x509.Certificate{
		SerialNumber: big.NewInt(2), DNSNames: []string{host}, SignatureAlgorithm: how,
	}, ca, authority.Public())
	s.TLS.Certificates = []tls.Certificate{{Certificate: [][]byte{leaf.Raw}, PrivateKey: authority}}
	pool := x509.NewCertPool()
	pool.AddCert(ca)
	return pool
}

func attackLookAlikes(t *testing.T) {
	for name, s := range map[string]string{
		"Cyrillic a":              "did:web:ex\u0430mple.com",
		"fullwidth":               "did:web:\uff45xample.com",
		"ideographic full stop":   "did:web:example\u3002com",
		"Cyrillic a, escaped":     "did:web:ex%D0%B0mple.com",
		"Cyrillic a, in punycode": "did:web:xn--exmple-4nf.com",
		"ASCII alone in punycode": "did:web:xn--example-.com",
		"ASCII alone, no hyphen":  "did:web:xn--example.com",
		"mixed script":            "did:web:www.xn--pple-43d.com",
		"in upper case":           "did:web:XN--EXMPLE-4NF.com",
	} {
		id, err := did.Parse(s)
		if err == nil {
			_, err = didweb.URL(id)
		}
		if reason.Of(err) != reason.DIDSyntax {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Nobody makes us connect to a host that the trust framework does not list, and nothing of an
// answer comes back in an error.
func attackOpenResolver(t *testing.T) {
	s := newSite(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusForbidden)
		_, _ = w.Write([]byte(`{"secret":"of the inside"}`))
	})
	s.allowed = func(h string) bool { return h == host }
	for _, id := range []string{
		"did:web:attacker.test", "did:web:example.com.attacker.test", "did:web:www.example.com", "did:web:example.com%3A8443",
		"did:web:attacker.test:example.com", "did:web:localhost",
	} {
		if d, err := s.resolve(t, id); reason.Of(err) != reason.FetchNotAllowed || d != nil {
			t.Errorf("%s: %v", id, err)
		}
	}
	if s.dials.Load() != 0 || s.asked.Load() != 6 {
		t.Errorf("%d connections, list asked %d times", s.dials.Load(), s.asked.Load())
	}
	_, err := s.resolve(t, "did:web:example.com")
	if err == nil || strings.Contains(fmt.Sprintf("%v %+v", err, err), "secret") || s.dials.Load() != 1 {
		t.Errorf("an answer of the inside: %v", err)
	}
}
