// SPDX-License-Identifier: Apache-2.0

package ecdsasd

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"maps"
	"slices"
	"testing"

	"github.com/behalf-id/behalf/credential/dataintegrity"
	"github.com/behalf-id/behalf/credential/dataintegrity/internal/disclose"
	"github.com/behalf-id/behalf/internal/cbor"
	"github.com/behalf-id/behalf/internal/jsonld"
	"github.com/behalf-id/behalf/key"
	"github.com/behalf-id/behalf/reason"
)

// TestComponents has every way in which a component of a derived proof can be wrong (conformance
// 56). None may get as far as a signature that does not verify.
func TestComponents(t *testing.T) {
	v := read(t, "employ", "employ")
	unsecured, _, err := dataintegrity.Split(v.derived)
	if err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*derivedProof){
		"no base signature":        func(d *derivedProof) { d.signature = nil },
		"base signature short":     func(d *derivedProof) { d.signature = d.signature[:63] },
		"base signature long":      func(d *derivedProof) { d.signature = append(bytes.Clone(d.signature), 0) },
		"no key":                   func(d *derivedProof) { d.public = nil },
		"key short":                func(d *derivedProof) { d.public = d.public[:34] },
		"key of another type":      func(d *derivedProof) { d.public = append([]byte{0x81, 0x24}, d.public[2:]...) },
		"key not compressed":       func(d *derivedProof) { d.public = slices.Concat(d.public[:2], []byte{4}, d.public[3:]) },
		"key off the curve":        func(d *derivedProof) { d.public = slices.Concat(d.public[:3], bytes.Repeat([]byte{0xff}, 32)) },
		"no signatures":            func(d *derivedProof) { d.signatures = nil },
		"a signature less":         func(d *derivedProof) { d.signatures = d.signatures[1:] },
		"a signature more":         func(d *derivedProof) { d.signatures = append(d.signatures, d.signatures[0]) },
		"a signature short":        func(d *derivedProof) { d.signatures[1] = d.signatures[1][:63] },
		"a signature empty":        func(d *derivedProof) { d.signatures[1] = nil },
		"too many signatures":      func(d *derivedProof) { d.signatures = slices.Repeat(d.signatures[:1], MaxStatements+1) },
		"no labels":                func(d *derivedProof) { d.labels = nil },
		"a label less":             func(d *derivedProof) { delete(d.labels, 1) },
		"a label more":             func(d *derivedProof) { d.labels[2] = bytes.Repeat([]byte{1}, hmacSize) },
		"another label's number":   func(d *derivedProof) { d.labels[2] = d.labels[1]; delete(d.labels, 1) },
		"a label short":            func(d *derivedProof) { d.labels[1] = d.labels[1][:31] },
		"one label for two":        func(d *derivedProof) { d.labels[1] = d.labels[0] },
		"an index out of range":    func(d *derivedProof) { d.mandatory[3] = 10 },
		"an index far out":         func(d *derivedProof) { d.mandatory[3] = 1 << 40 },
		"an index twice":           func(d *derivedProof) { d.mandatory[3] = d.mandatory[2] },
		"an index less":            func(d *derivedProof) { d.mandatory = d.mandatory[:3] },
		"an index more":            func(d *derivedProof) { d.mandatory = append(d.mandatory, 8) },
		"all mandatory by indexes": func(d *derivedProof) { d.mandatory = []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9} },
		"too many indexes":         func(d *derivedProof) { d.mandatory = slices.Repeat(d.mandatory[:1], maxLines+1) },
	} {
		t.Run(name, func(t *testing.T) {
			d := v.shown
			d.signatures, d.labels, d.mandatory = slices.Clone(d.signatures), maps.Clone(d.labels), slices.Clone(d.mandatory)
			change(&d)
			text, err := d.encode()
			if err != nil {
				t.Fatal(err)
			}
			err = New(jsonld.Closed, nil).Verify(context.Background(), unsecured, v.config, text, dataintegrity.Method{Key: v.issuer.Public()})
			if reason.Of(err) != reason.DIProofValue {
				t.Errorf("got %v", err)
			}
		})
	}
}

// TestComponentsSwapped has proofs of the right form that are not of this document.
func TestComponentsSwapped(t *testing.T) {
	v := read(t, "employ", "employ")
	unsecured, _, err := dataintegrity.Split(v.derived)
	if err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*derivedProof){
		"signatures in another order": func(d *derivedProof) { slices.Reverse(d.signatures) },
		"one signature for another":   func(d *derivedProof) { d.signatures[0] = d.signatures[1] },
		"labels swapped":              func(d *derivedProof) { d.labels[0], d.labels[1] = d.labels[1], d.labels[0] },
		"another mandatory statement": func(d *derivedProof) { d.mandatory[3] = 8 },
		"the issuer's key":            func(d *derivedProof) { d.public, _ = encodePublic(v.issuer.Public()) },
		"base signature of a part":    func(d *derivedProof) { d.signature = d.signatures[0] },
	} {
		t.Run(name, func(t *testing.T) {
			d := v.shown
			d.signatures, d.labels, d.mandatory = slices.Clone(d.signatures), maps.Clone(d.labels), slices.Clone(d.mandatory)
			change(&d)
			text, err := d.encode()
			if err != nil {
				t.Fatal(err)
			}
			err = New(jsonld.Closed, nil).Verify(context.Background(), unsecured, v.config, text, dataintegrity.Method{Key: v.issuer.Public()})
			if reason.Of(err) != reason.CredentialSignatureInvalid {
				t.Errorf("got %v", err)
			}
		})
	}
}

// TestForgedPair has a holder who makes a key pair of their own, signs other statements with it
// and keeps the issuer's signature, which must bind the key.
func TestForgedPair(t *testing.T) {
	v := read(t, "employ", "employ")
	unsecured, _, err := dataintegrity.Split(bytes.Replace(v.derived, []byte("Bahamas"), []byte("Bermudas"), 1))
	if err != nil {
		t.Fatal(err)
	}
	pair, err := key.Generate(key.ES256, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	forged := v.shown
	if forged.public, err = encodePublic(pair.Public()); err != nil {
		t.Fatal(err)
	}
	lines, mandatory, err := forged.shown(unsecured, jsonld.Closed)
	if err != nil {
		t.Fatal(err)
	}
	if forged.signatures, err = signEach(context.Background(), disclose.Pick(lines, disclose.Others(mandatory, len(lines))), pair); err != nil {
		t.Fatal(err)
	}
	text, err := forged.encode()
	if err != nil {
		t.Fatal(err)
	}
	err = New(jsonld.Closed, nil).Verify(context.Background(), unsecured, v.config, text, dataintegrity.Method{Key: v.issuer.Public()})
	if reason.Of(err) != reason.CredentialSignatureInvalid {
		t.Errorf("got %v", err)
	}
}

// TestForms has the bytes that are no proof: each must be refused where it is read, as a base and
// as a derived proof.
func TestForms(t *testing.T) {
	v := read(t, "employ", "employ")
	base, derived := raw(t, proofValue(t, v.secured)), raw(t, proofValue(t, v.derived))
	for name, c := range map[string][]byte{
		"header cut":         derived[:3],
		"header of bbs-2023": append([]byte{0xd9, 0x5d, 0x03}, derived[3:]...),
		"other header":       append([]byte{0xd9, 0x5e, 0x01}, derived[3:]...),
		"no header":          derived[3:],
		"cut":                derived[:len(derived)-1],
		"trailing":           append(bytes.Clone(derived), 0),
		"four components":    append([]byte{0xd9, 0x5d, 0x01, 0x84}, derived[4:]...),
		"six components":     append([]byte{0xd9, 0x5d, 0x01, 0x86}, append(bytes.Clone(derived[4:]), 0)...),
		"a tag":              append([]byte{0xd9, 0x5d, 0x01, 0x85, 0xd8, 0x40}, derived[4:]...),
		"a map":              append([]byte{0xd9, 0x5d, 0x01, 0xa5}, derived[4:]...),
		"indefinite":         append(append([]byte{0xd9, 0x5d, 0x01, 0x9f}, derived[4:]...), 0xff),
		"base, hmac short":   encodeWith(t, v.base, func(b *baseProof) { b.hmacKey = b.hmacKey[1:] }),
		"base, key short":    encodeWith(t, v.base, func(b *baseProof) { b.public = b.public[1:] }),
		"base, pointer cut":  base[:len(base)-1],
		"base, pointer text": bytes.Replace(base, []byte("\x67/issuer"), []byte("\x47/issuer"), 1),
		"base, not UTF-8":    bytes.Replace(base, []byte("/issuer"), []byte("/issue\xff"), 1),
		"base, six":          append([]byte{0xd9, 0x5d, 0x00, 0x86}, base[4:]...),
	} {
		t.Run(name, func(t *testing.T) {
			text := "u" + base64.RawURLEncoding.EncodeToString(c)
			if _, err := decodeBase(text); reason.Of(err) != reason.DIProofValue {
				t.Errorf("as a base proof: %v", err)
			}
			if _, err := decodeDerived(text); reason.Of(err) != reason.DIProofValue && reason.Of(err) != reason.DIBaseProof {
				t.Errorf("as a derived proof: %v", err)
			}
		})
	}
}

// TestLabelMapTwice has a map with one number twice, which our writer cannot write.
func TestLabelMapTwice(t *testing.T) {
	raw := cbor.AppendMap(nil, 2)
	for i := range byte(2) {
		raw = cbor.AppendBytes(cbor.AppendUint(raw, 3), bytes.Repeat([]byte{i}, hmacSize))
	}
	if _, ok := readLabels(cbor.NewReader(raw)); ok {
		t.Error("a number twice")
	}
	if _, ok := readLabels(cbor.NewReader(cbor.AppendBytes(cbor.AppendUint(cbor.AppendMap(nil, 1), 1<<32), make([]byte, hmacSize)))); ok {
		t.Error("a number beyond all")
	}
}

// TestTooLong shows that a proof which no one would read is not written.
func TestTooLong(t *testing.T) {
	b := baseProof{mandatory: slices.Repeat([]string{string(bytes.Repeat([]byte("x"), MaxPointer))}, MaxPointers)}
	if _, err := b.encode(); reason.Of(err) != reason.LimitMembers {
		t.Error(err)
	}
}

func raw(t testing.TB, text string) []byte {
	t.Helper()
	out, err := base64.RawURLEncoding.DecodeString(text[1:])
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func encodeWith(t testing.TB, b baseProof, change func(*baseProof)) []byte {
	t.Helper()
	change(&b)
	text, err := b.encode()
	if err != nil {
		t.Fatal(err)
	}
	return raw(t, text)
}

// FuzzProof reads anything as both kinds of proof. What is taken must be of the right sizes and be
// written in a form that is read as the same.
func FuzzProof(f *testing.F) {
	for _, name := range []string{"", "uuuu", "u2V0AhUBAQEBA", "u2V0BhUBAoIA"} {
		f.Add(name)
	}
	if text, err := seedProofs(); err == nil {
		for _, t := range text {
			f.Add(t)
		}
	}
	f.Fuzz(func(t *testing.T, text string) {
		if b, err := decodeBase(text); err == nil {
			again, err := b.encode()
			if err != nil || again != text || len(b.hmacKey) != hmacSize {
				t.Errorf("%s became %s: %v", text, again, err)
			}
		}
		d, err := decodeDerived(text)
		if err != nil {
			return
		}
		again, err := d.encode()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := decodeDerived(again); err != nil || len(d.signatures) > MaxStatements || len(d.signature) != signatureSize {
			t.Errorf("%s: %v", text, err)
		}
	})
}

// seedProofs returns a small proof of each kind.
func seedProofs() ([]string, error) {
	public := append([]byte(p256Prefix), 2)
	public = append(public, make([]byte, 32)...)
	one := make([]byte, signatureSize)
	b, err := baseProof{signature: one, public: public, hmacKey: make([]byte, hmacSize), signatures: [][]byte{one}, mandatory: []string{"/issuer"}}.encode()
	if err != nil {
		return nil, err
	}
	d, err := derivedProof{signature: one, public: public, signatures: [][]byte{one}, labels: map[int][]byte{0: make([]byte, hmacSize)}, mandatory: []int{0}}.encode()
	return []string{b, d}, err
}
