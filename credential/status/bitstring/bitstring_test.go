// SPDX-License-Identifier: Apache-2.0

package bitstring

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/internal/jose"
	"github.com/behalf-id/behalf/key"
	"github.com/behalf-id/behalf/reason"
)

const (
	listURL   = "https://issuer.test/status/bitstring/1-1-revocation"
	issuerDID = "did:web:issuer.test"
)

func newSigner(t testing.TB, id string) did.Signer {
	t.Helper()
	k, err := key.Generate(key.EdDSA, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	method, err := did.ParseURL(id + "#k1")
	if err != nil {
		t.Fatal(err)
	}
	return did.Signer{Signer: k, Method: method}
}

func want(t *testing.T, err error, code reason.Code) {
	t.Helper()
	if reason.Of(err) != code {
		t.Errorf("got %v, want %s", err, code)
	}
}

// TestBitOrder fails if the order of Token Status Lists is used (entra-verifiedid iOS, issue 146).
func TestBitOrder(t *testing.T) {
	b := Pack([]byte{0b1000_0000, 0b0000_0001, 0b0010_0000})
	var set []uint64
	for i := range b.Len() {
		on, err := b.Set(i)
		if err != nil {
			t.Fatal(err)
		}
		if on {
			set = append(set, i)
		}
	}
	if diff := cmp.Diff([]uint64{0, 15, 18}, set); diff != "" {
		t.Error(diff)
	}
}

// TestKnownEncoding decodes the encodedList of the specification's example (§2.2, 131,072 zeros).
func TestKnownEncoding(t *testing.T) {
	b, err := Decode("uH4sIAAAAAAAAA-3BMQEAAADCoPVPbQwfoAAAAAAAAAAAAAAAAAAAAIC3AYbSVKsAQAAA")
	if err != nil {
		t.Fatal(err)
	}
	if b.Len() != MinEntries || !bytes.Equal(b.Bytes(), make([]byte, MinEntries/8)) {
		t.Errorf("got %d bits", b.Len())
	}
}

func TestRoundTrip(t *testing.T) {
	by := newSigner(t, issuerDID)
	rapid.Check(t, func(rt *rapid.T) {
		data := make([]byte, MinEntries/8)
		model := rapid.MapOf(rapid.Uint64Range(0, MinEntries-1), rapid.Just(true)).Draw(rt, "set")
		for i := range model {
			data[i/8] += 128 >> (i % 8)
		}
		issued := time.Unix(rapid.Int64Range(1, 1<<33).Draw(rt, "issued"), 0).UTC()
		l := List{
			ID: listURL, Issued: issued, NotBefore: issued, Expires: issued.Add(time.Minute),
			TTL:      time.Duration(rapid.Int64Range(0, 1<<20).Draw(rt, "ttl")) * time.Millisecond,
			Purposes: rapid.SampledFrom([][]string{{Revocation}, {Suspension}, {Revocation, Suspension}}).Draw(rt, "purposes"),
			Bits:     Pack(data),
		}
		raw, err := Seal(context.Background(), l, by)
		if err != nil {
			rt.Fatal(err)
		}
		sealed, err := Parse(raw)
		if err != nil || sealed.Method() != by.Method {
			rt.Fatal(err)
		}
		back, err := sealed.Open(by.Public(), listURL)
		if err != nil {
			rt.Fatal(err)
		}
		if !bytes.Equal(back.Bits.Bytes(), data) {
			rt.Fatal("other bits")
		}
		if diff := cmp.Diff(l, back, cmp.FilterValues(func(_, _ Bits) bool { return true }, cmp.Ignore())); diff != "" {
			rt.Fatal(diff)
		}
		for i := range model {
			for _, near := range []uint64{i, i ^ 1, i ^ 7, i ^ 8} {
				if on, err := back.Bits.Set(near); err != nil || on != model[near] {
					rt.Fatalf("bit %d: %v %v", near, on, err)
				}
			}
		}
	})
}

// TestOpenRefuses changes one thing at a time in a list credential that opens.
func TestOpenRefuses(t *testing.T) {
	by, other := newSigner(t, issuerDID), newSigner(t, issuerDID)
	full, err := Pack(make([]byte, MinEntries/8)).Encode()
	if err != nil {
		t.Fatal(err)
	}
	short, err := Pack(make([]byte, MinEntries/8-1)).Encode()
	if err != nil {
		t.Fatal(err)
	}
	good := `{"@context":["https://www.w3.org/ns/credentials/v2"],"id":"` + listURL + `","type":["VerifiableCredential","BitstringStatusListCredential"],` +
		`"issuer":"did:web:issuer.test","validFrom":"2026-11-22T10:00:00Z","credentialSubject":{"id":"` + listURL + `#list","type":"BitstringStatusList",` +
		`"statusPurpose":"revocation","encodedList":"` + full + `"}}`
	open := func(t *testing.T, payload string, k key.Public) (List, error) {
		raw, err := jose.Sign(context.Background(), jose.Header{Type: Type, ContentType: ContentType, KeyID: by.Method.String()}, []byte(payload), by)
		if err != nil {
			t.Fatal(err)
		}
		s, err := Parse(raw)
		if err != nil {
			t.Fatal(err)
		}
		return s.Open(k, listURL)
	}
	if _, err := open(t, good, by.Public()); err != nil {
		t.Fatal(err)
	}
	_, err = open(t, good, other.Public())
	want(t, err, reason.StatusSignature)
	for _, c := range refusals(full, short) {
		t.Run(c.name, func(t *testing.T) {
			payload := strings.Replace(good, c.old, c.new, 1)
			if payload == good {
				t.Fatal("nothing was changed")
			}
			_, err := open(t, payload, by.Public())
			want(t, err, c.code)
		})
	}
}

type refusal struct {
	name, old, new string
	code           reason.Code
}

// refusals are changes of a list credential, and what they lead to.
func refusals(full, short string) []refusal {
	return []refusal{
		{"other id", `"id":"` + listURL + `",`, `"id":"https://issuer.test/other",`, reason.StatusSubject},
		{"no id is allowed", `"id":"` + listURL + `",`, ``, ""},
		{"empty id", `"id":"` + listURL + `",`, `"id":"",`, reason.StatusEncoding},
		{"id is no string", `"id":"` + listURL + `",`, `"id":1,`, reason.StatusEncoding},
		{"issuer object", `"issuer":"did:web:issuer.test"`, `"issuer":{"id":"did:web:issuer.test","name":"x"}`, ""},
		{"other issuer", `"issuer":"did:web:issuer.test"`, `"issuer":"did:web:other.test"`, reason.StatusIssuer},
		{"other issuer object", `"issuer":"did:web:issuer.test"`, `"issuer":{"id":"did:web:other.test"}`, reason.StatusIssuer},
		{"issuer object without id", `"issuer":"did:web:issuer.test"`, `"issuer":{"id":1}`, reason.StatusIssuer},
		{"bad validUntil", `"validFrom"`, `"validUntil":"soon","validFrom"`, reason.StatusEncoding},
		{"negative exp", `"issuer":`, `"exp":-1,"issuer":`, reason.StatusEncoding},
		{"no issuer", `"issuer":"did:web:issuer.test",`, ``, reason.StatusIssuer},
		{"other iss", `"issuer":`, `"iss":"did:web:other.test","issuer":`, reason.StatusIssuer},
		{"status", `"issuer":`, `"credentialStatus":{"type":"BitstringStatusListEntry"},"issuer":`, reason.StatusRecursion},
		{"status array", `"issuer":`, `"credentialStatus":[],"issuer":`, reason.StatusRecursion},
		{"context order", `["https://www.w3.org/ns/credentials/v2"]`, `["https://x.test","https://www.w3.org/ns/credentials/v2"]`, reason.StatusEncoding},
		{"context 1.1", `["https://www.w3.org/ns/credentials/v2"]`, `["https://www.w3.org/2018/credentials/v1"]`, reason.StatusEncoding},
		{"no list type", `,"BitstringStatusListCredential"`, ``, reason.StatusEncoding},
		{"no credential type", `"VerifiableCredential",`, ``, reason.StatusEncoding},
		{"subject type", `"type":"BitstringStatusList",`, `"type":"StatusList2021",`, reason.StatusEncoding},
		{"no validFrom", `"validFrom":"2026-11-22T10:00:00Z",`, ``, reason.StatusEncoding},
		{"iat for validFrom", `"validFrom":"2026-11-22T10:00:00Z",`, `"iat":1795341600,`, ""},
		{"bad validFrom", `2026-11-22T10:00:00Z`, `22 Nov 2026`, reason.StatusEncoding},
		{"negative ttl", `"statusPurpose"`, `"ttl":-1,"statusPurpose"`, reason.StatusEncoding},
		{"no purpose", `"statusPurpose":"revocation",`, ``, reason.StatusPurpose},
		{"no purpose in array", `"statusPurpose":"revocation",`, `"statusPurpose":[],`, reason.StatusPurpose},
		{"purpose is no string", `"statusPurpose":"revocation",`, `"statusPurpose":[1],`, reason.StatusPurpose},
		{"multibase z", `"encodedList":"u`, `"encodedList":"z`, reason.StatusEncoding},
		{"no multibase", `"encodedList":"u`, `"encodedList":"`, reason.StatusEncoding},
		{"short", full, short, reason.StatusLength},
		{"two subjects", `"credentialSubject":{`, `"credentialSubject":[{`, reason.StatusEncoding},
		{"null subject", `"credentialSubject":{`, `"credentialSubject":null,"x":{`, reason.StatusEncoding},
	}
}

// TestTimes shows which of the times of a list counts.
func TestTimes(t *testing.T) {
	full, err := Pack(make([]byte, MinEntries/8)).Encode()
	if err != nil {
		t.Fatal(err)
	}
	l, err := read([]byte(`{"@context":"https://www.w3.org/ns/credentials/v2","type":["VerifiableCredential","BitstringStatusListCredential"],`+
		`"issuer":"did:web:issuer.test","iat":1000,"exp":2000,"validFrom":"1970-01-01T00:00:50Z","validUntil":"1970-01-01T01:00:00.5+01:00","credentialSubject":`+
		`{"type":["BitstringStatusList"],"statusPurpose":["x","suspension"],"ttl":1500,"encodedList":"`+full+`"}}`), issuerDID)
	if err != nil {
		t.Fatal(err)
	}
	if l.Issued.Unix() != 1000 || l.NotBefore.Unix() != 50 || l.Expires.UnixMilli() != 500 || l.TTL != 1500*time.Millisecond || l.ID != "" {
		t.Errorf("got %+v", l)
	}
	if !l.Has(Suspension) || l.Has(Revocation) {
		t.Errorf("purposes %v", l.Purposes)
	}
}

func FuzzDecode(f *testing.F) {
	for _, n := range []int{0, 1, MinEntries / 8} {
		encoded, err := Pack(make([]byte, n)).Encode()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(encoded)
		f.Add(encoded[:len(encoded)-2])
	}
	var two bytes.Buffer
	for range 2 {
		w := gzip.NewWriter(&two)
		_, _ = w.Write([]byte{1, 2, 3})
		_ = w.Close()
	}
	f.Add("u" + base64.RawURLEncoding.EncodeToString(two.Bytes()))
	f.Fuzz(func(t *testing.T, encoded string) {
		b, err := Decode(encoded)
		if err != nil {
			return
		}
		if len(b.Bytes()) > 1000*len(encoded) {
			t.Fatal("the ratio limit does not hold")
		}
		again, err := b.Encode()
		if err != nil {
			t.Fatal(err)
		}
		back, err := Decode(again)
		if reason.Of(err) == reason.StatusTooLarge {
			return // ours is so much smaller that it passes the ratio
		}
		if err != nil || !bytes.Equal(back.Bytes(), b.Bytes()) {
			t.Fatalf("does not survive encoding: %v", err)
		}
	})
}

func FuzzRead(f *testing.F) {
	f.Add([]byte(`{"@context":["https://www.w3.org/ns/credentials/v2"],"type":["VerifiableCredential","BitstringStatusListCredential"],` +
		`"issuer":"did:web:issuer.test","validFrom":"2026-11-22T10:00:00Z","credentialSubject":{"type":"BitstringStatusList",` +
		`"statusPurpose":"revocation","encodedList":"uH4sIAAAAAAAAA-3BMQEAAADCoPVPbQwfoAAAAAAAAAAAAAAAAAAAAIC3AYbSVKsAQAAA"}}`))
	f.Fuzz(func(t *testing.T, payload []byte) {
		l, err := read(payload, issuerDID)
		if err == nil && (l.Issued.IsZero() || l.TTL < 0 || len(l.Purposes) == 0) {
			t.Fatalf("read %+v", l)
		}
	})
}

func BenchmarkStatusReadBitstring(b *testing.B) {
	bits := Pack(make([]byte, MinEntries/8))
	b.ReportAllocs()
	var i uint64
	for b.Loop() {
		if _, err := bits.Set(i & (MinEntries - 1)); err != nil {
			b.Fatal(err)
		}
		i += 40503
	}
}

func BenchmarkStatusDecodeBitstring(b *testing.B) {
	data := make([]byte, MinEntries/8)
	for i := 0; i < len(data); i += 12 { // about one of a hundred is revoked
		data[i] = 1
	}
	encoded, err := Pack(data).Encode()
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Decode(encoded); err != nil {
			b.Fatal(err)
		}
	}
}

func Example() {
	encoded, err := Pack(make([]byte, MinEntries/8)).Encode()
	if err != nil {
		fmt.Println(err)
		return
	}
	bits, err := Decode(encoded)
	if err != nil {
		fmt.Println(err)
		return
	}
	set, err := bits.Set(94567)
	fmt.Println(set, err)
	_, err = bits.Set(MinEntries)
	fmt.Println(reason.Of(err))
	// Output:
	// false <nil>
	// status.index
}
