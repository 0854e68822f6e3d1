// SPDX-License-Identifier: Apache-2.0

package vci_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/did/didkey"
	"github.com/behalf-id/behalf/internal/jwe"
	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/key"
	"github.com/behalf-id/behalf/openid/attest"
	"github.com/behalf-id/behalf/openid/dpop"
	"github.com/behalf-id/behalf/openid/vci"
	"github.com/behalf-id/behalf/reason"
)

func TestTokenRequests(t *testing.T) {
	for _, want := range []vci.TokenRequest{
		{Grant: vci.GrantPreAuthorized, Code: "c", TxCode: "1", ClientID: "w", Details: []vci.Detail{{Type: vci.DetailType, Configuration: "a"}}},
		{Grant: vci.GrantAuthorizationCode, Code: "c", RedirectURI: redirect, Verifier: "v", ClientID: "w"},
		{Grant: vci.GrantRefreshToken, RefreshToken: "r", Scope: "a", ClientID: "w"},
	} {
		if got, err := vci.ParseTokenRequest(want.Form()); err != nil || cmp.Diff(want, got) != "" {
			t.Error(err, cmp.Diff(want, got))
		}
	}
	for name, f := range map[string]url.Values{
		"no code": {"grant_type": {"authorization_code"}}, "long code": {"grant_type": {"authorization_code"}, "code": {strings.Repeat("c", 600)}}, "long verifier": {"grant_type": {"authorization_code"}, "code": {"c"}, "code_verifier": {strings.Repeat("v", 129)}},
		"no refresh token": {"grant_type": {"refresh_token"}}, "long client": {"grant_type": {"refresh_token"}, "refresh_token": {"r"}, "client_id": {strings.Repeat("c", 3000)}}, "nothing": {},
	} {
		if _, err := vci.ParseTokenRequest(f); reason.Of(err) != reason.GrantInvalid {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := vci.ParseTokenRequest(url.Values{"grant_type": {"password"}}); !errors.Is(err, vci.ErrGrantType) {
		t.Error(err)
	}
}

func TestTokenResponses(t *testing.T) {
	want := vci.TokenResponse{AccessToken: "t", TokenType: vci.DPoP, ExpiresIn: 60, RefreshToken: "r", Details: []vci.Detail{{Type: vci.DetailType, Configuration: "a", Identifiers: []string{"1.a"}}}}
	if got, err := vci.ParseTokenResponse(marshal(t, want)); err != nil || cmp.Diff(want, got) != "" {
		t.Error(err, cmp.Diff(want, got))
	}
	if got, err := vci.ParseTokenResponse([]byte(`{"access_token":"t","token_type":"bearer"}`)); err != nil || got.TokenType != vci.Bearer {
		t.Error(got, err)
	}
	long := strings.Repeat("t", vci.MaxTokenBytes+1)
	for _, raw := range []string{
		`{"access_token":"t"}`, `{"access_token":"` + long + `","token_type":"Bearer"}`, `{"access_token":"t","token_type":"Bearer","refresh_token":"` + long + `"}`, `{"access_token":"t","token_type":"Bearer","expires_in":-1}`,
		`{"access_token":"t","token_type":"Bearer","authorization_details":[{"type":"openid_credential","credential_configuration_id":"a"}]}`, `{"access_token":"t","token_type":"Bearer","authorization_details":` + manyDetails() + `}`,
	} {
		if _, err := vci.ParseTokenResponse([]byte(raw)); reason.Of(err) != reason.TokenInvalid {
			t.Errorf("%.80s: %v", raw, err)
		}
	}
}

func TestLater(t *testing.T) {
	d, err := vci.ParseDeferredRequest([]byte(`{"transaction_id":"t"}`))
	if err != nil || d.TransactionID != "t" {
		t.Error(d, err)
	}
	for raw, want := range map[string]reason.Code{`{}`: reason.DeferredBinding, `{"transaction_id":"` + strings.Repeat("t", 600) + `"}`: reason.DeferredBinding, `{"transaction_id":7}`: reason.JSONType, strings.Repeat(" ", vci.MaxRequest+1): reason.LimitBody} {
		if _, err := vci.ParseDeferredRequest([]byte(raw)); reason.Of(err) != want {
			t.Errorf("%.60s: %v", raw, err)
		}
	}
	for raw, want := range map[string]int64{
		`{"transaction_id":"t"}`: vci.DefaultInterval, `{"transaction_id":"t","interval":30}`: 30, `{"transaction_id":"t","interval":-1}`: vci.DefaultInterval, `{"transaction_id":"t","interval":9007199254740991}`: vci.MaxInterval,
	} {
		if r, err := vci.ParseCredentialResponse([]byte(raw)); err != nil || r.Interval != want {
			t.Errorf("%s: %+v %v", raw, r, err)
		}
	}
	for _, e := range []vci.Event{vci.Accepted, vci.Failed, vci.Deleted} {
		want := vci.Notification{ID: "n", Event: e, Description: "d"}
		if got, err := vci.ParseNotification(marshal(t, want)); err != nil || got != want {
			t.Error(got, err)
		}
	}
	for raw, unknownEvent := range map[string]bool{
		`{"notification_id":"n","event":"credential_lost"}`: true, `{"notification_id":"n"}`: true, `{"event":"credential_accepted"}`: false, `{"notification_id":"` + strings.Repeat("n", 600) + `","event":"credential_accepted"}`: false,
		`{"notification_id":"n","event":"credential_accepted","event_description":"` + strings.Repeat("d", 1025) + `"}`: false,
	} {
		if _, err := vci.ParseNotification([]byte(raw)); reason.Of(err) != reason.NotificationUnknown || errors.Is(err, vci.ErrUnknownEvent) != unknownEvent {
			t.Errorf("%.60s: %v", raw, err)
		}
	}
}

// TestAttacks has VCI-22: keys and algorithms for an answer that would give it to somebody else, or to
// nobody.
func TestAttacks(t *testing.T) {
	t.Run("VCI-22", func(t *testing.T) {
		private, err := jwe.Generate(rand.Reader, "k")
		must(t, err)
		good := vci.NewResponseEncryption(private.Public(), jwe.A128GCM)
		if key, enc, err := good.Recipient(); err != nil || enc != jwe.A128GCM || string(key.JWK()) != string(private.Public().JWK()) {
			t.Error(enc, err)
		}
		swap := func(old, new string) strictjson.Value {
			return strictjson.Value(strings.Replace(string(good.JWK), old, new, 1))
		}
		for name, e := range map[string]*vci.ResponseEncryption{
			"nothing": nil, "no key": {Enc: "A128GCM"}, "private": {JWK: private.Bytes(), Enc: "A128GCM"}, "another curve": {JWK: swap("P-256", "P-384"), Enc: "A128GCM"}, "off the curve": {JWK: swap(`"x":"`, `"x":"A`), Enc: "A128GCM"},
			"RSA": {JWK: strictjson.Value(`{"kty":"RSA","n":"AQAB","e":"AQAB","alg":"RSA-OAEP"}`), Enc: "A128GCM"}, "symmetric": {JWK: strictjson.Value(`{"kty":"oct","k":"AAAA","alg":"dir"}`), Enc: "A128GCM"}, "key wrap": {JWK: swap("ECDH-ES", "ECDH-ES+A128KW"), Enc: "A128GCM"}, "no alg": {JWK: swap(`"alg":"ECDH-ES"`, `"x-alg":""`), Enc: "A128GCM"},
			"to sign": {JWK: swap(`"use":"enc"`, `"use":"sig"`), Enc: "A128GCM"}, "CBC": {JWK: good.JWK, Enc: "A128CBC-HS256"}, "no enc": {JWK: good.JWK}, "zip": {JWK: good.JWK, Enc: "A128GCM", Zip: "DEF"}, "text": {JWK: strictjson.Value(`"k"`), Enc: "A128GCM"},
		} {
			if key, _, err := e.Recipient(); reason.Of(err) != reason.ResponseEnc || !key.IsZero() || vci.ErrorAt(vci.AtCredential, err) != "invalid_encryption_parameters" {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}

func TestChoose(t *testing.T) {
	if enc, err := vci.OfferedEncryption().Choose(); err != nil || enc != jwe.A256GCM {
		t.Error(enc, err)
	}
	for name, m := range map[string]*vci.ResponseEncryptionMetadata{"nothing": nil, "RSA": {Alg: []string{"RSA-OAEP"}, Enc: []string{"A128GCM"}}, "CBC": {Alg: []string{"ECDH-ES"}, Enc: []string{"A128CBC-HS256"}}} {
		if _, err := m.Choose(); reason.Of(err) != reason.ResponseEnc {
			t.Errorf("%s: %v", name, err)
		}
	}
	rsa := strictjson.Value(`{"kty":"RSA","kid":"r","n":"AQAB","e":"AQAB"}`)
	r := &vci.RequestEncryption{Keys: vci.KeySet{Keys: []strictjson.Value{rsa, encryptionKey}}, Enc: []string{"A128GCM"}}
	if key, enc, err := r.Choose(); err != nil || enc != jwe.A128GCM || key.KeyID() != "ac" {
		t.Error(key.KeyID(), enc, err)
	}
	for name, r := range map[string]*vci.RequestEncryption{"nothing": nil, "no key": {Enc: []string{"A128GCM"}}, "another key": {Keys: vci.KeySet{Keys: []strictjson.Value{rsa}}, Enc: []string{"A128GCM"}}, "CBC": {Keys: r.Keys, Enc: []string{"A128CBC-HS256"}}} {
		if _, _, err := r.Choose(); reason.Of(err) != reason.ResponseEnc {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestServer(t *testing.T) {
	for name, c := range map[string]struct {
		list          []string
		offered, want string
	}{
		"itself": {nil, "", issuer}, "itself by name": {nil, issuer, issuer}, "another": {nil, "https://other.example", ""}, "one": {[]string{"https://a.example"}, "", "https://a.example"}, "two": {[]string{"https://a.example", "https://b.example"}, "", ""},
		"of two": {[]string{"https://a.example", "https://b.example"}, "https://b.example", "https://b.example"}, "the issuer is not one": {[]string{"https://a.example"}, issuer, ""},
	} {
		m := vci.IssuerMetadata{Issuer: issuer, AuthorizationServers: c.list}
		if got, err := m.Server(c.offered); got != c.want || (err == nil) != (c.want != "") || err != nil && reason.Of(err) != reason.IssuerMetadataInvalid {
			t.Errorf("%s: %q %v", name, got, err)
		}
	}
}

// TestLongMetadata shows the bounds.
func TestLongMetadata(t *testing.T) {
	for name, spoil := range map[string]func(*vci.IssuerMetadata){
		"configurations": func(m *vci.IssuerMetadata) {
			for i := range vci.MaxConfigurations {
				m.Configurations[fmt.Sprint(i)] = m.Configurations["b"]
			}
		},
		"languages": func(m *vci.IssuerMetadata) { m.Display = make([]vci.Display, vci.MaxDisplays+1) },
		"servers":   func(m *vci.IssuerMetadata) { m.AuthorizationServers = make([]string, vci.MaxServers+1) },
		"claims": func(m *vci.IssuerMetadata) {
			m.Configurations["a"].Metadata.Claims = make([]vci.Claim, vci.MaxClaims+1)
		},
		"languages of a claim": func(m *vci.IssuerMetadata) {
			m.Configurations["a"].Metadata.Claims[0].Display = make([]vci.Display, vci.MaxDisplays+1)
		},
		"keys": func(m *vci.IssuerMetadata) {
			m.RequestEncryption.Keys.Keys = make([]strictjson.Value, vci.MaxServers+1)
		},
		"a path without steps": func(m *vci.IssuerMetadata) { m.Configurations["a"].Metadata.Claims[0].Path = nil },
		"a path twice": func(m *vci.IssuerMetadata) {
			c := m.Configurations["a"].Metadata
			c.Claims = append(c.Claims, c.Claims[0])
		},
		"one proof in a batch":     func(m *vci.IssuerMetadata) { m.Batch.Size = 1 },
		"no algorithms":            func(m *vci.IssuerMetadata) { m.ResponseEncryption.Enc = nil },
		"no keys":                  func(m *vci.IssuerMetadata) { m.RequestEncryption.Keys.Keys = nil },
		"deferred elsewhere":       func(m *vci.IssuerMetadata) { m.DeferredEndpoint = "https://attacker.example/d" },
		"a configuration of what?": func(m *vci.IssuerMetadata) { m.Configurations["x"] = vci.Configuration{} },
	} {
		m := metadata()
		spoil(m)
		if _, err := vci.ParseIssuerMetadata(marshal(t, m), issuer); reason.Of(err) != reason.IssuerMetadataInvalid && reason.Of(err) != reason.JSONType {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, raw := range [][]byte{make([]byte, vci.MaxMetadata+1), []byte(strings.Repeat(" ", vci.MaxMetadata+1))} {
		if _, err := vci.ParseIssuerMetadata(raw, issuer); reason.Of(err) != reason.LimitBody {
			t.Error(err)
		}
		if _, err := vci.ParseServerMetadata(raw, issuer); reason.Of(err) != reason.LimitBody {
			t.Error(err)
		}
	}
	contradiction := strings.Replace(string(marshal(t, metadata())), `{"path":["delegation"`, `{"path":["delegation",0]},{"path":["delegation"`, 1)
	if _, err := vci.ParseIssuerMetadata([]byte(contradiction), issuer); reason.Of(err) != reason.IssuerMetadataInvalid {
		t.Error(err)
	}
}

func TestServerMetadata(t *testing.T) {
	want := &vci.ServerMetadata{
		Issuer: issuer, AuthorizationEndpoint: issuer + "/authorize", TokenEndpoint: issuer + "/token", PushedEndpoint: issuer + "/par", ChallengeEndpoint: issuer + "/challenge", RequirePushed: true,
		Scopes: []string{"a"}, ResponseTypes: []string{"code"}, ResponseModes: []string{"query"}, GrantTypes: []string{vci.GrantAuthorizationCode, vci.GrantRefreshToken}, ClientAuthentication: []string{attest.Method, "none"}, ChallengeMethods: []string{vci.MethodS256},
		DPoPAlgorithms: []string{"ES256"}, AttestationAlgorithms: []string{"ES256"}, PoPAlgorithms: []string{"ES256"}, DetailTypes: []string{vci.DetailType}, AnswersWithIssuer: true, AnonymousPre: true,
	}
	got, err := vci.ParseServerMetadata(marshal(t, want), issuer)
	if err != nil || cmp.Diff(want, got) != "" || got.CheckCodeFlow() != nil {
		t.Error(err, cmp.Diff(want, got))
	}
	for name, spoil := range map[string]func(*vci.ServerMetadata){
		"authorize elsewhere": func(m *vci.ServerMetadata) { m.AuthorizationEndpoint = "https://attacker.example/authorize" }, "PAR elsewhere": func(m *vci.ServerMetadata) { m.PushedEndpoint = "http://issuer.example/par" },
		"challenge elsewhere": func(m *vci.ServerMetadata) { m.ChallengeEndpoint = "https://attacker.example" }, "no token endpoint": func(m *vci.ServerMetadata) { m.TokenEndpoint = "" }, "another": func(m *vci.ServerMetadata) { m.Issuer = "https://other.example" },
	} {
		m := *want
		spoil(&m)
		if _, err := vci.ParseServerMetadata(marshal(t, m), issuer); reason.Of(err) != reason.IssuerMetadataInvalid {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, spoil := range map[string]func(*vci.ServerMetadata){
		"plain": func(m *vci.ServerMetadata) { m.ChallengeMethods = []string{"plain"} }, "no PKCE": func(m *vci.ServerMetadata) { m.ChallengeMethods = nil }, "no endpoint": func(m *vci.ServerMetadata) { m.AuthorizationEndpoint = "" }, "no code": func(m *vci.ServerMetadata) { m.ResponseTypes = []string{"token"} },
		"nowhere to push": func(m *vci.ServerMetadata) { m.PushedEndpoint = "" },
	} {
		m := *want
		spoil(&m)
		if err := m.CheckCodeFlow(); reason.Of(err) != reason.IssuerMetadataInvalid {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestSignedMetadata(t *testing.T) {
	by, other := holder(t), holder(t)
	find := func(_ context.Context, _, _ string, _ []byte) (key.Public, error) { return by.Public(), nil }
	raw, err := vci.SignMetadata(t.Context(), metadata(), by, nil, now)
	must(t, err)
	got, err := vci.OpenMetadata(t.Context(), raw, issuer, find, now)
	if err != nil || cmp.Diff(metadata(), got, steps) != "" {
		t.Error(err, cmp.Diff(metadata(), got, steps))
	}
	if raw, err := vci.SignMetadata(t.Context(), metadata(), by, [][]byte{{1, 2, 3}}, now); err != nil {
		t.Error(err)
	} else if _, err := vci.OpenMetadata(t.Context(), raw, issuer, func(_ context.Context, of, id string, x5c []byte) (key.Public, error) {
		if of != issuer || id != "" || string(x5c) != `["AQID"]` {
			t.Error(of, id, string(x5c))
		}
		return by.Public(), nil
	}, now); err != nil {
		t.Error(err)
	}
	theirs, err := vci.SignMetadata(t.Context(), metadata(), other, nil, now)
	must(t, err)
	for name, c := range map[string]struct {
		raw    []byte
		issuer string
		find   vci.FindKey
		at     time.Time
		want   reason.Code
	}{
		"another's key": {theirs, issuer, find, now, reason.CredentialSignatureInvalid}, "another issuer": {raw, "https://other.example", find, now, reason.IssuerMetadataInvalid}, "from the future": {raw, issuer, find, now.Add(-2 * time.Minute), reason.IssuerMetadataInvalid},
		"nobody finds keys": {raw, issuer, nil, now, reason.InternalIndeterminate}, "no key": {raw, issuer, func(context.Context, string, string, []byte) (key.Public, error) {
			return key.Public{}, reason.New(reason.JOSEKidInvalid, "")
		}, now, reason.JOSEKidInvalid},
		"no token": {[]byte("x"), issuer, find, now, reason.JOSEHeaderInvalid},
		"expired":  {proof(t, object{"alg": "ES256", "typ": vci.TypeMetadata, "kid": by.Method.String()}, object{"sub": issuer, "iat": now.Unix() - 100, "exp": now.Unix() - 61}, by), issuer, find, now, reason.IssuerMetadataInvalid},
		"no iat":   {proof(t, object{"alg": "ES256", "typ": vci.TypeMetadata, "kid": by.Method.String()}, object{"sub": issuer}, by), issuer, find, now, reason.IssuerMetadataInvalid},
		"typ":      {proof(t, object{"alg": "ES256", "typ": "JWT", "kid": by.Method.String()}, object{"sub": issuer, "iat": now.Unix()}, by), issuer, find, now, reason.JOSETypMismatch},
	} {
		if _, err := vci.OpenMetadata(t.Context(), c.raw, c.issuer, c.find, c.at); reason.Of(err) != c.want {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}

type object = map[string]any

// provider is a wallet's provider, and the list of an issuer that trusts it.
func provider(t *testing.T) (attest.Provider, attest.Providers) {
	t.Helper()
	by := holder(t)
	list, err := attest.NewList(attest.ListConfig{DIDs: []did.DID{by.Method.DID()}, Resolver: didkey.New()})
	must(t, err)
	return attest.Provider{By: by}, list
}

func TestProofs(t *testing.T) {
	one, two := holder(t), holder(t)
	vouch, trusted := provider(t)
	stranger, _ := provider(t)
	high := &vci.RequiredAttestations{Storage: []string{"iso_18045_high"}}
	attested := func(by attest.Provider, a attest.Keys) string {
		if a.Storage == nil {
			a.Storage = high.Storage
		}
		raw, err := by.SignKeys(t.Context(), a, now)
		must(t, err)
		return raw
	}
	later := now.Add(time.Hour)
	jwt := func(p vci.Proof, by did.Signer) string {
		p.Issuer, p.At = issuer, now
		if p.Nonce == "" {
			p.Nonce = "n"
		}
		raw, err := p.Sign(t.Context(), by)
		must(t, err)
		return string(raw)
	}
	keysOf := func(list ...did.Signer) (out []key.Public) {
		for _, s := range list {
			out = append(out, s.Public())
		}
		return out
	}
	good := attested(vouch, attest.Keys{Keys: keysOf(one, two), Expires: later})
	base := vci.ProofExpect{Issuer: issuer, Resolver: didkey.New(), Providers: trusted, At: now}
	demanding, client := base, base
	demanding.Required, client.ClientID = high, "https://wallet.example"
	untrusting := demanding
	untrusting.Providers = nil
	for name, c := range map[string]struct {
		proofs  *vci.Proofs
		expect  vci.ProofExpect
		want    reason.Code
		holders int
	}{
		"one":                  {&vci.Proofs{JWT: []string{jwt(vci.Proof{}, one)}}, base, "", 1},
		"two":                  {&vci.Proofs{JWT: []string{jwt(vci.Proof{}, one), jwt(vci.Proof{}, two)}}, base, "", 2},
		"attested":             {&vci.Proofs{JWT: []string{jwt(vci.Proof{Attestation: good}, one), jwt(vci.Proof{Attestation: good}, two)}}, demanding, "", 2},
		"attestation alone":    {&vci.Proofs{Attestation: []string{attested(vouch, attest.Keys{Keys: keysOf(one, two), Nonce: "n"})}}, demanding, "", 2},
		"iss of the client":    {&vci.Proofs{JWT: []string{jwt(vci.Proof{ClientID: "https://wallet.example"}, one)}}, client, "", 1},
		"no iss":               {&vci.Proofs{JWT: []string{jwt(vci.Proof{}, one)}}, client, "", 1},
		"VCI-08 iss":           {&vci.Proofs{JWT: []string{jwt(vci.Proof{ClientID: "did:key:victim"}, one)}}, client, reason.ProofIssMismatch, 0},
		"VCI-08 iss anonymous": {&vci.Proofs{JWT: []string{jwt(vci.Proof{ClientID: "https://wallet.example"}, one)}}, base, reason.ProofIssMismatch, 0},
		"VCI-10 a key twice":   {&vci.Proofs{JWT: []string{jwt(vci.Proof{}, one), jwt(vci.Proof{Nonce: "m"}, one)}}, base, reason.ProofBatch, 0},
		"VCI-10 one bad":       {&vci.Proofs{JWT: []string{jwt(vci.Proof{}, one), "a.b.c"}}, base, reason.JOSEBase64Invalid, 0},
		"VCI-10 mixed":         {&vci.Proofs{JWT: []string{jwt(vci.Proof{}, one)}, Attestation: []string{good}}, base, reason.ProofBatch, 0},
		"VCI-10 too many":      {&vci.Proofs{JWT: make([]string, 10001)}, base, reason.ProofBatch, 0},
		"none":                 {nil, base, reason.ProofBatch, 0}, "empty": {&vci.Proofs{}, base, reason.ProofBatch, 0},
		"two attestations":       {&vci.Proofs{Attestation: []string{good, good}}, base, reason.ProofBatch, 0},
		"not attested":           {&vci.Proofs{JWT: []string{jwt(vci.Proof{}, one)}}, demanding, reason.ProofKeyAmbiguous, 0},
		"attested by a stranger": {&vci.Proofs{JWT: []string{jwt(vci.Proof{Attestation: attested(stranger, attest.Keys{Keys: keysOf(one), Expires: later})}, one)}}, demanding, reason.KeyPurposeMismatch, 0},
		"another key attested":   {&vci.Proofs{JWT: []string{jwt(vci.Proof{Attestation: attested(vouch, attest.Keys{Keys: keysOf(two), Expires: later})}, one)}}, demanding, reason.ProofKeyAmbiguous, 0},
		"for ever":               {&vci.Proofs{JWT: []string{jwt(vci.Proof{Attestation: attested(vouch, attest.Keys{Keys: keysOf(one)})}, one)}}, demanding, reason.ProofIat, 0},
		"for another nonce":      {&vci.Proofs{JWT: []string{jwt(vci.Proof{Attestation: attested(vouch, attest.Keys{Keys: keysOf(one), Nonce: "m", Expires: later})}, one)}}, demanding, reason.ProofNonce, 0},
		"in software":            {&vci.Proofs{JWT: []string{jwt(vci.Proof{Attestation: attested(vouch, attest.Keys{Keys: keysOf(one), Storage: []string{"iso_18045_basic"}, Expires: later})}, one)}}, demanding, reason.KeyWeak, 0},
		"alone without nonce":    {&vci.Proofs{Attestation: []string{good}}, demanding, reason.ProofNonce, 0},
		"nobody is trusted":      {&vci.Proofs{JWT: []string{jwt(vci.Proof{Attestation: good}, one)}}, untrusting, reason.ProofTyp, 0},
		"bad though not needed":  {&vci.Proofs{JWT: []string{jwt(vci.Proof{Attestation: "a.b.c"}, one)}}, base, reason.JOSEBase64Invalid, 0},
	} {
		got, err := vci.OpenProofs(t.Context(), c.proofs, c.expect)
		if reason.Of(err) != c.want || len(got.Holders) != c.holders || err == nil && cmp.Diff([]string{"n"}, got.Nonces) != "" {
			t.Errorf("%s: %+v %v, want %q", name, got, err, c.want)
		}
	}
	got, err := vci.OpenProofs(t.Context(), &vci.Proofs{JWT: []string{jwt(vci.Proof{Nonce: "n"}, one), jwt(vci.Proof{Nonce: "m"}, two)}}, base)
	if err != nil || cmp.Diff([]string{"n", "m"}, got.Nonces) != "" || !got.Holders[0].Key.Equal(one.Public()) || !got.Holders[1].Key.Equal(two.Public()) {
		t.Errorf("%+v %v", got, err)
	}
}

// TestErrorCodes shows that every refusal has a code of the specifications, at every endpoint.
func TestErrorCodes(t *testing.T) {
	known := map[string]bool{}
	for _, code := range strings.Fields(`invalid_request invalid_client invalid_grant invalid_token invalid_scope unsupported_grant_type access_denied invalid_request_uri
		invalid_dpop_proof use_dpop_nonce use_attestation_challenge invalid_credential_request unknown_credential_configuration unknown_credential_identifier invalid_proof
		invalid_nonce invalid_encryption_parameters credential_request_denied invalid_transaction_id invalid_notification_id invalid_notification_request`) {
		known[code] = true
	}
	for _, e := range reason.All() {
		for _, at := range []vci.Endpoint{vci.AtToken, vci.AtAuthorization, vci.AtCredential, vci.AtNotification} {
			if code := vci.ErrorAt(at, reason.New(e.Code, "")); !known[code] {
				t.Errorf("%s is %q at %d", e.Code, code, at)
			}
		}
	}
	wrap := func(c reason.Code, cause error) error { return reason.Wrap(c, "", cause) }
	for _, c := range []struct {
		at   vci.Endpoint
		err  error
		want string
	}{
		{vci.AtToken, reason.New(reason.GrantConsumed, ""), "invalid_grant"}, {vci.AtToken, reason.New(reason.GrantTxCode, ""), "invalid_request"}, {vci.AtToken, reason.New(reason.ClientAttestation, ""), "invalid_client"}, {vci.AtToken, reason.New(reason.ClientAud, ""), "invalid_client"},
		{vci.AtToken, reason.New(reason.DPoPInvalid, ""), "invalid_dpop_proof"}, {vci.AtToken, wrap(reason.DPoPInvalid, dpop.ErrNonce), "use_dpop_nonce"}, {vci.AtToken, wrap(reason.ClientAttestation, attest.ErrChallenge), "use_attestation_challenge"}, {vci.AtToken, wrap(reason.GrantInvalid, vci.ErrGrantType), "unsupported_grant_type"},
		{vci.AtAuthorization, reason.New(reason.GrantInvalid, ""), "invalid_request"}, {vci.AtAuthorization, reason.New(reason.RedirectNotRegistered, ""), "invalid_request"}, {vci.AtAuthorization, reason.New(reason.TokenScope, ""), "invalid_scope"}, {vci.AtAuthorization, wrap(reason.GrantInvalid, vci.ErrDenied), "access_denied"},
		{vci.AtAuthorization, wrap(reason.GrantInvalid, vci.ErrRequestURI), "invalid_request_uri"}, {vci.AtAuthorization, reason.New(reason.HolderNotSamePerson, ""), "access_denied"},
		{vci.AtCredential, reason.New(reason.ProofNonce, ""), "invalid_nonce"}, {vci.AtCredential, reason.New(reason.ProofAud, ""), "invalid_proof"}, {vci.AtCredential, reason.New(reason.JOSEBase64Invalid, ""), "invalid_proof"}, {vci.AtCredential, reason.New(reason.ResponseAmbiguous, ""), "invalid_credential_request"},
		{vci.AtCredential, reason.New(reason.JSONSyntax, ""), "invalid_credential_request"}, {vci.AtCredential, reason.New(reason.TokenScope, ""), "invalid_credential_request"}, {vci.AtCredential, wrap(reason.TokenScope, vci.ErrUnknownConfiguration), "unknown_credential_configuration"},
		{vci.AtCredential, wrap(reason.TokenScope, vci.ErrUnknownIdentifier), "unknown_credential_identifier"}, {vci.AtCredential, reason.New(reason.DPoPKeyMismatch, ""), "invalid_token"}, {vci.AtCredential, reason.New(reason.DeferredBinding, ""), "invalid_transaction_id"}, {vci.AtCredential, reason.New(reason.ResponseEnc, ""), "invalid_encryption_parameters"},
		{vci.AtCredential, reason.New(reason.HolderNotSamePerson, ""), "credential_request_denied"}, {vci.AtCredential, reason.New(reason.IssuerNotAccredited, ""), "credential_request_denied"}, {vci.AtCredential, reason.New(reason.IssueClaimForbidden, ""), "invalid_credential_request"},
		{vci.AtCredential, reason.New(reason.DIDKeyInvalid, ""), "invalid_proof"}, {vci.AtCredential, reason.New(reason.IssueKeyContinuity, ""), "invalid_proof"}, {vci.AtToken, reason.New(reason.DIDKeyInvalid, ""), "invalid_request"},
		{vci.AtNotification, reason.New(reason.NotificationUnknown, ""), "invalid_notification_id"}, {vci.AtNotification, wrap(reason.NotificationUnknown, vci.ErrUnknownEvent), "invalid_notification_request"}, {vci.AtNotification, reason.New(reason.JSONSyntax, ""), "invalid_notification_request"},
	} {
		if got := vci.ErrorAt(c.at, c.err); got != c.want {
			t.Errorf("%v at %d is %s, want %s", c.err, c.at, got, c.want)
		}
	}
	if vci.ParseError([]byte(`{"error":"`+strings.Repeat("e", 100)+`"}`)).Code != "" {
		t.Error("a long code")
	}
}

// FuzzBodies reads what comes as a body.
func FuzzBodies(f *testing.F) {
	f.Add([]byte(`{"transaction_id":"t","credential_response_encryption":{"jwk":{"kty":"EC"},"enc":"A128GCM"}}`))
	f.Add([]byte(`{"notification_id":"n","event":"credential_accepted"}`))
	f.Add([]byte(`{"issuer":"https://issuer.example","token_endpoint":"https://issuer.example/t"}`))
	f.Add([]byte(`[{"type":"openid_credential","credential_configuration_id":"a","claims":[{"path":["x",0,null]}]}]`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		if d, err := vci.ParseDeferredRequest(raw); err == nil {
			if key, _, err := d.Encryption.Recipient(); err == nil && key.IsZero() {
				t.Fatal("no key")
			}
		}
		if n, err := vci.ParseNotification(raw); err == nil && n.ID == "" {
			t.Fatal("no id")
		}
		if m, err := vci.ParseServerMetadata(raw, issuer); err == nil && !strings.HasPrefix(m.TokenEndpoint, issuer) {
			t.Fatal(m.TokenEndpoint)
		}
		if p, err := vci.ParsePushed(raw); err == nil && p.RequestURI == "" {
			t.Fatal("no reference")
		}
		if list, err := vci.ParseDetails(string(raw)); err == nil {
			if again, err := vci.ParseDetails(vci.WriteDetails(list)); err != nil || vci.WriteDetails(list) != vci.WriteDetails(again) {
				t.Fatal(err, vci.WriteDetails(list))
			}
		}
		if m, err := vci.ParseIssuerMetadata(raw, issuer); err == nil {
			if again, err := vci.ParseIssuerMetadata(marshalled(m), issuer); err != nil || len(again.Configurations) != len(m.Configurations) {
				t.Fatal(err)
			}
		}
	})
}
