// SPDX-License-Identifier: Apache-2.0

package status

import (
	"math"
	"strconv"
	"strings"

	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/reason"
)

// TextIndex reads the index of a Bitstring Status List entry, a string of decimal digits without a sign,
// a space or a leading zero (Bitstring Status List 1.0 §2.1). Another string is status.index, and so is
// a number beyond every list; what is no string is credential.schema_invalid.
func TextIndex(value strictjson.Value) (uint64, error) {
	s, err := strictjson.String(value)
	if err != nil {
		return 0, reason.Wrap(reason.CredentialSchemaInvalid, "the index of a status entry is not a string", err)
	}
	if s == "" || strings.Trim(s, "0123456789") != "" || len(s) > 1 && s[0] == '0' {
		return 0, noIndex(nil)
	}
	n, err := strconv.ParseUint(s, 10, 64)
	if err != nil {
		return 0, noIndex(err)
	}
	return n, nil
}

// NumberIndex reads the index of a Token Status List reference, a JSON integer from 0 on without a
// fraction or an exponent (draft-ietf-oauth-status-list §6.2). Another form of an integer, one below 0 and
// one beyond every list are status.index; what is no integer is credential.schema_invalid.
func NumberIndex(value strictjson.Value) (uint64, error) {
	n, err := strictjson.Int(value)
	switch code := reason.Of(err); {
	case err == nil && n >= 0:
		return uint64(n), nil
	case err == nil, code == reason.JSONUnsafeInteger, code == reason.JSONNumberForm && whole(value):
		return 0, noIndex(err)
	}
	return 0, reason.Wrap(reason.CredentialSchemaInvalid, "the index of a status entry is not an integer", err)
}

// whole reports whether value, a number, is an integer.
func whole(value strictjson.Value) bool {
	f, err := strconv.ParseFloat(strings.TrimSpace(string(value)), 64)
	return err == nil && f == math.Trunc(f)
}

func noIndex(cause error) error {
	return reason.Wrap(reason.StatusIndex, "the index of a status entry is not a plain number", cause)
}
