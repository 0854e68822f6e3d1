// SPDX-License-Identifier: Apache-2.0

package bitstring

import (
	"slices"
	"time"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/credential/status/internal/wire"
	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/reason"
)

// received is a list credential as it comes; members with more than one form are kept raw.
type received struct {
	Context    strictjson.Value `json:"@context"`
	ID         *string          `json:"id"`
	Type       strictjson.Value `json:"type"`
	Issuer     strictjson.Value `json:"issuer"`
	ValidFrom  string           `json:"validFrom"`
	ValidUntil string           `json:"validUntil"`
	Status     strictjson.Value `json:"credentialStatus"`
	Subject    *subject         `json:"credentialSubject"`
	Claimant   string           `json:"iss"`
	IssuedAt   int64            `json:"iat"`
	ExpiresAt  int64            `json:"exp"`
}

type subject struct {
	Type    strictjson.Value `json:"type"`
	Purpose strictjson.Value `json:"statusPurpose"`
	List    string           `json:"encodedList"`
	TTL     int64            `json:"ttl"`
}

// read decodes payload, of which issuer is the verified signer.
func read(payload []byte, issuer string) (List, error) {
	var r received
	if err := strictjson.Unmarshal(payload, &r); err != nil {
		return List{}, wire.Malformed("the list credential cannot be read", err)
	}
	switch {
	case r.Status != nil:
		return List{}, reason.New(reason.StatusRecursion, "the list has a status itself")
	case !r.isList():
		return List{}, wire.Malformed("not a BitstringStatusListCredential", nil)
	case named(r.Issuer) != issuer, r.Claimant != "" && r.Claimant != issuer:
		return List{}, reason.New(reason.StatusIssuer, "the issuer is not who signed")
	}
	l := List{Purposes: texts(r.Subject.Purpose), TTL: wire.Span(r.Subject.TTL, time.Millisecond)}
	if r.ID != nil {
		l.ID = *r.ID
	}
	if len(l.Purposes) == 0 {
		return List{}, reason.New(reason.StatusPurpose, "the list states no purpose")
	}
	if err := r.times(&l); err != nil {
		return List{}, err
	}
	var err error
	l.Bits, err = Decode(r.Subject.List)
	return l, err
}

// isList checks @context, type and subject (VCDM 2.0 §4.3 and §4.5, Bitstring Status List 1.0 §2.2).
func (r *received) isList() bool {
	contexts, types := texts(r.Context), texts(r.Type)
	return len(contexts) > 0 && contexts[0] == credential.ContextVC &&
		slices.Contains(types, "VerifiableCredential") && slices.Contains(types, typeCredential) &&
		(r.ID == nil || *r.ID != "") &&
		r.Subject != nil && slices.Contains(texts(r.Subject.Type), typeSubject)
}

// times reads when the list was issued and until when it holds. A list that does not say when
// it was issued has no age, so it cannot be used.
func (r *received) times(l *List) error {
	from, err := parseInstant(r.ValidFrom)
	if err != nil {
		return err
	}
	until, err := parseInstant(r.ValidUntil)
	if err != nil {
		return err
	}
	if r.IssuedAt < 0 || r.ExpiresAt < 0 || r.Subject.TTL < 0 {
		return wire.Malformed("a time is negative", nil)
	}
	l.Issued, l.NotBefore, l.Expires = from, from, until
	if r.IssuedAt > 0 { // the time of the signature: validFrom may be that of the first of many
		l.Issued = wire.Instant(r.IssuedAt)
	}
	if exp := wire.Instant(r.ExpiresAt); r.ExpiresAt > 0 && (until.IsZero() || exp.Before(until)) {
		l.Expires = exp
	}
	if l.Issued.IsZero() {
		return wire.Malformed("the list does not say when it was issued", nil)
	}
	return nil
}

// named returns the DID of an issuer member, which is a string or an object with an id.
func named(v strictjson.Value) string {
	if v.Kind() != '{' {
		return text(v)
	}
	var issuer struct {
		ID string `json:"id"`
	}
	if strictjson.Unmarshal(v, &issuer) != nil {
		return ""
	}
	return issuer.ID
}

// texts returns what is one string or an array of strings, and nil for everything else.
func texts(v strictjson.Value) []string {
	if s := text(v); s != "" {
		return []string{s}
	}
	var list []string
	if v.Kind() != '[' || strictjson.Unmarshal(v, &list) != nil || len(list) > MaxPurposes {
		return nil
	}
	return list
}

func text(v strictjson.Value) string {
	var s string
	if v.Kind() != '"' || strictjson.Unmarshal(v, &s) != nil {
		return ""
	}
	return s
}

func parseInstant(s string) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	var t time.Time
	if err := t.UnmarshalText([]byte(s)); err != nil {
		return time.Time{}, wire.Malformed("a time is not RFC 3339", err)
	}
	return t.UTC(), nil
}
