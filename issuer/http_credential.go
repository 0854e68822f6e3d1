// SPDX-License-Identifier: Apache-2.0

package issuer

import (
	"mime"
	"net/http"
	"strings"

	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/internal/web"
	"github.com/behalf-id/behalf/openid/vci"
	"github.com/behalf-id/behalf/reason"
)

// Media types of requests and answers, in the clear and encrypted (OpenID4VCI 1.0 §8.2, §8.3).
const (
	typeJSON = "application/json"
	typeJWT  = "application/jwt"
)

func (i *Issuer) postNonce(w http.ResponseWriter, _ *http.Request) {
	nonce, err := i.Nonce()
	if err != nil {
		refuseWallet(w, vci.AtCredential, err)
		return
	}
	web.JSON(w, http.StatusOK, vci.Nonce{Nonce: nonce})
}

func (i *Issuer) postCredential(w http.ResponseWriter, r *http.Request) {
	raw, encrypted, err := i.body(r)
	if err != nil {
		refuseWallet(w, vci.AtCredential, err)
		return
	}
	request, err := vci.ParseCredentialRequest(raw)
	if reason.Of(err) == reason.LimitMembers { // its one list is that of the key proofs
		err = reason.Wrap(reason.ProofBatch, "too many key proofs", err)
	}
	if err != nil {
		refuseWallet(w, vci.AtCredential, err)
		return
	}
	reply(w, request.Encryption, encrypted, func() (*vci.CredentialResponse, error) {
		return i.Issue(r.Context(), i.presented(r), request)
	})
}

func (i *Issuer) postDeferred(w http.ResponseWriter, r *http.Request) {
	raw, encrypted, err := i.body(r)
	if err != nil {
		refuseWallet(w, vci.AtCredential, err)
		return
	}
	request, err := vci.ParseDeferredRequest(raw)
	if err == nil {
		err = namesNoKey(raw)
	}
	if err != nil {
		refuseWallet(w, vci.AtCredential, err)
		return
	}
	reply(w, request.Encryption, encrypted, func() (*vci.CredentialResponse, error) {
		return i.Deferred(r.Context(), i.presented(r), request.TransactionID)
	})
}

// namesNoKey refuses a deferred request that comes with key proofs: whose keys credentials are for was
// settled when the transaction began, and who thinks otherwise is not to be let believe it.
func namesNoKey(raw []byte) error {
	var r struct {
		Proofs strictjson.Value `json:"proofs"`
	}
	if err := strictjson.Unmarshal(raw, &r); err != nil || len(r.Proofs) == 0 {
		return err
	}
	return reason.New(reason.DeferredBinding, "the keys of a transaction are those that were proved when it began")
}

// body returns the body of r, decrypted if it came so.
func (i *Issuer) body(r *http.Request) (raw []byte, encrypted bool, err error) {
	raw, err = web.ReadBody(r, typeJSON, typeJWT)
	if err != nil {
		return nil, false, err
	}
	if kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); kind != typeJWT {
		return raw, false, nil
	}
	raw, err = i.decrypted(raw)
	return raw, true, err
}

// reply writes what issue returns: 200 with credentials, 202 with a transaction, each as JSON or
// encrypted to the key of the request.
func reply(w http.ResponseWriter, to *vci.ResponseEncryption, encrypted bool, issue func() (*vci.CredentialResponse, error)) {
	k, err := answerKeyOf(to, encrypted)
	if err != nil {
		refuseWallet(w, vci.AtCredential, err)
		return
	}
	out, err := issue()
	if err != nil {
		refuseWallet(w, vci.AtCredential, err)
		return
	}
	status := http.StatusOK
	if out.TransactionID != "" {
		status = http.StatusAccepted
	}
	if k == nil {
		web.JSON(w, status, out)
		return
	}
	sealed, err := k.seal(out)
	if err != nil {
		refuseWallet(w, vci.AtCredential, err)
		return
	}
	web.Bytes(w, status, typeJWT, sealed)
}

func (i *Issuer) postNotification(w http.ResponseWriter, r *http.Request) {
	raw, err := web.ReadBody(r, typeJSON)
	if err != nil {
		refuseWallet(w, vci.AtNotification, err)
		return
	}
	n, err := vci.ParseNotification(raw)
	if err == nil {
		err = i.Notify(r.Context(), i.presented(r), n)
	}
	if err != nil {
		refuseWallet(w, vci.AtNotification, err)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// presented returns what r presents to be let in. An access token has one place, the one
// Authorization field (RFC 6750 §2, RFC 9449 §7.1); a token elsewhere beside it is no token.
func (i *Issuer) presented(r *http.Request) Presented {
	p := Presented{Method: r.Method, URL: i.cfg.Origin + r.URL.EscapedPath()}
	given, proofs := r.Header.Values("Authorization"), r.Header.Values("DPoP")
	if len(given) != 1 || len(proofs) > 1 || r.URL.Query().Has("access_token") {
		return p
	}
	p.Scheme, p.Token, _ = strings.Cut(given[0], " ")
	p.Proof = r.Header.Get("DPoP")
	return p
}
