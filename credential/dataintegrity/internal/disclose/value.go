// SPDX-License-Identifier: Apache-2.0

package disclose

import (
	"encoding/base64"
	"strings"

	"github.com/behalf-id/behalf/credential/dataintegrity"
	"github.com/behalf-id/behalf/reason"
)

// headerSize is how many bytes come before the CBOR of every proof value.
const headerSize = 3

// EncodeValue writes raw, the bytes of a proof, as a proofValue: in base64url with its multibase
// prefix (VC-DI-ECDSA 1.0 §3.5.2, VC-DI-BBS 1.0 §3.3.1). What would be longer than
// dataintegrity.MaxValue is limit.members.
func EncodeValue(raw []byte) (string, error) {
	if base64.RawURLEncoding.EncodedLen(len(raw)) >= dataintegrity.MaxValue {
		return "", reason.New(reason.LimitMembers, "statements and JSON pointers of a proof")
	}
	return "u" + base64.RawURLEncoding.EncodeToString(raw), nil
}

// DecodeValue reads what EncodeValue writes, with more in it than a header, and nothing else: the
// decoder alone would pass over line ends and stray low bits. Everything else is di.proof_value.
func DecodeValue(text string) ([]byte, error) {
	rest, ok := strings.CutPrefix(text, "u")
	if !ok || len(text) > dataintegrity.MaxValue || strings.ContainsAny(rest, "\r\n") {
		return nil, reason.New(reason.DIProofValue, "not base64url with its prefix")
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(rest)
	if err != nil || len(raw) <= headerSize {
		return nil, reason.Wrap(reason.DIProofValue, "not base64url with its prefix", err)
	}
	return raw, nil
}
