// SPDX-License-Identifier: Apache-2.0

package disclose

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"

	"github.com/behalf-id/behalf/internal/multiformat"
	"github.com/behalf-id/behalf/reason"
)

// Labeler returns, for each blank node of canonical (input label -> "c14nN"), the label that the
// statements have for it. Its errors go to the caller as they are.
type Labeler func(canonical map[string]string) (map[string]string, error)

// HMACLabels returns the Labeler that replaces each canonical label by its HMAC-SHA-256 under key,
// in base64url with its multibase prefix, so that the labels of what is shown say nothing about
// what is hidden (VC-DI-ECDSA 1.0 §3.4.4).
func HMACLabels(key []byte) Labeler {
	return func(canonical map[string]string) (map[string]string, error) {
		out := make(map[string]string, len(canonical))
		for label, c14n := range canonical {
			text, err := multiformat.Encode(multiformat.Base64URL, digest(key, c14n))
			if err != nil {
				return nil, err
			}
			out[label] = text
		}
		return out, nil
	}
}

// GivenLabels returns the Labeler that replaces each "c14nN" by labels[N] (VC-DI-ECDSA 1.0 §3.4.3).
// Unless each blank node has one and each is used, it is di.proof_value.
func GivenLabels(labels map[int]string) Labeler {
	return func(canonical map[string]string) (map[string]string, error) {
		out := make(map[string]string, len(canonical))
		for label, c14n := range canonical {
			n, ok := canonicalNumber(c14n)
			to, known := labels[n]
			if !ok || !known {
				return nil, strange()
			}
			out[label] = to
		}
		if len(out) != len(labels) {
			return nil, strange()
		}
		return out, nil
	}
}

func strange() error {
	return reason.New(reason.DIProofValue, "the labels of the proof are not those of the document")
}

// digest returns the HMAC of text under key.
func digest(key []byte, text string) []byte {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(text))
	return mac.Sum(nil)
}

// token returns what keeps the names that are written into a document apart from its own: no one
// who wrote the document knew secret.
func token(secret []byte) string {
	return base64.RawURLEncoding.EncodeToString(digest(secret, "names of nodes")[:16])
}
