// SPDX-License-Identifier: Apache-2.0

package did

import (
	"strings"
	"time"

	"github.com/behalf-id/behalf/internal/multiformat"
	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/key"
	"github.com/behalf-id/behalf/reason"
)

// wireMethod is a verification method as it is written, less the members that are only counted.
type wireMethod struct {
	ID         string           `json:"id"`
	Type       string           `json:"type"`
	Controller string           `json:"controller"`
	JWK        strictjson.Value `json:"publicKeyJwk"`
	Multibase  *string          `json:"publicKeyMultibase"`
	Expires    *string          `json:"expires"`
	Revoked    *string          `json:"revoked"`
}

func readMethod(v strictjson.Value, id DID) (Method, error) {
	var w wireMethod
	if err := strictjson.Unmarshal(v, &w); err != nil {
		return Method{}, bounded(err)
	}
	u, err := ParseURL(w.ID)
	if err != nil || u.did != id {
		return Method{}, reason.New(reason.DIDDocumentMismatch, "the id of a verification method is not a URL of the DID")
	}
	if err := w.check(v); err != nil {
		return Method{}, err
	}
	m := Method{ID: u}
	if m.Expires, err = stamp(w.Expires); err != nil {
		return Method{}, err
	}
	if m.Revoked, err = stamp(w.Revoked); err != nil {
		return Method{}, err
	}
	m.Key, m.refused = w.key(id)
	if reason.Of(m.refused) == reason.KeyPrivateMaterial {
		return Method{}, m.refused
	}
	return m, nil
}

// check looks at what every method needs, of whatever type it is. v is the method as received.
func (w *wireMethod) check(v strictjson.Value) error {
	kinds, err := countMaterial(v)
	switch {
	case err != nil:
		return err
	case w.Type == "" || w.Controller == "":
		return reason.New(reason.JSONMemberMissing, "a verification method has no type or no controller")
	case kinds > 1:
		return reason.New(reason.KeyAmbiguous, "a verification method has two kinds of key material")
	case kinds == 0 && w.known():
		return reason.New(reason.JSONMemberMissing, "a verification method has no key material")
	}
	return nil
}

// countMaterial returns how many members of v are key material. A private one is refused.
func countMaterial(v strictjson.Value) (int, error) {
	kinds := 0
	for m, err := range strictjson.Members(v) {
		if err != nil {
			return 0, err
		}
		name := strings.ToLower(string(m.Name))
		switch {
		case strings.HasPrefix(name, "secretkey"), strings.HasPrefix(name, "privatekey"):
			return 0, reason.New(reason.KeyPrivateMaterial, "a DID document holds a private key")
		case strings.HasPrefix(name, "publickey"), name == "blockchainaccountid", name == "ethereumaddress":
			kinds++
		}
	}
	return kinds, nil
}

func (w *wireMethod) known() bool {
	switch w.Type {
	case "JsonWebKey", "JsonWebKey2020", "Multikey", "Ed25519VerificationKey2020":
		return true
	}
	return false
}

// key returns the key of a method that passed check, or why nothing can be verified with it.
// A published JWK is read whatever the type, so that private members are found.
func (w *wireMethod) key(id DID) (key.Public, error) {
	k, err := w.material()
	if reason.Of(err) == reason.KeyPrivateMaterial {
		return key.Public{}, err
	}
	if w.Controller != id.s {
		return key.Public{}, reason.New(reason.KeyControllerMismatch, "the key is controlled by another DID")
	}
	return k, err
}

func (w *wireMethod) material() (key.Public, error) {
	if w.JWK != nil {
		k, err := multiformat.ReadJWK(w.JWK)
		if err == nil && w.Type != "JsonWebKey" && w.Type != "JsonWebKey2020" {
			return key.Public{}, unsupported()
		}
		return k, err
	}
	if w.Multibase == nil || w.Type != "Multikey" && w.Type != "Ed25519VerificationKey2020" {
		return key.Public{}, unsupported()
	}
	k, err := multiformat.DecodeKey(*w.Multibase)
	if err == nil && w.Type != "Multikey" && k.Algorithm() != key.EdDSA {
		return key.Public{}, reason.New(reason.KeyWeak, "the key is not of the kind that its type says")
	}
	return k, err
}

func unsupported() error {
	return reason.New(reason.DIDMethodUnsupported, "a verification method of this type is not supported")
}

// stamp reads an XML Schema dateTimeStamp; nil is the zero time.
func stamp(s *string) (time.Time, error) {
	if s == nil {
		return time.Time{}, nil
	}
	t, err := time.Parse(time.RFC3339, *s)
	if err != nil || t.IsZero() || len(*s) > 40 {
		return time.Time{}, reason.New(reason.JSONType, "expires or revoked is not a time with zone")
	}
	return t, nil
}
