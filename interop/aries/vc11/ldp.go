// SPDX-License-Identifier: Apache-2.0

package vc11

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"time"

	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/internal/jose"
	"github.com/behalf-id/behalf/internal/jsonld"
	"github.com/behalf-id/behalf/internal/multiformat"
	"github.com/behalf-id/behalf/internal/rdfc"
	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/key"
	"github.com/behalf-id/behalf/reason"
)

// The suites, both with Ed25519 keys, SHA-256 and RDF dataset normalization.
const (
	Suite2018 = "Ed25519Signature2018" // detached JWS (RFC 7797); read also with a base64 proofValue
	Suite2020 = "Ed25519Signature2020" // proofValue in base58btc multibase
)

// The contexts under which the options of a proof with a JWS are read: what jsonld-signatures did
// first, and Aries after it, whatever the document says.
const (
	securityV2 = "https://w3id.org/security/v2"
	securityJW = "https://w3id.org/security/jws/v1"
)

// jwsHeader is the header of every detached JWS: the signed bytes are not base64url (RFC 7797).
const jwsHeader = `{"alg":"EdDSA","b64":false,"crit":["b64"]}`

// Suite2020Context is the context that defines Ed25519Signature2020.
const Suite2020Context = "https://w3id.org/security/suites/ed25519-2020/v1"

// maxContext bounds how deep contexts name one another.
const maxContext = 8

// SealLDP returns document, a credential of version 1.1 whose issuer is the DID of by, with a proof of
// suite made at created. The contexts of document must define the suite; they are found with contexts.
func SealLDP(ctx context.Context, document []byte, suite string, created time.Time, contexts func(string) []byte, by did.Signer) ([]byte, error) {
	c, err := model(document)
	if err != nil {
		return nil, err
	}
	if by.Signer == nil || c.Issuer != by.Method.DID().String() || by.Public().Algorithm() != key.EdDSA {
		return nil, reason.New(reason.KeyControllerMismatch, "the signer is not the issuer, or its key not Ed25519")
	}
	p := proof{Type: suite, Created: created.UTC().Format(time.RFC3339), Method: by.Method.String(), Purpose: string(did.AssertionMethod)}
	if suite == Suite2018 {
		p.JWS = base64.RawURLEncoding.EncodeToString([]byte(jwsHeader)) + ".."
	}
	message, err := p.message(document, contexts)
	if err != nil {
		return nil, err
	}
	signature, err := by.Sign(ctx, message)
	if err != nil {
		return nil, err
	}
	switch suite {
	case Suite2018:
		p.JWS += base64.RawURLEncoding.EncodeToString(signature)
	case Suite2020:
		if p.Value, err = multiformat.Encode(multiformat.Base58BTC, signature); err != nil {
			return nil, err
		}
	}
	o, err := readObject(document)
	if err != nil {
		return nil, err
	}
	if o["proof"], err = strictjson.Marshal(p); err != nil {
		return nil, err
	}
	return strictjson.Marshal(o)
}

// proof is a linked data proof. A member beyond these would not be signed, or not be understood, and
// is refused.
type proof struct {
	Type      string `json:"type"`
	Created   string `json:"created"`
	Method    string `json:"verificationMethod"`
	Purpose   string `json:"proofPurpose"`
	Challenge string `json:"challenge,omitempty"`
	Domain    string `json:"domain,omitempty"`
	Value     string `json:"proofValue,omitempty"`
	JWS       string `json:"jws,omitempty"`
}

// openLDP verifies a JSON object with one proof.
func (r Reader) openLDP(ctx context.Context, raw []byte) (Credential, error) {
	o, err := readObject(raw)
	if err != nil {
		return Credential{}, err
	}
	p, err := readProof(o["proof"])
	if err != nil {
		return Credential{}, err
	}
	delete(o, "proof")
	document, err := strictjson.Marshal(o)
	if err != nil {
		return Credential{}, err
	}
	c, err := model(document)
	if err != nil {
		return Credential{}, err
	}
	k, err := r.key(ctx, p.Method, c.Issuer)
	if err != nil {
		return Credential{}, err
	}
	if k.Algorithm() != key.EdDSA {
		return Credential{}, reason.New(reason.DISuite, "the key is not Ed25519")
	}
	signature, err := p.signature()
	if err != nil {
		return Credential{}, err
	}
	message, err := p.message(document, r.Contexts)
	if err != nil {
		return Credential{}, err
	}
	if err := k.Verify(message, signature); err != nil {
		return Credential{}, reason.Wrap(reason.CredentialSignatureInvalid, "", err)
	}
	c.Format = LDP
	return c, nil
}

func readProof(raw strictjson.Value) (p proof, err error) {
	if raw == nil {
		return p, reason.New(reason.DIProofMissing, "")
	}
	if raw.Kind() != '{' {
		return p, reason.New(reason.DIProofSet, "not one proof")
	}
	if err := strictjson.UnmarshalClosed(raw, &p); err != nil {
		return p, reason.Wrap(reason.DIProofOptions, "", err)
	}
	if p.Type != Suite2018 && p.Type != Suite2020 {
		return p, reason.New(reason.DISuite, "")
	}
	if p.Purpose != string(did.AssertionMethod) {
		return p, reason.New(reason.DIPurpose, "")
	}
	if _, err := time.Parse(time.RFC3339Nano, p.Created); err != nil {
		return p, reason.New(reason.DITime, "created")
	}
	if (p.Value == "") == (p.JWS == "") || p.Type == Suite2020 && p.JWS != "" {
		return p, reason.New(reason.DIProofValue, "not exactly the one value of the suite")
	}
	return p, nil
}

// signature returns the bytes of the signature.
func (p *proof) signature() ([]byte, error) {
	raw, err := []byte(nil), error(nil)
	switch {
	case p.Type == Suite2020:
		raw, err = multiformat.Decode(multiformat.Base58BTC, p.Value)
	case p.JWS != "":
		prefix := base64.RawURLEncoding.EncodeToString([]byte(jwsHeader)) + ".."
		rest, ok := bytes.CutPrefix([]byte(p.JWS), []byte(prefix))
		if !ok {
			return nil, reason.New(reason.DIProofValue, "the header of the detached JWS is another one")
		}
		raw, err = jose.AppendDecode(nil, rest)
	default:
		raw, err = jose.AppendDecode(nil, []byte(p.Value))
	}
	if err != nil {
		return nil, reason.Wrap(reason.DIProofValue, "", err)
	}
	return raw, nil
}

// message returns what is signed: the hash of the options and the hash of the document, behind the
// header where there is a detached JWS.
func (p *proof) message(document []byte, contexts func(string) []byte) ([]byte, error) {
	o, err := readObject(document)
	if err != nil {
		return nil, err
	}
	under := o["@context"]
	var out []byte
	if p.JWS != "" {
		under = strictjson.Value(`["` + securityV2 + `","` + securityJW + `"]`)
		out = append([]byte(base64.RawURLEncoding.EncodeToString([]byte(jwsHeader))), '.')
	}
	options := *p
	options.Value, options.JWS = "", ""
	raw, err := strictjson.Marshal(options)
	if err != nil {
		return nil, err
	}
	for _, part := range []struct{ raw, context []byte }{{raw, under}, {document, o["@context"]}} {
		digest, err := hash(part.raw, part.context, contexts)
		if err != nil {
			return nil, err
		}
		out = append(out, digest...)
	}
	return out, nil
}

// hash returns the SHA-256 of raw in canonical form, read under the contexts.
func hash(raw, under []byte, contexts func(string) []byte) ([]byte, error) {
	o, err := readObject(raw)
	if err != nil {
		return nil, err
	}
	list, err := inline(nil, under, contexts, 0)
	if err != nil {
		return nil, err
	}
	if o["@context"], err = strictjson.Marshal(list); err != nil {
		return nil, err
	}
	doc, err := strictjson.Marshal(o)
	if err != nil {
		return nil, err
	}
	c, err := jsonld.Canonicalize(doc, jsonld.Open, rdfc.SHA256)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(c.Bytes())
	return sum[:], nil
}

// inline appends to list the contexts of v, every URL replaced by what it stands for: so they need not
// be among those that our JSON-LD reader knows.
func inline(list []strictjson.Value, v strictjson.Value, contexts func(string) []byte, depth int) ([]strictjson.Value, error) {
	if depth > maxContext {
		return nil, reason.New(reason.JSONLDContextUnknown, "contexts name one another too deeply")
	}
	switch v.Kind() {
	case '{':
		return append(list, v), nil
	case '[':
		var err error
		for item, broken := range strictjson.Items(v) {
			if broken != nil {
				return nil, broken
			}
			if list, err = inline(list, item, contexts, depth+1); err != nil {
				return nil, err
			}
		}
		return list, nil
	}
	url, err := strictjson.String(v)
	if err != nil {
		return nil, reason.New(reason.JSONLDContextUnknown, "")
	}
	raw := contexts(url)
	if raw == nil {
		return nil, reason.New(reason.JSONLDContextUnknown, "")
	}
	o, err := readObject(raw)
	if err != nil {
		return nil, err
	}
	return inline(list, o["@context"], contexts, depth+1)
}
