// SPDX-License-Identifier: Apache-2.0

package dataintegrity

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/did/didkey"
	"github.com/behalf-id/behalf/internal/conformance"
	"github.com/behalf-id/behalf/internal/jsonld"
	"github.com/behalf-id/behalf/internal/multiformat"
	"github.com/behalf-id/behalf/internal/shared"
	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/key"
	"github.com/behalf-id/behalf/reason"
)

// vectorKeys finds did:key; the vectors were made long before this instant.
func vectorKeys() credential.Keys {
	return credential.Keys{Resolver: didkey.New(), At: time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)}
}

func allSuites(t testing.TB, p jsonld.Profile) Suites {
	t.Helper()
	var ss Suites
	for _, name := range []string{EdDSARDFC, EdDSAJCS, ECDSARDFC, ECDSAJCS} {
		s, err := Suite(name, p)
		if err != nil {
			t.Fatal(err)
		}
		ss = append(ss, s)
	}
	return ss
}

// chain is one chain of files: a document secured with one suite and key.
type chainOf struct {
	dir, suffix, unsigned, suite, keys string
}

func (c chainOf) read(t *testing.T, name string) []byte {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(c.dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func (c chainOf) hex(t *testing.T, name string) []byte {
	t.Helper()
	raw, err := hex.DecodeString(strings.TrimSpace(string(c.read(t, name+c.suffix+".txt"))))
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func TestVectorsEdDSA(t *testing.T) {
	dir := shared.Dir(t, "vectors/w3c-vc-di-eddsa")
	rdf, jcs := filepath.Join(dir, EdDSARDFC), filepath.Join(dir, EdDSAJCS)
	keys := filepath.Join(dir, "keyPair.json")
	row := conformance.Row{Standard: "Data Integrity EdDSA Cryptosuites 1.0", Part: "§3 suites, each step", Source: "w3c-vc-di-eddsa"}
	for _, c := range []chainOf{
		{rdf, "DataInt", filepath.Join(dir, "unsigned.json"), EdDSARDFC, keys},
		{filepath.Join(rdf, "employ"), "DataInt", filepath.Join(dir, "employmentAuth.json"), EdDSARDFC, keys},
		{jcs, "JCS", filepath.Join(dir, "unsigned.json"), EdDSAJCS, keys},
	} {
		c.run(t, &row)
	}
	legacy := chainOf{dir: filepath.Join(dir, "Ed25519Signature2020")}
	_, err := allSuites(t, jsonld.Closed).Verify(context.Background(), legacy.read(t, "signedEdSig.json"), Expect{Purpose: did.AssertionMethod}, vectorKeys())
	refusedAs(t, err, reason.DISuite)
	row.Run++
	row.Departures = append(row.Departures, conformance.Departure{Cases: 1, Why: "the legacy suite Ed25519Signature2020 is refused (di.suite), as VC-DI-EDDSA 1.0 §2.2.1 requires the type DataIntegrityProof"})
	conformance.Record(t, row)
}

func TestVectorsECDSA(t *testing.T) {
	dir := shared.Dir(t, "vectors/w3c-vc-di-ecdsa")
	row := conformance.Row{Standard: "Data Integrity ECDSA Cryptosuites 1.0", Part: "§3.2–3.3 rdfc and jcs, each step", Source: "w3c-vc-di-ecdsa"}
	for _, curve := range []string{"p256", "p384"} {
		keys, suffix := filepath.Join(dir, curve+"KeyPair.json"), strings.ToUpper(curve)
		rdf := filepath.Join(dir, ECDSARDFC+"-"+curve)
		for _, c := range []chainOf{
			{rdf, "ECDSA" + suffix, filepath.Join(dir, "unsigned.json"), ECDSARDFC, keys},
			{filepath.Join(rdf, "employ"), "ECDSA" + suffix, filepath.Join(dir, "employmentAuth.json"), ECDSARDFC, keys},
			{filepath.Join(dir, ECDSAJCS+"-"+curve), "JCSECDSA" + suffix, filepath.Join(dir, "unsigned.json"), ECDSAJCS, keys},
		} {
			c.run(t, &row)
		}
	}
	conformance.Record(t, row)
}

func (c chainOf) run(t *testing.T, row *conformance.Row) {
	name, _ := filepath.Rel(filepath.Dir(filepath.Dir(c.dir)), c.dir)
	row.Run++
	t.Run(name, func(t *testing.T) {
		signed := c.read(t, "signed"+c.suffix+".json")
		unsecured, proofs, err := Split(signed)
		if err != nil {
			t.Fatal(err)
		}
		by := vectorSigner(t, c.keys)
		c.steps(t, unsecured, proofs[0], by.Public())
		c.value(t, proofs[0])
		c.verifies(t, signed)
		c.again(t, by, proofs[0])
		if !t.Failed() {
			row.Passed++
		}
	})
}

// steps compares canonical forms, proof options and hashes, in the order in which they are made.
func (c chainOf) steps(t *testing.T, unsecured []byte, rawProof strictjson.Value, k key.Public) {
	t.Helper()
	p, err := readProof(rawProof)
	if err != nil {
		t.Fatal(err)
	}
	own, err := os.ReadFile(c.unsigned)
	if err != nil {
		t.Fatal(err)
	}
	sameJSON(t, "unsigned document", unsecured, own)
	isJCS := c.suite == EdDSAJCS || c.suite == ECDSAJCS
	config, data := p.contextual(), []byte(nil)
	if !isJCS {
		if config, err = WithContext(p.config(), unsecured); err != nil {
			t.Fatal(err)
		}
	}
	sameJSON(t, "proof options", config, c.read(t, "proofConfig"+c.suffix+".json"))
	for name, doc := range map[string][]byte{"canonDoc": own, "proofCanon": config} {
		if got := c.canonical(t, doc, isJCS, k); !bytes.Equal(bytes.TrimSpace(got), bytes.TrimSpace(c.read(t, name+c.suffix+".txt"))) {
			t.Errorf("%s differs:\n%s", name, got)
		}
	}
	if isJCS {
		data, err = JCSHashData(own, config, hashOf(k))
	} else {
		data, err = RDFHashData(own, p.config(), jsonld.Closed, hashOf(k))
	}
	if err != nil {
		t.Fatal(err)
	}
	half := len(data) / 2
	for name, got := range map[string][]byte{"proofHash": data[:half], "docHash": data[half:], "combinedHash": data} {
		if want := c.hex(t, name); !bytes.Equal(got, want) {
			t.Errorf("%s is %x, want %x", name, got, want)
		}
	}
}

func (c chainOf) canonical(t *testing.T, doc []byte, isJCS bool, k key.Public) []byte {
	t.Helper()
	if isJCS {
		out, err := strictjson.AppendCanonical(nil, doc)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	out, err := jsonld.Canonicalize(doc, jsonld.Closed, hashOf(k))
	if err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// value compares the two ways in which the signature is written.
func (c chainOf) value(t *testing.T, rawProof strictjson.Value) {
	t.Helper()
	_, proofValue, err := SplitProof(rawProof)
	if err != nil {
		t.Fatal(err)
	}
	signature, err := multiformat.Decode(multiformat.Base58BTC, proofValue)
	if err != nil || !bytes.Equal(signature, c.hex(t, "sigHex")) {
		t.Errorf("sigHex is not the value: %v", err)
	}
	if want := strings.TrimSpace(string(c.read(t, "sigBTC58"+c.suffix+".txt"))); proofValue != want {
		t.Errorf("sigBTC58 is not the value")
	}
}

// verifies expects the signed document to verify, and no longer once something was changed.
func (c chainOf) verifies(t *testing.T, signed []byte) {
	t.Helper()
	ss := allSuites(t, jsonld.Closed)
	want := Expect{Purpose: did.AssertionMethod}
	proved, err := ss.Verify(context.Background(), signed, want, vectorKeys())
	if err != nil {
		t.Fatal(err)
	}
	if got := proved.Proofs(); len(got) != 1 || got[0].Suite != c.suite || got[0].Created.IsZero() {
		t.Errorf("the proof says %+v", got)
	}
	for _, change := range []struct {
		old, new string
		code     reason.Code
	}{
		{`"name": "Alumni Credential"`, `"name": "Another Credential"`, reason.CredentialSignatureInvalid},
		{`"name": "Employment Authorization Document"`, `"name": "Another Document"`, reason.CredentialSignatureInvalid},
		{`"created": "2023-02-24T23:36:38Z"`, `"created": "2023-02-24T23:36:39Z"`, reason.CredentialSignatureInvalid},
		{`"proofPurpose": "assertionMethod"`, `"proofPurpose": "authentication"`, reason.DIPurpose},
	} {
		forged := bytes.Replace(signed, []byte(change.old), []byte(change.new), 1)
		if bytes.Equal(forged, signed) {
			continue
		}
		if _, err := ss.Verify(context.Background(), forged, want, vectorKeys()); reason.Of(err) != change.code {
			t.Errorf("%s: %v, want %s", change.new, err, change.code)
		}
	}
}

// again signs the document anew: Ed25519 gives the very same proof, ECDSA one that verifies.
func (c chainOf) again(t *testing.T, by did.Signer, rawProof strictjson.Value) {
	t.Helper()
	p, err := readProof(rawProof)
	if err != nil {
		t.Fatal(err)
	}
	by.Method = p.Method
	own, err := os.ReadFile(c.unsigned)
	if err != nil {
		t.Fatal(err)
	}
	ss := allSuites(t, jsonld.Closed)
	signed, err := Sign(context.Background(), own, ss.Named(c.suite), Options{Created: p.Created, Purpose: did.AssertionMethod}, by)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ss.Verify(context.Background(), signed, Expect{Purpose: did.AssertionMethod}, vectorKeys()); err != nil {
		t.Errorf("what was signed does not verify: %v", err)
	}
	if by.Public().Algorithm() == key.EdDSA {
		sameJSON(t, "signed document", signed, c.read(t, "signed"+c.suffix+".json"))
	}
}

func TestVectorsProofSetsAndChains(t *testing.T) {
	dir := shared.Dir(t, "vectors/w3c-vc-di-eddsa/proof-set-chain")
	c := chainOf{dir: dir}
	row := conformance.Row{Standard: "Verifiable Credential Data Integrity 1.0", Part: "§2.1.1–2.1.2 proof sets and chains", Source: "w3c-vc-di-eddsa/proof-set-chain"}
	doc := c.read(t, "unsigned.json")
	suite, err := Suite(EdDSARDFC, jsonld.Closed)
	if err != nil {
		t.Fatal(err)
	}
	var pairs map[string]json.RawMessage
	if err := json.Unmarshal(c.read(t, "multiKeyPairs.json"), &pairs); err != nil {
		t.Fatal(err)
	}
	steps := []struct{ pair, config, signed string }{
		{"keyPair1", "proofSetConfigSigned1.json", "signedProofSet1.json"},
		{"keyPair2", "proofSetConfigSigned2.json", "signedProofSet2.json"},
		{"keyPair3", "proofChainConfigSigned1.json", "signedProofChain1.json"},
		{"keyPair4", "proofChainConfigSigned2.json", "signedProofChain2.json"},
	}
	for _, s := range steps {
		row.Run++
		p, err := readProof(c.read(t, s.config))
		if err != nil {
			t.Fatal(err)
		}
		by := signerOf(t, pairs[s.pair])
		o := Options{ID: p.ID, Created: p.Created, Purpose: p.Purpose, Previous: p.Previous}
		if doc, err = Sign(context.Background(), doc, suite, o, by); err != nil {
			t.Fatal(err)
		}
		sameJSON(t, s.signed, doc, c.read(t, s.signed))
		if _, err := (Suites{suite}).Verify(context.Background(), doc, Expect{Purpose: did.AssertionMethod}, vectorKeys()); err != nil {
			t.Errorf("%s: %v", s.signed, err)
			continue
		}
		row.Passed++
	}
	conformance.Record(t, row)
}

func sameJSON(t *testing.T, what string, got, want []byte) {
	t.Helper()
	g, err := strictjson.Canonical(got)
	if err != nil {
		t.Fatal(err)
	}
	w, err := strictjson.Canonical(want)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(g, unarrayed(w)) && !bytes.Equal(g, w) {
		t.Errorf("%s:\n%s\nwant\n%s", what, g, w)
	}
}

// unarrayed writes a set of one proof as the object that it may be too.
func unarrayed(canonical []byte) []byte {
	unsecured, proofs, err := Split(canonical)
	if err != nil || len(proofs) != 1 {
		return canonical
	}
	joined, err := Join(unsecured, proofs[0])
	if err != nil {
		return canonical
	}
	joined, _ = strictjson.AppendCanonical(nil, joined)
	return joined
}

func vectorSigner(t *testing.T, path string) did.Signer {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return signerOf(t, raw)
}

// signerOf reads a pair whose private half stands behind two bytes of a multicodec prefix.
func signerOf(t *testing.T, pair []byte) did.Signer {
	t.Helper()
	var m struct{ PublicKeyMultibase, PrivateKeyMultibase, SecretKeyMultibase string }
	if err := json.Unmarshal(pair, &m); err != nil {
		t.Fatal(err)
	}
	k, err := multiformat.DecodeKey(m.PublicKeyMultibase)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := multiformat.Decode(multiformat.Base58BTC, m.PrivateKeyMultibase+m.SecretKeyMultibase)
	if err != nil {
		t.Fatal(err)
	}
	j := k.JWK()
	j.D = base64.RawURLEncoding.EncodeToString(secret[2:])
	private, err := j.Private(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	by, err := didkey.Signer(private)
	if err != nil {
		t.Fatal(err)
	}
	return by
}

func refusedAs(t *testing.T, err error, code reason.Code) {
	t.Helper()
	if reason.Of(err) != code {
		t.Errorf("%v, want %s", err, code)
	}
}
