// SPDX-License-Identifier: Apache-2.0

package tokenlist

import (
	"bytes"
	"compress/zlib"
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
	_, err = b.Value(4)
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

// TestAggregation: what is written is read, and what is no list of addresses is refused.
func TestAggregation(t *testing.T) {
	for _, urls := range [][]string{nil, {listURL}, {listURL, "https://issuer.test/status/token/1-2"}} {
		raw, err := Aggregate(urls)
		if err != nil {
			t.Fatal(err)
		}
		back, err := ParseAggregation(raw)
		if err != nil || len(back) != len(urls) || len(urls) > 0 && !cmp.Equal(back, urls) {
			t.Errorf("%s: %v %v", raw, back, err)
		}
	}
	many := make([]string, MaxAggregated+1)
	for i := range many {
		many[i] = listURL
	}
	_, err := Aggregate(many)
	want(t, err, reason.StatusTooLarge)
	raw, err := Aggregate(many[1:])
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ParseAggregation(raw); err != nil {
		t.Error(err)
	}
	more := strings.Replace(string(raw), `[`, `["`+listURL+`",`, 1)
	for raw, code := range map[string]reason.Code{
		more: reason.StatusTooLarge, strings.Repeat(" ", 700<<10): reason.StatusTooLarge,
		`{}`: reason.StatusEncoding, `{"status_lists":null}`: reason.StatusEncoding, `{"status_lists":"` + listURL + `"}`: reason.StatusEncoding,
		`{"status_lists":["x"]}`: reason.StatusEncoding, `{"status_lists":[1]}`: reason.StatusEncoding, `[]`: reason.StatusEncoding,
		`{"status_lists":[""]}`: reason.StatusEncoding, `{"status_lists":[],"status_lists":[]}`: reason.StatusEncoding,
	} {
		if _, err := ParseAggregation([]byte(raw)); reason.Of(err) != code {
			t.Errorf("%.60s: %v, want %s", raw, err, code)
		}
	}
}

func FuzzAggregation(f *testing.F) {
	f.Add([]byte(`{"status_lists":["` + listURL + `"]}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		urls, err := ParseAggregation(raw)
		if err != nil {
			return
		}
		again, err := Aggregate(urls)
		if err != nil {
			t.Fatal(err)
		}
		if back, err := ParseAggregation(again); err != nil || len(back) != len(urls) {
			t.Fatalf("%v became %v, %v", urls, back, err)
		}
	})
}
