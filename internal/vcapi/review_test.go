// SPDX-License-Identifier: Apache-2.0

package vcapi_test

import (
	"testing"
	"time"

	"github.com/behalf-id/behalf/reason"
)

// TestOtherWords: a holder who writes the end or the status of a credential in words that mean the same
// in RDF and are not read here does not make it one without them.
func TestOtherWords(t *testing.T) {
	s := start(t)
	const name, cred, status = "eddsa-rdfc-2022", "https://www.w3.org/2018/credentials#", "https://www.w3.org/ns/credentials/status#"
	over := func() doc {
		d := s.degree(name)
		d["id"] = "urn:uuid:0d1f8a52-5a3c-4c39-9a51-6f8f1d0c7a11"
		d["validUntil"] = now.Format(time.RFC3339)
		return d
	}
	full := func(vc, into doc) {
		into[cred+"validUntil"] = doc{"@value": vc["validUntil"], "@type": "http://www.w3.org/2001/XMLSchema#dateTime"}
		delete(vc, "validUntil")
	}
	noID := over()
	delete(noID, "id")
	for what, c := range map[string]struct {
		issued doc
		change func(doc)
	}{
		"in full":             {over(), func(vc doc) { full(vc, vc) }},
		"in full, without id": {noID, func(vc doc) { full(vc, vc) }},
		"in what is included": {over(), func(vc doc) {
			into := doc{"@id": vc["id"]}
			full(vc, into)
			vc["@included"] = []any{into}
		}},
	} {
		vc := s.issue(name, c.issued, nil)
		c.change(vc)
		s.refused(what, s.verify(vc, nil), reason.VCAmbiguous)
	}
	vc := s.issue(name, s.degree(name), nil)
	vc[cred+"credentialStatus"] = vc["credentialStatus"]
	delete(vc, "credentialStatus")
	s.refused("the status in full", s.verify(vc, nil), reason.VCAmbiguous)
	vc = s.issue(name, s.degree(name), nil)
	entry := doc{"type": status + "BitstringStatusListEntry", "id": vc["credentialStatus"].(doc)["id"]}
	for member, isID := range map[string]bool{"statusPurpose": false, "statusListIndex": false, "statusListCredential": true} {
		v := doc{"@value": vc["credentialStatus"].(doc)[member]}
		if isID {
			v = doc{"@id": v["@value"]}
		}
		entry[status+member] = v
	}
	vc["credentialStatus"] = entry
	s.refused("an entry in full", s.verify(vc, nil), reason.CredentialSchemaInvalid)
}
