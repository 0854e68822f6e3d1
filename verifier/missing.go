// SPDX-License-Identifier: Apache-2.0

package verifier

import (
	"bytes"

	"github.com/behalf-id/behalf/internal/jose"
	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/openid/dcql"
	"github.com/behalf-id/behalf/openid/vp"
	"github.com/behalf-id/behalf/reason"
)

// nameMissing gives a credential that was refused because it has no status at all the word for
// that. It only ever renames one refusal into another, so it may read what nobody verified.
func nameMissing(q *dcql.Credential, raw string, err error) error {
	if reason.Of(err) != reason.CredentialSchemaInvalid {
		return err
	}
	member, payload := "credentialStatus", middle([]byte(raw))
	if q.Format == vp.FormatSDJWT {
		token, _, _ := bytes.Cut([]byte(raw), []byte("~"))
		member, payload = "status", middle(token)
	} else if q.Bound() {
		payload = middle(enclosed(payload))
	}
	if payload == nil || strictjson.Check(payload) != nil {
		return err
	}
	for m, e := range strictjson.Members(payload) {
		if e != nil || string(m.Name) == member {
			return err
		}
	}
	return reason.Wrap(reason.StatusRequiredMissing, "the credential has no status entry", err)
}

// middle returns the payload of a compact token, nil if it is none.
func middle(token []byte) []byte {
	_, rest, ok := bytes.Cut(token, []byte("."))
	body, _, ok2 := bytes.Cut(rest, []byte("."))
	if !ok || !ok2 {
		return nil
	}
	payload, err := jose.AppendDecode(nil, body)
	if err != nil {
		return nil
	}
	return payload
}

// enclosed returns the credential in the envelope of a presentation (VC Data Model 2.0 §4.13).
func enclosed(presentation []byte) []byte {
	var p struct {
		Credentials []struct {
			ID string `json:"id"`
		} `json:"verifiableCredential"`
	}
	if strictjson.Unmarshal(presentation, &p) != nil || len(p.Credentials) != 1 {
		return nil
	}
	_, jwt, _ := bytes.Cut([]byte(p.Credentials[0].ID), []byte(","))
	return jwt
}
