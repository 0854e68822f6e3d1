// SPDX-License-Identifier: Apache-2.0

package jsonld

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
)

// files are the context documents; contexts/NOTICE.md says where each is from.
//
//go:embed contexts/*.jsonld
var files embed.FS

// source is a context document of the embedded set.
type source struct {
	url  string
	file string // below contexts, without .jsonld
	hash string // SHA-256 of the file
}

// sources is the embedded set: what stands behind a URL here is what it stands for, and no other
// URL stands for anything.
func sources() []source {
	return []source{
		{"https://www.w3.org/ns/credentials/v2", "credentials-v2", "59955ced6697d61e03f2b2556febe5308ab16842846f5b586d7f1f7adec92734"},
		{"https://example.org/ns/delegation/v1", "delegation-v1", "611dedb3af1f818c34be18a987faece955bc0cb99cd414e78b6c75596da7c15f"},
		{"https://www.w3.org/2018/credentials/v1", "credentials-v1", "ab4ddd9a531758807a79a5b450510d61ae8d147eab966cc9a200c07095b0cdcc"},
		{"https://www.w3.org/ns/credentials/examples/v2", "credentials-examples-v2", "57393fbc69d6efb9b9b5dc9cb6b9880b0944360abfe2eaf459c9e58cf2279d7c"},
		{"https://www.w3.org/ns/credentials/undefined-terms/v2", "credentials-undefined-terms-v2", "82dab514ba44eb18f5d1b0f638c5e140c6a556fbfb5089601bdc0fa5eb8b2581"},
		{"https://www.w3.org/ns/credentials/status/v1", "bitstring-status-list-v1", "fd08cbf28ddd829ab2f1978c48f43ab07a112c1c90245a0cfac7ba721c65170c"},
		{"https://w3id.org/vc/status-list/2021/v1", "status-list-2021-v1", "634d71c159289f068c96012e4511c657fdf82ac4231900081bda3ba24e2e1160"},
		{"https://w3id.org/security/data-integrity/v1", "data-integrity-v1", "b5d829bd09aa7c42abc6efa0c8ed7635313b5487f37ccfce3ecd149ca9418554"},
		{"https://w3id.org/security/data-integrity/v2", "data-integrity-v2", "0f77743daf5b4e8fc067fc5ba5b21044283053aa717fc6b0219843bed3b00363"},
		{"https://w3id.org/security/multikey/v1", "multikey-v1", "ba2c182de2d92f7e47184bcca8fcf0beaee6d3986c527bf664c195bbc7c58597"},
		{"https://w3id.org/security/suites/ed25519-2020/v1", "ed25519-2020-v1", "b9e1ab971fd8bf2c7553e0c4a9438e0b9450afde1ea1ca5b2492368b9f549588"},
		{"https://w3id.org/security/suites/x25519-2020/v1", "x25519-2020-v1", "b234f84fe7cebb0efef37cad82667eeacb6d414f6c51ac37f5dc803a4a0c728a"},
		{"https://www.w3.org/ns/did/v1", "did-v1", "62c1054bf404d6dd3a4b26b64f830fd72095f6a26edc4469908c94351352ce5f"},
		{"https://w3id.org/citizenship/v1", "citizenship-v1", "4caf8d4d3a6a175f5e5ba6b91dc1fdd88a050630930a6478d8e4cb765c565f40"},
		{"https://w3id.org/citizenship/v2", "citizenship-v2", "2241bdc574b37395311997b93bee26c8ab2672e5da62de5f2c1d564a00eae959"},
		{"https://w3id.org/citizenship/v3", "citizenship-v3", "5a4855907ef40afdb50a51af131d7a883c62e891478ebbb81f5ecb9a5a9b99d7"},
		{"https://w3id.org/citizenship/v4rc1", "citizenship-v4rc1", "a89b0bc00b1848ac3dfdf956c7dd5de8567e755351c07ec6a1c2b4a08b67953b"},
		{"https://w3id.org/vdl/v1", "vdl-v1", "5e61aa138bc6a1bf92299edd01408df52f20c24057b9dbea72ccaeef5b792010"},
		{"https://w3id.org/vdl/aamva/v1", "vdl-aamva-v1", "8394e1f448f15c12b173b264a6f6006f85b343a81548f8e5f1a532bc258894e6"},
	}
}

// Context returns a copy of the context document that is embedded for url, octet by octet as it
// was published, or nil if there is none or its SHA-256 is not the pinned one. It never fetches.
func Context(url string) []byte {
	for _, s := range sources() {
		if s.url == url {
			return bytes.Clone(s.read())
		}
	}
	return nil
}

func (s source) read() []byte {
	raw, err := files.ReadFile("contexts/" + s.file + ".jsonld")
	if err != nil {
		return nil
	}
	if sum := sha256.Sum256(raw); hex.EncodeToString(sum[:]) != s.hash {
		return nil
	}
	return raw
}
