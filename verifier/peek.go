// SPDX-License-Identifier: Apache-2.0

package verifier

import (
	"bytes"
	"slices"
	"strings"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/internal/jose"
	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/openid/dcql"
	"github.com/behalf-id/behalf/openid/vp"
	"github.com/behalf-id/behalf/reason"
)

// Nothing in this file is verified. What it reads may refuse an answer, or give a refusal its
// word, and nothing else.

// ourVCT reports whether the vct of an SD-JWT lies in our own namespace, whatever its case.
func ourVCT(raw string) bool {
	var claims struct {
		VCT string `json:"vct"`
	}
	payload := issuedPayload(vp.FormatSDJWT, raw, false)
	return payload != nil && strictjson.Unmarshal(payload, &claims) == nil &&
		len(claims.VCT) >= len(credential.VCTNamespace) && strings.EqualFold(claims.VCT[:len(credential.VCTNamespace)], credential.VCTNamespace)
}

// issuedPayload returns what the issuer signed, nil if it cannot be found. presented tells whether a
// holder proof goes with raw.
func issuedPayload(format, raw string, presented bool) []byte {
	if format == vp.FormatSDJWT {
		token, _, _ := bytes.Cut([]byte(raw), []byte("~"))
		return middle(token)
	}
	if format == vp.FormatLDP {
		return embedded([]byte(raw), presented)
	}
	payload := middle([]byte(raw))
	if presented {
		payload = middle(enclosed(payload))
	}
	return payload
}

// issuedToken returns the token that the issuer signed, without what a holder put around it, whose header says
// nothing of the issuer's authorities; "" where there is none.
func issuedToken(format, raw string, presented bool) string {
	switch {
	case format == vp.FormatLDP:
		return ""
	case format == vp.FormatVCJWT && presented:
		return string(enclosed(middle([]byte(raw))))
	}
	return raw
}

// tooLong refuses the chain of a leaf that has more links than the framework allows, before any
// signature is checked (security.md §5.3). It looks only where more links were shown than
// allowed: without those that are not on the path the chain may still be short enough.
func (o *opening) tooLong(leaf string) error {
	limit, parents := o.framework().Limits.MaxChainLinks, o.answered(queryParents)
	count := 1
	for _, id := range parents {
		count += len(o.token[id])
	}
	if limit == 0 || count <= limit { // 0: there is no framework, and the decision says so
		return nil
	}
	var above []linkName
	for _, id := range parents {
		for _, raw := range o.token[id] {
			above = append(above, nameOf(o.query.Find(id), raw))
		}
	}
	length := 1
	for next := nameOf(o.query.Find(leaf), o.token[leaf][0]).parent; next != ""; length++ {
		i := slices.IndexFunc(above, func(n linkName) bool { return n.id == next })
		if i < 0 {
			break
		}
		next = above[i].parent
		above = slices.Delete(above, i, i+1)
	}
	if length > limit {
		return reason.New(reason.ChainTooLong, "more links than the framework allows")
	}
	return nil
}

// linkName is the id of a link and of the one that it names as its parent.
type linkName struct{ id, parent string }

// nameOf reads the names of a link; what cannot be read has none.
func nameOf(q *dcql.Credential, raw string) linkName {
	type grant struct {
		Parent struct {
			ID string `json:"id"`
		} `json:"parent"`
	}
	var claims struct {
		ID      string `json:"id"`
		JTI     string `json:"jti"`
		Grant   grant  `json:"delegation"`
		Subject struct {
			Grant grant `json:"delegation"`
		} `json:"credentialSubject"`
	}
	payload := issuedPayload(q.Format, raw, q.Bound())
	if payload == nil || strictjson.Unmarshal(payload, &claims) != nil {
		return linkName{}
	}
	if q.Format == vp.FormatSDJWT {
		return linkName{claims.JTI, claims.Grant.Parent.ID}
	}
	return linkName{claims.ID, claims.Subject.Grant.Parent.ID}
}

// nameMissing gives a credential that was refused because it has no status at all the word for
// that. It only ever renames one refusal into another.
func nameMissing(q *dcql.Credential, raw string, err error) error {
	if reason.Of(err) != reason.CredentialSchemaInvalid {
		return err
	}
	member := "credentialStatus"
	if q.Format == vp.FormatSDJWT {
		member = "status"
	}
	payload := issuedPayload(q.Format, raw, q.Bound())
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

// embedded returns the credential that raw is, or that raw presents.
func embedded(raw []byte, presented bool) []byte {
	if !presented {
		return raw
	}
	var one struct {
		Credential strictjson.Value `json:"verifiableCredential"`
	}
	var list struct {
		Credentials []strictjson.Value `json:"verifiableCredential"`
	}
	switch {
	case strictjson.Unmarshal(raw, &list) == nil && len(list.Credentials) == 1:
		return list.Credentials[0]
	case strictjson.Unmarshal(raw, &one) == nil && one.Credential.Kind() == '{':
		return one.Credential
	}
	return nil
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
