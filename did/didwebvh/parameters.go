// SPDX-License-Identifier: Apache-2.0

package didwebvh

import (
	"slices"
	"strings"

	"github.com/behalf-id/behalf/credential/dataintegrity"
	"github.com/behalf-id/behalf/did/didkey"
	"github.com/behalf-id/behalf/internal/multiformat"
	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/key"
	"github.com/behalf-id/behalf/reason"
)

// Version is the one version of the method that is read and written.
const Version = "did:webvh:1.0"

// defaultTTL is the ttl of a log that states none, in seconds.
const defaultTTL = 3600

// parameters are in force after an entry (did:webvh 1.0, DID Method Parameters). They are not changed.
type parameters struct {
	scid          string
	updateKeys    []string
	nextKeyHashes []string
	witness       rule
	watchers      []string
	portable      bool
	deactivated   bool
	ttl           int64
}

// rule says who must witness an entry. The zero rule: nobody.
type rule struct {
	threshold int
	witnesses []string // did:key
}

func (r rule) none() bool { return r.threshold == 0 }

// wireParameters is parameters as they are written. A nil Value is a member that is absent.
type wireParameters struct {
	Method        *string          `json:"method"`
	SCID          *string          `json:"scid"`
	UpdateKeys    strictjson.Value `json:"updateKeys"`
	NextKeyHashes strictjson.Value `json:"nextKeyHashes"`
	Witness       strictjson.Value `json:"witness"`
	Watchers      strictjson.Value `json:"watchers"`
	Portable      *bool            `json:"portable"`
	Deactivated   *bool            `json:"deactivated"`
	TTL           strictjson.Value `json:"ttl"`
}

// next returns the parameters in force after an entry that states raw; first says that p is the
// zero parameters before any entry. A parameter that version 1.0 does not have is json.type, another
// version did.method_unsupported. null, which early writers used, is the default.
func (p parameters) next(raw strictjson.Value, first bool) (parameters, error) {
	var w wireParameters
	if err := strictjson.UnmarshalClosed(raw, &w); err != nil {
		return parameters{}, err
	}
	if err := p.identity(&w, first); err != nil {
		return parameters{}, err
	}
	n := p
	if first {
		n.scid, n.ttl = *w.SCID, defaultTTL
	}
	if w.Portable != nil {
		if *w.Portable && !first && !p.portable {
			return parameters{}, reason.New(reason.WebVHTime, "a DID becomes portable after its first entry")
		}
		n.portable = *w.Portable
	}
	if w.Deactivated != nil {
		n.deactivated = *w.Deactivated
	}
	if err := n.keys(&w, first); err != nil {
		return parameters{}, err
	}
	return n, n.others(&w)
}

// identity checks what names the method and the DID: once in the first entry, as it was later on.
func (p parameters) identity(w *wireParameters, first bool) error {
	switch {
	case first && (w.Method == nil || w.SCID == nil):
		return reason.New(reason.JSONMemberMissing, "the first entry states no method or no SCID")
	case w.Method != nil && *w.Method != Version:
		return reason.New(reason.DIDMethodUnsupported, "the version of did:webvh is not supported")
	case !first && w.SCID != nil:
		return reason.New(reason.WebVHSCID, "a later entry states a SCID")
	}
	return nil
}

// keys takes over the lists of keys. The first entry must state updateKeys, and one whose keys were
// committed to both lists (did:webvh 1.0, Pre-Rotation Key Hash Generation and Verification).
func (p *parameters) keys(w *wireParameters, first bool) error {
	rotating := len(p.nextKeyHashes) > 0
	if w.UpdateKeys == nil && (first || rotating) || w.NextKeyHashes == nil && rotating {
		return reason.New(reason.WebVHUpdateKey, "an entry does not state the keys that are due")
	}
	for _, l := range []struct {
		raw  strictjson.Value
		into *[]string
	}{{w.UpdateKeys, &p.updateKeys}, {w.NextKeyHashes, &p.nextKeyHashes}} {
		if l.raw == nil {
			continue
		}
		list, err := texts(l.raw)
		if err != nil {
			return err
		}
		if len(list) > MaxKeys || repeats(list) {
			return reason.New(reason.WebVHUpdateKey, "a list of keys is too long or repeats one")
		}
		*l.into = list
	}
	return nil
}

// committed refuses update keys whose hashes are not all among those of the entry before.
func (p parameters) committed(hashes []string) error {
	for _, k := range p.updateKeys {
		if !slices.Contains(hashes, digest([]byte(k))) {
			return reason.New(reason.WebVHUpdateKey, "an update key was not committed to")
		}
	}
	return nil
}

func (p *parameters) others(w *wireParameters) (err error) {
	if w.Witness != nil {
		if p.witness, err = readRule(w.Witness); err != nil {
			return err
		}
	}
	if w.Watchers != nil {
		if p.watchers, err = texts(w.Watchers); err != nil {
			return err
		}
		if len(p.watchers) > MaxWitnesses {
			return reason.New(reason.LimitDIDLog, "a log names too many watchers")
		}
	}
	if w.TTL != nil {
		p.ttl = defaultTTL
		if w.TTL.Kind() != 'n' {
			p.ttl, err = strictjson.Int(w.TTL)
		}
		if err == nil && (p.ttl < 0 || p.ttl > 1<<31) {
			return reason.New(reason.JSONType, "ttl is out of its range")
		}
	}
	return err
}

// readRule reads the parameter witness; {} and null are the zero rule (did:webvh 1.0, The witness Parameter).
func readRule(raw strictjson.Value) (rule, error) {
	if raw.Kind() == 'n' {
		return rule{}, nil
	}
	var w struct {
		Threshold *int64 `json:"threshold"`
		Witnesses []struct {
			ID string `json:"id"`
		} `json:"witnesses"`
	}
	if err := strictjson.UnmarshalClosed(raw, &w); err != nil {
		return rule{}, reason.Wrap(reason.WebVHWitness, "the rule for witnesses can not be read", err)
	}
	if w.Threshold == nil && w.Witnesses == nil {
		return rule{}, nil
	}
	n := len(w.Witnesses)
	if w.Threshold == nil || n > MaxWitnesses || *w.Threshold < 1 || *w.Threshold > int64(n) {
		return rule{}, reason.New(reason.WebVHWitness, "the threshold is not from 1 to the number of witnesses")
	}
	r := rule{threshold: int(*w.Threshold)}
	for _, one := range w.Witnesses {
		if _, err := witnessKey(one.ID); err != nil {
			return rule{}, err
		}
		r.witnesses = append(r.witnesses, one.ID)
	}
	if repeats(r.witnesses) {
		return rule{}, reason.New(reason.WebVHWitness, "a witness is named twice")
	}
	return r, nil
}

// witnessKey returns the key of a witness, which is a did:key of Ed25519.
func witnessKey(id string) (dataintegrity.Method, error) {
	text, ok := strings.CutPrefix(id, "did:key:")
	if !ok {
		return dataintegrity.Method{}, reason.New(reason.WebVHWitness, "a witness is no did:key")
	}
	m, err := method(text)
	if err != nil {
		return dataintegrity.Method{}, reason.Wrap(reason.WebVHWitness, "a witness is no did:key of Ed25519", err)
	}
	return m, nil
}

// method returns the verification method of the did:key of multikey, an Ed25519 key.
func method(multikey string) (dataintegrity.Method, error) {
	k, err := multiformat.DecodeKey(multikey)
	if err != nil {
		return dataintegrity.Method{}, err
	}
	if k.Algorithm() != key.EdDSA {
		return dataintegrity.Method{}, reason.New(reason.KeyWeak, "the key is not Ed25519")
	}
	_, u := didkey.FromKey(k)
	return dataintegrity.Method{URL: u, Key: k}, nil
}

// texts reads a list of texts; null is the empty one.
func texts(raw strictjson.Value) ([]string, error) {
	list := []string{}
	if raw.Kind() == 'n' {
		return list, nil
	}
	return list, strictjson.Unmarshal(raw, &list)
}

func repeats(list []string) bool {
	for i, s := range list {
		if slices.Contains(list[:i], s) {
			return true
		}
	}
	return false
}
