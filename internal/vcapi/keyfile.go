// SPDX-License-Identifier: Apache-2.0

package vcapi

import (
	"context"
	"errors"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/credential/vcdm"
	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/internal/jose"
	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/key"
	"github.com/behalf-id/behalf/reason"
)

// ErrNotBuilt says that something is not built, whatever it was given.
var ErrNotBuilt = errors.New("vcapi: not built")

// Features of the command line form, and the media types that they stand for.
const (
	FeatureCredentialJOSE    = "credential_jose"
	FeatureCredentialSDJWT   = "credential_sdjwt"
	FeatureCredentialCOSE    = "credential_cose"
	FeaturePresentationJOSE  = "presentation_jose"
	FeaturePresentationSDJWT = "presentation_sdjwt"
	FeaturePresentationCOSE  = "presentation_cose"
)

// Features returns the media type of each feature.
func Features() map[string]string {
	return map[string]string{
		FeatureCredentialJOSE: vcdm.MediaCredentialJWT, FeatureCredentialSDJWT: vcdm.MediaCredentialSDJWT,
		FeatureCredentialCOSE: vcdm.MediaCredentialCOSE, FeaturePresentationJOSE: vcdm.MediaPresentationJWT,
		FeaturePresentationSDJWT: vcdm.MediaPresentationSDJWT, FeaturePresentationCOSE: vcdm.MediaPresentationCOSE,
	}
}

// KeyFile is a verification method that an operator hands over for one token, as the one key to use.
// Only ReadKeyFile makes one.
type KeyFile struct {
	id         string
	controller string
	thumbprint string
	kid        string // of the JWK
	public     key.Public
	private    *key.Private // nil in a file to verify with
	at         time.Time
}

// keyFileJSON is the file: a verification method with its private half beside it, if there is one.
type keyFileJSON struct {
	ID         string           `json:"id"`
	Controller string           `json:"controller"`
	Public     strictjson.Value `json:"publicKeyJwk"`
	Secret     *key.JWK         `json:"secretKeyJwk"`
}

// ReadKeyFile reads raw, with the members id, controller, publicKeyJwk and, to sign with,
// secretKeyJwk. Tokens are judged at at; random feeds signatures. A key of P-521 is ErrNotBuilt; another
// that cannot be used has the codes of jose.ReadJWK and key.JWK.Private.
func ReadKeyFile(raw []byte, at time.Time, random io.Reader) (KeyFile, error) {
	var f keyFileJSON
	if err := strictjson.Unmarshal(raw, &f); err != nil {
		return KeyFile{}, err
	}
	if f.ID == "" || f.Public == nil {
		return KeyFile{}, reason.New(reason.JSONMemberMissing, "a key file needs id and publicKeyJwk")
	}
	jwk := inside(f.Public)
	if curve, _ := strictjson.String(jwk.get("crv")); curve == "P-521" {
		return KeyFile{}, ErrNotBuilt
	}
	out := KeyFile{id: f.ID, controller: f.Controller, at: at}
	var err error
	if out.public, err = jose.ReadJWK(f.Public); err != nil {
		return KeyFile{}, err
	}
	if out.kid, err = jwk.optionalText("kid"); err != nil {
		return KeyFile{}, err
	}
	out.thumbprint = out.public.Thumbprint()
	if f.Secret == nil {
		return out, nil
	}
	if out.private, err = f.Secret.Private(random); err != nil {
		return KeyFile{}, err
	}
	if !out.private.Public().Equal(out.public) {
		return KeyFile{}, reason.New(reason.KeyWeak, "the two keys of the file do not belong together")
	}
	return out, nil
}

// SignWith is SignToken with the key of f, which is held to be that of whoever the document names.
func SignWith(ctx context.Context, mediaType string, document []byte, paths []string, f KeyFile, random io.Reader) (string, error) {
	if f.private == nil {
		return "", reason.New(reason.KeyWeak, "the key file holds no private key")
	}
	return signToken(ctx, mediaType, document, paths, signing{f.private, f.name(), owner{f.controller, true}}, random)
}

// name is what kid says: the id where it is a DID URL, else the thumbprint, as a URL of another kind
// has characters that kid may not have here.
func (f KeyFile) name() string {
	if _, err := did.ParseURL(f.id); err == nil {
		return f.id
	}
	return f.thumbprint
}

// OpenWith is OpenToken with the key of f, and opens the credentials of a presentation too: with f where
// their kid names it, else as OpenToken does with keys. A credential that cannot be opened makes the
// presentation fail, and a period of validity that does not hold at the instant of f makes all fail.
func OpenWith(ctx context.Context, e vcdm.Envelope, f KeyFile, keys credential.Keys) (Opened, error) {
	o, err := openToken(ctx, e, f)
	if err != nil {
		return Opened{}, err
	}
	if err := o.Summary.Valid(f.at); err != nil {
		return Opened{}, err
	}
	for n, h := range o.Summary.Held {
		if err := openHeld(ctx, h, f, keys); err != nil {
			return Opened{}, reason.Wrap(reason.Of(err), "credential "+strconv.Itoa(n+1)+" of the presentation", err)
		}
	}
	return o, nil
}

// openHeld opens a credential of a presentation, which must be in an envelope (VC-JOSE-COSE 1.0 §3.1.2).
func openHeld(ctx context.Context, h vcdm.Held, f KeyFile, keys credential.Keys) error {
	if h.Envelope.IsZero() {
		return reason.New(reason.VCStructure, "a credential is not in an envelope")
	}
	o, err := openToken(ctx, h.Envelope, f)
	if reason.Of(err) == reason.JOSEKidInvalid {
		o, err = openToken(ctx, h.Envelope, resolved{keys})
	}
	if err != nil {
		return err
	}
	return o.Summary.Valid(f.at)
}

func (f KeyFile) source() jose.KeySource { return jose.FromContext }
func (f KeyFile) now() time.Time         { return f.at }

// find gives the key of f to a token that names no key, or this one.
func (f KeyFile) find(_ context.Context, kid string, _ object, _ did.Relationship) (key.Public, owner, error) {
	_, fragment, _ := strings.Cut(f.id, "#")
	if kid != "" && !slices.Contains([]string{f.id, f.thumbprint, f.kid, "#" + fragment}, kid) {
		return key.Public{}, owner{}, reason.New(reason.JOSEKidInvalid, "kid names another key")
	}
	return f.public, owner{f.controller, true}, nil
}
