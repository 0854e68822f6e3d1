// SPDX-License-Identifier: Apache-2.0

package wallet

import (
	"crypto/rand"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/credential/status"
	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/key"
	"github.com/behalf-id/behalf/openid/attest"
	"github.com/behalf-id/behalf/openid/vci"
	"github.com/behalf-id/behalf/reason"
)

// TestCodeFlow signs in at the issuer, with every kind of request and server.
func TestCodeFlow(t *testing.T) {
	for name, c := range map[string]struct {
		set    func(*office)
		pushed bool
		scope  string
	}{
		"pushed, bound": {func(*office) {}, true, ""},
		"bearer":        {func(o *office) { o.bearer = true }, true, ""},
		"not pushed": {func(o *office) {
			o.server = func(m *vci.ServerMetadata) { m.PushedEndpoint, m.RequirePushed = "", false }
		}, false, ""},
		"by scope":         {func(o *office) { o.server = func(m *vci.ServerMetadata) { m.DetailTypes = []string{"other"} } }, true, "delegation"},
		"identifiers":      {func(o *office) { o.identifiers = []string{"one", "another"} }, true, ""},
		"encrypted":        {func(o *office) { o.encrypts = true }, true, ""},
		"nonce taken back": {func(o *office) { o.nonceOnce = true }, true, ""},
		"answer without iss": {func(o *office) {
			o.server = func(m *vci.ServerMetadata) { m.AnswersWithIssuer = false }
			o.comeBack = func(q url.Values) { q.Del("iss") }
		}, true, ""},
	} {
		t.Run(name, func(t *testing.T) {
			w := newTown(t)
			o := w.office()
			c.set(o)
			held := w.wallet()
			var seen OfferView
			by := o.taker(0)
			by.Accept = func(v OfferView) (string, error) { seen = v; return "", nil }
			got, err := held.Receive(t.Context(), o.codeOffer(), by)
			check(t, err)
			o.blameless(t)
			if len(got.Entries) != max(1, len(o.identifiers)) || got.Entries[0].Renewable || got.Entries[0].Group != "" {
				t.Errorf("%+v", got)
			}
			if !seen.SignIn || seen.TxCode != nil {
				t.Errorf("shown before: %+v", seen)
			}
			if (w.issuer.hit("POST /par") > 0) != c.pushed || o.asked.Scope != c.scope || len(o.asked.Details) == 0 != (c.scope != "") || o.asked.IssuerState != "state of the issuer" {
				t.Errorf("asked for: %+v", o.asked)
			}
			if o.encrypts && o.encrypted != 1 {
				t.Errorf("%d encrypted answers", o.encrypted)
			}
		})
	}
}

// TestApply asks without an offer, by the scope of one configuration.
func TestApply(t *testing.T) {
	w := newTown(t)
	o := w.office()
	held := w.wallet()
	got, err := held.Apply(t.Context(), w.issuer.origin, o.taker(0))
	check(t, err)
	o.blameless(t)
	if len(got.Entries) != 1 || o.asked.Scope != "delegation" || len(o.asked.Details) != 0 || o.asked.IssuerState != "" {
		t.Errorf("%+v, asked for %+v", got, o.asked)
	}
	for address, code := range map[string]reason.Code{
		w.stranger.origin: reason.OfferUntrusted, "http://a.example": reason.CLIArgs, w.issuer.origin + "/x": reason.OfferUntrusted, "": reason.CLIArgs,
	} {
		_, err := held.Apply(t.Context(), address, o.taker(0))
		want(t, err, code)
	}
	by := o.taker(0)
	by.SignIn = nil
	_, err = held.Apply(t.Context(), w.issuer.origin, by)
	want(t, err, reason.OfferUntrusted)
	by = o.taker(0)
	declined := errors.New("declined")
	by.Accept = func(OfferView) (string, error) { return "", declined }
	if _, err = held.Apply(t.Context(), w.issuer.origin, by); !errors.Is(err, declined) {
		t.Errorf("declined: %v", err)
	}
	for _, none := range []Collector{{}, {SignIn: o}} {
		_, err = held.Apply(t.Context(), w.issuer.origin, none)
		want(t, err, reason.CLIArgs)
		_, err = held.Receive(t.Context(), o.codeOffer(), none)
		want(t, err, reason.CLIArgs)
	}
	_, err = held.Receive(t.Context(), o.codeOffer(), w.taker())
	want(t, err, reason.OfferUntrusted)
}

// TestSignInRefuses holds attacks on the code flow at the wallet: mix-up, code injection, downgrades.
func TestSignInRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		set    func(*office)
		want   reason.Code
		tokens bool // whether a token may have been asked for
	}{
		"answer of another server": {func(o *office) { o.comeBack = func(q url.Values) { q.Set("iss", o.w.stranger.origin) } }, reason.IssuerMetadataInvalid, false},
		"iss left out":             {func(o *office) { o.comeBack = func(q url.Values) { q.Del("iss") } }, reason.IssuerMetadataInvalid, false},
		"another state":            {func(o *office) { o.comeBack = func(q url.Values) { q.Set("state", "x") } }, reason.SessionUnknown, false},
		"no state":                 {func(o *office) { o.comeBack = func(q url.Values) { q.Del("state") } }, reason.SessionUnknown, false},
		"code twice":               {func(o *office) { o.comeBack = func(q url.Values) { q.Add("code", "y") } }, reason.HTTPDuplicateParam, false},
		"no code":                  {func(o *office) { o.comeBack = func(q url.Values) { q.Del("code") } }, reason.GrantInvalid, false},
		"person said no":           {func(o *office) { o.comeBack = func(q url.Values) { q.Del("code"); q.Set("error", "access_denied") } }, reason.GrantInvalid, false},
		"code of another session":  {func(o *office) { o.comeBack = func(q url.Values) { q.Set("code", "stolen") } }, reason.GrantInvalid, true},
		"PKCE plain alone":         {func(o *office) { o.server = func(m *vci.ServerMetadata) { m.ChallengeMethods = []string{"plain"} } }, reason.IssuerMetadataInvalid, false},
		"no PKCE":                  {func(o *office) { o.server = func(m *vci.ServerMetadata) { m.ChallengeMethods = nil } }, reason.IssuerMetadataInvalid, false},
		"endpoint elsewhere": {func(o *office) {
			o.server = func(m *vci.ServerMetadata) { m.AuthorizationEndpoint = o.w.stranger.origin + "/authorize" }
		}, reason.IssuerMetadataInvalid, false},
		"token endpoint elsewhere": {func(o *office) {
			o.server = func(m *vci.ServerMetadata) { m.TokenEndpoint = o.w.stranger.origin + "/token" }
		}, reason.IssuerMetadataInvalid, false},
		"another server's metadata": {func(o *office) { o.server = func(m *vci.ServerMetadata) { m.Issuer = o.w.stranger.origin } }, reason.IssuerMetadataInvalid, false},
		"another server": {func(o *office) {
			o.meta = func(m *vci.IssuerMetadata) { m.AuthorizationServers = []string{o.w.stranger.origin} }
		}, reason.IssuerMetadataInvalid, false},
		"bearer for bound":    {func(o *office) { o.tokenType = "Bearer" }, reason.TokenInvalid, true},
		"bound for bearer":    {func(o *office) { o.bearer, o.tokenType = true, "DPoP" }, reason.TokenInvalid, true},
		"answer in the clear": {func(o *office) { o.encrypts, o.clear = true, true }, reason.ResponseEncryptionRequired, true},
		"encrypts in unknown ways": {func(o *office) {
			o.meta = func(m *vci.IssuerMetadata) {
				m.ResponseEncryption = &vci.ResponseEncryptionMetadata{Alg: []string{"RSA1_5"}, Enc: []string{"A128CBC-HS256"}, Required: true}
			}
		}, reason.ResponseEnc, true},
		"keys must be attested": {func(o *office) {
			o.meta = func(m *vci.IssuerMetadata) {
				c := m.Configurations["delegation"]
				c.BindingMethods = []string{"did:key"}
				c.ProofTypes = map[string]vci.ProofType{"jwt": {Algorithms: []string{"ES256"}, Attestation: &vci.RequiredAttestations{Storage: []string{"iso_18045_basic"}}}}
				m.Configurations["delegation"] = c
			}
		}, reason.ClientAttestation, true},
		"too many identifiers": {func(o *office) { o.identifiers = slices.Repeat([]string{"one"}, MaxOrders+1) }, reason.CredentialUnexpected, true},
		"redirect at PAR": {func(o *office) {
			o.w.issuer.serve(map[string]http.HandlerFunc{"POST /par": func(rw http.ResponseWriter, r *http.Request) {
				http.Redirect(rw, r, o.w.stranger.origin+"/par", http.StatusPermanentRedirect)
			}})
		}, reason.FetchRedirect, false},
		"huge metadata": {func(o *office) {
			o.w.issuer.serve(map[string]http.HandlerFunc{"GET /.well-known/openid-credential-issuer": func(rw http.ResponseWriter, _ *http.Request) {
				write200(rw, "application/json", []byte(`{"a":"`+strings.Repeat("x", vci.MaxMetadata)+`"}`))
			}})
		}, reason.FetchLimit, false},
		"huge server metadata": {func(o *office) {
			o.server = func(m *vci.ServerMetadata) { m.Scopes = []string{strings.Repeat("x", vci.MaxMetadata)} }
		}, reason.FetchLimit, false},
		"huge offers of kinds": {func(o *office) {
			o.meta = func(m *vci.IssuerMetadata) {
				for i := range vci.MaxConfigurations + 1 {
					m.Configurations[strings.Repeat("c", i+1)] = vci.Configuration{Format: "x"}
				}
			}
		}, reason.IssuerMetadataInvalid, false},
		"asks for a nonce for ever": {func(o *office) {
			o.w.issuer.serve(map[string]http.HandlerFunc{"POST /token": func(rw http.ResponseWriter, _ *http.Request) {
				rw.Header().Set("Dpop-Nonce", "again")
				o.refuse(rw, 400, "use_dpop_nonce")
			}})
		}, reason.DPoPInvalid, true},
	} {
		t.Run(name, func(t *testing.T) {
			w := newTown(t)
			o := w.office()
			c.set(o)
			held := w.wallet()
			_, err := held.Receive(t.Context(), o.codeOffer(), o.taker(0))
			want(t, err, c.want)
			if all, _, _ := held.List(t.Context()); len(all) != 0 {
				t.Error("something was stored")
			}
			if n := w.issuer.hit("POST /token"); n > 0 != c.tokens || n > 3 {
				t.Errorf("%d token requests", n)
			}
			for _, path := range []string{"POST /token", "POST /par", "GET /authorize"} {
				if w.stranger.hit(path) > 0 {
					t.Errorf("a stranger got %s", path)
				}
			}
		})
	}
}

// TestWrongCredential holds attack WAL-06: what an issuer gives that was not asked for is not stored, and
// the issuer is told that it failed.
func TestWrongCredential(t *testing.T) {
	stranger := "did:key:zDnaerDaTF5BXEavCrfRZEk316dpbLsfPDZ3WJ5hRTPFU2169"
	for name, c := range map[string]struct {
		set    func(*office)
		copies int
	}{
		"other subject in one copy": {func(o *office) {
			o.change = func(i int, c *credential.Credential) {
				if i == 1 {
					c.OnBehalfOf.ID = "urn:uuid:11111111-1111-4111-8111-111111111111"
				}
			}
		}, 3},
		"other key in cnf": {func(o *office) { o.change = func(_ int, c *credential.Credential) { c.Delegate.ID = stranger } }, 0},
		"other key in cnf of one copy": {func(o *office) {
			o.change = func(i int, c *credential.Credential) {
				if i == 2 {
					c.Delegate.ID = stranger
				}
			}
		}, 3},
		"one key in two copies": {func(o *office) {
			var first string
			o.change = func(_ int, c *credential.Credential) {
				if first == "" {
					first = c.Delegate.ID
				}
				c.Delegate.ID = first
			}
		}, 2},
		"the wallet's own key for a copy": {func(o *office) {
			o.change = func(_ int, c *credential.Credential) { c.Delegate.ID = o.delegate }
		}, 2},
		"other type": {func(o *office) {
			o.meta = func(m *vci.IssuerMetadata) {
				o.w.framework.Accreditations[0].Types = append(o.w.framework.Accreditations[0].Types, credential.TypeWorkgroupMembership)
				c := m.Configurations["delegation"]
				c.VCT = credential.VCTWorkgroupMembership
				m.Configurations["delegation"] = c
			}
		}, 0},
		"already revoked": {func(o *office) { o.change = func(_ int, c *credential.Credential) { o.w.flip(c, status.Revoked) } }, 0},
		"expired": {func(o *office) {
			o.change = func(_ int, c *credential.Credential) {
				c.ValidFrom, c.ValidUntil = o.w.at.Add(-2*time.Hour), o.w.at.Add(-time.Hour)
			}
		}, 0},
		"more than asked for": {func(o *office) { o.w.issuer.serve(map[string]http.HandlerFunc{"POST /credential": o.twice}) }, 0},
	} {
		t.Run("WAL-06/"+name, func(t *testing.T) {
			w := newTown(t)
			o := w.office()
			o.batch = 5
			held := w.wallet()
			if name == "the wallet's own key for a copy" {
				o.change, o.delegate = nil, ""
				own := held.DID().String()
				o.change = func(_ int, c *credential.Credential) { c.Delegate.ID = own }
			} else {
				c.set(o)
			}
			_, err := held.Receive(t.Context(), o.codeOffer(), o.taker(c.copies))
			want(t, err, reason.CredentialUnexpected)
			all, bad, _ := held.List(t.Context())
			if names, _ := held.cfg.Vault.names(""); len(all)+len(bad)+len(names) != 0 {
				t.Errorf("stored: %v", names)
			}
			if len(o.events) != 1 || !strings.HasSuffix(o.events[0], string(vci.Failed)) {
				t.Errorf("told: %v", o.events)
			}
		})
	}
}

// twice gives two credentials for one key.
func (o *office) twice(rw http.ResponseWriter, r *http.Request) {
	var request vci.CredentialRequest
	if !o.opens(rw, r, &request) {
		return
	}
	h, _, err := vci.OpenProof(r.Context(), []byte(request.Proofs.JWT[0]), o.w.issuer.origin, o.w.keys, o.w.now())
	check(o.w.t, err)
	o.give(rw, []did.DID{h.DID, h.DID}, request.Encryption)
}

// TestCopies collects one-time copies: each with a key of its own that lies with it, together a group.
func TestCopies(t *testing.T) {
	w := newTown(t)
	o := w.office()
	o.batch = 4
	held := w.wallet()
	got, err := held.Receive(t.Context(), o.codeOffer(), o.taker(7))
	check(t, err)
	o.blameless(t)
	if len(got.Entries) != 4 || !slices.Equal(o.proofs, []int{4}) {
		t.Fatalf("%d copies, asked for %v", len(got.Entries), o.proofs)
	}
	seen := map[string]bool{held.DID().String(): true}
	for _, e := range got.Entries {
		if e.Group == "" || e.Group != got.Entries[0].Group || seen[e.credential.Delegate.ID] || seen[e.held.Raw] || e.held.Key == nil {
			t.Errorf("copy: %+v", e)
		}
		seen[e.credential.Delegate.ID], seen[e.held.Raw] = true, true
	}
	again := w.again(held)
	all, bad, err := again.List(t.Context())
	check(t, err)
	if len(all) != 4 || len(bad) != 0 || len(again.Keys()) != 1 {
		t.Fatalf("%d copies, %v, keys %v", len(all), bad, again.Keys())
	}
	for _, e := range all {
		s, err := again.signerOf(e.credential.Delegate.ID)
		check(t, err)
		if s.Method.DID().String() != e.credential.Delegate.ID {
			t.Error("another key")
		}
	}
	if len(o.events) != 1 || !strings.HasSuffix(o.events[0], string(vci.Accepted)) {
		t.Errorf("told: %v", o.events)
	}
	file, err := held.cfg.Vault.Export([]byte("b"))
	check(t, err)
	restored, err := Import(t.Context(), t.TempDir()+"/new", file, []byte("b"), []byte("n"), rand.Reader)
	check(t, err)
	t.Cleanup(func() { _ = restored.Close() })
	other := w.over(restored)
	if all, _, _ = other.List(t.Context()); len(all) != 4 || !other.holds(got.Entries[2].credential.Delegate.ID) {
		t.Errorf("%d copies restored", len(all))
	}
}

// TestCopiesRefused: where a grant names its delegate's key, one credential comes, for that key.
func TestCopiesRefused(t *testing.T) {
	for name, rotated := range map[string]bool{"the key in use": false, "an older key": true} {
		t.Run(name, func(t *testing.T) {
			w := newTown(t)
			o := w.office()
			held := w.wallet()
			o.batch, o.delegate = 5, held.DID().String()
			if rotated {
				_, err := held.RotateKey(t.Context())
				check(t, err)
			}
			got, err := held.Receive(t.Context(), o.codeOffer(), o.taker(3))
			check(t, err)
			o.blameless(t)
			if len(got.Entries) != 1 || got.Entries[0].credential.Delegate.ID != o.delegate || got.Entries[0].Group != "" || got.Entries[0].held.Key != nil {
				t.Errorf("%+v, asked for %v", got.Entries[0], o.proofs)
			}
		})
	}
	w := newTown(t)
	o := w.office()
	o.delegate = w.wallet().DID().String()
	_, err := w.wallet().Receive(t.Context(), o.codeOffer(), o.taker(0))
	want(t, err, reason.GrantInvalid)
}

// TestLater collects what the issuer decides about later, over restarts, and honours the interval.
func TestLater(t *testing.T) {
	for name, c := range map[string]struct {
		set    func(*office)
		copies int
	}{
		"one": {func(*office) {}, 0}, "copies": {func(o *office) { o.batch = 3 }, 3}, "encrypted": {func(o *office) { o.encrypts = true }, 0},
		"with refresh tokens": {func(o *office) { o.refreshing = true }, 0}, "identifiers": {func(o *office) { o.identifiers = []string{"one"} }, 0},
	} {
		t.Run(name, func(t *testing.T) {
			w := newTown(t)
			o := w.office()
			o.later, o.refreshing = 2, true
			c.set(o)
			held := w.wallet()
			got, err := held.Receive(t.Context(), o.codeOffer(), o.taker(c.copies))
			check(t, err)
			if len(got.Entries) != 0 || len(got.Pending) != 1 {
				t.Fatalf("%+v", got)
			}
			p := got.Pending[0]
			if p.Issuer != "Larkhill Road Surgery" || p.Origin != w.issuer.origin || p.Type != credential.TypeDelegation || !p.After.Equal(w.at.Add(time.Minute)) || p.Copies != max(1, c.copies) {
				t.Errorf("%+v", p)
			}
			held = w.again(held)
			if all, err := held.Pending(t.Context()); err != nil || len(all) != 1 || *all[0] != *p {
				t.Errorf("pending: %+v, %v", all, err)
			}
			if keys := held.Keys(); (keys[0].Pending == 1) != (c.copies == 0) {
				t.Errorf("keys: %+v", keys)
			}
			if got, err = held.Collect(t.Context(), p.ID); err != nil || len(got.Pending) != 1 || w.issuer.hit("POST /deferred") != 0 {
				t.Fatalf("too early: %+v, %v", got, err)
			}
			w.wait(time.Minute)
			if got, err = held.Collect(t.Context(), p.ID[:6]); err != nil || len(got.Pending) != 1 || !got.Pending[0].After.Equal(w.at.Add(2*time.Minute)) {
				t.Fatalf("not yet: %+v, %v", got, err)
			}
			w.wait(10 * time.Minute) // the access token has run out by then
			got, err = w.again(held).Collect(t.Context(), p.ID)
			check(t, err)
			o.blameless(t)
			if len(got.Entries) != max(1, c.copies) || len(got.Pending) != 0 {
				t.Errorf("%+v", got)
			}
			if all, err := held.Pending(t.Context()); err != nil || len(all) != 0 {
				t.Errorf("pending still: %+v, %v", all, err)
			}
			_, err = held.Collect(t.Context(), p.ID)
			want(t, err, reason.ObjectUnknown)
		})
	}
}

// TestLaterIsRefused: an application that was turned down is over; what is merely unreachable is not.
func TestLaterIsRefused(t *testing.T) {
	w := newTown(t)
	o := w.office()
	o.later = 1
	held := w.wallet()
	got, err := held.Receive(t.Context(), o.codeOffer(), o.taker(0))
	check(t, err)
	id := got.Pending[0].ID
	w.wait(time.Minute)
	w.issuer.serve(map[string]http.HandlerFunc{"POST /deferred": func(rw http.ResponseWriter, _ *http.Request) { o.refuse(rw, 503, "temporarily_unavailable") }})
	_, err = held.Collect(t.Context(), id)
	want(t, err, reason.FetchLimit)
	w.framework.Accreditations[0].Status = "suspended"
	_, err = held.Collect(t.Context(), id)
	want(t, err, reason.OfferUntrusted)
	w.framework.Accreditations[0].Status = "active"
	if all, _ := held.Pending(t.Context()); len(all) != 1 {
		t.Fatal("it is gone")
	}
	w.issuer.serve(map[string]http.HandlerFunc{"POST /deferred": o.postDeferred})
	o.denied = true
	_, err = held.Collect(t.Context(), id)
	want(t, err, reason.GrantInvalid)
	if names, _ := held.cfg.Vault.names(""); len(names) != 0 {
		t.Errorf("left behind: %v", names)
	}
}

// TestLaterAndCrash: a wallet that died when it had the answer and before it had stored it is given
// another one; where the issuer has none, the collection is over.
func TestLaterAndCrash(t *testing.T) {
	for name, gives := range map[string]bool{"given again": true, "not given again": false} {
		t.Run(name, func(t *testing.T) {
			w := newTown(t)
			o := w.office()
			o.later = 1
			held := w.wallet()
			got, err := held.Receive(t.Context(), o.codeOffer(), o.taker(0))
			check(t, err)
			w.wait(time.Minute)
			clear(o.pending)
			if o.later = 0; !gives {
				w.issuer.serve(map[string]http.HandlerFunc{"POST /credential": func(rw http.ResponseWriter, _ *http.Request) { o.refuse(rw, 400, "invalid_credential_request") }})
			}
			got, err = held.Collect(t.Context(), got.Pending[0].ID)
			if gives != (err == nil) || gives != (len(got.Entries) == 1) {
				t.Errorf("%+v, %v", got, err)
			}
			if all, _ := held.Pending(t.Context()); len(all) != 0 {
				t.Errorf("pending still: %+v", all)
			}
		})
	}
}

// TestOrphans: what a crash left of a grant goes when its place is needed.
func TestOrphans(t *testing.T) {
	w := newTown(t)
	o := w.office()
	o.refreshing = true
	held := w.wallet()
	got, err := held.Receive(t.Context(), o.codeOffer(), o.taker(0))
	check(t, err)
	v := held.cfg.Vault
	v.disk.write = quickly
	for range MaxGrants - 1 {
		check(t, v.grant(&granted{Origin: w.issuer.origin}))
	}
	want(t, v.grant(&granted{}), reason.StorageFull)
	_, err = held.Receive(t.Context(), o.codeOffer(), o.taker(0))
	check(t, err)
	if names, _ := v.names(grantMark); len(names) != 2 {
		t.Errorf("%d grants", len(names))
	}
	if e, err := held.Find(t.Context(), got.Entries[0].ID); err != nil || !e.Renewable {
		t.Errorf("the one in use: %+v, %v", e, err)
	}
}

// TestLaterIsWrong: what comes later is checked as what comes at once.
func TestLaterIsWrong(t *testing.T) {
	w := newTown(t)
	o := w.office()
	o.later = 1
	held := w.wallet()
	got, err := held.Receive(t.Context(), o.codeOffer(), o.taker(0))
	check(t, err)
	w.wait(time.Minute)
	o.change = func(_ int, c *credential.Credential) { c.Delegate.ID = w.wallet().DID().String() }
	_, err = held.Collect(t.Context(), got.Pending[0].ID)
	want(t, err, reason.CredentialUnexpected)
	if all, _, _ := held.List(t.Context()); len(all) != 0 {
		t.Error("something was stored")
	}
}

// TestRenew has credentials issued anew, to the key in use.
func TestRenew(t *testing.T) {
	for name, c := range map[string]struct {
		copies, again, want int
		rotate, bearer      bool
		fixed               bool // the grant names the key
	}{
		"one": {want: 1}, "to a new key": {want: 1, rotate: true}, "bearer": {want: 1, bearer: true}, "copies": {copies: 3, want: 3},
		"fewer copies": {copies: 3, again: 2, want: 2}, "copies of one": {again: 3, want: 3}, "to the key that the grant names": {want: 1, rotate: true, fixed: true},
	} {
		t.Run(name, func(t *testing.T) {
			w := newTown(t)
			o := w.office()
			o.refreshing, o.batch, o.bearer = true, 5, c.bearer
			held := w.wallet()
			got, err := held.Receive(t.Context(), o.codeOffer(), o.taker(c.copies))
			check(t, err)
			old := held.DID()
			if c.fixed {
				o.delegate = old.String()
			}
			if c.rotate {
				_, err := held.RotateKey(t.Context())
				check(t, err)
			}
			e := got.Entries[0]
			if !e.Renewable {
				t.Fatal("not renewable")
			}
			w.wait(time.Hour)
			held = w.again(held)
			fresh, err := held.Renew(t.Context(), e.ID, Collector{Copies: c.again})
			check(t, err)
			o.blameless(t)
			all, bad, err := held.List(t.Context())
			check(t, err)
			if len(fresh.Entries) != c.want || len(all) != c.want || len(bad) != 0 {
				t.Fatalf("%d new, %d held", len(fresh.Entries), len(all))
			}
			if c.want == 1 {
				if id := all[0].credential.Delegate.ID; id != held.DID().String() && !c.fixed || c.fixed && id != old.String() {
					t.Errorf("bound to %s", id)
				}
			}
			if !slices.Equal(o.events, []string{o.events[0], o.events[1], strings.Fields(o.events[0])[0] + " " + string(vci.Deleted)}) || len(o.events) != 3 {
				t.Errorf("told: %v", o.events)
			}
			if _, err := held.Renew(t.Context(), all[0].ID, Collector{}); err != nil {
				t.Errorf("once more: %v", err)
			}
			o.blameless(t)
			all, _, _ = held.List(t.Context())
			for _, e := range all {
				check(t, held.Remove(t.Context(), e.ID))
			}
			if names, _ := held.cfg.Vault.names(""); len(names) != 0 {
				t.Errorf("left behind: %v", names)
			}
		})
	}
}

// TestRenewKeeps: an old credential on which links rest that were passed on stays, and neither it nor what
// came along with it is reported gone.
func TestRenewKeeps(t *testing.T) {
	for _, copies := range []int{1, 3} {
		w := newTown(t)
		o := w.office()
		o.refreshing, o.batch = true, 3
		held := w.wallet()
		got, err := held.Receive(t.Context(), o.codeOffer(), o.taker(copies))
		check(t, err)
		file, _ := passOn(t, held, got.Entries[copies-1], w.wallet(), Permitted{"appointments", []string{"view"}})
		if p, err := ParsePackage(file); err != nil || len(p.Parents) != 1 {
			t.Fatalf("passed on: %v", err)
		}
		_, err = held.Renew(t.Context(), got.Entries[0].ID, Collector{})
		check(t, err)
		all, _, _ := held.List(t.Context())
		if len(all) != 1+copies || len(o.events) != 2 {
			t.Errorf("%d held, told %v", len(all), o.events)
		}
		if _, err := held.Find(t.Context(), got.Entries[copies-1].ID); err != nil {
			t.Errorf("what others rest on is gone: %v", err)
		}
	}
}

// TestRenewLater: a renewal that the issuer has to think about replaces the old one when it comes.
func TestRenewLater(t *testing.T) {
	w := newTown(t)
	o := w.office()
	o.refreshing = true
	held := w.wallet()
	got, err := held.Receive(t.Context(), o.codeOffer(), o.taker(0))
	check(t, err)
	o.later = 1
	fresh, err := held.Renew(t.Context(), got.Entries[0].ID, Collector{})
	check(t, err)
	if all, _, _ := held.List(t.Context()); len(all) != 1 || len(fresh.Pending) != 1 {
		t.Fatalf("%d held, %+v", len(all), fresh)
	}
	w.wait(time.Hour)
	_, err = held.Collect(t.Context(), fresh.Pending[0].ID)
	check(t, err)
	o.blameless(t)
	if all, _, _ := held.List(t.Context()); len(all) != 1 || all[0].ID == got.Entries[0].ID {
		t.Errorf("%d held", len(all))
	}
}

// TestRenewRefused: what cannot be renewed is left as it is.
func TestRenewRefused(t *testing.T) {
	w := newTown(t)
	o := w.office()
	held := w.wallet()
	plain, err := held.Receive(t.Context(), o.codeOffer(), o.taker(0))
	check(t, err)
	_, err = held.Renew(t.Context(), plain.Entries[0].ID, Collector{})
	want(t, err, reason.GrantInvalid)
	o.refreshing = true
	got, err := held.Receive(t.Context(), o.codeOffer(), o.taker(0))
	check(t, err)
	o.refresh = "revoked"
	_, err = held.Renew(t.Context(), got.Entries[0].ID, Collector{})
	want(t, err, reason.GrantInvalid)
	o.w.framework.Accreditations = nil
	_, err = held.Renew(t.Context(), got.Entries[0].ID, Collector{})
	want(t, err, reason.OfferUntrusted)
	if all, _, _ := held.List(t.Context()); len(all) != 2 {
		t.Errorf("%d held", len(all))
	}
}

// TestAttester shows a wallet that its provider vouches for, keys too.
func TestAttester(t *testing.T) {
	w := newTown(t)
	o := w.office()
	private, err := key.Generate(key.ES256, rand.Reader)
	check(t, err)
	o.attested, err = attest.NewList(attest.ListConfig{DIDs: []did.DID{w.gateway.id}, Resolver: w.keys})
	check(t, err)
	o.meta = func(m *vci.IssuerMetadata) {
		c := m.Configurations["delegation"]
		c.BindingMethods = []string{"did:key"}
		c.ProofTypes = map[string]vci.ProofType{"jwt": {Algorithms: []string{"ES256"}, Attestation: &vci.RequiredAttestations{Storage: []string{"iso_18045_basic"}}}}
		m.Configurations["delegation"] = c
	}
	v := &voucher{w: w, provider: attest.Provider{By: w.gateway.signer}, key: private}
	held := w.wallet()
	held.cfg.Attester = v
	got, err := held.Receive(t.Context(), o.codeOffer(), o.taker(0))
	check(t, err)
	o.blameless(t)
	if len(got.Entries) != 1 || o.asked.ClientID != v.ClientID() || v.keys != 1 {
		t.Errorf("%+v, client %q, %d keys attested", got, o.asked.ClientID, v.keys)
	}
}
