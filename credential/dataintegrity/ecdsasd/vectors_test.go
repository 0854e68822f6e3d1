// SPDX-License-Identifier: Apache-2.0

package ecdsasd

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"math/big"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/behalf-id/behalf/credential/dataintegrity"
	"github.com/behalf-id/behalf/credential/dataintegrity/internal/disclose"
	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/internal/conformance"
	"github.com/behalf-id/behalf/internal/jsonld"
	"github.com/behalf-id/behalf/internal/multiformat"
	"github.com/behalf-id/behalf/internal/rdfc"
	"github.com/behalf-id/behalf/internal/shared"
	"github.com/behalf-id/behalf/key"
	"github.com/behalf-id/behalf/reason"
)

// published is one document of the vectors with what its steps need.
type published struct {
	t                    *testing.T
	dir                  string
	unsigned, config     []byte
	mandatory, selective []string
	issuer, pair         key.Signer
	hmacKey              []byte
	doc                  *disclose.Document // with HMAC labels
	secured, derived     []byte             // our base and derived documents
	groups               struct{ mandatory, selective, combined []int }
	base                 baseProof
	shown                derivedProof
}

// TestVectors goes through every published step, each of which is compared with ours. Signatures
// are deterministic in the vectors (RFC 6979), and so are those of the keys used here.
func TestVectors(t *testing.T) {
	rows := map[string]*conformance.Row{}
	for part, name := range map[string]string{"add": "§3.6.1–§3.6.5 base proof", "derived": "§3.6.6 derived proof", "verify": "§3.6.7 verification"} {
		rows[part] = &conformance.Row{Standard: "Data Integrity ECDSA Cryptosuites 1.0", Part: name + ", ecdsa-sd-2023", Source: "w3c-vc-di-ecdsa"}
	}
	for name, prefix := range map[string]string{"employ": "employ", "prc": "prCred"} {
		v := read(t, name, prefix)
		files, err := filepath.Glob(filepath.Join(v.dir, "*"))
		if err != nil || len(files) == 0 {
			t.Fatal("no files", err)
		}
		for _, file := range files {
			step := strings.TrimSuffix(filepath.Base(file), filepath.Ext(file))
			if step == "addPointerValues" {
				continue // package disclose has it
			}
			t.Run(name+"/"+step, func(t *testing.T) {
				row := rows[step[:strings.IndexFunc(step, func(r rune) bool { return r < 'a' })]]
				row.Run++
				check, ok := steps()[step]
				if !ok {
					t.Fatal("a step without a check")
				}
				v.t = t
				check(v, file)
				row.Passed++
			})
		}
	}
	for _, row := range rows {
		conformance.Record(t, *row)
	}
}

// TestVectorsChanged shows that the published derived documents are refused with any one claim or
// option changed.
func TestVectorsChanged(t *testing.T) {
	row := conformance.Row{Standard: "Data Integrity ECDSA Cryptosuites 1.0", Part: "§3.6.7 changed documents, ecdsa-sd-2023", Source: "w3c-vc-di-ecdsa"}
	for name, prefix := range map[string]string{"employ": "employ", "prc": "prCred"} {
		v := read(t, name, prefix)
		raw := v.file("derivedRevealDocument.json")
		for _, change := range [][2]string{
			{`"validUntil": "2029`, `"validUntil": "2039`}, {`"Bahamas"`, `"Bermudas"`}, {`2023-08-15T23:36:38Z`, `2023-08-15T23:36:39Z`},
			{`"assertionMethod"`, `"authentication"`}, {`"EmployablePerson"`, `"PermanentResident"`}, {`"PermanentResident"`, `"EmployablePerson"`},
			{`"issuer": {`, `"name": "more", "issuer": {`}, {`"https://w3id.org/citizenship/v4rc1"`, `"https://w3id.org/citizenship/v3"`},
		} {
			changed := bytes.Replace(raw, []byte(change[0]), []byte(change[1]), 1)
			if bytes.Equal(changed, raw) {
				continue
			}
			row.Run++
			row.Refused++
			if err := v.verify(changed); err == nil {
				t.Errorf("%s: accepted with %s", name, change[1])
			}
		}
		row.Run++
		row.Refused++
		if err := v.verify(v.file("addSignedSDBase.json")); reason.Of(err) != reason.DIBaseProof {
			t.Errorf("%s: a base proof: %v", name, err)
		}
	}
	conformance.Record(t, row)
}

func read(t *testing.T, name, prefix string) *published {
	t.Helper()
	const root = "vectors/w3c-vc-di-ecdsa/"
	v := &published{t: t, dir: shared.Dir(t, root+"ecdsa-sd-2023/"+name)}
	// The steps of prc were not made from prCredUnsigned.json, which has another description, so the
	// document is that of the result.
	var err error
	if v.unsigned, _, err = dataintegrity.Split(v.file("addSignedSDBase.json")); err != nil {
		t.Fatal(err)
	}
	parse(t, shared.Open(t, root+prefix+"Mandatory.json"), &v.mandatory)
	parse(t, shared.Open(t, root+prefix+"Selective.json"), &v.selective)
	var keys struct {
		BaseKeyPair, ProofKeyPair struct{ SecretKeyMultibase string }
		HmacKeyString             string
	}
	parse(t, shared.Open(t, root+"ecdsa-sd-2023/SDKeyMaterial.json"), &keys)
	v.issuer, v.pair = secretKey(t, keys.BaseKeyPair.SecretKeyMultibase), secretKey(t, keys.ProofKeyPair.SecretKeyMultibase)
	var config map[string]any
	parse(t, v.file("addProofConfig.json"), &config)
	delete(config, "@context")
	v.config, _ = json.Marshal(config)
	if v.hmacKey, err = hex.DecodeString(keys.HmacKeyString); err != nil {
		t.Fatal(err)
	}
	v.make()
	return v
}

// make does what the vectors show the result of.
func (v *published) make() {
	v.t.Helper()
	var err error
	fail := func(step string) {
		if err != nil {
			v.t.Fatalf("%s: %v", step, err)
		}
	}
	v.doc, err = disclose.Open(v.unsigned, jsonld.Closed, v.hmacKey, disclose.HMACLabels(v.hmacKey))
	fail("reading")
	v.groups.mandatory, err = v.doc.Group(v.mandatory, reason.CredentialSchemaInvalid)
	fail("mandatory")
	v.groups.selective, err = v.doc.Group(v.selective, reason.QueryUnsatisfied)
	fail("selective")
	v.groups.combined, err = v.doc.Group(slices.Concat(v.mandatory, v.selective), reason.QueryUnsatisfied)
	fail("combined")
	suite := New(jsonld.Closed, nil).WithMandatory(v.mandatory)
	text, err := suite.create(context.Background(), v.unsigned, v.config, did.Signer{Signer: v.issuer}, secrets{hmacKey: [32]byte(v.hmacKey), pair: v.pair})
	fail("base proof")
	v.base, err = decodeBase(text)
	fail("base proof again")
	v.secured, err = dataintegrity.Join(v.unsigned, append(bytes.TrimSuffix(v.config, []byte("}")), `,"proofValue":"`+text+`"}`...))
	fail("base document")
	v.derived, err = Derive(context.Background(), v.secured, v.selective, jsonld.Closed)
	fail("derived document")
	v.shown, err = decodeDerived(proofValue(v.t, v.derived))
	fail("derived proof")
}

func (v *published) file(name string) []byte {
	v.t.Helper()
	raw, err := os.ReadFile(filepath.Join(v.dir, name))
	if err != nil {
		v.t.Fatal(err)
	}
	return raw
}

// verify verifies a derived document under the issuer's key.
func (v *published) verify(derived []byte) error {
	v.t.Helper()
	unsecured, proofs, err := dataintegrity.Split(derived)
	if err != nil {
		v.t.Fatal(err)
	}
	config, value, err := dataintegrity.SplitProof(proofs[0])
	if err != nil {
		v.t.Fatal(err)
	}
	return New(jsonld.Closed, nil).Verify(context.Background(), unsecured, config, value, dataintegrity.Method{Key: v.issuer.Public()})
}

// same compares got, as JSON, with the file.
func (v *published) same(file string, got any) {
	v.t.Helper()
	raw, err := os.ReadFile(file)
	if err != nil {
		v.t.Fatal(err)
	}
	var want any
	parse(v.t, raw, &want)
	ours, err := json.Marshal(got)
	if err != nil {
		v.t.Fatal(err)
	}
	var have any
	parse(v.t, ours, &have)
	if diff := cmp.Diff(want, have); diff != "" {
		v.t.Error(diff)
	}
}

// steps has a check for each file of the vectors.
func steps() map[string]func(*published, string) {
	return map[string]func(*published, string){
		"addBaseDocCanon": func(v *published, file string) {
			c, err := jsonld.Canonicalize(v.unsigned, jsonld.Closed, rdfc.SHA256)
			if err != nil {
				v.t.Fatal(err)
			}
			v.same(file, c.Lines)
		},
		"addBaseDocHMACCanon": func(v *published, file string) { v.same(file, v.doc.Lines()) },
		"addBaseTransform": func(v *published, file string) {
			v.same(file, map[string]any{
				"mandatoryPointers": v.mandatory, "hmacKeyString": strings.ToUpper(hex.EncodeToString(v.hmacKey)),
				"mandatory": v.numbered(v.groups.mandatory), "nonMandatory": v.numbered(disclose.Others(v.groups.mandatory, len(v.doc.Lines()))),
			})
		},
		"addProofConfig": func(v *published, file string) {
			full, err := dataintegrity.WithContext(v.config, v.unsigned)
			if err != nil {
				v.t.Fatal(err)
			}
			v.same(file, json.RawMessage(full))
		},
		"addProofConfigCanon": func(v *published, file string) {
			raw, err := os.ReadFile(file)
			if err != nil {
				v.t.Fatal(err)
			}
			full, err := dataintegrity.WithContext(v.config, v.unsigned)
			if err != nil {
				v.t.Fatal(err)
			}
			c, err := jsonld.Canonicalize(full, jsonld.Closed, rdfc.SHA256)
			if err != nil || strings.TrimSpace(string(raw)) != strings.TrimSpace(string(c.Bytes())) {
				v.t.Errorf("%v %s", err, c.Bytes())
			}
		},
		"addHashData": func(v *published, file string) {
			v.same(file, map[string]any{"proofHash": v.proofHash(), "mandatoryHash": v.mandatoryHash()})
		},
		"addRawBaseSignatureInfo": func(v *published, file string) {
			v.same(file, map[string]any{"baseSignature": hex.EncodeToString(v.base.signature), "publicKey": publicText(v.base.public),
				"signatures": hexes(v.base.signatures), "mandatoryPointers": v.base.mandatory})
		},
		"addSignedSDBase": func(v *published, file string) { v.same(file, json.RawMessage(v.secured)) },
		"derivedRecoveredBaseData": func(v *published, file string) {
			b, err := decodeBase(proofValue(v.t, v.file("addSignedSDBase.json")))
			if err != nil {
				v.t.Fatal(err)
			}
			v.same(file, map[string]any{"baseSignature": hex.EncodeToString(b.signature), "proofPublicKey": publicText(b.public),
				"hmacKey": hex.EncodeToString(b.hmacKey), "signatures": hexes(b.signatures), "mandatoryPointers": b.mandatory})
		},
		"derivedGroupIndexes": func(v *published, file string) {
			v.same(file, map[string]any{"combinedIndexes": v.groups.combined, "mandatoryIndexes": v.groups.mandatory,
				"nonMandatoryIndexes": disclose.Others(v.groups.mandatory, len(v.doc.Lines())), "selectiveIndexes": v.groups.selective})
		},
		"derivedAllGroupData": checkGroups,
		"derivedAdjMandatoryIndexes": func(v *published, file string) {
			v.same(file, map[string]any{"adjMandatoryIndexes": v.shown.mandatory})
		},
		"derivedAdjSignatures": func(v *published, file string) {
			var at []int
			for _, s := range v.shown.signatures {
				at = append(at, slices.IndexFunc(v.base.signatures, func(b []byte) bool { return bytes.Equal(b, s) }))
			}
			v.same(file, map[string]any{"adjSignatureIndexes": at, "filteredSignatures": hexes(v.shown.signatures)})
		},
		"derivedDisclosureData": func(v *published, file string) {
			v.same(file, v.disclosed(v.shown, func(pairs any) any { return map[string]any{"dataType": "Map", "value": pairs} }))
		},
		"derivedUnsignedReveal": func(v *published, file string) {
			unsecured, _, err := dataintegrity.Split(v.derived)
			if err != nil {
				v.t.Fatal(err)
			}
			v.same(file, json.RawMessage(unsecured))
		},
		"derivedRevealDocument": func(v *published, file string) {
			v.same(file, json.RawMessage(v.derived))
			if err := v.verify(v.file("derivedRevealDocument.json")); err != nil {
				v.t.Error(err)
			}
		},
		"verifyDerivedProofValue": func(v *published, file string) {
			d, err := decodeDerived(proofValue(v.t, v.file("derivedRevealDocument.json")))
			if err != nil {
				v.t.Fatal(err)
			}
			v.same(file, v.disclosed(d, func(pairs any) any { return pairs }))
		},
		"verifyNQuads": func(v *published, file string) {
			lines, _ := v.seen()
			v.same(file, lines)
		},
		"verifyCreateVerifyData": func(v *published, file string) {
			lines, mandatory := v.seen()
			v.same(file, map[string]any{"baseSignature": hex.EncodeToString(v.shown.signature), "proofHash": v.proofHash(),
				"publicKey": publicText(v.shown.public), "signatures": hexes(v.shown.signatures),
				"nonMandatory": disclose.Pick(lines, disclose.Others(mandatory, len(lines))), "mandatoryHash": v.mandatoryHash()})
		},
	}
}

// checkGroups compares what the groups hold. How nodes without a name are called on the way, and
// in which order their statements come, is free (VC-DI-ECDSA 1.0 §3.4.16).
func checkGroups(v *published, file string) {
	type numbered struct{ Value [][2]any }
	var want struct {
		Groups map[string]struct{ Matching, NonMatching numbered }
		NQuads []string
	}
	raw, err := os.ReadFile(file)
	if err != nil {
		v.t.Fatal(err)
	}
	parse(v.t, raw, &want)
	if diff := cmp.Diff(want.NQuads, v.doc.Lines()); diff != "" {
		v.t.Error(diff)
	}
	for name, group := range map[string][]int{"mandatory": v.groups.mandatory, "selective": v.groups.selective, "combined": v.groups.combined} {
		for _, side := range []struct {
			want numbered
			have []int
		}{{want.Groups[name].Matching, group}, {want.Groups[name].NonMatching, disclose.Others(group, len(v.doc.Lines()))}} {
			if len(side.want.Value) != len(side.have) {
				v.t.Fatalf("%s: %d statements, want %d", name, len(side.have), len(side.want.Value))
			}
			for i, pair := range side.want.Value {
				if int(pair[0].(float64)) != side.have[i] || pair[1].(string) != v.doc.Lines()[side.have[i]] {
					v.t.Errorf("%s: %d is not %v", name, side.have[i], pair)
				}
			}
		}
	}
}

func (v *published) numbered(indexes []int) any {
	pairs := [][2]any{}
	for _, n := range indexes {
		pairs = append(pairs, [2]any{n, v.doc.Lines()[n]})
	}
	return map[string]any{"dataType": "Map", "value": pairs}
}

func (v *published) seen() ([]string, []int) {
	v.t.Helper()
	unsecured, _, err := dataintegrity.Split(v.file("derivedRevealDocument.json"))
	if err != nil {
		v.t.Fatal(err)
	}
	lines, mandatory, err := v.shown.shown(unsecured, jsonld.Closed)
	if err != nil {
		v.t.Fatal(err)
	}
	return lines, mandatory
}

func (v *published) disclosed(d derivedProof, labelMap func(any) any) any {
	pairs := [][2]string{}
	for n := range len(d.labels) {
		pairs = append(pairs, [2]string{"c14n" + string(rune('0'+n)), "u" + base64.RawURLEncoding.EncodeToString(d.labels[n])})
	}
	return map[string]any{"baseSignature": hex.EncodeToString(d.signature), "publicKey": publicText(d.public),
		"signatures": hexes(d.signatures), "labelMap": labelMap(pairs), "mandatoryIndexes": d.mandatory}
}

func (v *published) proofHash() string {
	v.t.Helper()
	hash, err := dataintegrity.ConfigHash(v.unsigned, v.config, jsonld.Closed, rdfc.SHA256)
	if err != nil {
		v.t.Fatal(err)
	}
	return hex.EncodeToString(hash)
}

func (v *published) mandatoryHash() string {
	sum := sha256.Sum256([]byte(strings.Join(disclose.Pick(v.doc.Lines(), v.groups.mandatory), "")))
	return hex.EncodeToString(sum[:])
}

func parse(t testing.TB, raw []byte, v any) {
	t.Helper()
	if err := json.Unmarshal(raw, v); err != nil {
		t.Fatal(err)
	}
}

func proofValue(t testing.TB, secured []byte) string {
	t.Helper()
	var doc struct{ Proof struct{ ProofValue string } }
	parse(t, secured, &doc)
	return doc.Proof.ProofValue
}

func publicText(raw []byte) string {
	text, _ := multiformat.Encode(multiformat.Base58BTC, raw)
	return text
}

func hexes(in [][]byte) []string {
	out := []string{}
	for _, b := range in {
		out = append(out, hex.EncodeToString(b))
	}
	return out
}

// deterministic signs as RFC 6979 says.
type deterministic struct {
	private *ecdsa.PrivateKey
	public  key.Public
}

func (d deterministic) Public() key.Public { return d.public }

func (d deterministic) Sign(_ context.Context, message []byte) ([]byte, error) {
	sum := sha256.Sum256(message)
	der, err := d.private.Sign(nil, sum[:], crypto.SHA256)
	if err != nil {
		return nil, err
	}
	return rawSignature(der), nil
}

// rawSignature turns a signature in DER into r‖s.
func rawSignature(der []byte) []byte {
	out := make([]byte, signatureSize)
	rest := der[2:]
	for i := range 2 {
		n := int(rest[1])
		new(big.Int).SetBytes(rest[2 : 2+n]).FillBytes(out[32*i : 32*i+32])
		rest = rest[2+n:]
	}
	return out
}

func secretKey(t testing.TB, text string) key.Signer {
	t.Helper()
	raw, err := multiformat.Decode(multiformat.Base58BTC, text)
	if err != nil || len(raw) != 34 {
		t.Fatal("not a secret key", err)
	}
	private, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), raw[2:])
	if err != nil {
		t.Fatal(err)
	}
	public, err := key.New(&private.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	return deterministic{private, public}
}
