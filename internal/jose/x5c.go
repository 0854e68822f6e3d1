// SPDX-License-Identifier: Apache-2.0

package jose

import (
	"encoding/base64"

	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/reason"
)

// ReadX5C reads Header.X5C: the DER of the certificates, that of the signer first (RFC 7515
// §4.1.6). What is no array of one to MaxChain texts in padded base64 is x509.chain_invalid.
func ReadX5C(value []byte) ([][]byte, error) {
	var chain [][]byte
	for item, err := range strictjson.Items(value) {
		if err != nil || len(chain) == MaxChain {
			return nil, badX5C()
		}
		text, err := strictjson.Text(item)
		if err != nil {
			return nil, badX5C()
		}
		der, err := base64.StdEncoding.Strict().DecodeString(string(text))
		// The library passes over line breaks, which make the text longer than what it encodes.
		if err != nil || len(der) == 0 || base64.StdEncoding.EncodedLen(len(der)) != len(text) {
			return nil, badX5C()
		}
		chain = append(chain, der)
	}
	if len(chain) == 0 {
		return nil, badX5C()
	}
	return chain, nil
}

// WriteX5C writes ders, certificates of which that of the signer comes first, as Header.X5C for Sign.
func WriteX5C(ders [][]byte) []byte {
	out := []byte{'['}
	for i, der := range ders {
		if i > 0 {
			out = append(out, ',')
		}
		out = append(base64.StdEncoding.AppendEncode(append(out, '"'), der), '"')
	}
	return append(out, ']')
}

func badX5C() error {
	return reason.New(reason.X509ChainInvalid, "x5c is not one to six certificates in base64")
}
