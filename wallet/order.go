// SPDX-License-Identifier: Apache-2.0

package wallet

import (
	"context"
	"errors"
	"time"

	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/internal/jwe"
	"github.com/behalf-id/behalf/internal/safehttp"
	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/key"
	"github.com/behalf-id/behalf/openid/vci"
	"github.com/behalf-id/behalf/reason"
)

// Bounds of one collection.
const (
	MaxOrders   = 32                 // kinds of credential, or identified credentials, of one token
	MaxInterval = 7 * 24 * time.Hour // that an issuer may ask a wallet to wait
)

// KeyAttester is an Attester that also vouches for holder keys, for issuers that ask for it
// (OpenID4VCI 1.0 appendix D).
type KeyAttester interface {
	// AttestKeys returns a key attestation of the keys, for a nonce of the issuer's.
	AttestKeys(ctx context.Context, keys []key.Public, nonce string) (string, error)
}

// order is one credential that is asked for: by the name of a configuration, or by the identifier that a
// token answer gave to it.
type order struct {
	configuration, identifier string
	proven                    []proven
	replaces                  []string // credentials that it stands in for
}

// proven is a key that an order proves: a holder key, or a fresh one of a copy.
type proven struct {
	signer did.Signer
	once   *key.JWK // of a copy; nil for a holder key
}

func (p proven) holder() string { return p.signer.Method.DID().String() }

// orders returns what is to be asked for of some configurations, as the token answer says. by tells how many
// copies of each.
func (s *session) orders(configurations []string) ([]order, error) {
	var out []order
	for _, id := range configurations {
		named := false
		for _, d := range s.details {
			if d.Type != vci.DetailType || d.Configuration != id {
				continue
			}
			for _, identifier := range d.Identifiers {
				out, named = append(out, order{configuration: id, identifier: identifier}), true
			}
		}
		if !named {
			out = append(out, order{configuration: id})
		}
	}
	if len(out) > MaxOrders {
		return nil, unexpected("the issuer wants to give more credentials at a time than a wallet takes")
	}
	return out, nil
}

// keysFor returns the keys of n copies, as far as the issuer gives copies, or the holder key in use.
func (s *session) keysFor(n int) ([]proven, error) {
	most := 1
	if s.meta.Batch != nil {
		most = min(s.meta.Batch.Size, vci.MaxProofs)
	}
	if n = min(n, most); n <= 1 {
		return []proven{{signer: s.w.keyring.inUse}}, nil
	}
	out := make([]proven, 0, n)
	for range n {
		private, err := key.Generate(key.ES256, s.w.cfg.Random)
		if err != nil {
			return nil, err
		}
		j := private.JWK()
		signer, err := s.w.cfg.Vault.signerFor(j)
		if err != nil {
			return nil, err
		}
		out = append(out, proven{signer, &j})
	}
	return out, nil
}

// fill asks for the credential of an order, and stores what comes: credentials, or that the issuer
// decides later. One that is refused for several keys, or for the key in use because the grant names
// another, is asked for once more under others.
func (s *session) fill(ctx context.Context, o order, others ...did.Signer) (Collected, error) {
	answer, err := s.ask(ctx, &o)
	if refusedKeys(err) {
		if len(o.proven) > 1 {
			others = append([]did.Signer{s.w.keyring.inUse}, others...)
		}
		for _, other := range others {
			if len(o.proven) == 1 && o.proven[0].signer.Method == other.Method {
				continue
			}
			o.proven = []proven{{signer: other}}
			if answer, err = s.ask(ctx, &o); !refusedKeys(err) {
				break
			}
		}
	}
	if err != nil {
		return Collected{}, refusedByIssuer(err)
	}
	if answer.TransactionID != "" {
		return s.postpone(answer, o)
	}
	return s.store(ctx, answer, o, "")
}

// refusedKeys reports whether an issuer refused the keys that were proved, or their number.
func refusedKeys(err error) bool {
	status, code, ok := refused(err)
	if !ok || status >= 500 {
		return false
	}
	refusal, _ := errors.AsType[*safehttp.StatusError](err)
	return code == reason.IssueKeyContinuity || code == reason.ProofBatch || vci.ParseError(refusal.Body).Code == "invalid_proof"
}

// ask sends a credential request, once more where the issuer takes back the nonce that it gave.
func (s *session) ask(ctx context.Context, o *order) (*vci.CredentialResponse, error) {
	for try := 0; ; try++ {
		answer, err := s.request(ctx, o)
		refusal, refused := errors.AsType[*safehttp.StatusError](err)
		if !refused || try > 0 || vci.ParseError(refusal.Body).Code != "invalid_nonce" {
			return answer, err
		}
	}
}

// request sends one credential request, with proofs of the order's keys over a fresh nonce.
func (s *session) request(ctx context.Context, o *order) (*vci.CredentialResponse, error) {
	proofs, err := s.proofs(ctx, o)
	if err != nil {
		return nil, err
	}
	r := vci.CredentialRequest{Configuration: o.configuration, Identifier: o.identifier, Proofs: proofs}
	if o.identifier != "" {
		r.Configuration = ""
	}
	secret, err := s.secret(&r.Encryption)
	if err != nil {
		return nil, err
	}
	return s.exchange(ctx, s.meta.CredentialEndpoint, r, secret)
}

// proofs makes the key proofs of an order.
func (s *session) proofs(ctx context.Context, o *order) (*vci.Proofs, error) {
	answer, err := s.post(ctx, s.meta.NonceEndpoint, jsonType, nil, safehttp.Want{}, "")
	if err != nil {
		return nil, err
	}
	s.noteNonce(s.meta.CredentialEndpoint, answer.Header)
	nonce, err := vci.ParseNonce(answer.Body)
	if err != nil {
		return nil, err
	}
	attestation, err := s.attestation(ctx, o, nonce)
	if err != nil {
		return nil, err
	}
	out := new(vci.Proofs)
	for _, p := range o.proven {
		proof, err := vci.Proof{Issuer: s.origin, Nonce: nonce, Attestation: attestation, At: s.w.cfg.Now()}.Sign(ctx, p.signer)
		if err != nil {
			return nil, err
		}
		out.JWT = append(out.JWT, string(proof))
	}
	return out, nil
}

// attestation returns what vouches for the keys of an order, "" where the issuer does not ask for it.
func (s *session) attestation(ctx context.Context, o *order, nonce string) (string, error) {
	if s.meta.Configurations[o.configuration].ProofTypes["jwt"].Attestation == nil {
		return "", nil
	}
	a, ok := s.w.cfg.Attester.(KeyAttester)
	if !ok {
		return "", reason.New(reason.ClientAttestation, "the issuer asks for keys that a wallet's provider vouches for; this wallet has none")
	}
	keys := make([]key.Public, 0, len(o.proven))
	for _, p := range o.proven {
		keys = append(keys, p.signer.Signer.Public())
	}
	return a.AttestKeys(ctx, keys, nonce)
}

// secret is a fresh key for one answer.
type secret struct {
	key *jwe.Private
	enc jwe.Encryption
}

// secret asks for an encrypted answer, wherever the issuer encrypts.
func (s *session) secret(into **vci.ResponseEncryption) (*secret, error) {
	if s.meta.ResponseEncryption == nil {
		return nil, nil
	}
	enc, err := s.meta.ResponseEncryption.Choose()
	if err != nil && s.meta.ResponseEncryption.Required {
		return nil, err
	}
	if err != nil {
		return nil, nil
	}
	private, err := jwe.Generate(s.w.cfg.Random, "answer")
	if err != nil {
		return nil, err
	}
	*into = vci.NewResponseEncryption(private.Public(), enc)
	return &secret{private, enc}, nil
}

// exchange posts a credential or deferred credential request, encrypted where the issuer takes that,
// and opens the answer. One in the clear, where it was to be encrypted, is response.encryption_required.
func (s *session) exchange(ctx context.Context, endpoint string, request any, with *secret) (*vci.CredentialResponse, error) {
	body, err := strictjson.Marshal(request)
	if err != nil {
		return nil, err
	}
	contentType := jsonType
	if e := s.meta.RequestEncryption; e != nil {
		to, enc, err := e.Choose()
		switch {
		case err == nil:
			contentType = jwtType
			if body, err = jwe.Encrypt(body, to, enc, jwe.Header{}); err != nil {
				return nil, err
			}
		case e.Required:
			return nil, err
		}
	}
	answer, err := s.protected(ctx, endpoint, contentType, body, 200, 202)
	if err != nil {
		return nil, err
	}
	plain := answer.Body
	switch {
	case with != nil && answer.MediaType != jwtType:
		return nil, reason.New(reason.ResponseEncryptionRequired, "the issuer answered in the clear")
	case with != nil:
		if plain, err = jwe.Decrypt(answer.Body, with.key, with.enc); err != nil {
			return nil, err
		}
	case answer.MediaType != jsonType:
		return nil, unexpected("the issuer encrypted an answer that was not to be")
	}
	return vci.ParseCredentialResponse(plain)
}
