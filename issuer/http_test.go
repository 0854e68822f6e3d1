// SPDX-License-Identifier: Apache-2.0

package issuer

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/openid/vci"
	"github.com/behalf-id/behalf/reason"
)

// TestHTTPStory is a grant, its collection and its end over TLS.
func TestHTTPStory(t *testing.T) {
	w := newWorld(t).serve()
	made := w.admin("POST", "/admin/v1/delegations", edit(), "Idempotency-Key", "k1")
	var o Offering
	if made.status != 201 || strictjson.Unmarshal(made.body, &o) != nil || len(o.Offer.TxCode) != TxCodeSize || made.header.Get("Cache-Control") != "no-store" {
		t.Fatalf("%d %s", made.status, made.body)
	}
	offer := must[vci.OfferLink](t)(vci.ParseOfferLink(o.Offer.URI)).Offer
	meta := must[*vci.IssuerMetadata](t)(vci.ParseIssuerMetadata(w.do("GET", "/.well-known/openid-credential-issuer", "", nil).body, testOrigin))
	must[*vci.ServerMetadata](t)(vci.ParseServerMetadata(w.do("GET", "/.well-known/oauth-authorization-server", "", nil).body, testOrigin))
	if _, known := meta.Configurations[offer.Configurations[0]]; !known || offer.Issuer != testOrigin {
		t.Errorf("the offer %v is not of the metadata", offer.Configurations)
	}
	token := w.postForm("/token", vci.TokenRequest{Code: offer.Grants.PreAuthorized.Code, TxCode: o.Offer.TxCode}.Form())
	bearer := must[vci.TokenResponse](t)(vci.ParseTokenResponse(token.body)).AccessToken
	tom := newHolder(t)
	asked := w.do("POST", "/nonce", "", nil)
	nonce := must[string](t)(vci.ParseNonce(asked.body))
	if asked.header.Get("Cache-Control") != "no-store" {
		t.Error("a nonce may be kept by caches")
	}
	got := w.postJSON("/credential", bearer, ask(offer.Configurations[0], w.proofOver(tom, nonce)))
	issued := must[*vci.CredentialResponse](t)(vci.ParseCredentialResponse(got.body))
	c := w.opened(issued.Credentials[0].Credential)
	if n := w.postJSON("/notification", bearer, map[string]string{"notification_id": issued.NotificationID, "event": "credential_accepted"}); n.status != 204 {
		t.Errorf("notification: %d %s", n.status, n.body)
	}
	w.fetchLists(c)
	if r := w.admin("POST", "/admin/v1/delegations/"+o.ID+"/suspend", []byte(`{"reason":"in-hospital"}`)); r.status != 200 || !strings.Contains(string(r.body), `"suspended"`) {
		t.Errorf("suspend: %d %s", r.status, r.body)
	}
	if r := w.admin("POST", "/admin/v1/delegations/"+o.ID+"/resume", []byte(`{"reason":"home"}`)); r.status != 200 || !strings.Contains(string(r.body), `"issued"`) {
		t.Errorf("resume: %d %s", r.status, r.body)
	}
	if r := w.admin("POST", "/admin/v1/delegations/"+o.ID+"/revoke", []byte(`{"reason":"withdrawn","note":"by letter"}`)); r.status != 200 || !strings.Contains(string(r.body), `"revoked"`) {
		t.Errorf("revoke: %d %s", r.status, r.body)
	}
	shown := w.admin("GET", "/admin/v1/delegations/"+o.ID, nil)
	if shown.status != 200 || !strings.Contains(string(shown.body), `"family-requested"`) || strings.Contains(string(shown.body), o.Offer.TxCode) && strings.Contains(string(shown.body), "tx_code") {
		t.Errorf("show: %d %s", shown.status, shown.body)
	}
}

// fetchLists fetches every list that c names.
func (w *world) fetchLists(c *credential.Credential) {
	w.t.Helper()
	for _, ref := range c.Status {
		path := strings.TrimPrefix(ref.List, testOrigin)
		first := w.do("GET", path, "", nil)
		tag := first.header.Get("ETag")
		if first.status != 200 || tag == "" || !strings.Contains(first.header.Get("Cache-Control"), "max-age=") {
			w.t.Errorf("%s: %d %v", path, first.status, first.header)
		}
		if again := w.do("GET", path, "", nil, "If-None-Match", tag); again.status != 304 || len(again.body) != 0 {
			w.t.Errorf("%s again: %d", path, again.status)
		}
	}
}

func TestPublicDocuments(t *testing.T) {
	w := newWorld(t).serve()
	doc := w.do("GET", "/.well-known/did.json", "", nil)
	if _, err := did.ReadDocument(doc.body, w.cfg.ID, w.clock.Now()); err != nil || doc.header.Get("Content-Type") != did.MediaType {
		t.Errorf("did.json: %v, %s", err, doc.header.Get("Content-Type"))
	}
	if s := w.do("GET", "/schemas/delegation-credential-1.json", "", nil); s.status != 200 || string(s.body) != string(credential.Schema()) {
		t.Errorf("schema: %d", s.status)
	}
	if o := w.do("GET", "/openapi.json", "", nil); o.status != 200 || strictjson.Check(o.body) != nil {
		t.Errorf("openapi: %d", o.status)
	}
	for _, path := range []string{"/status/token/9-9", "/status/token/x", "/status/bitstring/9-9-revocation", "/status/bitstring/1-1", "/status/bitstring/1-1-refresh"} {
		if r := w.do("GET", path, "", nil); r.status != 404 || r.told.Reason != reason.ObjectUnknown {
			t.Errorf("%s: %d %s", path, r.status, r.body)
		}
	}
	if strings.Contains(string(OpenAPI()), "\t") || strictjson.Check(OpenAPI()) != nil {
		t.Error("openapi.json is not plain JSON")
	}
	// What a request says of hosts changes nothing.
	if m := w.do("GET", "/.well-known/openid-credential-issuer", "", nil, "X-Forwarded-Host", "evil.example", "Forwarded", "host=evil.example"); strings.Contains(string(m.body), "evil") {
		t.Error("a header names the issuer")
	}
}

// TestAdminNeedsToken: no admin path answers without the token, and none tells what is there.
func TestAdminNeedsToken(t *testing.T) {
	w := newWorld(t).serve()
	o := w.grant(edit())
	for _, c := range [][2]string{
		{"POST", "/admin/v1/delegations"}, {"GET", "/admin/v1/delegations"}, {"GET", "/admin/v1/delegations/" + o.ID},
		{"POST", "/admin/v1/delegations/" + o.ID + "/suspend"}, {"POST", "/admin/v1/delegations/" + o.ID + "/resume"}, {"POST", "/admin/v1/delegations/" + o.ID + "/revoke"},
		{"POST", "/admin/v1/delegations/" + o.ID + "/approve"}, {"POST", "/admin/v1/delegations/" + o.ID + "/decline"},
	} {
		for _, auth := range []string{"", "Bearer wrong", "Basic " + testToken, "bearer"} {
			r := w.do(c[0], c[1], "application/json", []byte(`{"reason":"x"}`), "Authorization", auth, "Idempotency-Key", "k")
			if r.status != 401 || r.told.Type != "/problems/unauthorized" {
				t.Errorf("%v with %q: %d %s", c, auth, r.status, r.body)
			}
		}
		if r := w.do(c[0], c[1]+"?access_token="+testToken, "application/json", nil); r.status != 401 {
			t.Errorf("%v with a token in the query: %d", c, r.status)
		}
	}
}

// TestAdminRefusals: what an operator is told, with status, reason and detail.
func TestAdminRefusals(t *testing.T) {
	w := newWorld(t).serve()
	o := w.grant(edit())
	w.admin("POST", "/admin/v1/delegations", edit(), "Idempotency-Key", "used")
	const path = "/admin/v1/delegations"
	for name, c := range map[string]struct {
		got    answer
		status int
		code   reason.Code
	}{
		"no key":        {w.admin("POST", path, edit()), 400, reason.HTTPInvalid},
		"other body":    {w.admin("POST", path, edit(`"GB-ENG"`, `"GB-WLS"`), "Idempotency-Key", "used"), 409, reason.IdempotencyMismatch},
		"forbidden":     {w.admin("POST", path, edit(`"validFrom"`, `"issuer":"x","validFrom"`), "Idempotency-Key", "a"), 422, reason.IssueClaimForbidden},
		"schema":        {w.admin("POST", path, edit(`"maxDepth":2,`, ``), "Idempotency-Key", "a"), 400, reason.CredentialSchemaInvalid},
		"expired":       {w.admin("POST", path, edit(`"2027-11-22T09`, `"2026-11-22T10`), "Idempotency-Key", "a"), 422, reason.CredentialExpired},
		"constraint":    {w.admin("POST", path, edit(`"constraint":{}`, `"constraint":{"x":1}`), "Idempotency-Key", "a"), 422, reason.CredentialUnknownConstraint},
		"accreditation": {w.admin("POST", path, edit(`"resource":"appointments"`, `"resource":"messages"`), "Idempotency-Key", "a"), 403, reason.IssuerNotAccredited},
		"media type":    {w.do("POST", path, "text/plain", edit(), "Authorization", "Bearer "+testToken, "Idempotency-Key", "a"), 415, reason.HTTPMediaType},
		"syntax":        {w.admin("POST", path, []byte("{"), "Idempotency-Key", "a"), 400, reason.JSONSyntax},
		"body":          {w.admin("POST", path, []byte(`{"x":"`+strings.Repeat("x", 1<<20)+`"}`), "Idempotency-Key", "a"), 413, reason.LimitBody},
		"unknown":       {w.admin("GET", path+"/dg-none", nil), 404, reason.ObjectUnknown},
		"limit":         {w.admin("GET", path+"?limit=201", nil), 400, reason.HTTPInvalid},
		"limit text":    {w.admin("GET", path+"?limit=x", nil), 400, reason.HTTPInvalid},
		"twice":         {w.admin("GET", path+"?limit=1&limit=2", nil), 400, reason.HTTPDuplicateParam},
		"change":        {w.admin("POST", path+"/"+o.ID+"/revoke", []byte(`{}`)), 400, reason.JSONMemberMissing},
		"change closed": {w.admin("POST", path+"/"+o.ID+"/revoke", []byte(`{"reason":"x","force":true}`)), 400, reason.JSONType},
		"too early":     {w.admin("POST", path+"/"+o.ID+"/suspend", []byte(`{"reason":"x"}`)), 403, reason.RevokeNotAuthorised},
	} {
		if c.got.status != c.status || c.got.told.Reason != c.code || c.got.told.Status != c.status || c.got.told.Type == "" ||
			c.got.header.Get("Content-Type") != "application/problem+json" || c.got.told.Instance == "" {
			t.Errorf("%s: %d %s", name, c.got.status, c.got.body)
		}
	}
	refused := w.admin("POST", path, edit(`"resource":"appointments"`, `"resource":"messages"`), "Idempotency-Key", "a")
	if !strings.Contains(refused.told.Detail, string(reason.TrustScopeNotAccredited)) {
		t.Errorf("an operator is not told why: %s", refused.body)
	}
	w.admin("POST", path+"/"+o.ID+"/revoke", []byte(`{"reason":"x"}`))
	if r := w.admin("POST", path+"/"+o.ID+"/resume", []byte(`{"reason":"x"}`)); r.status != 409 || r.told.Reason != reason.RevokeIrreversible {
		t.Errorf("irreversible: %d %s", r.status, r.body)
	}
}

// TestWalletErrors: the codes of RFC 6749 and OpenID4VCI, with ours beside them where a wallet may see it.
func TestWalletErrors(t *testing.T) {
	w := newWorld(t).serve()
	o, used := w.grant(edit()), w.grant(edit())
	spent := w.redeemed(used)
	w.postJSON("/credential", spent, ask(ConfigurationSDJWT, w.proof(newHolder(t))))
	form := func(pairs ...string) url.Values {
		v := url.Values{"grant_type": {vci.GrantPreAuthorized}, "pre-authorized_code": {w.codeOf(o)}, "tx_code": {o.Offer.TxCode}}
		for k := 0; k < len(pairs); k += 2 {
			v.Set(pairs[k], pairs[k+1])
		}
		return v
	}
	fresh := w.redeemed(w.grant(edit()))
	for name, c := range map[string]struct {
		got    answer
		status int
		err    string
		class  string
	}{
		"grant type":    {w.postForm("/token", form("grant_type", "password")), 400, "unsupported_grant_type", "request-invalid"},
		"no grant type": {w.postForm("/token", form("grant_type", "")), 400, "invalid_request", "request-invalid"},
		"no code":       {w.postForm("/token", form("pre-authorized_code", "")), 400, "invalid_request", "request-invalid"},
		"unknown code":  {w.postForm("/token", form("pre-authorized_code", "x")), 400, "invalid_grant", "request-invalid"},
		"no tx_code":    {w.postForm("/token", form("tx_code", "")), 400, "invalid_request", "request-invalid"},
		"wrong tx_code": {w.postForm("/token", form("tx_code", wrong(o.Offer.TxCode))), 400, "invalid_grant", "request-invalid"},
		"used code":     {w.postForm("/token", form("pre-authorized_code", w.codeOf(used))), 400, "invalid_grant", "replay"},
		"twice":         {w.do("POST", "/token", "application/x-www-form-urlencoded", []byte(form().Encode()+"&tx_code=1")), 400, "invalid_request", "malformed"},
		"not a form":    {w.postJSON("/token", "", form()), 415, "invalid_request", "unsupported-media-type"},
		"no token":      {w.postJSON("/credential", "", ask(ConfigurationSDJWT, w.proof(newHolder(t)))), 401, "invalid_token", "unauthorized"},
		"token in query": {w.do("POST", "/credential?access_token="+fresh, "application/json",
			must[[]byte](t)(strictjson.Marshal(ask(ConfigurationSDJWT, w.proof(newHolder(t)))))), 401, "invalid_token", "unauthorized"},
		"both":                  {w.postJSON("/credential", fresh, map[string]any{"credential_configuration_id": "a", "credential_identifier": "b", "proofs": ask("").Proofs}), 400, "invalid_credential_request", "malformed"},
		"unknown configuration": {w.postJSON("/credential", fresh, ask("other", w.proof(newHolder(t)))), 403, "unknown_credential_configuration", "forbidden"},
		"unknown identifier":    {w.postJSON("/credential", fresh, &vci.CredentialRequest{Identifier: "x", Proofs: ask("", w.proof(newHolder(t))).Proofs}), 403, "unknown_credential_identifier", "forbidden"},
		"not covered":           {w.postJSON("/credential", fresh, ask(ConfigurationVCJWT, w.proof(newHolder(t)))), 403, "invalid_credential_request", "forbidden"},
		"no proof":              {w.postJSON("/credential", fresh, map[string]any{"credential_configuration_id": ConfigurationSDJWT}), 400, "invalid_proof", "request-invalid"},
		"nonce":                 {w.postJSON("/credential", fresh, ask(ConfigurationSDJWT, w.proofOver(newHolder(t), "x"))), 400, "invalid_nonce", "request-invalid"},
		"audience":              {w.postJSON("/credential", fresh, ask(ConfigurationSDJWT, w.bareProof(newHolder(t), map[string]any{"aud": "https://x.example"}))), 400, "invalid_proof", "request-invalid"},
		"event":                 {w.postJSON("/notification", spent, map[string]string{"notification_id": "x", "event": "x"}), 400, "invalid_notification_request", "request-invalid"},
		"notification":          {w.postJSON("/notification", spent, map[string]string{"notification_id": "x", "event": "credential_accepted"}), 400, "invalid_notification_id", "request-invalid"},
	} {
		if c.got.status != c.status || c.got.told.Error != c.err || c.got.told.Type != "/problems/"+c.class || c.got.header.Get("Content-Type") != "application/json" || c.got.header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: %d %s", name, c.got.status, c.got.body)
		}
		if (c.got.header.Get("WWW-Authenticate") != "") != (c.status == 401) {
			t.Errorf("%s: WWW-Authenticate %q", name, c.got.header.Get("WWW-Authenticate"))
		}
		if c.got.told.Detail != "" || c.got.told.Reason != "" && c.got.told.Reason.For(reason.Delegate) == "" {
			t.Errorf("%s tells a wallet what it must not see: %s", name, c.got.body)
		}
	}
	if !strings.Contains(w.logged.String(), `"`+string(reason.GrantConsumed)+`"`) {
		t.Error("the log does not hold the true reason")
	}
}

// TestHostedHTTP: reasons of decisions, whose status is 200, are refusals here.
func TestHostedHTTP(t *testing.T) {
	f := newFamily(t)
	f.serve()
	post := func(path, kind string, by did.Signer, child string) answer {
		return f.do("POST", path, "application/jwt", f.signed(by, kind, map[string]any{"parent": f.root, "credential": child}))
	}
	if r := post("/v1/hosted-status", TypeHostedStatus, f.tom, "urn:uuid:c"); r.status != 201 || !strings.Contains(string(r.body), `"statusListIndex"`) {
		t.Errorf("%d %s", r.status, r.body)
	}
	if r := post("/v1/hosted-status/revoke", TypeHostedRevoke, f.tom, "urn:uuid:c"); r.status != 204 {
		t.Errorf("%d %s", r.status, r.body)
	}
	if r := post("/v1/hosted-status/revoke", TypeHostedRevoke, f.june, "urn:uuid:c"); r.status != 403 {
		t.Errorf("%d %s", r.status, r.body)
	}
	if r := post("/v1/hosted-status", TypeHostedStatus, f.june, "urn:uuid:c"); r.status != 404 {
		t.Errorf("%d %s", r.status, r.body)
	}
	must[*Delegation](t)(f.Revoke(t.Context(), f.delegation, Change{Reason: "x"}))
	if r := post("/v1/hosted-status", TypeHostedStatus, f.tom, "urn:uuid:d"); r.status != 403 || r.told.Type != "/problems/forbidden" {
		t.Errorf("%d %s", r.status, r.body)
	}
	for _, path := range []string{"/v1/hosted-status", "/v1/hosted-status/revoke"} {
		if r := f.do("POST", path, "application/json", []byte("{}")); r.status != 415 {
			t.Errorf("%d %s", r.status, r.body)
		}
	}
}

func TestListHTTP(t *testing.T) {
	w := newWorld(t).serve()
	for range 3 {
		w.grant(edit())
		w.clock.Advance(1e6)
	}
	var page Page
	first := w.admin("GET", "/admin/v1/delegations?limit=2", nil)
	if err := strictjson.Unmarshal(first.body, &page); err != nil || len(page.Delegations) != 2 || page.Next == "" || page.Delegations[0].Grant != nil {
		t.Fatalf("%v %s", err, first.body)
	}
	var rest Page
	last := w.admin("GET", "/admin/v1/delegations?limit=2&after="+page.Next, nil)
	if err := strictjson.Unmarshal(last.body, &rest); err != nil || len(rest.Delegations) != 1 || rest.Next != "" {
		t.Fatalf("%v %s", err, last.body)
	}
}

// TestListOfManyCopies: a page ends before it grows too long to be read, and misses nobody.
func TestListOfManyCopies(t *testing.T) {
	var found []*Delegation
	for k := range 5 {
		found = append(found, &Delegation{ID: string(rune('a' + k)), Copies: make([]Copy, MaxCopies)})
	}
	var ids []string
	for rest := found; len(rest) > 0; {
		p := pageOf(rest, 5, time.Time{})
		if len(p.Delegations) > 3 || len(p.Delegations) == 0 {
			t.Fatalf("%d in a page", len(p.Delegations))
		}
		for _, d := range p.Delegations {
			ids = append(ids, d.ID)
		}
		if rest = rest[len(p.Delegations):]; (p.Next != "") != (len(rest) > 0) || p.Next != "" && p.Next != ids[len(ids)-1] {
			t.Errorf("next is %q after %v", p.Next, ids)
		}
	}
	if strings.Join(ids, "") != "abcde" {
		t.Errorf("%v", ids)
	}
}
