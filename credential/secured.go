// SPDX-License-Identifier: Apache-2.0

package credential

import (
	"context"
	"strings"

	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/reason"
)

// SecuredJSON returns a secured credential or presentation as the protocols put it into JSON: one
// that is a JSON object as that object, every other as a string (OpenID4VCI 1.0 §8.3, OpenID4VP
// 1.0 §8.1).
func SecuredJSON(secured string) (strictjson.Value, error) {
	if !strings.HasPrefix(secured, "{") {
		return strictjson.Marshal(secured)
	}
	if err := strictjson.Check([]byte(secured)); err != nil {
		return nil, err
	}
	return strictjson.Value(secured), nil
}

// ReadSecured is the reverse of SecuredJSON for a value that was checked: of an object the bytes as
// received, of a string its text. An object inside a string is jose.serialization_forbidden, as
// only one form of a credential is read; anything else is json.type.
func ReadSecured(v strictjson.Value) (string, error) {
	if v.Kind() == '{' {
		return string(v), nil
	}
	secured, err := strictjson.String(v)
	if err == nil && strings.HasPrefix(secured, "{") {
		return "", reason.New(reason.JOSESerializationForbidden, "a JSON object inside a string")
	}
	return secured, err
}

// Discloser is the ability of a Format that issues credentials in another form than they are shown in.
type Discloser interface {
	// Whole returns raw, as it was issued, in the form in which Open takes it, with all of it disclosed.
	Whole(raw []byte) ([]byte, error)
}

// OpenIssued is Open for the issuer and the holder of raw, who have it as it was issued.
func OpenIssued(ctx context.Context, f Format, raw []byte, keys Keys) (Verified, error) {
	v, err := Open(ctx, f, raw, keys)
	d, ok := f.(Discloser)
	if !ok || reason.Of(err) != reason.DIBaseProof {
		return v, err
	}
	whole, err := d.Whole(raw)
	if err != nil {
		return Verified{}, err
	}
	return Open(ctx, f, whole, keys)
}
