// SPDX-License-Identifier: Apache-2.0

// Package vcjwt secures delegation credentials as JWT, vc+jwt (VC-JOSE-COSE 1.0 §3.1.1): the
// payload is the credential. A presentation is a vp+jwt of the delegate around one of them.
package vcjwt

import (
	"bytes"
	"context"
	"crypto/sha256"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/credential/internal/proof"
	"github.com/behalf-id/behalf/credential/internal/warm"
	"github.com/behalf-id/behalf/credential/internal/wire"
	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/internal/jose"
	"github.com/behalf-id/behalf/key"
	"github.com/behalf-id/behalf/reason"
)

// Name is the format identifier and the typ of the credential.
const Name = "vc+jwt"

// policy is what the credential's JWT must look like.
var policy = jose.Policy{Type: Name, Key: jose.FromIssuer}

// Config is what a Format needs.
type Config struct {
	CacheBytes int // remembered issuer signatures; 0: 64 MiB
}

// Format is the securing mechanism vc+jwt. It implements credential.Format and
// credential.Presenter. Only New makes one.
type Format struct {
	cache *warm.Cache[*issued]
}

// New returns the format under cfg.
func New(cfg Config) (*Format, error) {
	if cfg.CacheBytes < 0 {
		return nil, reason.New(reason.InternalIndeterminate, "vcjwt: the cache size is negative")
	}
	return &Format{warm.New[*issued](cfg.CacheBytes)}, nil
}

// Name implements credential.Format.
func (f *Format) Name() string { return Name }

// Recognises implements credential.Format: a JWT has two dots and no tilde. A presentation is one too.
func (f *Format) Recognises(raw []byte) bool {
	return bytes.IndexByte(raw, '~') < 0 && bytes.Count(raw, []byte(".")) == 2
}

// Seal implements credential.Format. It refuses what every reader would (credential.Check) and
// a status that is not the Bitstring pair for revocation and suspension.
func (f *Format) Seal(ctx context.Context, c *credential.Credential, by did.Signer) ([]byte, error) {
	payload, err := wire.WriteVC(c)
	if err != nil {
		return nil, err
	}
	if err := proof.Signs(by, c.Issuer); err != nil {
		return nil, err
	}
	h := jose.Header{Type: Name, ContentType: "vc", KeyID: by.Method.String()}
	return jose.Sign(ctx, h, payload, by)
}

// Open implements credential.Format. The key is found by the DID in issuer, under
// assertionMethod, or by the method that keys.Issuers pins the issuer to; kid selects among its
// methods and nothing else. Registered claims that repeat the credential must agree with it, else
// vc.ambiguous (VC-JOSE-COSE §3.1.3).
func (f *Format) Open(ctx context.Context, raw []byte, keys credential.Keys) (credential.Opened, error) {
	if err := proof.Usable(keys); err != nil {
		return credential.Opened{}, err
	}
	m, err := f.message(raw)
	if err != nil {
		return credential.Opened{}, err
	}
	if err := m.verify(ctx, keys); err != nil {
		return credential.Opened{}, err
	}
	return m.opened()
}

// message is a credential on its way through the checks.
type message struct {
	*issued
	jwt   []byte
	cache *warm.Cache[*issued]
	hash  warm.Key
	known bool // the issuer's signature was verified before
}

// message reads, or remembers, what the issuer signed. Nothing is verified.
func (f *Format) message(jwt []byte) (m message, err error) {
	if len(jwt) > jose.MaxToken {
		return message{}, reason.New(reason.LimitBody, "")
	}
	m = message{jwt: jwt, cache: f.cache, hash: sha256.Sum256(jwt)}
	if m.issued, m.known = f.cache.Get(m.hash); m.known {
		return m, nil
	}
	m.issued, err = readIssued(jwt, proof.DigestOf(m.hash))
	return m, err
}

// verify checks the issuer's signature, unless this very JWT was verified before with the key
// that the issuer's document lists now (performance.md §4.2).
func (m *message) verify(ctx context.Context, keys credential.Keys) error {
	k, err := m.source.Key(ctx, keys)
	if err != nil {
		return err
	}
	if m.known && k.Equal(m.key) {
		return nil
	}
	if m.known {
		fresh, err := readIssued(m.jwt, m.digest)
		if err != nil {
			return err
		}
		m.issued, m.known = fresh, false
	}
	if _, err := m.token.Verify(k); err != nil {
		return proof.Link(m.c, m.digest, err)
	}
	m.remember(k)
	return nil
}

func (m *message) remember(k key.Public) {
	m.key, m.token = k, jose.Token{}
	if m.late == nil {
		m.cache.Put(m.hash, m.issued, 3*len(m.jwt))
	}
}

// opened returns a copy, of which no one else has the top. The lists below are shared, and must
// not be changed (credential.Verified); none of them has room to grow into.
func (m *message) opened() (credential.Opened, error) {
	if m.late != nil {
		return credential.Opened{}, proof.Link(m.c, m.digest, m.late)
	}
	c := *m.c
	return credential.Opened{Credential: &c, Digest: m.digest}, nil
}
