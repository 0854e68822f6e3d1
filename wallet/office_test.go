// SPDX-License-Identifier: Apache-2.0

package wallet

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/internal/jwe"
	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/key"
	"github.com/behalf-id/behalf/openid/attest"
	"github.com/behalf-id/behalf/openid/dpop"
	"github.com/behalf-id/behalf/openid/vci"
)

// office is the town's issuer with all of OpenID4VCI: pushed requests, the code flow, bound and refreshed
// tokens, copies, decisions that come later, encryption and notifications. It checks all that a wallet
// sends, with the same code as real issuers, and says in faults what was wrong.
type office struct {
	w      *town
	faults []string

	// What it does. Zero values are honest.
	bearer      bool // tokens are not bound
	batch       int  // copies in one request; 0: one at a time
	refreshing  bool // refresh tokens are given
	later       int  // how often it answers "not yet"
	encrypts    bool
	clear       bool // answers in the clear all the same
	denied      bool
	delegate    string // the grant is for this holder alone
	nonceOnce   bool   // the first key proof's nonce is taken back
	identifiers []string
	attested    attest.Providers
	meta        func(*vci.IssuerMetadata)
	server      func(*vci.ServerMetadata)
	change      func(i int, c *credential.Credential)
	comeBack    func(url.Values) // changes the answer to the redirect URI
	tokenType   string

	pushed    map[string]vci.AuthorizationRequest
	asked     vci.AuthorizationRequest // the last one
	codes     map[string]vci.AuthorizationRequest
	key       string // thumbprint that tokens are bound to
	refresh   string // the one refresh token that works
	access    string
	tokens    int
	pending   map[string][]did.DID
	events    []string
	proofs    []int // keys in each credential request
	encrypted int
	requests  *jwe.Private
	seen      map[string]bool // jti
}

func (w *town) office() *office {
	o := &office{
		w: w, pushed: map[string]vci.AuthorizationRequest{}, codes: map[string]vci.AuthorizationRequest{}, pending: map[string][]did.DID{}, seen: map[string]bool{},
	}
	var err error
	o.requests, err = jwe.Generate(rand.Reader, "requests")
	check(w.t, err)
	w.issuer.serve(map[string]http.HandlerFunc{
		"GET /.well-known/openid-credential-issuer":   func(rw http.ResponseWriter, _ *http.Request) { writeAny(rw, 200, o.metadata()) },
		"GET /.well-known/oauth-authorization-server": func(rw http.ResponseWriter, _ *http.Request) { writeAny(rw, 200, o.serverMetadata()) },
		"POST /par":   o.postPushed,
		"POST /token": o.postToken,
		"POST /challenge": func(rw http.ResponseWriter, _ *http.Request) {
			writeAny(rw, 200, map[string]string{"attestation_challenge": "challenge-1"})
		},
		"POST /credential":   o.postCredential,
		"POST /deferred":     o.postDeferred,
		"POST /notification": o.postNotification,
	})
	return o
}

func (o *office) fault(format string, args ...any) {
	o.faults = append(o.faults, fmt.Sprintf(format, args...))
}

func (o *office) metadata() vci.IssuerMetadata {
	m := o.w.metadata()
	m.DeferredEndpoint = o.w.issuer.origin + "/deferred"
	c := m.Configurations["delegation"]
	c.Scope = "delegation"
	m.Configurations["delegation"] = c
	if o.batch > 1 {
		m.Batch = &vci.Batch{Size: o.batch}
	}
	if o.encrypts {
		m.ResponseEncryption = vci.OfferedEncryption()
		m.RequestEncryption = &vci.RequestEncryption{Enc: []string{"A256GCM"}, Keys: vci.KeySet{Keys: []strictjson.Value{strictjson.Value(`{"kty":"RSA"}`), o.requests.Public().JWK()}}}
	}
	if o.meta != nil {
		o.meta(&m)
	}
	return m
}

func (o *office) serverMetadata() vci.ServerMetadata {
	at := o.w.issuer.origin
	m := vci.ServerMetadata{
		Issuer: at, AuthorizationEndpoint: at + "/authorize", TokenEndpoint: at + "/token", PushedEndpoint: at + "/par", RequirePushed: true,
		ResponseTypes: []string{"code"}, ChallengeMethods: []string{vci.MethodS256}, AnswersWithIssuer: true, AnonymousPre: true,
		DetailTypes: []string{vci.DetailType},
	}
	if !o.bearer {
		m.DPoPAlgorithms = []string{"ES256"}
	}
	if o.attested != nil {
		m.ClientAuthentication, m.ChallengeEndpoint, m.AnonymousPre = []string{attest.Method}, at+"/challenge", false
	}
	if o.server != nil {
		o.server(&m)
	}
	return m
}

func (o *office) refuse(rw http.ResponseWriter, status int, code string) {
	writeAny(rw, status, map[string]string{"error": code})
}

// proves checks who sends a request: its key, and the attestation of the client.
func (o *office) proves(rw http.ResponseWriter, r *http.Request, token string) bool {
	if o.attested != nil && token == "" {
		client, err := attest.OpenClient(r.Context(), r.Header.Get(attest.HeaderClient), r.Header.Get(attest.HeaderPoP), attest.Expect{
			Providers: o.attested, Audience: o.w.issuer.origin, At: o.w.now(), Challenge: func(c string) error {
				if c != "challenge-1" {
					return errors.New("another challenge")
				}
				return nil
			},
		})
		if err != nil || client.ID != "wallet-of-the-town" {
			o.fault("client: %v", err)
		}
	}
	if o.bearer {
		return true
	}
	opened, err := dpop.Open(r.Header.Get("Dpop"), dpop.Expect{
		Method: "POST", URL: o.w.issuer.origin + r.URL.Path, AccessToken: token, At: o.w.now(),
		Nonce: func(nonce string) error {
			if nonce != "dpop-nonce-1" {
				return errors.New("another nonce")
			}
			return nil
		},
	})
	rw.Header().Set("Dpop-Nonce", "dpop-nonce-1")
	switch {
	case errors.Is(err, dpop.ErrNonce) && token == "":
		o.refuse(rw, 400, "use_dpop_nonce")
		return false
	case errors.Is(err, dpop.ErrNonce):
		rw.Header().Set("WWW-Authenticate", `DPoP error="use_dpop_nonce", error_description="nonce"`)
		o.refuse(rw, 401, "use_dpop_nonce")
		return false
	case err != nil || o.seen[opened.ID] || token != "" && opened.Thumbprint != o.key:
		o.fault("DPoP: %v %v", err, opened)
	}
	o.seen[opened.ID] = true
	if token == "" {
		o.key = opened.Thumbprint
	}
	return true
}

func (o *office) postPushed(rw http.ResponseWriter, r *http.Request) {
	if !o.proves(rw, r, "") {
		return
	}
	form, _ := readForm(r)
	a, err := vci.ParseAuthorizationRequest(form)
	if err != nil {
		o.fault("pushed: %v", err)
		o.refuse(rw, 400, "invalid_request")
		return
	}
	if !o.bearer && a.DPoPKey != o.key {
		o.fault("the request is bound to another key")
	}
	ref := fmt.Sprint(vci.PushedPrefix, len(o.pushed))
	o.pushed[ref] = a
	writeAny(rw, 201, vci.Pushed{RequestURI: ref, ExpiresIn: 60})
}

// Redirect and Authorize make the office the browser too: the person signs in and agrees at once.
func (o *office) Redirect() string { return "http://127.0.0.1:4711/back" }

func (o *office) Authorize(_ context.Context, address string) (url.Values, error) {
	u, err := url.Parse(address)
	if err != nil {
		return nil, err
	}
	if originAt(address) != o.w.issuer.origin || u.Path != "/authorize" {
		o.fault("the browser was sent elsewhere")
	}
	client, ref, err := vci.ParseAuthorize(u.Query())
	a, known := o.pushed[ref]
	if err != nil || !known {
		if a, err = vci.ParseAuthorizationRequest(u.Query()); err != nil || o.server == nil {
			o.fault("authorize: %v", err)
		}
		client = a.ClientID
	}
	delete(o.pushed, ref)
	if client != a.ClientID || u.Query().Has("state") == known {
		o.fault("authorize: client %q, and more than the reference", client)
	}
	o.asked = a
	code := fmt.Sprint("code-of-", len(o.codes))
	o.codes[code] = a
	out := url.Values{"code": {code}, "state": {a.State}, "iss": {o.w.issuer.origin}}
	if o.comeBack != nil {
		o.comeBack(out)
	}
	return out, nil
}

func (o *office) postToken(rw http.ResponseWriter, r *http.Request) {
	before := o.key
	if !o.proves(rw, r, "") {
		return
	}
	form, _ := readForm(r)
	t, err := vci.ParseTokenRequest(form)
	good := err == nil
	switch {
	case !good:
	case t.Grant == vci.GrantPreAuthorized:
		good = t.Code == "code-1" && t.TxCode == o.w.txCode
	case t.Grant == vci.GrantAuthorizationCode:
		a, ok := o.codes[t.Code]
		good = ok && t.RedirectURI == a.RedirectURI && t.ClientID == a.ClientID && t.Verifier.Check(a.Challenge) == nil
		delete(o.codes, t.Code)
	case t.Grant == vci.GrantRefreshToken:
		good = o.refresh != "" && t.RefreshToken == o.refresh && (o.bearer || before == o.key)
	}
	if !good {
		o.refuse(rw, 400, "invalid_grant")
		return
	}
	o.w.redeemed++
	o.tokens++
	o.access = fmt.Sprint("access-", o.tokens)
	out := vci.TokenResponse{AccessToken: o.access, TokenType: vci.DPoP, ExpiresIn: 300}
	if o.bearer {
		out.TokenType = vci.Bearer
	}
	if o.tokenType != "" {
		out.TokenType = o.tokenType
	}
	if o.refreshing {
		o.refresh = fmt.Sprint("refresh-", o.tokens)
		out.RefreshToken = o.refresh
	}
	if len(o.identifiers) > 0 {
		out.Details = []vci.Detail{{Type: vci.DetailType, Configuration: "delegation", Identifiers: o.identifiers}}
	}
	writeAny(rw, 200, out)
}

// opens reads a request to a protected endpoint, into out.
func (o *office) opens(rw http.ResponseWriter, r *http.Request, out any) bool {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if (scheme == vci.DPoP) == o.bearer {
		o.fault("scheme %q", scheme)
	}
	if token != o.access || o.denied && r.URL.Path == "/deferred" {
		rw.Header().Set("WWW-Authenticate", `DPoP error="invalid_token"`)
		status, code := 401, "invalid_token"
		if o.denied {
			status, code = 400, "credential_request_denied"
		}
		o.refuse(rw, status, code)
		return false
	}
	if !o.proves(rw, r, token) {
		return false
	}
	raw, _ := io.ReadAll(r.Body)
	if encrypted := r.Header.Get("Content-Type") == "application/jwt"; encrypted != (o.encrypts && r.URL.Path != "/notification") {
		o.fault("%s: encrypted %v", r.URL.Path, encrypted)
	} else if encrypted {
		var err error
		if raw, err = jwe.Decrypt(raw, o.requests, jwe.A256GCM); err != nil {
			o.fault("request: %v", err)
		}
	}
	if err := strictjson.Unmarshal(raw, out); err != nil {
		o.fault("request: %v", err)
	}
	return true
}

// answer encrypts what the wallet wants encrypted.
func (o *office) answer(rw http.ResponseWriter, status int, out vci.CredentialResponse, e *vci.ResponseEncryption) {
	if e == nil || o.clear {
		if o.encrypts && !o.clear {
			o.fault("no key for the answer")
		}
		writeAny(rw, status, out)
		return
	}
	to, enc, err := e.Recipient()
	check(o.w.t, err)
	plain, err := strictjson.Marshal(out)
	check(o.w.t, err)
	token, err := jwe.Encrypt(plain, to, enc, jwe.Header{})
	check(o.w.t, err)
	o.encrypted++
	rw.Header().Set("Content-Type", "application/jwt")
	rw.WriteHeader(status)
	_, _ = rw.Write(token)
}

func (o *office) postCredential(rw http.ResponseWriter, r *http.Request) {
	var request vci.CredentialRequest
	if !o.opens(rw, r, &request) {
		return
	}
	if len(o.identifiers) > 0 != (request.Identifier != "") || request.Identifier != "" && !slices.Contains(o.identifiers, request.Identifier) {
		o.fault("identifier %q, configuration %q", request.Identifier, request.Configuration)
	}
	if o.nonceOnce {
		o.nonceOnce = false
		o.refuse(rw, 400, "invalid_nonce")
		return
	}
	o.proofs = append(o.proofs, len(request.Proofs.JWT))
	var holders []did.DID
	for _, proof := range request.Proofs.JWT {
		h, nonce, err := vci.OpenProof(r.Context(), []byte(proof), o.w.issuer.origin, o.w.keys, o.w.now())
		if err != nil || nonce != "nonce-of-the-issuer-0123" || slices.Contains(holders, h.DID) {
			o.fault("proof: %v", err)
		}
		if o.delegate != "" && h.DID.String() != o.delegate {
			o.refuse(rw, 400, "invalid_proof")
			return
		}
		holders = append(holders, h.DID)
	}
	if len(holders) > max(1, o.batch) {
		o.refuse(rw, 400, "invalid_proof")
		return
	}
	if o.later > 0 {
		id := fmt.Sprint("transaction-", len(o.pending))
		o.pending[id] = holders
		o.answer(rw, 202, vci.CredentialResponse{TransactionID: id, Interval: 60}, request.Encryption)
		return
	}
	o.give(rw, holders, request.Encryption)
}

func (o *office) give(rw http.ResponseWriter, holders []did.DID, e *vci.ResponseEncryption) {
	out := vci.CredentialResponse{NotificationID: fmt.Sprint("n-", o.w.issuer.hit("POST /credential"))}
	for i, h := range slices.Backward(holders) { // their order means nothing
		before := o.w.grant
		if o.change != nil {
			o.w.grant = func(c *credential.Credential) { o.change(i, c) }
		}
		out.Credentials = append(out.Credentials, vci.Issued{Credential: o.w.issue(h)})
		o.w.grant = before
	}
	o.answer(rw, 200, out, e)
}

func (o *office) postDeferred(rw http.ResponseWriter, r *http.Request) {
	var request vci.DeferredRequest
	if !o.opens(rw, r, &request) {
		return
	}
	holders, ok := o.pending[request.TransactionID]
	if !ok {
		o.refuse(rw, 400, "invalid_transaction_id")
		return
	}
	if o.later--; o.later > 0 {
		o.answer(rw, 202, vci.CredentialResponse{TransactionID: request.TransactionID, Interval: 120}, request.Encryption)
		return
	}
	delete(o.pending, request.TransactionID)
	o.give(rw, holders, request.Encryption)
}

func (o *office) postNotification(rw http.ResponseWriter, r *http.Request) {
	var n vci.Notification
	if !o.opens(rw, r, &n) {
		return
	}
	o.events = append(o.events, n.ID+" "+string(n.Event))
	rw.WriteHeader(204)
}

// codeOffer returns an offer for the code flow.
func (o *office) codeOffer() string {
	offer := &vci.Offer{Issuer: o.w.issuer.origin, Configurations: []string{"delegation"}}
	offer.Grants.AuthorizationCode = &vci.AuthorizationCode{IssuerState: "state of the issuer"}
	return vci.OfferLink{Offer: offer}.String()
}

// taker agrees, and signs in.
func (o *office) taker(copies int) Collector {
	return Collector{Accept: o.w.agree, Copies: copies, SignIn: o}
}

// blameless fails where the wallet sent anything that was not right.
func (o *office) blameless(t *testing.T) {
	t.Helper()
	for _, f := range o.faults {
		t.Errorf("the issuer found: %s", f)
	}
}

// voucher is the provider of the town's wallets.
type voucher struct {
	w        *town
	provider attest.Provider
	key      *key.Private
	keys     int // attested
}

func (v *voucher) ClientID() string { return "wallet-of-the-town" }

func (v *voucher) Attest(ctx context.Context, server, challenge string) (string, string, error) {
	attestation, err := v.provider.SignClient(ctx, v.ClientID(), v.key.Public(), v.w.now(), v.w.now().Add(time.Hour))
	if err != nil {
		return "", "", err
	}
	proof, err := attest.PoP{ClientID: v.ClientID(), Audience: server, Challenge: challenge, At: v.w.now()}.Sign(ctx, v.key, rand.Reader)
	return attestation, proof, err
}

// AttestKeys implements KeyAttester.
func (v *voucher) AttestKeys(ctx context.Context, keys []key.Public, nonce string) (string, error) {
	v.keys += len(keys)
	return v.provider.SignKeys(ctx, attest.Keys{Keys: keys, Nonce: nonce, Expires: v.w.now().Add(time.Hour)}, v.w.now())
}
