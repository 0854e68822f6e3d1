// SPDX-License-Identifier: Apache-2.0

package vcapi

import (
	"context"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/credential/sdjwt"
	"github.com/behalf-id/behalf/credential/vcdm"
	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/internal/jose"
	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/key"
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
	By       string   // whose key signed: the issuer, or the holder
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

// ring finds the key of a token.
type ring interface {
	// source says what the header must say of the key.
	source() jose.KeySource
	// find returns the key that kid names for a token with claims, and whose it is.
	find(ctx context.Context, kid string, claims object, purpose did.Relationship) (key.Public, owner, error)
	// now is the instant for which keys and tokens must be good.
	now() time.Time
}

// owner is whose a key is. A key that an operator handed over for one token is held to be that of
// whoever the token names.
type owner struct {
	id     string
	handed bool
}

// fits reports whether o may be party, "" for nobody in particular.
func (o owner) fits(party string) bool { return o.handed || party == "" || party == o.id }

// OpenToken verifies what e holds (VC-JOSE-COSE 1.0 §3): typ and cty by its media type, the key that kid
// names in the document of the issuer or holder, the signature, that the registered claims do not
// contradict the document, and the data model. The payload is the document: one with a member vc or vp
// is vc.structure. COSE is jose.typ_mismatch. The period of validity of the document is for the caller,
// and so are the credentials of a presentation.
func OpenToken(ctx context.Context, e vcdm.Envelope, keys credential.Keys) (Opened, error) {
	return openToken(ctx, e, resolved{keys})
}

func openToken(ctx context.Context, e vcdm.Envelope, keys ring) (Opened, error) {
	k, disclosures, err := kindOf(e.MediaType)
	if err != nil {
		return Opened{}, err
	}
	token := e.Content
	if disclosures {
		token, _, _ = strings.Cut(token, "~")
	}
	t, public, by, err := k.signed(ctx, []byte(token), keys)
	if err != nil {
		return Opened{}, err
	}
	payload, err := t.Verify(public)
	if disclosures && err == nil {
		var p sdjwt.Processed
		p, err = sdjwt.Process(ctx, []byte(e.Content), sdjwt.Expect{Type: k.typ, Key: public})
		payload = p.Claims
	}
	if err != nil {
		return Opened{}, err
	}
	return k.open(payload, by, keys.now())
}

// signed checks the header of token, and returns it with the key that must have signed and whose that is.
func (k kind) signed(ctx context.Context, token []byte, keys ring) (jose.Token, key.Public, owner, error) {
	t, err := jose.Parse(token, jose.Policy{Type: k.typ, Key: keys.source()})
	if err != nil {
		return jose.Token{}, key.Public{}, owner{}, err
	}
	if cty := strings.TrimPrefix(t.Header.ContentType, "application/"); cty != "" && cty != k.cty {
		return jose.Token{}, key.Public{}, owner{}, reason.New(reason.JOSEHeaderInvalid, "cty is not that of the document")
	}
	claims, err := readObject(t.Unverified())
	if err != nil {
		return jose.Token{}, key.Public{}, owner{}, err
	}
	public, by, err := keys.find(ctx, t.Header.KeyID, claims, k.purpose)
	return t, public, by, err
}

// resolved finds keys in the documents of DIDs.
type resolved struct{ keys credential.Keys }

func (r resolved) source() jose.KeySource { return jose.FromKeyID }
func (r resolved) now() time.Time         { return r.keys.At }

func (r resolved) find(ctx context.Context, kid string, claims object, purpose did.Relationship) (key.Public, owner, error) {
	method, err := methodOf(kid, claims)
	if err != nil {
		return key.Public{}, owner{}, err
	}
	doc, err := r.keys.Resolver.Resolve(ctx, method.DID())
	if err != nil {
		return key.Public{}, owner{}, err
	}
	public, err := doc.Key(method, purpose, r.keys.At)
	return public, owner{id: method.DID().String()}, err
}

// methodOf reads kid: a DID URL, or a fragment relative to who the payload says has signed.
func methodOf(kid string, claims object) (did.URL, error) {
	if strings.HasPrefix(kid, "#") {
		kid = signatory(claims) + kid
	}
	u, err := did.ParseURL(kid)
	if err != nil {
		return did.URL{}, reason.Wrap(reason.JOSEKidInvalid, "kid is not a DID URL", err)
	}
	return u, nil
}

// signatory returns who claims say has signed, "" if nobody.
func signatory(claims object) string {
	for _, name := range [...]string{"iss", "issuer", "holder"} {
		v := claims.get(name)
		if party := inside(v); party != nil {
			v = party.get("id")
		}
		if s, err := strictjson.String(v); err == nil {
			return s
		}
	}
	return ""
}

// open holds a payload that by signed to the model and to the claims beside it.
func (k kind) open(payload []byte, by owner, at time.Time) (Opened, error) {
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
	out := Opened{Document: payload, Summary: sum, By: by.id}
	party := sum.Issuer
	if k.purpose == did.Authentication {
		party = sum.Holder
	}
	if !by.fits(party) {
		return Opened{}, reason.New(reason.KeyControllerMismatch, "the key is not one of the issuer or holder")
	}
	if party == "" {
		party = by.id
	}
	if err := agree(claims, sum, party); err != nil {
		return Opened{}, err
	}
	if err := inTime(claims, at); err != nil {
		return Opened{}, err
	}
	return out, out.readBinding(claims)
}

// agree refuses registered claims that say something else than the document (VC-JOSE-COSE 1.0 §3.1.3).
func agree(claims object, sum vcdm.Summary, party string) error {
	iss, errIss := claims.optionalText("iss")
	sub, errSub := claims.optionalText("sub")
	jti, errID := claims.optionalText("jti")
	for _, err := range []error{errIss, errSub, errID} {
		if err != nil {
			return err
		}
	}
	if iss != "" && iss != party || jti != "" && sum.ID != "" && jti != sum.ID ||
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
// and places in arrays parted by dots, can be disclosed selectively; random feeds their salts. Paths for
// another kind of token are credential.schema_invalid, and sdjwt.Conceal refuses others. The document
// must name the signer as issuer or holder (key.controller_mismatch).
func SignToken(ctx context.Context, mediaType string, document []byte, paths []string, by did.Signer, random io.Reader) (string, error) {
	return signToken(ctx, mediaType, document, paths, signing{by, by.Method.String(), owner{id: by.Method.DID().String()}}, random)
}

// signing is a key to sign with, by which name it is found and whose it is.
type signing struct {
	key.Signer
	kid   string
	owner owner
}

func signToken(ctx context.Context, mediaType string, document []byte, paths []string, by signing, random io.Reader) (string, error) {
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
	if _, err := k.open(document, by.owner, time.Unix(0, 0)); err != nil && reason.Of(err) != reason.CredentialNotYetValid {
		return "", err
	}
	payload, shown := document, []byte(nil)
	switch {
	case disclosures:
		c := sdjwt.Concealment{Hide: make([][]string, len(paths))}
		for i, path := range paths {
			c.Hide[i] = slices.Collect(strings.SplitSeq(path, "."))
		}
		if payload, shown, err = sdjwt.Conceal(document, c, k.typ, random); err != nil {
			return "", err
		}
	case len(paths) > 0:
		return "", reason.New(reason.CredentialSchemaInvalid, "a JWT discloses everything")
	}
	token, err := jose.Sign(ctx, jose.Header{Type: k.typ, ContentType: k.cty, KeyID: by.kid}, payload, by)
	if err != nil || !disclosures {
		return string(token), err
	}
	return string(token) + "~" + string(shown), nil
}
