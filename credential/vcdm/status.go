// SPDX-License-Identifier: Apache-2.0

package vcdm

import (
	"slices"
	"strconv"
	"strings"

	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/reason"
)

// TypeBitstringEntry is the type of a status entry of Bitstring Status List 1.0.
const TypeBitstringEntry = "BitstringStatusListEntry"

// bitstringEntryIRI is what TypeBitstringEntry stands for: whoever writes it in full means the same.
const bitstringEntryIRI = "https://www.w3.org/ns/credentials/status#" + TypeBitstringEntry

// MaxStatusSize is how many bits an entry may have: each value of them needs a message.
const MaxStatusSize = 8

// Status is one entry of credentialStatus. All but ID and Types is zero for an entry that is no
// BitstringStatusListEntry.
type Status struct {
	ID      string
	Types   []string
	Purpose string // statusPurpose
	List    string // statusListCredential
	Index   uint64 // statusListIndex, in entries of Size bits
	Size    int    // statusSize in bits, 1 where it is not stated
}

// Bitstring reports whether the entry is one of Bitstring Status List 1.0.
func (s Status) Bitstring() bool {
	return slices.Contains(s.Types, TypeBitstringEntry) || slices.Contains(s.Types, bitstringEntryIRI)
}

// status reads credentialStatus (Verifiable Credentials Data Model 2.0 §4.10, 1.1 §4.9, where the id
// is required).
func (c *check) status(o object) error {
	entries, err := c.objects(o, "credentialStatus", MaxObjects)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		s := Status{}
		if s.ID, err = c.idOfVersion(entry, "credentialStatus.id"); err != nil {
			return err
		}
		if s.Types, err = c.innerTypes(entry, "credentialStatus.type"); err != nil {
			return err
		}
		if s.Bitstring() {
			if err := c.bitstring(entry, &s); err != nil {
				return err
			}
		}
		c.sum.Status = append(c.sum.Status, s)
	}
	return nil
}

// idOfVersion is requiredID for version 1.1 and optionalID for 2.0, which made many ids optional.
func (c *check) idOfVersion(o object, place string) (string, error) {
	if c.sum.Version == V1 {
		return c.requiredID(o, place)
	}
	return c.optionalID(o, place)
}

// bitstring reads an entry of Bitstring Status List 1.0 §2.1.
func (c *check) bitstring(o object, s *Status) (err error) {
	purpose, ok := text(o.get("statusPurpose"))
	if !ok || purpose == "" {
		return c.wrong("statusPurpose is not a string")
	}
	s.Purpose = purpose
	list, ok := text(o.get("statusListCredential"))
	if !ok || !isURL(list) {
		return c.wrong("statusListCredential is not a URL")
	}
	if s.List = list; s.ID == list {
		return c.wrong("credentialStatus.id is the URL of the list")
	}
	if s.Index, ok = decimal(o.get("statusListIndex")); !ok {
		return reason.New(reason.StatusIndex, "statusListIndex is not a non-negative integer in decimal, written as a string")
	}
	if err := c.statusReference(o.get("statusReference")); err != nil {
		return err
	}
	return c.messages(o, s)
}

// decimal reads a string of digits without a leading zero.
func decimal(v strictjson.Value) (uint64, bool) {
	s, ok := text(v)
	if !ok || s == "" || strings.Trim(s, "0123456789") != "" || len(s) > 1 && s[0] == '0' {
		return 0, false
	}
	n, err := strconv.ParseUint(s, 10, 63)
	return n, err == nil
}

func (c *check) statusReference(v strictjson.Value) error {
	if v == nil {
		return nil
	}
	items, err := oneOrMore(v, "statusReference", MaxObjects)
	if err != nil {
		return err
	}
	for _, item := range items {
		if url, ok := text(item); !ok || !isURL(url) {
			return c.wrong("statusReference is not a URL")
		}
	}
	return nil
}

// messages reads statusSize and statusMessage: one message for each value of the entry.
func (c *check) messages(o object, s *Status) error {
	s.Size = 1
	if v := o.get("statusSize"); v != nil {
		n, err := strictjson.Int(v)
		if err != nil || n < 1 || n > MaxStatusSize {
			return reason.New(reason.StatusValueUnknown, "statusSize is not a number of bits that is supported")
		}
		s.Size = int(n)
	}
	v := o.get("statusMessage")
	if v == nil {
		if s.Size > 1 || s.Purpose == "message" {
			return c.missing("statusMessage")
		}
		return nil
	}
	if v.Kind() != '[' {
		return c.wrong("statusMessage is not an array")
	}
	all, err := c.objects(o, "statusMessage", MaxObjects)
	if err != nil {
		return err
	}
	if len(all) != 1<<s.Size {
		return c.wrong("statusMessage has not one message for each value")
	}
	for _, m := range all {
		if err := c.message(m); err != nil {
			return err
		}
	}
	return nil
}

func (c *check) message(o object) error {
	value, ok := text(o.get("status"))
	digits, hex := strings.CutPrefix(value, "0x")
	if _, err := strconv.ParseUint(digits, 16, MaxStatusSize); !ok || !hex || err != nil {
		return c.wrong("statusMessage.status is not a hexadecimal value")
	}
	if _, ok := text(o.get("message")); !ok {
		return c.wrong("statusMessage.message is not a string")
	}
	return nil
}
