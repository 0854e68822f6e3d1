// SPDX-License-Identifier: Apache-2.0

package e2e_test

import (
	"strings"
	"time"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/credential/dataintegrity"
	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/internal/jsonld"
	"github.com/behalf-id/behalf/internal/strictjson"
)

// embedded is the format with an embedded proof in which the scenarios are played. Its suite makes
// JSON canonical and reads no terms, so that a credential with any defect can be signed.
const embedded = dataintegrity.ECDSAJCS

// embed returns claims with a proof by the party called by.
func (p *play) embed(claims object, o dataintegrity.Options, by string) string {
	p.Helper()
	suite, err := dataintegrity.Suite(p.format, jsonld.Closed)
	must(p, err)
	raw, err := dataintegrity.Sign(p.Context(), p.marshal(claims), suite, o, p.signer(by))
	must(p, err)
	return string(raw)
}

// embeddedProof returns m in a presentation with a proof of the party called by.
func (p *play) embeddedProof(m minted, by, audience, nonce string, at time.Time) string {
	p.Helper()
	return p.embed(object{
		"@context": []string{credential.ContextVC}, "type": []string{"VerifiablePresentation"}, "holder": p.did(by),
		"verifiableCredential": []strictjson.Value{strictjson.Value(m.raw)},
	}, dataintegrity.Options{Purpose: did.Authentication, Created: at, Challenge: nonce, Domain: []string{audience}}, by)
}

// canonicalDigest is what a child names a parent by that is secured with JSON made canonical.
func (p *play) canonicalDigest(secured string) string {
	p.Helper()
	canonical, err := strictjson.Canonical([]byte(secured))
	must(p, err)
	return digest(string(canonical))
}

// flippedValue changes the last proofValue in secured, which stays one.
func flippedValue(secured string) string {
	at := strings.LastIndex(secured, `"proofValue":"`) + 40
	other := "2"
	if secured[at:at+1] == other {
		other = "3"
	}
	return secured[:at] + other + secured[at+1:]
}
