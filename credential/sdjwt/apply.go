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
	d, err := open(texts, i.sites)
	if err != nil {
		return nil, err
	}
	if err := d.hidesNothingElse(); err != nil {
		return nil, err
	}
	c := i.base
	shown := shownPermissions{base: i.base.Permissions}
	r := wire.ReaderOf(d.buf)
	for k := range d.list {
		if one := &d.list[k]; one.element {
			shown.at(one.site.pos, len(d.list), r.Permission(one.value, wire.Snake))
		} else {
			member(r, one, &c)
		}
	}
	c.Permissions = shown.compact()
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

// shownPermissions puts disclosed permissions into their places among those in the clear.
type shownPermissions struct {
	base  []credential.Permission
	slots []credential.Permission
	where []int // place of each slot, rising
}

// at adds p at place pos. At most room permissions will be added.
func (s *shownPermissions) at(pos, room int, p credential.Permission) {
	if s.slots == nil {
		s.slots = make([]credential.Permission, 0, room+clear(s.base))
		s.where = make([]int, 0, room)
	}
	k := len(s.where)
	for k > 0 && s.where[k-1] > pos {
		k--
	}
	s.slots = slices.Insert(s.slots, k, p)
	s.where = slices.Insert(s.where, k, pos)
}

// compact returns the permissions that are shown, in the issuer's order.
func (s *shownPermissions) compact() []credential.Permission {
	n := clear(s.base)
	if n == 0 && s.slots != nil {
		return s.slots
	}
	out := make([]credential.Permission, 0, n+len(s.slots))
	k := 0
	for pos := range s.base {
		switch {
		case s.base[pos].ID != "":
			out = append(out, s.base[pos])
		case k < len(s.where) && s.where[k] == pos:
			out = append(out, s.slots[k])
			k++
		}
	}
	return out
}

// clear counts the permissions that are not hidden.
func clear(ps []credential.Permission) (n int) {
	for i := range ps {
		if ps[i].ID != "" {
			n++
		}
	}
	return n
}
