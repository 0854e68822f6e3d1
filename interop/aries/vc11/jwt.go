// SPDX-License-Identifier: Apache-2.0

package vc11

import (
	"bytes"
	"context"
	"math"
	"strings"
	"time"

	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/internal/jose"
	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/key"
	"github.com/behalf-id/behalf/reason"
)

// SealJWT returns document, a credential of version 1.1 whose issuer is the DID of by, as a JWT with
// the claim vc (VC Data Model 1.1 §6.3.1). The whole document stands in vc; iss, nbf, jti, sub and exp
// repeat it.
func SealJWT(ctx context.Context, document []byte, by did.Signer) ([]byte, error) {
	c, err := model(document)
	if err != nil {
		return nil, err
	}
	if c.Issuer != by.Method.DID().String() {
		return nil, reason.New(reason.KeyControllerMismatch, "the signer is not the issuer")
	}
	claims := object{"vc": document}
	put := func(name string, value any) {
		if err == nil {
			claims[name], err = strictjson.Marshal(value)
		}
	}
	put("iss", c.Issuer)
	put("nbf", c.Issued.Unix())
	if c.ID != "" {
		put("jti", c.ID)
	}
	if who := subjectID(document); who != "" {
		put("sub", who)
	}
	if !c.Expires.IsZero() {
		put("exp", c.Expires.Unix())
	}
	if err != nil {
		return nil, err
	}
	payload, err := strictjson.Marshal(claims)
	if err != nil {
		return nil, err
	}
	return jose.Sign(ctx, jose.Header{Type: "JWT", KeyID: by.Method.String()}, payload, by)
}

// subjectID returns the id of the one subject, "" if there is none.
func subjectID(document []byte) string {
	o, err := readObject(document)
	if err != nil {
		return ""
	}
	s, err := readObject(o["credentialSubject"])
	if err != nil {
		return ""
	}
	id, err := s.text("id")
	if err != nil {
		return ""
	}
	return id
}

// openJWT verifies a JWT by the key that kid names among the issuer's.
func (r Reader) openJWT(ctx context.Context, raw []byte) (Credential, error) {
	t, err := parse(raw)
	if err != nil {
		return Credential{}, err
	}
	claims, err := readObject(t.payload)
	if err != nil {
		return Credential{}, err
	}
	issuer, err := claims.text("iss")
	if err != nil {
		return Credential{}, err
	}
	k, err := r.key(ctx, t.kid, issuer)
	if err != nil {
		return Credential{}, err
	}
	if k.Algorithm() != t.alg {
		return Credential{}, reason.New(reason.JOSEAlgKeyMismatch, "")
	}
	if err := k.Verify(t.signed, t.signature); err != nil {
		return Credential{}, reason.Wrap(reason.CredentialSignatureInvalid, "", err)
	}
	document, err := claims.document()
	if err != nil {
		return Credential{}, err
	}
	c, err := model(document)
	if err == nil && c.Issuer != issuer {
		err = ambiguous("iss")
	}
	c.Format = JWT
	return c, err
}

// token is a compact JWS by its form.
type token struct {
	alg                key.Algorithm
	kid                string
	signed             []byte // header and payload as they are signed
	payload, signature []byte
}

// parse reads the form of a JWT. It is laxer than internal/jose in one thing: typ is optional, as
// older issuers leave it out (VC Data Model 1.1 §6.3.1 makes it optional); where it is given it is JWT.
func parse(raw []byte) (t token, err error) {
	if bytes.Count(raw, []byte(".")) != 2 {
		return t, reason.New(reason.JOSESerializationForbidden, "not a compact JWS")
	}
	first, last := bytes.IndexByte(raw, '.'), bytes.LastIndexByte(raw, '.')
	t.signed = raw[:last]
	head, err := jose.AppendDecode(nil, raw[:first])
	if err != nil {
		return t, err
	}
	if t.payload, err = jose.AppendDecode(nil, raw[first+1:last]); err != nil {
		return t, err
	}
	if t.signature, err = jose.AppendDecode(nil, raw[last+1:]); err != nil {
		return t, err
	}
	return t, t.header(head)
}

func (t *token) header(raw []byte) error {
	h, err := readObject(raw)
	if err != nil {
		return err
	}
	for name := range h {
		switch name {
		case "jwk", "jku", "x5u", "x5c":
			return reason.New(reason.JOSEHeaderKeyForbidden, "")
		case "crit", "b64", "zip":
			return reason.New(reason.JOSECritUnsupported, "")
		}
	}
	if typ, err := h.text("typ"); err != nil || h["typ"] != nil && !strings.EqualFold(typ, "JWT") {
		return reason.New(reason.JOSETypMismatch, "")
	}
	if t.kid, err = h.text("kid"); err != nil {
		return err
	}
	alg, err := h.text("alg")
	if err != nil {
		return err
	}
	t.alg, err = key.ParseAlgorithm(alg)
	if err != nil {
		return reason.Wrap(reason.JOSEAlgForbidden, "", err)
	}
	return nil
}

// document returns vc with the registered claims in their places (§6.3.1, decoding). What stands
// there already must agree.
func (claims object) document() ([]byte, error) {
	doc, err := readObject(claims["vc"])
	if err != nil {
		return nil, structure("no claim vc")
	}
	if doc["proof"] != nil {
		return nil, reason.New(reason.VCAmbiguous, "a proof inside a JWT")
	}
	for _, place := range []func(object) error{claims.issuer, claims.dates, claims.id, claims.subject} {
		if err := place(doc); err != nil {
			return nil, err
		}
	}
	return strictjson.Marshal(doc)
}

func ambiguous(claim string) error {
	return reason.New(reason.VCAmbiguous, claim+" contradicts the credential")
}

func (claims object) issuer(doc object) error {
	if doc["issuer"] == nil {
		doc["issuer"] = claims["iss"]
		return nil
	}
	if doc["issuer"].Kind() == '{' { // an object may leave its id to iss
		return inside(doc, "issuer", claims["iss"], "iss")
	}
	return agree(doc, "issuer", claims["iss"], "iss")
}

func (claims object) id(doc object) error { return agree(doc, "id", claims["jti"], "jti") }

func (claims object) subject(doc object) error {
	if claims["sub"] == nil {
		return nil
	}
	if doc["credentialSubject"].Kind() != '{' {
		return ambiguous("sub")
	}
	return inside(doc, "credentialSubject", claims["sub"], "sub")
}

// inside puts value as the id of the object doc[name].
func inside(doc object, name string, value strictjson.Value, claim string) error {
	inner, err := readObject(doc[name])
	if err != nil {
		return err
	}
	if err := agree(inner, "id", value, claim); err != nil {
		return err
	}
	doc[name], err = strictjson.Marshal(inner)
	return err
}

// agree puts a claim's value in place of an absent member, and wants one that is there to be the same.
// An empty text counts as absent: Aries writes it where it leaves a member to its claim.
func agree(doc object, name string, value strictjson.Value, claim string) error {
	switch {
	case value == nil:
	case doc[name] == nil:
		doc[name] = value
	default:
		have, err := strictjson.String(doc[name])
		want, err2 := strictjson.String(value)
		if err != nil || err2 != nil || have != "" && have != want {
			return ambiguous(claim)
		}
		doc[name] = value
	}
	return nil
}

func (claims object) dates(doc object) error {
	for _, pair := range [][2]string{{"nbf", "issuanceDate"}, {"exp", "expirationDate"}} {
		if err := claims.date(doc, pair[0], pair[1]); err != nil {
			return err
		}
	}
	return nil
}

// date puts a NumericDate in place of an absent date, and wants one that is there to be the same to
// the second. A NumericDate in parts of a second is rounded down (RFC 7519 §2 allows it).
func (claims object) date(doc object, claim, name string) error {
	if claims[claim] == nil {
		return nil
	}
	var seconds float64
	if err := strictjson.Unmarshal(claims[claim], &seconds); err != nil {
		return err
	}
	if seconds < 0 || seconds > 253402300799 { // the end of the year 9999
		return structure(claim)
	}
	at := time.Unix(int64(math.Floor(seconds)), 0).UTC()
	if doc[name] == nil {
		var err error
		doc[name], err = strictjson.Marshal(at.Format(time.RFC3339))
		return err
	}
	have, err := instant(doc, name)
	if err != nil || have.Unix() != at.Unix() {
		return ambiguous(claim)
	}
	return nil
}
