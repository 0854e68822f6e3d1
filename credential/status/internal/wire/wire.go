// SPDX-License-Identifier: Apache-2.0

// Package wire holds what both kinds of status list share on the wire: bounds, bounded decompression, the signature.
package wire

import (
	"io"
	"slices"

	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/internal/jose"
	"github.com/behalf-id/behalf/key"
	"github.com/behalf-id/behalf/reason"
)

// Bounds on one status list (security.md §5.3).
const (
	MaxList    = 8 << 20   // bytes of a list after decompression
	MaxRatio   = 1000      // bytes that one compressed byte may become
	MinEntries = 1 << 17   // entries of a list: fewer let a holder be singled out
	MaxToken   = 640 << 10 // bytes of a signed list; no string within can then pass strictjson.MaxString
	chunk      = 64 << 10  // bytes read at a time, so that a bomb costs little more than the limit
)

// Inflate reads what r decompresses out of compressed bytes, and stops at the limits before
// it holds more. Beyond MaxList or MaxRatio is status.too_large, an error of r status.encoding.
func Inflate(r io.Reader, compressed int) ([]byte, error) {
	limit := min(MaxList, MaxRatio*compressed)
	var parts [][]byte
	for total := 0; ; {
		part := make([]byte, chunk)
		n, err := io.ReadFull(r, part)
		if total += n; total > limit {
			return nil, reason.New(reason.StatusTooLarge, "the list passes its size or ratio limit when decompressed")
		}
		parts = append(parts, part[:n])
		switch err {
		case nil:
		case io.EOF, io.ErrUnexpectedEOF:
			return finish(r, parts, err)
		default:
			return nil, reason.Wrap(reason.StatusEncoding, "the list does not decompress", err)
		}
	}
}

// finish tells the end of the stream from its truncation: ReadFull names both ErrUnexpectedEOF,
// but only a stream that has ended says io.EOF again.
func finish(r io.Reader, parts [][]byte, err error) ([]byte, error) {
	if err == io.ErrUnexpectedEOF {
		if _, again := r.Read(make([]byte, 1)); again != io.EOF {
			return nil, reason.Wrap(reason.StatusEncoding, "the list is cut short", again)
		}
	}
	return slices.Concat(parts...), nil
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
