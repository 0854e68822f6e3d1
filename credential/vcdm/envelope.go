// SPDX-License-Identifier: Apache-2.0

package vcdm

import (
	"net/url"
	"slices"
	"strings"

	"github.com/behalf-id/behalf/internal/strictjson"
)

// The media types of what an envelope may hold (VC-JOSE-COSE 1.0 §6.1).
const (
	MediaCredentialJWT     = "application/vc+jwt"
	MediaCredentialSDJWT   = "application/vc+sd-jwt"
	MediaCredentialCOSE    = "application/vc+cose"
	MediaPresentationJWT   = "application/vp+jwt"
	MediaPresentationSDJWT = "application/vp+sd-jwt"
	MediaPresentationCOSE  = "application/vp+cose"
)

// Envelope is what an enveloped credential or presentation holds. The zero Envelope holds nothing.
type Envelope struct {
	MediaType string // one of those above
	Content   string // what stands behind the comma of the data: URL, unescaped
}

// IsZero reports whether e holds nothing.
func (e Envelope) IsZero() bool { return e.MediaType == "" }

// OpenEnvelopedCredential reads raw, an EnvelopedVerifiableCredential (Verifiable Credentials Data
// Model 2.0 §4.13.1): the base context of version 2.0, alone or first, that type and no other, and
// as id a data: URL with a credential. Anything else is vc.context_invalid or
// credential.schema_invalid. What the envelope holds is not looked into.
func OpenEnvelopedCredential(raw []byte) (Envelope, error) {
	o, err := open(raw)
	if err != nil {
		return Envelope{}, err
	}
	return envelope(o, TypeEnvelopedCredential)
}

// OpenEnvelopedPresentation is OpenEnvelopedCredential for an EnvelopedVerifiablePresentation
// (Verifiable Credentials Data Model 2.0 §4.13.2).
func OpenEnvelopedPresentation(raw []byte) (Envelope, error) {
	o, err := open(raw)
	if err != nil {
		return Envelope{}, err
	}
	return envelope(o, TypeEnvelopedPresentation)
}

// IsEnveloped reports whether raw is an object that says of itself that it is an enveloped
// credential or presentation. It decides nothing else.
func IsEnveloped(raw []byte) bool {
	o, err := open(raw)
	return err == nil && (hasType(o, TypeEnvelopedCredential) || hasType(o, TypeEnvelopedPresentation))
}

func hasType(o object, want string) bool {
	types, err := new(check).readTypes(o, "type")
	return err == nil && slices.Contains(types, want)
}

func envelope(o object, want string) (Envelope, error) {
	c := &check{}
	if err := envelopeContext(o.get("@context")); err != nil {
		return Envelope{}, err
	}
	types, err := c.readTypes(o, "type")
	if err != nil {
		return Envelope{}, err
	}
	if len(types) != 1 || types[0] != want {
		return Envelope{}, c.wrong("an envelope is of another type")
	}
	id, ok := text(o.get("id"))
	if !ok {
		return Envelope{}, c.wrong("the id of an envelope is not a data: URL")
	}
	e, ok := dataURL(id)
	if !ok || !slices.Contains(contents(want), e.MediaType) {
		return Envelope{}, c.wrong("the id of an envelope is not a data: URL with a secured document of the right media type")
	}
	return e, nil
}

// contents are the media types that an envelope of a type may hold.
func contents(typ string) []string {
	if typ == TypeEnvelopedCredential {
		return []string{MediaCredentialJWT, MediaCredentialSDJWT, MediaCredentialCOSE}
	}
	return []string{MediaPresentationJWT, MediaPresentationSDJWT, MediaPresentationCOSE}
}

// envelopeContext wants the base context of version 2.0 alone or as the first of an array.
func envelopeContext(v strictjson.Value) error {
	if v == nil {
		return contextInvalid("the @context of an envelope is missing")
	}
	items, err := oneOrMore(v, "@context", MaxContexts)
	if err != nil {
		return err
	}
	if len(items) == 0 {
		return contextInvalid("the @context of an envelope is empty")
	}
	if first, _ := text(items[0]); first != BaseV2 {
		return contextInvalid("the @context of an envelope does not begin with the base context")
	}
	c := &check{sum: Summary{Version: V2}}
	for _, item := range items[1:] {
		if err := c.contextItem(item); err != nil {
			return err
		}
	}
	return nil
}

// dataURL reads a data: URL (RFC 2397) with a media type without parameters but base64, which is
// how bytes are written; what is base64 stays so.
func dataURL(s string) (Envelope, bool) {
	rest, ok := strings.CutPrefix(s, "data:")
	media, content, found := strings.Cut(rest, ",")
	if !ok || !found || content == "" {
		return Envelope{}, false
	}
	media = strings.TrimSuffix(media, ";base64")
	if strings.Contains(content, "%") {
		plain, err := url.PathUnescape(content)
		if err != nil {
			return Envelope{}, false
		}
		content = plain
	}
	return Envelope{strings.ToLower(media), content}, true
}
