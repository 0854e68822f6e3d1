// SPDX-License-Identifier: Apache-2.0

package proof

import (
	"crypto/subtle"
	"time"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/reason"
)

// Claims is what a holder proof says of its occasion, as it was received. The zero Claims fits
// no Binding.
type Claims struct {
	nonce, audience       []byte
	issued, until, begins strictjson.Value
}

// Take reads m if it is one of the claims, and reports whether it was.
func (c *Claims) Take(m strictjson.Member) bool {
	switch string(m.Name) {
	case "nonce":
		c.nonce, _ = strictjson.Text(m.Value)
	case "aud":
		c.audience, _ = strictjson.Text(m.Value) // one string; an array is no text
	case "iat":
		c.issued = m.Value
	case "exp":
		c.until = m.Value
	case "nbf":
		c.begins = m.Value
	default:
		return false
	}
	return true
}

// Check holds the claims to want, in the order of S2 of delegation.md §7: nonce, audience, age.
func (c *Claims) Check(want credential.Binding) error {
	if want.Nonce == "" || subtle.ConstantTimeCompare(c.nonce, []byte(want.Nonce)) != 1 {
		return reason.New(reason.PresentationNonceMismatch, "")
	}
	if want.Audience == "" || string(c.audience) != want.Audience {
		return reason.New(reason.PresentationAudienceMismatch, "")
	}
	if !c.fresh(want.At) {
		return reason.New(reason.PresentationStale, "")
	}
	return nil
}

func (c *Claims) fresh(now time.Time) bool {
	issued, ok := numericDate(c.issued)
	if !ok || now.IsZero() || now.Sub(issued) > credential.ProofMaxAge || issued.Sub(now) > credential.ProofMaxAhead {
		return false
	}
	if until, ok := numericDate(c.until); c.until != nil && (!ok || !now.Before(until)) {
		return false
	}
	begins, ok := numericDate(c.begins)
	return c.begins == nil || ok && begins.Sub(now) <= credential.ProofMaxAhead
}

// numericDate reads seconds since 1970 (RFC 7519 §2), whole ones alone.
func numericDate(v strictjson.Value) (time.Time, bool) {
	if v == nil {
		return time.Time{}, false
	}
	n, err := strictjson.Int(v)
	return time.Unix(n, 0), err == nil && n >= 0
}
