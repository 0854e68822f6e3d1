// SPDX-License-Identifier: Apache-2.0

package sdjwt

import (
	"bytes"
	"slices"

	"github.com/behalf-id/behalf/internal/jose"
	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/reason"
)

// place says where in a delegation credential a digest stands.
type place uint8

const (
	elsewhere place = iota
	atTop
	atPrincipal
	atDelegation
	atPermission
)

// child returns the place of the member name of an object at p.
func (p place) child(name []byte) place {
	switch {
	case p == atTop && string(name) == "on_behalf_of":
		return atPrincipal
	case p == atTop && string(name) == "delegation":
		return atDelegation
	case p == atDelegation && string(name) == "permission":
		return atPermission
	}
	return elsewhere
}

// site is a place in the payload, or in a disclosure, that a digest holds free.
type site struct {
	digest  [32]byte
	place   place
	element bool  // of an array; else a member of an object
	pos     int32 // index in that array
	owner   int16 // the disclosure it stands in; -1: the payload
}

// scan collects the sites of one JSON value that passed strictjson.Check.
type scan struct {
	sites []site
	owner int16
	alg   hashAlg
}

// layout is where the digests of an issuer-signed payload stand, sorted by digest, and of which
// hash they are.
type layout struct {
	sites []site
	alg   hashAlg
}

// scanPayload returns the layout of an issuer-signed payload, which must be an object. The same
// digest twice is sdjwt.digest_duplicate.
func scanPayload(payload []byte) (layout, error) {
	members, err := strictjson.CheckMembers(payload, nil)
	if err != nil {
		return layout{}, err
	}
	return scanChecked(payload, members)
}

// scanChecked is scanPayload of what strictjson.CheckMembers gave for payload.
func scanChecked(payload []byte, members []strictjson.Member) (layout, error) {
	alg, err := hashAlgOf(members)
	if err != nil {
		return layout{}, err
	}
	s := scan{owner: -1, alg: alg}
	s.sites = make([]site, 0, 16)
	if err := s.value(payload, atTop); err != nil {
		return layout{}, err
	}
	return layout{s.sites, alg}, sorted(s.sites)
}

// sorted sorts sites by digest and refuses two alike.
func sorted(sites []site) error {
	slices.SortFunc(sites, func(a, b site) int { return bytes.Compare(a.digest[:], b.digest[:]) })
	for i := 1; i < len(sites); i++ {
		if sites[i].digest == sites[i-1].digest {
			return reason.New(reason.SDJWTDigestDuplicate, "")
		}
	}
	return nil
}

// find returns where in sites, which are sorted, digest stands.
func find(sites []site, digest [32]byte) (int, bool) {
	return slices.BinarySearchFunc(sites, digest, func(s site, d [32]byte) int { return bytes.Compare(s.digest[:], d[:]) })
}

// add adds the site at, which the JSON string digest holds free.
func (s *scan) add(digest strictjson.Value, at site) error {
	text, err := strictjson.Text(digest)
	if err != nil {
		return err
	}
	return s.addText(text, at)
}

func (s *scan) addText(text []byte, at site) error {
	var buf [maxHash + 1]byte
	raw, err := jose.AppendDecode(buf[:0], text)
	if err != nil || len(raw) != s.alg.size() {
		return reason.New(reason.SDJWTHashAlg, "a digest is not one of _sd_alg")
	}
	at.digest = s.alg.short(raw)
	s.sites = append(s.sites, at)
	return nil
}
