// SPDX-License-Identifier: Apache-2.0

package wallet

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/credential/sdjwt"
	"github.com/behalf-id/behalf/credential/status"
	"github.com/behalf-id/behalf/credential/status/publisher"
	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/internal/jose"
	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/openid/vci"
	"github.com/behalf-id/behalf/openid/vp"
	"github.com/behalf-id/behalf/reason"
)

// issuerHandlers answer for the issuer: OpenID4VCI with a pre-authorized code, and hosted status.
func (w *town) issuerHandlers() map[string]http.HandlerFunc {
	return map[string]http.HandlerFunc{
		"GET /.well-known/openid-credential-issuer": func(rw http.ResponseWriter, _ *http.Request) { writeAny(rw, 200, w.metadata()) },
		"GET /.well-known/oauth-authorization-server": func(rw http.ResponseWriter, _ *http.Request) {
			writeAny(rw, 200, vci.ServerMetadata{Issuer: w.issuer.origin, TokenEndpoint: w.issuer.origin + "/token", ResponseTypes: []string{"token"}})
		},
		"POST /token": w.postToken,
		"POST /nonce": func(rw http.ResponseWriter, _ *http.Request) {
			writeAny(rw, 200, vci.Nonce{Nonce: "nonce-of-the-issuer-0123"})
		},
		"POST /credential":              w.postCredential,
		"POST /notification":            func(rw http.ResponseWriter, _ *http.Request) { rw.WriteHeader(204) },
		"POST /v1/hosted-status":        w.postHosted,
		"POST /v1/hosted-status/revoke": w.postRevoke,
	}
}

func (w *town) metadata() vci.IssuerMetadata {
	conf := vci.Configuration{Format: w.format, VCT: credential.VCTDelegation}
	if w.format != sdjwt.Name {
		conf = vci.Configuration{Format: vp.FormatID(w.format), Definition: &vci.Definition{Type: []string{"VerifiableCredential", credential.TypeDelegation}}}
	}
	if conf.Format == vp.FormatLDP {
		conf.SigningAlgorithms, conf.Definition.Context = []string{w.format}, []string{credential.ContextVC, credential.ContextDelegation}
	}
	return vci.IssuerMetadata{
		Issuer: w.issuer.origin, CredentialEndpoint: w.issuer.origin + "/credential", NonceEndpoint: w.issuer.origin + "/nonce",
		NotificationEndpoint: w.issuer.origin + "/notification", Configurations: map[string]vci.Configuration{"delegation": conf},
	}
}

func (w *town) postToken(rw http.ResponseWriter, r *http.Request) {
	form, _ := readForm(r)
	t, err := vci.ParseTokenRequest(form)
	if err != nil || t.Code != "code-1" || t.TxCode != w.txCode {
		writeAny(rw, 400, map[string]string{"error": "invalid_grant"})
		return
	}
	w.redeemed++
	writeAny(rw, 200, vci.TokenResponse{AccessToken: "token-1", TokenType: "Bearer", ExpiresIn: 300})
}

func readForm(r *http.Request) (url.Values, error) {
	raw, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	if err != nil {
		return nil, err
	}
	return url.ParseQuery(string(raw))
}

func (w *town) postCredential(rw http.ResponseWriter, r *http.Request) {
	raw, _ := io.ReadAll(r.Body)
	request, err := vci.ParseCredentialRequest(raw)
	if err != nil || r.Header.Get("Authorization") != "Bearer token-1" {
		writeAny(rw, 400, map[string]string{"error": "invalid_credential_request"})
		return
	}
	holder, _, err := vci.OpenProof(r.Context(), []byte(request.Proofs.JWT[0]), w.issuer.origin, w.keys, w.now())
	if err != nil {
		writeAny(rw, 400, map[string]string{"error": "invalid_proof"})
		return
	}
	out := vci.CredentialResponse{NotificationID: "n-1"}
	for range 1 + w.extra {
		out.Credentials = append(out.Credentials, vci.Issued{Credential: w.issue(holder.DID)})
	}
	writeAny(rw, 200, out)
}

// issue signs a delegation for holder, as the town's knobs say.
func (w *town) issue(holder did.DID) string {
	by := w.issuer
	if w.sealer != nil {
		by = w.sealer
	}
	c := w.delegation(holder.String(), by.id.String())
	_, c.Status = w.refs(w.format)
	if w.grant != nil {
		w.grant(c)
	}
	raw, err := w.formats.Named(w.format).Seal(context.Background(), c, by.signer)
	if err != nil {
		panic(err)
	}
	return string(raw)
}

// hostedRequest opens a signed request of a holder.
func (w *town) hostedRequest(r *http.Request, kind string) (claims struct {
	Audience string `json:"aud"`
	Nonce    string `json:"nonce"`
	Parent   string `json:"parent"`
	Child    string `json:"credential"`
	Delegate string `json:"delegate"`
}, ok bool) {
	raw, _ := io.ReadAll(r.Body)
	t, err := jose.Parse(raw, jose.Policy{Type: kind})
	if err != nil {
		return claims, false
	}
	method, err := did.ParseURL(t.Header.KeyID)
	if err != nil {
		return claims, false
	}
	doc, err := w.keys.Resolve(r.Context(), method.DID())
	if err != nil {
		return claims, false
	}
	k, err := doc.Key(method, did.AssertionMethod, w.now())
	if err != nil {
		return claims, false
	}
	payload, err := t.Verify(k)
	if err != nil || strictjson.Unmarshal(payload, &claims) != nil {
		return claims, false
	}
	return claims, claims.Audience == w.issuer.origin && claims.Nonce == "nonce-of-the-issuer-0123"
}

func (w *town) postHosted(rw http.ResponseWriter, r *http.Request) {
	claims, ok := w.hostedRequest(r, "hosted-status+jwt")
	if !ok || claims.Parent == "" || claims.Child == "" {
		writeAny(rw, 400, map[string]string{"type": "/problems/request-invalid"})
		return
	}
	ref, token := w.refs(sdjwt.Name)
	var out hosted
	out.Token.Index, out.Token.List = token[0].Index, token[0].List
	for _, b := range w.publisher.BitstringRefs(ref) {
		out.Bitstring = append(out.Bitstring, struct {
			Purpose string `json:"statusPurpose"`
			Index   string `json:"statusListIndex"`
			List    string `json:"statusListCredential"`
		}{b.Purpose, strconv.FormatUint(b.Index, 10), b.List})
	}
	w.hosted[claims.Child], w.hostedFor[claims.Child] = ref, claims.Delegate
	writeAny(rw, 201, out)
}

func (w *town) postRevoke(rw http.ResponseWriter, r *http.Request) {
	claims, ok := w.hostedRequest(r, "hosted-status-revoke+jwt")
	ref, known := w.hosted[claims.Child]
	if !ok || !known {
		writeAny(rw, 403, map[string]string{"reason": string(reason.RevokeNotAuthorised)})
		return
	}
	if err := w.book.Set(r.Context(), []publisher.Ref{ref}, status.Revoked); err != nil {
		panic(err)
	}
	w.takenBack = append(w.takenBack, claims.Child)
	rw.WriteHeader(204)
}

// link is what the gateway hands out.
func (w *town) link() string {
	return vp.Link{ClientID: vp.ClientID(w.gateway.id), RequestURI: w.gateway.origin + "/vp/request/1"}.String()
}

func (w *town) getRequest(rw http.ResponseWriter, r *http.Request) {
	access := w.accesses
	w.request = &vp.Request{
		ClientID: vp.ClientID(w.gateway.id), ResponseType: vp.ResponseTypeVP, ResponseMode: vp.ModeDirectPost, Audience: vp.AudienceStatic,
		ResponseURI: w.gateway.origin + "/vp/response/1", Nonce: "nonce-of-the-gateway-0123456789", State: "state-1",
		IssuedAt: w.now().Unix(), Expires: w.now().Unix() + 120, Query: query(access), Access: &access,
		Metadata: vp.Metadata{Name: "Your friendly bank"},
	}
	if w.ask != nil {
		w.ask(w.request)
	}
	by := w.gateway
	if w.asker != nil {
		by = w.asker
	}
	object, err := w.request.Sign(r.Context(), by.signer)
	if err != nil { // what cannot be signed by the real code is signed by hand
		payload, _ := strictjson.Marshal(w.request)
		object, err = jose.Sign(r.Context(), jose.Header{Type: vp.TypeRequest, KeyID: by.signer.Method.String()}, payload, by.signer)
	}
	if err != nil {
		panic(err)
	}
	write200(rw, vp.MediaTypeRequest, object)
}

func (w *town) postResponse(rw http.ResponseWriter, r *http.Request) {
	form, _ := readForm(r)
	response, err := vp.ParseResponse(form)
	if err != nil || response.State != "state-1" {
		writeAny(rw, 400, map[string]string{"reason": string(reason.SessionUnknown)})
		return
	}
	w.answers = append(w.answers, response)
	body := w.reply
	if body == "" {
		body = `{"delegation_decision":{"outcome":"permit","reason":"ok","text":"This is allowed.","evaluation_id":"ev_1"}}`
	}
	write200(rw, "application/json", []byte(body))
}

// presented opens what the gateway got last, as a gateway would: the leaf and the links above it.
func (w *town) presented() (leaf credential.Presented, above []credential.Verified) {
	w.t.Helper()
	token := w.answers[len(w.answers)-1].Token
	keys := credential.Keys{Resolver: w.keys, At: w.now()}
	for id, all := range token {
		for _, raw := range all {
			f := w.formats.Recognise([]byte(raw))
			if strings.HasPrefix(id, "leaf") {
				var err error
				leaf, err = credential.OpenPresentation(w.t.Context(), f, []byte(raw), credential.Binding{Audience: vp.ClientID(w.gateway.id), Nonce: w.request.Nonce, At: w.now()}, keys)
				check(w.t, err)
				continue
			}
			v, err := credential.Open(w.t.Context(), f, []byte(raw), keys)
			check(w.t, err)
			above = append(above, v)
		}
	}
	return leaf, above
}
