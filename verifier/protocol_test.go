// SPDX-License-Identifier: Apache-2.0

package verifier_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"math/big"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/internal/jwe"
	"github.com/behalf-id/behalf/key"
	"github.com/behalf-id/behalf/openid/dcql"
	"github.com/behalf-id/behalf/openid/vp"
	"github.com/behalf-id/behalf/reason"
	"github.com/behalf-id/behalf/trustframework"
	"github.com/behalf-id/behalf/verifier"
)

// certificateOf returns a certificate authority, and a certificate of it for names over a new key that can sign.
func certificateOf(t testing.TB, names ...string) (anchor *x509.Certificate, leaf []byte, by key.Signer) {
	t.Helper()
	authority, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	root := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Authority"}, NotBefore: began.AddDate(-1, 0, 0), NotAfter: began.AddDate(1, 0, 0),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign, SubjectKeyId: []byte{1},
	}
	raw, err := x509.CreateCertificate(rand.Reader, root, root, authority.Public(), authority)
	must(t, err)
	anchor, err = x509.ParseCertificate(raw)
	must(t, err)
	private := newKey(t, key.ES256)
	jwk := private.Public().JWK()
	public, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), slices.Concat([]byte{4}, unb64(t, jwk.X), unb64(t, jwk.Y)))
	must(t, err)
	leaf, err = x509.CreateCertificate(rand.Reader, &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "Gateway"}, NotBefore: began.AddDate(-1, 0, 0), NotAfter: began.AddDate(1, 0, 0),
		DNSNames: names, KeyUsage: x509.KeyUsageDigitalSignature,
	}, anchor, public, authority)
	must(t, err)
	return anchor, leaf, private
}

// goBy makes w a gateway that wallets know by a certificate, and lists it so.
func (w *world) goBy(prefix string) *world {
	w.Helper()
	anchor, leaf, by := certificateOf(w, "gateway.test")
	w.anchors = []*x509.Certificate{anchor}
	w.cfg.Protocol.Client = verifier.Client{Prefix: prefix, Certificates: [][]byte{leaf}, Key: by}
	w.start(w.cfg)
	w.framework.Verifiers[0].Clients = []string{w.ClientID()}
	return w
}

// TestClients has a wallet know the gateway in each way. Its proofs are made out to the whole identifier: one for
// another identifier of the very same gateway is refused.
func TestClients(t *testing.T) {
	for prefix, start := range map[string]func(*world) *world{
		vp.PrefixDID:     func(w *world) *world { return w },
		vp.PrefixX509DNS: func(w *world) *world { return w.goBy(vp.PrefixX509DNS) }, vp.PrefixX509Hash: func(w *world) *world { return w.goBy(vp.PrefixX509Hash) },
		vp.PrefixRedirectURI: func(w *world) *world {
			w.cfg.Protocol.Client.Prefix = vp.PrefixRedirectURI
			w.start(w.cfg)
			return w
		},
	} {
		for _, format := range []string{sd, vc} {
			t.Run(prefix+format, func(t *testing.T) {
				w := start(newWorld(t))
				s := w.ask(booking())
				if !strings.HasPrefix(s.request.ClientID, prefix) || prefix != vp.PrefixRedirectURI && s.request.ClientID != w.ClientID() {
					t.Fatal(s.request.ClientID)
				}
				if prefix == vp.PrefixRedirectURI && (s.RequestURI != "" || s.request.ClientID != prefix+origin+"/vp/response/"+s.ID) {
					t.Fatalf("%+v", s.Asked)
				}
				w.expect(w.post(s, map[string][]string{queryOf(format): {w.show(s, format, w.seal(format, w.root(format), w.issuer), w.bob)}}), reason.OK)
				for _, other := range []string{vp.ClientID(parseDID(t, gatewayID)), vp.PrefixX509DNS + "gateway.test", strings.TrimPrefix(s.request.ClientID, prefix), "https://gateway.test"} {
					if other != s.request.ClientID {
						g := w.forge(format)
						g.proof["aud"] = other
						w.expect(g.send(), reason.PresentationAudienceMismatch)
					}
				}
			})
		}
	}
}

// TestUnsignedIsOnce shows that a request by value is no other request: it is answered once, and not fetched.
func TestUnsignedIsOnce(t *testing.T) {
	w := newWorld(t)
	w.cfg.Protocol.Client.Prefix = vp.PrefixRedirectURI
	w.start(w.cfg)
	s := w.ask(booking())
	w.expect(w.judgement(w.call("GET", "/vp/request/"+s.ID, "", ""), w.leaves()), reason.RequestConsumed)
	w.expect(w.present(s), reason.OK)
	w.expect(w.present(s), reason.PresentationReplayed)
	if inFlow := w.askFor(verifier.Request{Access: booking(), Flow: verifier.CrossDevice, RedirectURI: otherReturn}); inFlow.Page != "" {
		t.Errorf("a page whose QR code nobody could read: %s", inFlow.Page)
	}
	if len(s.DeepLink) > vp.MaxByValue {
		t.Errorf("the link has %d bytes", len(s.DeepLink))
	}
}

// TestProtocolRefuses has what no gateway may be made of.
func TestProtocolRefuses(t *testing.T) {
	w := newWorld(t)
	its, leaf, by := certificateOf(t, "gateway.test")
	anchor, elsewhere, byElsewhere := certificateOf(t, "elsewhere.test")
	for name, p := range map[string]verifier.Protocol{
		"no certificate":      {Client: verifier.Client{Prefix: vp.PrefixX509Hash, Key: by}},
		"no key":              {Client: verifier.Client{Prefix: vp.PrefixX509Hash, Certificates: [][]byte{leaf}}},
		"another key":         {Client: verifier.Client{Prefix: vp.PrefixX509Hash, Certificates: [][]byte{leaf}, Key: byElsewhere}},
		"no such host":        {Client: verifier.Client{Prefix: vp.PrefixX509DNS, Certificates: [][]byte{elsewhere}, Key: byElsewhere}},
		"an anchor":           {Client: verifier.Client{Prefix: vp.PrefixX509Hash, Certificates: [][]byte{anchor.Raw}, Key: by}},
		"anchor beside it":    {Client: verifier.Client{Prefix: vp.PrefixX509Hash, Certificates: [][]byte{leaf, its.Raw}, Key: by}},
		"no DER":              {Client: verifier.Client{Prefix: vp.PrefixX509Hash, Certificates: [][]byte{leaf, []byte("x")}, Key: by}},
		"a prefix of others":  {Client: verifier.Client{Prefix: "openid_federation:"}},
		"by DID and by key":   {Client: verifier.Client{Key: by, Certificates: [][]byte{leaf}}},
		"unsigned with a key": {Client: verifier.Client{Prefix: vp.PrefixRedirectURI, Key: by}},
		"encryption":          {Encryptions: []jwe.Encryption{"A128CBC-HS256"}},
		"no encryption":       {Encryptions: []jwe.Encryption{""}},
		"transaction":         {Transaction: "payment"},
	} {
		cfg := w.cfg
		cfg.Protocol = p
		if _, err := verifier.New(cfg); err == nil {
			t.Errorf("%s is taken", name)
		}
	}
	cfg := w.cfg
	cfg.Protocol.Transaction, cfg.Formats = vp.TransactionAccess, credential.Formats{w.formats.Named(vc)}
	if _, err := verifier.New(cfg); err == nil {
		t.Error("transaction data without a format for it is taken")
	}
}

// TestHAIP is the profile whole: certificate, encryption by either algorithm, transaction data, page.
func TestHAIP(t *testing.T) {
	for _, enc := range []jwe.Encryption{jwe.A128GCM, jwe.A256GCM} {
		w := newWorld(t)
		w.cfg.Formats = credential.Formats{w.formats.Named(sd)}
		w.cfg.Protocol.Encryptions, w.cfg.Protocol.Transaction = []jwe.Encryption{jwe.A256GCM, jwe.A128GCM}, vp.TransactionAccess
		w.goBy(vp.PrefixX509Hash)
		s := w.askFor(verifier.Request{Access: booking(), Flow: verifier.SameDevice, RedirectURI: returnTo})
		if m := s.request.Metadata; len(m.Keys.Keys) != 1 || len(m.Encryptions) != 2 || len(m.Formats) != 1 {
			t.Errorf("%+v", m)
		}
		only := *s.request
		only.Metadata.Encryptions = []string{string(enc)}
		s.request = &only
		got := w.present(s)
		w.expect(got, reason.OK)
		var out handed
		must(t, json.Unmarshal([]byte(got.body), &out))
		w.reads(s, "response_code="+w.codeOf(out.Redirect, returnTo), verifier.SameDevice)
	}
}

// TestSealingKeys gives every session a key of its own, which is gone when it is decided.
func TestSealingKeys(t *testing.T) {
	w := newWorld(t).encrypting(jwe.A256GCM)
	seen := map[string]bool{}
	for range 5 {
		s := w.ask(booking())
		seen[string(s.request.Metadata.Keys.Keys[0])] = true
		held := func() bool {
			e, err := w.records.Get(t.Context(), "gateway/session/"+s.ID)
			must(t, err)
			return strings.Contains(string(e.Value), `"sealing"`)
		}
		if !held() {
			t.Error("the key is not kept with its session")
		}
		parts := w.sealed(s)
		w.expect(w.sendSealed(s, nil, parts), reason.OK)
		if held() {
			t.Error("the key is kept after the decision")
		}
		w.expect(w.sendSealed(s, nil, parts), reason.PresentationReplayed)
	}
	if len(seen) != 5 {
		t.Errorf("five sessions have %d keys", len(seen))
	}
}

// TestErrorAnswers takes each error of OpenID4VP 1.0 §8.5 in the clear, also where answers are to be encrypted:
// a wallet that can use no key of ours cannot say so otherwise.
func TestErrorAnswers(t *testing.T) {
	for name, w := range map[string]*world{"direct_post": newWorld(t), "direct_post.jwt": newWorld(t).encrypting(jwe.A256GCM)} {
		for _, code := range []string{
			vp.ErrorInvalidRequest, vp.ErrorInvalidClient, vp.ErrorAccessDenied, vp.ErrorFormats, vp.ErrorRequestURIMethod, vp.ErrorTransactionData, vp.ErrorWalletUnavailable,
		} {
			t.Run(name+" "+code, func(t *testing.T) {
				w.TB = t
				s := w.askFor(verifier.Request{Access: booking(), Flow: verifier.SameDevice, RedirectURI: returnTo})
				got := w.postForm(s, url.Values{"state": {s.request.State}, "error": {code}, "error_description": {"no"}}.Encode())
				w.expect(got, reason.PresentationNoDelegation)
				var out handed
				must(t, json.Unmarshal([]byte(got.body), &out))
				read := w.read(s, "response_code="+w.codeOf(out.Redirect, returnTo))
				if read.Code != 200 || !strings.Contains(read.Body.String(), `"outcome":"deny"`) {
					t.Errorf("%d %s", read.Code, read.Body)
				}
			})
		}
		w.TB = t
	}
}

// TestAttested sends what the registry attests along with a signed request, while there is something.
func TestAttested(t *testing.T) {
	w := newWorld(t)
	if s := w.ask(booking()); s.request.VerifierInfo != nil {
		t.Errorf("%+v", s.request.VerifierInfo)
	}
	w.attestation = "a.b.c"
	s := w.ask(booking())
	if len(s.request.VerifierInfo) != 1 {
		t.Fatalf("%+v", s.request.VerifierInfo)
	}
	if got, ok := s.request.VerifierInfo[0].JWT(); !ok || got != "a.b.c" {
		t.Errorf("%+v", s.request.VerifierInfo)
	}
	w.expect(w.present(s), reason.OK)
}

// TestNotEntitled asks for what the framework does not register the gateway for: the service is told what is too
// much, and there is no request.
func TestNotEntitled(t *testing.T) {
	entry := func(change func(*trustframework.Verifier)) func(*world) {
		return func(w *world) { change(&w.framework.Verifiers[0]) }
	}
	for name, c := range map[string]struct {
		change func(*world)
		want   []string
	}{
		"controller": {entry(func(v *trustframework.Verifier) { v.Controllers = []string{"https://other.test"} }), []string{"controller"}},
		"purpose":    {entry(func(v *trustframework.Verifier) { v.Purposes = []string{"treatment"} }), []string{"purpose"}},
		"resource":   {entry(func(v *trustframework.Verifier) { v.Resources = []string{"prescriptions", "appointments/gp"} }), []string{"resource"}},
		"nobody":     {func(w *world) { w.framework.Verifiers = nil }, []string{"controller", "purpose", "client"}},
		"another":    {entry(func(v *trustframework.Verifier) { v.ID = attackerID }), []string{"controller", "purpose", "client"}},
		"client":     {func(w *world) { w.goBy(vp.PrefixX509Hash); w.framework.Verifiers[0].Clients = nil }, []string{"client"}},
		"another's client": {func(w *world) {
			w.goBy(vp.PrefixX509DNS)
			other := w.framework.Verifiers[0]
			other.ID, w.framework.Verifiers[0].Clients = attackerID, nil
			w.framework.Verifiers = append(w.framework.Verifiers, other)
		}, []string{"client"}},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			raw, err := json.Marshal(booking())
			must(t, err)
			if got := w.call("POST", "/v1/requests", "application/json", string(raw)); got.Code != 201 {
				t.Fatalf("the base case: %d %s", got.Code, got.Body)
			}
			c.change(w)
			got := w.call("POST", "/v1/requests", "application/json", string(raw))
			var body struct {
				Type, Reason string
				TooMuch      []string `json:"too_much"`
			}
			must(t, json.Unmarshal(got.Body.Bytes(), &body))
			if got.Code != 403 || body.Type != "/problems/forbidden" || body.Reason != string(reason.VerifierNotEntitled) || !slices.Equal(body.TooMuch, c.want) {
				t.Errorf("%d %s", got.Code, got.Body)
			}
		})
	}
	w := newWorld(t)
	w.framework = trustframework.Unavailable()
	if _, err := w.Ask(t.Context(), verifier.Request{Access: booking()}); reason.Of(err) != reason.TrustRegistryUnavailable {
		t.Errorf("without a framework: %v", err)
	}
}

// TestFacts names what queries ask for beyond what a decision reads, in the words of the framework.
func TestFacts(t *testing.T) {
	path := func(names ...string) dcql.Path {
		var p dcql.Path
		for _, n := range names {
			p = append(p, dcql.Member(n))
		}
		return p
	}
	v := newFramework().Verifiers[0]
	for name, c := range map[string]struct {
		path dcql.Path
		want []string
	}{
		"resource":   {vp.DelegationPath(vp.FormatSDJWT, "permission", dcql.Every(), dcql.Member("resource")), nil},
		"assurance":  {vp.DelegationPath(vp.FormatSDJWT, "identityAssurance"), nil},
		"identifier": {path("on_behalf_of", "identifier", "value"), []string{"identifier"}},
		"evidence":   {path("delegation", "evidence"), []string{"evidence"}},
		"elsewhere":  {path("evidence"), []string{"claim"}}, // where the W3C formats have it
		"anything":   {path("delegation", "legal_basis"), []string{"claim"}},
		"all":        {path("delegation"), []string{"claim", "evidence"}},
	} {
		q := &dcql.Query{Credentials: []dcql.Credential{{ID: "a", Format: vp.FormatSDJWT, Claims: []dcql.Claim{{Path: c.path}}}}}
		if got := verifier.Beyond(v, booking(), q); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v", name, got)
		}
		registered := v
		registered.Facts = map[string][]string{"family-requested": {trustframework.FactIdentifier, trustframework.FactEvidence}}
		if got := verifier.Beyond(registered, booking(), q); (len(got) > 0) != slices.Contains(c.want, "claim") {
			t.Errorf("%s, registered: %v", name, got)
		}
		registered.Facts = map[string][]string{"treatment": {trustframework.FactIdentifier, trustframework.FactEvidence}}
		if got := verifier.Beyond(registered, booking(), q); !slices.Equal(got, c.want) {
			t.Errorf("%s, registered for another purpose: %v", name, got)
		}
	}
	{ // and whatever the gateway itself asks for is none of these
		w := newWard(t)
		s := w.ask(booking())
		if got := verifier.Beyond(v, booking(), &s.request.Query); got != nil {
			t.Error(got)
		}
	}
}
