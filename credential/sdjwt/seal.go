// SPDX-License-Identifier: Apache-2.0

package sdjwt

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"io"
	"slices"
	"time"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/credential/internal/proof"
	"github.com/behalf-id/behalf/credential/internal/wire"
	"github.com/behalf-id/behalf/credential/sdjwt/typemeta"
	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/internal/jose"
	"github.com/behalf-id/behalf/key"
	"github.com/behalf-id/behalf/reason"
)

const (
	saltSize = 16 // bytes: 128 bits (RFC 9901 §9.3)
	hideable = 3  // members that may be hidden beside permissions: identifier, assurance, evidence
)

// Seal implements credential.Format. It refuses what every reader would (credential.Check), a
// status that is not one Token Status List entry, and validity in parts of a second, which nbf
// and exp do not carry. cnf is the one key by which c.Delegate.ID authenticates, found with
// Config.Holders: for did:key and did:jwk that needs no network. c.Refresh is not carried.
//
// A hideable member that c lacks is a decoy digest, so that the digests do not tell which there are.
func (f *Format) Seal(ctx context.Context, c *credential.Credential, by did.Signer) ([]byte, error) {
	if err := sealable(c, by); err != nil {
		return nil, err
	}
	now := f.now()
	holder, err := proof.HolderKey(ctx, credential.Keys{Resolver: f.holders, At: now}, c.Delegate.ID)
	if err != nil {
		return nil, err
	}
	s, err := newSealer(f.random, c)
	if err != nil {
		return nil, err
	}
	payload := s.payload(c, holder, now)
	room := make([]byte, 0, base64.RawURLEncoding.EncodedLen(len(payload)+len(f.x5c))+roomForHeader+len(s.disclosures))
	out, err := jose.AppendSigned(ctx, room, jose.Header{Type: Name, KeyID: by.Method.String(), X5C: f.x5c}, payload, by)
	if err != nil {
		return nil, err
	}
	return append(append(out, '~'), s.disclosures...), nil
}

// roomForHeader is about what header and signature need.
const roomForHeader = 384

func sealable(c *credential.Credential, by did.Signer) error {
	if err := credential.Check(c); err != nil {
		return err
	}
	if len(c.Status) != 1 || c.Status[0].Kind != credential.TokenStatusList {
		return wire.Invalid("status is not one Token Status List entry")
	}
	if c.ValidFrom.Nanosecond() != 0 || c.ValidUntil.Nanosecond() != 0 {
		return wire.Invalid("validity in parts of a second")
	}
	return proof.Signs(by, c.Issuer)
}

// sealer writes one SD-JWT.
type sealer struct {
	random      []byte // cut from the front
	disclosures []byte // encoded, each with its tilde
	scratch     []byte
}

// newSealer draws all the randomness at once. Two salts alike are issue.salt_quality.
func newSealer(random io.Reader, c *credential.Credential) (*sealer, error) {
	salts := len(c.Permissions)
	if c.Type == credential.TypeDelegation {
		salts += hideable * sha256.Size / saltSize // room for decoys too
	}
	const scratch, first, each = 1024, 512, 320 // bytes of what is about to be written
	drawn := salts * saltSize
	room := make([]byte, drawn+scratch+first+each*len(c.Permissions))
	s := &sealer{
		random:      room[:drawn:drawn],
		scratch:     room[drawn : drawn : drawn+scratch],
		disclosures: room[drawn+scratch : drawn+scratch],
	}
	if _, err := io.ReadFull(random, s.random); err != nil {
		return nil, reason.Wrap(reason.InternalIndeterminate, "no randomness for salts", err)
	}
	for i := saltSize; i < len(s.random); i += saltSize {
		for j := 0; j < i; j += saltSize {
			if bytes.Equal(s.random[i:i+saltSize], s.random[j:j+saltSize]) {
				return nil, reason.New(reason.IssueSaltQuality, "two salts are alike")
			}
		}
	}
	return s, nil
}

func (s *sealer) draw(n int) (drawn []byte) {
	drawn, s.random = s.random[:n], s.random[n:]
	return drawn
}

// digest is a digest as it is written.
type digest [43]byte

// hide makes a disclosure of the JSON that value appends, named name or, with "", an element.
func (s *sealer) hide(name string, value func(dst []byte) []byte) (out digest) {
	b := jose.AppendEncode(append(s.scratch[:0], '[', '"'), s.draw(saltSize))
	b = append(b, '"', ',')
	if name != "" {
		b = append(wire.AppendText(b, name), ',')
	}
	s.scratch = append(value(b), ']')
	start := len(s.disclosures)
	s.disclosures = jose.AppendEncode(s.disclosures, s.scratch)
	sum := sha256.Sum256(s.disclosures[start:])
	s.disclosures = append(s.disclosures, '~')
	jose.AppendEncode(out[:0], sum[:])
	return out
}

// member is hide, or a decoy where there is nothing to hide (RFC 9901 §4.2.5).
func (s *sealer) member(there bool, name string, value func(dst []byte) []byte) (out digest) {
	if there {
		return s.hide(name, value)
	}
	jose.AppendEncode(out[:0], s.draw(sha256.Size))
	return out
}

func (s *sealer) payload(c *credential.Credential, holder key.Public, now time.Time) []byte {
	o := wire.Open(make([]byte, 0, 2048))
	o.Text("iss", c.Issuer)
	o.Text("sub", c.Delegate.ID)
	vct := credential.VCT(c.Type)
	o.Text("vct", vct)
	o.Text("vct#integrity", typemeta.OwnIntegrity(vct))
	o.Text("jti", c.ID)
	o.Int("iat", now.Unix())
	o.Int("nbf", c.ValidFrom.Unix())
	o.Int("exp", c.ValidUntil.Unix())
	o.Name("cnf")
	o.Buf = appendConfirmation(o.Buf, holder.JWK())
	o.Name("status")
	o.Buf = appendStatus(o.Buf, c.Status[0])
	if c.Type == credential.TypeDelegation {
		o.Delegate(c, wire.Snake)
		s.grant(&o, c)
	}
	o.Optional("workgroup", c.Workgroup)
	if c.Framework != "" {
		o.Name("trust_framework")
		t := wire.Open(o.Buf)
		t.Text("id", c.Framework)
		t.Optional("policy", c.Policy)
		o.Buf = t.Close()
	}
	o.Text("_sd_alg", hash)
	return o.Close()
}

// grant appends principal and delegation, and makes their disclosures.
func (s *sealer) grant(o *wire.Object, c *credential.Credential) {
	o.Name("on_behalf_of")
	p := wire.Open(o.Buf)
	p.Text("id", c.OnBehalfOf.ID)
	appendDigests(&p, s.member(c.OnBehalfOf.Identifier != nil, "identifier", func(dst []byte) []byte {
		return wire.AppendIdentifier(dst, c.OnBehalfOf.Identifier)
	}))
	o.Buf = p.Close()
	o.Name("delegation")
	d := wire.Open(o.Buf)
	d.Limits(c, wire.Snake)
	d.Name("permission")
	d.Buf = s.permissions(d.Buf, c.Permissions)
	appendDigests(&d,
		s.member(c.Assurance != nil, "identity_assurance", func(dst []byte) []byte {
			return wire.AppendAssurance(dst, c.Assurance)
		}),
		s.member(len(c.Evidence) > 0, "evidence", func(dst []byte) []byte {
			return wire.AppendEvidence(dst, c.Evidence)
		}))
	o.Buf = d.Close()
}

func (s *sealer) permissions(dst []byte, ps []credential.Permission) []byte {
	dst = append(dst, '[')
	for i := range ps {
		if i > 0 {
			dst = append(dst, ',')
		}
		digest := s.hide("", func(b []byte) []byte { return wire.AppendPermission(b, &ps[i], wire.Snake) })
		dst = append(append(append(dst, `{"...":"`...), digest[:]...), `"}`...)
	}
	return append(dst, ']')
}

// appendDigests appends _sd, sorted, so that the order tells nothing (RFC 9901 §9.4).
func appendDigests(o *wire.Object, list ...digest) {
	slices.SortFunc(list, func(a, b digest) int { return bytes.Compare(a[:], b[:]) })
	o.Name("_sd")
	for i := range list {
		sep := byte(',')
		if i == 0 {
			sep = '['
		}
		o.Buf = append(append(append(o.Buf, sep, '"'), list[i][:]...), '"')
	}
	o.Buf = append(o.Buf, ']')
}

func appendConfirmation(dst []byte, j key.JWK) []byte {
	cnf := wire.Open(dst)
	cnf.Name("jwk")
	o := wire.Open(cnf.Buf)
	o.Text("kty", j.Kty)
	o.Text("crv", j.Crv)
	o.Text("x", j.X)
	o.Optional("y", j.Y)
	cnf.Buf = o.Close()
	return cnf.Close()
}

func appendStatus(dst []byte, ref credential.StatusRef) []byte {
	status := wire.Open(dst)
	status.Name("status_list")
	o := wire.Open(status.Buf)
	o.Int("idx", int64(ref.Index))
	o.Text("uri", ref.List)
	status.Buf = o.Close()
	return status.Close()
}
