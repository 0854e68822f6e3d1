// SPDX-License-Identifier: Apache-2.0

package bbs

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/cloudflare/circl/ecc/bls12381"

	"github.com/behalf-id/behalf/credential/dataintegrity"
	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/internal/cbor"
	"github.com/behalf-id/behalf/internal/jsonld"
	"github.com/behalf-id/behalf/internal/multiformat"
	"github.com/behalf-id/behalf/key"
	"github.com/behalf-id/behalf/reason"
)

const credential = `{"@context":["https://www.w3.org/ns/credentials/v2",{"@vocab":"https://a.example/"}],"type":"VerifiableCredential",` +
	`"issuer":"https://issuer.example","validUntil":"2027-06-01T00:00:00Z","credentialSubject":{"name":"Ann","age":40,` +
	`"cards":[{"no":"1","kind":"a"},{"no":"2","kind":"b"},{"no":"3","kind":"c"}]}}`

func testKey(t testing.TB, material string) *Key {
	t.Helper()
	k, err := NewKey([]byte(material+strings.Repeat(".", MinMaterial)), nil)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// config is the options of a proof under k.
func config(k *Key) string {
	text := k.Verifier().String()
	return `{"type":"DataIntegrityProof","cryptosuite":"bbs-2023","created":"2026-06-01T00:00:00Z","verificationMethod":"did:key:` +
		text + "#" + text + `","proofPurpose":"assertionMethod"}`
}

// base returns credential with a base proof by k.
func base(t testing.TB, k *Key, mandatory ...string) []byte {
	t.Helper()
	value, err := New(jsonld.Open, rand.Reader).WithMandatory(mandatory).Create(context.Background(), []byte(credential), []byte(config(k)), did.Signer{Signer: k})
	if err != nil {
		t.Fatal(err)
	}
	out, err := dataintegrity.Join([]byte(credential), []byte(strings.TrimSuffix(config(k), "}")+`,"proofValue":"`+value+`"}`))
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func derive(t testing.TB, base []byte, header string, selective ...string) []byte {
	t.Helper()
	out, err := Derive(context.Background(), base, Presentation{Selective: selective, Header: []byte(header), Profile: jsonld.Open, Random: rand.Reader})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func want(t testing.TB, err error, code reason.Code) {
	t.Helper()
	if reason.Of(err) != code {
		t.Errorf("got %v, want %s", err, code)
	}
}

// TestUnlinkable shows that two proofs of the same part share nothing that is long enough to be
// recognised by, and that both verify with their presentation headers (conformance 64).
func TestUnlinkable(t *testing.T) {
	b := base(t, testKey(t, "issuer"), "/issuer")
	first, second := derive(t, b, "for one", "/validUntil"), derive(t, b, "for one", "/validUntil")
	one, err := decodeDerived(proofValue(t, first))
	if err != nil {
		t.Fatal(err)
	}
	two, err := decodeDerived(proofValue(t, second))
	if err != nil {
		t.Fatal(err)
	}
	signed, err := decodeBase(proofValue(t, b))
	if err != nil {
		t.Fatal(err)
	}
	for chunk := range slices.Chunk(one.proof, 16) {
		if len(chunk) == 16 && (bytes.Contains(two.proof, chunk) || bytes.Contains(signed.signature, chunk)) {
			t.Errorf("%x is in both", chunk)
		}
	}
	for _, doc := range [][]byte{first, second} {
		if err := verify(t, doc); err != nil {
			t.Error(err)
		}
		if header, err := PresentationHeader(proofValue(t, doc)); err != nil || string(header) != "for one" {
			t.Errorf("%q %v", header, err)
		}
	}
}

// TestHeaderBound shows that a proof made for one presentation does not pass for another.
func TestHeaderBound(t *testing.T) {
	doc := derive(t, base(t, testKey(t, "issuer"), "/issuer"), "for one", "/validUntil")
	d, err := decodeDerived(proofValue(t, doc))
	if err != nil {
		t.Fatal(err)
	}
	for _, header := range []string{"for two", "", "for one "} {
		d.presentationHeader = []byte(header)
		text, err := d.encode()
		if err != nil {
			t.Fatal(err)
		}
		want(t, verify(t, replaceValue(t, doc, raw(t, text))), reason.CredentialSignatureInvalid)
	}
}

// TestSelections derives what JSON pointers can express, each of which must verify and show no
// more.
func TestSelections(t *testing.T) {
	b := base(t, testKey(t, "issuer"), "/issuer")
	for name, c := range map[string]struct {
		pointers []string
		hidden   []string
	}{
		"nothing more":    {nil, []string{"Ann", "cards", "2027"}},
		"everything":      {[]string{""}, nil},
		"one of an array": {[]string{"/credentialSubject/cards/1"}, []string{"Ann", `"1"`, `"3"`}},
		"members":         {[]string{"/credentialSubject/cards/0/no", "/credentialSubject/age"}, []string{"Ann", `"a"`, `"2"`}},
	} {
		t.Run(name, func(t *testing.T) {
			doc := derive(t, b, "", c.pointers...)
			if err := verify(t, doc); err != nil {
				t.Error(err)
			}
			for _, hidden := range c.hidden {
				if bytes.Contains(doc, []byte(hidden)) {
					t.Errorf("%s is shown", hidden)
				}
			}
		})
	}
}

// TestTampered changes what conformance 66 lists.
func TestTampered(t *testing.T) {
	k, other := testKey(t, "issuer"), testKey(t, "other")
	doc := string(derive(t, base(t, k, "/issuer"), "header", "/credentialSubject/cards", "/validUntil"))
	for name, change := range map[string][2]string{
		"a mandatory value":      {`issuer.example"`, `issuer2.example"`},
		"a chosen value":         {`"no":"2"`, `"no":"9"`},
		"a chosen member":        {`"no":"2",`, ``},
		"a mandatory member":     {`"issuer":"https://issuer.example",`, ``},
		"a member more":          {`"issuer"`, `"more":"x","issuer"`},
		"created":                {`06-01T00:00:00Z","verificationMethod"`, `06-01T00:00:01Z","verificationMethod"`},
		"the purpose":            {`assertionMethod`, `authentication`},
		"the context":            {`https://a.example/`, `https://b.example/`},
		"the verificationMethod": {config(k)[strings.Index(config(k), "did:key"):strings.Index(config(k), `","proofPurpose`)], "did:key:" + other.Verifier().String() + "#" + other.Verifier().String()},
	} {
		t.Run(name, func(t *testing.T) {
			changed := strings.Replace(doc, change[0], change[1], 1)
			if changed == doc {
				t.Fatal("nothing was changed")
			}
			if code := reason.Of(verify(t, []byte(changed))); code != reason.CredentialSignatureInvalid && code != reason.DIProofValue {
				t.Errorf("got %q", code)
			}
		})
	}
}

// TestComponents has the ways in which a component of a derived proof can be wrong.
func TestComponents(t *testing.T) {
	doc := derive(t, base(t, testKey(t, "issuer"), "/issuer"), "header", "/credentialSubject/cards/1")
	for name, change := range map[string]func(*derivedProof){
		"no proof":               func(d *derivedProof) { d.proof = nil },
		"proof cut by a scalar":  func(d *derivedProof) { d.proof = d.proof[:3*pointSize+3*scalarSize] },
		"proof cut by a byte":    func(d *derivedProof) { d.proof = d.proof[:len(d.proof)-1] },
		"a point at infinity":    func(d *derivedProof) { d.proof = slices.Concat([]byte{0xc0}, make([]byte, 47), d.proof[48:]) },
		"a point not compressed": func(d *derivedProof) { d.proof[0] &^= 0x80 },
		"a point off the curve": func(d *derivedProof) {
			d.proof = slices.Concat([]byte{0x80}, make([]byte, 46), []byte{1}, d.proof[48:])
		},
		"a scalar of zero": func(d *derivedProof) {
			d.proof = append(d.proof[:len(d.proof)-32:len(d.proof)-32], make([]byte, 32)...)
		},
		"a scalar of the order": func(d *derivedProof) {
			d.proof = append(d.proof[:len(d.proof)-32:len(d.proof)-32], bls12381.Order()...)
		},
		"too many hidden": func(d *derivedProof) {
			d.proof = append(d.proof, slices.Repeat(d.proof[len(d.proof)-32:], MaxStatements+1)...)
		},
		"no labels":                func(d *derivedProof) { d.labels = nil },
		"a label less":             func(d *derivedProof) { delete(d.labels, 0) },
		"a label more":             func(d *derivedProof) { d.labels[9] = 9 },
		"one label for two":        func(d *derivedProof) { d.labels[0] = d.labels[1] },
		"a label far out":          func(d *derivedProof) { d.labels[0] = 1 << 40 },
		"an index out of range":    func(d *derivedProof) { d.mandatory[0] = 99 },
		"indexes descend":          func(d *derivedProof) { slices.Reverse(d.mandatory) },
		"an index twice":           func(d *derivedProof) { d.mandatory[1] = d.mandatory[0] },
		"a mandatory index less":   func(d *derivedProof) { d.mandatory = d.mandatory[1:] },
		"a selective index less":   func(d *derivedProof) { d.selective = d.selective[1:] },
		"a selective index more":   func(d *derivedProof) { d.selective = append([]int{0}, d.selective...) },
		"a selective index beyond": func(d *derivedProof) { d.selective[len(d.selective)-1] = MaxStatements },
		"selective indexes swap":   func(d *derivedProof) { d.selective[0], d.selective[1] = d.selective[1], d.selective[0] },
		"header too long":          func(d *derivedProof) { d.presentationHeader = make([]byte, MaxHeader+1) },
	} {
		t.Run(name, func(t *testing.T) {
			d, err := decodeDerived(proofValue(t, doc))
			if err != nil {
				t.Fatal(err)
			}
			d.proof, d.labels = bytes.Clone(d.proof), maps.Clone(d.labels)
			change(&d)
			text, err := d.encode()
			if err != nil {
				t.Fatal(err)
			}
			want(t, verify(t, replaceValue(t, doc, raw(t, text))), reason.DIProofValue)
		})
	}
}

// TestForms has the bytes that are no proof of this suite.
func TestForms(t *testing.T) {
	k := testKey(t, "issuer")
	b := base(t, k, "/issuer")
	doc := derive(t, b, "", "/validUntil")
	signed, derived := raw(t, proofValue(t, b)), raw(t, proofValue(t, doc))
	for name, c := range map[string]struct {
		value          []byte
		verify, derive reason.Code
	}{
		"a base proof":        {signed, reason.DIBaseProof, ""},
		"a derived proof":     {derived, "", reason.DIProofValue},
		"of ecdsa-sd-2023":    {append([]byte{0xd9, 0x5d, 0x01}, derived[3:]...), reason.DIProofValue, reason.DIProofValue},
		"beyond all features": {append([]byte{0xd9, 0x5d, 0x0a}, derived[3:]...), reason.DIProofValue, reason.DIProofValue},
		"another family":      {append([]byte{0xd9, 0x5e, 0x03}, derived[3:]...), reason.DIProofValue, reason.DIProofValue},
		"four components":     {append([]byte{0xd9, 0x5d, 0x03, 0x84}, derived[4:]...), reason.DIProofValue, reason.DIProofValue},
		"trailing":            {append(bytes.Clone(derived), 0), reason.DIProofValue, reason.DIProofValue},
		"base cut":            {signed[:len(signed)-1], reason.DIBaseProof, reason.DIProofValue},
		"base, signature off": {bytes.Replace(signed, signed[6:54], append([]byte{0xc0}, make([]byte, 47)...), 1), reason.DIBaseProof, reason.DIProofValue},
		"base, six":           {append([]byte{0xd9, 0x5d, 0x02, 0x86}, signed[4:]...), reason.DIBaseProof, reason.DIProofValue},
	} {
		t.Run(name, func(t *testing.T) {
			secured := replaceValue(t, b, c.value)
			if name != "a derived proof" {
				want(t, verify(t, secured), c.verify)
			}
			_, err := Derive(context.Background(), secured, Presentation{Selective: []string{"/validUntil"}, Profile: jsonld.Open, Random: rand.Reader})
			want(t, err, c.derive)
		})
	}
	for feature := byte(4); feature <= 9; feature++ {
		secured := replaceValue(t, b, append([]byte{0xd9, 0x5d, feature}, derived[3:]...))
		want(t, verify(t, secured), reason.DISuite)
		_, err := Derive(context.Background(), secured, Presentation{Selective: []string{"/validUntil"}, Profile: jsonld.Open, Random: rand.Reader})
		want(t, err, reason.DISuite)
	}
	for _, text := range []string{"", "u", "z" + proofValue(t, doc)[1:], proofValue(t, doc) + "=", proofValue(t, doc) + "\n"} {
		_, err := PresentationHeader(text)
		want(t, err, reason.DIProofValue)
	}
}

// TestDeriveRefused has the derivations that show nothing or something else.
func TestDeriveRefused(t *testing.T) {
	k := testKey(t, "issuer")
	b := base(t, k, "/issuer")
	good := Presentation{Selective: []string{"/validUntil"}, Profile: jsonld.Open, Random: rand.Reader}
	with := func(change func(*Presentation)) Presentation {
		p := good
		change(&p)
		return p
	}
	for name, c := range map[string]struct {
		doc  []byte
		p    Presentation
		code reason.Code
	}{
		"absent":            {b, with(func(p *Presentation) { p.Selective = []string{"/absent"} }), reason.QueryUnsatisfied},
		"nothing":           {base(t, k), with(func(p *Presentation) { p.Selective = nil }), reason.QueryUnsatisfied},
		"not a pointer":     {b, with(func(p *Presentation) { p.Selective = []string{"issuer"} }), reason.CredentialSchemaInvalid},
		"no randomness":     {b, with(func(p *Presentation) { p.Random = nil }), reason.DISuite},
		"header too long":   {b, with(func(p *Presentation) { p.Header = make([]byte, MaxHeader+1) }), reason.LimitMembers},
		"another profile":   {b, with(func(p *Presentation) { p.Profile = jsonld.Closed }), reason.JSONLDContextInlineForbidden},
		"no proof":          {[]byte(credential), good, reason.DIProofMissing},
		"not the document":  {bytes.Replace(b, []byte(`"Ann"`), []byte(`"Bob"`), 1), good, reason.DIProofValue},
		"mandatory changed": {bytes.Replace(b, []byte(`"issuer":"https://issuer.example"`), []byte(`"more":"x"`), 1), good, reason.DIProofValue},
		"not JSON":          {[]byte("{"), good, reason.JSONSyntax},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Derive(context.Background(), c.doc, c.p)
			want(t, err, c.code)
		})
	}
	if _, err := Derive(context.Background(), b, with(func(p *Presentation) { p.Random = io.LimitReader(rand.Reader, 100) })); err == nil {
		t.Error("a proof with too little randomness")
	}
	over, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := Derive(over, b, good); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func TestCreateRefused(t *testing.T) {
	k := testKey(t, "issuer")
	p256, err := key.Generate(key.ES256, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	many := make([]string, MaxStatements+1)
	for n := range many {
		many[n] = fmt.Sprintf(`"p%d"`, n)
	}
	for name, c := range map[string]struct {
		doc      string
		by       key.Signer
		random   io.Reader
		pointers []string
		code     reason.Code
	}{
		"P-256":           {credential, p256, rand.Reader, nil, reason.DISuite},
		"no key":          {credential, nil, rand.Reader, nil, reason.DISuite},
		"nil key":         {credential, (*Key)(nil), rand.Reader, nil, reason.DISuite},
		"zero key":        {credential, new(Key), rand.Reader, nil, reason.DISuite},
		"no randomness":   {credential, k, nil, nil, reason.DISuite},
		"absent":          {credential, k, rand.Reader, []string{"/absent"}, reason.CredentialSchemaInvalid},
		"too many":        {strings.Replace(credential, `"Ann"`, "["+strings.Join(many, ",")+"]", 1), k, rand.Reader, nil, reason.LimitMembers},
		"inline contexts": {credential, k, rand.Reader, nil, reason.JSONLDContextInlineForbidden},
	} {
		t.Run(name, func(t *testing.T) {
			profile := jsonld.Open
			if name == "inline contexts" {
				profile = jsonld.Closed
			}
			_, err := New(profile, c.random).WithMandatory(c.pointers).Create(context.Background(), []byte(c.doc), []byte(config(k)), did.Signer{Signer: c.by})
			want(t, err, c.code)
		})
	}
}

// TestForged has a prover with a signature of another signer, who knows all that a proof needs but
// the issuer's signature.
func TestForged(t *testing.T) {
	k, other := testKey(t, "issuer"), testKey(t, "other")
	all := []string{"a", "b", "c"}
	s := statement{public: k.Verifier(), header: []byte("h"), disclosed: []int{1}, messages: []string{"b"}, hidden: 2}
	for by, code := range map[*Key]reason.Code{k: "", other: reason.CredentialSignatureInvalid} {
		sig, err := readSignature(by.sign([]byte("h"), all))
		if err != nil {
			t.Fatal(err)
		}
		random, err := randomScalars(rand.Reader, proofScalars+2)
		if err != nil {
			t.Fatal(err)
		}
		p, err := readProof(s.prove(sig, all, random))
		if err != nil {
			t.Fatal(err)
		}
		want(t, s.verify(p), code)
	}
}

// TestFresh shows that no two base proofs share a key for labels.
func TestFresh(t *testing.T) {
	k := testKey(t, "issuer")
	one, err := decodeBase(proofValue(t, base(t, k)))
	if err != nil {
		t.Fatal(err)
	}
	two, err := decodeBase(proofValue(t, base(t, k)))
	if err != nil || bytes.Equal(one.hmacKey, two.hmacKey) {
		t.Error("one key twice", err)
	}
}

// TestKeys reads and refuses keys (conformance 52, 63).
func TestKeys(t *testing.T) {
	k := testKey(t, "issuer")
	text := k.Verifier().String()
	if !strings.HasPrefix(text, "zUC7") {
		t.Errorf("%s", text)
	}
	if p, err := ParsePublic(text); err != nil || p.String() != text {
		t.Errorf("%v %v", p, err)
	}
	encode := func(raw []byte) string {
		out, err := multiformat.Encode(multiformat.Base58BTC, raw)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	multikey := append([]byte(prefix), k.public...)
	changed := func(at int, to byte) string {
		out := bytes.Clone(multikey)
		out[at] = to
		return encode(out)
	}
	for name, text := range map[string]string{
		"empty": "", "base64url": "u" + text[1:], "short": encode(multikey[:97]), "long": encode(append(bytes.Clone(multikey), 0)),
		"prefix of G1": changed(0, 0xea), "not compressed": changed(2, multikey[2]&^0x80), "infinity": encode(append([]byte(prefix+"\xc0"), make([]byte, 95)...)),
		"too long": strings.Repeat("z", 200), "beyond the field": encode(append([]byte(prefix+"\x9f"), bytes.Repeat([]byte{0xff}, 95)...)),
		"outside the group": outside(t, encode), "Ed25519": "z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK",
	} {
		_, err := ParsePublic(text)
		if reason.Of(err) != reason.KeyWeak {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, raw := range [][]byte{nil, make([]byte, 32), make([]byte, 31), make([]byte, 33), bls12381.Order(), bytes.Repeat([]byte{0xff}, 32)} {
		if _, err := ReadKey(raw); reason.Of(err) != reason.KeyWeak {
			t.Errorf("%x: %v", raw, err)
		}
	}
	if _, err := NewKey(make([]byte, MinMaterial-1), nil); reason.Of(err) != reason.KeyWeak {
		t.Error(err)
	}
	if _, err := NewKey(make([]byte, MinMaterial), make([]byte, 1<<16)); reason.Of(err) != reason.KeyWeak {
		t.Error(err)
	}
	if a, _ := NewKey(make([]byte, MinMaterial), []byte("a")); a.Verifier().String() == testKey(t, "").Verifier().String() {
		t.Error("info makes no difference")
	}
}

// outside returns a point of the curve of G2 that is not in the group of the right order: found by
// trying, as almost all are.
func outside(t *testing.T, encode func([]byte) string) string {
	t.Helper()
	// x = 2 gives a point on the curve that the cofactor does not clear.
	for x := byte(0); x < 64; x++ {
		raw := append([]byte{0x80}, make([]byte, 95)...)
		raw[95] = x
		var p bls12381.G2
		if err := p.SetBytes(raw); err == nil && p.IsOnG2() {
			continue
		}
		if _, err := readPublic(raw); err == nil {
			t.Fatalf("%x is taken", raw)
		}
	}
	return encode(append(append([]byte(prefix), 0x80), append(make([]byte, 94), 2)...))
}

// TestMethods shows which verification methods fit.
func TestMethods(t *testing.T) {
	k := testKey(t, "issuer")
	text := k.Verifier().String()
	s := New(jsonld.Closed, nil)
	if s.Name() != "bbs-2023" || !s.Fits(method(t, "did:key:"+text+"#"+text)) {
		t.Error("its own key does not fit")
	}
	p256, err := key.Generate(key.ES256, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	with := method(t, "did:key:"+text+"#"+text)
	with.Key = p256.Public()
	for _, m := range []dataintegrity.Method{{}, with, method(t, "did:key:"+text+"#other"), method(t, "did:web:issuer.example#"+text),
		method(t, "did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK#z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK")} {
		if s.Fits(m) {
			t.Errorf("%v fits", m.URL)
		}
	}
	doc := derive(t, base(t, k, "/issuer"), "", "/validUntil")
	unsecured, proofs, err := dataintegrity.Split(doc)
	if err != nil {
		t.Fatal(err)
	}
	options, value, err := dataintegrity.SplitProof(proofs[0])
	if err != nil {
		t.Fatal(err)
	}
	want(t, New(jsonld.Open, nil).Verify(context.Background(), unsecured, options, value, dataintegrity.Method{}), reason.DISuite)
}

// TestHidden shows that a private key comes into no log and signs no messages of others.
func TestHidden(t *testing.T) {
	k := testKey(t, "issuer")
	secret := hex.EncodeToString(appendScalars(nil, k.secret))
	raw, err := json.Marshal(map[string]any{"k": k})
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{fmt.Sprint(k), fmt.Sprintf("%v %+v %#v %s %x %d", k, k, k, k, k, *k), string(raw), k.LogValue().String()} {
		if strings.Contains(text, secret) || strings.Contains(text, secret[:8]) || !strings.Contains(text, hidden) {
			t.Errorf("%s", text)
		}
	}
	_, err = k.Sign(context.Background(), []byte("x"))
	want(t, err, reason.DISuite)
	if !k.Public().IsZero() || new(Key).Verifier().String() != "" {
		t.Error("a key.Public of a BBS key, or of none")
	}
}

// TestSignatures has the bytes that are no BBS signature.
func TestSignatures(t *testing.T) {
	good := testKey(t, "issuer").sign(nil, []string{"a"})
	for name, raw := range map[string][]byte{
		"empty": nil, "short": good[:79], "long": append(bytes.Clone(good), 0), "a scalar more": append(bytes.Clone(good), good[48:]...),
		"e is zero": append(bytes.Clone(good[:48]), make([]byte, 32)...), "A at infinity": append([]byte{0xc0}, append(make([]byte, 47), good[48:]...)...),
	} {
		if _, err := readSignature(raw); reason.Of(err) != reason.DIProofValue {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := readSignature(good); err != nil {
		t.Error(err)
	}
}

// FuzzProof reads anything as both kinds of proof; what is taken must be written in a form that is
// read again.
func FuzzProof(f *testing.F) {
	part := make([]byte, 3*pointSize+minScalars*scalarSize)
	b, _ := baseProof{make([]byte, signatureSize), make([]byte, headerSize), make([]byte, publicSize), make([]byte, hmacSize), []string{"/issuer"}}.encode()
	d, _ := derivedProof{part, map[int]int{0: 1, 1: 0}, []int{0}, []int{1}, []byte("h")}.encode()
	for _, seed := range []string{"", "u2V0DhQ", b, d} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if b, err := decodeBase(text); err == nil {
			if again, err := b.encode(); err != nil || again != text {
				t.Errorf("%s became %s: %v", text, again, err)
			}
		}
		d, err := decodeDerived(text)
		if err != nil {
			return
		}
		_, _ = readProof(d.proof)
		again, err := d.encode()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := decodeDerived(again); err != nil {
			t.Errorf("%s: %v", text, err)
		}
	})
}

// TestLabelMapTwice has maps that our writer cannot write.
func TestLabelMapTwice(t *testing.T) {
	for _, pairs := range [][4]uint64{{3, 1, 3, 2}, {3, 1, 4, 1}, {1 << 31, 1, 2, 2}, {1, 1 << 40, 2, 2}} {
		raw := cbor.AppendMap(nil, 2)
		for _, n := range pairs {
			raw = cbor.AppendUint(raw, n)
		}
		if _, ok := readLabels(cbor.NewReader(raw)); ok {
			t.Errorf("%v", pairs)
		}
	}
}

// BenchmarkVerify is what a verifier does with a part of a small credential.
func BenchmarkVerify(b *testing.B) {
	doc := derive(b, base(b, testKey(b, "issuer"), "/issuer"), "", "/validUntil")
	for b.Loop() {
		if err := verify(b, doc); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkDerive is what a wallet does for it.
func BenchmarkDerive(b *testing.B) {
	doc := base(b, testKey(b, "issuer"), "/issuer")
	for b.Loop() {
		derive(b, doc, "", "/validUntil")
	}
}
