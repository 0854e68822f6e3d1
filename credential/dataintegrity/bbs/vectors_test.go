// SPDX-License-Identifier: Apache-2.0

package bbs

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/behalf-id/behalf/credential/dataintegrity"
	"github.com/behalf-id/behalf/credential/dataintegrity/internal/disclose"
	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/internal/conformance"
	"github.com/behalf-id/behalf/internal/jsonld"
	"github.com/behalf-id/behalf/internal/rdfc"
	"github.com/behalf-id/behalf/internal/shared"
	"github.com/behalf-id/behalf/reason"
)

const (
	vectors  = "vectors/w3c-vc-di-bbs/"
	standard = "Data Integrity BBS Cryptosuites 1.0"
)

// published is one document of the vectors with what its steps need.
type published struct {
	t                    *testing.T
	dir                  string
	unsigned, config     []byte
	method               dataintegrity.Method
	mandatory, selective []string
	key                  *Key
	hmacKey, header      []byte
	seed                 []byte
	doc                  *disclose.Document
	base                 baseProof
	secured, derived     []byte
	d                    *disclosure
	shown                derivedProof
	groups               struct{ mandatory, selective, combined []int }
}

// TestVectors goes through every published step, each of which is compared with ours. Signatures
// are deterministic. Proofs are not: the published ones were not made with the published seed, so
// they are verified, and ours, made with it, have their size.
func TestVectors(t *testing.T) {
	rows := map[string]*conformance.Row{}
	for part, name := range map[string]string{"add": "§3.4.1–§3.4.5 base proof", "derived": "§3.4.6 derived proof", "verify": "§3.4.7 verification"} {
		rows[part] = &conformance.Row{Standard: standard, Part: name + ", bbs-2023", Source: "w3c-vc-di-bbs"}
	}
	for name, prefix := range map[string]string{"": "wind", "prc/": "prCred"} {
		v := readPublished(t, name, prefix)
		files, err := filepath.Glob(filepath.Join(v.dir, "[adv]*"))
		if err != nil || len(files) == 0 {
			t.Fatal("no files", err)
		}
		for _, file := range files {
			step := strings.TrimSuffix(filepath.Base(file), filepath.Ext(file))
			if step == "addPointerValues" {
				continue // package disclose has it
			}
			t.Run(prefix+"/"+step, func(t *testing.T) {
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

// TestVectorsFeatures shows that proofs with features that are not supported are refused by name,
// whole and with the header of the plain feature put before them.
func TestVectorsFeatures(t *testing.T) {
	row := conformance.Row{Standard: standard, Part: "§3.3 holder binding and pseudonyms, bbs-2023", Source: "w3c-vc-di-bbs"}
	for _, feature := range []string{"HolderBinding", "Pseudonym", "PseudonymHB"} {
		for _, file := range []string{"addSignedSDBase.json", "derivedRevealDocument.json"} {
			secured := shared.Open(t, vectors+feature+"/"+file)
			row.Run++
			row.Refused++
			if err := verify(t, secured); reason.Of(err) != reason.DISuite {
				t.Errorf("%s/%s: verified: %v", feature, file, err)
			}
			if _, err := Derive(context.Background(), secured, Presentation{Selective: []string{"/issuer"}, Profile: jsonld.Open, Random: zeros{}}); reason.Of(err) != reason.DISuite {
				t.Errorf("%s/%s: derived: %v", feature, file, err)
			}
			value := raw(t, proofValue(t, secured))
			for _, header := range []string{baseHeader, derivedHeader} {
				plain := replaceValue(t, secured, append([]byte(header), value[3:]...))
				if err := verify(t, plain); err == nil {
					t.Errorf("%s/%s: verified as the plain feature", feature, file)
				}
			}
		}
	}
	conformance.Record(t, row)
}

// TestVectorsChanged shows that the published derived documents are refused with any one claim or
// option changed.
func TestVectorsChanged(t *testing.T) {
	row := conformance.Row{Standard: standard, Part: "§3.4.7 changed documents, bbs-2023", Source: "w3c-vc-di-bbs"}
	for _, dir := range []string{"", "prc/"} {
		secured := shared.Open(t, vectors+dir+"derivedRevealDocument.json")
		for _, change := range [][2]string{
			{`"year": 2022`, `"year": 2021`}, {`"Wailea"`, `"Kailua"`}, {`"size": 6.1,`, ``}, {`racecommittee"`, `committee"`}, {`selective#`, `selected#`},
			{`"Bahamas"`, `"Bermudas"`}, {`"validUntil": "2029`, `"validUntil": "2039`}, {`23:36:38Z`, `23:36:39Z`}, {`"assertionMethod"`, `"authentication"`},
		} {
			changed := bytes.Replace(secured, []byte(change[0]), []byte(change[1]), 1)
			if bytes.Equal(changed, secured) {
				continue
			}
			row.Run++
			row.Refused++
			if err := verify(t, changed); err == nil {
				t.Errorf("%s: accepted with %s", dir, change[1])
			}
		}
		row.Run++
		row.Refused++
		if err := verify(t, shared.Open(t, vectors+dir+"addSignedSDBase.json")); reason.Of(err) != reason.DIBaseProof {
			t.Errorf("%s: a base proof: %v", dir, err)
		}
	}
	conformance.Record(t, row)
}

func readPublished(t *testing.T, name, prefix string) *published {
	t.Helper()
	v := &published{t: t, dir: shared.Dir(t, vectors+name)}
	s := readSigned(t, name)
	v.key, v.header = s.key, s.header
	// The steps of prc were not made from prCredUnsigned.json, which has another description, so the
	// document is that of the result.
	var err error
	if v.unsigned, _, err = dataintegrity.Split(v.file("addSignedSDBase.json")); err != nil {
		t.Fatal(err)
	}
	parse(t, shared.Open(t, vectors+prefix+"Mandatory.json"), &v.mandatory)
	parse(t, shared.Open(t, vectors+prefix+"Selective.json"), &v.selective)
	var keys struct{ HmacKeyString string }
	parse(t, shared.Open(t, vectors+"BBSKeyMaterial.json"), &keys)
	var material struct{ PresentationHeaderHex, PseudoRandSeedHex string }
	parse(t, shared.Open(t, vectors+"BBSDeriveMaterial.json"), &material)
	v.hmacKey, v.seed = unhex(t, keys.HmacKeyString), unhex(t, material.PseudoRandSeedHex)
	var config map[string]any
	parse(t, v.file("addProofConfig.json"), &config)
	delete(config, "@context")
	v.config, _ = json.Marshal(config)
	v.method = method(t, config["verificationMethod"].(string))
	v.make(unhex(t, material.PresentationHeaderHex))
	return v
}

// make does what the vectors show the result of.
func (v *published) make(header []byte) {
	v.t.Helper()
	var err error
	fail := func(step string) {
		if err != nil {
			v.t.Fatalf("%s: %v", step, err)
		}
	}
	v.doc, err = disclose.Open(v.unsigned, jsonld.Open, v.hmacKey, shuffledLabels(v.hmacKey))
	fail("reading")
	v.groups.mandatory, err = v.doc.Group(v.mandatory, reason.CredentialSchemaInvalid)
	fail("mandatory")
	v.groups.selective, err = v.doc.Group(v.selective, reason.QueryUnsatisfied)
	fail("selective")
	v.groups.combined, err = v.doc.Group(slices.Concat(v.mandatory, v.selective), reason.QueryUnsatisfied)
	fail("combined")
	text, err := New(jsonld.Open, nil).WithMandatory(v.mandatory).create(v.unsigned, v.config, v.key, v.hmacKey)
	fail("base proof")
	v.base, err = decodeBase(text)
	fail("base proof again")
	v.secured, err = dataintegrity.Join(v.unsigned, append(bytes.TrimSuffix(v.config, []byte("}")), `,"proofValue":"`+text+`"}`...))
	fail("base document")
	v.d, err = newDisclosure(v.secured, Presentation{Selective: v.selective, Header: header, Profile: jsonld.Open})
	fail("disclosure")
	v.derived, err = v.d.prove(seeded(v.seed, v.d.hidden()+proofScalars))
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

// same compares got, as JSON, with the file.
func (v *published) same(file string, got any) {
	v.t.Helper()
	raw, err := os.ReadFile(file)
	if err != nil {
		v.t.Fatal(err)
	}
	var want, have any
	parse(v.t, raw, &want)
	ours, err := json.Marshal(got)
	if err != nil {
		v.t.Fatal(err)
	}
	parse(v.t, ours, &have)
	if diff := cmp.Diff(want, have); diff != "" {
		v.t.Error(diff)
	}
}

// steps has a check for each file of the vectors.
func steps() map[string]func(*published, string) {
	return map[string]func(*published, string){
		"addBaseDocCanon": func(v *published, file string) {
			c, err := jsonld.Canonicalize(v.unsigned, jsonld.Open, rdfc.SHA256)
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
			full, err := dataintegrity.WithContext(v.config, v.unsigned)
			if err != nil {
				v.t.Fatal(err)
			}
			c, err := jsonld.Canonicalize(full, jsonld.Open, rdfc.SHA256)
			if want := v.file(filepath.Base(file)); err != nil || strings.TrimSpace(string(want)) != strings.TrimSpace(string(c.Bytes())) {
				v.t.Errorf("%v %s", err, c.Bytes())
			}
		},
		"addHashData": func(v *published, file string) {
			sum := sha256.Sum256([]byte(strings.Join(disclose.Pick(v.doc.Lines(), v.groups.mandatory), "")))
			v.same(file, map[string]any{"proofHash": hex.EncodeToString(v.base.header[:32]), "mandatoryHash": hex.EncodeToString(sum[:])})
		},
		"addRawBaseSignatureInfo": func(v *published, file string) {
			v.same(file, map[string]any{"bbsSignature": hex.EncodeToString(v.base.signature), "mandatoryPointers": v.base.mandatory})
		},
		"addSignedSDBase": func(v *published, file string) { v.same(file, json.RawMessage(v.secured)) },
		"derivedRecoveredBaseData": func(v *published, file string) {
			b, err := decodeBase(proofValue(v.t, v.file("addSignedSDBase.json")))
			if err != nil {
				v.t.Fatal(err)
			}
			v.same(file, map[string]any{"bbsSignature": hex.EncodeToString(b.signature), "hmacKey": hex.EncodeToString(b.hmacKey), "mandatoryPointers": b.mandatory})
			if !bytes.Equal(b.header, v.header) || !bytes.Equal(b.public, v.key.public) {
				v.t.Error("another header or key")
			}
		},
		"derivedGroupIndexes": func(v *published, file string) {
			v.same(file, map[string]any{"combinedIndexes": v.groups.combined, "mandatoryIndexes": v.groups.mandatory,
				"nonMandatoryIndexes": disclose.Others(v.groups.mandatory, len(v.doc.Lines())), "selectiveIndexes": v.groups.selective})
		},
		"derivedAllGroupData": checkGroups,
		"derivedAdjIndexes": func(v *published, file string) {
			v.same(file, map[string]any{"adjMandatoryIndexes": v.shown.mandatory, "adjSelectiveIndexes": v.shown.selective})
		},
		"derivedDisclosureData": func(v *published, file string) {
			var theirs struct{ BBSProof string }
			parse(v.t, v.file(filepath.Base(file)), &theirs)
			if len(theirs.BBSProof) != 2*len(v.shown.proof) {
				v.t.Errorf("a proof of %d bytes, want %d", len(v.shown.proof), len(theirs.BBSProof)/2)
			}
			v.same(file, map[string]any{"bbsProof": theirs.BBSProof, "mandatoryIndexes": v.shown.mandatory,
				"adjSelectiveIndexes": v.shown.selective, "presentationHeader": bytesAsObject(v.shown.presentationHeader),
				"labelMap": map[string]any{"dataType": "Map", "value": pairs(v.shown)}})
		},
		"derivedUnsignedReveal": func(v *published, file string) {
			unsecured, _, err := dataintegrity.Split(v.derived)
			if err != nil {
				v.t.Fatal(err)
			}
			v.same(file, json.RawMessage(unsecured))
		},
		"derivedRevealDocument": func(v *published, file string) {
			theirs := v.file(filepath.Base(file))
			d, err := decodeDerived(proofValue(v.t, theirs))
			if err != nil {
				v.t.Fatal(err)
			}
			ours := v.shown
			ours.proof = d.proof // random; everything else is compared
			text, err := ours.encode()
			if err != nil {
				v.t.Fatal(err)
			}
			v.same(file, json.RawMessage(replaceValue(v.t, v.derived, raw(v.t, text))))
			for _, doc := range [][]byte{theirs, v.derived} {
				if err := verify(v.t, doc); err != nil {
					v.t.Error(err)
				}
			}
		},
		"verifyDerivedProofValue": func(v *published, file string) {
			d, err := decodeDerived(proofValue(v.t, v.file("derivedRevealDocument.json")))
			if err != nil {
				v.t.Fatal(err)
			}
			v.same(file, map[string]any{"bbsProof": hex.EncodeToString(d.proof), "labelMap": pairs(d), "mandatoryIndexes": d.mandatory,
				"adjSelectedIndexes": d.selective})
		},
		"verifyNQuads": func(v *published, file string) {
			unsecured, _, err := dataintegrity.Split(v.file("derivedRevealDocument.json"))
			if err != nil {
				v.t.Fatal(err)
			}
			lines, _, err := v.shown.shown(unsecured, jsonld.Open, v.d.hidden())
			if err != nil {
				v.t.Fatal(err)
			}
			v.same(file, lines)
		},
	}
}

// checkGroups compares what the groups hold. How nodes without a name are called on the way, and
// in which order their statements come, is free (VC-DI-ECDSA 1.0 §3.4.16).
func checkGroups(v *published, file string) {
	type numbered struct{ Value [][2]any }
	var want struct {
		Groups map[string]struct{ Matching, NonMatching numbered }
	}
	parse(v.t, v.file(filepath.Base(file)), &want)
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
	out := [][2]any{}
	for _, n := range indexes {
		out = append(out, [2]any{n, v.doc.Lines()[n]})
	}
	return map[string]any{"dataType": "Map", "value": out}
}

func pairs(d derivedProof) [][2]string {
	out := [][2]string{}
	for n := range len(d.labels) {
		out = append(out, [2]string{"c14n" + strconv.Itoa(n), "b" + strconv.Itoa(d.labels[n])})
	}
	return out
}

// bytesAsObject is how JavaScript writes bytes as JSON.
func bytesAsObject(b []byte) map[string]int {
	out := map[string]int{}
	for i, c := range b {
		out[strconv.Itoa(i)] = int(c)
	}
	return out
}

// verify verifies secured under the key that its proof names.
func verify(t testing.TB, secured []byte) error {
	t.Helper()
	unsecured, proofs, err := dataintegrity.Split(secured)
	if err != nil {
		t.Fatal(err)
	}
	config, value, err := dataintegrity.SplitProof(proofs[0])
	if err != nil {
		t.Fatal(err)
	}
	var options struct{ VerificationMethod string }
	parse(t, config, &options)
	return New(jsonld.Open, nil).Verify(context.Background(), unsecured, config, value, method(t, options.VerificationMethod))
}

func method(t testing.TB, text string) dataintegrity.Method {
	t.Helper()
	u, err := did.ParseURL(text)
	if err != nil {
		t.Fatal(err)
	}
	return dataintegrity.Method{URL: u}
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

func raw(t testing.TB, text string) []byte {
	t.Helper()
	out, err := base64.RawURLEncoding.DecodeString(text[1:])
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// replaceValue returns secured with another proofValue.
func replaceValue(t testing.TB, secured, value []byte) []byte {
	t.Helper()
	var doc map[string]any
	parse(t, secured, &doc)
	doc["proof"].(map[string]any)["proofValue"] = "u" + base64.RawURLEncoding.EncodeToString(value)
	out, err := json.Marshal(doc)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// zeros is randomness that no proof may be made with outside tests of refusals.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }
