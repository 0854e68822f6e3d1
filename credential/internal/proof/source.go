// SPDX-License-Identifier: Apache-2.0

package proof

import (
	"context"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/internal/jose"
	"github.com/behalf-id/behalf/key"
	"github.com/behalf-id/behalf/reason"
)

// Source is where the key of who claims to have issued something is to be found. It is a value
// to be kept beside what was signed; the zero Source finds no key.
type Source struct {
	claim  credential.IssuerClaim
	method did.URL // zero where kid is none of the issuer's DID, and then bad says why
	bad    error
}

// SourceOf reads where the key of issuer is said to be in h, which was parsed under jose.FromIssuer.
func SourceOf(h jose.Header, issuer string) Source {
	s := Source{claim: credential.IssuerClaim{Issuer: issuer, KeyID: h.KeyID, X5C: h.X5C}}
	s.method, s.bad = Method(h.KeyID, issuer)
	return s
}

// Key returns the issuer's key: by the method that keys.Issuers pins, or else the one that the DID
// document lists under assertionMethod now. Certificates of an issuer that is not pinned to them
// are jose.header_key_forbidden; the rest has the codes of Method, did.Document.Key and
// credential.IssuerKeys.
func (s *Source) Key(ctx context.Context, keys credential.Keys) (key.Public, error) {
	if keys.Issuers != nil && s.claim.Issuer != "" {
		if k, pinned, err := keys.Issuers.IssuerKey(ctx, s.claim, keys.At); pinned || err != nil {
			return usable(k, err)
		}
	}
	switch {
	case s.claim.X5C != nil:
		return key.Public{}, reason.New(reason.JOSEHeaderKeyForbidden, "the issuer is not one with certificates")
	case s.bad != nil:
		return key.Public{}, s.bad
	case s.claim.Issuer == "":
		return key.Public{}, reason.New(reason.InternalIndeterminate, "no issuer to find a key of")
	}
	return Key(ctx, keys, s.method, did.AssertionMethod)
}

// usable lets no zero key through.
func usable(k key.Public, err error) (key.Public, error) {
	if err == nil && k.IsZero() {
		err = reason.New(reason.InternalIndeterminate, "an issuer without a key")
	}
	if err != nil {
		return key.Public{}, err
	}
	return k, nil
}
