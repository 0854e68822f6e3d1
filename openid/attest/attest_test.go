// SPDX-License-Identifier: Apache-2.0

package attest_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/did/didkey"
	"github.com/behalf-id/behalf/internal/shared"
	"github.com/behalf-id/behalf/key"
	"github.com/behalf-id/behalf/openid/attest"
	"github.com/behalf-id/behalf/reason"
)

type object = map[string]any

const (
	server = "https://issuer.example"
	client = "https://wallet.example"
)

var now = time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func generate(t testing.TB) *key.Private {
	t.Helper()
	k, err := key.Generate(key.ES256, rand.Reader)
	must(t, err)
	return k
}

func signer(t testing.TB) did.Signer {
	t.Helper()
	s, err := didkey.Signer(generate(t))
	must(t, err)
	return s
}

func trusted(t testing.TB, by ...did.Signer) *attest.List {
	t.Helper()
	cfg := attest.ListConfig{Resolver: didkey.New()}
	for _, s := range by {
		cfg.DIDs = append(cfg.DIDs, s.Method.DID())
	}
	l, err := attest.NewList(cfg)
	must(t, err)
	return l
}

func anyChallenge(string) error { return nil }

// signed signs any claims under any header.
func signed(t testing.TB, header, claims object, by key.Signer) string {
	t.Helper()
	part := func(v any) string {
		raw, err := json.Marshal(v)
		must(t, err)
		return base64.RawURLEncoding.EncodeToString(raw)
	}
	text := part(header) + "." + part(claims)
	sig, err := by.Sign(context.Background(), []byte(text))
	must(t, err)
	return text + "." + base64.RawURLEncoding.EncodeToString(sig)
}

// pair is a client attestation and its proof, both good until they are changed.
type pair struct {
	header, claims, popHeader, pop object
	provider                       did.Signer
	instance                       *key.Private
	signAttestation, signPoP       key.Signer
}

func newPair(t testing.TB) *pair {
	t.Helper()
	p := &pair{provider: signer(t), instance: generate(t)}
	p.signAttestation, p.signPoP = p.provider, p.instance
	p.header = object{"typ": attest.TypeClient, "alg": "ES256", "kid": p.provider.Method.String()}
	p.claims = object{"iss": p.provider.Method.DID().String(), "sub": client, "iat": now.Unix(), "exp": now.Add(time.Hour).Unix(), "cnf": object{"jwk": p.instance.Public().JWK()}}
	p.popHeader = object{"typ": attest.TypePoP, "alg": "ES256"}
	p.pop = object{"aud": server, "jti": "j", "iat": now.Unix(), "challenge": "c"}
	return p
}

func (p *pair) open(t testing.TB) (attest.Client, error) {
	t.Helper()
	return attest.OpenClient(t.Context(), signed(t, p.header, p.claims, p.signAttestation), signed(t, p.popHeader, p.pop, p.signPoP),
		attest.Expect{Audience: server, ClientID: client, Providers: trusted(t, p.provider), At: now, Challenge: anyChallenge})
}

func TestClientRoundTrip(t *testing.T) {
	provider, instance := signer(t), generate(t)
	by := attest.Provider{By: provider}
	a, err := by.SignClient(t.Context(), client, instance.Public(), now, now.Add(time.Hour))
	must(t, err)
	pop, err := attest.PoP{ClientID: client, Audience: server, Challenge: "c", At: now}.Sign(t.Context(), instance, rand.Reader)
	must(t, err)
	var asked string
	want := attest.Expect{Audience: server, ClientID: client, Providers: trusted(t, provider), At: now, Challenge: func(c string) error { asked = c; return nil }}
	got, err := attest.OpenClient(t.Context(), a, pop, want)
	if err != nil || got.ID != client || !got.Key.Equal(instance.Public()) || got.ProofID == "" || asked != "c" || !got.Expires.Equal(now.Add(time.Hour)) || got.ProofExpires.Before(now.Add(attest.PoPMaxAge)) {
		t.Errorf("%+v %v", got, err)
	}
	want.Challenge = func(string) error { return errors.New("another") }
	if _, err := attest.OpenClient(t.Context(), a, pop, want); reason.Of(err) != reason.ClientAttestation || !errors.Is(err, attest.ErrChallenge) {
		t.Error(err)
	}
	want.Challenge = nil
	if _, err := attest.OpenClient(t.Context(), a, pop, want); reason.Of(err) != reason.ClientAttestation {
		t.Errorf("nobody judges challenges: %v", err)
	}
	want.Challenge, want.Providers = anyChallenge, nil
	if _, err := attest.OpenClient(t.Context(), a, pop, want); reason.Of(err) != reason.ClientAttestation {
		t.Errorf("nobody knows providers: %v", err)
	}
}

// TestAttacks has VCI-15 and VCI-16. That a jti was used before is found by whoever keeps them, the issuer.
func TestAttacks(t *testing.T) {
	del := func(o object, name string) { delete(o, name) }
	for id, c := range map[string]struct {
		want  reason.Code
		cases map[string]func(p *pair)
	}{
		"VCI-15": {reason.ClientAud, map[string]func(p *pair){
			"token endpoint": func(p *pair) { p.pop["aud"] = server + "/token" }, "array": func(p *pair) { p.pop["aud"] = []string{server} }, "another server": func(p *pair) { p.pop["aud"] = "https://other.example" },
			"slash": func(p *pair) { p.pop["aud"] = server + "/" }, "case": func(p *pair) { p.pop["aud"] = "https://ISSUER.example" }, "none": func(p *pair) { del(p.pop, "aud") }, "null": func(p *pair) { p.pop["aud"] = nil }, "number": func(p *pair) { p.pop["aud"] = 7 },
		}},
		"VCI-16": {reason.ClientAttestation, map[string]func(p *pair){
			"expired": func(p *pair) { p.claims["exp"] = now.Add(-61 * time.Second).Unix() }, "no exp": func(p *pair) { del(p.claims, "exp") }, "exp text": func(p *pair) { p.claims["exp"] = "later" },
			"issued ahead": func(p *pair) { p.claims["iat"] = now.Unix() + 61 }, "not before": func(p *pair) { p.claims["nbf"] = now.Unix() + 61 },
			"no sub": func(p *pair) { del(p.claims, "sub") }, "sub of another client": func(p *pair) { p.claims["sub"] = "https://other.example" }, "long sub": func(p *pair) { p.claims["sub"] = strings.Repeat("s", attest.MaxText+1) },
			"no cnf": func(p *pair) { del(p.claims, "cnf") }, "cnf without jwk": func(p *pair) { p.claims["cnf"] = object{"kid": "x"} }, "cnf private": func(p *pair) { p.claims["cnf"] = object{"jwk": p.instance.JWK()} },
			"untrusted provider": func(p *pair) {
				s := signer(t)
				p.signAttestation, p.header["kid"], p.claims["iss"] = s, s.Method.String(), s.Method.DID().String()
			},
			"iss of another provider": func(p *pair) { p.claims["iss"] = "https://provider.example" }, "signed by another": func(p *pair) { p.signAttestation = generate(t) }, "kid no DID": func(p *pair) { p.header["kid"] = "k1" }, "no kid": func(p *pair) { del(p.header, "kid") },
			"key in the header": func(p *pair) { del(p.header, "kid"); p.header["jwk"] = p.provider.Public().JWK() }, "x5c without anchors": func(p *pair) { p.header["x5c"] = []string{"AAAA"} },
			"typ": func(p *pair) { p.header["typ"] = "jwt" }, "alg none": func(p *pair) { p.header["alg"] = "none" },
			"PoP of another key": func(p *pair) { p.signPoP = generate(t) }, "PoP typ": func(p *pair) { p.popHeader["typ"] = attest.TypeClient }, "PoP with jwk": func(p *pair) { p.popHeader["jwk"] = p.instance.Public().JWK() },
			"PoP of another client": func(p *pair) { p.pop["iss"] = "https://other.example" }, "no jti": func(p *pair) { del(p.pop, "jti") }, "long jti": func(p *pair) { p.pop["jti"] = strings.Repeat("j", attest.MaxID+1) }, "long challenge": func(p *pair) { p.pop["challenge"] = strings.Repeat("c", attest.MaxText+1) },
			"no iat": func(p *pair) { del(p.pop, "iat") }, "PoP too old": func(p *pair) { p.pop["iat"] = now.Unix() - 301 }, "PoP ahead": func(p *pair) { p.pop["iat"] = now.Unix() + 61 }, "PoP expired": func(p *pair) { p.pop["exp"] = now.Unix() - 61 },
		}},
	} {
		t.Run(id, func(t *testing.T) {
			for name, change := range c.cases {
				p := newPair(t)
				change(p)
				if got, err := p.open(t); reason.Of(err) != c.want || errors.Is(err, attest.ErrChallenge) {
					t.Errorf("%s: %+v %v", name, got, err)
				}
			}
		})
	}
	p := newPair(t)
	a, pop := signed(t, p.header, p.claims, p.signAttestation), signed(t, p.popHeader, p.pop, p.signPoP)
	want := attest.Expect{Audience: server, Providers: trusted(t, p.provider), At: now, Challenge: anyChallenge}
	for name, c := range map[string][2]string{"no attestation": {"", pop}, "no PoP": {a, ""}, "swapped": {pop, a}, "too long": {strings.Repeat("a", attest.MaxToken+1), pop}, "long PoP": {a, strings.Repeat("a", attest.MaxToken+1)}} {
		if _, err := attest.OpenClient(t.Context(), c[0], c[1], want); reason.Of(err) != reason.ClientAttestation {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestClientGood(t *testing.T) {
	for name, change := range map[string]func(p *pair){
		"as it is": func(*pair) {}, "no iss": func(p *pair) { delete(p.claims, "iss") }, "no iat": func(p *pair) { delete(p.claims, "iat") }, "just expired": func(p *pair) { p.claims["exp"] = now.Unix() - 59 },
		"PoP of drafts": func(p *pair) { p.pop["iss"], p.pop["exp"] = client, now.Unix()+60 }, "more": func(p *pair) { p.claims["wallet_name"], p.pop["nonce"] = "W", "n" }, "no challenge": func(p *pair) { delete(p.pop, "challenge") },
	} {
		p := newPair(t)
		change(p)
		if _, err := p.open(t); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestSpecificationAttestation reads the example of OpenID4VCI appendix E, whose certificate is of a test
// authority that nobody trusts.
func TestSpecificationAttestation(t *testing.T) {
	raw := strings.Join(strings.Fields(string(shared.Open(t, "vectors/openid4vci-1.0/wallet_attestation.jwt.txt"))), "")
	_, err := attest.OpenClient(t.Context(), raw, "a.b.c", attest.Expect{Audience: server, Providers: trusted(t, signer(t)), At: time.Unix(1755023600, 0), Challenge: anyChallenge})
	if reason.Of(err) != reason.ClientAttestation || !errors.Is(err, &reason.Error{Code: reason.X509UntrustedRoot}) {
		t.Errorf("it is understood up to its certificate: %v", err)
	}
}

// authority is one of a test, with one certificate that it gave.
type authority struct {
	anchor *x509.Certificate
	leaf   []byte
	by     did.Signer // with the key of leaf
}

func newAuthority(t testing.TB, names *url.URL) authority {
	t.Helper()
	root, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	top := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "root"}, NotBefore: now.Add(-time.Hour), NotAfter: now.Add(time.Hour), IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}
	raw, err := x509.CreateCertificate(rand.Reader, top, top, &root.PublicKey, root)
	must(t, err)
	anchor, err := x509.ParseCertificate(raw)
	must(t, err)
	s := signer(t)
	j := s.Public().JWK()
	x, err := base64.RawURLEncoding.DecodeString(j.X)
	must(t, err)
	y, err := base64.RawURLEncoding.DecodeString(j.Y)
	must(t, err)
	public, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), append(append([]byte{4}, x...), y...))
	must(t, err)
	leaf := &x509.Certificate{SerialNumber: big.NewInt(2), NotBefore: now.Add(-time.Hour), NotAfter: now.Add(time.Hour), KeyUsage: x509.KeyUsageDigitalSignature, URIs: []*url.URL{names}}
	der, err := x509.CreateCertificate(rand.Reader, leaf, anchor, public, root)
	must(t, err)
	return authority{anchor, der, s}
}

func TestCertifiedProvider(t *testing.T) {
	name := &url.URL{Scheme: "https", Host: "provider.example"}
	a, other := newAuthority(t, name), newAuthority(t, name)
	list, err := attest.NewList(attest.ListConfig{Anchors: []*x509.Certificate{a.anchor}})
	must(t, err)
	instance := generate(t)
	pop, err := attest.PoP{ClientID: client, Audience: server, At: now}.Sign(t.Context(), instance, rand.Reader)
	must(t, err)
	for label, c := range map[string]struct {
		by   attest.Provider
		at   time.Time
		want reason.Code // in the chain; "" is good
	}{
		"good":               {attest.Provider{By: a.by, Certificates: [][]byte{a.leaf}, Issuer: name.String()}, now, ""},
		"another authority":  {attest.Provider{By: other.by, Certificates: [][]byte{other.leaf}, Issuer: name.String()}, now, reason.X509UntrustedRoot},
		"another's name":     {attest.Provider{By: a.by, Certificates: [][]byte{a.leaf}, Issuer: "https://other.example"}, now, reason.X509ChainInvalid},
		"another's key":      {attest.Provider{By: other.by, Certificates: [][]byte{a.leaf}, Issuer: name.String()}, now, reason.CredentialSignatureInvalid},
		"by DID":             {attest.Provider{By: a.by}, now, reason.KeyPurposeMismatch},
		"anchor in the path": {attest.Provider{By: a.by, Certificates: [][]byte{a.leaf, a.anchor.Raw}, Issuer: name.String()}, now, reason.X509ChainInvalid},
	} {
		raw, err := c.by.SignClient(t.Context(), client, instance.Public(), now, now.Add(time.Hour))
		must(t, err)
		_, err = attest.OpenClient(t.Context(), raw, pop, attest.Expect{Audience: server, Providers: list, At: c.at, Challenge: anyChallenge})
		if (err == nil) != (c.want == "") || err != nil && !errors.Is(err, &reason.Error{Code: c.want}) {
			t.Errorf("%s: %v, want %q", label, err, c.want)
		}
	}
}

func TestNewListRefuses(t *testing.T) {
	for name, cfg := range map[string]attest.ListConfig{
		"nobody": {}, "no resolver": {DIDs: []did.DID{signer(t).Method.DID()}}, "zero DID": {DIDs: []did.DID{{}}, Resolver: didkey.New()}, "nil anchor": {Anchors: []*x509.Certificate{nil}},
	} {
		if _, err := attest.NewList(cfg); err == nil {
			t.Errorf("%s is taken", name)
		}
	}
}

func TestKeys(t *testing.T) {
	provider := signer(t)
	by := attest.Provider{By: provider}
	one, two := generate(t).Public(), generate(t).Public()
	want := attest.KeysExpect{Providers: trusted(t, provider), At: now, Storage: []string{"iso_18045_high", "iso_18045_moderate"}, Authentication: []string{"iso_18045_moderate"}}
	a := attest.Keys{Keys: []key.Public{one, two}, Nonce: "n", Storage: []string{"iso_18045_moderate"}, Authentication: []string{"iso_18045_moderate"}, Expires: now.Add(time.Hour)}
	raw, err := by.SignKeys(t.Context(), a, now)
	must(t, err)
	got, err := attest.OpenKeys(t.Context(), raw, want)
	if err != nil || len(got.Keys) != 2 || !got.Has(one) || !got.Has(two) || got.Has(generate(t).Public()) || got.Nonce != "n" || !got.Expires.Equal(a.Expires) {
		t.Errorf("%+v %v", got, err)
	}
	if _, err := attest.OpenKeys(t.Context(), raw, attest.KeysExpect{At: now}); err == nil {
		t.Error("nobody knows providers")
	}
	if _, err := by.SignKeys(t.Context(), attest.Keys{}, now); err == nil {
		t.Error("no keys")
	}
	if _, err := by.SignClient(t.Context(), client, key.Public{}, now, now); err == nil {
		t.Error("no key")
	}
}

func TestKeysRefuses(t *testing.T) {
	provider := signer(t)
	jwk := generate(t).Public().JWK()
	want := attest.KeysExpect{Providers: trusted(t, provider), At: now, Storage: []string{"iso_18045_high"}}
	many := make([]any, attest.MaxKeys+1)
	for i := range many {
		many[i] = jwk
	}
	for name, c := range map[string]struct {
		change func(header, claims object)
		want   reason.Code
	}{
		"good": {func(_, _ object) {}, ""}, "no exp": {func(_, c object) { delete(c, "exp") }, ""},
		"typ": {func(h, _ object) { h["typ"] = "keyattestation+jwt" }, reason.ProofTyp}, "alg": {func(h, _ object) { h["alg"] = "none" }, reason.ProofTyp}, "no kid": {func(h, _ object) { delete(h, "kid") }, reason.ProofKeyAmbiguous},
		"another's": {func(h, c object) { s := signer(t); h["kid"] = s.Method.String(); delete(c, "iss") }, reason.KeyPurposeMismatch},
		"no iat":    {func(_, c object) { delete(c, "iat") }, reason.ProofIat}, "ahead": {func(_, c object) { c["iat"] = now.Unix() + 61 }, reason.ProofIat}, "expired": {func(_, c object) { c["exp"] = now.Unix() - 61 }, reason.ProofIat},
		"no keys": {func(_, c object) { c["attested_keys"] = []any{} }, reason.ProofKeyAmbiguous}, "twice": {func(_, c object) { c["attested_keys"] = []any{jwk, jwk} }, reason.ProofKeyAmbiguous}, "too many": {func(_, c object) { c["attested_keys"] = many }, reason.ProofKeyAmbiguous},
		"private": {func(_, c object) { c["attested_keys"] = []any{generate(t).JWK()} }, reason.ProofKeyAmbiguous}, "text": {func(_, c object) { c["attested_keys"] = []any{"k"} }, reason.ProofKeyAmbiguous},
		"weaker storage": {func(_, c object) { c["key_storage"] = []string{"iso_18045_basic"} }, reason.KeyWeak}, "no storage": {func(_, c object) { delete(c, "key_storage") }, reason.KeyWeak},
		"long nonce": {func(_, c object) { c["nonce"] = strings.Repeat("n", attest.MaxText+1) }, reason.ProofKeyAmbiguous}, "iat text": {func(_, c object) { c["iat"] = "now" }, reason.JSONType},
	} {
		header := object{"typ": attest.TypeKeys, "alg": "ES256", "kid": provider.Method.String()}
		claims := object{"iss": provider.Method.DID().String(), "iat": now.Unix(), "exp": now.Unix() + 60, "attested_keys": []any{jwk}, "key_storage": []string{"iso_18045_high"}, "nonce": "n"}
		c.change(header, claims)
		if _, err := attest.OpenKeys(t.Context(), signed(t, header, claims, provider), want); reason.Of(err) != c.want {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}

// FuzzOpen shows that nothing panics, and that nothing but what a provider signed opens.
func FuzzOpen(f *testing.F) {
	p := newPair(f)
	a, pop := signed(f, p.header, p.claims, p.signAttestation), signed(f, p.popHeader, p.pop, p.signPoP)
	providers := trusted(f, p.provider)
	f.Add(a, pop)
	f.Add("e30.e30.", "e30.e30.")
	f.Fuzz(func(t *testing.T, a, pop string) {
		got, err := attest.OpenClient(t.Context(), a, pop, attest.Expect{Audience: server, Providers: providers, At: now, Challenge: anyChallenge})
		if err != nil && reason.Of(err) != reason.ClientAttestation && reason.Of(err) != reason.ClientAud {
			t.Fatal(err)
		}
		if err == nil && got.ID != client {
			t.Fatalf("%+v", got)
		}
		_, _ = attest.OpenKeys(t.Context(), a, attest.KeysExpect{Providers: providers, At: now})
	})
}

// Example authenticates a wallet whose provider is trusted.
func Example() {
	provider, err := newSigner()
	if err != nil {
		fmt.Println(err)
		return
	}
	instance, err := key.Generate(key.ES256, rand.Reader)
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx, at := context.Background(), time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)
	attestation, err := attest.Provider{By: provider}.SignClient(ctx, "https://wallet.example", instance.Public(), at, at.Add(24*time.Hour))
	if err != nil {
		fmt.Println(err)
		return
	}
	pop, err := attest.PoP{ClientID: "https://wallet.example", Audience: "https://issuer.example", At: at}.Sign(ctx, instance, rand.Reader)
	if err != nil {
		fmt.Println(err)
		return
	}
	providers, err := attest.NewList(attest.ListConfig{DIDs: []did.DID{provider.Method.DID()}, Resolver: didkey.New()})
	if err != nil {
		fmt.Println(err)
		return
	}
	got, err := attest.OpenClient(ctx, attestation, pop, attest.Expect{Audience: "https://issuer.example", Providers: providers, At: at, Challenge: anyChallenge})
	fmt.Println(got.ID, err)
	_, err = attest.OpenClient(ctx, attestation, pop, attest.Expect{Audience: "https://other.example", Providers: providers, At: at, Challenge: anyChallenge})
	fmt.Println(reason.Of(err))
	// Output:
	// https://wallet.example <nil>
	// client.aud
}

func newSigner() (did.Signer, error) {
	k, err := key.Generate(key.ES256, rand.Reader)
	if err != nil {
		return did.Signer{}, err
	}
	return didkey.Signer(k)
}
