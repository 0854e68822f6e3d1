// SPDX-License-Identifier: Apache-2.0

package dataintegrity

import (
	"time"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/reason"
)

// Proof is what one proof of a document says (VC Data Integrity 1.0 §2.1).
type Proof struct {
	ID        string // "" where it has none
	Suite     string // name of the cryptosuite
	Method    did.URL
	Purpose   did.Relationship
	Created   time.Time // zero where it has none
	Expires   time.Time // zero: never
	Challenge string
	Nonce     string
	Domain    []string
	Previous  []string // ids of the proofs that it is made over too
}

// proof is a proof as it was received. Its members passed strictjson.Check.
type proof struct {
	Proof
	raw     strictjson.Value
	members []strictjson.Member
	context strictjson.Value // of a Contextual suite, nil where absent
	value   string
	kind    string
	have    uint // the members that are due and there
}

// The members that every proof needs (VC Data Integrity 1.0 §2.1).
const (
	hasType uint = 1 << iota
	hasSuite
	hasMethod
	hasPurpose
	hasValue
)

// SplitProof takes raw, a proof that passed strictjson.Check, apart into its options, without
// @context, and its proofValue: what Cryptosuite.Verify is given. A proof that the grammar of VC Data
// Integrity 1.0 §2.1 does not allow has the codes of Suites.Verify.
func SplitProof(raw []byte) (config []byte, proofValue string, err error) {
	p, err := readProof(raw)
	if err != nil {
		return nil, "", err
	}
	return p.config(), p.value, nil
}

// config returns the options as they were received, without proofValue and @context.
func (p *proof) config() []byte {
	rest, _ := cut(p.members, "proofValue", "@context")
	return join(rest)
}

// contextual returns the options as they were received, without proofValue.
func (p *proof) contextual() []byte {
	rest, _ := cut(p.members, "proofValue")
	return join(rest)
}

func readProof(raw strictjson.Value) (*proof, error) {
	p := &proof{raw: raw, members: make([]strictjson.Member, 0, 10)}
	for m, err := range strictjson.Members(raw) {
		if err == nil {
			err = p.member(m)
		}
		if err != nil {
			return nil, err
		}
		p.members = append(p.members, m)
	}
	return p, p.complete()
}

func (p *proof) member(m strictjson.Member) (err error) {
	switch string(m.Name) {
	case "@context":
		p.context = m.Value
	case "id":
		if p.ID, err = option(m.Value); err == nil && !credential.IsURI(p.ID) {
			err = reason.New(reason.DIProofOptions, "the id of a proof is not a URL")
		}
	case "type":
		p.have |= hasType
		p.kind, err = option(m.Value)
	case "cryptosuite":
		p.have |= hasSuite
		p.Suite, err = option(m.Value)
	case "verificationMethod":
		p.have |= hasMethod
		p.Method, err = method(m.Value)
	case "proofPurpose":
		p.have |= hasPurpose
		var purpose string
		purpose, err = option(m.Value)
		p.Purpose = did.Relationship(purpose)
	case "proofValue":
		p.have |= hasValue
		p.value, err = value(m.Value)
	default:
		return p.optional(m)
	}
	return err
}

func (p *proof) optional(m strictjson.Member) (err error) {
	switch string(m.Name) {
	case "created":
		p.Created, err = instant(m.Value)
	case "expires":
		p.Expires, err = instant(m.Value)
	case "challenge":
		p.Challenge, err = option(m.Value)
	case "nonce":
		p.Nonce, err = option(m.Value)
	case "domain":
		p.Domain, err = oneOrMore(m.Value, MaxDomains)
	case "previousProof":
		p.Previous, err = oneOrMore(m.Value, MaxProofs)
	default:
		return reason.New(reason.DIProofOptions, "a member that no suite defines")
	}
	return err
}

// complete refuses a proof that lacks what every proof has.
func (p *proof) complete() error {
	switch {
	case p.have&hasType == 0 || p.kind != Type:
		return reason.New(reason.DISuite, "the type of the proof is not "+Type)
	case p.have&hasSuite == 0:
		return reason.New(reason.DISuite, "the proof names no suite")
	case p.have&hasMethod == 0:
		return reason.New(reason.JSONMemberMissing, "the proof names no verification method")
	case p.have&hasPurpose == 0:
		return reason.New(reason.DIPurpose, "the proof names no purpose")
	case p.have&hasValue == 0:
		return reason.New(reason.DIProofValue, "the proof has no value")
	}
	return nil
}

// option reads text of 1 to MaxOption bytes.
func option(v strictjson.Value) (string, error) {
	s, err := strictjson.String(v)
	if err == nil && (s == "" || len(s) > MaxOption) {
		err = reason.New(reason.DIProofOptions, "an option is empty or too long")
	}
	return s, err
}

func method(v strictjson.Value) (did.URL, error) {
	s, err := strictjson.String(v)
	if err != nil {
		return did.URL{}, err
	}
	return did.ParseURL(s)
}

func value(v strictjson.Value) (string, error) {
	if len(v) > MaxValue {
		return "", reason.New(reason.DIProofValue, "the value is too long")
	}
	return strictjson.String(v)
}

// instant reads a dateTimeStamp (XML Schema 1.1 §3.4.28), which has a zone.
func instant(v strictjson.Value) (time.Time, error) {
	s, err := strictjson.String(v)
	if err != nil {
		return time.Time{}, err
	}
	t, err := credential.ParseTime(s)
	if err != nil {
		return time.Time{}, reason.Wrap(reason.DITime, "not a date and time with zone", err)
	}
	return t, nil
}

// oneOrMore reads a string, or an array of 1 to most different ones.
func oneOrMore(v strictjson.Value, most int) ([]string, error) {
	if v.Kind() != '[' {
		s, err := option(v)
		return []string{s}, err
	}
	var list []string
	for item, err := range strictjson.Items(v) {
		if err != nil {
			return nil, err
		}
		if len(list) == most {
			return nil, reason.New(reason.LimitMembers, "an option has too many entries")
		}
		s, err := option(item)
		if err != nil {
			return nil, err
		}
		list = append(list, s)
	}
	if len(list) == 0 || repeats(list) {
		return nil, reason.New(reason.DIProofOptions, "an option is an empty set, or has an entry twice")
	}
	return list, nil
}

func repeats(list []string) bool {
	for i, s := range list {
		for _, t := range list[:i] {
			if s == t {
				return true
			}
		}
	}
	return false
}
