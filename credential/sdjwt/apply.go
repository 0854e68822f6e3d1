// SPDX-License-Identifier: Apache-2.0

package sdjwt

import (
	"slices"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/credential/internal/wire"
	"github.com/behalf-id/behalf/reason"
)

// apply returns the credential with what the disclosures show. Nothing but permissions,
// identifier, identity assurance and evidence may come through one (delegation.md §3.2).
func (i *issued) apply(texts [][]byte) (*credential.Credential, error) {
	d, err := open(texts, i.layout)
	if err != nil {
		return nil, err
	}
	if err := d.hidesNothingElse(); err != nil {
		return nil, err
	}
	c := i.base
	var room [16]int
	shown := i.inTheClear(d.elements(), room[:0])
	r := wire.ReaderOf(d.buf)
	for k := range d.list {
		if one := &d.list[k]; one.element {
			shown.insert(int(one.site.pos), r.Permission(one.value, wire.Snake))
		} else {
			member(r, one, &c)
		}
	}
	c.Permissions = shown.list
	r.Fail(credential.CheckGranting(&c))
	return &c, r.Err()
}

// hidesNothingElse refuses disclosures at a place where nothing may be hidden. Claims that no
// SD-JWT VC may hide come first: they have a code of their own.
func (d *disclosed) hidesNothingElse() error {
	var err error
	for i := range d.list {
		one := &d.list[i]
		if one.site.place == atTop && one.site.owner < 0 && neverHidden(one.name) {
			return reason.New(reason.SDJWTClaimNotSD, "")
		}
		if one.holds || one.site.owner >= 0 || !one.mayHide() {
			err = wire.Invalid("a member that must be in the clear is a disclosure")
		}
	}
	return err
}

// neverHidden reports whether name is a claim that must be in the clear (SD-JWT VC §3.2.2.2).
func neverHidden(name []byte) bool {
	switch string(name) {
	case "iss", "nbf", "exp", "cnf", "vct", "vct#integrity", "status", "aud":
		return true
	}
	return false
}

func (d *disclosure) mayHide() bool {
	switch d.site.place {
	case atPermission:
		return d.element
	case atPrincipal:
		return string(d.name) == "identifier"
	case atDelegation:
		return string(d.name) == "identity_assurance" || string(d.name) == "evidence"
	}
	return false
}

// member sets one hideable member, which must not have been there.
func member(r *wire.Reader, d *disclosure, c *credential.Credential) {
	there := false
	switch string(d.name) {
	case "identifier":
		there = c.OnBehalfOf.Identifier != nil
		c.OnBehalfOf.Identifier = r.Identifier(d.value)
	case "identity_assurance":
		there = c.Assurance != nil
		c.Assurance = r.Assurance(d.value)
	case "evidence":
		there = c.Evidence != nil
		c.Evidence = r.Evidence(d.value)
	}
	if there {
		r.Fail(reason.New(reason.SDJWTClaimCollision, ""))
	}
}

// shownPermissions is permissions in the issuer's order.
type shownPermissions struct {
	list  []credential.Permission
	where []int // the place of each, rising
}

// inTheClear returns the permissions that are not hidden, with room for more. Their places are
// appended to where.
func (i *issued) inTheClear(more int, where []int) shownPermissions {
	list := make([]credential.Permission, 0, len(i.places)+more)
	return shownPermissions{append(list, i.base.Permissions...), append(where, i.places...)}
}

func (s *shownPermissions) insert(pos int, p credential.Permission) {
	k := len(s.where)
	for k > 0 && s.where[k-1] > pos {
		k--
	}
	s.list = slices.Insert(s.list, k, p)
	s.where = slices.Insert(s.where, k, pos)
}
