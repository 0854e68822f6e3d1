// SPDX-License-Identifier: Apache-2.0

package didwebvh

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/behalf-id/behalf/credential/dataintegrity"
	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/internal/jsonld"
	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/reason"
)

// suiteName is the one cryptosuite of version 1.0.
const suiteName = "eddsa-jcs-2022"

// suite returns the implementation of suiteName.
func suite() (dataintegrity.Cryptosuite, error) {
	return dataintegrity.Suite(suiteName, jsonld.Closed)
}

// proof is a Data Integrity proof of a log or of a witness.
type proof struct {
	multikey string // the key that its did:key names
	config   []byte // the proof without its value
	value    string
}

type wireProof struct {
	Type    string  `json:"type"`
	Suite   string  `json:"cryptosuite"`
	Method  string  `json:"verificationMethod"`
	Purpose string  `json:"proofPurpose"`
	Value   string  `json:"proofValue"`
	Created *string `json:"created"`
	Expires *string `json:"expires"`
}

// readProofs reads one proof or a list of them, 1 to limit. None has expired at the time at. What is
// no proof that version 1.0 permits is refused with code.
func readProofs(raw strictjson.Value, limit int, at time.Time, code reason.Code) ([]proof, error) {
	if raw.Kind() != '[' {
		p, err := readProof(raw, at, code)
		return []proof{p}, err
	}
	var out []proof
	for v, err := range strictjson.Items(raw) {
		if err != nil {
			return nil, err
		}
		if len(out) == limit {
			return nil, reason.New(code, "there are too many proofs")
		}
		p, err := readProof(v, at, code)
		if err != nil {
			return nil, err
		}
		out = append(out, p)
	}
	if len(out) == 0 {
		return nil, reason.New(code, "there is no proof")
	}
	return out, nil
}

func readProof(raw strictjson.Value, at time.Time, code reason.Code) (proof, error) {
	var w wireProof
	if err := strictjson.Unmarshal(raw, &w); err != nil {
		return proof{}, err
	}
	id, fragment, _ := strings.Cut(w.Method, "#")
	multikey, ok := strings.CutPrefix(id, "did:key:")
	switch {
	case w.Type != dataintegrity.Type || w.Suite != suiteName || w.Purpose != string(did.AssertionMethod):
		return proof{}, reason.New(code, "a proof is of another kind or purpose")
	case !ok || fragment != multikey || multikey == "":
		return proof{}, reason.New(code, "the key of a proof is no did:key by its own name")
	case !alive(w.Created, w.Expires, at):
		return proof{}, reason.New(code, "a proof has bad times or has expired")
	}
	config, err := without(raw, "proofValue")
	return proof{multikey, config, w.Value}, err
}

// alive reports whether the times of a proof can be read and do not end before at.
func alive(created, expires *string, at time.Time) bool {
	for _, s := range []*string{created, expires} {
		if s == nil {
			continue
		}
		if t, err := time.Parse(time.RFC3339, *s); err != nil || s == expires && !at.Before(t) {
			return false
		}
	}
	return true
}

// without returns the object raw less the member name, the others as they are.
func without(raw strictjson.Value, name string) ([]byte, error) {
	out := []byte{'{'}
	for m, err := range strictjson.Members(raw) {
		if err != nil {
			return nil, err
		}
		if string(m.Name) == name {
			continue
		}
		var err error
		if out, err = appendMember(out, string(m.Name), m.Value); err != nil {
			return nil, err
		}
	}
	return append(out, '}'), nil
}

// appendMember appends a member to an object that is open.
func appendMember(dst []byte, name string, value strictjson.Value) ([]byte, error) {
	quoted, err := strictjson.Marshal(name)
	if err != nil {
		return nil, err
	}
	if dst[len(dst)-1] != '{' {
		dst = append(dst, ',')
	}
	dst = append(append(dst, quoted...), ':')
	return append(dst, value...), nil
}

// checkProofs verifies every proof of e, each of which must be by one of the keys that are active.
// Whatever is wrong is webvh.update_key (did:webvh 1.0, Authorized Keys).
func (e *entry) checkProofs(ctx context.Context, s dataintegrity.Cryptosuite, active []string) error {
	proofs, err := readProofs(e.proof, MaxProofs, e.time, reason.WebVHUpdateKey)
	if err != nil {
		return err
	}
	content := e.unsigned(e.versionID)
	for _, p := range proofs {
		if !slices.Contains(active, p.multikey) {
			return reason.New(reason.WebVHUpdateKey, "an entry is signed by a key that may not")
		}
		m, err := method(p.multikey)
		if err == nil {
			err = s.Verify(ctx, content, p.config, p.value, m)
		}
		if err != nil {
			return reason.Wrap(reason.WebVHUpdateKey, "the proof of an entry does not verify", err)
		}
	}
	return nil
}
