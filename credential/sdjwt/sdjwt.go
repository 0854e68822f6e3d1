// SPDX-License-Identifier: Apache-2.0

// Package sdjwt secures delegation credentials as SD-JWT VC, dc+sd-jwt (RFC 9901, SD-JWT VC).
//
// Permissions, the principal's identifier, the identity assurance and the evidence are
// disclosures; every limiting member is in the clear, and one that is not is refused.
package sdjwt

import (
	"bytes"
	"context"
	"crypto/sha256"
	"io"
	"time"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/credential/internal/proof"
	"github.com/behalf-id/behalf/credential/internal/warm"
	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/internal/jose"
	"github.com/behalf-id/behalf/key"
	"github.com/behalf-id/behalf/reason"
)

// Name is the format identifier and the typ of the issuer-signed JWT.
const Name = "dc+sd-jwt"

// policy is what the issuer-signed JWT must look like.
var policy = jose.Policy{Type: Name, Key: jose.FromIssuer}

// Config is what a Format needs. Every field but CacheBytes and Certificates is mandatory.
type Config struct {
	Random     io.Reader        // salts and decoys; crypto/rand.Reader
	Now        func() time.Time // for iat of what is sealed, and for the delegate's key
	Holders    did.Resolver     // finds the key of a delegate when a credential is sealed for it
	CacheBytes int              // what is remembered of verified credentials; 0: 64 MiB
	// Certificates are the DER of the certificates of the key that seals, its own first, without the
	// trust anchor (HAIP 1.0 §6.1.1): they go into x5c. None: the key is named by kid alone.
	Certificates [][]byte
}

// Format is the securing mechanism dc+sd-jwt. It implements credential.Format and
// credential.Presenter. Only New makes one.
type Format struct {
	random  io.Reader
	now     func() time.Time
	holders did.Resolver
	x5c     []byte // as in jose.Header; nil without certificates
	cache   *warm.Cache[*issued]
	wholes  *warm.Cache[*whole]
}

// New returns the format under cfg.
func New(cfg Config) (*Format, error) {
	if cfg.Random == nil || cfg.Now == nil || cfg.Holders == nil || cfg.CacheBytes < 0 {
		return nil, reason.New(reason.InternalIndeterminate, "sdjwt: a part of the configuration is missing")
	}
	var x5c []byte
	if len(cfg.Certificates) > 0 {
		x5c = jose.WriteX5C(cfg.Certificates)
		if _, err := jose.ReadX5C(x5c); err != nil {
			return nil, err
		}
	}
	cache, wholes := caches(cfg.CacheBytes)
	return &Format{cfg.Random, cfg.Now, cfg.Holders, x5c, cache, wholes}, nil
}

// Name implements credential.Format.
func (f *Format) Name() string { return Name }

// Recognises implements credential.Format: only an SD-JWT holds a tilde.
func (f *Format) Recognises(raw []byte) bool { return bytes.IndexByte(raw, '~') >= 0 }

// Open implements credential.Format. The key is found by the DID in iss, under assertionMethod, or
// by the method that keys.Issuers pins the issuer to, and by nothing that the presenter chooses
// (delegation.md §3.2). A holder proof behind the last tilde is refused: Open would not look at it.
// What these very bytes say is remembered, that the issuer's key is listed is looked up every time
// (performance.md §4.2).
func (f *Format) Open(ctx context.Context, raw []byte, keys credential.Keys) (credential.Opened, error) {
	if err := proof.Usable(keys); err != nil {
		return credential.Opened{}, err
	}
	if len(raw) > jose.MaxToken {
		return credential.Opened{}, reason.New(reason.LimitBody, "")
	}
	hash := sha256.Sum256(raw)
	w, err := f.recall(ctx, hash, keys)
	switch {
	case err != nil:
		return credential.Opened{}, err
	case w != nil:
		return w.opened(), nil
	}
	o, m, err := f.openWhole(ctx, raw, keys)
	if err != nil {
		return credential.Opened{}, err
	}
	f.keep(hash, m, o)
	return o, nil
}

// openWhole is Open of what is not remembered.
func (f *Format) openWhole(ctx context.Context, raw []byte, keys credential.Keys) (credential.Opened, *message, error) {
	m, err := f.message(raw)
	if err != nil {
		return credential.Opened{}, nil, err
	}
	if len(m.kb) > 0 {
		return credential.Opened{}, nil, reason.New(reason.SDJWTDisclosureForm, "a credential ends with a tilde")
	}
	if err := m.verify(ctx, keys); err != nil {
		return credential.Opened{}, nil, err
	}
	o, err := m.opened()
	return o, m, err
}

// OpenPresentation implements credential.Presenter. Beside the checks of its contract, sub must
// be a DID by which the key in cnf authenticates.
func (f *Format) OpenPresentation(ctx context.Context, raw []byte, want credential.Binding, keys credential.Keys) (credential.Opened, did.DID, error) {
	if err := proof.Usable(keys); err != nil {
		return credential.Opened{}, did.DID{}, err
	}
	m, err := f.message(raw)
	if err != nil {
		return credential.Opened{}, did.DID{}, err
	}
	if err := m.bound(want); err != nil {
		return credential.Opened{}, did.DID{}, err
	}
	if err := m.verify(ctx, keys); err != nil {
		return credential.Opened{}, did.DID{}, err
	}
	holder, err := m.holder(ctx, keys)
	if err != nil {
		return credential.Opened{}, did.DID{}, err
	}
	o, err := m.opened()
	if err != nil {
		return credential.Opened{}, did.DID{}, err
	}
	return o, holder, nil
}

// message is an SD-JWT on its way through the checks.
type message struct {
	parts
	*issued
	cache *warm.Cache[*issued]
	hash  warm.Key
	known bool // the issuer's signature was verified before
}

// message splits raw and reads, or remembers, what the issuer signed.
func (f *Format) message(raw []byte) (*message, error) {
	p, err := split(raw, policy)
	if err != nil {
		return nil, err
	}
	m := &message{parts: p, cache: f.cache, hash: sha256.Sum256(p.jwt)}
	if m.issued, m.known = f.cache.Get(m.hash); !m.known {
		if m.issued, err = readIssued(p.jwt, proof.DigestOf(m.hash)); err != nil {
			return nil, p.explain(err)
		}
	}
	if p.presented == nil {
		return nil, reason.New(reason.SDJWTDisclosureForm, "no tilde")
	}
	return m, nil
}

// explain looks, where the clear claims do not suffice, for one that was hidden against the rules.
func (p *parts) explain(err error) error {
	if code := reason.Of(err); code != reason.KBCnf && code != reason.CredentialSchemaInvalid {
		return err
	}
	t, parse := jose.Parse(p.jwt, policy)
	if parse != nil {
		return err
	}
	base, scanned := scanPayload(t.Unverified())
	d, opened := open(p.disclosures, base)
	if scanned == nil && opened == nil && reason.Of(d.hidesNothingElse()) == reason.SDJWTClaimNotSD {
		return d.hidesNothingElse()
	}
	return err
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
		return proof.Link(&m.base, m.digest, err)
	}
	m.remember(k)
	return nil
}

func (m *message) remember(k key.Public) {
	m.key, m.token = k, jose.Token{}
	if m.late == nil {
		m.cache.Put(m.hash, m.issued, 3*m.size)
	}
}

// opened applies the disclosures to what was verified.
func (m *message) opened() (credential.Opened, error) {
	if m.late != nil {
		return credential.Opened{}, proof.Link(&m.base, m.digest, m.explain(m.late))
	}
	c, err := m.apply(m.disclosures)
	if err != nil {
		return credential.Opened{}, proof.Link(&m.base, m.digest, err)
	}
	return credential.Opened{Credential: c, Digest: m.digest, Holder: m.issued.holder}, nil
}
