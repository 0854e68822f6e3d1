// SPDX-License-Identifier: Apache-2.0

package didwebvh

import (
	"bytes"
	"context"
	"strconv"
	"time"

	"github.com/behalf-id/behalf/credential/dataintegrity"
	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/did/didkey"
	"github.com/behalf-id/behalf/internal/multiformat"
	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/key"
	"github.com/behalf-id/behalf/reason"
)

// Change is what an entry states. A nil field leaves things as they are.
type Change struct {
	// Time is the versionTime, written to the second. It must be after that of the entry before.
	Time time.Time
	// Document is the DID document. In Create it is due, and "{SCID}" stands in it wherever the
	// SCID is to be, in its id above all: "did:webvh:{SCID}:issuer.example".
	Document []byte
	// UpdateKeys are the Ed25519 keys that may sign from now on; due in Create, and while keys
	// are committed to.
	UpdateKeys []key.Public
	// NextKeys are committed to, by their hashes, as the keys of the next entry. Empty and not
	// nil it ends that from the next entry on.
	NextKeys []key.Public
	// Witnesses must approve of entries from the next one on, of this one too if there were
	// none before. The zero Witnesses end that.
	Witnesses *Witnesses
	// Portable lets the DID move to another host. It is looked at in Create alone.
	Portable bool
}

// Witnesses says how many of whom must approve.
type Witnesses struct {
	Threshold int
	Keys      []key.Public // Ed25519
}

type outParameters struct {
	Method        string      `json:"method,omitempty"`
	SCID          string      `json:"scid,omitempty"`
	UpdateKeys    *[]string   `json:"updateKeys,omitzero"`
	NextKeyHashes *[]string   `json:"nextKeyHashes,omitzero"`
	Witness       *outWitness `json:"witness,omitzero"`
	Portable      bool        `json:"portable,omitzero"`
	Deactivated   bool        `json:"deactivated,omitzero"`
}

type outWitness struct {
	Threshold int      `json:"threshold,omitzero"`
	Witnesses []outOne `json:"witnesses,omitempty"`
}

type outOne struct {
	ID string `json:"id"`
}

// Create writes the first entry of a new log, signed by by, one of the update keys, and returns the
// DID it makes (did:webvh 1.0, Create). What Resolve would refuse is refused, with the same code.
func Create(ctx context.Context, c Change, by key.Signer) (did.DID, []byte, error) {
	p, err := c.parameters()
	if err != nil {
		return did.DID{}, nil, err
	}
	p.Method, p.SCID, p.Portable = Version, placeholder, c.Portable
	e, err := draft(p, c)
	if err != nil {
		return did.DID{}, nil, err
	}
	scid := digest(e.unsigned(placeholder))
	e.core, err = strictjson.Canonical(bytes.ReplaceAll(e.core, []byte(placeholder), []byte(scid)))
	if err != nil {
		return did.DID{}, nil, err
	}
	e.number = 1
	line, err := e.sign(ctx, scid, c.Time, by)
	if err != nil {
		return did.DID{}, nil, err
	}
	log, known, err := appended(ctx, chain{}, nil, line, scid, c.Time)
	return known.id, log, err
}

// Update returns log with one more entry, signed by by (did:webvh 1.0, Update). log must verify
// but for its witnesses, and so must the result.
func Update(ctx context.Context, log []byte, c Change, by key.Signer) ([]byte, error) {
	p, err := c.parameters()
	if err != nil {
		return nil, err
	}
	return update(ctx, log, p, c, by)
}

// Rotate is Update to other keys: keys may sign, and next, if it is not nil, are committed to.
func Rotate(ctx context.Context, log []byte, at time.Time, keys, next []key.Public, by key.Signer) ([]byte, error) {
	return Update(ctx, log, Change{Time: at, UpdateKeys: keys, NextKeys: next}, by)
}

// Deactivate returns log with its last entry: the DID is of no use any more (did:webvh 1.0,
// Deactivate). While keys are committed to, by is one of them.
func Deactivate(ctx context.Context, log []byte, at time.Time, by key.Signer) ([]byte, error) {
	known, _, err := read(ctx, log, at)
	if err != nil {
		return nil, err
	}
	p := outParameters{Deactivated: true, UpdateKeys: &[]string{}}
	if len(known.parameters.nextKeyHashes) > 0 {
		if p.UpdateKeys, err = multikeys([]key.Public{public(by)}); err != nil {
			return nil, err
		}
		p.NextKeyHashes = &[]string{}
	}
	return update(ctx, log, p, Change{Time: at}, by)
}

// Approve returns file, a did-witness.json or nil, with the proof of by for the version given (did:webvh 1.0,
// The Witness Proofs File).
func Approve(ctx context.Context, file []byte, versionID string, at time.Time, by key.Signer) ([]byte, error) {
	if _, _, err := splitVersionID(versionID); err != nil {
		return nil, err
	}
	p, err := prove(ctx, toApprove(versionID), at, by)
	if err != nil {
		return nil, err
	}
	out := []byte{'['}
	if len(file) > 0 {
		if err := strictjson.Check(file); err != nil {
			return nil, err
		}
		for v, err := range strictjson.Items(file) {
			if err != nil {
				return nil, err
			}
			out = append(append(out, v...), ',')
		}
	}
	return append(out, `{"versionId":"`+versionID+`","proof":[`+string(p)+`]}]`...), nil
}

func update(ctx context.Context, log []byte, p outParameters, c Change, by key.Signer) ([]byte, error) {
	known, last, err := read(ctx, log, c.Time)
	if err != nil {
		return nil, err
	}
	if c.Document == nil {
		c.Document = last.state
	}
	e, err := draft(p, c)
	if err != nil {
		return nil, err
	}
	e.number = len(known.versions) + 1
	line, err := e.sign(ctx, last.versionID, c.Time, by)
	if err != nil {
		return nil, err
	}
	out, _, err := appended(ctx, known, log[:known.size], line, known.parameters.scid, c.Time)
	return out, err
}

// read verifies a log of our own and returns what is in force, and its last entry.
func read(ctx context.Context, log []byte, now time.Time) (chain, *entry, error) {
	s, err := suite()
	if err != nil {
		return chain{}, nil, err
	}
	first, _, _ := bytes.Cut(log, []byte{'\n'})
	e, err := readEntry(first)
	if err != nil {
		return chain{}, nil, err
	}
	p, err := parameters{}.next(e.parameters, true)
	if err != nil {
		return chain{}, nil, err
	}
	known, err := chain{}.extend(ctx, log, p.scid, s, now)
	if err != nil {
		return chain{}, nil, err
	}
	v := known.versions[len(known.versions)-1]
	last, err := readEntry(log[v.start:v.end])
	return known, last, err
}

// appended returns log with line behind it, once that verifies.
func appended(ctx context.Context, known chain, log, line []byte, scid string, now time.Time) ([]byte, chain, error) {
	s, err := suite()
	if err != nil {
		return nil, chain{}, err
	}
	var out []byte
	if len(log) > 0 {
		out = append(append(out, log...), '\n')
	}
	out = append(append(out, line...), '\n')
	if known, err = known.extend(ctx, out, scid, s, now); err != nil {
		return nil, chain{}, err
	}
	return out, known, nil
}

func (c Change) parameters() (p outParameters, err error) {
	if c.UpdateKeys != nil {
		if p.UpdateKeys, err = multikeys(c.UpdateKeys); err != nil {
			return p, err
		}
	}
	if c.NextKeys != nil {
		if p.NextKeyHashes, err = multikeys(c.NextKeys); err != nil {
			return p, err
		}
		for i, k := range *p.NextKeyHashes {
			(*p.NextKeyHashes)[i] = digest([]byte(k))
		}
	}
	if c.Witnesses != nil {
		list, err := multikeys(c.Witnesses.Keys)
		if err != nil {
			return p, err
		}
		p.Witness = &outWitness{Threshold: c.Witnesses.Threshold}
		for _, k := range *list {
			p.Witness.Witnesses = append(p.Witness.Witnesses, outOne{"did:key:" + k})
		}
	}
	return p, nil
}

func multikeys(keys []key.Public) (*[]string, error) {
	list := []string{}
	for _, k := range keys {
		if k.Algorithm() != key.EdDSA {
			return nil, reason.New(reason.KeyWeak, "a key is not Ed25519")
		}
		text, err := multiformat.EncodeKey(k)
		if err != nil {
			return nil, err
		}
		list = append(list, text)
	}
	return &list, nil
}

// draft returns an entry without number, hash and proof.
func draft(p outParameters, c Change) (*entry, error) {
	raw, err := strictjson.Marshal(p)
	if err != nil {
		return nil, err
	}
	e := &entry{time: c.Time, stamp: c.Time.UTC().Format("2006-01-02T15:04:05Z")}
	if len(c.Document) == 0 {
		return nil, reason.New(reason.JSONMemberMissing, "an entry needs a document")
	}
	e.core, err = strictjson.Canonical([]byte(`{"parameters":` + string(raw) + `,"state":` + string(c.Document) + `}`))
	return e, err
}

// sign gives e, which follows previous, its hash and returns it as a line with its proof.
func (e *entry) sign(ctx context.Context, previous string, at time.Time, by key.Signer) ([]byte, error) {
	e.hash = digest(e.unsigned(previous))
	e.versionID = strconv.Itoa(e.number) + "-" + e.hash
	content := e.unsigned(e.versionID)
	p, err := prove(ctx, content, at, by)
	if err != nil {
		return nil, err
	}
	return append(content[:len(content)-1], `,"proof":[`+string(p)+`]}`...), nil
}

// prove returns a proof over content.
func prove(ctx context.Context, content []byte, at time.Time, by key.Signer) ([]byte, error) {
	k := public(by)
	_, u := didkey.FromKey(k)
	if k.Algorithm() != key.EdDSA {
		return nil, reason.New(reason.KeyWeak, "the signer has no key of Ed25519")
	}
	s, err := suite()
	if err != nil {
		return nil, err
	}
	config := `{"type":"` + dataintegrity.Type + `","cryptosuite":"` + suiteName + `","verificationMethod":"` + u.String() +
		`","created":"` + at.UTC().Format("2006-01-02T15:04:05Z") + `","proofPurpose":"assertionMethod"`
	value, err := s.Create(ctx, content, []byte(config+"}"), did.Signer{Signer: by, Method: u})
	if err != nil {
		return nil, err
	}
	return []byte(config + `,"proofValue":"` + value + `"}`), nil
}

// public returns the key of by, the zero one if there is no signer.
func public(by key.Signer) key.Public {
	if by == nil {
		return key.Public{}
	}
	return by.Public()
}
