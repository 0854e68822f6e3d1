// SPDX-License-Identifier: Apache-2.0

package vcapi

import (
	"context"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/credential/vcdm"
	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/internal/jose"
	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/reason"
)

// skew is by how much clocks may differ where a token states exp and nbf.
const skew = 60 * time.Second

// maxAudience is how many entries aud may have.
const maxAudience = 16

// Opened is a credential or presentation out of a token whose signature verified. Only OpenToken
// makes one.
type Opened struct {
	Document []byte // the payload, with all disclosures in place
	Summary  vcdm.Summary
	By       did.DID  // whose key signed: the issuer, or the holder
	Nonce    string   // claim nonce of a presentation
	Audience []string // claim aud of a presentation
}

// kind is one kind of token.
type kind struct {
	typ     string
	cty     string
	purpose did.Relationship
	check   func([]byte, vcdm.Rules) (vcdm.Summary, error)
}

// kindOf returns what an envelope's media type says that it holds.
func kindOf(mediaType string) (k kind, disclosures bool, err error) {
	switch mediaType {
	case vcdm.MediaCredentialJWT, vcdm.MediaCredentialSDJWT:
		k = kind{"", "vc", did.AssertionMethod, vcdm.CheckCredential}
	case vcdm.MediaPresentationJWT, vcdm.MediaPresentationSDJWT:
		k = kind{"", "vp", did.Authentication, vcdm.CheckPresentation}
	default:
		return kind{}, false, reason.New(reason.JOSETypMismatch, "this securing mechanism is not read here")
	}
	k.typ = strings.TrimPrefix(mediaType, "application/")
	return k, mediaType == vcdm.MediaCredentialSDJWT || mediaType == vcdm.MediaPresentationSDJWT, nil
}

// OpenToken verifies what e holds (VC-JOSE-COSE 1.0 §3): typ and cty by its media type, the key that kid
// names in the document of the issuer or holder, the signature, that the registered claims do not
// contradict the document, and the data model. The payload is the document: one with a member vc or vp
// is vc.structure. COSE is jose.typ_mismatch. The period of validity of the document is for the caller.
func OpenToken(ctx context.Context, e vcdm.Envelope, keys credential.Keys) (Opened, error) {
	k, disclosures, err := kindOf(e.MediaType)
	if err != nil {
		return Opened{}, err
	}
	token, shown := e.Content, []string(nil)
	if disclosures {
		if token, shown, err = split(e.Content); err != nil {
			return Opened{}, err
		}
	}
	payload, by, err := verifyToken(ctx, []byte(token), k, keys)
	if err != nil {
		return Opened{}, err
	}
	if disclosures {
		if payload, err = disclose(payload, shown); err != nil {
			return Opened{}, err
		}
	}
	return k.open(payload, by, keys.At)
}

// verifyToken checks header and signature and returns the payload and who signed.
func verifyToken(ctx context.Context, token []byte, k kind, keys credential.Keys) ([]byte, did.DID, error) {
	t, err := jose.Parse(token, jose.Policy{Type: k.typ})
	if err != nil {
		return nil, did.DID{}, err
	}
	if cty := strings.TrimPrefix(t.Header.ContentType, "application/"); cty != "" && cty != k.cty {
		return nil, did.DID{}, reason.New(reason.JOSEHeaderInvalid, "cty is not that of the document")
	}
	claims, err := readObject(t.Unverified())
	if err != nil {
		return nil, did.DID{}, err
	}
	method, err := methodOf(t.Header.KeyID, claims)
	if err != nil {
		return nil, did.DID{}, err
	}
	doc, err := keys.Resolver.Resolve(ctx, method.DID())
	if err != nil {
		return nil, did.DID{}, err
	}
	public, err := doc.Key(method, k.purpose, keys.At)
	if err != nil {
		return nil, did.DID{}, err
	}
	payload, err := t.Verify(public)
	return payload, method.DID(), err
}

// methodOf reads kid: a DID URL, or a fragment relative to who the payload says has signed.
func methodOf(kid string, claims object) (did.URL, error) {
	if strings.HasPrefix(kid, "#") {
		for _, name := range [...]string{"iss", "issuer", "holder"} {
			v := claims.get(name)
			if party := inside(v); party != nil {
				v = party.get("id")
			}
			if s, err := strictjson.String(v); err == nil {
				kid = s + kid
				break
			}
		}
	}
	u, err := did.ParseURL(kid)
	if err != nil {
		return did.URL{}, reason.Wrap(reason.JOSEKidInvalid, "kid is not a DID URL", err)
	}
	return u, nil
}

// open holds a payload that by signed to the model and to the claims beside it.
func (k kind) open(payload []byte, by did.DID, at time.Time) (Opened, error) {
	claims, err := readObject(payload)
	if err != nil {
		return Opened{}, err
	}
	if claims.get("vc") != nil || claims.get("vp") != nil {
		return Opened{}, reason.New(reason.VCStructure, "the payload wraps a document in the way of version 1.1")
	}
	sum, err := k.check(payload, rules())
	if err != nil {
		return Opened{}, err
	}
	if sum.Version != vcdm.V2 {
		return Opened{}, reason.New(reason.VCContextInvalid, "a document of version 1.1 in an envelope of version 2.0")
	}
	out := Opened{Document: payload, Summary: sum, By: by}
	party := sum.Issuer
	if k.purpose == did.Authentication {
		party = sum.Holder
	}
	if party != "" && party != by.String() {
		return Opened{}, reason.New(reason.KeyControllerMismatch, "the key is not one of the issuer or holder")
	}
	if err := agree(claims, sum, by); err != nil {
		return Opened{}, err
	}
	if err := inTime(claims, at); err != nil {
		return Opened{}, err
	}
	return out, out.readBinding(claims)
}

// agree refuses registered claims that say something else than the document (VC-JOSE-COSE 1.0 §3.1.3).
func agree(claims object, sum vcdm.Summary, by did.DID) error {
	iss, errIss := claims.optionalText("iss")
	sub, errSub := claims.optionalText("sub")
	jti, errID := claims.optionalText("jti")
	for _, err := range []error{errIss, errSub, errID} {
		if err != nil {
			return err
		}
	}
	if iss != "" && iss != by.String() || jti != "" && sum.ID != "" && jti != sum.ID ||
		sub != "" && len(sum.Subjects) > 0 && !slices.Contains(sum.Subjects, sub) {
		return reason.New(reason.VCAmbiguous, "a registered claim contradicts the document")
	}
	return nil
}

// inTime checks exp and nbf, which speak of the signature, and the form of iat.
func inTime(claims object, at time.Time) error {
	for _, name := range [...]string{"exp", "nbf", "iat"} {
		v := claims.get(name)
		if v == nil {
			continue
		}
		n, err := strictjson.Int(v)
		if err != nil {
			return err
		}
		switch t := time.Unix(n, 0); {
		case name == "exp" && !at.Before(t.Add(skew)):
			return reason.New(reason.CredentialExpired, "exp has passed")
		case name == "nbf" && at.Before(t.Add(-skew)):
			return reason.New(reason.CredentialNotYetValid, "nbf lies ahead")
		}
	}
	return nil
}

// readBinding reads nonce and aud.
func (o *Opened) readBinding(claims object) (err error) {
	if o.Nonce, err = claims.optionalText("nonce"); err != nil {
		return err
	}
	switch aud := claims.get("aud"); {
	case aud == nil:
	case aud.Kind() == '"':
		one, err := strictjson.String(aud)
		o.Audience = []string{one}
		return err
	default:
		o.Audience, err = texts(aud, maxAudience)
	}
	return err
}

// SignToken secures document, which it holds to the data model first, as a token of mediaType by by
// (VC-JOSE-COSE 1.0 §3): the payload is the document. Of an SD-JWT the members at paths, each of names
// parted by dots, can be disclosed selectively; random feeds their salts. Paths for another kind of token
// and a path that leads to nothing are credential.schema_invalid. The document must name the signer as
// issuer or holder (key.controller_mismatch).
func SignToken(ctx context.Context, mediaType string, document []byte, paths []string, by did.Signer, random io.Reader) (string, error) {
	k, disclosures, err := kindOf(mediaType)
	if err != nil {
		return "", err
	}
	claims, err := readObject(document)
	if err != nil {
		return "", err
	}
	if claims.get("proof") != nil || claims.get("vc") != nil || claims.get("vp") != nil {
		return "", reason.New(reason.VCStructure, "the document is secured or wrapped already")
	}
	// What it would be read as, were it signed.
	if _, err := k.open(document, by.Method.DID(), time.Unix(0, 0)); err != nil && reason.Of(err) != reason.CredentialNotYetValid {
		return "", err
	}
	payload, shown := document, []string(nil)
	switch {
	case disclosures:
		if payload, shown, err = conceal(document, paths, random); err != nil {
			return "", err
		}
	case len(paths) > 0:
		return "", reason.New(reason.CredentialSchemaInvalid, "a JWT discloses everything")
	}
	token, err := jose.Sign(ctx, jose.Header{Type: k.typ, ContentType: k.cty, KeyID: by.Method.String()}, payload, by)
	if err != nil || !disclosures {
		return string(token), err
	}
	return string(token) + "~" + strings.Join(append(shown, ""), "~"), nil
}
