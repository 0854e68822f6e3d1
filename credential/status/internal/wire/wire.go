// SPDX-License-Identifier: Apache-2.0

// Package wire holds what all kinds of status list share: bounds, octets in parts, compression, signature and times.
package wire

import (
	"context"
	"io"
	"time"

	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/internal/jose"
	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/key"
	"github.com/behalf-id/behalf/reason"
)

// Bounds on one status list (security.md §5.3).
const (
	MaxList    = 8 << 20   // bytes of a list after decompression
	MaxRatio   = 1000      // bytes that one compressed byte may become
	MinEntries = 1 << 17   // entries of a list: fewer let a holder be singled out
	MaxToken   = 640 << 10 // bytes of a signed list; no string within can then pass strictjson.MaxString
)

// Inflate reads what r decompresses out of compressed bytes, and stops at the limits before
// it holds more. Beyond MaxList or MaxRatio is status.too_large, an error of r status.encoding.
func Inflate(r io.Reader, compressed int) (Octets, error) {
	limit := min(MaxList, MaxRatio*compressed)
	h := &held{}
	for {
		part := new([PartSize]byte)
		n, err := io.ReadFull(r, part[:])
		if h.size += n; h.size > limit {
			return Octets{}, reason.New(reason.StatusTooLarge, "the list passes its size or ratio limit when decompressed")
		}
		if n > 0 {
			h.parts, h.memos = append(h.parts, part), append(h.memos, &memo{})
		}
		switch err {
		case nil:
		case io.EOF, io.ErrUnexpectedEOF:
			return Octets{h}, ended(r, err)
		default:
			return Octets{}, reason.Wrap(reason.StatusEncoding, "the list does not decompress", err)
		}
	}
}

// ended tells the end of the stream from its truncation: ReadFull names both ErrUnexpectedEOF,
// but only a stream that has ended says io.EOF again.
func ended(r io.Reader, err error) error {
	if err == io.ErrUnexpectedEOF {
		if _, again := r.Read(make([]byte, 1)); again != io.EOF {
			return reason.Wrap(reason.StatusEncoding, "the list is cut short", again)
		}
	}
	return nil
}

// Sealed is a signed list whose form was checked and whose signature was not.
type Sealed struct {
	token  jose.Token
	method did.URL
}

// Parse reads raw as a compact JWS of type typ whose kid is a DID URL. What is larger than
// MaxToken is status.too_large, what brings or points to its own key status.issuer, and every
// other fault of form, an absent signature among them, status.signature.
func Parse(raw []byte, typ string) (Sealed, error) {
	if len(raw) > MaxToken {
		return Sealed{}, reason.New(reason.StatusTooLarge, "the signed list is too long")
	}
	t, err := jose.Parse(raw, jose.Policy{Type: typ, Key: jose.FromKeyID})
	if reason.Of(err) == reason.JOSEHeaderKeyForbidden {
		return Sealed{}, reason.Wrap(reason.StatusIssuer, "the list brings its own key", err)
	}
	if err != nil {
		return Sealed{}, reason.Wrap(reason.StatusSignature, "the list is not signed as it must be", err)
	}
	method, err := did.ParseURL(t.Header.KeyID)
	if err != nil {
		return Sealed{}, reason.Wrap(reason.StatusSignature, "kid is not a DID URL", err)
	}
	return Sealed{t, method}, nil
}

// Method returns the verification method that the list claims to be signed with.
func (s Sealed) Method() did.URL { return s.method }

// Open returns the payload if k verifies the signature, else status.signature.
func (s Sealed) Open(k key.Public) ([]byte, error) {
	payload, err := s.token.Verify(k)
	if err != nil {
		return nil, reason.Wrap(reason.StatusSignature, "the list's signature does not verify", err)
	}
	return payload, nil
}

// Malformed returns status.encoding for a signed list whose content is not what it must be.
func Malformed(detail string, err error) error {
	return reason.Wrap(reason.StatusEncoding, detail, err)
}

// Sign signs content, written as JSON, as by, under the types typ and, unless it is empty, cty.
func Sign(ctx context.Context, typ, cty string, content any, by did.Signer) ([]byte, error) {
	payload, err := strictjson.Marshal(content)
	if err != nil {
		return nil, err
	}
	return jose.Sign(ctx, jose.Header{Type: typ, ContentType: cty, KeyID: by.Method.String()}, payload, by)
}

// Instant returns the time that a NumericDate is of, and the zero time for 0.
func Instant(unix int64) time.Time {
	if unix == 0 {
		return time.Time{}
	}
	return time.Unix(unix, 0).UTC()
}

// NumericDate returns what Instant reads.
func NumericDate(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.Unix()
}

// Span returns n units, and the most that a Duration holds for what is longer.
func Span(n int64, unit time.Duration) time.Duration {
	return time.Duration(min(n, int64(1<<63-1)/int64(unit))) * unit
}
