// SPDX-License-Identifier: Apache-2.0

package dataintegrity

import (
	"context"
	"slices"
	"time"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/reason"
)

// Sign returns doc, a JSON object, with one more proof, made with s by by: the first one, one of
// a set, or, where o.Previous names others, one of a chain (VC Data Integrity 1.0 §4.2, §4.3). A
// key that is not one of the suite is di.suite, an option that no reader would accept di.purpose
// or di.proof_options, a previous proof that is absent di.chain, and a proof beyond MaxProofs
// di.proof_set. Proofs that doc has are read by their form and not verified.
func Sign(ctx context.Context, doc []byte, s Cryptosuite, o Options, by did.Signer) ([]byte, error) {
	if s == nil || by.Signer == nil || by.Method.IsZero() || !s.Fits(Method{by.Method, by.Public()}) {
		return nil, reason.New(reason.DISuite, "there is no suite, or the signer's key is not one of it")
	}
	if err := o.check(); err != nil {
		return nil, err
	}
	members, err := checked(doc)
	if err != nil {
		return nil, err
	}
	rest, value := cut(members, "proof")
	proofs, err := already(value)
	if err != nil {
		return nil, err
	}
	over, err := o.over(rest, proofs)
	if err != nil {
		return nil, err
	}
	proof, err := o.prove(ctx, over, find(rest, "@context"), s, by)
	if err != nil {
		return nil, err
	}
	raws := make([]strictjson.Value, 0, MaxProofs)
	for _, p := range proofs {
		raws = append(raws, p.raw)
	}
	return withProofs(rest, append(raws, proof)), nil
}

// check refuses options that readProof would not read.
func (o *Options) check() error {
	switch {
	case o.Purpose == "":
		return reason.New(reason.DIPurpose, "the proof has no purpose")
	case o.ID != "" && !credential.IsURI(o.ID),
		len(o.Challenge) > MaxOption, len(o.Nonce) > MaxOption,
		len(o.Domain) > MaxDomains, len(o.Previous) > MaxProofs,
		slices.ContainsFunc(slices.Concat(o.Domain, o.Previous), func(s string) bool { return s == "" || len(s) > MaxOption }),
		repeats(o.Domain), repeats(o.Previous):
		return reason.New(reason.DIProofOptions, "an option is malformed")
	}
	return nil
}

// already reads the proofs that a document has, which may be none.
func already(value strictjson.Value) ([]*proof, error) {
	if value == nil {
		return nil, nil
	}
	raws, err := proofsOf(value)
	if err != nil {
		return nil, err
	}
	if len(raws) == MaxProofs {
		return nil, reason.New(reason.DIProofSet, "the set of proofs is full")
	}
	proofs := make([]*proof, len(raws))
	for i, raw := range raws {
		if proofs[i], err = readProof(raw); err != nil {
			return nil, err
		}
	}
	return proofs, nil
}

// over returns what the new proof is made over.
func (o *Options) over(members []strictjson.Member, proofs []*proof) ([]byte, error) {
	if o.ID != "" && slices.ContainsFunc(proofs, func(p *proof) bool { return p.ID == o.ID }) {
		return nil, reason.New(reason.DIChain, "two proofs have one id")
	}
	if len(o.Previous) == 0 {
		return join(members), nil
	}
	found := previous(proofs, o.Previous)
	if len(found) != len(o.Previous) {
		return nil, reason.New(reason.DIChain, "a previous proof is absent")
	}
	return join(withPrevious(members, found)), nil
}

// prove makes the proof over over, whose @context is context.
func (o *Options) prove(ctx context.Context, over []byte, context strictjson.Value, s Cryptosuite, by did.Signer) (strictjson.Value, error) {
	members := o.members(s.Name(), by.Method)
	if _, repeat := s.(Contextual); repeat && context != nil {
		members = append(members, strictjson.Member{Name: []byte("@context"), Value: context})
	}
	value, err := s.Create(ctx, over, join(members), by)
	if err != nil {
		return nil, err
	}
	return join(append(members, textMember("proofValue", value))), nil
}

// members returns the options as members of a proof.
func (o *Options) members(suite string, method did.URL) []strictjson.Member {
	var out []strictjson.Member
	add := func(name, text string) {
		if text != "" {
			out = append(out, textMember(name, text))
		}
	}
	add("id", o.ID)
	add("type", Type)
	add("cryptosuite", suite)
	add("created", stamp(o.Created))
	add("expires", stamp(o.Expires))
	add("verificationMethod", method.String())
	add("proofPurpose", string(o.Purpose))
	add("challenge", o.Challenge)
	add("nonce", o.Nonce)
	out = appendList(out, "domain", o.Domain)
	return appendList(out, "previousProof", o.Previous)
}

func textMember(name, text string) strictjson.Member {
	return strictjson.Member{Name: []byte(name), Value: appendText(nil, text)}
}

// appendList adds a member that is one string, or an array of several.
func appendList(members []strictjson.Member, name string, list []string) []strictjson.Member {
	if len(list) == 0 {
		return members
	}
	texts := make([]strictjson.Value, len(list))
	for i, s := range list {
		texts[i] = appendText(nil, s)
	}
	return append(members, strictjson.Member{Name: []byte(name), Value: set(texts)})
}

func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return string(credential.AppendTime(nil, t))
}
