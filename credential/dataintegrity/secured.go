// SPDX-License-Identifier: Apache-2.0

package dataintegrity

import (
	"bytes"
	"slices"

	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/reason"
)

// Secured is a document with its proofs by their form. Nothing of it is verified. Only
// Suites.Read makes one; it is not changed afterwards and may be shared.
type Secured struct {
	members []strictjson.Member // without proof, under the @context that the proofs repeat
	proofs  []*proof
	suites  []Cryptosuite // of each proof

	// What was read, if it is in the form of RFC 8785 and signed as it stands.
	canonical        []byte
	canonicalMembers []strictjson.Member
}

// Read takes secured apart, a JSON object of which members are those that strictjson.CheckMembers,
// or strictjson.Members of a part of checked JSON, gave. It refuses what Suites.Verify refuses
// of the form: proofs that are missing (di.proof_missing) or too many (di.proof_set,
// limit.members), a member that no suite defines (di.proof_options), a suite not among ss
// (di.suite), times that are none (di.time) and chains that do not hold together (di.chain).
func (ss Suites) Read(members []strictjson.Member) (*Secured, error) {
	rest, value := cut(members, "proof")
	raws, err := proofsOf(value)
	if err != nil {
		return nil, err
	}
	s := &Secured{members: rest}
	for _, raw := range raws {
		p, err := readProof(raw)
		if err != nil {
			return nil, err
		}
		suite := ss.Named(p.Suite)
		if suite == nil {
			return nil, reason.New(reason.DISuite, "the suite is unknown or not accepted")
		}
		s.proofs, s.suites = append(s.proofs, p), append(s.suites, suite)
	}
	if err := s.contexts(); err != nil {
		return nil, err
	}
	if err := chained(s.proofs); err != nil {
		return nil, err
	}
	return s, nil
}

// ReadCanonical is Read of raw, which strictjson.AppendCanonical gave and of which members are those that
// strictjson.Members gave. It spares the suites with JCS their work.
func (ss Suites) ReadCanonical(raw []byte, members []strictjson.Member) (*Secured, error) {
	s, err := ss.Read(members)
	if err == nil && same(find(members, "@context"), find(s.members, "@context")) {
		s.canonical, s.canonicalMembers = raw, members
	}
	return s, err
}

// Document returns what the proofs are made over: the document without proof and, where a
// Contextual suite is in use, with the @context that its proofs repeat, which the @context as
// received begins with.
func (s *Secured) Document() []byte { return join(s.members) }

// Members returns the members of Document. They must not be changed.
func (s *Secured) Members() []strictjson.Member { return s.members }

// Proofs returns what the proofs say, in the order of the document.
func (s *Secured) Proofs() []Proof {
	out := make([]Proof, len(s.proofs))
	for i, p := range s.proofs {
		out[i] = p.Proof
	}
	return out
}

// over returns what p is made over: the document, with the previous proofs that p names
// (VC Data Integrity 1.0 §4.3).
func (s *Secured) over(p *proof) []byte {
	if len(p.Previous) == 0 {
		return s.Document()
	}
	return join(withPrevious(s.members, previous(s.proofs, p.Previous)))
}

func withPrevious(members []strictjson.Member, proofs []strictjson.Value) []strictjson.Member {
	return append(slices.Clip(members), strictjson.Member{Name: []byte("proof"), Value: array(proofs)})
}

// contexts holds the @context of each proof to that of the document. A proof of a Contextual
// suite must repeat it, or the beginning of it, which then is the context of the document; all
// such proofs repeat the same. A proof of another suite repeats all of it or has none.
func (s *Secured) contexts() error {
	own := find(s.members, "@context")
	var repeated strictjson.Value
	for i, p := range s.proofs {
		_, contextual := s.suites[i].(Contextual)
		switch {
		case p.context == nil && (own == nil || !contextual):
			continue
		case p.context == nil:
			return reason.New(reason.DISuite, "the proof does not repeat the context as its suite does")
		case !contextual && !same(own, p.context):
			return reason.New(reason.DIProofOptions, "the proof has a context of its own")
		case contextual && !begins(own, p.context):
			return reason.New(reason.CredentialSignatureInvalid, "the context of the document is not that of the proof")
		case contextual && repeated != nil && !same(repeated, p.context):
			return reason.New(reason.DIProofSet, "two proofs repeat different contexts")
		case contextual:
			repeated = p.context
		}
	}
	if repeated != nil {
		s.replace("@context", repeated)
	}
	return nil
}

func (s *Secured) replace(name string, value strictjson.Value) {
	for i := range s.members { // a copy: cut made it
		if string(s.members[i].Name) == name {
			s.members[i].Value = value
		}
	}
}

// same reports whether two checked values are equal as RFC 8785 writes them.
func same(a, b strictjson.Value) bool {
	if a == nil || b == nil || bytes.Equal(a, b) {
		return a != nil && b != nil
	}
	ca, err1 := strictjson.AppendCanonical(nil, a)
	cb, err2 := strictjson.AppendCanonical(nil, b)
	return err1 == nil && err2 == nil && bytes.Equal(ca, cb)
}

// begins reports whether the contexts of document begin with those of proof
// (VC-DI-EDDSA 1.0 §3.3.2).
func begins(document, proof strictjson.Value) bool {
	if same(document, proof) {
		return true
	}
	have, want := list(document), list(proof)
	return len(want) > 0 && len(want) <= len(have) && slices.EqualFunc(have[:len(want)], want, same)
}

// list returns the items of an array, and of anything else that one value.
func list(v strictjson.Value) (out []strictjson.Value) {
	if v.Kind() != '[' {
		return []strictjson.Value{v}
	}
	for item, err := range strictjson.Items(v) {
		if err != nil {
			return nil
		}
		out = append(out, item)
	}
	return out
}
