// SPDX-License-Identifier: Apache-2.0

package aries

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"github.com/hyperledger/aries-framework-go/pkg/doc/verifiable"

	"github.com/behalf-id/behalf/interop/aries/vc11"
	"github.com/behalf-id/behalf/reason"
)

// Judged is one credential and what became of it.
type Judged struct {
	Format     string      `json:"format"` // vc11.JWT or vc11.LDP
	Credential string      `json:"credential"`
	Verified   bool        `json:"verified"`
	By         []string    `json:"by,omitempty"` // who verified it: "behalf", "aries"
	ID         string      `json:"id,omitempty"`
	Issuer     string      `json:"issuer,omitempty"`
	Types      []string    `json:"types,omitempty"`
	Issued     *time.Time  `json:"issued,omitempty"`
	Expires    *time.Time  `json:"expires,omitempty"`
	Reason     reason.Code `json:"reason,omitempty"` // why it is not verified
}

// Judge verifies a credential with us and with Aries. It is verified if both accept it, and if Aries alone
// accepts it where we do not know the suite, the kind of key or the form of proof, and the key is the
// issuer's, which Aries does not look at. Dates and status are not looked at: they tell how a credential
// stands now, not who made it.
func Judge(ctx context.Context, raw []byte, ours vc11.Reader, theirs *Verifier) Judged {
	j := Judged{Format: vc11.JWT, Credential: string(raw)}
	if bytes.HasPrefix(bytes.TrimSpace(raw), []byte("{")) {
		j.Format = vc11.LDP
	}
	if len(raw) > vc11.MaxCredential {
		j.Credential, j.Reason = "", reason.LimitBody
		return j
	}
	c, err := ours.Open(ctx, raw)
	code := reason.Of(err)
	read, their := theirs.Verify(raw)
	switch {
	case err == nil && their == nil:
		j.Verified, j.By = true, []string{"behalf", "aries"}
		j.ID, j.Issuer, j.Types, j.Issued, j.Expires = c.ID, c.Issuer, c.Types, &c.Issued, known(c.Expires)
	case err == nil:
		j.Reason = reason.CredentialSignatureInvalid
	case their == nil && unknownToUs(code):
		j.alone(raw, read, code)
	case errors.Is(their, ErrUnsecured):
		j.Reason = reason.DIProofMissing
	default:
		j.Reason = code
	}
	return j
}

// unknownToUs reports whether a refusal of ours says only that we do not know a part.
func unknownToUs(code reason.Code) bool {
	switch code {
	case reason.DISuite, reason.DIProofSet, reason.JOSEAlgForbidden, reason.DIDMethodUnsupported, reason.DIDKeyInvalid:
		return true
	}
	return false
}

// alone takes the word of Aries for a credential whose every key is the issuer's.
func (j *Judged) alone(raw []byte, c *verifiable.Credential, code reason.Code) {
	if j.Reason = code; c.Issuer.ID == "" || !controlled(raw, c.Issuer.ID) {
		j.Reason = reason.KeyControllerMismatch
		return
	}
	j.Verified, j.By, j.Reason = true, []string{"aries"}, ""
	j.ID, j.Issuer, j.Types = c.ID, c.Issuer.ID, c.Types
	if c.Issued != nil {
		j.Issued = known(c.Issued.Time)
	}
	if c.Expired != nil {
		j.Expires = known(c.Expired.Time)
	}
}

func known(at time.Time) *time.Time {
	if at.IsZero() {
		return nil
	}
	at = at.UTC()
	return &at
}

// controlled reports whether every key that is named belongs to issuer and has a fragment.
func controlled(raw []byte, issuer string) bool {
	methods := methods(raw)
	for _, m := range methods {
		if owner, fragment, _ := strings.Cut(m, "#"); owner != issuer || fragment == "" {
			return false
		}
	}
	return len(methods) > 0
}

// methods returns the verification methods that the proofs of raw name, or its kid. A proof without
// one is "".
func methods(raw []byte) (out []string) {
	type proof struct {
		Method string `json:"verificationMethod"`
	}
	if !bytes.HasPrefix(bytes.TrimSpace(raw), []byte("{")) {
		head, _, _ := bytes.Cut(raw, []byte("."))
		var header struct {
			KID string `json:"kid"`
		}
		plain, err := base64.RawURLEncoding.DecodeString(string(head))
		if err != nil || json.Unmarshal(plain, &header) != nil {
			return nil
		}
		return []string{header.KID}
	}
	var doc struct {
		Proof json.RawMessage `json:"proof"`
	}
	if json.Unmarshal(raw, &doc) != nil {
		return nil
	}
	var one proof
	if json.Unmarshal(doc.Proof, &one) == nil {
		return []string{one.Method}
	}
	var set []proof
	if json.Unmarshal(doc.Proof, &set) != nil {
		return nil
	}
	for _, p := range set {
		out = append(out, p.Method)
	}
	return out
}
