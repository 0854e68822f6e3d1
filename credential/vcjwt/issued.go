// SPDX-License-Identifier: Apache-2.0

package vcjwt

import (
	"time"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/credential/internal/proof"
	"github.com/behalf-id/behalf/credential/internal/wire"
	"github.com/behalf-id/behalf/internal/jose"
	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/key"
	"github.com/behalf-id/behalf/reason"
)

// issued is what the credential's JWT says. Once it is remembered it is shared and never changed.
type issued struct {
	c      *credential.Credential
	source proof.Source // of the issuer's key
	digest string
	late   error      // a refusal of this link, to be told after those of the presentation
	key    key.Public // that verified it
	token  jose.Token // until verified
}

// readIssued reads the JWT by its form. Nothing is verified.
func readIssued(jwt []byte, digest string) (*issued, error) {
	t, err := jose.Parse(jwt, policy)
	if err != nil {
		return nil, err
	}
	if t.Header.ContentType != "" && t.Header.ContentType != "vc" {
		return nil, reason.New(reason.JOSEHeaderInvalid, "cty is not vc")
	}
	payload := t.Unverified()
	var room [wire.RoomForMembers]strictjson.Member
	members, r, err := wire.Check(payload, room[:0])
	if reason.Of(err) == reason.JSONType { // some JSON, and no object
		return nil, err
	}
	if err != nil {
		return nil, nested(payload, err)
	}
	i := &issued{token: t, digest: digest}
	claims, err := readRegistered(members)
	if err != nil {
		return nil, err
	}
	i.c, i.late = r.ReadVC(members, "iss", "sub", "jti", "exp", "nbf", "iat")
	if i.c == nil || i.late != nil && (!proof.Decides(i.late) || i.c.Issuer == "") {
		return nil, nested(payload, i.late)
	}
	if err := claims.agree(i.c); err != nil {
		return nil, err
	}
	i.source = proof.SourceOf(t.Header, i.c.Issuer)
	return i, nil
}

// registered is the JWT claims that repeat members of the credential; zero where absent.
type registered struct {
	issuer, subject, id string
	until, from         time.Time
}

func readRegistered(members []strictjson.Member) (out registered, err error) {
	for _, m := range members {
		if err := out.member(m); err != nil {
			return out, err
		}
	}
	return out, nil
}

func (c *registered) member(m strictjson.Member) (err error) {
	switch string(m.Name) {
	case "iss":
		c.issuer, err = strictjson.String(m.Value)
	case "sub":
		c.subject, err = strictjson.String(m.Value)
	case "jti":
		c.id, err = strictjson.String(m.Value)
	case "exp":
		c.until, err = numericDate(m.Value)
	case "nbf":
		c.from, err = numericDate(m.Value)
	case "iat":
		_, err = numericDate(m.Value)
	case "vc", "vp":
		return reason.New(reason.VCAmbiguous, "the encoding of version 1.1")
	default:
		return nil
	}
	if err == nil && string(m.Value) == `""` {
		return reason.New(reason.VCAmbiguous, "an empty claim")
	}
	return err
}

// agree refuses a claim that says something else than the credential.
func (c *registered) agree(with *credential.Credential) error {
	if differ(c.issuer, with.Issuer) || differ(c.subject, with.Delegate.ID) || differ(c.id, with.ID) ||
		!c.until.IsZero() && !c.until.Equal(with.ValidUntil) || !c.from.IsZero() && !c.from.Equal(with.ValidFrom) {
		return reason.New(reason.VCAmbiguous, "a registered claim and the credential disagree")
	}
	return nil
}

func differ(claim, member string) bool { return claim != "" && claim != member }

// numericDate reads whole seconds since 1970 (RFC 7519 §2).
func numericDate(v strictjson.Value) (time.Time, error) {
	n, err := strictjson.Int(v)
	return time.Unix(n, 0), err
}
