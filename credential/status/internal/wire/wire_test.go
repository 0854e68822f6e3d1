// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"io"
	"testing"
	"testing/iotest"
	"time"

	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/internal/jose"
	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/key"
	"github.com/behalf-id/behalf/reason"
)

// TestInflate reads streams of all sizes about the limits, whole and in small pieces.
func TestInflate(t *testing.T) {
	for _, c := range []struct {
		size, compressed int
		code             reason.Code
	}{
		{0, 0, ""}, {1, 0, reason.StatusTooLarge}, {MaxRatio, 1, ""}, {MaxRatio + 1, 1, reason.StatusTooLarge},
		{PartSize - 1, 1000, ""}, {PartSize, 1000, ""}, {PartSize + 1, 1000, ""}, {3 * PartSize, 1000, ""},
		{MaxList, MaxList, ""}, {MaxList + 1, MaxList, reason.StatusTooLarge},
	} {
		data := bytes.Repeat([]byte{7}, c.size)
		for _, r := range []io.Reader{bytes.NewReader(data), iotest.HalfReader(bytes.NewReader(data)), iotest.DataErrReader(bytes.NewReader(data))} {
			got, err := Inflate(r, c.compressed)
			if reason.Of(err) != c.code || err == nil && !bytes.Equal(got.Bytes(), data) {
				t.Errorf("%d bytes out of %d: %d, %v", c.size, c.compressed, got.Len(), err)
			}
		}
	}
}

// TestInflateFailures: an error is never taken for the end, wherever it comes.
func TestInflateFailures(t *testing.T) {
	for _, cause := range []error{io.ErrUnexpectedEOF, errors.New("damaged")} {
		for _, n := range []int{0, 1, PartSize - 1, PartSize, PartSize + 1} {
			r := io.MultiReader(bytes.NewReader(make([]byte, n)), iotest.ErrReader(cause))
			if _, err := Inflate(r, 1000); reason.Of(err) != reason.StatusEncoding {
				t.Errorf("%v after %d bytes: %v", cause, n, err)
			}
		}
	}
}

// TestEndless: a stream without an end is left at the limit.
func TestEndless(t *testing.T) {
	counted := &counter{}
	_, err := Inflate(counted, MaxList)
	if reason.Of(err) != reason.StatusTooLarge || counted.n > MaxList+PartSize {
		t.Errorf("%d bytes read, %v", counted.n, err)
	}
}

type counter struct{ n int }

func (c *counter) Read(p []byte) (int, error) { c.n += len(p); return len(p), nil }

// TestParseBounds: what is longer than a token may be is told apart from what is malformed, and no
// string in a token that is not too long can pass the limit of the JSON reader.
func TestParseBounds(t *testing.T) {
	for size, code := range map[int]reason.Code{MaxToken: reason.StatusSignature, MaxToken + 1: reason.StatusTooLarge} {
		if _, err := Parse(bytes.Repeat([]byte("a"), size), "x"); reason.Of(err) != code {
			t.Errorf("%d bytes: %v", size, err)
		}
	}
	if MaxToken*3/4 > strictjson.MaxString {
		t.Error("a list could pass the JSON limit before its own")
	}
}

// TestTimes: dates and spans are read and written the same, and none overflows.
func TestTimes(t *testing.T) {
	for _, n := range []int64{0, 1, 1795341600} {
		if got := NumericDate(Instant(n)); got != n || (n == 0) != Instant(n).IsZero() {
			t.Errorf("%d became %d", n, got)
		}
	}
	for n, want := range map[int64]time.Duration{0: 0, 3: 3 * time.Second, 1<<53 - 1: 9223372036 * time.Second, 1<<63 - 1: 9223372036 * time.Second} {
		if got := Span(n, time.Second); got != want {
			t.Errorf("%d s became %v", n, got)
		}
	}
}

// TestSealed: what Sign makes is opened under its own type and key alone, and names its key by a DID URL.
func TestSealed(t *testing.T) {
	by, other := newSigner(t), newSigner(t)
	raw, err := Sign(context.Background(), "a+jwt", "", map[string]int{"n": 1}, by)
	if err != nil {
		t.Fatal(err)
	}
	s, err := Parse(raw, "a+jwt")
	if err != nil || s.Method() != by.Method {
		t.Fatal(err)
	}
	if payload, err := s.Open(by.Public()); err != nil || string(payload) != `{"n":1}` {
		t.Errorf("%s %v", payload, err)
	}
	if _, err := s.Open(other.Public()); reason.Of(err) != reason.StatusSignature {
		t.Error(err)
	}
	if _, err := Parse(raw, "b+jwt"); reason.Of(err) != reason.StatusSignature {
		t.Error(err)
	}
	for member, code := range map[string]reason.Code{`"kid":"k1"`: reason.StatusSignature, `"kid":"did:web:a.test#k1","jwk":{"kty":"OKP","crv":"Ed25519","x":"AA"}`: reason.StatusIssuer} {
		forged := jose.AppendEncode(nil, []byte(`{"alg":"ES256","typ":"a+jwt",`+member+`}`))
		if _, err := Parse(append(forged, raw[bytes.IndexByte(raw, '.'):]...), "a+jwt"); reason.Of(err) != code {
			t.Errorf("%s: %v", member, err)
		}
	}
	if _, err := Sign(context.Background(), "a+jwt", "", func() {}, by); err == nil {
		t.Error("what is no JSON was signed")
	}
}

func newSigner(t *testing.T) did.Signer {
	t.Helper()
	k, err := key.Generate(key.ES256, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	m, err := did.ParseURL("did:web:a.test#k1")
	if err != nil {
		t.Fatal(err)
	}
	return did.Signer{Signer: k, Method: m}
}
