// SPDX-License-Identifier: Apache-2.0

package tokenlist

import (
	"bytes"
	"compress/zlib"
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/internal/jose"
	"github.com/behalf-id/behalf/internal/shared"
	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/key"
	"github.com/behalf-id/behalf/reason"
)

const (
	listURL   = "https://issuer.test/status/token/1-1"
	issuerDID = "did:web:issuer.test"
)

func newSigner(t testing.TB, id string) did.Signer {
	t.Helper()
	k, err := key.Generate(key.ES256, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	method, err := did.ParseURL(id + "#k1")
	if err != nil {
		t.Fatal(err)
	}
	return did.Signer{Signer: k, Method: method}
}

func pack(t testing.TB, width int, data []byte) Bits {
	t.Helper()
	b, err := Pack(width, data)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func want(t *testing.T, err error, code reason.Code) {
	t.Helper()
	if reason.Of(err) != code {
		t.Errorf("got %v, want %s", err, code)
	}
}

// vectorFile returns the JSON object of one published encoding, whose lines are folded.
func vectorFile(t *testing.T, name string) encoded {
	t.Helper()
	text := string(shared.Open(t, "vectors/token-status-list/"+name))
	text = strings.Join(strings.Fields(text[strings.IndexByte(text, '{'):]), "")
	var e encoded
	if err := strictjson.UnmarshalClosed([]byte(text), &e); err != nil {
		t.Fatal(err)
	}
	return e
}

// TestVectors decodes every published JSON encoding and compares every value.
func TestVectors(t *testing.T) {
	short1 := []uint8{1, 0, 0, 1, 1, 1, 0, 1, 1, 1, 0, 0, 0, 1, 0, 1}
	short2 := []uint8{1, 2, 0, 3, 0, 1, 0, 1, 1, 2, 3, 3}
	for _, v := range []struct {
		file   string
		cbor   string // the same list in the other form
		n      uint64
		values map[uint64]uint8 // all that are not 0; nil: not stated by the document that is at hand
	}{
		{"status_list_encoding_json.md", "status_list_encoding_cbor.md", 16, dense(short1)},
		{"status_list_encoding2_json.md", "status_list_encoding2_cbor.md", 12, dense(short2)},
		{"status_list_encoding1_long_json.md", "status_list_encoding1_long_cbor.md", 1 << 20, map[uint64]uint8{
			0: 1, 1993: 1, 25460: 1, 159495: 1, 495669: 1, 554353: 1, 645645: 1, 723232: 1, 854545: 1, 934534: 1, 1000345: 1,
		}},
		{"status_list_encoding2_long_json.md", "status_list_encoding2_long_cbor.md", 1 << 20, map[uint64]uint8{
			0: 1, 1993: 2, 25460: 1, 159495: 3, 495669: 1, 554353: 1, 645645: 2, 723232: 1, 854545: 1, 934534: 2, 1000345: 3,
		}},
		{"status_list_encoding4_json.md", "status_list_encoding4_cbor.md", 1 << 20, map[uint64]uint8{
			0: 1, 1993: 2, 35460: 3, 459495: 4, 595669: 5, 754353: 6, 845645: 7, 923232: 8, 924445: 9, 934534: 10,
			1004534: 11, 1000345: 12, 1030203: 13, 1030204: 14, 1030205: 15,
		}},
		{"status_list_encoding8_json.md", "status_list_encoding8_cbor.md", 1 << 20, nil},
	} {
		t.Run(v.file, func(t *testing.T) {
			e := vectorFile(t, v.file)
			compressed, err := base64.RawURLEncoding.DecodeString(e.List)
			if err != nil {
				t.Fatal(err)
			}
			bits, err := Decompress(e.Bits, compressed)
			if err != nil {
				t.Fatal(err)
			}
			if bits.Len() != v.n {
				t.Errorf("%d values, want %d", bits.Len(), v.n)
			}
			if got := sparse(t, bits); v.values != nil {
				if diff := cmp.Diff(v.values, got); diff != "" {
					t.Error(diff)
				}
			} else if len(got) != 255 || len(invert(got)) != 255 {
				t.Errorf("the 8 bit list has each value from 1 to 255 once, here are %d", len(invert(got)))
			}
			again, err := bits.Compress()
			if err != nil {
				t.Fatal(err)
			}
			back, err := Decompress(e.Bits, again)
			if err != nil || !bytes.Equal(back.Bytes(), bits.Bytes()) {
				t.Errorf("not the same after encoding again: %v", err)
			}
			other := string(shared.Open(t, "vectors/token-status-list/"+v.cbor))
			if !strings.Contains(strings.Join(strings.Fields(other), ""), hex.EncodeToString(compressed)) {
				t.Error("the CBOR form of the vector holds another list")
			}
		})
	}
}

// TestVectorsOutOfScope names each published vector that is not decoded, so that a new one is noticed.
func TestVectorsOutOfScope(t *testing.T) {
	outOfScope := map[string]string{}
	for _, name := range []string{
		"referenced_token_cwt.md", "referenced_token_cwt_diag.md", "status_list_cwt.md", "status_list_cwt_diag.md",
		"status_list_encoding1_long_cbor.md", "status_list_encoding2_cbor.md", "status_list_encoding2_cbor_diag.md",
		"status_list_encoding2_long_cbor.md", "status_list_encoding4_cbor.md", "status_list_encoding8_cbor.md",
		"status_list_encoding_cbor.md", "status_list_encoding_cbor_diag.md",
	} {
		outOfScope[name] = "CBOR and CWT: there is no CBOR reader here"
	}
	covered := map[string]bool{
		"status_list_encoding_json.md": true, "status_list_encoding2_json.md": true, "status_list_encoding1_long_json.md": true,
		"status_list_encoding2_long_json.md": true, "status_list_encoding4_json.md": true, "status_list_encoding8_json.md": true,
		"status_list_jwt.md": true, "status_list_jwt_raw.md": true, "LICENSE.md": true,
	}
	files, err := os.ReadDir(shared.Dir(t, "vectors/token-status-list"))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if name := filepath.Base(f.Name()); !covered[name] && outOfScope[name] == "" {
			t.Errorf("%s is neither tested nor out of scope", name)
		}
	}
}

// TestVectorJWT reads the published token. Its kid is no DID URL and its list is short, so Open
// would refuse it; the claims are read all the same.
func TestVectorJWT(t *testing.T) {
	raw := strings.Join(strings.Fields(string(shared.Open(t, "vectors/token-status-list/status_list_jwt_raw.md"))), "")
	_, err := Parse([]byte(raw))
	want(t, err, reason.StatusSignature)
	token, err := jose.Parse([]byte(raw), jose.Policy{Type: Type, Key: jose.FromContext})
	if err != nil {
		t.Fatal(err)
	}
	l, err := read(token.Unverified(), "https://example.com")
	if err != nil {
		t.Fatal(err)
	}
	if l.Subject != "https://example.com/statuslists/1" || l.Issued.Unix() != 1686920170 || l.Expires.Unix() != 2291720170 || l.TTL != 12*time.Hour {
		t.Errorf("got %+v", l)
	}
	if got := hex.EncodeToString(l.Bits.Bytes()); got != "b9a3" || l.Bits.Width() != 1 {
		t.Errorf("got %s of width %d", got, l.Bits.Width())
	}
	// The decoded claims of the vector are the same but for iss.
	text := string(shared.Open(t, "vectors/token-status-list/status_list_jwt.md"))
	_, payload, _ := strings.Cut(text, "\n.\n")
	same, err := read([]byte(payload), "any")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(l, same, cmp.Comparer(func(a, b Bits) bool { return a.Width() == b.Width() && a.octets.Equal(b.octets) })); diff != "" {
		t.Error(diff)
	}
}

// TestBitOrder fails if the order of Bitstring Status Lists is used.
func TestBitOrder(t *testing.T) {
	for _, c := range []struct {
		width int
		data  []byte
		want  []uint8
	}{
		{1, []byte{0b0000_0001, 0b1000_0000}, []uint8{1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}},
		{2, []byte{0b10_00_11_01}, []uint8{1, 3, 0, 2}},
		{4, []byte{0xa3}, []uint8{3, 10}},
		{8, []byte{0xa3}, []uint8{0xa3}},
	} {
		if diff := cmp.Diff(c.want, all(t, pack(t, c.width, c.data))); diff != "" {
			t.Errorf("width %d: %s", c.width, diff)
		}
	}
}

func TestStateMeaning(t *testing.T) {
	b := pack(t, 2, []byte{0b11_10_01_00})
	for i, state := range []string{"valid", "revoked", "suspended"} {
		if s, err := b.State(uint64(i)); err != nil || s.String() != state {
			t.Errorf("value %d: %v %v, want %s", i, s, err, state)
		}
	}
	_, err := b.State(3)
	want(t, err, reason.StatusValueUnknown)
	_, err = b.State(4)
	want(t, err, reason.StatusIndex)
	_, err = Bits{}.State(0)
	want(t, err, reason.StatusIndex)
	for _, width := range []int{0, 3, 5, 16, -1} {
		_, err := Pack(width, []byte{0})
		want(t, err, reason.StatusValueUnknown)
		_, err = Decompress(width, nil)
		want(t, err, reason.StatusValueUnknown)
	}
}

// TestRoundTrip packs values in a second, slow way and reads them back through the whole token.
func TestRoundTrip(t *testing.T) {
	by := newSigner(t, issuerDID)
	rapid.Check(t, func(rt *rapid.T) {
		width := rapid.SampledFrom([]int{1, 2, 4, 8}).Draw(rt, "width")
		data := make([]byte, MinEntries*width/8)
		model := rapid.MapOf(rapid.Uint64Range(0, MinEntries-1), rapid.Uint8Range(1, uint8(1<<width-1))).Draw(rt, "values")
		for i, v := range model {
			for k := range width {
				if v>>k&1 == 1 {
					at := int(i)*width + k // the bit's number, counted from the least significant of byte 0
					data[at/8] |= 1 << (at % 8)
				}
			}
		}
		l := List{
			Subject: listURL, Issued: time.Unix(rapid.Int64Range(1, 1<<33).Draw(rt, "iat"), 0).UTC(),
			TTL: time.Duration(rapid.Int64Range(0, 1<<20).Draw(rt, "ttl")) * time.Second, Bits: pack(t, width, data),
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
		if !bytes.Equal(back.Bits.Bytes(), data) || back.Bits.Width() != width {
			rt.Fatal("other values")
		}
		if diff := cmp.Diff(l, back, cmp.FilterValues(func(_, _ Bits) bool { return true }, cmp.Ignore())); diff != "" {
			rt.Fatal(diff)
		}
		for i := range model {
			for _, near := range []uint64{i, i ^ 1, i ^ 7, i ^ 8} {
				if v, err := back.Bits.Value(near); err != nil || v != model[near] {
					rt.Fatalf("value %d: %d %v", near, v, err)
				}
			}
		}
	})
}

// TestOpenRefuses changes one thing at a time in a token that opens.
func TestOpenRefuses(t *testing.T) {
	by, other := newSigner(t, issuerDID), newSigner(t, issuerDID)
	full := pack(t, 2, make([]byte, MinEntries/4))
	compressed, err := full.Compress()
	if err != nil {
		t.Fatal(err)
	}
	list := `"status_list":{"bits":2,"lst":"` + base64.RawURLEncoding.EncodeToString(compressed) + `"}`
	head := `{"sub":"` + listURL + `","iat":1700000000,`
	open := func(payload string, k key.Public) error {
		raw, err := jose.Sign(context.Background(), jose.Header{Type: Type, KeyID: by.Method.String()}, []byte(payload), by)
		if err != nil {
			t.Fatal(err)
		}
		s, err := Parse(raw)
		if err != nil {
			t.Fatal(err)
		}
		_, err = s.Open(k, listURL)
		return err
	}
	if err := open(head+list+`}`, by.Public()); err != nil {
		t.Fatal(err)
	}
	want(t, open(head+list+`}`, other.Public()), reason.StatusSignature)
	want(t, open(head+list+`}`, key.Public{}), reason.StatusSignature)
	for payload, code := range map[string]reason.Code{
		`{"sub":"https://issuer.test/other","iat":1,` + list + `}`:                       reason.StatusSubject,
		`{"iat":1,` + list + `}`:                                                         reason.StatusSubject,
		`{"sub":"` + listURL + `",` + list + `}`:                                         reason.StatusEncoding,
		`{"sub":"` + listURL + `","iat":0,` + list + `}`:                                 reason.StatusEncoding,
		`{"sub":"` + listURL + `","iat":1.5,` + list + `}`:                               reason.StatusEncoding,
		head + `"exp":-1,` + list + `}`:                                                  reason.StatusEncoding,
		head + `"ttl":-1,` + list + `}`:                                                  reason.StatusEncoding,
		head + `"ttl":"60",` + list + `}`:                                                reason.StatusEncoding,
		head + `"iss":"did:web:other.test",` + list + `}`:                                reason.StatusIssuer,
		head + `"status":{"status_list":{"idx":0,"uri":"https://x.test"}},` + list + `}`: reason.StatusRecursion,
		head + `"status_list":{"bits":3,"lst":"eNpjAAAAAQAB"}}`:                          reason.StatusValueUnknown,
		head + `"status_list":{"bits":"2","lst":"eNpjAAAAAQAB"}}`:                        reason.StatusEncoding,
		head + `"status_list":{"bits":2,"lst":"eNrbuRgAAhcBXQ="}}`:                       reason.StatusEncoding,
		head + `"status_list":{"bits":2,"lst":"eNrbuRgAAhcBXQ"}}`:                        reason.StatusLength,
		head + `"status_list":{"bits":2,"lst":"eNrbuRgAAhcBXQ","lst":""}}`:               reason.StatusEncoding,
		head + `"status_list":null}`:                                                     reason.StatusEncoding,
		strings.TrimSuffix(head, ",") + `}`:                                              reason.StatusEncoding,
		`[]`:                                                                             reason.StatusEncoding,
		``:                                                                               reason.StatusEncoding,
	} {
		if err := open(payload, by.Public()); reason.Of(err) != code {
			t.Errorf("%s: got %v, want %s", payload[:min(len(payload), 120)], err, code)
		}
	}
}

// TestLengthOfEveryWidth shows that the least length counts entries and not bytes.
func TestLengthOfEveryWidth(t *testing.T) {
	by := newSigner(t, issuerDID)
	for _, width := range []int{1, 2, 4, 8} {
		for _, missing := range []int{0, 1} {
			l := List{Subject: listURL, Issued: time.Unix(1, 0), Bits: pack(t, width, make([]byte, MinEntries*width/8-missing))}
			raw, err := Seal(context.Background(), l, by)
			if err != nil {
				t.Fatal(err)
			}
			s, err := Parse(raw)
			if err != nil {
				t.Fatal(err)
			}
			_, err = s.Open(by.Public(), listURL)
			want(t, err, []reason.Code{"", reason.StatusLength}[missing])
		}
	}
}

func FuzzDecompress(f *testing.F) {
	for _, data := range [][]byte{nil, {0xb9, 0xa3}, make([]byte, 1<<14)} {
		var out bytes.Buffer
		w := zlib.NewWriter(&out)
		_, _ = w.Write(data)
		_ = w.Close()
		f.Add(uint8(1), out.Bytes())
		f.Add(uint8(2), out.Bytes()[:out.Len()-1])
		f.Add(uint8(8), append(out.Bytes(), 0))
	}
	f.Fuzz(func(t *testing.T, width uint8, compressed []byte) {
		b, err := Decompress(int(width), compressed)
		if err != nil {
			return
		}
		if len(b.Bytes()) > 1000*len(compressed) {
			t.Fatal("the ratio limit does not hold")
		}
		again, err := b.Compress()
		if err != nil {
			t.Fatal(err)
		}
		back, err := Decompress(int(width), again)
		if reason.Of(err) == reason.StatusTooLarge {
			return // ours is so much smaller that it passes the ratio
		}
		if err != nil || !bytes.Equal(back.Bytes(), b.Bytes()) {
			t.Fatalf("does not survive encoding: %v", err)
		}
	})
}

func FuzzRead(f *testing.F) {
	f.Add([]byte(`{"sub":"https://x.test","iat":1,"exp":2,"ttl":3,"status_list":{"bits":1,"lst":"eNrbuRgAAhcBXQ"}}`))
	f.Add([]byte(`{"iat":1e3,"status_list":{"bits":1,"lst":""}}`))
	f.Add([]byte(`{"iat":9007199254740991,"ttl":9007199254740991,"status_list":{"bits":8,"lst":"eNrbuRgAAhcBXQ"}}`))
	f.Fuzz(func(t *testing.T, payload []byte) {
		l, err := read(payload, issuerDID)
		if err == nil && (l.Issued.IsZero() || l.TTL < 0 || l.Bits.Width() == 0) {
			t.Fatalf("read %+v", l)
		}
	})
}

func FuzzParse(f *testing.F) {
	by := newSigner(f, issuerDID)
	raw, err := Seal(context.Background(), List{Subject: listURL, Issued: time.Unix(1, 0), Bits: pack(f, 2, make([]byte, MinEntries/4))}, by)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(raw)
	f.Add([]byte("a.b.c"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		if s, err := Parse(raw); err == nil && s.Method().DID().IsZero() {
			t.Fatal("a token without a signer")
		}
	})
}

func BenchmarkStatusRead(b *testing.B) {
	bits := pack(b, 2, make([]byte, MinEntries/4))
	b.ReportAllocs()
	var i uint64
	for b.Loop() {
		if _, err := bits.State(i & (MinEntries - 1)); err != nil {
			b.Fatal(err)
		}
		i += 40503
	}
}

func BenchmarkStatusEncode(b *testing.B) {
	data := make([]byte, MinEntries/4)
	for i := 0; i < len(data); i += 25 { // one of a hundred is revoked
		data[i] = 1
	}
	bits := pack(b, 2, data)
	b.ReportAllocs()
	for b.Loop() {
		out, err := bits.Compress()
		if err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(len(out)), "B")
	}
}

func BenchmarkStatusDecode(b *testing.B) {
	data := make([]byte, MinEntries/4)
	for i := 0; i < len(data); i += 25 {
		data[i] = 1
	}
	compressed, err := pack(b, 2, data).Compress()
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Decompress(2, compressed); err != nil {
			b.Fatal(err)
		}
	}
}

func all(t *testing.T, b Bits) []uint8 {
	t.Helper()
	var out []uint8
	for i := range b.Len() {
		v, err := b.Value(i)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, v)
	}
	return out
}

func dense(values []uint8) map[uint64]uint8 {
	m := make(map[uint64]uint8)
	for i, v := range values {
		if v != 0 {
			m[uint64(i)] = v
		}
	}
	return m
}

func sparse(t *testing.T, b Bits) map[uint64]uint8 { return dense(all(t, b)) }

func invert(m map[uint64]uint8) map[uint8]uint64 {
	out := make(map[uint8]uint64)
	for i, v := range m {
		out[v] = i
	}
	return out
}

func Example() {
	bits, err := Pack(2, []byte{0b00_10_01_00})
	if err != nil {
		fmt.Println(err)
		return
	}
	for i := range bits.Len() {
		state, err := bits.State(i)
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(state)
	}
	// Output:
	// valid
	// revoked
	// suspended
	// valid
}
