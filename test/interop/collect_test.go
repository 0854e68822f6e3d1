// SPDX-License-Identifier: Apache-2.0

package interop

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/internal/world"
	"github.com/behalf-id/behalf/internal/world/login"
	"github.com/behalf-id/behalf/key"
	"github.com/behalf-id/behalf/test/interop/page"
)

// The rows of what is tried here. The arrow goes from the issuer to the wallet.
const (
	vciPre      = "OpenID4VCI 1.0, pre-authorized code"
	vciCode     = "OpenID4VCI 1.0, authorization code, PAR, PKCE, DPoP"
	vciBatch    = "OpenID4VCI 1.0, batch"
	vciDeferred = "OpenID4VCI 1.0, deferred"
	vciEncrypt  = "OpenID4VCI 1.0, encrypted answer"
	vciNotify   = "OpenID4VCI 1.0, notification"
	vciSigned   = "OpenID4VCI 1.0, signed metadata"
	vciRefresh  = "OpenID4VCI 1.0, refresh and re-issue"
)

// begun is what their wallet read of an offer.
type begun struct {
	Session string
	Signed  bool
	Offer   struct {
		Configurations []string `json:"credential_configuration_ids"`
	}
	Issuer struct {
		Batch struct {
			Size int `json:"batch_size"`
		} `json:"batch_credential_issuance"`
	}
}

// issued is an answer with credentials, or with a transaction.
type issued struct {
	Credentials []struct {
		Credential string `json:"credential"`
	} `json:"credentials"`
	Notification string `json:"notification_id"`
	Transaction  string `json:"transaction_id"`
}

// collector is a wallet of theirs that has read one offer.
type collector struct {
	*online
	begun
	t      *testing.T
	holder party
	token  struct {
		Type    string `json:"token_type"`
		Details []struct {
			Identifiers []string `json:"credential_identifiers"`
		} `json:"authorization_details"`
	}
}

// begin has a wallet of theirs read an offer of ours, with more in the request.
func (o *online) begin(t *testing.T, offer world.Offer, more request) *collector {
	t.Helper()
	c := &collector{online: o, t: t, holder: newParty(t, key.ES256)}
	r := request{"offer": offer.Offer.URI, "key": c.holder.secret(), "didUrl": c.holder.Method.String()}
	for name, value := range more {
		r[name] = value
	}
	o.must(t, "vci.begin", r, &c.begun)
	return c
}

// grant has our issuer make an offer; change edits the grant.
func (o *online) grant(t *testing.T, change ...string) world.Offer {
	t.Helper()
	office, err := o.Office()
	check(t, err)
	raw := world.Grant(now())
	for i := 0; i < len(change); i += 2 {
		raw = bytes.Replace(raw, []byte(change[i]), []byte(change[i+1]), 1)
	}
	offer, err := office.Grant(t.Context(), raw)
	check(t, err)
	return offer
}

func (c *collector) redeem(offer world.Offer) {
	c.t.Helper()
	c.must(c.t, "vci.token", request{"session": c.Session, "txCode": offer.Offer.TxCode}, &c.token)
}

// proof makes a key proof, with a fresh nonce unless change gives one.
func (c *collector) proof(change request) string {
	c.t.Helper()
	r := request{"session": c.Session, "configuration": c.Offer.Configurations[0]}
	if change["nonce"] == nil {
		var nonce string
		c.must(c.t, "vci.nonce", request{"session": c.Session}, &nonce)
		r["nonce"] = nonce
	}
	for name, value := range change {
		r[name] = value
	}
	var jwt string
	c.must(c.t, "vci.proof", r, &jwt)
	return jwt
}

// ask asks for credentials by the identifier that the token came with or, where there is none, by configuration.
func (c *collector) ask(more request, proofs ...string) (issued, error) {
	c.t.Helper()
	r := request{"session": c.Session, "configuration": c.Offer.Configurations[0], "proofs": proofs}
	if len(c.token.Details) > 0 {
		r["identifier"] = c.token.Details[0].Identifiers[0]
	}
	for name, value := range more {
		r[name] = value
	}
	var got issued
	return got, c.counterpart.ask(c.t, "vci.credential", r, &got)
}

// holds checks that a credential of ours is one, for a key of theirs, by their own means.
func (c *collector) holds(raw string, holder party) {
	c.t.Helper()
	var got struct{ Payload json.RawMessage }
	c.must(c.t, "vci.held", request{"sdjwt": raw, "origin": c.World.Issuer}, &got)
	var claims struct {
		VCT string `json:"vct"`
		Cnf struct {
			JWK map[string]string `json:"jwk"`
		} `json:"cnf"`
		Principal struct {
			ID string `json:"id"`
		} `json:"on_behalf_of"`
	}
	check(c.t, json.Unmarshal(got.Payload, &claims))
	if claims.VCT != credential.VCTDelegation || claims.Principal.ID != world.PrincipalURN || claims.Cnf.JWK["x"] != holder.public()["x"] {
		c.t.Errorf("another credential: %s", got.Payload)
	}
}

// denied wants a refusal of ours that holds code, and counts it.
func (o *online) denied(t *testing.T, row, direction, code string, err error) {
	t.Helper()
	var no *refusal
	if !errors.As(err, &no) || broke(no.text) || !strings.Contains(no.text, code) {
		t.Errorf("%s: want %s: %v", row, code, err)
		return
	}
	o.tally.Refused(row, direction)
}

// collects has a wallet of theirs collect with a pre-authorized code: plain, with DPoP, with a bare key, in a
// batch, later, encrypted, and with one thing wrong.
func (o *online) collects(t *testing.T) {
	for name, more := range map[string]request{
		"bearer": {}, "DPoP": {"dpop": newParty(t, key.ES256).secret()}, "bare key": {"didUrl": ""}, "client": {"client": "their-wallet"},
	} {
		t.Run(name, func(t *testing.T) { o.collectOne(t, more) })
	}
	t.Run("refusals", o.collectRefused)
	t.Run("batch", o.collectBatch)
	t.Run("deferred", o.collectLater)
	t.Run("encrypted", o.collectEncrypted)
	t.Run("signed metadata", o.collectSigned)
}

func (o *online) collectSigned(t *testing.T) {
	offer := o.grant(t)
	if c := o.begin(t, offer, request{"signed": "yes"}); !c.Signed {
		t.Fatal("the metadata was not signed")
	}
	o.tally.Accepted(vciSigned, page.Outward)
	holder := newParty(t, key.ES256)
	o.denied(t, vciSigned, page.Outward, "verification failed", o.ask(t, "vci.begin", request{"offer": offer.Offer.URI, "key": holder.secret(), "didUrl": holder.Method.String(), "signed": "changed"}, nil))
}

func (o *online) collectOne(t *testing.T, more request) {
	offer := o.grant(t)
	c := o.begin(t, offer, more)
	c.redeem(offer)
	if want := map[bool]string{true: "DPoP", false: "Bearer"}[more["dpop"] != nil]; c.token.Type != want {
		t.Errorf("the token is %s, not %s", c.token.Type, want)
	}
	got, err := c.ask(nil, c.proof(nil))
	check(t, err)
	if len(got.Credentials) != 1 {
		t.Fatalf("%d credentials", len(got.Credentials))
	}
	c.holds(got.Credentials[0].Credential, c.holder)
	o.tally.Accepted(vciPre, page.Outward)
	o.must(t, "vci.notify", request{"session": c.Session, "id": got.Notification, "event": "credential_accepted"}, nil)
	o.tally.Accepted(vciNotify, page.Outward)
	o.denied(t, vciNotify, page.Outward, "invalid_notification_id", o.ask(t, "vci.notify", request{"session": c.Session, "id": "another", "event": "credential_accepted"}, nil))
	codeAgain, requestAgain := "invalid_grant", "invalid_credential_request" // the token is good for nothing more
	if more["dpop"] != nil {
		codeAgain, requestAgain = "invalid_dpop_proof", "invalid_dpop_proof"
	}
	o.denied(t, vciPre, page.Outward, codeAgain, o.ask(t, "vci.again", request{"session": c.Session, "path": "/token"}, nil))
	o.denied(t, vciPre, page.Outward, requestAgain, o.ask(t, "vci.again", request{"session": c.Session, "path": "/credential"}, nil))
}

func (o *online) collectRefused(t *testing.T) {
	offer := o.grant(t)
	c := o.begin(t, offer, nil)
	o.denied(t, vciPre, page.Outward, "invalid_grant", o.ask(t, "vci.token", request{"session": c.Session, "txCode": wrongCode(offer.Offer.TxCode)}, nil))
	c.redeem(offer)
	for name, p := range map[string]struct {
		proofs []string
		want   string
	}{
		"another issuer's proof": {[]string{c.proof(request{"audience": "https://other.example"})}, "invalid_proof"},
		"a nonce of nobody":      {[]string{c.proof(request{"nonce": "0f4d6a2c-of-nobody"})}, "invalid_nonce"},
		"a client's name":        {[]string{c.proof(request{"client": "somebody"})}, "invalid_proof"},
		"a signature changed":    {[]string{flippedSignature(c.proof(nil))}, "invalid_proof"},
		"no proof at all":        {[]string{}, "invalid"},
	} {
		_, err := c.ask(nil, p.proofs...)
		var no *refusal
		if errors.As(err, &no) && broke(no.text) {
			t.Errorf("%s: %v", name, err)
		}
		o.denied(t, vciPre, page.Outward, p.want, err)
	}
	var nonce string
	o.must(t, "vci.nonce", request{"session": c.Session}, &nonce)
	got, err := c.ask(nil, c.proof(request{"nonce": nonce})) // none of it spent what was granted
	check(t, err)
	c.holds(got.Credentials[0].Credential, c.holder)
	o.tally.Accepted(vciPre, page.Outward)
	another := o.grant(t)
	d := o.begin(t, another, nil)
	d.redeem(another)
	_, err = d.ask(nil, d.proof(request{"nonce": nonce}))
	o.denied(t, vciPre, page.Outward, "invalid_nonce", err)
}

func wrongCode(code string) string {
	if strings.HasPrefix(code, "1") {
		return "2" + code[1:]
	}
	return "1" + code[1:]
}

// flippedSignature changes an octet in the middle of the signature of a token.
func flippedSignature(jwt string) string { return flipped(jwt, strings.LastIndexByte(jwt, '.')+20) }

func (o *online) collectBatch(t *testing.T) {
	offer := o.grant(t)
	more := []party{newParty(t, key.ES256), newParty(t, key.ES256)}
	c := o.begin(t, offer, request{"others": []any{more[0].secret(), more[1].secret()}})
	if c.Issuer.Batch.Size < 2 {
		t.Fatalf("batch_size is %d", c.Issuer.Batch.Size)
	}
	c.redeem(offer)
	var nonce string
	o.must(t, "vci.nonce", request{"session": c.Session}, &nonce)
	proofs := []string{c.proof(request{"nonce": nonce})}
	for _, p := range more {
		proofs = append(proofs, c.proof(request{"nonce": nonce, "key": p.secret()}))
	}
	_, err := c.ask(nil, proofs[1], proofs[1])
	o.denied(t, vciBatch, page.Outward, "invalid_proof", err)
	_, err = c.ask(nil, proofs[0], flippedSignature(proofs[1]))
	o.denied(t, vciBatch, page.Outward, "invalid_proof", err)
	got, err := c.ask(nil, proofs...)
	check(t, err)
	if len(got.Credentials) != len(proofs) {
		t.Fatalf("%d credentials for %d keys", len(got.Credentials), len(proofs))
	}
	for i, holder := range append([]party{c.holder}, more...) {
		c.holds(got.Credentials[i].Credential, holder)
		o.tally.Accepted(vciBatch, page.Outward)
	}
}

func (o *online) collectLater(t *testing.T) {
	offer := o.grant(t, "{", `{"review":true,`)
	c := o.begin(t, offer, request{"dpop": newParty(t, key.ES256).secret()})
	c.redeem(offer)
	got, err := c.ask(nil, c.proof(nil))
	check(t, err)
	if got.Transaction == "" || len(got.Credentials) != 0 {
		t.Fatalf("%+v", got)
	}
	deferred := func() (later issued, err error) {
		return later, o.ask(t, "vci.deferred", request{"session": c.Session, "transaction": got.Transaction}, &later)
	}
	later, err := deferred()
	check(t, err)
	if later.Transaction != got.Transaction {
		t.Fatalf("before the decision: %+v", later)
	}
	o.denied(t, vciDeferred, page.Outward, "invalid_transaction_id", o.ask(t, "vci.deferred", request{"session": c.Session, "transaction": "another"}, nil))
	check(t, o.decide(t, offer.ID, "approve"))
	later, err = deferred()
	check(t, err)
	if len(later.Credentials) != 1 {
		t.Fatalf("after the decision: %+v", later)
	}
	c.holds(later.Credentials[0].Credential, c.holder)
	o.tally.Accepted(vciDeferred, page.Outward)
	_, err = deferred()
	o.denied(t, vciDeferred, page.Outward, "invalid_transaction_id", err)
}

func (o *online) collectEncrypted(t *testing.T) {
	offer := o.grant(t)
	c := o.begin(t, offer, nil)
	c.redeem(offer)
	answer := newParty(t, key.ES256).secret() // any key on P-256
	answer["alg"], answer["kid"] = "ECDH-ES", "for-the-answer"
	bad := map[string]string{"kty": "EC", "crv": "P-256", "x": answer["x"], "y": answer["x"], "alg": "ECDH-ES"}
	for name, r := range map[string]request{"a point off the curve": {"encryption": bad}, "the key in the clear": {"encryption": answer, "plain": true}} {
		_, err := c.ask(r, c.proof(nil))
		t.Log(name)
		o.denied(t, vciEncrypt, page.Outward, "invalid_encryption_parameters", err)
	}
	got, err := c.ask(request{"encryption": answer}, c.proof(nil))
	check(t, err)
	c.holds(got.Credentials[0].Credential, c.holder)
	o.tally.Accepted(vciEncrypt, page.Outward)
}

// signsIn has a wallet of theirs collect for a person who signs in.
func (o *online) signsIn(t *testing.T) {
	tom := login.Users()[0]
	collector := fmt.Sprintf(`{"collector":{"issuer":%q,"subject":%q},`, o.SignIn, tom.Subject)
	browser, err := o.Browser(tom)
	check(t, err)
	defer browser.Close()
	for name, fault := range map[string]string{"good": "", "another verifier": "invalid_grant", "DPoP replayed": "invalid_dpop_proof"} {
		t.Run(name, func(t *testing.T) {
			offer := o.grant(t, "{", collector)
			c := o.begin(t, offer, request{"client": "their-wallet", "dpop": newParty(t, key.ES256).secret()})
			var at struct{ URL, Method string }
			o.must(t, "vci.authorize", request{"session": c.Session, "redirect": browser.Redirect(), "scope": c.Offer.Configurations[0]}, &at)
			if at.Method != "S256" || !strings.Contains(at.URL, "request_uri=") || strings.Contains(at.URL, "code_challenge") {
				t.Errorf("not pushed, or without PKCE: %s", at.URL)
			}
			back, err := browser.Authorize(t.Context(), at.URL)
			check(t, err)
			r := request{"session": c.Session, "url": browser.Redirect() + "?" + back.Encode()}
			if name == "another verifier" {
				r["verifier"] = strings.Repeat("a", 43)
				o.denied(t, vciCode, page.Outward, fault, o.ask(t, "vci.code", r, nil))
				return
			}
			o.must(t, "vci.code", r, &c.token)
			if fault != "" {
				o.denied(t, vciCode, page.Outward, fault, o.ask(t, "vci.again", request{"session": c.Session, "path": "/token"}, nil))
				return
			}
			if c.token.Type != "DPoP" || len(c.token.Details) != 1 {
				t.Fatalf("%+v", c.token)
			}
			got, err := c.ask(nil, c.proof(request{"client": "their-wallet"}))
			check(t, err)
			c.holds(got.Credentials[0].Credential, c.holder)
			o.tally.Accepted(vciCode, page.Outward)
			c.again()
			o.denied(t, vciCode, page.Outward, "invalid_grant", o.ask(t, "vci.code", r, nil))
		})
	}
}

// again has their wallet refresh its token and collect once more, with the key in use.
func (c *collector) again() {
	c.t.Helper()
	var fresh struct{ Used string }
	c.must(c.t, "vci.refresh", request{"session": c.Session}, &fresh)
	got, err := c.ask(nil, c.proof(request{"client": "their-wallet"}))
	check(c.t, err)
	c.holds(got.Credentials[0].Credential, c.holder)
	c.tally.Accepted(vciRefresh, page.Outward)
	c.denied(c.t, vciRefresh, page.Outward, "invalid_grant", c.counterpart.ask(c.t, "vci.refresh", request{"session": c.Session, "refreshToken": "of.nobody"}, nil))
	c.denied(c.t, vciRefresh, page.Outward, "invalid_grant", c.counterpart.ask(c.t, "vci.refresh", request{"session": c.Session, "refreshToken": fresh.Used}, nil))
}
