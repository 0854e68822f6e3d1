// SPDX-License-Identifier: Apache-2.0

package tokenlist

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/behalf-id/behalf/internal/cbor"
	"github.com/behalf-id/behalf/internal/conformance"
	"github.com/behalf-id/behalf/internal/jose"
	"github.com/behalf-id/behalf/internal/shared"
	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/reason"
)

const (
	folder   = "token-status-list"
	standard = "Token Status List (draft-ietf-oauth-status-list)"
)

// list is one list that is published in several forms.
type list struct {
	stem   string
	n      uint64
	values map[uint64]uint8 // all that are not 0; nil: each value from 1 to 255 once
}

func lists() []list {
	return []list{
		{"status_list_encoding", 16, dense([]uint8{1, 0, 0, 1, 1, 1, 0, 1, 1, 1, 0, 0, 0, 1, 0, 1})},
		{"status_list_encoding2", 12, dense([]uint8{1, 2, 0, 3, 0, 1, 0, 1, 1, 2, 3, 3})},
		{"status_list_encoding1_long", 1 << 20, map[uint64]uint8{
			0: 1, 1993: 1, 25460: 1, 159495: 1, 495669: 1, 554353: 1, 645645: 1, 723232: 1, 854545: 1, 934534: 1, 1000345: 1,
		}},
		{"status_list_encoding2_long", 1 << 20, map[uint64]uint8{
			0: 1, 1993: 2, 25460: 1, 159495: 3, 495669: 1, 554353: 1, 645645: 2, 723232: 1, 854545: 1, 934534: 2, 1000345: 3,
		}},
		{"status_list_encoding4", 1 << 20, map[uint64]uint8{
			0: 1, 1993: 2, 35460: 3, 459495: 4, 595669: 5, 754353: 6, 845645: 7, 923232: 8, 924445: 9, 934534: 10,
			1004534: 11, 1000345: 12, 1030203: 13, 1030204: 14, 1030205: 15,
		}},
		{"status_list_encoding8", 1 << 20, nil},
	}
}

// TestVectorsJSON decodes every published JSON encoding, compares every value, and encodes it again.
func TestVectorsJSON(t *testing.T) {
	row := conformance.Row{Standard: standard, Part: "§4.2 Status List in JSON, 1, 2, 4 and 8 bits", Source: folder}
	for _, l := range lists() {
		row.Run++
		e := l.inJSON(t)
		compressed, err := base64.RawURLEncoding.DecodeString(e.List)
		if err != nil {
			t.Fatal(err)
		}
		l.check(t, e.Bits, compressed)
		row.Passed++
	}
	conformance.Record(t, row)
}

// TestVectorsCBOR does the same with every published CBOR encoding, and with what their explained
// forms say, which must be the same octets. Lists in CBOR are read by this test alone.
func TestVectorsCBOR(t *testing.T) {
	row := conformance.Row{Standard: standard, Part: "§4.3 Status List in CBOR (values; the test reads the CBOR)", Source: folder}
	for _, l := range lists() {
		row.Run++
		raw := hexOf(t, l.stem+"_cbor.md")
		r := cbor.NewReader(raw)
		width, compressed := readList(t, r)
		if err := r.Close(); err != nil {
			t.Fatalf("%s: %v", l.stem, err)
		}
		l.check(t, width, compressed)
		if want, err := base64.RawURLEncoding.DecodeString(l.inJSON(t).List); err != nil || !bytes.Equal(want, compressed) {
			t.Errorf("%s: the JSON form holds another list: %v", l.stem, err)
		}
		row.Passed++
	}
	for _, stem := range []string{"status_list_encoding", "status_list_encoding2"} {
		row.Run++
		if !bytes.Equal(hexOf(t, stem+"_cbor_diag.md"), hexOf(t, stem+"_cbor.md")) {
			t.Errorf("%s is explained as something else", stem)
		}
		row.Passed++
	}
	conformance.Record(t, row)
}

// TestVectorsJWT reads the published token. Its kid is no DID URL and its list is short, so Open
// would refuse it; the claims are read all the same, and are those of the explained form.
func TestVectorsJWT(t *testing.T) {
	raw := strings.Join(strings.Fields(vector(t, "status_list_jwt_raw.md")), "")
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
	lists()[0].check(t, l.Bits.Width(), mustCompress(t, l.Bits))
	_, payload, _ := strings.Cut(vector(t, "status_list_jwt.md"), "\n.\n")
	same, err := read([]byte(payload), "any")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(l, same, cmp.Comparer(func(a, b Bits) bool { return a.Width() == b.Width() && a.octets.Equal(b.octets) })); diff != "" {
		t.Error(diff)
	}
	conformance.Record(t, conformance.Row{
		Standard: standard, Part: "§5.1 Status List Token as JWT", Source: folder, Run: 2, Passed: 1, Departures: []conformance.Departure{{
			Cases: 1, Why: "the kid of the example is no DID URL, so the token is refused (status.signature); its claims and list are read and right. §11.3 leaves how keys are found to the profile",
		}},
	})
}

// TestVectorsCWT reads the list and the reference out of the published CWTs, and shows that they are
// refused as tokens.
func TestVectorsCWT(t *testing.T) {
	raw := hexOf(t, "status_list_cwt.md")
	_, err := Parse(raw)
	want(t, err, reason.StatusSignature)
	r := claimsOf(t, raw)
	for range r.Map(5) {
		switch label := r.Uint(); label {
		case 2:
			if sub := r.Text(); sub != "https://example.com/statuslists/1" {
				t.Errorf("sub %s", sub)
			}
		case 65533:
			width, compressed := readList(t, r)
			lists()[0].check(t, width, compressed)
		default: // exp, iat and ttl
			r.Uint()
		}
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	if ref := hexOf(t, "referenced_token_cwt.md"); !bytes.Contains(ref, []byte("https://example.com/statuslists/1")) {
		t.Error("the referenced token names no list")
	}
	for _, stem := range []string{"status_list_cwt", "referenced_token_cwt"} {
		if !bytes.Equal(hexOf(t, stem+".md"), hexOf(t, stem+"_diag.md")) {
			t.Errorf("%s is explained as something else", stem)
		}
	}
	conformance.Record(t, conformance.Row{
		Standard: standard, Part: "§5.2 Status List Token and §6.3 Referenced Token as CWT", Source: folder, Run: 4, Departures: []conformance.Departure{{
			Cases: 4, Why: "CWT and COSE are not offered: no credential format here is a CWT, and §5 leaves the choice of JWT or CWT to the issuer; such a token is refused (status.signature)",
		}},
	})
}

// TestVectorsAll notices a vector that no test above has read.
func TestVectorsAll(t *testing.T) {
	known := map[string]bool{"LICENSE.md": true, "status_list_jwt.md": true, "status_list_jwt_raw.md": true}
	for _, l := range lists() {
		known[l.stem+"_json.md"], known[l.stem+"_cbor.md"] = true, true
	}
	for _, stem := range []string{"status_list_cwt", "referenced_token_cwt"} {
		known[stem+".md"], known[stem+"_diag.md"] = true, true
	}
	for _, stem := range []string{"status_list_encoding", "status_list_encoding2"} {
		known[stem+"_cbor_diag.md"] = true
	}
	files, err := os.ReadDir(shared.Dir(t, "vectors/"+folder))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if !known[f.Name()] {
			t.Errorf("%s is not tested", f.Name())
		}
	}
	if len(files) != len(known) || len(files) != 21 {
		t.Errorf("%d files", len(files))
	}
}

// check decodes a list, compares every value, and encodes and decodes it again.
func (l list) check(t *testing.T, width int, compressed []byte) {
	t.Helper()
	bits, err := Decompress(width, compressed)
	if err != nil {
		t.Fatal(err)
	}
	got := dense(all(t, bits))
	if bits.Len() != l.n {
		t.Errorf("%s: %d values, want %d", l.stem, bits.Len(), l.n)
	}
	if diff := cmp.Diff(l.values, got); l.values != nil && diff != "" {
		t.Errorf("%s: %s", l.stem, diff)
	}
	if l.values == nil && (len(got) != 255 || len(invert(got)) != 255) {
		t.Errorf("%s has each value from 1 to 255 once, here are %d", l.stem, len(invert(got)))
	}
	if back, err := Decompress(width, mustCompress(t, bits)); err != nil || !back.octets.Equal(bits.octets) {
		t.Errorf("%s: not the same after encoding again: %v", l.stem, err)
	}
}

func mustCompress(t *testing.T, b Bits) []byte {
	t.Helper()
	out, err := b.Compress()
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func vector(t *testing.T, name string) string {
	t.Helper()
	return string(shared.Open(t, "vectors/"+folder+"/"+name))
}

// inJSON returns the JSON object of the list, whose lines are folded.
func (l list) inJSON(t *testing.T) encoded {
	t.Helper()
	text := vector(t, l.stem+"_json.md")
	text = strings.Join(strings.Fields(text[strings.IndexByte(text, '{'):]), "")
	var e encoded
	if err := strictjson.UnmarshalClosed([]byte(text), &e); err != nil {
		t.Fatal(err)
	}
	return e
}

// hexOf returns the octets of a file of hexadecimal digits, with or without a comment on each line.
func hexOf(t *testing.T, name string) []byte {
	t.Helper()
	text := vector(t, name)
	if _, after, found := strings.Cut(text, "encoded:"); found {
		text = after
	}
	var digits strings.Builder
	for line := range strings.Lines(text) {
		code, _, _ := strings.Cut(line, "#")
		digits.WriteString(strings.Join(strings.Fields(code), ""))
	}
	raw, err := hex.DecodeString(digits.String())
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return raw
}

// readList reads the map {"bits": width, "lst": compressed}.
func readList(t *testing.T, r *cbor.Reader) (width int, compressed []byte) {
	t.Helper()
	for range r.Map(2) {
		switch name := r.Text(); name {
		case "bits":
			width = int(r.Uint())
		case "lst":
			compressed = r.Bytes()
		default:
			t.Fatalf("member %q, %v", name, r.Err())
		}
	}
	return width, compressed
}

// claimsOf returns a reader of the payload of raw, a tagged COSE_Sign1 with one unprotected header.
func claimsOf(t *testing.T, raw []byte) *cbor.Reader {
	t.Helper()
	if len(raw) == 0 || raw[0] != 0xd2 {
		t.Fatal("not a COSE_Sign1")
	}
	r := cbor.NewReader(raw[1:])
	r.Array(4)
	r.Bytes()
	r.Map(1)
	r.Uint()
	r.Bytes()
	payload := r.Bytes()
	r.Bytes()
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	return cbor.NewReader(payload)
}

// dense returns the values that are not 0, by their place.
func dense(values []uint8) map[uint64]uint8 {
	m := make(map[uint64]uint8)
	for i, v := range values {
		if v != 0 {
			m[uint64(i)] = v
		}
	}
	return m
}

func invert(m map[uint64]uint8) map[uint8]uint64 {
	out := make(map[uint8]uint64)
	for i, v := range m {
		out[v] = i
	}
	return out
}
