// SPDX-License-Identifier: Apache-2.0

package vcapi_test

import (
	"bytes"
	"compress/gzip"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/behalf-id/behalf/credential/dataintegrity"
	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/did/didkey"
	"github.com/behalf-id/behalf/internal/jsonld"
	"github.com/behalf-id/behalf/key"
	"github.com/behalf-id/behalf/reason"
)

// TestVerifyRefused is requirement 180 and 66: one member missing or changed at a time, for each issuer.
func TestVerifyRefused(t *testing.T) {
	s := start(t)
	for _, name := range s.names() {
		t.Run(name, func(t *testing.T) {
			s := s.on(t)
			good := s.shown(name, s.issue(name, s.degree(name), nil))
			s.verifies("as it is", good)
			try := func(what string, change func(vc, proof doc)) {
				t.Helper()
				bad := clone(t, good)
				change(bad, bad["proof"].(doc))
				s.refused(what, s.verify(bad, nil), "")
			}
			for _, member := range []string{"type", "created", "verificationMethod", "proofValue", "proofPurpose", "cryptosuite"} {
				try("proof without "+member, func(_, p doc) { delete(p, member) })
				for _, v := range []any{nil, 4, true, doc{}, "", "x"} {
					try("proof with another "+member, func(_, p doc) { p[member] = v })
				}
			}
			for _, member := range []string{"@context", "type", "issuer", "credentialSubject"} {
				try("without "+member, func(vc, _ doc) { delete(vc, member) })
				for _, v := range []any{nil, 4, true, doc{}, "x", []any{}} {
					try("another "+member, func(vc, _ doc) { vc[member] = v })
				}
			}
			for _, v := range []any{nil, 4, "x", []any{}, []any{4}, doc{}} {
				try("proof "+strconv.Quote(string(must(json.Marshal(v)))), func(vc, _ doc) { vc["proof"] = v })
			}
			try("no proof", func(vc, _ doc) { delete(vc, "proof") })
			try("a changed claim", func(vc, _ doc) { vc["credentialSubject"].(doc)["degree"].(doc)["name"] = "Doctor" })
			try("a further claim", func(vc, _ doc) { vc["credentialSubject"].(doc)["degree"].(doc)["url"] = "https://a.example/" })
			try("a removed claim", func(vc, _ doc) { delete(vc["credentialSubject"].(doc)["degree"].(doc), "name") })
			try("another start", func(vc, _ doc) { vc["validFrom"] = "2026-01-02T00:00:00Z" })
			try("another issuer", func(vc, _ doc) { vc["issuer"] = s.dids[other(s, name)] })
			try("another context", func(vc, _ doc) {
				vc["@context"] = []any{vc["@context"].([]any)[0], doc{"@vocab": "https://example.org/#"}}
			})
			try("one context less", func(vc, _ doc) { vc["@context"] = vc["@context"].([]any)[:1] })
			try("another time of the proof", func(_, p doc) { p["created"] = "2026-05-01T00:00:00Z" })
			try("another purpose", func(_, p doc) { p["proofPurpose"] = "authentication" })
			try("another method", func(_, p doc) {
				id := s.dids[other(s, name)]
				p["verificationMethod"] = id + "#" + strings.TrimPrefix(id, "did:key:")
			})
			try("another suite", func(_, p doc) { p["cryptosuite"] = "ecdsa-2019" })
		})
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// other returns an issuer with another key.
func other(s *server, name string) string {
	names := s.names()
	return names[(slices.Index(names, name)+1)%len(names)]
}

// TestValidity is requirement 15 and what the option checks restricts.
func TestValidity(t *testing.T) {
	s := start(t)
	const name = "eddsa-jcs-2022"
	d := s.degree(name)
	d["validUntil"] = now.Format(time.RFC3339)
	over := s.issue(name, d, nil)
	s.refused("over", s.verify(over, nil), reason.CredentialExpired)
	s.refused("over, all checks by name", s.verify(over, doc{"checks": []string{"proof", "validity"}}), reason.CredentialExpired)
	if a := s.verify(over, doc{"checks": []string{"proof"}}); a.status != http.StatusOK {
		t.Errorf("the proof alone: %d %s", a.status, a.body)
	}
	d = s.degree(name)
	d["validFrom"] = now.Add(time.Second).Format(time.RFC3339)
	s.refused("not yet", s.verify(s.issue(name, d, nil), doc{"checks": []string{}}), reason.CredentialNotYetValid)
	s.refused("no such check", s.verify(over, doc{"checks": []string{"beauty"}}), reason.RequestMalformed)
	s.refused("checks no array", s.verify(over, doc{"checks": "proof"}), reason.JSONType)
	bad := clone(t, over)
	bad["issuer"] = nil
	s.refused("the model is always checked", s.verify(bad, doc{"checks": []string{"proof"}}), reason.CredentialSchemaInvalid)
	d = s.degree(name)
	d["validUntil"] = "2025-01-01T00:00:00Z"
	s.refused("the end before the start", s.post(s.issuePath(name), doc{"credential": d}), reason.CredentialSchemaInvalid)
}

// TestStatus is requirement 182.
func TestStatus(t *testing.T) {
	s := start(t)
	const name = "eddsa-rdfc-2022"
	var indexes []string
	for range 3 {
		vc := s.issue(name, s.degree(name), nil)
		entry, ok := vc["credentialStatus"].(doc)
		if !ok || entry["type"] != "BitstringStatusListEntry" || entry["statusPurpose"] != "revocation" || entry["statusListCredential"] != s.origin+"/status/1" {
			t.Fatalf("%v", vc["credentialStatus"])
		}
		indexes = append(indexes, entry["statusListIndex"].(string))
		a := s.verify(vc, doc{"checks": []string{"proof", "status"}})
		if a.status != http.StatusOK || a.member(t, "status") != "valid" {
			t.Errorf("%d %s", a.status, a.body)
		}
	}
	if indexes[0] == indexes[1] || indexes[1] == indexes[2] {
		t.Errorf("not fresh: %v", indexes)
	}
	vc := s.issue(name, s.degree(name), nil)
	entry := vc["credentialStatus"].(doc)
	index, err := strconv.ParseUint(entry["statusListIndex"].(string), 10, 32)
	if err != nil {
		t.Fatal(err)
	}
	list := s.send(http.MethodGet, "/status/1", "", nil)
	if list.status != http.StatusOK || list.header.Get("Content-Type") != "application/json" || bit(t, list, index) {
		t.Errorf("%d %v", list.status, list.header)
	}
	s.verifies("the list", parse(t, string(list.body)))
	if got := list.header.Get("Cache-Control"); !strings.HasPrefix(got, "public, max-age=5") {
		t.Error(got)
	}
	if err := s.api.Revoke(s.origin+"/status/1", index); err != nil {
		t.Fatal(err)
	}
	if !bit(t, s.send(http.MethodGet, "/status/1", "", nil), index) {
		t.Error("the bit is not set")
	}
	s.refused("revoked", s.verify(vc, nil), reason.StatusRevoked)
	if a := s.verify(vc, doc{"checks": []string{"proof"}}); a.status != http.StatusOK {
		t.Errorf("the proof alone: %d %s", a.status, a.body)
	}
	if err := s.api.Revoke(s.origin+"/status/2", index); reason.Of(err) != reason.ObjectUnknown {
		t.Error(err)
	}
	if s.issue(name, s.degreeV1(name), nil)["credentialStatus"] != nil {
		t.Error("a status for version 1.1")
	}
	s.foreignStatus(name)
	if a := s.send(http.MethodGet, "/status/01", "", nil); a.status != http.StatusNotFound {
		t.Errorf("%d", a.status)
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.origin+"/status/1", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Accept", "application/vc")
	if got := s.do(r).header.Get("Content-Type"); got != "application/vc" {
		t.Error(got)
	}
}

// foreignStatus shows what becomes of entries that the server did not give out.
func (s *server) foreignStatus(name string) {
	s.t.Helper()
	for _, c := range []struct {
		change doc
		want   reason.Code // when all checks are made, and the status must be had
		all    reason.Code // when all checks are made
	}{
		{doc{"statusListCredential": "https://elsewhere.example/status/1"}, reason.StatusUnavailable, ""},
		{doc{"type": "https://example.org/#Other"}, reason.StatusUnavailable, ""},
		{doc{"statusListCredential": s.origin + "/status/9"}, reason.StatusUnavailable, reason.StatusUnavailable},
		{doc{"statusListIndex": "131072"}, reason.StatusIndex, reason.StatusIndex},
		{doc{"statusPurpose": "suspension"}, reason.StatusPurpose, reason.StatusPurpose},
	} {
		entry := doc{"type": "BitstringStatusListEntry", "statusPurpose": "revocation", "statusListIndex": "1", "statusListCredential": s.origin + "/status/1"}
		for member, v := range c.change {
			entry[member] = v
		}
		d := s.degree(name)
		d["credentialStatus"] = entry
		vc := s.issue(name, d, nil)
		s.refused("status", s.verify(vc, doc{"checks": []string{"status"}}), c.want)
		if a := s.verify(vc, nil); c.all == "" && (a.status != http.StatusOK || a.member(s.t, "status") != "unknown") {
			s.t.Errorf("%v: %d %s", c.change, a.status, a.body)
		} else if c.all != "" {
			s.refused("status", a, c.all)
		}
	}
	d := s.degree("eddsa-jcs-2022")
	d["credentialStatus"] = doc{"type": "BitstringStatusListEntry", "statusPurpose": "revocation", "statusListIndex": "1", "statusListCredential": s.origin + "/status/1"}
	s.refused("another's list", s.verify(s.issue("eddsa-jcs-2022", d, nil), nil), reason.StatusIssuer)
}

// bit reads a list as a verifier does that knows the specification alone.
func bit(t *testing.T, list answer, index uint64) bool {
	t.Helper()
	encoded, _ := list.member(t, "credentialSubject", "encodedList").(string)
	raw, err := base64.RawURLEncoding.DecodeString(strings.TrimPrefix(encoded, "u"))
	if err != nil {
		t.Fatal(err)
	}
	r, err := gzip.NewReader(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	bits, err := io.ReadAll(r)
	if err != nil || len(bits) < 16<<10 {
		t.Fatal(len(bits), err)
	}
	return bits[index/8]>>(7-index%8)&1 == 1
}

// holder signs presentations.
type holder struct {
	t  testing.TB
	by did.Signer
}

func newHolder(t testing.TB) holder {
	t.Helper()
	by, err := didkey.Signer(must(key.Generate(key.EdDSA, rand.Reader)))
	if err != nil {
		t.Fatal(err)
	}
	return holder{t, by}
}

func (h holder) id() string { return h.by.Method.DID().String() }

func (h holder) presentation(credentials ...any) doc {
	return doc{"@context": []any{"https://www.w3.org/ns/credentials/v2"}, "type": []any{"VerifiablePresentation"}, "holder": h.id(), "verifiableCredential": credentials}
}

func (h holder) sign(suite string, d doc, o dataintegrity.Options) doc {
	h.t.Helper()
	s, err := dataintegrity.Suite(suite, jsonld.Open)
	if err != nil {
		h.t.Fatal(err)
	}
	o.Created = now
	raw, err := dataintegrity.Sign(h.t.Context(), must(json.Marshal(d)), s, o, h.by)
	if err != nil {
		h.t.Fatal(err)
	}
	return parse(h.t, string(raw))
}

func (s *server) present(vp any, options doc) answer {
	s.t.Helper()
	body := doc{"verifiablePresentation": vp}
	if options != nil {
		body["options"] = options
	}
	return s.post("/presentations/verify", body)
}

// TestPresentations is requirements 28 to 30 and 181.
func TestPresentations(t *testing.T) {
	s, h := start(t), newHolder(t)
	var credentials []any
	for _, name := range s.names() {
		credentials = append(credentials, s.shown(name, s.issue(name, s.degree(name), nil)))
	}
	first := credentials[0].(doc)
	for _, suite := range []string{dataintegrity.EdDSARDFC, dataintegrity.EdDSAJCS} {
		t.Run(suite, func(t *testing.T) {
			s := s.on(t)
			o := dataintegrity.Options{Purpose: did.Authentication, Challenge: "c-1", Domain: []string{"https://a.example"}}
			vp := h.sign(suite, h.presentation(credentials...), o)
			for _, options := range []doc{nil, {}, {"challenge": "c-1"}, {"domain": "https://a.example"}, {"challenge": "c-1", "domain": "https://a.example", "checks": []string{"proof"}}} {
				a := s.present(vp, options)
				if a.status != http.StatusOK || a.member(t, "holderBinding") != "proved" || a.member(t, "holder") != h.id() {
					t.Errorf("%v: %d %s", options, a.status, a.body)
				}
				if list, _ := a.member(t, "credentialResults").([]any); len(list) != len(credentials) {
					t.Errorf("the results: %v", list)
				}
			}
			s.refused("another challenge", s.present(vp, doc{"challenge": "c-2"}), reason.PresentationNonceMismatch)
			s.refused("another domain", s.present(vp, doc{"domain": "https://b.example"}), reason.PresentationAudienceMismatch)
			s.refused("a challenge that is no text", s.present(vp, doc{"challenge": 4}), reason.JSONType)
			s.refused("a domain that is no text", s.present(vp, doc{"domain": doc{}}), reason.JSONType)
			changed := clone(t, vp)
			changed["verifiableCredential"] = credentials[:1]
			s.refused("a credential taken out", s.present(changed, nil), reason.CredentialSignatureInvalid)
			bare := h.sign(suite, h.presentation(first), dataintegrity.Options{Purpose: did.Authentication})
			s.refused("no challenge", s.present(bare, doc{"challenge": "c-1"}), reason.PresentationNonceMismatch)
			s.refused("no domain", s.present(bare, doc{"domain": "https://a.example"}), reason.PresentationAudienceMismatch)
			s.refused("another purpose", s.present(h.sign(suite, h.presentation(first), dataintegrity.Options{Purpose: did.AssertionMethod}), nil), reason.DIPurpose)
			foreign := h.presentation(first)
			foreign["holder"] = "did:example:someone"
			s.refused("another holder", s.present(h.sign(suite, foreign, o), nil), reason.PresentationHolderBindingFailed)
			delete(foreign, "holder")
			if a := s.present(h.sign(suite, foreign, o), nil); a.status != http.StatusOK || a.member(t, "holder") != h.id() {
				t.Errorf("no holder: %d %s", a.status, a.body)
			}
			forged := clone(t, first)
			forged["validFrom"] = "2026-01-02T00:00:00Z"
			s.refused("a forged credential", s.present(h.sign(suite, h.presentation(first, forged), o), nil), "")
			unsigned := clone(t, first)
			delete(unsigned, "proof")
			s.refused("an unsigned credential", s.present(h.sign(suite, h.presentation(unsigned), o), nil), reason.DIProofMissing)
		})
	}
}

// TestUnsignedPresentations is requirement 29.
func TestUnsignedPresentations(t *testing.T) {
	s, h := start(t), newHolder(t)
	vc := s.issue("eddsa-jcs-2022", s.degree("eddsa-jcs-2022"), nil)
	vp := h.presentation(vc)
	if a := s.present(vp, nil); a.status != http.StatusOK || a.member(t, "holderBinding") != "absent" || a.member(t, "format") != "none" {
		t.Errorf("%d %s", a.status, a.body)
	}
	s.refused("challenge", s.present(vp, doc{"challenge": "c-1"}), reason.PresentationNonceMismatch)
	s.refused("domain", s.present(vp, doc{"domain": "https://a.example"}), reason.PresentationAudienceMismatch)
	for member, values := range map[string][]any{
		"@context": {nil, 4, "x", []any{}}, "type": {nil, 4, []any{}, []any{"VerifiableCredential"}},
		"verifiableCredential": {nil, 4, "x", []any{4}, []any{"x"}, []any{doc{}}}, "holder": {nil, 4, "nobody"}, "proof": {nil, 4, "x", doc{}},
	} {
		for _, v := range values {
			bad := clone(t, vp)
			bad[member] = v
			s.refused(member, s.present(bad, nil), "")
		}
	}
	for _, member := range []string{"@context", "type"} {
		bad := clone(t, vp)
		delete(bad, member)
		s.refused("without "+member, s.present(bad, nil), "")
	}
	delete(vp, "verifiableCredential")
	if a := s.present(vp, nil); a.status != http.StatusOK {
		t.Errorf("no credential: %d %s", a.status, a.body)
	}
}

// TestSchema shows that a schema that is known here is evaluated, at issue and at verify, and that
// another is reported.
func TestSchema(t *testing.T) {
	s := start(t)
	d := s.degree("eddsa-jcs-2022")
	d["credentialSchema"] = doc{"id": "https://example.org/schemas/delegation-credential-1.json", "type": "JsonSchema"}
	s.refused("it does not fit", s.post(s.issuePath("eddsa-jcs-2022"), doc{"credential": d}), reason.CredentialSchemaInvalid)
	d["credentialSchema"] = doc{"id": "https://a.example/schema.json", "type": "JsonSchema"}
	a := s.verify(s.issue("eddsa-jcs-2022", d, nil), nil)
	if list, _ := a.member(t, "unchecked").([]any); a.status != http.StatusOK || len(list) != 1 {
		t.Errorf("%d %s", a.status, a.body)
	}
}
