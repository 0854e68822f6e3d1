// SPDX-License-Identifier: Apache-2.0

package ldpvc

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/behalf-id/behalf/credential/dataintegrity"
	"github.com/behalf-id/behalf/credential/internal/fixture"
	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/internal/multiformat"
	"github.com/behalf-id/behalf/key"
	"github.com/behalf-id/behalf/reason"
)

const (
	contextVC         = "https://www.w3.org/ns/credentials/v2"
	contextVC1        = "https://www.w3.org/2018/credentials/v1"
	contextDelegation = "https://example.org/ns/delegation/v1"
)

// TestAttacks is the category data-integrity of the published attacks, each with all its variants, shown
// alone and in a presentation.
func TestAttacks(t *testing.T) {
	for id, attack := range map[string]func(*testing.T, *forge){
		"DI-01": undefinedTerm, "DI-02": contextSwap, "DI-03": remoteContext, "DI-04": inlineContext, "DI-05": contextOrder,
		"DI-06": poisonGraph, "DI-07": proofAbsent, "DI-10": suiteConfusion, "DI-11": proofValues, "DI-12": proofTime,
		"DI-13": challengeAndDomain, "DI-14": proofSet, "DI-15": proofChain, "DI-16": wrapping, "DI-17": parseVerifySplit,
		"DI-20": baseProofShown, "DI-22": proofExtras,
	} {
		t.Run(id, func(t *testing.T) { attack(t, newForge(t, dataintegrity.EdDSARDFC, key.EdDSA)) })
	}
}

// TestAttacksOnJCS is those rows whose codes do not hang on RDF, for a suite that reads none.
func TestAttacksOnJCS(t *testing.T) {
	for id, attack := range map[string]func(*testing.T, *forge){
		"DI-02": contextSwap, "DI-07": proofAbsent, "DI-11": proofValues, "DI-12": proofTime, "DI-13": challengeAndDomain,
		"DI-14": proofSet, "DI-15": proofChain, "DI-16": wrapping, "DI-22": proofExtras,
	} {
		t.Run(id, func(t *testing.T) { attack(t, newForge(t, dataintegrity.EdDSAJCS, key.EdDSA)) })
	}
}

// both expects cred to be refused as code, alone and in a presentation.
func (g *forge) both(t *testing.T, what string, cred []byte, code reason.Code) {
	t.Helper()
	_, err := g.Open(context.Background(), cred, g.w.Keys)
	refused(t, what, err, code)
	g.shown(t, what+", presented", g.wrap(t, cred, g.options()), code)
}

// shown expects a presentation to be refused as code.
func (g *forge) shown(t *testing.T, what string, raw []byte, code reason.Code) {
	t.Helper()
	_, _, err := g.OpenPresentation(context.Background(), raw, g.w.Binding, g.w.Keys)
	refused(t, what, err, code)
}

func undefinedTerm(t *testing.T, g *forge) {
	g.both(t, "in the subject", replace(t, g.cred, `"delegateKind"`, `"accessLevel":"all","delegateKind"`), reason.JSONLDUndefinedTerm)
	g.both(t, "at the top", replace(t, g.cred, `"validFrom"`, `"accessLevel":"all","validFrom"`), reason.JSONLDUndefinedTerm)
	g.both(t, "in a permission", replace(t, g.cred, `"risk"`, `"accessLevel":"all","risk"`), reason.JSONLDUndefinedTerm)
	g.both(t, "as a type", replace(t, g.cred, `"DelegationCredential"]`, `"DelegationCredential","Anything"]`), reason.JSONLDRelativeIRI)
	j := newForge(t, dataintegrity.EdDSAJCS, key.EdDSA) // there every byte is signed
	j.both(t, "with JCS", replace(t, j.cred, `"delegateKind"`, `"accessLevel":"all","delegateKind"`), reason.CredentialSignatureInvalid)
}

func contextSwap(t *testing.T, g *forge) {
	for _, url := range []string{"https://attacker.example/delegation/v1", contextVC, "https://www.w3.org/ns/credentials/examples/v2", contextVC1} {
		g.both(t, url, replace(t, g.cred, `"`+contextDelegation+`"`, `"`+url+`"`), reason.JSONLDContextUnknown)
	}
}

// counter counts what goes out.
type counter struct{ n int }

func (c *counter) RoundTrip(*http.Request) (*http.Response, error) {
	c.n++
	return nil, http.ErrNotSupported
}

func remoteContext(t *testing.T, g *forge) {
	out := new(counter)
	before := http.DefaultTransport
	http.DefaultTransport = out
	defer func() { http.DefaultTransport = before }()
	const remote = "https://attacker.test/c?pid=123"
	g.both(t, "in the credential", replace(t, g.cred, `"`+contextDelegation+`"`, `"`+remote+`"`), reason.JSONLDContextUnknown)
	vp := g.wrap(t, g.cred, g.options())
	g.shown(t, "in the presentation", swap(t, vp, "@context", `["`+contextVC+`","`+remote+`"]`), reason.JSONLDContextUnknown)
	if out.n != 0 {
		t.Errorf("%d requests went out", out.n)
	}
}

func inlineContext(t *testing.T, g *forge) {
	vp := g.wrap(t, g.cred, g.options())
	for _, inline := range []string{
		`{"delegateKind":"https://example.org/ns/delegation#operatedBy"}`, `{}`,
		`{"@vocab":"https://example.org/"}`, `{"@base":"https://example.org/"}`,
		`{"@import":"https://www.w3.org/ns/credentials/v2"}`, `{"@propagate":false}`,
		`{"VerifiableCredential":{"@id":"https://example.org/","@protected":true}}`,
	} {
		both := func(what, value string) {
			t.Helper()
			g.both(t, what+inline, swap(t, g.cred, "@context", value), reason.JSONLDContextInlineForbidden)
		}
		both("third ", `["`+contextVC+`","`+contextDelegation+`",`+inline+`]`)
		both("second ", `["`+contextVC+`",`+inline+`]`)
		both("alone ", inline)
		scoped := replace(t, g.cred, `"type":"Delegate"`, `"@context":`+inline+`,"type":"Delegate"`)
		g.both(t, "scoped "+inline, scoped, reason.JSONLDContextInlineForbidden)
		g.shown(t, "in the presentation "+inline, swap(t, vp, "@context", `["`+contextVC+`",`+inline+`]`), reason.JSONLDContextInlineForbidden)
	}
}

func contextOrder(t *testing.T, g *forge) {
	j := newForge(t, dataintegrity.EdDSAJCS, key.EdDSA) // signs whatever the contexts are
	for what, value := range map[string]string{
		"a":           `["` + contextDelegation + `","` + contextVC + `"]`,
		"b":           `["` + contextVC1 + `","` + contextVC + `"]`,
		"b with ours": `["` + contextVC1 + `","` + contextVC + `","` + contextDelegation + `"]`,
		"c":           `"` + contextVC + `"`,
		"none":        `[]`,
		"one":         `["` + contextVC + `"]`,
		"three":       `["` + contextVC + `","` + contextDelegation + `","` + contextDelegation + `"]`,
	} {
		j.both(t, what, j.resign(t, swap(t, j.cred, "@context", value)), reason.VCContextInvalid)
		g.both(t, what+" with RDF", swap(t, g.cred, "@context", value), reason.VCContextInvalid)
	}
	vp := j.wrap(t, j.cred, j.options())
	for _, value := range []string{`"` + contextVC + `"`, `["` + contextDelegation + `","` + contextVC + `"]`, `[]`, `["` + contextVC1 + `"]`} {
		j.shown(t, "presentation "+value, swap(t, vp, "@context", value), reason.VCContextInvalid)
	}
}

// clique is n blank nodes of which each points to all others.
func clique(n int) string {
	nodes := make([]string, n)
	for i := range nodes {
		var others []string
		for j := range n {
			if j != i {
				others = append(others, fmt.Sprintf(`{"id":"_:e%d"}`, j))
			}
		}
		nodes[i] = fmt.Sprintf(`{"id":"_:e%d","type":"ConsentRecord","https://example.org/p":[%s]}`, i, strings.Join(others, ","))
	}
	return "[" + strings.Join(nodes, ",") + "]"
}

// poisonGraph makes cliques. The published test074c, a clique of ten as well, is not in the folder of vectors.
func poisonGraph(t *testing.T, g *forge) {
	for n := 7; n <= 12; n++ {
		g.both(t, fmt.Sprintf("clique of %d", n), swap(t, g.cred, "evidence", clique(n)), reason.LimitCanonicalization)
	}
}

func proofAbsent(t *testing.T, g *forge) {
	for _, value := range []string{"", "[]", "null", "{}"} {
		g.both(t, "proof "+value, swap(t, g.cred, "proof", value), reason.DIProofMissing)
		g.shown(t, "proof of the presentation "+value, swap(t, g.present(t, g.cred), "proof", value), reason.DIProofMissing)
	}
	// Proof on the presentation alone, by the issuer itself.
	bare := swap(t, g.cred, "proof", "")
	g.shown(t, "proof only on the presentation", g.wrap(t, bare, g.options()), reason.DIProofMissing)
}

func suiteConfusion(t *testing.T, g *forge) {
	p256 := newForge(t, dataintegrity.EdDSARDFC, key.EdDSA)
	p256.w.Web(t, p256.w.Issuer.Method.DID().String(), key.ES256)
	p256.both(t, "a P-256 key", p256.cred, reason.DISuite)
	for _, name := range []string{dataintegrity.EdDSAJCS, dataintegrity.ECDSAJCS, "eddsa-2022", "EDDSA-RDFC-2022", "ecdsa-sd-2023", "bbs-2023"} {
		g.both(t, name, replace(t, g.cred, `"cryptosuite":"eddsa-rdfc-2022"`, `"cryptosuite":"`+name+`"`), reason.DISuite)
	}
	g.both(t, "another type", replace(t, g.cred, `"type":"DataIntegrityProof","cryptosuite":"eddsa-rdfc-2022",`, `"type":"Ed25519Signature2020",`), reason.DISuite)
	e := newForge(t, dataintegrity.ECDSARDFC, key.ES256)
	relabelled := replace(t, e.cred, `"cryptosuite":"ecdsa-rdfc-2019"`, `"cryptosuite":"ecdsa-jcs-2019"`)
	e.both(t, "a JCS label on an RDF signature", relabelled, reason.DISuite)
	j := forgeIn(t, e.w, dataintegrity.ECDSAJCS)
	j.both(t, "the same, shown to the suite of the label", relabelled, reason.DISuite)
	vp := g.present(t, g.cred)
	g.shown(t, "the holder's proof", replace(t, vp, `"proofPurpose":"authentication"`, `"nonce":"x","proofPurpose":"authentication"`), reason.PresentationHolderBindingFailed)
	proof := strings.Replace(rawMember(t, vp, "proof"), "eddsa-rdfc-2022", "ecdsa-rdfc-2019", 1)
	g.shown(t, "a suite that is not the holder's key's", swap(t, vp, "proof", proof), reason.DISuite)
}

func proofValues(t *testing.T, g *forge) {
	signature := make([]byte, 64)
	signature[0] = 9
	encode := func(raw []byte) string {
		s, err := multiformat.Encode(multiformat.Base58BTC, raw)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	good := encode(signature)
	for what, value := range map[string]string{
		"m": "m" + fixture.B64(signature), "u": "u" + fixture.B64(signature), "f": "f" + fmt.Sprintf("%x", signature),
		"invalid base58": good[:9] + "l" + good[10:], "no prefix": good[1:], "63 bytes": encode(signature[:63]), "65 bytes": encode(append(signature, 1)),
		"leading ones": "z1" + good[1:], "many leading ones": "z" + strings.Repeat("1", 64), "empty": "",
	} {
		code := reason.DIProofValue
		if what == "many leading ones" { // 64 bytes of zero: of the right form
			code = reason.CredentialSignatureInvalid
		}
		for _, raw := range [][]byte{g.cred, g.present(t, g.cred)} {
			var p map[string]any
			if err := json.Unmarshal([]byte(rawMember(t, raw, "proof")), &p); err != nil {
				t.Fatal(err)
			}
			p["proofValue"] = value
			proof, err := json.Marshal(p)
			if err != nil {
				t.Fatal(err)
			}
			forged := swap(t, raw, "proof", string(proof))
			if rawMember(t, raw, "holder") == "" {
				g.both(t, what, forged, code)
			} else if code == reason.DIProofValue {
				g.shown(t, what+" of the holder", forged, code)
			}
		}
	}
}

func proofTime(t *testing.T, g *forge) {
	bare := swap(t, g.cred, "proof", "")
	at := g.w.Keys.At
	with := func(created, expires time.Time) []byte {
		return g.signAs(t, bare, dataintegrity.Options{Created: created, Expires: expires, Purpose: did.AssertionMethod}, g.w.Issuer)
	}
	g.both(t, "created in 61 s", with(at.Add(61*time.Second), time.Time{}), reason.DITime)
	g.both(t, "created in 60 s", with(at.Add(60*time.Second), time.Time{}), "")
	g.both(t, "expires in the past", with(at.Add(-time.Hour), at.Add(-time.Second)), reason.DITime)
	for _, value := range []string{"2026-11-22", "2026-11-22T09:00:00", "yesterday"} {
		created := strings.Replace(rawMember(t, g.cred, "proof"), "2026-06-01T00:00:00Z", value, 1)
		g.both(t, "created "+value, swap(t, g.cred, "proof", created), reason.DITime)
		expires := strings.Replace(rawMember(t, g.cred, "proof"), `"created"`, `"expires":"`+value+`","created"`, 1)
		g.both(t, "expires "+value, swap(t, g.cred, "proof", expires), reason.DITime)
	}
}

func challengeAndDomain(t *testing.T, g *forge) {
	change := func(what string, code reason.Code, change func(o *dataintegrity.Options)) {
		t.Helper()
		o := g.options()
		change(&o)
		g.shown(t, what, g.wrap(t, g.cred, o), code)
	}
	audience := g.w.Binding.Audience
	_, bare, _ := strings.Cut(audience, ":")
	change("good", "", func(*dataintegrity.Options) {})
	change("a: challenge missing", reason.PresentationNonceMismatch, func(o *dataintegrity.Options) { o.Challenge = "" })
	change("b: challenge of another session", reason.PresentationNonceMismatch, func(o *dataintegrity.Options) { o.Challenge = "another" })
	change("nonce in its place", reason.PresentationNonceMismatch, func(o *dataintegrity.Options) { o.Challenge, o.Nonce = "", o.Challenge })
	change("c: domain with evil", reason.PresentationAudienceMismatch, func(o *dataintegrity.Options) { o.Domain = []string{audience, "evil"} })
	change("c: evil first", reason.PresentationAudienceMismatch, func(o *dataintegrity.Options) { o.Domain = []string{"evil", audience} })
	change("d: domain without prefix", reason.PresentationAudienceMismatch, func(o *dataintegrity.Options) { o.Domain = []string{bare} })
	change("domain missing", reason.PresentationAudienceMismatch, func(o *dataintegrity.Options) { o.Domain = nil })
	change("both wrong", reason.PresentationNonceMismatch, func(o *dataintegrity.Options) { o.Challenge, o.Domain = "x", nil })
	change("created missing", reason.PresentationStale, func(o *dataintegrity.Options) { o.Created = time.Time{} })
	change("too old", reason.PresentationStale, func(o *dataintegrity.Options) { o.Created = g.w.Binding.At.Add(-301 * time.Second) })
	change("at the edge", "", func(o *dataintegrity.Options) { o.Created = g.w.Binding.At.Add(-300 * time.Second) })
	change("too new", reason.PresentationStale, func(o *dataintegrity.Options) { o.Created = g.w.Binding.At.Add(61 * time.Second) })
	change("over", reason.PresentationStale, func(o *dataintegrity.Options) { o.Expires = g.w.Binding.At })
	change("another purpose", reason.DIPurpose, func(o *dataintegrity.Options) { o.Purpose = did.AssertionMethod })

	// The subject alone can present.
	for what, vp := range map[string][]byte{
		"another's proof": g.signAs(t, appendPresentation(g.cred, g.w.Holder.Method.DID().String()), g.options(), g.w.Attacker),
		"another holder":  g.signAs(t, appendPresentation(g.cred, g.w.Attacker.Method.DID().String()), g.options(), g.w.Attacker),
		"holder differs":  g.signAs(t, appendPresentation(g.cred, g.w.Attacker.Method.DID().String()), g.options(), g.w.Holder),
		"changed":         replace(t, g.present(t, g.cred), `"consent"`, `"guardian"`),
	} {
		g.shown(t, what, vp, reason.PresentationHolderBindingFailed)
	}
	two := g.signAs(t, g.present(t, g.cred), g.options(), g.w.Attacker)
	g.shown(t, "a proof of another beside", two, reason.PresentationHolderBindingFailed)
	var other = g.options()
	other.Challenge = "another"
	g.shown(t, "a proof for another beside", g.signAs(t, g.present(t, g.cred), other, g.w.Holder), reason.PresentationNonceMismatch)
}

func proofSet(t *testing.T, g *forge) {
	bare := swap(t, g.cred, "proof", "")
	attacker := rawMember(t, g.signAs(t, bare, dataintegrity.Options{Purpose: did.AssertionMethod}, g.w.Attacker), "proof")
	good := rawMember(t, g.cred, "proof")
	broken := strings.Replace(good, "2026-06-01T", "2026-06-02T", 1)
	set := func(proofs ...string) []byte { return swap(t, g.cred, "proof", "["+strings.Join(proofs, ",")+"]") }
	g.both(t, "attacker, issuer broken", set(attacker, broken), reason.DIProofSet)
	g.both(t, "issuer broken, attacker", set(broken, attacker), reason.DIProofSet)
	g.both(t, "attacker, issuer good", set(attacker, good), reason.DIProofSet)
	g.both(t, "issuer good, issuer broken", set(good, broken), reason.DIProofSet)
	g.both(t, "attacker alone", set(attacker), reason.KeyControllerMismatch)
	g.both(t, "five", set(good, good, good, good, good), reason.DIProofSet)
	g.both(t, "a thousand", set(strings.Split(strings.Repeat(good+"|", 999)+good, "|")...), reason.LimitMembers)
	g.both(t, "two good ones", set(good, good), "")
}

func proofChain(t *testing.T, g *forge) {
	bare := swap(t, g.cred, "proof", "")
	link := func(doc []byte, id string, previous ...string) []byte {
		return g.signAs(t, doc, dataintegrity.Options{ID: id, Previous: previous, Purpose: did.AssertionMethod}, g.w.Issuer)
	}
	chain := link(link(bare, "urn:x:1"), "urn:x:2", "urn:x:1")
	g.both(t, "a good chain", chain, "")
	var proofs []json.RawMessage
	if err := json.Unmarshal([]byte(rawMember(t, chain, "proof")), &proofs); err != nil {
		t.Fatal(err)
	}
	g.both(t, "pointing at a removed proof", swap(t, chain, "proof", string(proofs[1])), reason.DIChain)
	g.both(t, "missing", replace(t, chain, `"previousProof":"urn:x:1"`, `"previousProof":"urn:x:3"`), reason.DIChain)
	g.both(t, "cyclic", replace(t, chain, `"id":"urn:x:1"`, `"id":"urn:x:1","previousProof":"urn:x:2"`), reason.DIChain)
	g.both(t, "itself", replace(t, chain, `"previousProof":"urn:x:1"`, `"previousProof":"urn:x:2"`), reason.DIChain)
	g.both(t, "not named any more", replace(t, chain, `,"previousProof":"urn:x:1"`, ``), reason.DIProofSet)
}

func wrapping(t *testing.T, g *forge) {
	cred := string(g.cred)
	evil := strings.Replace(string(swap(t, g.cred, "proof", "")), `"consent"`, `"guardian"`, 1)
	head := `{"@context":["` + contextVC + `","` + contextDelegation + `"],`
	subject := swap(t, swap(t, g.cred, "proof", ""), "credentialSubject", cred)
	for what, wrapped := range map[string]string{
		"graph":                     head + `"@graph":[` + cred + `,` + evil + `]}`,
		"graph with a proof beside": head + `"@graph":[` + evil + `],"proof":` + rawMember(t, g.cred, "proof") + `}`,
		"included":                  strings.Replace(evil, `{`, `{"@included":[`+cred+`],`, 1),
		"included, with its proof":  strings.Replace(cred, `{`, `{"@included":[`+evil+`],`, 1),
		"subject":                   string(subject),
		"one of two subjects":       string(swap(t, g.cred, "credentialSubject", `[{"id":"urn:x:y"},`+cred+`]`)),
		"presentation":              string(g.present(t, g.cred)),
		"reverse":                   strings.Replace(cred, `{`, `{"@reverse":{"issuer":`+evil+`},`, 1),
	} {
		g.both(t, what, []byte(wrapped), reason.VCStructure)
	}
	vp := g.present(t, g.cred)
	for what, value := range map[string]string{
		"two credentials": `[` + cred + `,` + evil + `]`, "none": `[]`, "a string": `"` + contextVC + `"`, "a list in a list": `[[` + cred + `]]`,
	} {
		g.shown(t, what, swap(t, vp, "verifiableCredential", value), reason.VCStructure)
	}
	g.shown(t, "not a presentation", swap(t, vp, "type", `"VerifiableCredential"`), reason.VCStructure)
	g.shown(t, "included beside", swap(t, vp, "@included", `[`+evil+`]`), reason.VCStructure)
	g.shown(t, "graph beside", swap(t, vp, "@graph", `[`+evil+`]`), reason.VCStructure)
}

// parseVerifySplit puts a member that is not signed somewhere into the credential: it is refused, and
// no one who asks is ever shown it.
func parseVerifySplit(t *testing.T, g *forge) {
	g.both(t, "undefined", replace(t, g.cred, `"relationship"`, `"Relationship2":"x","relationship"`), reason.JSONLDUndefinedTerm)
	places := strings.Count(string(g.cred), `{"`)
	for _, suite := range []string{dataintegrity.EdDSARDFC, dataintegrity.EdDSAJCS} {
		g := forgeIn(t, g.w, suite)
		rapid.Check(t, func(t *rapid.T) {
			name := rapid.SampledFrom([]string{"x", "id2", "permission", "@id", "@type", "@index", "@value", "@nest", "@language", "name", "https://example.org/x", "_:x"}).Draw(t, "name")
			value := rapid.SampledFrom([]string{`"x"`, `7`, `null`, `[]`, `{}`, `["view"]`, `{"id":"urn:x:y"}`}).Draw(t, "value")
			at, raw := rapid.IntRange(0, places-1).Draw(t, "place"), string(g.cred)
			pieces := strings.SplitAfterN(raw, `{"`, at+2)
			forged := strings.Join(pieces[:len(pieces)-1], "") + name + `":` + value + `,"` + pieces[len(pieces)-1]
			o, err := g.Open(context.Background(), []byte(forged), g.w.Keys)
			if err == nil {
				t.Fatalf("%s passes as %+v", forged, o.Credential)
			}
			if c := reason.Of(err); c == reason.InternalIndeterminate {
				t.Fatalf("a refusal without a name: %v", err)
			}
		})
	}
}

func proofExtras(t *testing.T, g *forge) {
	for _, extra := range []string{`"x":"y"`, `"jws":"a..b"`, `"signatureValue":"x"`, `"creator":"did:web:a.example"`, `"capability":"urn:x:y"`, `"@type":"x"`, `"@id":"urn:x:y"`} {
		g.both(t, extra, replace(t, g.cred, `"cryptosuite"`, extra+`,"cryptosuite"`), reason.DIProofOptions)
		proof := strings.Replace(rawMember(t, g.present(t, g.cred), "proof"), `{`, `{`+extra+`,`, 1)
		g.shown(t, extra+" of the holder", swap(t, g.present(t, g.cred), "proof", proof), reason.DIProofOptions)
	}
}
