// SPDX-License-Identifier: Apache-2.0

// Package vc11 reads and writes credentials of the VC Data Model 1.1: as JWT with the claim vc, and
// with linked data proofs of the suites Ed25519Signature2018 and Ed25519Signature2020. They are what
// older wallets hold; nothing of ours issues them.
package vc11

import (
	"bytes"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/key"
	"github.com/behalf-id/behalf/reason"
)

// Context is the first context of every credential of version 1.1.
const Context = "https://www.w3.org/2018/credentials/v1"

// Bounds on one credential.
const (
	MaxCredential = 256 << 10 // bytes in its secured form
	MaxTypes      = 32
	MaxContexts   = 16
)

// Formats are the ways in which a credential is secured.
const (
	JWT = "jwt_vc" // VC Data Model 1.1 §6.3.1
	LDP = "ldp_vc" // §6.3.2
)

// Credential is what a verified credential says.
type Credential struct {
	Format   string // JWT or LDP
	Document []byte // the credential without proof; for a JWT, vc with the registered claims put back
	ID       string // "" where there is none
	Issuer   string // the DID that signed it
	Types    []string
	Issued   time.Time
	Expires  time.Time // zero: never
}

// Reader verifies credentials. The zero Reader refuses everything.
type Reader struct {
	Keys     credential.Keys
	Contexts func(url string) []byte // the context document of a URL, nil if it is not known; nothing is fetched
}

// Open verifies raw, a JWT or a JSON object with a proof, and reads it. It looks at no validity date
// and at no status.
//
// Errors: jose.*, json.*, di.*, jsonld.*, did.*, key.*, credential.signature_invalid,
// vc.context_invalid, vc.structure, vc.ambiguous (a registered claim contradicts vc), limit.body.
func (r Reader) Open(ctx context.Context, raw []byte) (Credential, error) {
	switch {
	case r.Keys.Resolver == nil || r.Keys.At.IsZero() || r.Contexts == nil:
		return Credential{}, reason.New(reason.InternalIndeterminate, "no resolver, instant or contexts")
	case len(raw) > MaxCredential:
		return Credential{}, reason.New(reason.LimitBody, "")
	}
	if trimmed := bytes.TrimSpace(raw); len(trimmed) > 0 && trimmed[0] == '{' {
		return r.openLDP(ctx, trimmed)
	}
	return r.openJWT(ctx, raw)
}

// key returns the key of a verification method of the issuer.
func (r Reader) key(ctx context.Context, method, issuer string) (key.Public, error) {
	u, err := did.ParseURL(method)
	if err != nil {
		return key.Public{}, err
	}
	if u.DID().String() != issuer {
		return key.Public{}, reason.New(reason.KeyControllerMismatch, "the key belongs to another DID than the issuer's")
	}
	doc, err := r.Keys.Resolver.Resolve(ctx, u.DID())
	if err != nil {
		return key.Public{}, err
	}
	return doc.Key(u, did.AssertionMethod, r.Keys.At)
}

// object is the members of a JSON object.
type object map[string]strictjson.Value

func readObject(raw []byte) (object, error) {
	var o object
	if err := strictjson.Unmarshal(raw, &o); err != nil {
		return nil, err
	}
	if o == nil {
		return nil, structure("not an object")
	}
	return o, nil
}

// text returns the member called name, "" if it is absent.
func (o object) text(name string) (string, error) {
	if o[name] == nil {
		return "", nil
	}
	return strictjson.String(o[name])
}

func structure(detail string) error { return reason.New(reason.VCStructure, detail) }

// model reads a document as VC Data Model 1.1 §4 and §5 have it. Of the parts that this program does
// not act on it looks at none.
func model(document []byte) (c Credential, err error) {
	o, err := readObject(document)
	if err != nil {
		return c, err
	}
	if err := checkContext(o["@context"]); err != nil {
		return c, err
	}
	for name := range o { // the same statement in other words, which nobody here would read
		if name != "@context" && strings.ContainsAny(name, ":@") {
			return c, structure("a member by another name than its term")
		}
	}
	c.Document = document
	if c.Types, err = texts(o["type"], MaxTypes); err != nil {
		return c, err
	}
	if !slices.Contains(c.Types, "VerifiableCredential") {
		return c, structure("type lacks VerifiableCredential")
	}
	if c.ID, err = o.text("id"); err != nil {
		return c, err
	}
	if c.Issuer, err = identified(o["issuer"]); err != nil {
		return c, err
	}
	if c.Issued, err = instant(o, "issuanceDate"); err != nil || c.Issued.IsZero() {
		return c, structure("issuanceDate")
	}
	if c.Expires, err = instant(o, "expirationDate"); err != nil {
		return c, err
	}
	return c, subject(o["credentialSubject"])
}

// checkContext wants an array that begins with the context of version 1.1 (§4.1).
func checkContext(v strictjson.Value) error {
	if v.Kind() != '[' {
		return reason.New(reason.VCContextInvalid, "@context is no array")
	}
	n := 0
	for item, err := range strictjson.Items(v) {
		if err != nil {
			return err
		}
		if n++; n > MaxContexts {
			return reason.New(reason.VCContextInvalid, "too many contexts")
		}
		if n > 1 {
			continue
		}
		if text, err := strictjson.String(item); err != nil || text != Context {
			return reason.New(reason.VCContextInvalid, "the first context is not that of version 1.1")
		}
	}
	if n == 0 {
		return reason.New(reason.VCContextInvalid, "@context is empty")
	}
	return nil
}

// texts reads a string, or an array of at most limit strings.
func texts(v strictjson.Value, limit int) ([]string, error) {
	if v.Kind() != '[' {
		one, err := strictjson.String(v)
		return []string{one}, err
	}
	var out []string
	for item, err := range strictjson.Items(v) {
		if err != nil {
			return nil, err
		}
		one, err := strictjson.String(item)
		if err != nil || len(out) == limit {
			return nil, structure("not a list of texts")
		}
		out = append(out, one)
	}
	return out, nil
}

// identified reads a URL, or an object whose id is one (§5.5).
func identified(v strictjson.Value) (string, error) {
	var id string
	var err error
	switch v.Kind() {
	case '"':
		id, err = strictjson.String(v)
	case '{':
		var o object
		if o, err = readObject(v); err == nil {
			id, err = o.text("id")
		}
	}
	if err != nil || id == "" {
		return "", structure("issuer")
	}
	return id, nil
}

// instant reads a date, the zero time if it is absent. VC Data Model 1.1 §4.6 wants an XML Schema
// dateTime; one without a time zone is refused, as nobody could say when it is.
func instant(o object, name string) (time.Time, error) {
	text, err := o.text(name)
	if err != nil || text == "" {
		return time.Time{}, err
	}
	at, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		return time.Time{}, structure(name)
	}
	return at, nil
}

// subject wants one subject or more, each an object that says something (§4.4).
func subject(v strictjson.Value) error {
	switch v.Kind() {
	case '{':
		if o, err := readObject(v); err != nil || len(o) == 0 {
			return structure("credentialSubject")
		}
		return nil
	case '[':
		n := 0
		for item, err := range strictjson.Items(v) {
			if err != nil || item.Kind() != '{' {
				return structure("credentialSubject")
			}
			n++
		}
		if n > 0 {
			return nil
		}
	}
	return structure("credentialSubject")
}
