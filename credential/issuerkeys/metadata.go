// SPDX-License-Identifier: Apache-2.0

package issuerkeys

import (
	"context"
	"strings"

	"github.com/behalf-id/behalf/internal/jose"
	"github.com/behalf-id/behalf/internal/safehttp"
	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/key"
	"github.com/behalf-id/behalf/reason"
	"github.com/behalf-id/behalf/trustframework"
)

// wellKnown stands between the host and the path of an issuer (SD-JWT VC, "JWT VC Issuer Metadata").
const wellKnown = "/.well-known/jwt-vc-issuer"

// MaxMetadata is the number of bytes of issuer metadata, and of a key set that it points to.
const MaxMetadata = 64 << 10

// Getter fetches without following redirects, as *safehttp.Client does.
type Getter interface {
	Get(ctx context.Context, url string, want safehttp.Want) (safehttp.Response, error)
}

// MetadataURL returns where the metadata of an https issuer lies; for any other issuer it is
// issuer.metadata_invalid.
func MetadataURL(issuer string) (string, error) {
	if !trustframework.HTTPSIssuer(issuer) {
		return "", badMetadata("the issuer has no plain https address", nil)
	}
	origin, path := originOf(issuer)
	return origin + wellKnown + path, nil
}

// originOf cuts an https address behind its host.
func originOf(address string) (origin, path string) {
	const scheme = "https://"
	if i := strings.IndexByte(address[len(scheme):], '/'); i >= 0 {
		return address[:len(scheme)+i], address[len(scheme)+i:]
	}
	return address, ""
}

// metadata is one document of issuer metadata.
type metadata struct {
	keys []jose.NamedKey // jwks, nil where jwksURI stands
	uri  string          // jwks_uri
}

// readMetadata reads what lies at MetadataURL(issuer). Another issuer, both or none of jwks and
// jwks_uri, and a jwks_uri at another host are issuer.metadata_invalid, and so is what is no strict
// JSON or holds a key that jose.ReadJWK refuses.
func readMetadata(raw []byte, issuer string) (metadata, error) {
	var doc struct {
		Issuer string           `json:"issuer"`
		JWKS   strictjson.Value `json:"jwks"`
		URI    *string          `json:"jwks_uri"`
	}
	if err := strictjson.Unmarshal(raw, &doc); err != nil {
		return metadata{}, badMetadata("not a document of metadata", err)
	}
	switch {
	case doc.Issuer == "" || doc.Issuer != issuer:
		return metadata{}, badMetadata("the metadata is another issuer's", nil)
	case (doc.JWKS == nil) == (doc.URI == nil):
		return metadata{}, badMetadata("not exactly one of jwks and jwks_uri", nil)
	case doc.URI != nil:
		return metadata{uri: *doc.URI}, sameOrigin(*doc.URI, issuer)
	}
	keys, err := readKeySet(doc.JWKS)
	return metadata{keys: keys}, err
}

// sameOrigin refuses a key set at another host than the issuer's: whoever could name one would
// choose the key.
func sameOrigin(uri, issuer string) error {
	origin, _ := originOf(issuer)
	if len(uri) > safehttp.MaxURL || !strings.HasPrefix(uri, origin+"/") || strings.ContainsAny(uri, "\\#@") {
		return badMetadata("jwks_uri is at another host", nil)
	}
	return nil
}

func readKeySet(raw []byte) ([]jose.NamedKey, error) {
	keys, err := jose.ReadJWKS(raw)
	if err != nil {
		return nil, badMetadata("not a set of keys of the allow-list", err)
	}
	return keys, nil
}

// named returns the key called kid; without kid the only one there is. A kid that is not there is
// jose.kid_invalid, none among several key.ambiguous.
func named(keys []jose.NamedKey, kid string) (key.Public, error) {
	if kid == "" && len(keys) == 1 {
		return keys[0].Public, nil
	}
	if kid == "" {
		return key.Public{}, reason.New(reason.KeyAmbiguous, "there is no kid, and the issuer has several keys")
	}
	for _, k := range keys {
		if k.ID == kid {
			return k.Public, nil
		}
	}
	return key.Public{}, reason.New(reason.JOSEKidInvalid, "the issuer has no key of this name")
}

func badMetadata(detail string, err error) error {
	return reason.Wrap(reason.IssuerMetadataInvalid, detail, err)
}

// fetchKeys fetches the metadata of issuer and the key set that it points to. What cannot be had is
// issuer.metadata_invalid, a redirect included; an address that must not be reached keeps its code.
func fetchKeys(ctx context.Context, from Getter, issuer string) ([]jose.NamedKey, error) {
	url, err := MetadataURL(issuer)
	if err != nil {
		return nil, err
	}
	raw, err := get(ctx, from, url, "application/json")
	if err != nil {
		return nil, err
	}
	m, err := readMetadata(raw, issuer)
	if err != nil || m.uri == "" {
		return m.keys, err
	}
	if raw, err = get(ctx, from, m.uri, "application/json", "application/jwk-set+json"); err != nil {
		return nil, err
	}
	return readKeySet(raw)
}

func get(ctx context.Context, from Getter, url string, types ...string) ([]byte, error) {
	got, err := from.Get(ctx, url, safehttp.Want{MediaTypes: types, MaxBytes: MaxMetadata})
	switch reason.Of(err) {
	case reason.FetchBlocked, reason.FetchTLS, reason.FetchLimit, reason.FetchNotAllowed:
		return nil, err
	}
	if err != nil {
		return nil, badMetadata("it cannot be fetched", err)
	}
	return got.Body, nil
}
