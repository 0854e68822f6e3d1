// SPDX-License-Identifier: Apache-2.0

package dataintegrity

import (
	"crypto/sha256"
	"crypto/sha512"
	"hash"

	"github.com/behalf-id/behalf/internal/jsonld"
	"github.com/behalf-id/behalf/internal/rdfc"
	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/reason"
)

// RDFHashData returns what the suites with RDF sign (VC-DI-EDDSA 1.0 §3.2.4, VC-DI-ECDSA 1.0
// §3.2.4): the hash of the canonical proof options, then that of the canonical document. unsecured
// and config are as for Cryptosuite; the refusals are those of jsonld.Canonicalize.
func RDFHashData(unsecured, config []byte, p jsonld.Profile, h rdfc.Hash) ([]byte, error) {
	data, err := ConfigHash(unsecured, config, p, h)
	if err != nil {
		return nil, err
	}
	document, err := jsonld.Canonicalize(unsecured, p, h)
	if err != nil {
		return nil, err
	}
	return appendHash(data, h, document.Bytes())
}

// ConfigHash returns the hash of config under the @context of unsecured, canonicalized with
// RDFC-1.0 (VC-DI-EDDSA 1.0 §3.2.5, VC-DI-ECDSA 1.0 §3.2.5, §3.5.4).
func ConfigHash(unsecured, config []byte, p jsonld.Profile, h rdfc.Hash) ([]byte, error) {
	whole, err := WithContext(config, unsecured)
	if err != nil {
		return nil, err
	}
	canonical, err := jsonld.Canonicalize(whole, p, h)
	if err != nil {
		return nil, err
	}
	return appendHash(nil, h, canonical.Bytes())
}

// WithContext returns config, a JSON object, with the @context of document, if it has one, in place
// of its own. Both have passed strictjson.Check; what is no object is json.type.
func WithContext(config, document []byte) ([]byte, error) {
	own, err := contextOf(document)
	if err != nil {
		return nil, err
	}
	members := make([]strictjson.Member, 0, roomForMembers)
	if own != nil {
		members = append(members, strictjson.Member{Name: []byte("@context"), Value: own})
	}
	for m, err := range strictjson.Members(config) {
		if err != nil {
			return nil, err
		}
		if string(m.Name) != "@context" {
			members = append(members, m)
		}
	}
	return join(members), nil
}

// contextOf returns the @context of document, or nil.
func contextOf(document []byte) (own strictjson.Value, err error) {
	for m, err := range strictjson.Members(document) {
		if err != nil {
			return nil, err
		}
		if string(m.Name) == "@context" {
			own = m.Value
		}
	}
	return own, nil
}

// JCSHashData returns what the suites with JCS sign (VC-DI-EDDSA 1.0 §3.3.4, VC-DI-ECDSA 1.0
// §3.3.4): the hash of the canonical proof options, then that of the canonical document.
func JCSHashData(unsecured, config []byte, h rdfc.Hash) ([]byte, error) {
	room := make([]byte, 0, max(len(unsecured), len(config)))
	canonical, err := strictjson.AppendCanonical(room, config)
	if err != nil {
		return nil, err
	}
	data, err := appendHash(nil, h, canonical)
	if err != nil {
		return nil, err
	}
	if canonical, err = strictjson.AppendCanonical(canonical[:0], unsecured); err != nil {
		return nil, err
	}
	return appendHash(data, h, canonical)
}

// appendHash appends the hash of text.
func appendHash(dst []byte, h rdfc.Hash, text []byte) ([]byte, error) {
	digest, err := hasher(h)
	if err != nil {
		return nil, err
	}
	_, _ = digest.Write(text)
	return digest.Sum(dst), nil
}

func hasher(h rdfc.Hash) (hash.Hash, error) {
	switch h {
	case rdfc.SHA256:
		return sha256.New(), nil
	case rdfc.SHA384:
		return sha512.New384(), nil
	}
	return nil, reason.New(reason.InternalIndeterminate, "no hash function")
}

// writeWithout writes object, in canonical form and of members, without the one called name. It
// reports whether it could: the values must be the parts of object that they are named as.
func writeWithout(h hash.Hash, object []byte, members []strictjson.Member, name string) bool {
	start := 1
	for i, m := range members {
		end := cap(object) - cap(m.Value) + len(m.Value)
		if end < start || end >= len(object) || &object[end-1] != &m.Value[len(m.Value)-1] {
			return false
		}
		if string(m.Name) != name {
			start = end + 1
			continue
		}
		rest := end + 1 // with the comma, or without the one before where it is the last
		if i == len(members)-1 {
			start, rest = max(start-1, 1), end
		}
		_, _ = h.Write(object[:start])
		_, _ = h.Write(object[rest:])
		return true
	}
	_, _ = h.Write(object)
	return true
}
