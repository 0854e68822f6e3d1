// SPDX-License-Identifier: Apache-2.0

package bitstring

import (
	"context"
	"encoding/json"
	"testing"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/credential/dataintegrity"
	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/reason"
)

// TestProvedOtherWords: a proof over RDF holds over every way to write the same statements. A host
// that writes the end of a list, its ttl or its own status in words that are not read here does not
// make it a list without them.
func TestProvedOtherWords(t *testing.T) {
	ctx := context.Background()
	by, s := newSigner(t, issuerDID), suite(t, dataintegrity.EdDSARDFC)
	sealed, err := Prove(ctx, provedList(), s, by)
	if err != nil {
		t.Fatal(err)
	}
	unsecured, _, err := dataintegrity.Split(sealed)
	if err != nil {
		t.Fatal(err)
	}
	// sign signs the list as change leaves it, for those words that we would not have signed.
	sign := func(change func(map[string]any)) []byte {
		doc := map[string]any{}
		if err := json.Unmarshal(unsecured, &doc); err != nil {
			t.Fatal(err)
		}
		change(doc)
		raw, err := json.Marshal(doc)
		if err != nil {
			t.Fatal(err)
		}
		if raw, err = dataintegrity.Sign(ctx, raw, s, dataintegrity.Options{Created: proofTime, Purpose: did.AssertionMethod}, by); err != nil {
			t.Fatal(err)
		}
		return raw
	}
	const cred, status = "https://www.w3.org/2018/credentials#", "https://www.w3.org/ns/credentials/status#"
	typed := func(v, typ string) any {
		return map[string]any{"@value": v, "@type": "http://www.w3.org/2001/XMLSchema#" + typ}
	}
	subject := func(doc map[string]any) map[string]any { return doc["credentialSubject"].(map[string]any) }
	until := func(doc, into map[string]any) {
		into[cred+"validUntil"] = typed(doc["validUntil"].(string), "dateTime")
		delete(doc, "validUntil")
	}
	own := map[string]any{"id": "urn:example:s", "type": "BitstringStatusListEntry", "statusPurpose": Revocation, "statusListIndex": "1", "statusListCredential": listURL}
	for name, c := range map[string]struct {
		issued, hosted func(map[string]any)
	}{
		"the end in full": {func(map[string]any) {}, func(doc map[string]any) { until(doc, doc) }},
		"the end in what is included": {func(map[string]any) {}, func(doc map[string]any) {
			into := map[string]any{"@id": listURL}
			until(doc, into)
			doc["@included"] = []any{into}
		}},
		"the ttl in full": {func(map[string]any) {}, func(doc map[string]any) {
			subject(doc)[status+"ttl"] = typed("300000", "integer")
			delete(subject(doc), "ttl")
		}},
		"the end in a subject of the same name": {
			func(doc map[string]any) { subject(doc)["id"] = listURL },
			func(doc map[string]any) {
				subject(doc)["type"] = []any{"BitstringStatusList", "VerifiableCredential", "BitstringStatusListCredential"}
				subject(doc)["validUntil"] = doc["validUntil"]
				delete(doc, "validUntil")
			},
		},
		"its own status in full": {
			func(doc map[string]any) { doc["credentialStatus"] = own },
			func(doc map[string]any) {
				doc[cred+"credentialStatus"] = own
				delete(doc, "credentialStatus")
			},
		},
	} {
		raw := sign(c.issued)
		doc := map[string]any{}
		if err := json.Unmarshal(raw, &doc); err != nil {
			t.Fatal(err)
		}
		c.hosted(doc)
		hosted, err := json.Marshal(doc)
		if err != nil {
			t.Fatal(err)
		}
		keys := credential.Keys{Resolver: resolves(by), At: proofTime}
		if _, err := dataintegrity.Suites([]dataintegrity.Cryptosuite{s}).Verify(ctx, hosted, dataintegrity.Expect{Purpose: did.AssertionMethod}, keys); err != nil {
			t.Errorf("%s: not the same statements, so that nothing is shown: %v", name, err)
		}
		l, err := OpenProved(ctx, hosted, dataintegrity.Suites{s}, by.Method.DID(), listURL, keys)
		if code := reason.Of(err); code != reason.StatusEncoding {
			t.Errorf("%s: %v, a list until %v, ttl %v", name, err, l.Expires, l.TTL)
		}
	}
}
