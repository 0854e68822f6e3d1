// SPDX-License-Identifier: Apache-2.0

package vp

import (
	"context"
	"crypto/x509"
	"strings"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/internal/jose"
	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/key"
	"github.com/behalf-id/behalf/openid/dcql"
	"github.com/behalf-id/behalf/reason"
)

// Sign returns r as a signed request object of a verifier identified by its DID. The key is one of the
// verifier's document.
func (r *Request) Sign(ctx context.Context, by did.Signer) ([]byte, error) {
	return r.sign(ctx, jose.Header{Type: TypeRequest, KeyID: by.Method.String()}, by)
}

// SignX509 returns r as a signed request object of a verifier identified by a certificate: certificates
// are DER, that of the key of by first, the anchor never among them (HAIP 1.0 §5). A client
// identifier or key that is not that of the certificate is request.client_id.
func (r *Request) SignX509(ctx context.Context, certificates [][]byte, by key.Signer) ([]byte, error) {
	client, err := ParseClient(r.ClientID)
	if err != nil {
		return nil, err
	}
	leaf, err := leafOf(certificates)
	if err != nil {
		return nil, err
	}
	if err := client.certified(leaf); err != nil {
		return nil, err
	}
	if k, err := key.New(leaf.PublicKey); err != nil || by == nil || !k.Equal(by.Public()) {
		return nil, badClient("the key is not that of the certificate", err)
	}
	return r.sign(ctx, jose.Header{Type: TypeRequest, X5C: jose.WriteX5C(certificates)}, by)
}

func (r *Request) sign(ctx context.Context, h jose.Header, by key.Signer) ([]byte, error) {
	if err := r.check(); err != nil {
		return nil, err
	}
	if strings.HasPrefix(r.ClientID, PrefixRedirectURI) {
		return nil, badClient("a client of redirect_uri cannot sign its request", nil)
	}
	if err := r.checkLife(); err != nil {
		return nil, err
	}
	payload, err := strictjson.Marshal(r)
	if err != nil {
		return nil, err
	}
	return jose.Sign(ctx, h, payload, by)
}

// Trust is by what the signer of a request is known. The zero Trust knows nobody.
type Trust struct {
	Keys        credential.Keys     // DID documents, and now
	Anchors     []*x509.Certificate // authorities that may vouch for the host name of PrefixX509DNS
	WalletNonce string              // what was sent to fetch the request, "" where nothing was
}

// OpenRequest is Trust.Open for a verifier that is identified by its DID.
func OpenRequest(ctx context.Context, raw []byte, clientID string, keys credential.Keys) (*Request, error) {
	return Trust{Keys: keys}.Open(ctx, raw, clientID)
}

// Open reads the request object that was fetched for clientID and checks its signature by the means
// that the prefix of clientID names (§5.9.3): a key of the verifier's document that is listed for
// authentication, or the first certificate of x5c, which has the hash, or names the host and leads to
// one of the anchors. One that is not signed, or may never be, is request.unsigned; one that names
// another client or key request.client_id; a certificate that is not good x509.chain_invalid or
// x509.untrusted_root; one whose aud, times, nonce, mode or other content is wrong request.invalid. What is
// wrong with the content of one that the client did sign, comes as a *Refused where the client can be told.
func (t Trust) Open(ctx context.Context, raw []byte, clientID string) (*Request, error) {
	client, err := ParseClient(clientID)
	if err != nil {
		return nil, err
	}
	if !client.Signed() {
		return nil, reason.New(reason.RequestUnsigned, "a client of redirect_uri cannot sign its request")
	}
	if t.Keys.Resolver == nil || t.Keys.At.IsZero() {
		return nil, reason.New(reason.InternalIndeterminate, "vp: no keys, or no time, to open a request with")
	}
	policy := jose.Policy{Type: TypeRequest}
	if client.Prefix != PrefixDID {
		policy.Key = jose.FromIssuer
	}
	token, err := jose.Parse(raw, policy)
	if err != nil {
		return nil, unsigned(err)
	}
	k, err := t.key(ctx, token.Header, client)
	if err != nil {
		return nil, err
	}
	payload, err := token.Verify(k)
	if err != nil {
		return nil, err
	}
	r, err := t.read(payload, clientID)
	if err != nil {
		return nil, client.refused(payload, clientID, err)
	}
	return r, nil
}

// unsigned gives the words of a wallet to what a JOSE reader refused: whoever cannot be shown
// to have signed a request has not signed it.
func unsigned(err error) error {
	switch reason.Of(err) {
	case reason.JOSEAlgForbidden, reason.JOSEHeaderInvalid, reason.JOSESerializationForbidden:
		return reason.Wrap(reason.RequestUnsigned, "the request is not signed", err)
	case reason.JOSETypMismatch:
		return reason.Wrap(reason.RequestInvalid, "not a request object", err)
	}
	return err
}

// key returns the key by which a request of client must be signed.
func (t Trust) key(ctx context.Context, h jose.Header, client Client) (key.Public, error) {
	if client.Prefix != PrefixDID {
		return t.certificateKey(h.X5C, client)
	}
	method, err := did.ParseURL(h.KeyID)
	if err != nil || method.DID() != client.did {
		return key.Public{}, badClient("the request is signed with another party's key", err)
	}
	doc, err := t.Keys.Resolver.Resolve(ctx, client.did)
	if err != nil {
		return key.Public{}, err
	}
	k, err := doc.Key(method, did.Authentication, t.Keys.At)
	if err != nil {
		return key.Public{}, badClient("the verifier's document does not list the key", err)
	}
	return k, nil
}

// read reads the content of a request object whose signature was checked.
func (t Trust) read(payload []byte, clientID string) (*Request, error) {
	r, err := decode(payload)
	if err != nil {
		return nil, err
	}
	if r.ClientID != clientID {
		return nil, badClient("client_id inside and outside the request differ", nil)
	}
	if err := r.check(); err != nil {
		return nil, err
	}
	if t.WalletNonce != "" && r.WalletNonce != t.WalletNonce {
		return nil, invalid("the request is not the answer to this wallet")
	}
	if err := r.checkTimes(t.Keys.At); err != nil {
		return nil, err
	}
	return r, nil
}

// decode reads the members of a request. The query is read by its own rules.
func decode(payload []byte) (*Request, error) {
	r := new(Request)
	if err := strictjson.Unmarshal(payload, r); err != nil {
		return nil, tooLong(err)
	}
	var parts struct {
		Query        strictjson.Value `json:"dcql_query"`
		Transactions strictjson.Value `json:"transaction_data"`
		Info         strictjson.Value `json:"verifier_info"`
	}
	if err := strictjson.Unmarshal(payload, &parts); err != nil {
		return nil, err
	}
	if parts.Query == nil {
		return nil, invalid("dcql_query is missing")
	}
	query, err := dcql.Parse(parts.Query)
	if err != nil {
		return nil, err
	}
	r.Query = *query
	if parts.Transactions != nil && len(r.TransactionData) == 0 || parts.Info != nil && len(r.VerifierInfo) == 0 {
		return nil, invalid("transaction_data or verifier_info is an empty list")
	}
	return r, nil
}

// tooLong gives a request with a list beyond all bounds, which can only be its query, the query's code.
func tooLong(err error) error {
	if reason.Of(err) == reason.LimitMembers {
		return reason.Wrap(reason.LimitQuery, "the request asks for too much", err)
	}
	return err
}

// certificateKey returns the key of the first certificate of x5c, if client is its subject.
func (t Trust) certificateKey(x5c []byte, client Client) (key.Public, error) {
	if x5c == nil {
		return key.Public{}, reason.New(reason.RequestUnsigned, "the request is signed by nobody's certificate")
	}
	chain, err := jose.ReadChain(x5c)
	if err != nil {
		return key.Public{}, err
	}
	if err := client.certified(chain[0]); err != nil {
		return key.Public{}, err
	}
	if err := signer(chain, t.Keys.At); err != nil {
		return key.Public{}, err
	}
	if client.Prefix == PrefixX509DNS {
		if err := chain.LeadsTo(t.Anchors, t.Keys.At); err != nil {
			return key.Public{}, err
		}
	}
	return key.New(chain[0].PublicKey)
}
